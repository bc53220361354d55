"""local: the runs of a study as processes of this machine, one thread each, as many at a time as there are cores."""

from __future__ import annotations

import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import TypeVar

from isoflop.errors import IsoflopError
from isoflop.experiments.launchers.attempt import Attempt, attempt
from isoflop.experiments.launchers.foretold import freeze, score
from isoflop.experiments.study.claims import Watch, claims_in, driver_lock
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.progress import Progress, RunStatus, folders, run_status, summary, waiting
from isoflop.experiments.study.provenance import cores
from isoflop.experiments.study.results import ENDINGS
from isoflop.files.system import need_studies

_TICK, _MOMENT = 0.25, 0.01
"""Seconds to wait for something to read: usually, and for a command that is about to end."""
_BETWEEN_LOOKS, _SHARE = 0.5, 0.02
"""Seconds between two looks at the progress, and the share of the time that looking may take."""
_ENDED = {ending.lower() for ending in ENDINGS}

_Told = TypeVar("_Told")

Look = Callable[[Progress], object]
"""What is shown the progress now and then."""


def launch(study: Study, *, workers: int | None = None, look: Look | None = None) -> Progress:
    r"""Run every run of a study that has not ended, on this machine, and give where the study stands then.

    workers  runs at a time; what study.toml says, or one for each core
    look     called with the progress at the start, every now and then, and at the end

    What a run's configuration foretells (expected_loss, as `plan -o study.toml` writes it) is registered in
    STUDY/forecasts.jsonl before any is trained, and scored after.

    Can be called again after anything: a run that has ended is never run again. Raises IsoflopError if another
    driver runs the study, or a file cannot be written; KeyboardInterrupt, after the runs were asked to end and
    their attempts recorded, when it is interrupted or terminated.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> said = 'name = "s"\ncommand = ["{python}", "train.py"]\n[[run]]\nname = "a"\nN = 1000\nD = 20000\n'
    >>> (folder / "study.toml").write_text(said) > 0
    True
    >>> (folder / "train.py").write_text("print('{\"loss\": 3.2}')") > 0
    True
    >>> isoflop.launch(isoflop.open_study(folder), workers=1).count("done")
    1
    """
    return _drain(study, study.runs, workers=workers, look=look, alone=True)


def work(
    study: Study, only: Iterable[StudyRun] | None = None, *, workers: int = 1, look: Look | None = None
) -> Progress:
    """Run the runs of a study that nobody else is running: what any number of machines may do at once."""
    return _drain(study, study.runs if only is None else tuple(only), workers=workers, look=look, alone=False)


