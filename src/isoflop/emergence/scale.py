"""What scale runs are laid along: one column, or the compute that would do as well at its best allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.allocation import allocate
from isoflop.draws import FEW_RUNS
from isoflop.errors import IsoflopError
from isoflop.fit import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.runs import Runs

    Array = NDArray[np.float64]

BEST = "best C"
"""The name of the compute at which the best allocation reaches the loss that a law gives a run's N and D."""
_APART = 0.25
"""Spread of log(D/N) at equal compute from which it matters how compute was split."""
_POINTS, _ROOM = 200, 8.0


def along_of(runs: Runs, along: str | None) -> str:
    """Give what the runs are laid along: what was asked for, or the best C if N and D are split in many ways, or C."""
    if along is not None:
        return along
    if {"N", "D", "loss"} <= set(runs.columns) and len(runs) >= FEW_RUNS:
        log_c, split = np.log(runs["N"] * runs["D"]), np.log(runs["D"] / runs["N"])
        line = np.stack([np.ones_like(log_c), log_c], axis=1)
        left = split - line @ np.linalg.lstsq(line, split, rcond=None)[0]
        if float(left.std()) > _APART:
            return BEST
    return next((name for name in ("C", "N", "D") if name in runs), "C")


def best_compute(runs: Runs) -> Array | None:
    """Give, for each run, the FLOPs whose best allocation reaches the loss that a fitted law gives its N and D.

    The law is smooth in N and D, so it hides no break. None where the runs cannot carry it.
    """
    try:
        curve = fit("chinchilla", runs, draws=0).curve
    except IsoflopError:
        return None
    predicted = curve(runs["N"], runs["D"])
    grid = np.geomspace(runs["C"].min() / 10**_ROOM, runs["C"].max() * 10, _POINTS)
    best = allocate(curve.law, np.tile(curve.row, (_POINTS, 1)), grid).loss
    if not np.isfinite(best).all() or not (np.diff(best) < 0).all():
        return None
    return np.asarray(np.exp(np.interp(-predicted, -best, np.log(grid))))
