"""What the page's figures show of a question that only Python answers: experts, precision, bounds and the like."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoflop.compute.allocation import FOR_DRAWS, Allocation
from isoflop.errors import UsageError
from isoflop.forecasting.predictor import Predictor
from isoflop.formula.arrays import Array
from isoflop.planning.demand import Demand
from isoflop.planning.plan import paid_as, settled

_SIZES, _AROUND = 121, 14.0
"""Points of the curve of loss against size, and times the best size that it reaches, as the page's own."""
_ACROSS, _UP, _EDGE = 48, 36, 2.0
"""Budgets and sizes at which losses are given, for lines of equal loss; times beyond the frame."""


def drawn(source: Predictor, demand: Demand, *, flops: float, budgets: list[float]) -> dict[str, Any]:
    """Return the best run at each budget, loss against size at one of them, and losses over budgets and sizes."""
    line = Allocation(source, settled(paid_as(demand, source), source).terms())
    path = [run for C in budgets if (run := _best(line, C)) is not None]
    here = _best(line, flops)
    if here is None or len(path) < 2:
        return {"path": [], "valley": [], "grid": None}
    around = here["N"] * np.geomspace(1 / _AROUND, _AROUND, _SIZES)
    losses = np.exp(line.log_loss(np.log(around), np.array(flops)))
    valley = [{"N": N, "loss": loss} for N, loss in zip(around.tolist(), losses.tolist(), strict=True)]
    sizes = [one["N"] for one in path] + ([] if source.runs is None else source.runs["N"].tolist())
    return {"path": path, "valley": valley, "grid": _grid(line, budgets, sizes)}


def _best(line: Allocation, flops: float) -> dict[str, float] | None:
    """Return the run of least loss for a budget, or None where the terms leave none."""
    budget = np.array([flops])
    try:
        log_n = line.best(budget, halvings=FOR_DRAWS)
    except UsageError:  # too little for the bounds
        return None
    at = {"N": np.exp(log_n), "D": line.tokens(log_n, budget), "loss": np.exp(line.log_loss(log_n, budget))}
    run = {"C": flops} | {key: float(np.ravel(value)[0]) for key, value in at.items()}
    return run if np.isfinite([*run.values()]).all() else None


def _grid(line: Allocation, budgets: list[float], sizes: list[float]) -> dict[str, Any]:
    """Return losses (budgets, sizes) over the frame of a figure and somewhat more, with its ends."""
    x, y = ([min(ends) / _EDGE, max(ends) * _EDGE] for ends in (budgets, sizes))
    across, up = np.geomspace(x[0], x[1], _ACROSS), np.geomspace(y[0], y[1], _UP)
    losses: Array = np.exp(line.log_loss(np.log(up)[None, :], across[:, None]))
    return {"x": x, "y": y, "losses": [[one if np.isfinite(one) else None for one in row] for row in losses.tolist()]}
