"""ray: the runs of a study as tasks of a Ray cluster, or of one that lives on this machine as long as they do.

A task is two words, the study's folder and the run's id: it calls the same worker as every other launcher.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from isoflop.errors import IsoflopError, MissingExtraError, UsageError, shown
from isoflop.experiments.launchers.attempt import GRACE
from isoflop.experiments.launchers.local import Look, interruptions, work
from isoflop.experiments.launchers.script import unfinished
from isoflop.experiments.study.planned import Study, StudyRun, open_study
from isoflop.experiments.study.progress import Progress, progress
from isoflop.experiments.study.results import read_result

_MOST_TASKS = 1000
"""Tasks that Ray is given at a time; those that wait for a core cost memory."""
_TICK, _SHARE = 0.5, 0.02
"""Seconds between two looks at the files, and the share of the time that looking may take."""
_STORE = 100_000_000
"""Bytes of memory that a cluster of our own sets aside for what tasks give back, which is nothing."""
_STARTS = 5
"""How often a cluster of our own is started: on a busy machine its parts do not find each other in Ray's 30 seconds."""
_LOOPBACK = {"_node_ip_address": "127.0.0.1"}  # whoever reaches a cluster may run anything on it
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Nothing is reported to Ray's makers; runs that ask for no GPU see what this process sees."""


def launch(
    study: Study, *, address: str | None = None, cpus: float | None = None, gpus: float = 0.0,
    workers: int | None = None, look: Look | None = None,
) -> Progress:  # fmt: skip
    """Run every run of a study that has not ended as a task of Ray, and give where the study stands then.

    address  of a cluster that runs, which must see the study's folder; None starts one on this machine
    cpus     cores of a run; as many as the study gives it threads
    gpus     GPUs of a run, or the share of one
    workers  runs at a time; what study.toml says, or as many as the cluster has room for
    look     called with the progress now and then

    Raises IsoflopError if there is no such cluster, if it can never have room for a run, or if its tasks do not
    get as far as a run; KeyboardInterrupt, after the runs were asked to end, when it is interrupted.
    """
    if progress(study).over:
        return progress(study)
    cores = study.settings.threads if cpus is None else cpus
    with _cluster(address) as ray:
        _check_room(ray, cores, gpus)
        task = ray.remote(num_cpus=cores, num_gpus=gpus, max_retries=0)(_work)
        return _Drain(study, ray, task, at_once=workers or study.settings.workers or _MOST_TASKS, look=look).run()


