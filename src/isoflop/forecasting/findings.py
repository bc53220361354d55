"""What to know about a forecast: how far it reaches, where the laws disagree or turn, what is not calibrated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.fit import Fit
from isoflop.forecasting.backtest import FEWEST_ORIGINS
from isoflop.forecasting.ensemble import Evidence
from isoflop.forecasting.extrapolation import AMBER, RED
from isoflop.forecasting.result import Forecast
from isoflop.forecasting.source import Settled, curve_of, log_loss
from isoflop.formula.law import Curve, Several
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STEP, ROUNDING = 0.02, 1e-9
"""How much more N or D is tried to see whether the forecast has turned, and what of log loss is no rise."""


def source_findings(source: Settled, behind: Evidence) -> tuple[Finding, ...]:
    """Give what to know about any answer from this source."""
    if isinstance(source, Curve | Several):
        known = "published curves without covariances: the interval spans them and knows nothing of their errors"
        alone = f"{source.name} is a published curve without a covariance, so there is no interval"
        text = known if isinstance(source, Several) else alone
        found, first = [Finding("P12", "INFO", text, "fit your own runs to get one")], curve_of(source)
        if first.caution:
            found.append(Finding("P11", "WARN", f"{first.name}: {first.caution}", "see isoflop laws for other curves"))
        return tuple(found)
    own = behind.own
    if own is None and isinstance(source, Fit) and len(source.runs):  # nobody asked for backtests
        return source.findings
    if own is not None and own.backtest.calibrates:
        return source.findings
    origins = 0 if own is None else len(own.backtest.cuts)
    return (*source.findings, Finding(
        "P03", "WARN",
        f"uncalibrated: these runs allow {origins} backtest{'s' * (origins != 1)} where {FEWEST_ORIGINS} are needed, "
        "so nothing says how far off such a forecast is",
        "add runs at smaller budgets, so that the larger ones can be forecast from them",
    ))  # fmt: skip


def strained(rows: Sequence[Forecast]) -> list[Finding]:
    """Give the findings P01, a forecast that lies far out, and P04, laws farther apart than noise explains."""
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
    """Say whether the laws spread wider than the interval that takes the law for right."""
    (low, high), (least, most) = (one.loss.intervals.get(key, (math.nan, math.nan)) for key in ("statistical", "laws"))
    return most - least > high - low


def turned(source: Settled, columns: Mapping[str, Array]) -> list[Finding]:
    """Give the finding P10 where the loss forecast would rise with more parameters or more tokens."""
    here, found = log_loss(source, columns), []
    for key in (key for key in ("N", "D") if key in columns):
        rises = log_loss(source, {**columns, key: columns[key] * (1 + STEP)}) > here + ROUNDING
        if rises.any():
            where = ", ".join(f"{name} = {show(float(column[np.argmax(rises)]))}" for name, column in columns.items())
            found.append(Finding(
                "P10", "WARN",
                f"at {where} the forecast rises with {key}: beyond its runs the law has turned",
                "choose a law that cannot turn, such as chinchilla, or forecast nearer to the runs",
            ))  # fmt: skip
    return found
