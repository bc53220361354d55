"""How far a study is: every run's state, what is left, when it will be over, what it has cost."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from isoflop.display import View, dim, group, heading, html, plain, table
from isoflop.errors import DataError
from isoflop.experiments.study.claims import Claim, claims_in, seems_alive
from isoflop.experiments.study.planned import RUNS, Study, StudyRun
from isoflop.experiments.study.provenance import cores
from isoflop.experiments.study.reported import last_record
from isoflop.experiments.study.results import ENDINGS, METRICS, Result, read_result
from isoflop.findings import json_of
from isoflop.quantities import show

RunState = Literal["done", "running", "failed", "diverged", "waiting"]
STATES: tuple[RunState, ...] = ("done", "running", "failed", "diverged", "waiting")
_MOST_SHOWN = 40


@dataclass(frozen=True)
class RunStatus:
    """Where one run stands.

    fraction  the share of its tokens (or steps) it has seen, None if that is unknown
    seconds   of all its attempts
    note      why it failed or diverged, or why it is to be tried again
    """

    id: str
    name: str
    state: RunState
    fraction: float | None = None
    N: float | None = None
    D: float | None = None
    loss: float | None = None
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, repr=False)
class Progress:
    """Where a study stands, run by run.

    left   seconds until it is over, None while nothing has been learnt about that
    cost   US dollars so far, None without a price
    """

    name: str
    runs: tuple[RunStatus, ...]
    left: float | None
    cost: float | None

    def count(self, state: RunState) -> int:
        """Return the number of runs in a state."""
        return self.counts()[state]

    def counts(self) -> Counter[RunState]:
        """Return the number of runs in each state."""
        return Counter(run.state for run in self.runs)

    @property
    def over(self) -> bool:
        """Return whether every run has ended."""
        return not self.count("waiting") and not self.count("running")

    def as_dict(self) -> dict[str, Any]:
        """Return the progress as plain values for JSON."""
        counts = self.counts()
        states: dict[str, int] = {state: counts[state] for state in STATES}
        return {"study": self.name, **states, **json_of(self, "seconds_left=left cost runs")}

    def __rich__(self) -> View:
        return self.table()

    def __str__(self) -> str:
        return plain(self.table())

    def _repr_html_(self) -> str:
        return html(self.table())

    def table(self, *, every: bool = False) -> View:
        """Return the progress as a table: all runs if they are few or if asked, else those with news."""
        found = self.counts()
        counts = [f"{found[state]} {state}" for state in STATES if found[state]]
        rest = [f"about {duration(self.left)} left"] if self.left else []
        rest += [f"{self.cost:.2f} USD so far"] if self.cost is not None else []
        news = [run for run in self.runs if run.state in {"running", "failed", "diverged"} or run.note]
        listed = self.runs if every or len(self.runs) <= _MOST_SHOWN else tuple(news[:_MOST_SHOWN])
        rows = [_row(run) for run in listed]
        parts: list[View] = [heading(self.name, "   ".join([f"{len(self.runs)} runs: {', '.join(counts)}", *rest]))]
        parts += [table(("run", "state", "seen", "loss", "time", ""), rows)] if rows else []
        if len(listed) < len(self.runs):
            parts.append(dim(f"{len(self.runs) - len(listed)} more runs: --all"))
        return group(*parts)


def _row(run: RunStatus) -> tuple[str, ...]:
    seen = "" if run.fraction is None else f"{run.fraction:.0%}"
    loss = "" if run.loss is None else show(run.loss, 5)
    return run.name, run.state, seen, loss, duration(run.seconds) if run.seconds else "", run.note


def duration(seconds: float) -> str:
    """Return a time as people read it: 42 s, 12 min, 3.4 h, 2.1 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.{int(name == 'h')}f} {name}"
    return f"{seconds / 86_400:.1f} days"


def progress(study: Study) -> Progress:
    """Return where a study stands, from its files alone."""
    begun = folders(study)
    return summary(study, [run_status(study, run) if run.id in begun else waiting(run) for run in study.runs])


def folders(study: Study) -> frozenset[str]:
    """Return the ids of the runs that have a folder; the others were never begun."""
    try:
        return frozenset(os.listdir(study.folder / RUNS))  # noqa: PTH208 - ten thousand names, no paths
    except FileNotFoundError:
        return frozenset()


def waiting(run: StudyRun, note: str = "") -> RunStatus:
    """Return the status of a run that nobody works on."""
    return RunStatus(run.id, run.name, "waiting", note=note)


