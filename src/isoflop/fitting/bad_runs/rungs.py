"""Is one budget of a sweep off as a whole? Code F16: another warm-up, data order or evaluation than the others had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.formula.arrays import Array, Labels, student
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.data.runs import Runs
    from isoflop.fitting.bad_runs.residuals import Evidence


FALSE_RUNG = 0.01
"""How often the strangest budget of a sound sweep may be called off."""
LEAST_OFF = 0.003
"""The least offset in log loss that is worth a word."""
FEWEST_RUNS, FEWEST_RUNGS = 3, 3
"""Runs that tell of their budget, and budgets that tell of one another."""
SAME_BUDGET = 0.05
"""Runs whose computes are nearer than this in log C are of one budget."""
ABSORBED = 0.05
"""Of an offset of which the law leaves a smaller share than this, the law knows nothing."""


def rungs(evidence: Evidence, runs: Runs) -> tuple[Finding, ...]:
    """Return F16 if the runs of one budget lie off the law together, and no other budget's do.

    Added-variable test: with g̃ what the parameters leave of a budget's indicator and r of the residuals,
    offset = g̃·r / g̃·g̃, and t = offset |g̃| / s, where s² = (r·r - offset² g̃·g̃) / (freedom - 1).
    """
    if "C" not in runs or evidence.freedom <= FEWEST_RUNGS:
        return ()
    compute = np.log(runs["C"][evidence.kept])
    budget = _budgets(compute)
    large = [number for number, count in enumerate(np.bincount(budget)) if count >= FEWEST_RUNS]
    if len(large) < FEWEST_RUNGS:
        return ()
    columns = np.array([budget == number for number in large], dtype=float).T
    worst, offset = _lone(evidence, columns)
    if abs(offset) < LEAST_OFF:
        return ()
    rows = np.flatnonzero(evidence.kept)[budget == large[worst]]
    flops = float(np.exp(compute[budget == large[worst]].mean()))
    return (Finding(
        "F16", "WARN",
        f"the {rows.size} runs at {show(flops)} FLOPs lie {offset:+.1%} off the law together; no other budget's "
        "do",
        "look for what was different at that budget (data, schedule, evaluation); leave it out with --where to compare",
        runs.names_of(rows),
    ),)  # fmt: skip


def _lone(evidence: Evidence, columns: Array) -> tuple[int, float]:
    """Return the only column (runs kept, columns) that is off farther than noise would have it, and by how much, or 0.

    Had it its offset, no other may be off: where several are, the law is at fault, not a budget.
    """
    left, freedom = evidence.strange(columns), evidence.freedom - 1
    told = (left**2).sum(axis=0) >= ABSORBED * columns.sum(axis=0)
    told[[0, -1]] = False  # at the ends a law that bends looks the same
    residuals = evidence.strange(evidence.residuals[evidence.kept])
    offset, strange = _tested(left, residuals, freedom)
    worst = int(np.argmax(np.where(told, np.abs(strange), -1.0)))
    limit = student(1 - FALSE_RUNG / columns.shape[1], freedom)
    if not told[worst] or abs(strange[worst]) <= limit:
        return worst, 0.0
    along = left[:, worst] / np.linalg.norm(left[:, worst])
    others = left - np.outer(along, along @ left)
    again = _tested(others, residuals - along * (along @ residuals), freedom - 1)[1]
    return worst, 0.0 if (np.abs(np.delete(again, worst)) > limit).any() else float(offset[worst])


def _budgets(compute: Array) -> Labels:
    """Return the number of each run's budget (runs,): runs of nearly one log compute are of one."""
    order = np.argsort(compute)
    number = np.concatenate([[0], np.cumsum(np.diff(compute[order]) > SAME_BUDGET)])
    found = np.empty(compute.size, dtype=np.int64)
    found[order] = number
    return found


def _tested(columns: Array, residuals: Array, freedom: int) -> tuple[Array, Array]:
    """Return by how much each column (runs, columns) is off, and that in standard errors."""
    size = np.maximum((columns**2).sum(axis=0), 1e-12)
    offset = residuals @ columns / size
    rest = np.maximum(residuals @ residuals - offset**2 * size, 1e-300) / max(freedom, 1)
    return np.asarray(offset), np.asarray(offset * np.sqrt(size / rest))