def _drain(
    study: Study, runs: tuple[StudyRun, ...], *, workers: int | None, look: Look | None, alone: bool
) -> Progress:
    need_studies()
    count = workers or study.settings.workers or max(1, cores() // study.settings.threads)
    with driver_lock(study.folder) if alone else nullcontext(), interruptions() as asked:
        freeze(study, runs)
        found = _Drain(study, runs, workers=count, look=look, asked=asked, patient=alone).run()
        score(study, runs)
        return found


class _Drain:
    """One pass over a study: a queue of runs, attempts at work, and what is known of each run."""

    def __init__(
        self, study: Study, runs: tuple[StudyRun, ...], *, workers: int, look: Look | None,
        asked: list[int], patient: bool,
    ) -> None:  # fmt: skip
        begun = folders(study)
        self._study, self._workers, self._look, self._patient = study, workers, look, patient
        self._asked, self._ending, self._next_look = asked, False, 0.0
        self._known: dict[str, RunStatus] = {
            run.id: run_status(study, run) if run.id in begun else waiting(run) for run in study.runs
        }
        self._queue = deque(run for run in runs if self._known[run.id].state not in _ENDED)
        self._elsewhere: deque[tuple[float, StudyRun]] = deque()
        self._watch = Watch(study.settings.heartbeat)
        self._at_work: list[Attempt] = []
        self._selector = selectors.DefaultSelector()

    def run(self) -> Progress:
        """Go on until nothing is left to do."""
        self._show()
        try:
            while self._at_work or self._queue or self._elsewhere:
                self._fill()
                self._step()
                if self._asked:
                    self._end()
                    raise KeyboardInterrupt
        except IsoflopError:
            self._end()
            raise
        finally:
            for one in self._at_work:  # whatever went wrong, nothing is left running
                one.kill()
            self._selector.close()
        return self._show()

    def _fill(self) -> None:
        """Start runs while there are workers free; a run that another works on is looked at again later."""
        now = time.monotonic()
        while self._elsewhere and self._elsewhere[0][0] <= now:
            self._queue.append(self._elsewhere.popleft()[1])
        while self._queue and len(self._at_work) < self._workers and not self._asked:
            run = self._queue.popleft()
            found = attempt(self._study, run, self._watch)
            if found is not None:
                self._at_work.append(found)
                self._selector.register(found.stdout, selectors.EVENT_READ, found)
                continue
            self._known[run.id] = run_status(self._study, run)
            if self._known[run.id].state not in _ENDED and (self._patient or not self._at_work_elsewhere(run)):
                self._elsewhere.append((now + min(self._study.settings.heartbeat, 5.0), run))

    def _at_work_elsewhere(self, run: StudyRun) -> bool:
        folder = self._study.folder_of(run)
        return any(self._watch.beating(one, folder) for one in claims_in(folder)[-1:])

    def _step(self) -> None:
        """Listen to the commands for a moment, then tend each."""
        moment = _MOMENT if any(one.silent for one in self._at_work) else _TICK
        if self._selector.get_map():
            for key, _ in self._selector.select(moment):
                if not self._or_drop(key.data, key.data.listen):
                    self._selector.unregister(key.fileobj)
        elif self._at_work or not self._queue:
            time.sleep(moment)
        if self._asked and not self._ending:
            return  # schedulers signal the commands too: asked before they are tended, no end of theirs counts
        for one in list(self._at_work):
            self._tend(one)
        if time.monotonic() >= self._next_look:
            self._show()

    def _tend(self, one: Attempt) -> None:
        how = self._or_drop(one, one.tend)
        if how is None:
            return
        self._leave(one)
        self._known[one.run.id] = one.status()
        if how not in ENDINGS:
            self._queue.append(one.run)

    def _or_drop(self, one: Attempt, act: Callable[[], _Told]) -> _Told:
        """Return what an attempt says; one whose files cannot be written is ended, so that the others can go on."""
        try:
            return act()
        except IsoflopError:
            self._leave(one)
            one.kill()
            raise

    def _leave(self, one: Attempt) -> None:
        with suppress(KeyError, ValueError):  # it is no longer registered once it is silent
            self._selector.unregister(one.stdout)
        self._at_work.remove(one)

    def _end(self) -> None:
        """Ask every command to end, wait for them, and record what each attempt came to."""
        self._ending, asked = True, len(self._asked)
        for one in self._at_work:
            one.stop()
        while self._at_work:
            with suppress(IsoflopError):  # the first such error is on its way, and those who can write still do
                self._step()
            if signal.SIGINT in self._asked[asked:]:  # Ctrl-C once more: at once; schedulers say SIGTERM twice
                asked = len(self._asked)
                for one in self._at_work:
                    one.stop(grace=0.0)

    def _show(self) -> Progress:
        """Return where the study stands, and show it."""
        start = time.monotonic()
        now = {**self._known, **{one.run.id: one.status() for one in self._at_work}}
        found = summary(self._study, [now[run.id] for run in self._study.runs])
        if self._look is not None:
            self._look(found)
        end = time.monotonic()
        self._next_look = end + max(_BETWEEN_LOOKS, (end - start) / _SHARE)
        return found


@contextmanager
def interruptions() -> Iterator[list[int]]:
    """Give a list that grows by one each time this process is interrupted or terminated, instead of it ending there."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is called with
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
