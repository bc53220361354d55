"""How a budget is split: along a line of equal cost, the tokens, the loss and the best size of any law or laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.compute.terms import Terms
from isoflop.errors import UsageError
from isoflop.formula import dual
from isoflop.formula.arrays import Array, Bools, bisect

if TYPE_CHECKING:
    from isoflop.formula.law import Law
    from isoflop.formula.surface import Surface

PLAIN = Terms()
"""Training alone is paid, by C = 6ND, and nothing is bounded."""
EXACT, FOR_DRAWS, FOR_LOSS = 40, 24, 10
"""Halvings of a grid step that find log N to the last digits, that do for draws, and for the loss, flat there."""
_GRID = 96
"""Sizes looked at between the bounds; the loss has one valley in each step of them."""
_STEP, _SHRINK = 1e-3, 0.25
"""Step in log N of the slope of several laws' loss, and the share of the way to a bound that it may take."""
_EQUALLY_GOOD = 1e-13
"""Differences of log loss that are rounding."""
_LARGEST = math.log(1e60)
_ZOOMS, _BUDGETS, _BACK = 4, 41, 1e3
"""Rows of budgets that close in on a loss; where a budget is known to be enough, so many times below it is looked."""


@dataclass(frozen=True)
class Allocation:
    """Runs that spend the same budget, by one predictor under some terms: all is a function of log N and the budget.

    Everything broadcasts: log N (..., points) with budgets (..., 1).
    """

    by: Surface
    terms: Terms = PLAIN

    def tokens(self, log_n: Array, budget: Array) -> Array:
        """Return the tokens that the budget buys."""
        return self.terms.affordable(np.exp(log_n), budget)

    def inputs(self, log_n: Array, budget: Array) -> dict[str, Array]:
        """Return what the laws are told of a run: what its parameters and tokens are worth to them."""
        return self.terms.effective_inputs(self.by.inputs, np.exp(log_n), self.tokens(log_n, budget))

    def log_loss(self, log_n: Array, budget: Array) -> Array:
        """Return the log loss of runs that spend the budget."""
        log_n, budget = np.broadcast_arrays(log_n, budget)
        at = {key: np.broadcast_to(value, log_n.shape).ravel() for key, value in self.inputs(log_n, budget).items()}
        return self.by.log_loss(at).reshape(log_n.shape)

    def log_loss_of(self, N: Array, D: Array) -> Array:
        """Return the log loss of runs of N parameters on D tokens (runs,)."""
        at = self.terms.effective_inputs(self.by.inputs, N, D)
        return self.by.log_loss({key: np.broadcast_to(value, np.shape(N)) for key, value in at.items()})

    def best(self, budgets: Array, *, halvings: int = EXACT) -> Array:
        """Return log N of the run of least loss for each budget (budgets,)."""
        if len(self.by.curves) == 1:
            one = self.by.curves[0]
            return np.asarray(np.log(self.sizes(one.law, one.row, budgets, halvings=halvings)[0]))
        budget = budgets[:, None]
        low, high = self.terms.span(budget)

        def falling(log_n: Array) -> Bools:
            # f' by four points, (8 (f(x+h) - f(x-h)) - f(x+2h) + f(x-2h)) / 12h: the error is of order h^4
            step = np.minimum(_STEP, _SHRINK * np.minimum(high - log_n, log_n - low))
            ends = self.log_loss(log_n + step * np.array([-2.0, -1.0, 1.0, 2.0]), budget)
            slope = 8 * (ends[:, 2] - ends[:, 1]) - (ends[:, 3] - ends[:, 0])
            return np.asarray(slope < -_EQUALLY_GOOD)[:, None]

        return _valley(lambda log_n: self.log_loss(log_n, budget), falling, (low, high), halvings=halvings)[:, 0]

    def sizes(self, law: Law, rows: Array, budgets: Array, *, halvings: int = FOR_DRAWS) -> Array:
        """Return the best N of each row of a law's parameter values at each budget, (rows, budgets)."""
        each, budget = np.repeat(rows, budgets.size, axis=0), np.tile(budgets, len(rows))
        if not len(each):
            return np.zeros((len(rows), budgets.size))
        found = allocate(law, each, budget, terms=self.terms, halvings=halvings)
        return found.N.reshape(len(rows), budgets.size)

    def best_loss(self, budgets: Array) -> Array:
        """Return the log of the least loss for each budget (budgets,)."""
        return self.log_loss(self.best(budgets, halvings=FOR_LOSS), budgets)

    def flat_range(self, budget: float, best: float, share: float) -> tuple[float, float]:
        """Return the lowest and highest N whose loss is within a share of that at the best log N."""
        budgets = np.array([[budget]])
        most = float(self.log_loss(np.array([[best]]), budgets)[0, 0]) + math.log1p(share)
        ends = np.concatenate(self.terms.span(budgets), axis=1)
        found = bisect(lambda log_n: self.log_loss(log_n, budgets) <= most, np.full((1, 2), best), ends)
        low, high = np.exp(found[0]).tolist()
        return low, high

    def reaching(self, losses: Array, *, most: float = math.inf) -> Array:
        """Return the least budget (losses,) whose best run is predicted to reach each loss; inf if none does.

        The best loss only falls as the budget grows, so a row of budgets brackets each loss, and another row inside
        the bracket narrows it, forty times a round; the last bracket is a straight line.

        most  a budget known to be enough for all of them: then only the three decades below it are looked at
        """
        least = self.terms.cost(self.terms.params[0], self.terms.tokens[0])
        lowest = np.log(float(np.maximum(least, 6.0)) * (1 + 1e-9))
        ends, zooms = (lowest, _LARGEST), _ZOOMS
        if most < math.inf:
            ends, zooms = (max(lowest, math.log(most / _BACK)), math.log(most)), _ZOOMS - 2
        low, high = (np.full(losses.shape, end) for end in ends)
        share, rows = np.linspace(0, 1, _BUDGETS), np.arange(losses.size)
        for _ in range(zooms):
            grid = low[:, None] + share * (high - low)[:, None]
            found = self.best_loss(np.exp(grid.ravel())).reshape(grid.shape)
            reached = found <= np.log(losses)[:, None]
            first = np.where(reached.any(axis=1), np.argmax(reached, axis=1), _BUDGETS - 1)
            before = np.maximum(first - 1, 0)
            low, high = grid[rows, before], grid[rows, first]
        above, below = found[rows, before], found[rows, first]
        with np.errstate(all="ignore"):
            part = np.where(above > below, (above - np.log(losses)) / (above - below), 1.0)
        budget = low + np.clip(part, 0.0, 1.0) * (high - low)
        return np.asarray(np.where(reached.any(axis=1), np.exp(budget), np.inf))

    def refuse_missing(self) -> None:
        """Refuse terms that the laws cannot be told, and laws that were not told all they take."""
        terms, kinds, name = self.terms, self.by.inputs, self.by.name
        if not {"N", "D"} <= set(kinds):
            raise UsageError(f"{name} takes {', '.join(kinds)}; a plan needs a law of N and D.")
        if wrong := [key for key in terms.held if key not in kinds]:
            raise UsageError(f"{name} knows nothing of {', '.join(wrong)}. {_KNOWS.get(wrong[0], 'See isoflop laws.')}")
        if outside := [key for key, value in terms.held.items() if kinds[key].name == "Share" and value >= 1]:
            key = outside[0]
            raise UsageError(f"{key}={terms.held[key]:g} must be a share below 1, as in {key}=0.5.")
        mixed = terms.mixture.told() if terms.mixture else {}
        known = {"N", "D", "bits", *mixed, *terms.held} | ({"U"} if math.isfinite(terms.unique_tokens) else set())
        for key in sorted(set(kinds) - known):
            raise UsageError(f"{name} needs {key}. Say {'--unique-tokens 500B' if key == 'U' else f'{key}=...'}.")


