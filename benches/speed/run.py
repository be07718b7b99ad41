"""Times a step of each training here and in eager PyTorch, in turn in one run.

run.py SPEED [TASK ..]: SPEED is the executable of `main.rs`. Both sides first show
that they compute the same losses; then either goes through the architectures
`--rounds` times, alternately. What else the machine does meanwhile meets both, so
the ratios are what to read; on a busy machine those of processor time, on one thread.

With `--device cuda` a round is timed until the GPU has done all, and the losses there
are those of the CPU too.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# What a step sees.
EXAMPLES = {
    "micro": (64, "images"),
    "macro": (64, "images"),
    "recurrent": (20 * 35, "tokens"),
    "controller": (20, "architectures"),
}
ARCHITECTURES = 4
# By how much losses may differ, as a share; convolutions on a GPU are of TF32.
TOLERANCES = {("cpu", "f32"): 1e-4, ("cuda", "f32"): 5e-3, ("cpu", "bf16"): 5e-2, ("cuda", "bf16"): 5e-2}


class Side:
    """A process that answers each line with a line."""

    def __init__(self, threads, *command):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended early")
        return line.strip()

    def ask(self, command):
        print(command, file=self.process.stdin, flush=True)
        return [float(number) for number in self.read().split()]

    def cpu(self):
        """The milliseconds that its threads have run so far, as the kernel counts them."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def round(self):
        """The milliseconds of a step, the mean of one on each architecture: by the
        clock, and of processor time."""
        before = self.cpu()
        (clock,) = self.ask("round")
        return clock / ARCHITECTURES, (self.cpu() - before) / ARCHITECTURES

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def gpu_memory():
    """MiB of the first GPU that are taken."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def compare(what, tolerance, ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if not abs(a - b) <= tolerance * abs(b):
            sys.exit(f"{what}: the losses differ, {a} and {b}")


def measure(arguments, task):
    reference = str(Path(__file__).with_name("reference.py"))
    device, precision, threads = arguments.device, arguments.precision, arguments.threads
    tolerance = TOLERANCES[device, precision]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "state.safetensors")
        losses = None
        if device == "cuda":
            on_cpu = Side(threads, arguments.speed, task, file, "cpu", "f32")
            losses = on_cpu.ask("losses")
            on_cpu.end()
            taken = gpu_memory()
        ours = Side(threads, arguments.speed, task, file, device, precision)
        if losses:
            compare(f"{task}, CPU and GPU", tolerance, ours.ask("losses"), losses)
            taken = gpu_memory() - taken
            # The controller runs on the CPU.
            if task != "controller" and taken < 64:
                sys.exit(f"{task}: the GPU has {taken} MiB more than before, so nothing is on it")
            print(f"{task}: the losses are those of the CPU; {taken} MiB of the GPU are taken")
        theirs = Side(threads, sys.executable, reference, task, file, device, precision)
    sides = [ours, theirs]
    compare(task, tolerance, *(side.ask("losses") for side in sides))
    for side in sides:  # memory and caches
        side.round()
    times = [[side.round() for side in sides] for _ in range(arguments.rounds)]
    peaks = [side.ask("peak")[0] for side in sides]
    count, noun = EXAMPLES[task]
    for kind, name in enumerate(("clock", "processor")):
        pairs = [(ours[kind], theirs[kind]) for ours, theirs in times]
        low, middle, high = statistics.quantiles((b / a for a, b in pairs), n=4)
        here, there = (statistics.median(side) for side in zip(*pairs))
        line = f"{task:<10} {name:<9} {here:9.1f} {there:9.1f} {middle:8.2f} ({low:.2f} .. {high:.2f})"
        if kind == 0:
            line += f" {peaks[0]:9.0f} {peaks[1]:9.0f}"
            line += f"   {1e3 * count / here:9.0f} {1e3 * count / there:9.0f} {noun}/s"
        print(line, flush=True)
    for side in sides:
        side.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speed")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    arguments = parser.parse_args()
    print(
        f"load {os.getloadavg()[0]:.1f}; {arguments.threads} threads; {arguments.device},"
        f" {arguments.precision}; {arguments.rounds} rounds of {ARCHITECTURES} steps"
    )
    print(
        "milliseconds a step        here eager torch  ratio (quartiles)  MiB here eager torch"
        "        here eager torch"
    )
    for task in arguments.tasks or EXAMPLES:
        measure(arguments, task)


if __name__ == "__main__":
    main()
