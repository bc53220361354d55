"""One line of a register: a forecast, frozen, or what came of one; each carries the hashes of the lines before it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from isoflop.errors import DataError, shown

HASH = 64
"""Hexadecimal digits of a SHA-256."""


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """A forecast as it was frozen.

    name     what the team calls it: one forecast a name
    verb     what foretold it: forecast, plan, watch, downstream
    at       inputs of the run: N, D, and whatever else
    level    of the interval from low to high
    decades  of compute beyond the runs that it was made from, nan where unknown
    digest   SHA-256 of the data it was made from
    asked    the words of the command
    who      who may be asked about it
    """

    name: str
    verb: str
    at: Mapping[str, float]
    metric: str
    value: float
    low: float
    high: float
    level: float
    decades: float = math.nan
    digest: str = ""
    asked: tuple[str, ...] = ()
    who: str = ""
    version: str = ""
    time: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """Return what was foretold, without when and by which version: equal for a forecast made twice."""
        return {key: value for key, value in asdict(self).items() if key not in {"time", "version"}}


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What came of a forecast: the value that the run reached, and where that was read."""

    name: str
    value: float
    source: str
    digest: str = ""
    version: str = ""
    time: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the file: the entry, the hashes of the lines that nothing followed when it was written, its own."""

    entry: Foretold | Scored
    previous: tuple[str, ...]
    hash: str = field(default="")

    def sealed(self) -> Line:
        """Return the line with the hash of all that it says."""
        return Line(entry=self.entry, previous=self.previous, hash=self._hash())

    @property
    def intact(self) -> bool:
        """Return whether the line says what it said when it was written."""
        return self.hash == self._hash()

    def text(self) -> str:
        """Return the line as it stands in the file."""
        return _canonical(self._content() | {"hash": self.hash})

    def _content(self) -> dict[str, Any]:
        kind = "forecast" if isinstance(self.entry, Foretold) else "score"
        return {"kind": kind, **_plain(asdict(self.entry)), "previous": list(self.previous)}

    def _hash(self) -> str:
        return hashlib.sha256(_canonical(self._content()).encode()).hexdigest()


def parse_line(text: str, place: str) -> Line:
    """Return a line of the file; raises DataError, naming the place, for what is none."""
    try:
        found = json.loads(text)
        kind, previous, seal = found.pop("kind"), tuple(found.pop("previous")), found.pop("hash")
        found = {key: math.nan if value is None else value for key, value in found.items()}
        if kind == "forecast":
            found["asked"] = tuple(found["asked"])
            return Line(entry=Foretold(**found), previous=previous, hash=seal)
        return Line(entry=Scored(**found), previous=previous, hash=seal)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(
            f"{place}: is no line of a register ({shown(text[:40])}…). Take the file back from version control."
        ) from None


def _plain(value: Any) -> Any:
    """Return values as strict JSON has them: nan is null, tuples are lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
