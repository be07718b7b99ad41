"""Times a step of each training here and in eager PyTorch, in turn in one run.

run.py SPEED [TASK ..] [--rounds N]: SPEED is the executable of `main.rs`. Both sides
run on two threads, and first show that they compute the same losses; then the
architectures are gone through `rounds` times on either side alternately. What the
machine does meanwhile meets both, so the ratios are what to read.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = ["micro", "macro", "recurrent", "controller"]
ARCHITECTURES = 4
TOLERANCE = 1e-4


class Side:
    """A process that answers each line with a line."""

    def __init__(self, *command):
        environment = dict(os.environ, OMP_NUM_THREADS="2")
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

    def round(self):
        """The milliseconds of a step, the mean of one on each architecture."""
        return statistics.fmean(self.ask("step")[0] for _ in range(ARCHITECTURES))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measure(speed, task, rounds):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "state.safetensors")
        ours = Side(speed, task, file)
        reference = Side(sys.executable, str(Path(__file__).with_name("reference.py")), task, file)
    for a, b in zip(ours.ask("losses"), reference.ask("losses"), strict=True):
        if not abs(a - b) <= TOLERANCE * abs(b):
            sys.exit(f"{task}: the losses differ, {a} and {b}")
    ours.round(), reference.round()  # memory and caches
    times = [(ours.round(), reference.round()) for _ in range(rounds)]
    low, middle, high = statistics.quantiles((b / a for a, b in times), n=4)
    a, b = (statistics.median(side) for side in zip(*times))
    peaks = [side.ask("peak")[0] for side in (ours, reference)]
    print(
        f"{task:<10} {a:8.1f} {b:10.1f} {middle:7.2f} ({low:.2f} .. {high:.2f})"
        f" {peaks[0]:7.0f} {peaks[1]:9.0f}",
        flush=True,
    )
    ours.end(), reference.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speed")
    parser.add_argument("tasks", nargs="*", default=TASKS)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {arguments.rounds} rounds of {ARCHITECTURES} steps")
    print("           ms here  reference   ratio (quartiles)  MiB here  reference")
    for task in arguments.tasks or TASKS:
        measure(arguments.speed, task, arguments.rounds)


if __name__ == "__main__":
    main()
