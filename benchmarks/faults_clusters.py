"""Studies on a real Slurm and a real Ray under fire: each fault again and again, at random moments.

    python benchmarks/faults_clusters.py [--engine slurm|ray] [--seconds 300] [--seed 1]

Aims: no finished run lost or changed, none trained again after it had ended, every study ends when the fire does.
Slurm has two nodes and Ray three, all on this machine. A node dies with every process on it. A clock that is off is a
claim whose file another clock dated. Slurm needs its programs and munge; what is not installed is said and left out.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from faults import endings, starts, study_of

from isoflop.experiments.launchers import launch
from isoflop.experiments.study import Study
from isoflop.experiments.study.claims import Claim, claims_in
from isoflop.experiments.study.progress import progress

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

HOUR = 3600.0
START = 240.0
"""Seconds in which a node of Ray must have started."""
SLURM = """
import sys
from isoflop import open_study
from isoflop.experiments.launchers import slurm
slurm._BETWEEN_QUESTIONS = 0.5
slurm.launch(open_study(sys.argv[1]))
"""
"""A driver that asks Slurm more often than its administrator would like."""


@dataclass
class Fire:
    """A study under fire: what ended so far, and what came of it."""

    study: Study
    rng: random.Random
    command: list[str]
    seen: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    repeated: int = 0
    drivers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def keep_driving(self, count: int = 1) -> None:
        """See to it that so many drivers work, of which a second one is to be refused or to share the runs."""
        self.drivers = [one for one in self.drivers if one.poll() is None]
        while len(self.drivers) < count:
            self.drivers.append(subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def look(self) -> None:
        """Compare what has ended with what had ended before."""
        now, begun = endings(self.study), starts(self.study)
        names = {run.id: run.name for run in self.study.runs}
        self.lost += sum(now.get(one) != content for one, content in self.seen.items())
        self.repeated += sum(begun[names[one]] > count for one, count in self.counts.items())
        self.seen, self.counts = now, {one: begun[names[one]] for one in now}

    def at_work(self) -> list[Claim]:
        """Return the claims whose workers are at work."""
        last = [claims_in(self.study.folder_of(run))[-1:] for run in self.study.runs]
        return [one for found in last for one in found if one.ended is None and one.owner.alive]

    def burn(self, faults: dict[str, Callable[[], bool]], seconds: float) -> None:
        """Do one fault after the other, in random order, until the time is over or every run has ended."""
        end = time.monotonic() + seconds
        waiting: list[str] = []
        while time.monotonic() < end and not progress(self.study).over:
            self.keep_driving()
            waiting = waiting or self.rng.sample(sorted(faults), len(faults))
            time.sleep(self.rng.uniform(0.2, 1.5))
            name = waiting.pop()
            self.done[name] += faults[name]()
            self.look()

    def told(self) -> str:
        """Say what came of it, after the study was brought to its end."""
        for one in self.drivers:
            one.kill()
            one.wait()
        under = len(self.seen)
        deadline = time.monotonic() + 120
        while self.at_work() and time.monotonic() < deadline:  # jobs that were submitted end by themselves
            time.sleep(0.5)
        self.look()
        found = launch(self.study)
        self.look()
        each = ", ".join(f"{name} {count}" for name, count in sorted(self.done.items()))
        return (
            f"{sum(self.done.values())} faults ({each}): {len(self.study)} runs, {under} done under fire, "
            f"{found.count('done')} in the end; lost {self.lost}, repeated {self.repeated}"
        )

    def kill_worker(self) -> bool:
        """Kill a worker."""
        return self._kill([one.owner.pid for one in self.at_work()])

    def kill_command(self) -> bool:
        """Kill what a worker runs."""
        return self._kill([one.child.pid for one in self.at_work() if one.child and one.child.alive])

    def kill_driver(self) -> bool:
        """Kill a driver."""
        return self._kill([one.pid for one in self.drivers if one.poll() is None])

    def two_drivers(self) -> bool:
        """Start a second driver."""
        self.keep_driving(2)
        return True

    def clock_off(self) -> bool:
        """Date the claim of a worker at work an hour ahead or behind, as a clock that is off would."""
        claims = [(one, run) for run in self.study.runs for one in claims_in(self.study.folder_of(run))[-1:]]
        alive = [one.path(self.study.folder_of(run)) for one, run in claims if one.ended is None and one.owner.alive]
        if not alive:
            return False
        then = time.time() + self.rng.choice([-HOUR, HOUR])
        os.utime(self.rng.choice(alive), (then, then))
        return True

    def _kill(self, processes: list[int]) -> bool:
        if not processes:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.rng.choice(processes), signal.SIGKILL)
        return True


def slurm_faults(fire: Fire, cluster: Path) -> dict[str, Callable[[], bool]]:
    """Return what may befall a study on this Slurm."""

    def tasks() -> list[str]:
        said = subprocess.run(["squeue", "--noheader", "--states=RUNNING", "--format=%i"],  # noqa: S607
                              check=False, capture_output=True, text=True)  # fmt: skip
        return said.stdout.split()

    def tell(*words: str) -> Callable[[], bool]:
        def do() -> bool:
            found = tasks()
            if found:
                subprocess.run([*words, fire.rng.choice(found)], check=False, capture_output=True)
            return bool(found)

        return do

    def again(*words: str) -> None:
        program = shutil.which(words[0], path=f"{os.environ['PATH']}:/usr/sbin")
        time.sleep(fire.rng.uniform(0.2, 2.0))
        fire_started.append(subprocess.Popen([str(program), "-D", "-f", str(cluster / "slurm.conf"), *words[1:]],
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # fmt: skip

    def restart_controller() -> bool:
        for process in processes(lambda words, _: words[:1] and Path(words[0]).name == "slurmctld"):
            os.kill(process, signal.SIGKILL)
        again("slurmctld")
        return True

    def kill_node() -> bool:
        node = fire.rng.choice(["n1", "n2"])
        there = f"SLURMD_NODENAME={node}"
        for process in processes(
            lambda words, within: there in within or (Path(words[0]).name == "slurmd" and words[-1] == node)
        ):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        again("slurmd", "-N", node)
        return True

    return {
        "worker killed": fire.kill_worker, "command killed": fire.kill_command, "driver killed": fire.kill_driver,
        "two drivers": fire.two_drivers, "clock an hour off": fire.clock_off, "node killed": kill_node,
        "controller restarted": restart_controller, "requeued": tell("scontrol", "requeue"),
        "cancelled": tell("scancel"), "signalled": tell("scancel", "--signal=TERM", "--full"),
    }  # fmt: skip


fire_started: list[subprocess.Popen[bytes]] = []
"""Daemons that were started anew, to be ended with the fire."""


def processes(which: Callable[[list[str], list[str]], bool]) -> Iterator[int]:
    """Yield the processes of this user whose words and environment are such, but for this one."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if place.stat().st_uid != os.getuid() or int(place.name) == os.getpid():
                continue
            words = (place / "cmdline").read_text(errors="replace").split("\0")[:-1]
            within = (place / "environ").read_text(errors="replace").split("\0")
            if words and f"SLURM_CONF={os.environ.get('SLURM_CONF', '')}" in within and which(words, within):
                yield int(place.name)


