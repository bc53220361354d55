"""What a run's schedule did to its curve: how far it travelled, and what the falls of its rate have brought.

A loss under a falling rate lies below the loss that the same travel gives at a constant rate:

    L(t) = trend(travelled(t)) - B level R(t),   travelled(t) = D mean of the rates so far,
    R(t) = sum over drops k <= t of drop_k (1 - (1 + C S_k rate_k^-gamma)^-beta)

(Luo et al. 2025, arXiv:2503.12811), rates as shares of the peak. Taking B R out of every curve of a ladder and putting
it back for the run that is to be foretold lets schedules differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.forecasting.curves.responses import blocks, multi_powered
from isoflop.forecasting.curves.sized import PLACES
from isoflop.formula.arrays import Array

HELD = {"log_C": -2.1, "beta": 0.59, "gamma": 0.64}
"""The multi-power law's other parameters, where three published models have them: see schedule_fit.FORMS."""
USUAL_STEPS = 20_000
"""Steps of a run that does not say how many it has."""
ALIKE = 0.02
"""Schedules whose rates differ by less than this share of the peak, on average, are one."""


@dataclass(frozen=True, eq=False)
class Annealed:
    """A schedule as curves feel it, at PLACES places: what was travelled, as a share of D, and what falls brought."""

    travelled: Array
    brought: Array

    def at(self, share: Array) -> tuple[Array, Array]:
        """Return both at shares of the run."""
        places = np.arange(1, PLACES + 1) / PLACES
        first = np.minimum(share * PLACES, 1.0)  # below the first place, travel rises from nothing
        return np.interp(share, places, self.travelled) * first, np.interp(share, places, self.brought)


def annealed(rates: Array | None, steps: float = USUAL_STEPS) -> Annealed:
    """Return what a schedule of rates at PLACES places does; without one, a constant rate."""
    if rates is None:
        rates = np.ones(PLACES)
    share = np.maximum(rates / rates.max(), 1e-9)
    held = np.where(np.arange(PLACES) < int(np.argmax(share >= 0.999)), 1.0, share)  # a warm-up is no fall
    longer = np.log((steps if np.isfinite(steps) else USUAL_STEPS) / PLACES)
    seen = blocks(held, np.arange(1, PLACES + 1))
    brought = multi_powered(seen, {**HELD, "log_C": HELD["log_C"] + longer}) if len(seen.length) else np.zeros(PLACES)
    return Annealed(np.cumsum(share) / PLACES, brought)


def falls(rates: Array | None) -> bool:
    """Return whether a schedule is known whose rate falls by more than a tenth after its peak."""
    return rates is not None and bool(rates[int(np.argmax(rates)) :].min() < 0.9 * rates.max())


def alike(schedules: list[Array | None]) -> bool:
    """Return whether all schedules that are known are one."""
    known = [one / one.max() for one in schedules if one is not None]
    return all(float(np.mean(np.abs(one - known[0]))) < ALIKE for one in known)
