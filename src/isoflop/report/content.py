"""What a report's page is given: the laws as JavaScript, how they weigh, the runs and the frontier."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.ensemble import CLIPPED, EXPECTED, NEAR_BY, PRIOR_TESTS, Ensemble, values
from isoflop.plan import frontier

if TYPE_CHECKING:
    from isoflop.fit import Fit
    from isoflop.law import Law
    from isoflop.runs import Runs

BUDGETS, BEYOND = 25, 100.0
"""Budgets whose intervals are shipped, and how many times the largest run's compute they reach."""


def scripts(source: Fit | Ensemble) -> str:
    """Give the laws as JavaScript functions of N and D: LAWS that forecast, SIZERS that choose the size, as in Python.

    The formulas' allow-list leaves no way out of the functions.
    """
    rows = {"LAWS": _laws(source), "SIZERS": _sizers(source)}
    return "\n".join(
        f"const {name} = [{', '.join(f'({_closed(law.javascript(), law.inputs, row)})' for law, row in laws)}];"
        for name, laws in rows.items()
    )


def _closed(script: str, inputs: Iterable[str], row: list[float]) -> str:
    return f"(N, D) => ({script})({', '.join([*inputs, *map(repr, row)])})"


def _laws(source: Fit | Ensemble) -> list[tuple[Law, list[float]]]:
    if isinstance(source, Ensemble):
        pairs = zip(source.members, source.full, strict=True)
        return [(one.law, one.problem.natural(whole.theta)[0].tolist()) for one, whole in pairs]
    return [(source.curve.law, source.curve.row[0].tolist())]


def _sizers(source: Fit | Ensemble) -> list[tuple[Law, list[float]]]:
    if isinstance(source, Ensemble):
        return [(law, row[0].tolist()) for law, row in values(source)]
    return _laws(source)


def content(source: Fit | Ensemble, runs: Runs) -> dict[str, Any]:
    """Give the page's data: runs, frontier with intervals at some budgets, and what weighs the laws."""
    low, high = float(runs["C"].min()), float(runs["C"].max())
    budgets = np.geomspace(low, high * BEYOND, BUDGETS).tolist()
    plans = frontier(source, budgets).plans
    ends = {
        key: [[getattr(one, key).value, getattr(one, key).low, getattr(one, key).high] for one in plans]
        for key in ("N", "D", "loss")
    }
    return {
        "runs": [{key: float(runs[key][row]) for key in ("N", "D", "C", "loss")} | {"name": str(runs.names[row])}
                 for row in range(len(runs))],
        "budgets": budgets, "plans": ends, "largest": high, "start": high * 10, "level": plans[0].N.level,
        "weighing": _weighing(source),
    }  # fmt: skip


def _weighing(source: Fit | Ensemble) -> dict[str, Any] | None:
    """Give what `isoflop.ensemble.shares` reads, for the page to weigh the laws as it does."""
    if not isinstance(source, Ensemble):
        return None
    past, reach = source.backtest, [one.reach for one in source.members]
    return {
        "decades": past.decades, "squares": np.minimum(np.abs(past.error), CLIPPED) ** 2, "near": NEAR_BY,
        "tests": PRIOR_TESTS, "expected": EXPECTED**2, "reach": [one if math.isfinite(one) else 1e9 for one in reach],
    }  # fmt: skip
