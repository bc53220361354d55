"""The best N for a budget, for any law that takes N and D, on every draw at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.compute.terms import Terms
from isoflop.errors import UsageError
from isoflop.formula import dual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.formula.law import Law

    Array = NDArray[np.float64]

PLAIN = Terms()
"""Training alone is paid, by C = 6ND, and nothing is bounded."""
_GRID, _HALVINGS, _FOR_RANGE = 96, 60, 30


class Allocation(NamedTuple):
    """Parameters, tokens and loss of the best run, one for each row of parameter values (batch,)."""

    N: Array
    D: Array
    loss: Array


@dataclass(frozen=True)
class _Line:
    """Runs that spend the same budget: loss and slope as functions of log N, for rows of parameter values.

    values (batch, parameters), budget (batch, 1)
    """

    law: Law
    values: Array
    budget: Array
    terms: Terms

    def tokens(self, log_n: Array) -> Array:
        """Give the tokens that the budget buys at log N."""
        return self.terms.affordable(np.exp(log_n), self.budget)

    def _at(self, log_n: Array) -> dict[str, Array]:
        named = {key: self.values[:, position, None] for position, key in enumerate(self.law.parameters)}
        return {**named, **self.terms.worth(self.law, np.exp(log_n), self.tokens(log_n))}

    def loss(self, log_n: Array) -> Array:
        """Give the loss at log N (batch, points)."""
        with np.errstate(all="ignore"):
            return np.asarray(np.broadcast_to(self.law.formula.evaluate(self._at(log_n)), log_n.shape))

    def slope(self, log_n: Array) -> Array:
        """Give the exact derivative of the loss by log N along the line."""
        at, small = self._at(log_n), 1e-5
        with np.errstate(all="ignore"):
            beyond, before = self._at(log_n + small), self._at(log_n - small)
            _, slopes = dual.gradient(self.law.formula, at, ("N", "D"))
            return np.asarray(
                sum(slopes[key] * at[key] * np.log(beyond[key] / before[key]) for key in ("N", "D")) / (2 * small)
            )


def allocate(
    law: Law, values: Array, budget: Array | float, *, terms: Terms = PLAIN, halvings: int = _HALVINGS
) -> Allocation:
    """Give the run of least loss for so many FLOPs, for each row of values (batch, parameters).

    A grid in log N finds the valley, bisection of the exact slope its floor. N and D are at
    least 1 and keep the bounds of the terms; a law that only falls towards one end is best at that end.
    The loss, flat there, is known long before N is: a few halvings do for it alone.
    """
    line = _line(law, values, budget, terms=terms)
    first, last = terms.span(line.budget)
    grid = first + np.linspace(0, 1, _GRID) * (last - first)
    loss = line.loss(grid)
    best = np.argmin(np.where(np.isfinite(loss), loss, np.inf), axis=1)[:, None]
    low = np.take_along_axis(grid, np.maximum(best - 1, 0), axis=1)
    high = np.take_along_axis(grid, np.minimum(best + 1, _GRID - 1), axis=1)
    for _ in range(halvings):
        middle = (low + high) / 2
        falling = line.slope(middle) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    log_n = (low + high) / 2
    return Allocation(np.exp(log_n)[:, 0], line.tokens(log_n)[:, 0], line.loss(log_n)[:, 0])


def range_within(law: Law, values: Array, budget: float, *, share: float, terms: Terms = PLAIN) -> tuple[float, float]:
    """Give the lowest and highest N whose loss at this budget is within `share` of the best.

    values is one row (1, parameters).
    """
    best, line = (
        allocate(law, values, budget, terms=terms, halvings=_FOR_RANGE),
        _line(law, values, budget, terms=terms),
    )
    inside = np.full((1, 2), np.log(best.N[0]))
    outside = np.concatenate(terms.span(line.budget), axis=1)
    for _ in range(_FOR_RANGE):
        middle = (inside + outside) / 2
        good = line.loss(middle) <= best.loss[0] * (1 + share)
        inside, outside = np.where(good, middle, inside), np.where(good, outside, middle)
    low, high = np.exp(inside[0]).tolist()
    return low, high


def _line(law: Law, values: Array, budget: Array | float, *, terms: Terms) -> _Line:
    missing = {"N", "D"} - set(law.inputs)
    unknown = set(law.inputs) - {"N", "D", "U", "bits", *terms.held}
    if missing or unknown:
        raise UsageError(f"law {law.name} takes {', '.join(law.inputs)}; an allocation needs a law of N and D.")
    return _Line(law, values, np.broadcast_to(np.asarray(budget, float), values.shape[:1])[:, None], terms)
