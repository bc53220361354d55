"""How the best N and D grow with compute: two power laws with their uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import Finding, json_of
from isoflop.formula.arrays import Array

APART = 2.0
"""Combined standard errors between two exponents that count as disagreement; one would fire on a third of
sound ladders."""


class Evidence(Protocol):
    """What a frontier was read off: the minima of parabolas, or an envelope of curves."""

    def as_dict(self) -> dict[str, Any]:
        """Return the evidence as it stands in the JSON."""


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """A power law of compute, y = coefficient * C^exponent; call it with a C.

    middle  the geometric mean of the compute it was fitted on
    height  ln y at the middle, and slope the exponent; their draws have the shape (draws,)
    """

    middle: float
    height: float
    slope: float
    height_draws: Array
    slope_draws: Array
    level: float = LEVEL

    def __call__(self, C: float) -> Estimate:
        """Return y at C FLOPs."""
        distance = math.log(C / self.middle)
        drawn = self.height_draws + self.slope_draws * distance
        return _exponential(self.height + self.slope * distance, drawn, self.level)

    @property
    def exponent(self) -> Estimate:
        """Return the exponent."""
        return from_draws(self.slope, self.slope_draws, self.level)

    @property
    def coefficient(self) -> Estimate:
        """Return the coefficient: y at one FLOP, far from any run, so uncertain by its very definition."""
        return self(1.0)

    def as_dict(self) -> dict[str, Any]:
        """Return exponent and coefficient as they stand in the JSON."""
        return json_of(self, "exponent coefficient")


@dataclass(frozen=True)
class Optimum:
    """The best size and the tokens to go with it at a compute of C."""

    C: float
    N: Estimate
    D: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the optimum as it stands in the JSON."""
        return json_of(self, "C N D")


Seen_co = TypeVar("Seen_co", bound=Evidence, covariant=True)


@dataclass(frozen=True, eq=False)
class Frontier(Generic[Seen_co]):
    """How the best N and D grow with compute, what that was read off, and the findings about it.

    approach  1 (envelope of curves) or 2 (a parabola per budget)
    The intervals hold what the noise of the runs allows if the optimum does follow a power law.
    """

    approach: int
    N: PowerLaw
    D: PowerLaw
    evidence: Seen_co
    findings: tuple[Finding, ...] = ()

    def at(self, C: float) -> Optimum:
        """Return the best N and D at C FLOPs."""
        return Optimum(float(C), self.N(C), self.D(C))

    def as_dict(self) -> dict[str, Any]:
        """Return the frontier as it stands in the JSON."""
        return json_of(self, "approach N D evidence findings")

    def __str__(self) -> str:
        return f"approach {self.approach}: N_opt ~ C^{self.N.exponent}, D_opt ~ C^{self.D.exponent}"


def power_law(C: Array, values: Array, drawn: Array, *, level: float) -> PowerLaw:
    """Return the least-squares power law through ln values (points,), with its draws (draws, points).

    Where the points scatter about the line more than their own draws explain, the draws are widened
    by that ratio (Birge 1932).
    """
    x = np.log(C)
    height, slope = line(x, values[None])
    height_draws, slope_draws = line(x, drawn)
    widen = _birge(values - height - slope * (x - x.mean()), drawn)
    return PowerLaw(
        middle=float(np.exp(x.mean())), height=float(height[0]), slope=float(slope[0]),
        height_draws=height + widen * (height_draws - height), slope_draws=slope + widen * (slope_draws - slope),
        level=level,
    )  # fmt: skip


def line(x: Array, y: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return height (at the mean of x) and slope of the line through each row of y (rows, points).

    weights (rows, points) choose the points of each row; a row with fewer than two different x is nan.
    """
    w = np.ones_like(y) if weights is None else weights
    total = w.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        x_mean, y_mean = (
            (w * x).sum(axis=1, keepdims=True) / total,
            (w * y).sum(axis=1, keepdims=True) / total,
        )
        slope = (w * (x - x_mean) * (y - y_mean)).sum(axis=1) / (w * (x - x_mean) ** 2).sum(axis=1)
    return y_mean[:, 0] + slope * (x.mean() - x_mean[:, 0]), slope


def unknown(level: float) -> PowerLaw:
    """Return the power law of which nothing is known."""
    return PowerLaw(1.0, math.nan, math.nan, np.empty(0), np.empty(0), level)


def disagreement(frontier: Frontier[Evidence], exponent: Estimate, *, apart: float = APART) -> tuple[Finding, ...]:
    """Return the finding F13 if a fitted law's exponent of N_opt on C differs from the frontier's.

    apart  combined standard errors from which on that counts
    """
    here = frontier.N.exponent
    error = math.hypot(_standard_error(here), _standard_error(exponent))
    off = abs(here.value - exponent.value)
    if not off > apart * error:
        return ()
    return (
        Finding(
            "F13",
            "WARN",
            f"approach {frontier.approach} finds N_opt ~ C^{here}, the fitted law C^{exponent}: "
            f"{off / error:.1f} combined standard errors apart.",
            "Show both, and prefer the law unless its residuals near the minima have a pattern.",
        ),
    )


def _standard_error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / (2 * NormalDist().inv_cdf((1 + estimate.level) / 2))


def _birge(residuals: Array, drawn: Array) -> float:
    freedom = len(residuals) - 2
    spread = float(np.sqrt(drawn.var(axis=0).mean())) if drawn.size else math.nan
    if freedom < 1 or not spread > 0:
        return 1.0
    return max(1.0, math.sqrt(float(residuals @ residuals) / freedom) / spread)


def _exponential(value: float, drawn: Array, level: float) -> Estimate:
    found = from_draws(value, drawn, level)
    with np.errstate(over="ignore"):
        value, low, high = (float(np.exp(part)) for part in (found.value, found.low, found.high))
    return Estimate(value, low, high, level)
