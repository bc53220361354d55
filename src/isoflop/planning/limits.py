"""Limits that the source of a curve states: a plan beyond them is refused, with the nearest budget inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.compute.allocation import FOR_DRAWS, Allocation
from isoflop.errors import UsageError
from isoflop.findings import Finding
from isoflop.formula.arrays import Array, Bools, bisect
from isoflop.quantities import show, show_flops

_LEAST, _MOST = math.log(1e12), math.log(1e32)
"""Logarithms of the budgets between which the nearest one inside is sought."""
_NEAR = 1e-6
"""Relative: a limit is kept within rounding."""


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """A limit that a run crosses: the curve, the input, its value, and the range that the source states."""

    curve: str
    key: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        edge = (
            f"up to {_told(self.key, self.high)}" if self.value > self.high else f"from {_told(self.key, self.low)} on"
        )
        return f"{self.curve} holds {edge}, as its source says; this is {_told(self.key, self.value)}"


def _told(key: str, value: float) -> str:
    words = {"N": " active parameters", "D": " tokens", "experts": " experts"}
    return f"{show(value)}{words.get(key, f' {key}')}"


def limits_crossed(line: Allocation, N: float, D: float) -> tuple[Crossed, ...]:
    """Return the limits stated for the curves of a predictor that a run of N parameters on D tokens crosses."""
    at = line.terms.effective_inputs(line.by.inputs, np.array([N]), np.array([D]))
    return tuple(
        Crossed(curve=curve.name, key=key, value=float(np.ravel(at[key])[0]), low=low, high=high)
        for curve in line.by.curves
        for key, (low, high) in curve.holds.items()
        if key in at and not low * (1 - _NEAR) <= float(np.ravel(at[key])[0]) <= high * (1 + _NEAR)
    )


def beyond_limits(crossed: Sequence[Crossed]) -> Finding:
    """Return the finding P28: a curve was used where its own source says that it fails."""
    return Finding(
        "P28", "WARN", "; ".join(map(str, crossed)) + ": what follows is no plan, and there is no run sheet",
        "plan without that curve, or within its limits",
    )  # fmt: skip


class OutsideError(UsageError):
    """A plan beyond the limits that the source of its curve states; `nearest` is the nearest budget inside, or nan."""

    def __init__(self, text: str, nearest: float = math.nan) -> None:
        super().__init__(text)
        self.nearest = nearest


def refusal(line: Allocation, crossed: Sequence[Crossed], *, budget: float) -> OutsideError:
    """Return the error that says why a plan is refused, the nearest budget that is inside, and what else to do."""
    near = nearest_inside(line, budget)
    inside = (
        "no budget is inside under these terms"
        if math.isnan(near)
        else (f"the nearest budget inside is {show_flops(near)} FLOPs (--flops {near:.2e})".replace("e+", "e"))
    )
    other = (
        "plan without naming a curve, which takes dense curves and what experts are worth (tian2025-leverage)"
        if line.terms.mixture
        else "plan by another curve, or by your runs"
    )
    text = f"{'; '.join(map(str, crossed))}. {inside[:1].upper()}{inside[1:]}; {other}; or say --beyond."
    return OutsideError(text, near)


def nearest_inside(line: Allocation, budget: float) -> float:
    """Return the budget nearest to this one whose best run crosses no stated limit, in FLOPs; nan if there is none."""
    grid = np.linspace(_LEAST, _MOST, 61)
    good = _inside(line, grid)
    if not good.any():
        return math.nan
    start = float(grid[good][np.argmin(np.abs(grid[good] - math.log(budget)))])
    edge = bisect(lambda log_c: _inside(line, log_c), np.array([start]), np.array([math.log(budget)]), halvings=16)
    return float(np.exp(edge[0]))


def _inside(line: Allocation, log_budgets: Array) -> Bools:
    budgets = np.exp(log_budgets)
    found = []
    for flops in budgets.tolist():
        try:
            log_n = line.best(np.array([flops]), halvings=FOR_DRAWS)
        except UsageError:  # too little for the bounds
            found.append(False)
            continue
        size, tokens = float(np.exp(log_n)[0]), float(np.ravel(line.tokens(log_n, np.array([flops])))[0])
        found.append(not limits_crossed(line, size, tokens))
    return np.array(found)