_KNOWS = {"experts": "Plan by a law that does, such as ludziejewski2025."}


class Allocated(NamedTuple):
    """Parameters, tokens and loss of the best run, one for each row of parameter values (batch,)."""

    N: Array
    D: Array
    loss: Array


@dataclass(frozen=True)
class _Rows:
    """Rows of parameter values of one law, each with its budget: loss and exact slope as functions of log N.

    values (batch, parameters), budget (batch, 1)
    """

    law: Law
    values: Array
    budget: Array
    terms: Terms

    def tokens(self, log_n: Array) -> Array:
        """Return the tokens that the budget buys at log N."""
        return self.terms.affordable(np.exp(log_n), self.budget)

    def _at(self, log_n: Array) -> dict[str, Array]:
        named = {key: self.values[:, position, None] for position, key in enumerate(self.law.parameters)}
        return {**named, **self.terms.effective_inputs(self.law.inputs, np.exp(log_n), self.tokens(log_n))}

    def loss(self, log_n: Array) -> Array:
        """Return the loss at log N (batch, points)."""
        with np.errstate(all="ignore"):
            return np.asarray(np.broadcast_to(self.law.formula.evaluate(self._at(log_n)), log_n.shape))

    def falling(self, log_n: Array) -> Bools:
        """Return whether the loss falls with log N along the line, by its exact derivative.

        dL/d log N = L_N dN'/d log N + L_D dD'/d log N, with N' and D' what the law is told of N and D.
        """
        at, small = self._at(log_n), 1e-5
        with np.errstate(all="ignore"):
            beyond, before = self._at(log_n + small), self._at(log_n - small)
            _, slopes = dual.gradient(self.law.formula, at, ("N", "D"))
            along = sum(slopes[key] * at[key] * np.log(beyond[key] / before[key]) for key in ("N", "D"))
            return np.asarray(along < 0)


