"""Runs exported networks on the inputs in their folders, and compares what they give.

Usage: check.py FOLDER. Each folder in it has net.py, net.safetensors, net.onnx,
inputs.safetensors and expected.safetensors; of a sequence model the inputs are several
windows of one sequence. What cannot be imported is passed over, and that is said.
"""

import importlib.util
import json
import sys
from pathlib import Path

try:
    import torch
except ImportError:
    torch = None
try:
    import numpy
    import onnx
    import onnxruntime
except ImportError:
    onnx = None

# Of the largest number of an output.
TOLERANCE = 1e-5


def read(path):
    """The tensors of a safetensors file, as arrays of numpy."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:start])
    entries.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(
            data, numpy.float32, (end - begin) // 4, start + begin
        ).reshape(entry["shape"])
        for name, entry in entries.items()
        for begin, end in [entry["data_offsets"]]
    }


def difference(found, expected, window):
    """The greatest difference of the outputs of a window, of their largest number."""
    greatest = 0.0
    for place, y in enumerate(found):
        wanted = expected[f"{window}.{place}"]
        assert y.shape == wanted.shape, f"{y.shape} instead of {wanted.shape}"
        largest = float(abs(wanted).max())
        assert largest > 1e-3, "zeros compare with anything"
        greatest = max(greatest, float(abs(y - wanted).max()) / largest)
    assert f"{window}.{len(found)}" not in expected, "an output is missing"
    return greatest


def check_torch(folder):
    spec = importlib.util.spec_from_file_location(f"net_{folder.name}", folder / "net.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.load()
    stored = module.read_safetensors(folder / "net.safetensors")
    state = {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}
    assert set(stored) == state, f"{set(stored) ^ state} is stored, or not"
    inputs = module.read_safetensors(folder / "inputs.safetensors")
    expected = module.read_safetensors(folder / "expected.safetensors")
    keeps = hasattr(network, "initial_state")

    def run(x, state):
        found = network(x.long(), *state) if keeps else network(x)
        found = (found,) if torch.is_tensor(found) else found
        return (found[:-1], found[-1:]) if keeps else (found, ())

    greatest, state = 0.0, ()
    with torch.no_grad():
        for window in range(len(inputs)):
            found, state = run(inputs[f"{window}"], state)
            greatest = max(greatest, difference(found, expected, window))
    # It trains, too.
    found, _ = run(network.train() and inputs["0"], ())
    sum(y.square().sum() for y in found).backward()
    used = [parameter for parameter in network.parameters() if parameter.grad is not None]
    assert used and all(parameter.grad.isfinite().all() for parameter in used)
    return greatest


def check_onnx(folder):
    model = onnx.load(folder / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "net.onnx", options, ["CPUExecutionProvider"])
    inputs, expected = read(folder / "inputs.safetensors"), read(folder / "expected.safetensors")
    first, *states = session.get_inputs()
    x = inputs["0"]
    state = {
        each.name: numpy.zeros([x.shape[1], *each.shape[1:]], numpy.float32) for each in states
    }
    greatest = 0.0
    for window in range(len(inputs)):
        x = inputs[f"{window}"]
        x = x.astype(numpy.int64) if "int64" in first.type else x
        found = session.run(None, {first.name: x, **state})
        n = len(found) - len(states)
        state = dict(zip(state, found[n:]))
        greatest = max(greatest, difference(found[:n], expected, window))
    return greatest


def main():
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("*/net.py"))
    checks = []
    if torch:
        torch.set_num_threads(1)
        checks.append(("torch", check_torch))
    if onnx:
        checks.append(("onnx", check_onnx))
    failed, greatest = 0, 0.0
    for folder in folders:
        name = (folder / "name").read_text()
        for what, check in checks:
            try:
                found = check(folder)
                good, text = found <= TOLERANCE, f"{found:.1e}"
                greatest = max(greatest, found)
            except Exception as error:
                good, text = False, f"{type(error).__name__}: {error}"
            failed += not good
            print(f"{'ok ' if good else 'BAD'} {what:5} {text} {name}")
    by = " and ".join(what for what, _ in checks)
    print(f"{len(folders)} networks by {by}, {failed} failed; they differ by {greatest:.1e} at most")
    sys.exit(1 if failed or not folders else 0)


main()
