"""The runs of a study that have ended, as rows: what `isoflop fit` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isoflop.errors import DataError, UsageError, shown
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.progress import folders
from isoflop.experiments.study.results import Result, read_result
from isoflop.experiments.study.settings import suggestion

_LETTERS = ("N", "D", "C", "loss")
_ALONG = ("at", "step")  # when a record was made: of no use in a row for a whole run


def rows(study: Study, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Give a row for every run that has ended: what it is, N, D, C, loss, seconds, what it reported, its configuration.

    A run that failed or diverged has no loss. What every row lacks is left out. Where columns are named, the rows
    have these alone, in that order. Raises DataError if no run has ended, and UsageError for an unknown column.
    """
    begun = folders(study)
    ended = [(run, read_result(study.folder_of(run))) for run in study.runs if run.id in begun]
    found = [_row(study, run, result) for run, result in ended if result is not None]
    if not any(row["loss"] is not None for row in found):
        raise DataError(
            f"{study.folder}: none of its {len(study)} runs has finished with a loss. "
            f"Say isoflop study run {study.folder}."
        )
    names = dict.fromkeys(name for row in found for name in row)
    kept = [name for name in names if any(row.get(name) is not None for row in found)]
    for name in columns:
        if name not in kept:
            raise UsageError(f'there is no column "{shown(name)}".{suggestion(name, kept)}')
    return [{name: row.get(name) for name in columns or kept} for row in found]


def _row(study: Study, run: StudyRun, result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.name, "id": run.id, "status": result.ending.lower()}
    row |= {letter: getattr(result, letter) for letter in _LETTERS}
    planned = study.settings.letter("D", run.config)
    row |= {"planned_tokens": planned, "seconds": result.seconds}
    taken = {*row, *_ALONG, *(key for letter in _LETTERS for key in study.settings.keys(letter))}
    return row | {key: value for key, value in {**result.reported, **run.config}.items() if key not in taken}
