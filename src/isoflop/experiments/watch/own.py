"""The run's own laws: of its schedule where that is known, of its trend where the rate stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import DataError
from isoflop.experiments.watch.planned import Planned
from isoflop.forecasting.curves.known_schedule import follow
from isoflop.forecasting.curves.loss_curve import LossCurve
from isoflop.forecasting.curves.sized import PLACES, SizedCurve
from isoflop.forecasting.curves.unknown_schedule import extrapolate
from isoflop.formula.arrays import Array

FEWEST, EARLIEST = 12, 0.1
"""Rows, and the share of the run, below which a run's own laws are not asked."""
STEPS = 20_000
"""Steps that a run is told in: the laws remember in steps, and no run needs more of them."""
DOUBT = 2.0
"""How much wider than it says a trend is taken that knows no schedule: benchmarks/watch.py."""
AHEAD = np.linspace(0.0, 1.0, 41)[1:]


@dataclass(frozen=True, eq=False)
class Own:
    """What a run's own laws say: log loss and its standard error at shares ahead of the last row."""

    last: float
    share: Array
    mean: Array
    error: Array

    def joined(self, share: Array, mean: Array, error: Array) -> tuple[Array, Array]:
        """Return the ladder's forecast joined with the run's own where it is ahead, each by its precision."""
        ahead = share > self.last
        own, own_error = (np.interp(share, self.share, values) for values in (self.mean, self.error))
        weight = np.where(ahead, error**2 / (error**2 + own_error**2), 0.0)
        joint = np.where(ahead, error * own_error / np.maximum(np.hypot(error, own_error), 1e-12), error)
        return mean + weight * (own - mean), joint

    def weight(self, error: float) -> float:
        """Return how much the run's own laws count at the end, beside a forecast with this standard error."""
        return float(error**2 / (error**2 + self.error[-1] ** 2))


def own_laws(curve: SizedCurve, plan: Planned, spiked: NDArray[np.bool_]) -> Own | None:
    """Return what a run's own laws say of the rest of it; None where it has shown too little, or has ended."""
    sound = ~spiked & (curve.share > 0)
    if sound.sum() < FEWEST or not EARLIEST <= curve.last < 1 - 1e-9:
        return None
    total = float(min(STEPS, plan.total)) if plan.unit == "steps" else float(STEPS)
    at = curve.share[sound] * total
    run = LossCurve(curve.name, at, curve.loss[sound])
    share = curve.last + (1 - curve.last) * AHEAD
    try:
        if plan.run.rates is None:
            found, _ = extrapolate(run, share * total)
            return Own(curve.last, share, found.mean, DOUBT * np.hypot(found.error, 1e-4))
        rates = np.interp(np.arange(1, int(total) + 1) / total, np.arange(1, PLACES + 1) / PLACES, plan.run.rates)
        found = follow(run, rates).forecast(rates, share * total)
    except DataError:  # too few rows after the warm-up
        return None
    return Own(curve.last, share, found.mean, np.hypot(found.error, 1e-4))