def ended(run: StudyRun, result: Result) -> RunStatus:
    """Return the status of a run that has ended."""
    state: RunState = result.ending.lower()  # type: ignore[assignment]
    return RunStatus(
        run.id, run.name, state, 1.0 if state == "done" else None, result.N, result.D, result.loss,
        seconds=result.seconds, note=result.reason,
    )  # fmt: skip


def run_status(study: Study, run: StudyRun) -> RunStatus:
    """Return where a run stands, from the files in its folder."""
    place, claims = f"{study.folder}/{RUNS}/{run.id}", list[Claim]()  # ten thousand times: making a Path takes longer
    try:
        result = read_result(place)
        if result is None and (claims := claims_in(study.folder_of(run))) and claims[-1].ended in ENDINGS:
            result = read_result(place)  # written since we looked for it
    except DataError:
        return waiting(run, "its result is damaged: isoflop study repair")
    if result is not None:
        return ended(run, result)
    folder = study.folder_of(run)
    if not claims:
        return waiting(run)
    spent = sum(claim.seconds for claim in claims)
    if not seems_alive(claims[-1], folder, study.settings.heartbeat):
        note = claims[-1].ended or "its worker died"
        return RunStatus(run.id, run.name, "waiting", seconds=spent, note=f"attempt {len(claims)}: {note}")
    return running(study, run, claims[-1], record=last_record(folder / METRICS), spent=spent)


def running(study: Study, run: StudyRun, claim: Claim, *, record: Mapping[str, Any], spent: float) -> RunStatus:
    """Return the status of a run at work from its last record."""
    loss = study.settings.letter("loss", record)
    D = study.settings.letter("D", run.config)
    return RunStatus(
        run.id, run.name, "running", _fraction(study, run, record), study.settings.letter("N", record, run.config), D,
        loss, spent + max(0.0, time.time() - claim.since), "" if claim.attempt == 1 else f"attempt {claim.attempt}",
    )  # fmt: skip


def _fraction(study: Study, run: StudyRun, record: Mapping[str, Any]) -> float | None:
    """Return the share of the planned tokens, or steps, that a record says were seen."""
    planned = study.settings.letter("D", run.config)
    for reached, of in (("tokens", planned), (study.settings.column("D"), planned), ("step", run.config.get("steps"))):
        value = record.get(reached)
        if isinstance(value, int | float) and isinstance(of, int | float) and of > 0:
            return max(0.0, min(1.0, value / of))
    return None


def summary(study: Study, runs: Iterable[RunStatus]) -> Progress:
    """Return the progress of a study from its runs' states."""
    found = tuple(runs)
    price = study.settings.dollars_per_hour
    cost = None if price is None else price / 3600 * sum(run.seconds for run in found)
    return Progress(study.settings.name, found, _left(study, found), cost)


def _left(study: Study, runs: tuple[RunStatus, ...]) -> float | None:
    """Return the seconds left: work still to do, at the pace of the work done, by as many workers.

    Work is N times D where the plan knows both, D where it knows that, and otherwise each run is as long as another.
    """
    left = any(run.state in {"running", "waiting"} for run in runs)
    if not left or not any(run.seconds for run in runs):
        return None
    work = _work(study)
    finished = [(work[run.id], run.seconds) for run in runs if run.state == "done" and run.seconds]
    finished += [(work[run.id] * run.fraction, run.seconds) for run in runs if run.state == "running" and run.fraction]
    rest = [work[run.id] * (1 - (run.fraction or 0)) for run in runs if run.state in {"running", "waiting"}]
    done = sum(part for part, _ in finished)
    if not rest or not done:
        return None
    at_work = sum(run.state == "running" for run in runs)  # on a cluster, more than there are cores here
    at_once = min(len(rest), max(at_work, study.settings.workers or max(1, cores() // study.settings.threads)))
    return sum(rest) * sum(seconds for _, seconds in finished) / done / at_once


def _work(study: Study) -> dict[str, float]:
    for letters in ("ND", "D"):
        work = {run.id: size for run in study.runs if (size := _size(study, run, letters))}
        if len(work) == len(study):
            return work
    return dict.fromkeys([run.id for run in study.runs], 1.0)


def _size(study: Study, run: StudyRun, letters: str) -> float:
    """Return the product of a run's N and D, or its D, as far as the plan knows them; 0 where it does not."""
    size = 1.0
    for letter in letters:
        size *= study.settings.letter(letter, run.config) or 0.0
        if not size:
            break
    return size
