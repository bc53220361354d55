"""A run measured by something else than a loss, such as the reward of reinforcement learning → where it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from isoflop.data.read import read
from isoflop.data.runs import Runs
from isoflop.data.runs.columns import normal
from isoflop.errors import DataError, UsageError, shown
from isoflop.estimate import LEVEL
from isoflop.fitting.fit import fit
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.result import Forecasts

SIGMOID = "scalerl"
"""The law of what is measured as it is: from where it begins to where it ends, half-way at some x."""
_STEPS = (
    "x", "step", "steps", "globalstep", "iteration", "gpuhours", "hours", "flops", "compute", "samples", "episodes",
    "s", "c",
)  # fmt: skip
"""Columns, in normal form, along which a run goes; the first there is."""


def finish_metric(
    source: Any, *, metric: str, end: float, x: str | None = None, run: str | None = None, until: float | None = None,
    level: float = LEVEL,
) -> Forecasts:  # fmt: skip
    """Return where a run ends that is measured by a metric: `reward:as-is` by a sigmoid, all else by a power law.

    source  a table with a row for each evaluation
    end     where the run ends, in the unit of its column x
    run     which run, where the table has several
    until   rows beyond are left out
    """
    runs = read(source, columns={} if x is None else {"x": x}, metric=metric)
    runs = _one(runs, run)
    name = "x" if x is not None else _along(runs)
    at = np.asarray(runs[name], float)
    kept = np.isfinite(at) & (at > 0) & (at <= (np.inf if until is None else until))
    if not kept.any():
        raise DataError(f'{runs.source}: no row has a "{shown(name)}" above zero to go by.')
    if end <= at[kept].max():
        raise UsageError(
            f"the run is already at {at[kept].max():g}. Say where it ends: --steps {2 * at[kept].max():g}."
        )
    short = replace(runs.take(kept), columns={"x": at[kept], "loss": runs["loss"][kept]}, run_named_by=())
    own = fit(SIGMOID, short) if runs.metric is not None and not runs.metric.falls else combine(short)
    return forecast(own, level=level, x=end)


def _along(runs: Runs) -> str:
    known = {normal(name): name for name in runs.columns}
    found = next((known[name] for name in _STEPS if name in known), None)
    if found is None:
        raise UsageError(f"which column does the run go along? There are {', '.join(map(shown, runs.columns))}. "
                         "Say --x COLUMN.")  # fmt: skip
    return found


def _one(runs: Runs, run: str | None) -> Runs:
    """Return the rows of one run."""
    if "run" not in runs.columns:
        return runs
    names = [str(one) for one in runs["run"].tolist()]
    distinct = list(dict.fromkeys(names))
    if run is None and len(distinct) == 1:
        return runs
    if run is None or run not in distinct:
        raise UsageError(
            f"there are the runs {', '.join(map(shown, distinct[:6]))}. Say which: --run {shown(distinct[0])}."
        )
    return runs.take(np.array([one == run for one in names]))
