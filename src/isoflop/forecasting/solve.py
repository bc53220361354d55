"""What it takes to reach a loss: the inverse of a forecast."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.compute.flops import rule_named
from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws, refuse_level
from isoflop.fitting.fit import Fit
from isoflop.forecasting.ensemble import Ensemble, combine, drawn, shares, values
from isoflop.forecasting.source import Source, curve_of, refuse, refuse_nonpositive, values_of
from isoflop.formula.law import Law, Several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_LARGEST = 250.0  # the logarithm of what counts as out of reach
_POINTS = np.linspace(_LARGEST, -50.0, 301)
_HALVINGS = 48  # of 300 natural logarithms: 1e-12
DRAWS = 400
"""Curves drawn from several laws together."""


def solve(unknown: str, source: Source, *, loss: float, level: float = LEVEL, **at: float) -> Estimate:
    """Give the tokens, parameters or compute that reach a loss, as in `solve("D", fit, loss=2.0, N=8e9)`.

    For "C" with neither N nor D given, the compute of the best allocation. Out of reach at any
    scale is inf. From runs, the middle of what several laws say, with all their draws as interval; from several
    curves, what the first says, and what all of them span.
    """
    for key, value in {"loss": loss, **at}.items():
        refuse_nonpositive(key, value)
    if isinstance(source, Runs | Ensemble):
        return _together(
            unknown, combine(source) if isinstance(source, Runs) else source, loss=loss, level=level, at=at
        )
    curve = curve_of(source)
    draws = source.draws if isinstance(source, Fit) else np.zeros((0, len(curve.law.parameters)))
    refuse_level(level)
    if not (isinstance(source, Fit) and source.runs.metric and source.runs.metric.falls):
        refuse(curve.law, level)
    find = _solver(unknown, curve.law, at)
    best = find(values_of(source), loss)[0]
    if isinstance(source, Several):
        each = [_solver(unknown, one.law, at)(one.row, loss) for one in source.curves]
        return from_draws(float(best), np.concatenate(each), 1 - 1e-9)
    return from_draws(float(best), find(draws, loss) if len(draws) else np.array([]), level)


def _together(unknown: str, ensemble: Ensemble, *, loss: float, level: float, at: Mapping[str, float]) -> Estimate:
    """Give the weighted median of what the laws say, and the interval that holds the draws of all."""
    refuse_level(level)
    weights = shares(ensemble, np.ones(1))[:, 0]
    best = np.array([_solver(unknown, law, at)(row, loss)[0] for law, row in values(ensemble)])
    order = np.argsort(best)
    middle = best[order][np.searchsorted(np.cumsum(weights[order]), 0.5)]
    found = [_solver(unknown, law, at)(rows, loss) for law, rows in drawn(ensemble, weights, count=DRAWS, seed=0)]
    return from_draws(float(middle), np.concatenate(found), level)


_Find = Callable[["Array", float], "Array"]


def _solver(unknown: str, law: Law, at: Mapping[str, float]) -> _Find:
    """Give the function that solves for the unknown on rows of parameter values."""
    rule = rule_named("6ND")
    wrong = [key for key in at if key not in law.inputs or key == unknown]
    if wrong:
        raise UsageError(f"{', '.join(wrong)} cannot be given when solving for {unknown}. {_solvable(law)}")
    open_inputs = [key for key in law.inputs if key not in at]

    def one(values: Array, loss: float) -> Array:
        def predicted(log_x: Array) -> Array:
            named = {key: values[:, column] for column, key in enumerate(law.parameters)}
            given = {key: np.asarray(value, float) for key, value in at.items()} | {open_inputs[0]: np.exp(log_x)}
            return np.asarray(law.formula.evaluate(named | given))

        return _falls_to(predicted, loss, batch=len(values))

    if unknown == "C" and set(law.inputs) == {"N", "D"} and not at:
        return lambda values, loss: _falls_to(
            lambda log_c: allocate(law, values, np.exp(log_c), halvings=20).loss,
            loss,
            batch=len(values),
            points=np.linspace(_LARGEST, math.log(6.0), 41),  # a best allocation is costly to find
        )
    if unknown == "C" and set(law.inputs) == {"N", "D"} and len(open_inputs) == 1:
        known = next(iter(at.values()))
        return lambda values, loss: rule.flops(one(values, loss), known)
    if open_inputs != [unknown]:
        need = [key for key in open_inputs if key != unknown]
        if unknown in law.inputs:
            raise UsageError(f"solving for {unknown} also needs {', '.join(need)}. Say it, as in {need[0]}=8e9.")
        raise UsageError(f"law {law.name} cannot be solved for {unknown}. {_solvable(law)}")
    return one


def _solvable(law: Law) -> str:
    inputs = (*law.inputs, "C") if set(law.inputs) == {"N", "D"} else tuple(law.inputs)
    return f"It takes {', '.join(law.inputs)} and can be solved for {', '.join(inputs)}."


def _falls_to(predicted: Callable[[Array], Array], loss: float, *, batch: int, points: Array = _POINTS) -> Array:
    """Give the least x at which a function of log x falls to the loss: 0 if it starts below, inf if never.

    points  from the largest log x to the smallest: where to look for a valley
    """
    low, high = np.full(batch, points[-1]), np.full(batch, points[0])
    with np.errstate(all="ignore"):
        reached, always = predicted(high) <= loss, predicted(low) <= loss
        if not reached.all():  # a law may fall and rise again, as a quadratic does
            valley = _valley(predicted, loss, batch=batch, points=points)
            reached |= np.isfinite(valley)
            high = np.where(np.isfinite(valley), valley, high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = predicted(middle) > loss
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(always, 0.0, np.where(reached, np.exp((low + high) / 2), np.inf))


def _valley(predicted: Callable[[Array], Array], loss: float, *, batch: int, points: Array) -> Array:
    """Give the least of the points at which each row is at or below the loss, inf if none is."""
    found = np.full(batch, np.inf)
    for point in points:
        found = np.where(predicted(np.full(batch, point)) <= loss, point, found)
    return found
