"""What backtests and runs say against a forecast: a guess was nearer, the interval is narrow, runs were left aside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.forecasting.baselines import NAMES
from isoflop.forecasting.constants import ELSEWHERE
from isoflop.forecasting.noise import counting, evened
from isoflop.formula.arrays import student

if TYPE_CHECKING:
    from isoflop.forecasting.ensemble import Ensemble
    from isoflop.forecasting.record import Record
    from isoflop.forecasting.result import Forecast

MUCH_NEARER = 0.8
"""A guess without a law is said to be nearer where its mean error is below this share of the forecast's."""
FEWEST_TESTS, FEWEST_CUTS = 6, 2
"""Fewer forecasts, or origins, say nothing of who is nearer."""
MOST_NAMED = 3
FALSE_STRAY = 1e-6
"""How often a sound run may lie so far off the others that one which is not counted is named: by Student's t."""
LEAST_FREEDOM = 2
"""Degrees of freedom that few runs are taken to leave: a loss half or twice what it should be is still named."""
FAR_OFF = 0.02
"""The least distance in log loss from the laws at which a run that they do not count is named."""


def guess_nearer(record: Record | None) -> list[Finding]:
    """Return the finding P21 where a guess without a law was nearer in backtests than the laws."""
    if record is None or record.tests < FEWEST_TESTS or len(record.cuts) < FEWEST_CUTS:
        return []
    error = {name: _mean(row, record) for name, row in record.errors.items()}
    own, best = next(iter(error.values())), min(NAMES, key=lambda name: error.get(name, math.inf))
    if not error.get(best, math.inf) < MUCH_NEARER * own:
        return []
    return [Finding(
        "P21", "WARN",
        f'a guess without any law ("{best}") was nearer in the backtests: {error[best]:.1%} off on average, '
        f"the forecast {own:.1%}",
        "look at the runs (isoflop check): the laws do not describe them; until then take the guess",
    )]  # fmt: skip


def _mean(row: Sequence[float], record: Record) -> float:
    """Return the mean error over all forecasts, from those of each ratio."""
    times = np.array([one.times for one in record.scored])
    counts = [np.count_nonzero((times >= low * (1 - 1e-9)) & (times < high)) for low, high in record.ratios]
    return float(np.average(row, weights=np.maximum(counts, 1e-9)))


def narrow(rows: Sequence[Forecast], record: Record | None) -> list[Finding]:
    """Return the finding P22 where an interval is narrower than the errors that backtests showed about as far out."""
    if record is None or not record.tests or len(record.cuts) < FEWEST_CUTS:
        return []
    for one in rows:
        half = math.log(one.loss.high / one.loss.low) / 2 if one.loss.low > 0 else math.inf
        if math.isfinite(one.decades) and half < (error := record.error_at(one.decades)):
            return [Finding(
                "P22", "WARN",
                f"the interval reaches {half:.1%} to either side, but backtests that looked as far were {error:.1%} "
                "off on average",
                "take it for twice as wide, or train a run in between",
            )]  # fmt: skip
    return []


def elsewhere(ensemble: Ensemble | None) -> list[Finding]:
    """Return the finding P25 where priors learnt on losses of language models are asked about another metric."""
    if ensemble is None or len(ensemble.members) < 2 or ensemble.runs.metric is None:
        return []
    first = ensemble.members[0].law
    law = "chinchilla" if {*first.inputs} == {"N", "D"} else f'"{first.name}"'
    return [Finding(
        "P25", "INFO",
        "what is taken for plausible of the laws comes from losses of language models; for "
        f"{ensemble.runs.metric.name} it is taken {ELSEWHERE:g} times as wide",
        f"compare with a law that takes nothing for granted: --law {law}",
    )]  # fmt: skip


def left_aside(ensemble: Ensemble | None) -> list[Finding]:
    """Return the finding P23, naming the runs that lie so far off the laws that the forecast does not count them.

    And P24 where the largest run is one of them, as every forecast beyond the runs hangs on it. A run is left out by
    the noise that the middle of the others shows, and named by that of all but a few of them: few runs, or noise that
    is not normal, have runs that are strange beside the first alone.
    """
    if ensemble is None or len(ensemble.members) < 2:
        return []
    first, runs = ensemble.members[0].gentler or ensemble.members[0], ensemble.runs
    off = first.problem.residuals(first.theta[None])[0]
    limit = student(1 - FALSE_STRAY, max(int(counting(first.weights)) - first.theta.size, LEAST_FREEDOM)) * first.noise
    strange = np.abs(evened(first.problem, first.theta, first.weights)) > limit
    stray = np.flatnonzero((first.weights <= 0) & (np.abs(off) > FAR_OFF) & strange)
    if not stray.size:
        return []
    stray = stray[np.argsort(-np.abs(off[stray]))]
    some = stray[:MOST_NAMED].tolist()
    names = [f"{name} ({math.expm1(off[row]):+.0%})" for name, row in zip(runs.names_of(some), some, strict=True)]
    more = f" and {stray.size - MOST_NAMED} more" if stray.size > MOST_NAMED else ""
    found = [Finding(
        "P23", "WARN",
        f"not counted, as they lie far off the laws fitted to the others: {', '.join(names)}{more}"
        if stray.size > 1 else f"not counted, as it lies far off the laws fitted to the others: {names[0]}",
        "look at them (isoflop check); leave them out or mend them",
    )]  # fmt: skip
    largest = int(np.argmax(runs["C"])) if "C" in runs else -1
    if largest in stray:
        (name,) = runs.names_of([largest])
        found.append(Finding(
            "P24", "WARN",
            f"the largest run, {name}, is off by {math.expm1(off[largest]):+.1%} and not counted; if it "
            "is right, losses beyond it are off by as much",
            "train another run of that size: every forecast beyond the runs hangs on it",
        ))  # fmt: skip
    return found
