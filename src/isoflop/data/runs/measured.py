"""What a metric makes of runs: its shortfall as their loss, the rows beyond its bound, and the findings on both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.metric import Metric
from isoflop.data.runs.cells import Rows
from isoflop.data.runs.checks import Excluded, left_out
from isoflop.data.runs.mixed_units import are_mixed
from isoflop.errors import DataError, shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

PER_CENT, MANY = 100.0, 0.25
"""The best value in per cent; the share of the runs above 1 from which they are no slips."""


def measure(
    metric: Metric, columns: Mapping[str, NDArray[Any]], rows: Rows, *, source: str
) -> tuple[Array, tuple[Excluded, ...], tuple[Finding, ...]]:
    """Return the loss (rows,), nan where a value cannot be used, those rows, and the finding (D01) that lists them."""
    values = columns[metric.name]
    short = metric.shortfall(values)
    loss = np.where(np.isfinite(values) & np.isfinite(short) & (short > 0), short, np.nan)
    bad = np.flatnonzero(np.isnan(loss)).tolist()
    excluded = tuple(Excluded(int(rows[row]), metric.beyond(float(values[row]))) for row in bad)
    if len(bad) == len(rows):
        first = excluded[0]
        raise DataError(
            f"{source}: none of the {len(rows)} runs is usable; row {first.row}: {first.reason}. "
            "Correct the column, or the bound of --metric."
        )
    if _in_per_cent(metric, values, columns):
        top = float(np.nanmax(values))
        raise DataError(
            f"{source}: {shown(metric.name)} goes up to {top:g}, so it is in per cent, and not at best 1. "
            f"Say --metric {shown(metric.name)}:up:100."
        )
    remedy = "correct these rows, leave them out, or correct the bound of --metric"
    if are_mixed(values, columns):
        remedy = f"{shown(metric.name)} mixes per cent and fractions: write one unit in the whole column"
    return loss, excluded, left_out(excluded, len(rows), remedy)


def _in_per_cent(metric: Metric, values: Array, columns: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether a metric whose best value is 1 is in per cent: many values lie above 1, and none above 100."""
    if metric.shape != "up" or metric.bound != 1:
        return False
    known = values[~np.isnan(values)]
    within = bool(known.min() >= 0 and known.max() <= PER_CENT)
    return within and bool((known > 1).mean() >= MANY) and not are_mixed(values, columns)


def finding_on_metric(metric: Metric | None) -> tuple[Finding, ...]:
    """Return the finding D18 that says what the loss is; none where it is one."""
    if metric is None:
        return ()
    return (Finding("D18", "INFO", f"loss is {metric.loss}", "read every loss here, and errors of it, as that"),)
