"""How many times as much the first recipe needs to reach the other's loss, and whether that grows with scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from isoflop.beyond.recipes.two_curves import Duel
from isoflop.estimate import LEVEL, Estimate, from_draws, weighted
from isoflop.formula.arrays import Array

LEAST = 0.3
"""Decades that the runs of both recipes must have in common for a trend."""


class Drawn(NamedTuple):
    """A quantity at some scales: its best value (scales,), and draws (…, scales) of two kinds.

    statistical  (1, draws, scales): as far as the runs' errors move it
    whole        (laws, draws, scales): and laws disagree, and drift beyond the runs
    weights      (laws, scales)
    """

    value: Array
    statistical: Array
    whole: Array
    weights: Array

    def changed(self, change: Callable[[Array], Array]) -> Drawn:
        """Return the same after a change of every number."""
        with np.errstate(all="ignore"):  # out of reach is inf, and twice out of reach nan
            return Drawn(change(self.value), change(self.statistical), change(self.whole), self.weights)

    def at(self, place: int) -> Drawn:
        """Return it at one of its scales."""
        some = slice(place, place + 1)
        return Drawn(*(part[..., some] for part in (self.value, self.statistical, self.whole, self.weights)))


def log_multiplier(found: Duel, at: Array) -> Drawn:
    """Return the logarithm of the multiplier at each scale (scales,); inf where the first recipe never gets there."""
    x, here = np.log(found.x), np.log(at)
    kinds = [reaching(x, ours, at_points(x, theirs, here)) - here for ours, theirs in found.kinds()]
    return Drawn(kinds[0], kinds[1], kinds[2], at_points(x, found.weights, here))


def at_points(x: Array, values: Array, here: Array) -> Array:
    """Return values (…, points) between the points, (…, scales)."""
    place = np.clip(np.searchsorted(x, here) - 1, 0, x.size - 2)
    share = (here - x[place]) / (x[place + 1] - x[place])
    return values[..., place] * (1 - share) + values[..., place + 1] * share


def reaching(x: Array, loss: Array, target: Array) -> Array:
    """Return the least x at which the loss (…, points) is down to each target (…, scales), inf if it never is."""
    falls = np.minimum.accumulate(np.where(np.isnan(loss), np.inf, loss), axis=-1)
    rows = falls.reshape(-1, x.size)
    wanted = np.broadcast_to(target, (*loss.shape[:-1], target.shape[-1])).reshape(len(rows), -1)
    found = [np.interp(-one, -row, x, right=np.inf) for one, row in zip(wanted, rows, strict=True)]
    return np.array(found).reshape(*loss.shape[:-1], -1)


def multipliers(found: Duel, at: Array, level: float = LEVEL) -> list[Estimate]:
    """Return the multiplier at each scale with its intervals."""
    return _exponentials(log_multiplier(found, at), level)


def _exponentials(drawn: Drawn, level: float) -> list[Estimate]:
    grown = drawn.changed(np.exp)
    return [estimate(grown.at(place), level) for place in range(drawn.value.size)]


def estimate(drawn: Drawn, level: float = LEVEL) -> Estimate:
    """Return a quantity at one scale with both kinds of interval; the wider holds."""
    value, weights = float(drawn.value.ravel()[0]), drawn.weights.ravel()
    share = np.repeat(weights, drawn.whole.shape[1])
    narrow = from_draws(value, drawn.statistical.ravel(), level)
    wide = weighted(value, drawn.whole.ravel(), share, level=level)
    ends = {"statistical": (narrow.low, narrow.high), "laws": (wide.low, wide.high)}
    return Estimate(value, wide.low, wide.high, level, ends)


def losses(found: Duel, at: Array, level: float = LEVEL) -> list[tuple[Estimate, Estimate]]:
    """Return both recipes' losses at each scale."""
    x, here = np.log(found.x), np.log(at)
    weights = at_points(x, found.weights, here)
    kinds = [[at_points(x, kind[side], here) for kind in found.kinds()] for side in (0, 1)]
    both = [_exponentials(Drawn(side[0], side[1], side[2], weights), level) for side in kinds]
    return list(zip(*both, strict=True))


def trend(found: Duel, level: float = LEVEL) -> Estimate:
    """Give the factor by which the multiplier changes with ten times the scale, from end to end of the common runs."""
    low, high = found.common
    decades = float(np.log10(high / low))
    if not decades > LEAST:
        return Estimate(math.nan, level=level)
    both = log_multiplier(found, np.array([low, high]))
    turned = both.changed(lambda log: (log[..., 1:] - log[..., :1]) / decades)
    return _exponentials(turned._replace(weights=both.weights.mean(axis=-1, keepdims=True)), level)[0]
