"""Estimate: a number with its interval, never one without the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from isoflop.errors import UsageError
from isoflop.quantities import digits_apart, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEVEL = 0.9
"""The level of an interval unless somebody asks for another."""
LEVELS = (0.001, 0.9999)
"""The levels that can be asked for: a thousand draws tell no finer ones."""


_COUNTED = ("no", "one", "two", "three")
Number = SupportsFloat
"""What an Estimate can be added to and compared with: a number, or another Estimate by its value."""


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that holds it at `level`; unknown is nan, out of reach is inf.

    It is a number, its value, wherever one is wanted: float(), formats such as f"{loss:.3f}", arithmetic, comparison.

    intervals  kind → (low, high), where more than one way to know the value was tried: statistical (if the
               law is right), calibrated (if it errs as in backtests), laws (wherever another law puts it)

    >>> loss = isoflop.Estimate(2.01, 1.97, 2.06)
    >>> print(loss.value, loss.low, loss.high, loss.level)
    2.01 1.97 2.06 0.9
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    level: float = LEVEL
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __str__(self) -> str:
        if math.isnan(self.low):
            return show(self.value)
        digits = digits_apart(self.low, self.value, self.high, digits=3)
        return f"{show(self.value, digits)} [{show(self.low, digits)}, {show(self.high, digits)}]"

    @property
    def meaning(self) -> str:
        """What the interval is, as a column is headed: of a level, the widest of several such, or what curves span."""
        level = f"{self.level:.0%} interval"
        known = [ends for ends in self.intervals.values() if not math.isnan(ends[0])]
        if set(self.intervals) == {"laws"}:
            return "the curves span"
        if len(known) < 2 or (self.low, self.high) == self.intervals.get("calibrated"):
            return level
        return f"widest of {_COUNTED[len(known)]} {level}s"

    def __float__(self) -> float:
        return self.value

    def __format__(self, form: str) -> str:
        return format(self.value, form) if form else str(self)

    def __add__(self, other: Number) -> float:
        return self.value + float(other)

    def __sub__(self, other: Number) -> float:
        return self.value - float(other)

    def __rsub__(self, other: float) -> float:
        return other - self.value

    def __mul__(self, other: Number) -> float:
        return self.value * float(other)

    def __truediv__(self, other: Number) -> float:
        return self.value / float(other)

    def __rtruediv__(self, other: float) -> float:
        return other / self.value

    def __pow__(self, other: Number) -> float:
        return float(self.value ** float(other))

    def __neg__(self) -> float:
        return -self.value

    def __abs__(self) -> float:
        return abs(self.value)

    def __lt__(self, other: Number) -> bool:
        return self.value < float(other)

    def __le__(self, other: Number) -> bool:
        return self.value <= float(other)

    def __gt__(self, other: Number) -> bool:
        return self.value > float(other)

    def __ge__(self, other: Number) -> bool:
        return self.value >= float(other)

    __radd__, __rmul__ = __add__, __mul__

    def as_dict(self) -> dict[str, Any]:
        """Return value, low and high as they stand in the JSON, and each kind of interval there is."""
        found: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high}
        if self.intervals:
            found["intervals"] = {kind: list(ends) for kind, ends in self.intervals.items()}
        return found


def from_draws(value: float, draws: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the estimate whose interval spans the middle `level` of the draws, and the value itself."""
    found = np.asarray(draws, float)
    found = found[~np.isnan(found)]
    if not found.size:
        return Estimate(float(value), level=level)
    ordered, tail = np.sort(found), (1 - level) / 2
    low, high = (ordered[max(math.ceil(share * found.size) - 1, 0)] for share in (tail, 1 - tail))
    return Estimate(float(value), float(min(low, value)), float(max(high, value)), level)


def weighted(value: float, draws: ArrayLike, weights: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Give the estimate whose interval spans the middle `level` of draws that do not all count alike, and the value."""
    found, share = (np.asarray(part, float) for part in (draws, weights))
    known = ~np.isnan(found)
    if not known.any():
        return Estimate(float(value), level=level)
    order = np.argsort(found[known])
    ordered, below = found[known][order], np.cumsum(share[known][order])
    places = np.searchsorted(below, below[-1] * np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = ordered[np.minimum(places, ordered.size - 1)].tolist()
    return Estimate(float(value), min(low, float(value)), max(high, float(value)), level)


def refuse_level(level: float) -> None:
    """Refuse a level that is none; raises UsageError."""
    if not 0 < level < 1:
        raise UsageError(f"level={level:g} must be between 0 and 1, as in {LEVEL}.")
    if not LEVELS[0] <= level <= LEVELS[1]:
        raise UsageError(f"level={level:g} is no level that draws can tell: from {LEVELS[0]} to {LEVELS[1]}.")
