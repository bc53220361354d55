"""The best N on the line of equal compute, for any law that takes N and D, on every draw at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop import dual
from isoflop.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.flops import FlopRule
    from isoflop.law import Law

    Array = NDArray[np.float64]

_GRID, _HALVINGS = 96, 60


class Allocation(NamedTuple):
    """Parameters, tokens and loss of the best run, one for each row of parameter values (batch,)."""

    N: Array
    D: Array
    loss: Array


def allocate(law: Law, values: Array, compute: Array | float, rule: FlopRule) -> Allocation:
    """Give the run of least loss for so much compute, for each row of values (batch, parameters).

    A grid in log N finds the valley, bisection of the exact slope its floor. N and D are at
    least 1; a law that only falls towards one end is best at that end.
    """
    if set(law.inputs) != {"N", "D"}:
        raise UsageError(
            f"law {law.name} takes {', '.join(law.inputs)}; an allocation needs a law of N and D."
        )
    budget = np.broadcast_to(np.asarray(compute, float), values.shape[:1])[:, None]
    highest = np.log(budget / rule.flops(1.0, 1.0))
    grid = np.linspace(0, 1, _GRID) * highest
    loss = _loss(law, values, grid, budget, rule)
    best = np.nanargmin(np.where(np.isfinite(loss), loss, np.inf), axis=1)[:, None]
    low = np.take_along_axis(grid, np.maximum(best - 1, 0), axis=1)
    high = np.take_along_axis(grid, np.minimum(best + 1, _GRID - 1), axis=1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        falling = _slope(law, values, middle, budget, rule) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    log_n = (low + high) / 2
    size = np.exp(log_n)
    return Allocation(
        size[:, 0], rule.tokens(size, budget)[:, 0], _loss(law, values, log_n, budget, rule)[:, 0]
    )


def range_within(
    law: Law, values: Array, compute: float, share: float, rule: FlopRule
) -> tuple[float, float]:
    """Give the lowest and highest N whose loss at this compute is within `share` of the best.

    values is one row (1, parameters).
    """
    best = allocate(law, values, compute, rule)
    budget = np.full((1, 1), compute)
    ends = []
    for edge in (0.0, float(np.log(compute / rule.flops(1.0, 1.0)))):
        inside, outside = float(np.log(best.N[0])), edge
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            good = _loss(law, values, np.array([[middle]]), budget, rule)[0, 0] <= best.loss[0] * (1 + share)
            inside, outside = (middle, outside) if good else (inside, middle)
        ends.append(float(np.exp(inside)))
    return ends[0], ends[1]


def _named(law: Law, values: Array) -> dict[str, Array]:
    return {key: values[:, position, None] for position, key in enumerate(law.parameters)}


def _loss(law: Law, values: Array, log_n: Array, budget: Array, rule: FlopRule) -> Array:
    size = np.exp(log_n)
    with np.errstate(all="ignore"):
        found = law.formula.evaluate({**_named(law, values), "N": size, "D": rule.tokens(size, budget)})
    return np.asarray(np.broadcast_to(found, size.shape))


def _slope(law: Law, values: Array, log_n: Array, budget: Array, rule: FlopRule) -> Array:
    """Give the derivative of the loss by log N along the line of equal compute."""
    size, small = np.exp(log_n), 1e-5
    tokens = rule.tokens(size, budget)
    beyond, before = (np.log(rule.tokens(size * np.exp(step), budget)) for step in (small, -small))
    with np.errstate(all="ignore"):
        _, slopes = dual.gradient(law.formula, {**_named(law, values), "N": size, "D": tokens}, ("N", "D"))
    return np.asarray(size * slopes["N"] + tokens * slopes["D"] * (beyond - before) / (2 * small))