def allocate(
    law: Law, values: Array, budget: Array | float, *, terms: Terms = PLAIN, halvings: int = EXACT
) -> Allocated:
    """Return the run of least loss for so many FLOPs, for each row of values (batch, parameters).

    N and D are at least 1 and keep the bounds of the terms; a law that only falls towards one end is best at that end.
    The loss, flat there, is known long before N is: a few halvings do for it alone.
    """
    missing = {"N", "D"} - set(law.inputs)
    mixed = terms.mixture.told() if terms.mixture else {}
    unknown = set(law.inputs) - {"N", "D", "U", "bits", *mixed, *terms.held}
    if missing or unknown:
        raise UsageError(f"law {law.name} takes {', '.join(law.inputs)}; an allocation needs a law of N and D.")
    rows = _Rows(law, values, np.broadcast_to(np.asarray(budget, float), values.shape[:1])[:, None], terms)
    log_n = _valley(rows.loss, rows.falling, terms.span(rows.budget), halvings=halvings)
    return Allocated(np.exp(log_n)[:, 0], rows.tokens(log_n)[:, 0], rows.loss(log_n)[:, 0])


def _valley(
    loss: Callable[[Array], Array], falling: Callable[[Array], Bools], ends: tuple[Array, Array], *, halvings: int
) -> Array:
    """Return log N of the least loss between the ends (batch, 1): a grid finds the valley, bisection its floor."""
    first, last = ends
    grid = first + np.linspace(0, 1, _GRID) * (last - first)
    losses = loss(grid)
    best = np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=1)[:, None]
    low = np.take_along_axis(grid, np.maximum(best - 1, 0), axis=1)
    high = np.take_along_axis(grid, np.minimum(best + 1, _GRID - 1), axis=1)
    return bisect(falling, low, high, halvings=halvings)
