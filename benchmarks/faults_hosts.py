"""A study that two hosts share under fire: files that show late, a network cut, disks read-only or full, dead drivers.

    python benchmarks/faults_hosts.py [--seconds 300] [--seed 1] [--late 1.5]

Each host has a name of its own (unshare --uts) and its own view of the folder (benchmarks/late_files.py), with a driver
in it: locks do not reach across, as on NFS without a lock server, so that both drive at once. Aims: no finished run
lost or changed, none trained again after it had ended. Needs root, fusepy and libfuse 2; without them it is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from faults import TRAIN
from faults_clusters import Fire

from isoflop.experiments.study import open_study
from isoflop.experiments.study.claims import claims_in
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.results import ENDINGS

BEAT = 0.5
"""Seconds between signs of life of the study's workers."""
HOSTS = ("one", "two")


class Hosts(Fire):
    """A fire over hosts: the study is seen where its files are, and driven from each host's own view."""

    root: Path

    def keep_driving(self, count: int = len(HOSTS)) -> None:
        """See to it that a driver works on each host."""
        self.by_host = {name: one for name, one in getattr(self, "by_host", {}).items() if one.poll() is None}
        for name in HOSTS[:count]:
            if name not in self.by_host:
                words = ["unshare", "--uts", "sh", "-c", f'hostname {name}; exec "$@"', "sh", sys.executable, "-m",
                         "isoflop", "study", "run", str(self.root / name / "study"), "--workers", "2"]  # fmt: skip
                self.by_host[name] = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.drivers = [*self.by_host.values()]

    def fault(self, word: str) -> Callable[[], bool]:
        """Return a fault of one host's files, for up to twice as long as a dead worker is waited for."""

        def do() -> bool:
            control = self.root / f"{self.rng.choice(HOSTS)}.fault"
            control.write_text(word)
            time.sleep(self.rng.uniform(0.2, 6 * BEAT))
            control.unlink()
            return True

        return do

    def look(self) -> None:
        """Compare as ever, and tell the attempts of a run that was started after it had ended."""
        ended = self.counts
        super().look()
        for run in self.study.runs:
            if run.id in ended and self.counts.get(run.id, 0) > ended[run.id]:
                folder = self.study.folder_of(run)
                print(f"repeated: {run.name}", file=sys.stderr)
                for one in claims_in(folder):
                    how = f"since {one.since:.2f}, {one.seconds:.2f} s: {one.ended}"
                    print(f"  {one.attempt} on {one.owner.host} {how}", file=sys.stderr)
                for end in ENDINGS:
                    if (folder / end).exists():
                        print(f"  {end} {(folder / end).stat().st_mtime:.2f}", file=sys.stderr)

    def kill_command(self) -> bool:
        """Kill what a worker of either host runs."""
        claims = [one for run in self.study.runs for one in claims_in(self.study.folder_of(run))[-1:]]
        return self._kill([one.child.pid for one in claims if one.ended is None and one.child and one.child.alive])

    def at_work(self) -> list[object]:  # type: ignore[override]  # only whether there are any is asked
        """Return the commands that still run, whoever started them."""
        found = subprocess.run(["pgrep", "-f", str(self.root / "train.py")], check=False, capture_output=True)  # noqa: S607
        return [*found.stdout.split()]


@contextmanager
def views(root: Path, late: float) -> Iterator[None]:
    """Mount the folder once for each host."""
    program = Path(__file__).parent / "late_files.py"
    for name in HOSTS:
        (root / name).mkdir()
        words = [str(root / "server"), str(root / name), "--late", str(late), "--control", str(root / f"{name}.fault")]
        subprocess.Popen([sys.executable, program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not all((root / name).is_mount() for name in HOSTS):
            time.sleep(0.1)
        yield
    finally:
        for name in HOSTS:
            (root / f"{name}.fault").unlink(missing_ok=True)
            subprocess.run(["umount", "-l", str(root / name)], check=False)  # noqa: S607


def burn(root: Path, asked: argparse.Namespace) -> None:
    """Burn a study, and say what came of it."""
    folder = root / "server" / "study"
    folder.mkdir(parents=True)
    (root / "train.py").write_text(TRAIN.replace('"started.txt"', f'"{folder}/started.txt"'))
    (folder / "study.toml").write_text(
        f'name = "hosts"\ncommand = ["{{python}}", "-S", "-E", "-u", "{root}/train.py", "{{name}}", "{{steps}}"]\n'
        f"retries = 1000\nworkers = 2\nheartbeat = {BEAT}\n[config]\nsteps = 30\n"
        f"[grid]\nseed = {list(range(int(asked.seconds)))}\n"
    )
    fire = Hosts(open_study(folder), random.Random(asked.seed), [])  # noqa: S311
    fire.root = root
    with views(root, asked.late):
        faults = {
            "driver killed": fire.kill_driver, "command killed": fire.kill_command, "network cut": fire.fault("cut"),
            "disk read-only": fire.fault("read-only"), "disk full": fire.fault("full"),
        }  # fmt: skip
        fire.burn(faults, asked.seconds)
        under = len(fire.seen)
        deadline = time.monotonic() + asked.seconds
        while not progress(fire.study).over and time.monotonic() < deadline:
            fire.keep_driving()
            time.sleep(1)
            fire.look()
        for one in fire.drivers:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGTERM)
            one.wait()
        fire.look()
    each = ", ".join(f"{name} {count}" for name, count in sorted(fire.done.items()))
    print(
        f"two hosts, files up to {asked.late:g} s late: {sum(fire.done.values())} faults ({each}): "
        f"{len(fire.study)} runs, {under} done under fire, {progress(fire.study).count('done')} in the end; "
        f"lost {fire.lost}, repeated {fire.repeated}"
    )


def main() -> None:
    """Burn a study in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=float, default=1.5)
    asked = parser.parse_args()
    if os.geteuid() or not (find_spec("fuse") and shutil.which("unshare") and Path("/dev/fuse").exists()):
        print("two hosts: left out, it needs root, unshare, /dev/fuse, libfuse 2 and fusepy")
        return
    root = Path(tempfile.mkdtemp(prefix="hosts-"))
    try:
        burn(root, asked)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
