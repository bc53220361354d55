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
    remedy = "correct these rows, leave them out, or correct the bound of --metric"
    if are_mixed(values, columns):
        remedy = f"{shown(metric.name)} mixes per cent and fractions: write one unit in the whole column"
    return loss, excluded, left_out(excluded, len(rows), remedy)


def finding_on_metric(metric: Metric | None) -> tuple[Finding, ...]:
    """Return the finding D18 that says what the loss is; none where it is one."""
    if metric is None:
        return ()
    return (Finding("D18", "INFO", f"loss is {metric.loss}", "read every loss here, and errors of it, as that"),)
