"""What a study foretells of its own runs: registered before they are trained, scored when they have ended.

A run foretells its loss where its configuration holds expected_loss with expected_low and expected_high, as in the
study.toml that `plan -o study.toml` writes. It is registered in STUDY/forecasts.jsonl under its name and id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from isoflop.estimate import LEVEL
from isoflop.experiments.register.entry import Foretold, Scored
from isoflop.experiments.register.ledger import FILE, add, open_ledger
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.results import read_result

KEYS = ("expected_loss", "expected_low", "expected_high")
"""The keys of a configuration that hold a loss and its interval."""
_NOT_INPUTS = {*KEYS, "expected_level"}


def freeze(study: Study, runs: Sequence[StudyRun]) -> None:
    """Register what a study foretells of runs that have not ended, once each."""
    known = open_ledger(study.folder / FILE).forecasts
    for run, entry in _foretold(runs):
        if entry.name not in known and read_result(study.folder_of(run)) is None:
            add(study.folder / FILE, entry)


def score(study: Study, runs: Sequence[StudyRun]) -> None:
    """Add to the study's register what came of the runs that were foretold there and have ended well."""
    ledger = open_ledger(study.folder / FILE)
    for run, entry in _foretold(runs):
        if entry.name in ledger.forecasts and entry.name not in ledger.scores:
            result = read_result(study.folder_of(run))
            if result is not None and result.loss is not None:
                add(study.folder / FILE, Scored(name=entry.name, value=result.loss, source=f"runs/{run.id}"))


def _foretold(runs: Sequence[StudyRun]) -> Iterator[tuple[StudyRun, Foretold]]:
    for run in runs:
        told = [run.config.get(key) for key in KEYS]
        value, low, high = (float(one) if _is_number(one) else -1.0 for one in told)
        if not 0 < low <= value <= high:
            continue
        level = run.config.get("expected_level", LEVEL)
        yield run, Foretold(
            name=f"{run.name} {run.id[:8]}", verb="study", metric="loss", value=value, low=low, high=high,
            at={key: float(one) for key, one in run.config.items() if _is_number(one) and key not in _NOT_INPUTS},
            level=float(level) if _is_number(level) else LEVEL,
        )  # fmt: skip


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
