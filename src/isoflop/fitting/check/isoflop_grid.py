"""Do the runs bracket what is asked of them? Codes F11, F12 and F13, on isoFLOP sweeps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.errors import DataError
from isoflop.estimate import Estimate, from_draws
from isoflop.findings import Finding
from isoflop.fitting.approaches import DRIFT, Frontier, Minima, approach2, disagreement
from isoflop.fitting.fit import Fit
from isoflop.fitting.target import quantity
from isoflop.formula.arrays import Array

APART = 3.0
"""Combined standard errors between approach 2 and the law that count: 2 fire on sound sweeps."""
_MANY = 5_000


def grid(fit: Fit) -> tuple[Finding, ...]:
    """Return F11, F12 and F13 of runs that are an isoFLOP sweep of a law of N and D.

    A parabola has few runs, so noise alone may push its minimum to the edge, or its optima along a
    slope: the fitted law, which all runs speak for, must see the same before it is said.
    """
    frontier = _frontier(fit)
    if frontier is None:
        return ()
    drift = [one for one in frontier.findings if one.code == "F12" and _drifts(fit, frontier.evidence)]
    found = [*_edges(fit, frontier), *drift]
    if not found and len(frontier.evidence.usable) > 2:
        found += disagreement(frontier, _exponent(fit, frontier.evidence), apart=APART)
    return tuple(found)


def _frontier(fit: Fit) -> Frontier[Minima] | None:
    """Return approach 2 on the runs of a fit; None if they are no isoFLOP sweep."""
    runs = fit.own_runs
    if set(fit.curve.law.inputs) != {"N", "D"} or "C" not in runs or len(runs) > _MANY:
        return None
    sizes, tokens = (len(set(np.round(np.log(runs[key]), 3).tolist())) for key in ("N", "D"))
    if sizes * tokens <= 2 * len(runs):  # every size with every number of tokens: made for the law, not for parabolas
        return None
    try:
        return approach2(runs, draws=400, level=fit.options.level, seed=fit.options.seed)
    except DataError:
        return None


def _edges(fit: Fit, frontier: Frontier[Minima]) -> Iterator[Finding]:
    flagged = [one for one in frontier.findings if one.code == "F11"]
    budgets = [budget for budget in frontier.evidence.budgets if not budget.usable]
    for finding, budget in zip(flagged, budgets, strict=True):
        best = float(_best(fit, np.array([budget.C]))[0])
        step = (budget.largest / budget.smallest) ** (0.5 / max(budget.runs - 1, 1))
        if not budget.smallest * step < best < budget.largest / step:
            yield finding


def _best(fit: Fit, budgets: Array) -> Array:
    """Return the law's best N at each budget."""
    return allocate(fit.curve.law, np.tile(fit.curve.row, (len(budgets), 1)), budgets).N


def _drifts(fit: Fit, minima: Minima) -> bool:
    """Return whether the middle of the sizes also drifts against the law's own optimum."""
    budgets = np.array([minimum.C for minimum in minima.usable])
    away = np.log([minimum.centre for minimum in minima.usable]) - np.log(_best(fit, budgets))
    x = np.log(budgets) - np.log(budgets).mean()
    return abs(float(x @ away) / float(x @ x)) > DRIFT / 2


def _exponent(fit: Fit, minima: Minima) -> Estimate:
    """Return the law's exponent of N_opt on C in the middle of the budgets."""
    middle = float(np.exp(np.mean([np.log(minimum.C) for minimum in minima.usable])))
    measure, _ = quantity(fit.curve.law, "exponent", {"flops": middle})
    return from_draws(float(measure(fit.curve.row)[0]), measure(fit.draws[:400]), fit.options.level)
