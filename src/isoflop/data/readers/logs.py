"""Logged: one run as a tracker wrote it down, and what every reader of such logs needs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.data.limits import MAX_KEYS, MAX_POINTS
from isoflop.data.readers.source import read_bytes
from isoflop.errors import DataError, shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

Cell = str | float | bool | None
Cells = Mapping[str, Cell]

_LONGEST = 500
_DEEPEST = 8


@dataclass(frozen=True, eq=False)
class Series:
    """The values of one metric and the step of each, both (points,), in order of the step."""

    steps: Array
    values: Array

    def at(self, steps: Array) -> Array:
        """Return the last value logged at or before each of these steps; nan before the first."""
        place = np.searchsorted(self.steps, steps, side="right") - 1
        return np.where(place >= 0, self.values[np.maximum(place, 0)], np.nan)


@dataclass(frozen=True, eq=False)
class Logged:
    """One run as a tracker wrote it down.

    name     what the run is called
    config   its settings, nested ones by dotted keys
    metrics  key -> what was logged of it
    summary  what was noted about the run as a whole
    status   how it ended, in the tracker's word; empty if the source does not say
    known    what the format itself says a key means: {"D": "num_input_tokens_seen"}
    doubts   findings on the source, such as a log that ends in the middle of a record
    ended    the last step, if the source says it; else it is the last that anything was logged at
    identity      what the tracker knows the run by: pieces with one identity are one run, resumed
    counts_calls  whether its steps count calls of the tracker's log, which need not be the optimiser's steps
    """

    name: str
    config: Cells = field(default_factory=dict)
    metrics: Mapping[str, Series] = field(default_factory=dict)
    summary: Cells = field(default_factory=dict)
    status: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()
    ended: float = math.nan
    identity: str = ""
    counts_calls: bool = False

    @property
    def last_step(self) -> float:
        """The last step at which anything was logged; nan if nothing was."""
        if not math.isnan(self.ended):
            return self.ended
        return max((float(found.steps[-1]) for found in self.metrics.values() if len(found.steps)), default=math.nan)


def series(steps: Iterable[float] | Array, values: Iterable[float] | Array) -> Series:
    """Return a metric in order of its steps; what was logged last at a step stands, as after a restart."""
    at, found = (one if isinstance(one, np.ndarray) else np.array(list(one), np.float64) for one in (steps, values))
    at, found = at.astype(np.float64, copy=False), found.astype(np.float64, copy=False)
    if len(at) > 1 and (np.diff(at) <= 0).any() and at.min() < at.max():
        order = np.argsort(at, kind="stable")
        order = order[np.append(np.diff(at[order]) > 0, True)]  # the last of its step
        at, found = at[order], found[order]
    return Series(at, found)


def torn(source: str, what: str) -> tuple[Finding, ...]:
    """Return the finding D16 on a log that ends in the middle of something."""
    return (
        Finding(
            "D16", "WARN", f"{shown(source)} ends in the middle of {what}: what comes before it was read",
            "see whether the run has ended, or copy the file again",
        ),
    )  # fmt: skip


def damaged(source: str, place: int, why: str) -> DataError:
    """Return the error for a log whose bytes are not as they were written."""
    return DataError(f"{shown(source)}: is damaged at byte {place:,}: {why}. Copy it again from where it was written.")


def refuse_many(points: int, source: str) -> None:
    """Refuse a source with more values of metrics than are read."""
    if points > MAX_POINTS:
        raise DataError(f"{shown(source)}: has more than {MAX_POINTS:,} values of metrics. Name fewer runs.")


def flat(nested: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Cell]:
    """Return nested settings by dotted keys; lists, long texts and what W&B writes for itself are left out."""
    found: dict[str, Cell] = {}
    for name, value in nested.items():
        if before + name == "_wandb":
            continue
        if isinstance(value, Mapping) and depth < _DEEPEST:
            found |= flat(value, f"{before}{name}.", depth + 1)
        elif isinstance(value, str | bool | int | float) and not (isinstance(value, str) and len(value) > _LONGEST):
            found[before + name] = value if isinstance(value, str | bool) else _float(value)
        if len(found) > MAX_KEYS:
            raise DataError(f"a run has more than {MAX_KEYS} settings. Export a table with the ones needed.")
    return found


def number(value: object) -> float | None:
    """Return a logged value as a number, trackers' words for nan and infinity included; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value)
    return float(value) if isinstance(value, str) and value in {"NaN", "Infinity", "-Infinity"} else None


def read_json(path: Path) -> Any:
    """Return the document in a JSON file that a trainer wrote, in which NaN and Infinity may stand."""
    source = shown(str(path))
    try:
        return json.loads(read_bytes(path).decode())
    except RecursionError:
        raise DataError(f"{source}: is nested too deep for a log.") from None
    except UnicodeDecodeError as error:
        raise damaged(str(path), error.start, "this is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise damaged(str(path), error.pos, f"this is not JSON ({error.msg})") from None
    except ValueError as error:
        raise DataError(f"{source}: {error}.") from None


def whole_lines(path: Path) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a log up to its last line break: what comes after it may be half a number."""
    data = read_bytes(path)
    end = data.rfind(b"\n") + 1
    try:
        text = data[:end].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(str(path), error.start, "this is not UTF-8") from None
    if "\0" in text:
        raise damaged(str(path), data.index(b"\0"), "this is a NUL byte")
    return text, torn(str(path), "a line") if data[end:].strip() else ()


def settings(path: Path) -> dict[str, Cell]:
    """Return the plain `key: value` lines of a YAML file; lists and anything nested are left out.

    Not YAML: tags, anchors and the rest of the language are never looked at.
    """
    found: dict[str, Cell] = {}
    for line in read_bytes(path).decode(errors="replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and key == key.strip() and key and key[0] not in "#-&*!%@'\"[{?" and (text := value.strip()):
            cell = _scalar(text)
            if cell is not None:
                found[key] = cell
    return found


def _scalar(text: str) -> Cell:
    """Return one plain or quoted value; None for null, a list, a tag or anything else."""
    if text[0] == "'" and text[-1] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[0] == '"':
        try:
            quoted = json.loads(text)
        except ValueError:
            return None
        return quoted if isinstance(quoted, str) else None
    if text[0] in "&*!|>[{%@`-+." and not text.lstrip("-+.")[:1].isdigit():
        return None
    if text.lower() in {"true", "false", "null", "~"}:
        return {"true": True, "false": False}.get(text.lower())
    try:
        return float(text)
    except ValueError:
        return text


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")
