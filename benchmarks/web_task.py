"""What every page of benchmarks/web.py shows: the best run for a budget, with intervals, and the best losses."""

from functools import cache

import numpy as np

import isoflop
from isoflop.forecasting.ensemble import Ensemble, combine

ENDS, FIRST, STEP = (10.7, 13.87), 12.9, 0.01
"""Log10 of the budgets of the slider, where it begins, and its step."""


@cache
def source() -> Ensemble:
    """Give several laws on the runs, fitted once."""
    return combine(isoflop.read("tinylm", where='role == "sweep"'))


@cache
def best_losses() -> dict[str, list[float]]:
    """Give the line of the chart."""
    found = isoflop.frontier(source(), list(np.geomspace(5e10, 7.5e13, 25)))
    return {"log10 FLOPs": [np.log10(one.C) for one in found.plans], "loss": [one.loss.value for one in found.plans]}


def told(exponent: float) -> str:
    """Give the best run for a budget as HTML."""
    plan = isoflop.plan(source(), flops=10**exponent)
    each = {"N": plan.N, "D": plan.D, "loss": plan.loss}.items()
    cells = (f"{name} {one.value:.6g} ({one.low:.4g} – {one.high:.4g})" for name, one in each)
    return f'<p class="told">{", ".join(cells)}</p>'
