"""What a command costs: CPU seconds and peak memory of the whole process, started afresh."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ISOFLOP = str(Path(sys.executable).with_name("isoflop"))
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}


@dataclass(frozen=True)
class Cost:
    """What one start of a command took; cpu is user + system, of the command and its children."""

    cpu: float  # seconds
    wall: float  # seconds
    peak: float  # MB of resident memory
    output: str


def once(command: Sequence[str]) -> Cost:
    """Run a command in a fresh process, on one thread, and give what it took.

    Linux counts what the parent held at the fork in the child's peak: this script imports no NumPy.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaint:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, stderr=complaint, env=os.environ | ONE_THREAD)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait a second time
        wall = time.perf_counter() - start
        output.seek(0)
        complaint.seek(0)
        if child.returncode:
            last = (complaint.read().strip().splitlines() or ["no message"])[-1]
            sys.exit(f"{' '.join(command)[:200]}\nended with {child.returncode}: {last}")
        return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, output.read())


def side_by_side(commands: Mapping[str, Sequence[str]], repeats: int) -> dict[str, list[Cost]]:
    """Run each command in turn, round after round, so that a busy minute meets all of them alike."""
    for command in commands.values():
        once(command)  # the first start compiles bytecode and warms the disk's cache
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            costs[name].append(once(command))
    return costs


def print_costs(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Print the median and the range of each command's CPU seconds, and its peak memory."""
    width = max(map(len, costs))
    print(f"{'':{width}}  CPU s   lowest – highest   wall s   peak MB")
    for name, runs in costs.items():
        cpu = [run.cpu for run in runs]
        spread = f"{min(cpu):6.2f} – {max(cpu):<7.2f}"
        wall, peak = statistics.median(run.wall for run in runs), max(run.peak for run in runs)
        print(f"{name:{width}}  {statistics.median(cpu):5.2f}   {spread}   {wall:6.2f}   {peak:7.0f}")
