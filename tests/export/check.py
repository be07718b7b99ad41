"""Runs exported networks on the inputs in their folders, and compares what they give.

Usage: check.py FOLDER. Each folder in it has net.py, net.safetensors, inputs.safetensors
and expected.safetensors; of a sequence model the inputs are several windows.
"""

import importlib.util
import sys
from pathlib import Path

import torch

TOLERANCE = 1e-5


def module_of(path: Path):
    spec = importlib.util.spec_from_file_location(f"net_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_torch(folder: Path) -> float:
    """The greatest difference of the network's outputs from those expected."""
    module = module_of(folder / "net.py")
    network = module.load()
    stored = set(module.read_safetensors(folder / "net.safetensors"))
    counters = {name for name in network.state_dict() if name.endswith("num_batches_tracked")}
    assert stored == set(network.state_dict()) - counters, "other names"
    inputs = module.read_safetensors(folder / "inputs.safetensors")
    expected = module.read_safetensors(folder / "expected.safetensors")
    keeps = hasattr(network, "initial_state")
    state = ()
    greatest = 0.0
    with torch.no_grad():
        for window in range(len(inputs)):
            x = inputs[f"{window}"]
            found = network(x.long() if keeps else x, *state)
            if keeps:
                *found, new = found
                state = (new,)
            elif isinstance(found, Tensor := torch.Tensor):
                found = [found]
            for place, y in enumerate(found):
                wanted = expected[f"{window}.{place}"]
                assert y.shape == wanted.shape, f"{y.shape} instead of {wanted.shape}"
                assert wanted.abs().max() > 1e-3, "zeros compare with anything"
                scale = max(1.0, wanted.abs().max().item())
                greatest = max(greatest, (y - wanted).abs().max().item() / scale)
    if all(torch.is_floating_point(tensor) for tensor in network.state_dict().values()):
        return greatest
    # It trains, too.
    network.train()
    x = inputs["0"]
    y = network(x.long() if keeps else x)
    sum(part.square().sum() for part in y if torch.is_tensor(part)).backward()
    return greatest


def main() -> None:
    torch.set_num_threads(1)
    failed = 0
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("*/net.py"))
    for folder in folders:
        name = (folder / "name").read_text()
        try:
            difference = check_torch(folder)
        except Exception as error:  # noqa: BLE001
            print(f"{name}: {type(error).__name__}: {error}")
            failed += 1
            continue
        good = difference <= TOLERANCE
        failed += not good
        print(f"{'ok ' if good else 'BAD'} torch {difference:.1e} {name}")
    print(f"{len(folders)} networks, {failed} failed")
    sys.exit(1 if failed or not folders else 0)


main()
