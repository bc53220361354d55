"""What a command reports: JSON objects, one a line, and whether they say that the run has diverged."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Record = dict[str, bool | int | float | str]

LONGEST_LINE = 2**16
"""Bytes of a line; what is longer is no record, whatever it begins with."""
_MOST_KEYS = 1000
_LOSS = ("loss", "train_loss", "val_loss")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")


def parse_record(line: bytes) -> Record | None:
    """Return the plain values of a line that is a JSON object with a number in it; None for any other line.

    NaN and Infinity are read as such, bare or as text: they say how a run went.
    """
    text = line.strip()
    if not text.startswith(b"{") or len(text) > LONGEST_LINE:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    plain = {str(key): value for key, value in found.items() if isinstance(value, bool | int | float | str)}
    record = {key: _number(value, loss=key in _LOSS) for key, value in plain.items()}
    return record if any(isinstance(value, int | float) for value in record.values()) else None


def _number(value: float | str, *, loss: bool) -> float | str:
    """Return a value as it counts: nan and infinity as such, and a loss that was printed as text as a number."""
    if isinstance(value, str) and value.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        return float(value)
    if loss and isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    with suppress(OverflowError):
        return float(value) if isinstance(value, int) and abs(value) > 2**63 else value
    return math.inf


def diverged(record: Mapping[str, Any], loss: str) -> str | None:
    """Return the key whose value says that the run has diverged: a loss that is not finite; None if it has not."""
    for key in (loss, *_LOSS):
        value = record.get(key)
        if isinstance(value, float) and not math.isfinite(value):
            return key
    return None


def merge(latest: Record, record: Record) -> None:
    """Take over a record's values: what was said last of each key counts."""
    for key, value in record.items():
        if key in latest or len(latest) < _MOST_KEYS:
            latest[key] = value


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a metrics file; a last line that was torn off is none."""
    with suppress(FileNotFoundError), path.open("rb") as stream:
        for line in stream:
            record = parse_record(line) if line.endswith(b"\n") else None
            if record is not None:
                yield record


def last_record(path: Path) -> Record:
    """Return what the end of a metrics file says, without reading the rest."""
    latest: Record = {}
    with suppress(FileNotFoundError), path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - LONGEST_LINE))
        for line in stream.read().split(b"\n")[:-1]:
            merge(latest, parse_record(line) or {})
    return latest
