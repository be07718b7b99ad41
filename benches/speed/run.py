"""Times a step of each training here and in eager PyTorch, in turn in one run.

run.py SPEED [TASK ..]: SPEED is the executable of `main.rs`. Both sides first show
that they compute the same losses; then either goes through the architectures
`--rounds` times, alternately. What else the machine does meanwhile meets both, so
the ratios are what to read; on a busy machine those of processor time, on one thread.
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
        clock = sum(self.ask("step")[0] for _ in range(ARCHITECTURES))
        return clock / ARCHITECTURES, (self.cpu() - before) / ARCHITECTURES

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measure(speed, task, threads, rounds):
    reference = str(Path(__file__).with_name("reference.py"))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "state.safetensors")
        sides = [
            Side(threads, speed, task, file),
            Side(threads, sys.executable, reference, task, file),
        ]
    for a, b in zip(*(side.ask("losses") for side in sides), strict=True):
        if not abs(a - b) <= TOLERANCE * abs(b):
            sys.exit(f"{task}: the losses differ, {a} and {b}")
    for side in sides:  # memory and caches
        side.round()
    times = [[side.round() for side in sides] for _ in range(rounds)]
    peaks = [side.ask("peak")[0] for side in sides]
    for kind, name in enumerate(("clock", "processor")):
        pairs = [(ours[kind], theirs[kind]) for ours, theirs in times]
        low, middle, high = statistics.quantiles((b / a for a, b in pairs), n=4)
        ours, theirs = (statistics.median(side) for side in zip(*pairs))
        print(
            f"{task:<10} {name:<9} {ours:9.1f} {theirs:9.1f}"
            f" {middle:8.2f} ({low:.2f} .. {high:.2f})"
            + (f" {peaks[0]:9.0f} {peaks[1]:9.0f}" if kind == 0 else ""),
            flush=True,
        )
    for side in sides:
        side.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speed")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print(
        f"load {os.getloadavg()[0]:.1f}; {arguments.threads} threads;"
        f" {arguments.rounds} rounds of {ARCHITECTURES} steps"
    )
    print("milliseconds a step        here eager torch  ratio (quartiles)  MiB here eager torch")
    for task in arguments.tasks or TASKS:
        measure(arguments.speed, task, arguments.threads, arguments.rounds)


if __name__ == "__main__":
    main()
