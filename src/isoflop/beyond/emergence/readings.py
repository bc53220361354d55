"""What was measured of each run, as a curve is held against it: its loss, or its right answers out of n.

The loss: log L = g + scatter. Right answers: the surprisal eta of one is g, and accuracy is exp(-eta), or
1/(1 + exp(eta)), between chance and ceiling. Answers are binomial; what else moves single runs is a scatter of eta.
Its likelihood is the extended quasi-likelihood of Nelder and Pregibon (1987), which knows the exact odds of zeros.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.emergence.curves import Form, Readings, Told
from isoflop.formula.arrays import Array

LINKS = ("exponential", "logistic")
_LEAST, _MOST, _TINY = 1e-9, 40.0, 1e-13
_SLOPES = (0.5, 3.0)
"""Where a power law's slope over the range of the runs begins."""


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses along scale, each (runs,); log scale is start + reach * place, place from 0 to 1."""

    place: Array
    loss: Array
    start: float = 0.0
    reach: float = 1.0
    scatter: tuple[float, float, float] = (math.log(0.03), math.log(1e-6), math.log(10.0))

    @property
    def x(self) -> Array:
        """What a smooth curve of the loss is a function of."""
        return self.place

    def told(self, value: Array, log_scatter: float) -> Told:
        """Return what the runs say: -(log L - g)^2 / 2 s^2 - log s each."""
        weight = math.exp(-2 * log_scatter)
        off = np.log(self.loss) - value
        each = -0.5 * weight * off**2
        return Told(each - log_scatter, weight * off, np.full(off.size, weight), float(-2 * each.sum() - off.size),
                    2.0 * off.size)  # fmt: skip

    def guess(self) -> tuple[Array, Array]:
        """Return a rough value of the curve at each run, and its weight."""
        return np.log(self.loss), np.ones_like(self.loss)

    def seen(self, value: Array) -> Array:
        """Return a curve's values as losses."""
        return np.asarray(np.exp(value))

    def missed(self, value: Array) -> Array:
        """Return the error of a curve in log loss."""
        return np.asarray(value - np.log(self.loss))

    def drawn(self, value: Array, log_scatter: float, *, cases: int, seed: int) -> Array:
        """Return pulls of losses drawn about a curve."""
        return np.asarray(math.exp(-log_scatter) * np.random.default_rng(seed).standard_normal((value.size, cases)))

    def take(self, keep: NDArray[np.bool_]) -> Losses:
        """Return some of the runs."""
        return replace(self, place=self.place[keep], loss=self.loss[keep])


@dataclass(frozen=True, eq=False)
class Counts:
    """Right answers of runs (runs,), each of so many items; x is what their surprisal is a function of."""

    place: Array
    x: Array
    right: Array
    items: float
    chance: float = 0.0
    ceiling: float = 1.0
    link: str = LINKS[0]
    scatter: tuple[float, float, float] = (math.log(0.1), math.log(1e-3), math.log(3.0))

    def accuracy(self, eta: Array) -> tuple[Array, Array]:
        """Return the accuracy at some surprisals, and its slope."""
        part = np.exp(-np.clip(eta, _LEAST if self.link == LINKS[0] else -_MOST, _MOST))
        if self.link == LINKS[0]:
            slope = -part
        else:
            part = part / (1 + part)
            slope = -part * (1 - part)
        reach = self.ceiling - self.chance
        return np.clip(self.chance + reach * part, _TINY, 1 - _LEAST), reach * slope

    def told(self, value: Array, log_scatter: float) -> Told:
        """Return what the runs say: -(log odds of the counts) / spread - log(spread) / 2 each.

        spread = 1 + n (slope * scatter)^2 / (p (1 - p)) is by how much the variance exceeds the binomial's.
        """
        share, slope = self.accuracy(value)
        variance = share * (1 - share)
        spread = 1 + self.items * (slope * math.exp(log_scatter)) ** 2 / variance
        odds = self._odds(share)
        wider = 2 * (spread - 1) / spread  # the slope of log(spread)
        return Told(
            -odds / spread - 0.5 * np.log(spread), (self.right - self.items * share) * slope / (variance * spread),
            self.items * slope**2 / (variance * spread), float(((odds / spread - 0.5) * wider).sum()),
            float(0.5 * (wider**2).sum()),
        )  # fmt: skip

    def _odds(self, share: Array) -> Array:
        """Return the log-likelihood ratio of each run's counts to those of a perfect curve."""
        right, wrong = self.right, self.items - self.right
        with np.errstate(all="ignore"):
            odds = np.where(right > 0, right * np.log(right / (self.items * share)), 0.0)
            return np.asarray(odds + np.where(wrong > 0, wrong * np.log(wrong / (self.items * (1 - share))), 0.0))

    def guess(self) -> tuple[Array, Array]:
        """Return a rough value of the curve at each run, half an answer added, and its weight."""
        share = ((self.right + 0.5) / (self.items + 1) - self.chance) / (self.ceiling - self.chance)
        known = np.clip(share, 0.2 / self.items, 1 - 1e-6)
        return -np.log(known), known

    def seen(self, value: Array) -> Array:
        """Return a curve's values as accuracies."""
        return self.accuracy(value)[0]

    def missed(self, value: Array) -> Array:
        """Return the error of a curve in accuracy."""
        return np.asarray(self.seen(value) - self.right / self.items)

    def drawn(self, value: Array, log_scatter: float, *, cases: int, seed: int) -> Array:
        """Return pulls of right answers drawn about a curve."""
        random = np.random.default_rng(seed)
        eta = value[:, None] + math.exp(log_scatter) * random.standard_normal((value.size, cases))
        right = random.binomial(round(self.items), self.accuracy(eta)[0])
        return np.stack([replace(self, right=row).told(value, log_scatter).pull for row in right.T], axis=1)

    def take(self, keep: NDArray[np.bool_]) -> Counts:
        """Return some of the runs."""
        return replace(self, place=self.place[keep], x=self.x[keep], right=self.right[keep])


def _power(theta: Array, place: Array) -> tuple[Array, Array]:
    # log(exp(e) + exp(a - s u)), of e, a and log s: a power law above a floor
    floor, scale, slope = theta
    fallen = math.exp(min(slope, 5.0)) * place
    value = np.logaddexp(floor, scale - fallen)
    part = np.exp(floor - value)
    return value, np.stack([part, 1 - part, -(1 - part) * fallen], axis=1)


def _power_starts(readings: Readings) -> list[Array]:
    logs = readings.guess()[0]
    return [np.array([logs.min() - 0.5, logs.max(), math.log(slope)]) for slope in _SLOPES]


def _powers(theta: Array, x: Array) -> tuple[Array, Array]:
    columns = x[:, None] ** np.arange(theta.size)
    return columns @ theta, columns


def bent(name: str, bends: int) -> Form:
    """Return a straight line in x, or one that bends so often."""

    def starts(readings: Readings) -> list[Array]:
        value, weight = readings.guess()
        line = np.polynomial.polynomial.polyfit(readings.x, value, 1, w=weight**0.5)
        return [np.concatenate([line, np.zeros(bends)])]

    return Form(name, _powers, starts)


def stated(middle: float, spread: float, tokens: float) -> Form:
    """Return the surprisal that exact match of so many tokens makes of the loss: nothing is free."""

    def at(_: Array, x: Array) -> tuple[Array, Array]:
        return tokens * (middle + spread * x), np.zeros((x.size, 0))

    return Form("as stated", at, lambda _: [np.zeros(0)])


POWER, PARABOLA = Form("power law", _power, _power_starts), bent("parabola in log-log", 1)