def _work(folder: str, run: str) -> None:
    """Run one run: what a task does, wherever Ray puts it."""
    study = open_study(folder)
    work(study, [study.run_called(run)])


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Give Ray, connected to a cluster, or to one of this process's own that ends with it."""
    try:
        import ray
    except ImportError:
        raise MissingExtraError(
            'the ray launcher needs ray, which is not installed. Type: pip install "isoflop[ray]"'
        ) from None
    if address and address != "auto":
        _check_address(address)
    if ray.is_initialized():  # what another part of this process began is not ours to end
        raise IsoflopError("this process is connected to a Ray cluster already. Call ray.shutdown() first.")
    os.environ.update(_QUIET)
    _begin(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _begin(ray: Any, address: str | None) -> None:
    """Connect to a cluster, or start one of this process's own, again where its parts were too slow for each other."""
    own: dict[str, Any] = {} if address else {**_LOOPBACK, "include_dashboard": False, "object_store_memory": _STORE}
    for left in reversed(range(1 if address else _STARTS)):
        try:
            ray.init(address or "local", logging_level="ERROR", log_to_driver=False, **own)
        except Exception as error:  # noqa: BLE001 - Ray raises plain ones, too
            ray.shutdown()
            if not left:
                where = f"at {shown(address)}" if address else "on this machine"
                why = shown(next(iter(str(error).splitlines()), type(error).__name__)).rstrip(".")
                raise IsoflopError(f"no Ray cluster {where}: {why}.") from None
        else:
            return


def _check_address(address: str) -> None:
    """Refuse an address where nobody answers, before Ray tries it for two minutes."""
    import socket

    host, _, port = address.rpartition(":")
    if not port.isdigit() or not host or "/" in host:
        raise UsageError(
            f"{shown(address)} is not the address of a Ray cluster. Say HOST:PORT, or auto for this machine's."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10.0).close()
    except OSError as error:
        raise IsoflopError(f"no Ray cluster at {shown(address)}: {error.strerror}.") from None


def _check_room(ray: Any, cpus: float, gpus: float) -> None:
    """Refuse runs that no node of the cluster has room for: Ray would wait for one for ever."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        largest = "; ".join(f"{node.get('CPU', 0):g} cores, {node.get('GPU', 0):g} GPUs" for node in nodes[:3])
        raise IsoflopError(
            f"a run asks for {cpus:g} cores and {gpus:g} GPUs, and no node of the Ray cluster has them ({largest}). "
            "Say --cpus-per-run or --gpus-per-run."
        )


class _Drain:
    """One pass over a study: runs that wait for their turn, and tasks that Ray has."""

    def __init__(self, study: Study, ray: Any, task: Any, *, at_once: int, look: Look | None) -> None:
        self._study, self._ray, self._task, self._at_once, self._look = study, ray, task, at_once, look
        self._queue = deque((0.0, run) for run in unfinished(study))
        self._at_work: dict[Any, StudyRun] = {}
        self._lost: Counter[str] = Counter()
        self._pause = _TICK

    def run(self) -> Progress:
        """Go on until every run has ended; whatever goes wrong, no task is left behind."""
        with interruptions() as asked:
            self._show()
            try:
                while self._queue or self._at_work:
                    self._fill()
                    self._step()
                    if asked:
                        raise KeyboardInterrupt
            finally:
                self._end()
        return self._show()

    def _fill(self) -> None:
        """Give Ray tasks while there may be more; the queue is in the order of time."""
        while self._queue and len(self._at_work) < self._at_once and self._queue[0][0] <= time.monotonic():
            run = self._queue.popleft()[1]
            self._at_work[self._task.remote(str(self._study.folder.resolve()), run.id)] = run

    def _step(self) -> None:
        """Wait for a moment, and see to the tasks that are over."""
        if not self._at_work:
            time.sleep(self._pause)
        over, _ = self._ray.wait(list(self._at_work), timeout=self._pause) if self._at_work else ([], [])
        for one in over:
            run = self._at_work.pop(one)
            self._check(one, run)
            if read_result(self._study.folder_of(run)) is None:  # its worker died, or another has the run
                self._queue.append((time.monotonic() + min(self._study.settings.heartbeat, 5.0), run))
        self._show()

    def _check(self, task: Any, run: StudyRun) -> None:
        """Pass on why a task refused its run; a task that was lost is tried again, as often as the run would be."""
        try:
            self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, IsoflopError):
                raise error.cause from None
            raise
        except self._ray.exceptions.RayError as error:
            self._lost[run.id] += 1
            if self._lost[run.id] > self._study.settings.retries + 1:
                reason = shown(str(error).splitlines()[0])
                raise IsoflopError(f"Ray lost the task of {run.name} {self._lost[run.id]} times: {reason}") from None

    def _end(self) -> None:
        """Ask the tasks that are left to end, as Ctrl-C would, and wait until their runs have."""
        for one in self._at_work:
            self._ray.cancel(one)
        if self._at_work:
            self._ray.wait(list(self._at_work), num_returns=len(self._at_work), timeout=GRACE + 5.0)

    def _show(self) -> Progress:
        """Return where the study stands, from its files, and show it."""
        start = time.monotonic()
        found = progress(self._study)
        if self._look is not None:
            self._look(found)
        self._pause = max(_TICK, (time.monotonic() - start) / _SHARE)
        return found
