"""What to know about a forecast: how far it reaches, where the laws disagree or turn, what is not calibrated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.identifiability import ONE_VALUE
from isoflop.forecasting.ensemble import Evidence
from isoflop.forecasting.extrapolation import AMBER, RED
from isoflop.forecasting.result import Forecast
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array, Bools

STEP, ROUNDING = 0.02, 1e-9
"""How much more N or D is tried to see whether the forecast has turned, and what of log loss is no rise."""


def untested(source: Predictor, behind: Evidence) -> tuple[Finding, ...]:
    """Return the finding P03 where backtests were asked for and too few were to be had."""
    if source.runs is None and np.isinf(source.freedom):  # published curves have no runs to test them on
        return ()
    own = behind.own
    if (own is None and source.runs is not None) or (own is not None and own.backtest.calibrates):
        return ()  # nobody asked for backtests, or there are enough
    origins = 0 if own is None else len(own.backtest.cuts)
    return (Finding(
        "P03", "INFO",
        f"these runs allow {origins} backtest{'s' * (origins != 1)}: the interval is as wide as forecasts from such "
        "runs have erred on public tables",
        "add runs at smaller budgets, so that the larger ones can be forecast from them",
    ),)  # fmt: skip


def concealed(source: Predictor, columns: Mapping[str, Array]) -> Bools:
    """Return which forecasts are not given, (points,), because a BLOCK stands before them.

    That an input has one value in all runs (F04) concerns other values of it; all other codes concern every forecast.
    """
    blocks = {one.code for one in source.findings if one.severity == "BLOCK"}
    points = next(iter(columns.values())).shape
    if source.runs is None or not blocks:
        return np.zeros(points, dtype=bool)
    hidden = np.full(points, bool(blocks - {"F04"}))
    for key in columns:
        if "F04" in blocks and key in source.runs and np.ptp(np.log(source.runs[key])) < ONE_VALUE:
            hidden |= np.abs(np.log(columns[key] / source.runs[key][0])) > ONE_VALUE
    return hidden


def strained(rows: Sequence[Forecast]) -> list[Finding]:
    """Return the findings P01, a forecast that lies far out, and P04, laws farther apart than noise explains."""
    found = []
    far = max((one.decades for one in rows if not math.isnan(one.decades)), default=0.0)
    if far > AMBER:
        found.append(Finding(
            "P01", "WARN" if far > RED else "INFO",
            f"{far:.1f} decades beyond the largest run" + (": a guess" if far > RED else ""),
            "train a run in between and refit",
        ))  # fmt: skip
    spread = [one for one in rows if _apart(one)]
    if spread:
        low, high = spread[0].score.intervals["laws"]
        found.append(Finding(
            "P04", "WARN",
            f"the laws disagree by more than the runs' noise explains: {low:.4g} to {high:.4g}",
            "the interval holds them all; a run between the largest and this one would tell them apart",
        ))  # fmt: skip
    return found


def _apart(one: Forecast) -> bool:
    """Return whether the laws spread wider than the interval that takes the law for right."""
    (low, high), (least, most) = (one.loss.intervals.get(key, (math.nan, math.nan)) for key in ("statistical", "laws"))
    return most - least > high - low


def turned(source: Predictor, columns: Mapping[str, Array]) -> list[Finding]:
    """Return the finding P10 where the loss forecast would rise with more parameters or more tokens."""
    here, found = source.log_loss(columns), []
    for key in (key for key in ("N", "D") if key in columns):
        rises = source.log_loss({**columns, key: columns[key] * (1 + STEP)}) > here + ROUNDING
        if rises.any():
            where = ", ".join(f"{name} = {show(float(column[np.argmax(rises)]))}" for name, column in columns.items())
            found.append(Finding(
                "P10", "WARN",
                f"at {where} the forecast rises with {key}: beyond its runs the law has turned",
                "forecast nearer to the runs, or train runs out there: the loss of real runs does not turn so",
            ))  # fmt: skip
    return found
