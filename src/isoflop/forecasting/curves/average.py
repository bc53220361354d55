"""Several forecasts of one curve, weighed by what they missed before, with an interval that their misses calibrate.

Every forecast is made again from the beginning of the curve and scored on the rest. What was missed at about the
distance asked for, and lately, sets the weights and the width. Everything is in proportion to the curve's own scatter
and movement: no constant has a unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.forecasting.weighing import held, weigh
from isoflop.formula.arrays import Array, Bools

NEAR = 0.7
"""Distances whose ratio is e^NEAR count e times less for each other."""
FORGET = 2.0
"""A forecast made when x was smaller by a factor e^FORGET counts e times less."""
PRIOR = 1.0
"""As many tests as what all the forecasts missed on average, and an interval that was right, are believed in."""
SHARE = 0.1
"""The part of the way from the last value to the forecast that no forecast is sure of."""
CLIPPED = 5.0
"""The largest ratio of miss to width that counts."""
_TINY = 1e-8  # of log loss: below it nothing is told apart


@dataclass(frozen=True, eq=False)
class Past:
    """What forecasts from the beginning of a curve missed on the rest of it, in log loss.

    error   (members, tests) forecast - what came
    moved   (members, tests) forecast - the last value known
    known   (members, tests) the variance each member gave its own forecast
    far     (tests,) log of x there / x known
    ago     (tests,) log of x now / x known
    origin  (tests,) which forecasts were made together
    """

    error: Array
    moved: Array
    known: Array
    far: Array
    ago: Array
    origin: NDArray[np.int64]

    def known_by(self, rows: Bools, ago: float) -> Past:
        """Return some of the tests, as they stood when x was so much smaller (in its logarithm)."""
        parts = (self.error[:, rows], self.moved[:, rows], self.known[:, rows])
        return Past(*parts, self.far[rows], self.ago[rows] - ago, self.origin[rows])

    @property
    def origins(self) -> int:
        """Return how often forecasts were made."""
        return len(np.unique(self.origin))


@dataclass(frozen=True, eq=False)
class Mixed:
    """The mean of several forecasts, log loss (targets,), its standard error without a row's noise, the weights.

    scale  how large past misses were beside the width they were given
    """

    mean: Array
    error: Array
    weights: Array
    scale: Array


def mix(each: Array, known: Array, *, moved: Array, far: Array, past: Past, noise: float, least: float = 0.0) -> Mixed:
    """Return the mean of forecasts (members, targets) that lie `far` (targets,) ahead, with its standard error.

    known  the variance that each forecast (members, targets) gives itself
    moved  how far each is from the last value
    least  the least that past misses may say of the width: 1 where the future has what the past had not
    """
    weights, ratio = _weights(past, far), np.minimum(np.abs(_ratios(past, noise)), CLIPPED)
    seen = np.sqrt(held(ratio[None] ** 2, _nearness(past, far), expected=1.0, count=PRIOR)[0])
    mean = (weights * each).sum(axis=0)
    scale = np.maximum(seen, least)
    error = scale * _width(moved, known, weights=weights, noise=noise)
    return Mixed(mean, error, weights, scale)


def _ratios(past: Past, noise: float) -> Array:
    """Return each past miss of the mean beside the width it would have been given, by what was known when it was made.

    Of the origins before one, it knows the forecasts of rows that had come by then.
    """
    found = np.zeros(past.far.shape)
    for origin in np.unique(past.origin):
        here = past.origin == origin
        now = past.ago[here][0]
        known = (past.ago > now) & (past.far <= past.ago - now + _TINY)
        weights = _weights(past.known_by(known, now), past.far[here])
        mean = (weights * past.error[:, here]).sum(axis=0)
        found[here] = mean / _width(past.moved[:, here], past.known[:, here], weights=weights, noise=noise)
    return found


def _weights(past: Past, far: Array) -> Array:
    """Return the weight of each member at each target, (members, targets): columns add up to 1.

    It is one over the root mean square of its misses; over their mean square, a few lucky tests would decide. Before
    any, a member is expected to miss as they all do on average.
    """
    near, squares = _nearness(past, far), past.error**2 + _TINY**2
    usual = (near @ squares.mean(axis=0) + _TINY**3) / (near.sum(axis=1) + _TINY)
    return weigh(squares, near, expected=usual, count=PRIOR, sharpness=0.5)


def _nearness(past: Past, far: Array) -> Array:
    """Return how much each test says about each target, (targets, tests); many tests of one origin count as few."""
    apart = np.abs(np.log(past.far / far[:, None]))
    together = np.bincount(past.origin)[past.origin] ** 0.7
    return np.asarray(np.exp(-apart / NEAR - past.ago / FORGET) / together)


def _width(moved: Array, known: Array, *, weights: Array, noise: float) -> Array:
    """Give the standard error of the mean: what members know of themselves, how they differ, and what none is sure of.

    Half a row's noise stands for the last value's own.
    """
    mean = (weights * moved).sum(axis=0)
    between = (weights * (moved - mean) ** 2).sum(axis=0)
    return np.asarray(np.sqrt(between + (weights * known).sum(axis=0) + (SHARE * mean) ** 2 + noise**2 / 4 + _TINY**2))
