"""From the scale of the proxies to that of larger runs: each target's losses there are a line in those foretold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.beyond.mix.laws import Said
from isoflop.beyond.mix.mixtures import Mixtures
from isoflop.formula.arrays import Array

SLOPE = 0.3
"""Standard deviation of the slopes' prior about their mean over targets."""
LEAST = 3
"""Larger runs from which a line is drawn."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Carried:
    """ln L at a larger scale = level + slope (ln L of the proxies - middle), a line for each target.

    runs   larger runs behind it; `spread` what is left (targets,)
    """

    level: Array
    slope: Array
    middle: Array
    spread: Array
    runs: int

    def of(self, said: Said) -> Said:
        """Return what is foretold at the larger scale, from what is foretold at that of the proxies."""

        def carried(shares: Array) -> tuple[Array, Array]:
            logs, errors = said(shares)
            return self.level + self.slope * (logs - self.middle), np.hypot(self.slope * errors, self.spread)

        return carried


def carry(said: Said, larger: Mixtures) -> Carried:
    """Return the lines that carry what the proxies foretell to the losses of larger runs.

    Slopes are held to the mean slope over all targets (ridge), so that a few runs are enough.
    """
    logs, _ = said(larger.shares)
    middle, level = logs.mean(0), larger.logs.mean(0)
    x, y = logs - middle, larger.logs - level
    pooled = float((x * y).sum() / max((x * x).sum(), 1e-12))
    residual = y - pooled * x
    noise = max(float((residual**2).sum() / max(residual.size - 1, 1)), 1e-8)
    slope = pooled + (x * residual).sum(0) / ((x * x).sum(0) + noise / SLOPE**2)
    spread = np.sqrt(((y - slope * x) ** 2).sum(0) / max(len(larger) - 2, 1) * (1 + 1 / len(larger)))
    return Carried(level=level, slope=slope, middle=middle, spread=spread, runs=len(larger))
