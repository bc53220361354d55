"""Studies under fire: drivers and commands killed at random moments, full disks, ten thousand runs.

    python benchmarks/faults.py [--kills 50] [--seed 1]

Aims: no finished run lost, none repeated, every study ends; the status of 10,000 runs in 1 CPU second, memory flat.
Full disks need a small tmpfs, which root may mount; without it that part says so and is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from isoflop.experiments.launchers import launch
from isoflop.experiments.study import Study, open_study
from isoflop.experiments.study.claims import claims_in
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.results import ENDINGS, Result
from measure import once

TRAIN = """
import json, sys, time
name, steps = sys.argv[1], int(sys.argv[2])
open("started.txt", "a").write(name + "\\n")
for step in range(1, steps + 1):
    time.sleep(0.02)
    print(json.dumps({"step": step, "tokens": step, "params": 10, "loss": 2 + 1 / step, "text": "x" * 2000}))
"""
DRIVER = "import sys; from isoflop import launch, open_study; launch(open_study(sys.argv[1]))"


def study_of(folder: Path, runs: int, *, steps: int = 10) -> Study:
    """Write a study whose runs take a fifth of a second, and give it."""
    (folder / "train.py").write_text(TRAIN)
    (folder / "study.toml").write_text(
        'name = "faults"\ncommand = ["{python}", "-S", "-E", "-u", "train.py", "{name}", "{steps}"]\n'
        f"retries = 1000\nworkers = 4\n[config]\nsteps = {steps}\n[grid]\nseed = {list(range(runs))}\n"
    )
    return open_study(folder)


def endings(study: Study) -> dict[str, bytes]:
    """Give the content of every result by the run's id."""
    return {path.parent.name: path.read_bytes() for end in ENDINGS for path in study.folder.glob(f"runs/*/{end}")}


def starts(study: Study) -> dict[str, int]:
    """Give how often each run's command was started, by the run's name."""
    path = study.folder / "started.txt"
    names = path.read_text().split() if path.exists() else []
    return {name: names.count(name) for name in set(names)}


def driver(study: Study) -> subprocess.Popen[bytes]:
    """Start a driver in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", DRIVER, str(study.folder)], stderr=subprocess.DEVNULL)


def kill_drivers(folder: Path, kills: int, rng: random.Random) -> None:
    """Kill a driver at random moments until its study is done, and print what came of it."""
    study = study_of(folder, 3 * kills)
    seen: dict[str, bytes] = {}
    lost = repeated = killed = 0
    for _ in range(kills):
        frozen = {study.run_called(name).name: starts(study)[study.run_called(name).name] for name in seen}
        process = driver(study)
        time.sleep(rng.uniform(0.1, 1.2))
        killed += process.poll() is None
        process.kill()
        process.wait()
        now = endings(study)
        lost += sum(now.get(name) != content for name, content in seen.items())
        repeated += sum(starts(study)[name] != count for name, count in frozen.items())
        seen = now
    found = launch(study)
    lines = [path.read_text().splitlines() for path in study.folder.glob("runs/*/metrics.jsonl")]
    whole = sum([json.loads(line)["step"] for line in one] == list(range(1, 11)) for one in lines)
    attempts = sum(len(claims_in(study.folder_of(run))) for run in study.runs)
    print(f"drivers killed {killed}: {len(study)} runs, {len(seen)} done under fire, {found.count('done')} in the end; "
          f"lost {lost}, repeated {repeated}, whole metrics {whole}, attempts {attempts}")  # fmt: skip


def kill_commands(folder: Path, kills: int, rng: random.Random) -> None:
    """Kill commands at random moments while a driver works, and print what came of it."""
    study = study_of(folder, 40)
    process, killed = driver(study), 0
    while process.poll() is None and killed < kills:
        time.sleep(rng.uniform(0.01, 0.1))
        claims = [claim for run in study.runs for claim in claims_in(study.folder_of(run))[-1:]]
        alive = [claim.child for claim in claims if claim.ended is None and claim.child and claim.child.alive]
        if alive:
            os.kill(rng.choice(alive).pid, signal.SIGKILL)
            killed += 1
    process.wait()
    print(f"commands killed {killed}: {len(study)} runs, {progress(study).count('done')} done")


def fill_disk(folder: Path) -> None:
    """Run a study on a disk that fills up, make room, and print what came of it."""
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=False).returncode:  # noqa: S607
        print("full disk: left out, no tmpfs may be mounted here")
        return
    try:
        study = study_of(disk, 40)
        (disk / "ballast").write_bytes(bytes(2**17))
        done = subprocess.run([sys.executable, "-c", DRIVER, str(disk)], capture_output=True, text=True, check=False)
        before = endings(study)
        partial = len(list(disk.rglob(".isoflop-*")))
        print(f"full disk: exit code {done.returncode}, {len(before)} of 40 done, {partial} partial files; "
              f"{done.stderr.strip().splitlines()[-1][-110:]}")  # fmt: skip
        (disk / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)  # noqa: S607
        found = launch(study)
        lost = sum(endings(study).get(name) != content for name, content in before.items())
        print(f"full disk: with room again {found.count('done')} of 40 done, lost {lost}")
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S607


def look_through(folder: Path) -> None:
    """Print what the status of studies with 100 to 10,000 finished runs costs."""
    result = Result("DONE", "", 1e5, 1e6, 6e11, 3.21, 12.5, 1, 1.7e9, {"step": 100, "tokens": 1e6, "loss": 3.21})
    for count in (100, 1000, 10_000):
        place = folder / str(count)
        place.mkdir()
        study = study_of(place, count)
        for run in study.runs:
            study.folder_of(run).mkdir(parents=True)
            (study.folder_of(run) / "DONE").write_text(json.dumps(asdict(result)))
        costs = [once([sys.executable, "-m", "isoflop", "study", "status", str(place)]) for _ in range(5)]
        cpu = sorted(cost.cpu for cost in costs)
        print(f"status of {count:6,} runs: {cpu[2]:.2f} CPU s ({cpu[0]:.2f} – {cpu[-1]:.2f}), "
              f"{max(cost.peak for cost in costs):.0f} MB")  # fmt: skip


def main() -> None:
    """Do it all in temporary folders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        parts = {name: Path(folder, name) for name in ("drivers", "commands", "disk", "status")}
        for part in parts.values():
            part.mkdir()
        look_through(parts["status"])
        fill_disk(parts["disk"])
        kill_commands(parts["commands"], asked.kills, rng)
        kill_drivers(parts["drivers"], asked.kills, rng)


if __name__ == "__main__":
    main()
