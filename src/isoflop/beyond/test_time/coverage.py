"""Coverage beyond the samples drawn: densities of difficulty and a power law, weighed by blind forecasts over k.

What many samples bring hangs on problems that few samples leave unsolved, of which counts say little. Two views are
held: the densities that the evidence allows, and the power law that Brown et al. 2024 (arXiv:2407.21787) find in mean
coverage. Each forecasts what was measured from a tenth and a third of the samples; their errors weigh them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.beyond.test_time.answers import Choosing
from isoflop.beyond.test_time.difficulty import Difficulty, Tail, difficulty
from isoflop.beyond.test_time.difficulty_densities import PLAIN

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.formula.arrays import Array


FRACTIONS = (0.1, 1 / 3)
"""Shares of the samples from which blind forecasts are made."""
FEWEST = 3
"""Samples, and measured k, that a power law needs."""
WINDOW = 30.0
"""The power law goes through coverage at k from a thirtieth of the most samples on: it holds far out, not at k = 1."""
EXPECTED, ODDS = 0.05, 2.0
"""The error of either view before any was seen, in shares; odds of the power law to the densities with equal errors."""
LEAST_SPREAD = 0.15
"""Least standard deviation of the power law's exponent, as a share of it. These five were chosen on
the simulated worlds of benchmarks/coverage_worlds.py, on no public table."""


class Slope(NamedTuple):
    """-log pass@k = u (k / k0)^-b: b, its standard deviation from what the points leave open, k0 and pass@k0."""

    b: float
    spread: float
    start: float
    begun: float

    def __call__(self, k: float) -> float:
        """Return pass@k."""
        return math.exp(math.log(self.begun) * (k / self.start) ** -self.b)


def with_tail(attempts: Attempts, found: Difficulty, *, seed: int = 0) -> Difficulty:
    """Return the difficulty with a power law of coverage in as many draws as blind forecasts give it weight."""
    slope = slope_of(attempts)
    if slope is None:
        return found
    errors, strayed = _blind(attempts, seed=seed)
    squares = [float(np.mean(one**2)) if one.size else 0.0 for one in errors.values()]
    odds = ODDS * (squares[0] + EXPECTED**2) / (squares[1] + EXPECTED**2)
    random = np.random.default_rng(seed)
    spread = max(slope.spread, LEAST_SPREAD * abs(slope.b), strayed)
    slopes = np.maximum(slope.b + spread * random.standard_normal(len(found.these)), 0.0)
    chosen = random.random(len(found.these)) < odds / (1 + odds)
    return replace(found, tail=Tail(slope.start, np.where(chosen, slopes, np.nan), errors))


def slope_of(attempts: Attempts) -> Slope | None:
    """Return the power law through coverage at the largest k; None where too little is measured."""
    k, rate = attempts.curve
    keep = (rate > 0) & (rate < 1) & (k >= k[-1] / WINDOW)
    if keep.sum() < FEWEST or not 0 < rate[-1] < 1:
        return None
    x, y = np.log(k[keep]), np.log(-np.log(rate[keep]))
    x, line = x - x.mean(), np.polyfit(x - x.mean(), y, 1)
    half = x >= np.median(x)
    bent = float(line[0] - np.polyfit(x[half], y[half], 1)[0]) if half.sum() > 1 else 0.0
    return Slope(max(-float(line[0]), 0.0), abs(bent), float(k[-1]), float(rate[-1]))


def _blind(attempts: Attempts, *, seed: int) -> tuple[dict[str, Array], float]:
    """Return each view's errors at the most samples, forecast from fewer, and how far the exponents strayed."""
    densities, laws, strayed = [], [], []
    for most in _cuts(attempts):
        part, target = attempts.cut(most, seed=seed), float(attempts.fewest)
        slope = slope_of(part)
        if slope is None:
            continue
        truth = attempts.measured(target)
        blind = difficulty(part, families=PLAIN, seed=seed, effort=0.5)
        densities.append(blind.at(Choosing(), target).value - truth)
        laws.append(slope(target) - truth)
        needed = math.log(math.log(slope.begun) / math.log(truth)) / math.log(target / slope.start)
        strayed.append(needed - slope.b)
    errors = {"densities": np.array(densities), "power law": np.array(laws)}
    return errors, float(np.sqrt(np.mean(np.square(strayed)))) if strayed else 0.0


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
