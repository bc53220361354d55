"""Coverage beyond the samples drawn: densities of difficulty and a power law, weighed by blind forecasts over k.

What many samples bring hangs on problems that few samples leave unsolved, of which counts say little. Two views are
held: the densities that the evidence allows, and the power law that Brown et al. 2024 (arXiv:2407.21787) find in mean
coverage. Each forecasts what was measured from a tenth and a third of the samples; their errors over all models of a
table weigh them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.beyond.test_time.answers import Choosing
from isoflop.beyond.test_time.difficulty import Difficulty, Tail, difficulty
from isoflop.beyond.test_time.difficulty_densities import PLAIN
from isoflop.forecasting.weighing import weigh

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.formula.arrays import Array


FRACTIONS = (0.1, 1 / 3)
"""Shares of the samples from which blind forecasts are made."""
FEWEST = 3
"""Samples, and measured k, that a power law needs."""
WINDOW = 30.0
"""The power law goes through coverage at k from a thirtieth of the most samples on, or through the last three known:
it holds far out, not at k = 1."""
EXPECTED, COUNT = 0.03, 2.0
"""The error of either view before any was seen, in shares, and how many blind forecasts that counts as."""
ODDS = 3.0
"""Odds of the power law to the densities with equal errors."""
LEAST_SPREAD = 0.15
"""Least standard deviation of the power law's exponent, as a share of it. These were chosen on twelve simulated worlds
(Beta, logit-normal, log-uniform) and reported on those of benchmarks/coverage_worlds.py; on no public table."""


BLIND_DRAWS, BLIND_EFFORT = 120, 0.3
"""A blind forecast needs its middle only, to a point or so."""


class Slope(NamedTuple):
    """-log pass@k = u (k / k0)^-b: b, its standard deviation from what the points leave open, k0 and pass@k0."""

    b: float
    spread: float
    start: float
    begun: float

    def __call__(self, k: float) -> float:
        """Return pass@k."""
        return math.exp(math.log(self.begun) * (k / self.start) ** -self.b)


def with_tails(models: Sequence[Attempts], founds: Sequence[Difficulty], *, seed: int = 0) -> tuple[Difficulty, ...]:
    """Return each model's difficulty with a power law of coverage in as many draws as blind forecasts give it weight.

    What is known at one k only, or all or none of it solved, stays as it is.
    """
    slopes = [slope_of(one) for one in models]
    blind = [each for one, slope in zip(models, slopes, strict=True) if slope for each in _blind(one, seed=seed)]
    errors = {"densities": np.array([one[0] for one in blind]), "power law": np.array([one[1] for one in blind])}
    strayed = float(np.sqrt(np.mean([one[2] ** 2 for one in blind]))) if blind else 0.0
    squares = np.stack([one**2 for one in errors.values()])
    plain, law = weigh(squares, np.ones((1, len(blind))), expected=EXPECTED**2, count=COUNT, sharpness=1.0)[:, 0]
    weight = ODDS * law / (plain + ODDS * law)
    return tuple(
        one if slope is None else replace(one, tail=_tail(slope, errors, strayed, weight=weight, count=len(one.these),
                                                          seed=seed))
        for one, slope in zip(founds, slopes, strict=True)
    )  # fmt: skip


def _tail(slope: Slope, errors: dict[str, Array], strayed: float, *, weight: float, count: int, seed: int) -> Tail:
    """Return the power law in as many of the draws as its weight says."""
    random = np.random.default_rng(seed)
    spread = max(slope.spread, LEAST_SPREAD * abs(slope.b), strayed)
    slopes = np.maximum(slope.b + spread * random.standard_normal(count), 0.0)
    return Tail(slope.start, np.where(random.random(count) < weight, slopes, np.nan), errors)


def slope_of(attempts: Attempts) -> Slope | None:
    """Return the power law through coverage at the largest k; None where too little is measured."""
    k, rate = attempts.curve
    between = np.flatnonzero((rate > 0) & (rate < 1))
    if between.size < FEWEST or not 0 < rate[-1] < 1:
        return None
    keep = np.union1d(between[k[between] >= k[-1] / WINDOW], between[-FEWEST:])
    x, y = np.log(k[keep]), np.log(-np.log(rate[keep]))
    x, line = x - x.mean(), np.polyfit(x - x.mean(), y, 1)
    half = x >= np.median(x)
    bent = float(line[0] - np.polyfit(x[half], y[half], 1)[0]) if half.sum() > 1 else 0.0
    return Slope(max(-float(line[0]), 0.0), abs(bent), float(k[-1]), float(rate[-1]))


def _blind(attempts: Attempts, *, seed: int) -> list[tuple[float, float, float]]:
    """Return blind forecasts of the most samples from fewer: errors of densities and law, how far the exponent strayed.

    Where all are solved in the end, or none, no exponent leads there.
    """
    found, target = [], float(attempts.fewest)
    truth = attempts.measured(target)
    for most in _cuts(attempts):
        part = attempts.cut(most, seed=seed)
        slope = slope_of(part)
        if slope is None:
            continue
        plain = (
            difficulty(part, families=PLAIN, seed=seed, draws=BLIND_DRAWS, effort=BLIND_EFFORT)
            .at(Choosing(), target)
            .value
        )
        needed = math.log(math.log(slope.begun) / math.log(truth)) / math.log(target / slope.start)
        found.append((plain - truth, slope(target) - truth, needed - slope.b))
    return found


def _cuts(attempts: Attempts) -> list[int]:
    """Return numbers of samples to forecast from, of which at least one k beyond was measured."""
    found = set()
    for fraction in FRACTIONS:
        most = int(attempts.fewest * fraction)
        if attempts.rated:
            below = attempts.k[attempts.k <= most]
            most = int(below[-1]) if below.size >= FEWEST else 0
        if most >= FEWEST:
            found.add(most)
    return sorted(found)
