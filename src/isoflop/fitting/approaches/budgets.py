"""Which runs cost the same? Runs grouped by their training compute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Excluded, Runs
from isoflop.errors import DataError, UsageError
from isoflop.formula.arrays import Array

TOLERANCE = 0.02
"""How far compute may differ within a budget: 2 % of C moves the loss by about 0.1 % (L ~ C^-0.05),
which is what another initialisation does to a run."""

FEWEST_SIZES = 3
"""A parabola has three coefficients."""


@dataclass(frozen=True, eq=False)
class Budgets:
    """Runs grouped by compute: positions of the runs of each budget, and the runs in none."""

    runs: Runs
    members: tuple[NDArray[np.intp], ...]
    excluded: tuple[Excluded, ...]


def group_by_budget(runs: Runs, *, tolerance: float = TOLERANCE) -> Budgets:
    """Return the budgets of the runs: groups of at least three sizes whose C lies within ± tolerance.

    Neighbours in log C that differ by more than the tolerance part two budgets. A group that is wider
    than ± tolerance is a chain of scattered runs, not a budget. Raises DataError if fewer than half of
    the runs are in a budget.
    """
    if not 0 < tolerance < 1:
        raise UsageError(f"tolerance is {tolerance:g}; say a share of C between 0 and 1, such as {TOLERANCE}.")
    order = np.argsort(runs["C"], kind="stable")
    log_C = np.log(runs["C"][order])
    groups = np.split(order, 1 + np.flatnonzero(np.diff(log_C) > np.log1p(tolerance)))
    reasons = [_reason(runs, group, tolerance) for group in groups]
    members = tuple(group for group, reason in zip(groups, reasons, strict=True) if not reason)
    excluded = [
        Excluded(int(row), reason)
        for group, reason in zip(groups, reasons, strict=True)
        if reason
        for row in runs.rows[group]
    ]
    if 2 * len(excluded) > len(runs):
        raise _no_budgets(runs, len(runs) - len(excluded), tolerance)
    return Budgets(runs, members, tuple(sorted(excluded, key=lambda item: item.row)))


def distinct_sizes(N: Array) -> Array:
    """Return the different sizes among N, smallest first; sizes within 0.1 % are one."""
    return np.asarray(np.exp(np.unique(np.round(np.log(N), 3))))


def _reason(runs: Runs, group: NDArray[np.intp], tolerance: float) -> str:
    """Say why a group of runs is no budget; nothing if it is one."""
    C = runs["C"][group]
    if np.ptp(np.log(C)) > np.log((1 + tolerance) / (1 - tolerance)):
        return f"its compute lies in a chain of runs from {C.min():.3g} to {C.max():.3g} FLOPs"
    sizes = len(distinct_sizes(runs["N"][group]))
    if sizes < FEWEST_SIZES:
        others = "no other size" if sizes == 1 else "only one other size"
        return f"{others} was trained at its compute"
    return ""


def _no_budgets(runs: Runs, grouped: int, tolerance: float) -> DataError:
    share = f"only {grouped} of {len(runs)} runs" if grouped else f"none of the {len(runs)} runs"
    return DataError(
        f"{runs.source}: {share} share a compute budget (C within ± {tolerance:.0%}) with two other sizes, "
        "so there is no parabola to draw. Keep the isoFLOP runs with a condition such as "
        'where "C < 1e19", say a wider tolerance, or fit a law instead.'
    )
