"""How runs ended: one file a run, DONE, FAILED or DIVERGED, written once and never again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from isoflop.errors import DataError, shown
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.reported import Record
from isoflop.files import write_once

Ending = Literal["DONE", "DIVERGED", "FAILED"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)

METRICS, LOG, ERRORS = "metrics.jsonl", "log.txt", "errors.txt"
ABOUT, CONFIG = "run.json", "config.json"
"""The other files in a run's folder: records, other output, what went to stderr; what the run is."""


@dataclass(frozen=True)
class Result:
    """How a run ended.

    N, D, C, loss  in base units; None where the command and the configuration do not say
    seconds        of all its attempts together
    reported       what the command said last of every key
    """

    ending: Ending
    reason: str
    N: float | None
    D: float | None
    C: float | None
    loss: float | None
    seconds: float
    attempts: int
    ended: float
    reported: Mapping[str, Any]


def conclude(study: Study, run: StudyRun, reported: Record, **how: Any) -> Result:
    """Give the result of a run from what it reported; `how` is its ending, reason, seconds, attempts and end.

    C follows the study's FLOP rule if N and D are known. A run that did not end well has no loss.
    """
    read = study.settings.letter
    N, D = (read(letter, reported, run.config) for letter in "ND")
    loss = read("loss", reported) if how["ending"] == "DONE" else None
    return Result(N=N, D=D, C=training_flops(study, N, D), loss=loss, reported=_strict(reported), **how)


def training_flops(study: Study, N: float | None, D: float | None) -> float | None:
    """Give the training FLOPs by the study's rule, None if N or D is unknown."""
    if N is None or D is None:
        return None
    from isoflop.compute.flops import rule_named

    return float(rule_named(study.settings.flop_rule).flops(N, D))


def _strict(reported: Record) -> dict[str, Any]:
    """Give the record with nan and infinity as text, so that the file is strict JSON."""
    return {key: str(value) if value in (float("inf"), -float("inf")) or value != value else value  # noqa: PLR0124
            for key, value in reported.items()}  # fmt: skip


def save_result(result: Result, folder: Path) -> bool:
    """Write how a run ended; False, and nothing written, if it had ended before."""
    if read_result(folder) is not None:
        return False
    return write_once(folder / result.ending, json.dumps(asdict(result), allow_nan=False).encode() + b"\n")


def read_result(folder: Path | str) -> Result | None:
    """Give how the run of a folder ended, None if it has not; raises DataError if the file is damaged."""
    place = os.fspath(folder)
    for ending in ENDINGS:
        content = _content(f"{place}/{ending}")
        if content is not None:
            try:
                return Result(**json.loads(content.decode()))
            except (ValueError, TypeError):
                raise DataError(f"{shown(place)}/{ending}: is damaged. Say isoflop study repair.") from None
    return None


def _content(path: str) -> bytes | None:
    """Give what a file holds, None if there is none; ten thousand are read at a time, and Python's files are slow."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return os.read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)
