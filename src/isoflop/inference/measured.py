"""What the samples drawn show by themselves: pass@k counted without bias, and a power law through it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.laws.pass_at_k import pass_at_k

if TYPE_CHECKING:
    from isoflop.inference.attempts import Attempts

_POINTS = 16


class PowerLaw(NamedTuple):
    """-log pass@k = a k^-b, the form that Brown et al. 2024 (arXiv:2407.21787) find in coverage."""

    a: float
    b: float

    def __call__(self, k: float) -> float:
        """Give pass@k."""
        return math.exp(-self.a * k**-self.b)


def measured(attempts: Attempts, k: int) -> float:
    """Give the unbiased mean pass@k of the problems; nan where one of them has fewer samples."""
    if not 1 <= k <= attempts.fewest:
        return attempts.pass1 if k == 1 else math.nan
    return float(pass_at_k(attempts.samples, attempts.correct, k=k).mean())


def power_law(attempts: Attempts) -> PowerLaw:
    """Give the power law through the measured pass@k, by least squares in both logarithms; nan where there is none."""
    k = np.unique(np.geomspace(1, max(attempts.fewest, 1), _POINTS).round().astype(int))
    passed = np.array([measured(attempts, int(one)) for one in k])
    good = (passed > 0) & (passed < 1)
    if good.sum() < 3:
        return PowerLaw(math.nan, math.nan)
    slope, middle = np.polyfit(np.log(k[good]), np.log(-np.log(passed[good])), 1)
    return PowerLaw(math.exp(middle), -float(slope))
