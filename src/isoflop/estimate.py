"""Estimate: a number with its interval, never one without the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.units import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEVEL = 0.9
"""The level of an interval unless somebody asks for another."""


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that holds it at `level`; unknown is nan, out of reach is inf."""

    value: float
    low: float = math.nan
    high: float = math.nan
    level: float = LEVEL

    def __str__(self) -> str:
        if math.isnan(self.low):
            return show(self.value)
        return f"{show(self.value)} [{show(self.low)}, {show(self.high)}]"

    def as_dict(self) -> dict[str, float]:
        """Give value, low and high as they stand in the JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def from_draws(value: float, draws: ArrayLike, level: float = LEVEL) -> Estimate:
    """Give the estimate whose interval spans the middle `level` of the draws, and the value itself."""
    found = np.asarray(draws, float)
    found = found[~np.isnan(found)]
    if not found.size:
        return Estimate(float(value), level=level)
    ordered, tail = np.sort(found), (1 - level) / 2
    low, high = (ordered[max(math.ceil(share * found.size) - 1, 0)] for share in (tail, 1 - tail))
    return Estimate(float(value), float(min(low, value)), float(max(high, value)), level)


def student(level: float, freedom: int) -> float:
    """Give how many standard errors an interval of this level reaches, by Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(max(freedom, 1), 0.5 + level / 2))


def median(values: ArrayLike, axis: int = -1) -> Any:
    """Give the median along an axis, without the 30 ms that `np.median` takes to load masked arrays."""
    ordered = np.sort(np.asarray(values, float), axis=axis)
    count = ordered.shape[axis]
    return (ordered.take((count - 1) // 2, axis=axis) + ordered.take(count // 2, axis=axis)) / 2
