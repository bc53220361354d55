"""How runs ended: one file a run, DONE, FAILED or DIVERGED, written once and never again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from isoflop.errors import DataError, IsoflopError, shown
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.reported import Record
from isoflop.files import DAMAGED, parse_json, write_once
from isoflop.files.system import NO_WAIT

Ending = Literal["DONE", "DIVERGED", "FAILED"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)

METRICS, LOG, ERRORS = "metrics.jsonl", "log.txt", "errors.txt"
LARGEST = 64 << 20
"""The most bytes of a result that are read."""
ABOUT, CONFIG = "run.json", "config.json"
"""The other files in a run's folder: records, other output, what went to stderr; what the run is."""


@dataclass(frozen=True)
class Result:
    """How a run ended.

    N, D, C, loss  in base units; None where the command and the configuration do not say
    seconds        of all its attempts together
    reported       what the command said last of every key
    run            the id of the run; empty in files of before it was written
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
    run: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for what no run can have ended with: the file it was read from is damaged."""
        numbers = (self.N, self.D, self.C, self.loss)
        plain = all(one is None or _is_number(one) for one in numbers) and _is_number(self.seconds, self.ended)
        if not (plain and isinstance(self.reason, str) and isinstance(self.reported, dict) and self.ending in ENDINGS):
            raise ValueError("a value of another kind")


def _is_number(*values: object) -> bool:
    """Return whether all are finite numbers."""
    return all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < float("inf") for one in values)


def conclude(study: Study, run: StudyRun, reported: Record, **how: Any) -> Result:
    """Return the result of a run from what it reported; `how` is its ending, reason, seconds, attempts and end.

    C follows the study's FLOP rule if N and D are known. A run that did not end well has no loss.
    """
    read = study.settings.letter
    N, D = (read(letter, reported, run.config) for letter in "ND")
    loss = read("loss", reported) if how["ending"] == "DONE" else None
    C = training_flops(study, N, D)
    return Result(N=N, D=D, C=C, loss=loss, reported=_strict(reported), run=run.id, **how)


def training_flops(study: Study, N: float | None, D: float | None) -> float | None:
    """Return the training FLOPs by the study's rule, None if N or D is unknown."""
    if N is None or D is None:
        return None
    from isoflop.compute.flops import rule_named

    return float(rule_named(study.settings.flop_rule).flops(N, D))


def _strict(reported: Record) -> dict[str, Any]:
    """Return the record with nan and infinity as text, so that the file is strict JSON."""
    return {key: str(value) if value in (float("inf"), -float("inf")) or value != value else value  # noqa: PLR0124
            for key, value in reported.items()}  # fmt: skip


def save_result(result: Result, folder: Path) -> bool:
    """Write how a run ended; False, and nothing written, if it had ended before."""
    if read_result(folder) is not None:
        return False
    return write_once(folder / result.ending, _sealed(asdict(result)))


def _sealed(content: dict[str, Any]) -> bytes:
    """Return a result as a line of JSON that ends with the SHA-256 of the rest."""
    seal = hashlib.sha256(_plain(content)).hexdigest()
    return _plain({**content, "sha256": seal}) + b"\n"


def _unsealed(content: bytes, run: str) -> Result:
    """Return the result in a file; raises ValueError or its kin if it was damaged, edited, or is another run's."""
    found = parse_json(content)
    seal = found.pop("sha256", None)
    if seal is not None and seal != hashlib.sha256(_plain(found)).hexdigest():
        raise ValueError("it was changed")
    result = Result(**found)
    if result.run not in {"", run}:
        raise ValueError("it is another run's")
    return result


def _plain(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False).encode()


def read_result(folder: Path | str) -> Result | None:
    """Return how the run of a folder ended, None if it has not; raises DataError if the file is damaged."""
    place = os.fspath(folder)
    for ending in ENDINGS:
        content = _content(f"{place}/{ending}")
        if content is not None:
            try:
                return _unsealed(content, os.path.basename(place))  # noqa: PTH119 - ten thousand times
            except DAMAGED:
                raise DataError(f"{shown(place)}/{ending}: is damaged. Say isoflop study repair.") from None
    return None


def _content(path: str) -> bytes | None:
    """Return what a file holds, None if there is none; ten thousand are read at a time, and Python's files are slow."""
    try:
        handle = os.open(path, os.O_RDONLY | NO_WAIT)  # of a pipe, too, there is nothing to wait for
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise IsoflopError(f"{shown(path)}: cannot be read ({error.strerror}).") from None
    try:
        return os.read(handle, min(os.fstat(handle).st_size, LARGEST))
    except OSError:  # a folder
        return b""
    finally:
        os.close(handle)