def on_slurm(folder: Path, seconds: float, rng: random.Random) -> None:
    """Burn a study on Slurm."""
    if not (shutil.which("sbatch") and shutil.which("munged", path=f"{os.environ['PATH']}:/usr/sbin")):
        print("slurm: left out, it is not installed")
        return
    from slurm_cluster import slurm_cluster

    study = study_of(folder, max(20, int(seconds)), steps=60)
    with slurm_cluster() as cluster:
        fire = Fire(study, rng, [sys.executable, "-c", SLURM, str(folder)])
        try:
            fire.burn(slurm_faults(fire, cluster), seconds)
            subprocess.run(["scancel", "--me"], check=False, capture_output=True)  # noqa: S607
            print(f"slurm: {fire.told()}")
        finally:
            for one in fire_started:
                one.kill()
                one.wait()


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """Give a Ray of a head without cores and two nodes of two.

    On a busy machine a node takes longer to start than the 30 s that Ray waits for one, which no setting changes: so
    its question whether the node is there yet waits for longer, and a node that did not start is started again.
    """
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    from ray._private import services
    from ray.cluster_utils import Cluster

    services.get_node = partial(asked_until, services.get_node)
    cluster = patiently(
        lambda: Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    )
    for _ in range(2):
        new_node(cluster)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def asked_until(ask: Callable[[str, str], Any], *words: str) -> Any:
    """Return what is known of a node, asked until it is known."""
    end = time.monotonic() + START
    while True:
        try:
            return ask(*words)
        except RuntimeError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def new_node(cluster: Any) -> None:
    """Add a node of two cores, and wait until the head knows it."""
    patiently(lambda: cluster.add_node(wait=False, num_cpus=2))
    cluster.wait_for_nodes(timeout=START)


def patiently(act: Callable[[], Any]) -> Any:
    """Return what an act returns, tried up to five times."""
    for _ in range(4):
        try:
            return act()
        except Exception as error:
            if isinstance(error, TypeError):
                raise
            print(f"ray: a node is started again ({error})", file=sys.stderr)
    return act()


def on_ray(folder: Path, seconds: float, rng: random.Random) -> None:
    """Burn a study on Ray."""
    study = study_of(folder, max(20, int(seconds)), steps=60)
    with ray_cluster() as cluster:
        words = ["study", "run", str(folder), "--launcher", "ray", "--address", cluster.address]
        fire = Fire(study, rng, [sys.executable, "-m", "isoflop", *words])

        def kill_node() -> bool:
            node = rng.choice([one for one in cluster.list_all_nodes() if one is not cluster.head_node])
            cluster.remove_node(node, allow_graceful=False)
            new_node(cluster)
            return True

        faults = {
            "worker killed": fire.kill_worker, "command killed": fire.kill_command, "driver killed": fire.kill_driver,
            "two drivers": fire.two_drivers, "clock an hour off": fire.clock_off, "node killed": kill_node,
        }  # fmt: skip
        fire.burn(faults, seconds)
        print(f"ray: {fire.told()}")


def main() -> None:
    """Burn a study on each engine in a temporary folder."""
    engines = {"slurm": on_slurm, "ray": on_ray}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=engines)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name in [asked.engine] if asked.engine else engines:
        with tempfile.TemporaryDirectory() as folder:
            engines[name](Path(folder), asked.seconds, random.Random(asked.seed))  # noqa: S311


if __name__ == "__main__":
    main()
