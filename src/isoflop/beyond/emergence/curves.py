"""A smooth curve through runs, and the same curve with a break: one fit for losses and for right answers.

    g = smooth(x; theta) - size * shape(u),     size >= 0

at places u of log scale, from 0 to 1. A step is a rise from 0 to 1 within a narrow stretch; a turn goes on growing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from isoflop.fitting.optimise.damped import Normal, descend
from isoflop.formula.arrays import Array

RIDGE = 1e-2
"""Precision with which a break is thought to be 0: it keeps one finite whose lower side has no right answer at all."""
_SIZE = 0.3
"""The size with which the fit of a break begins."""
_STEPS, _TOLERANCE = 40, 1e-6


class Told(NamedTuple):
    """What runs say of a curve.

    score         of each run, in nats; pull and weight are its slope and information in the curve's value
    wider, known  slope and information of the summed score in the log of the scatter
    """

    score: Array
    pull: Array
    weight: Array
    wider: float
    known: float


class Readings(Protocol):
    """What was measured along scale, and what a curve is held against."""

    @property
    def place(self) -> Array:
        """Each run's place on log scale, from 0 to 1."""

    @property
    def x(self) -> Array:
        """What the smooth curve is a function of."""

    @property
    def scatter(self) -> tuple[float, float, float]:
        """Where the log of the scatter begins, its least and its most."""

    def told(self, value: Array, log_scatter: float) -> Told:
        """Return what the runs say of a curve with these values."""

    def guess(self) -> tuple[Array, Array]:
        """Return a rough value of the curve at each run, and its weight."""

    def seen(self, value: Array) -> Array:
        """Return a curve's values as losses or accuracies."""

    def missed(self, value: Array) -> Array:
        """Return by how much a curve misses each run, in the unit in which errors are told."""

    def drawn(self, value: Array, log_scatter: float, *, cases: int, seed: int) -> Array:
        """Return pulls (runs, cases) of runs drawn about a curve."""

    def take(self, keep: NDArray[np.bool_]) -> Self:
        """Return some of the runs."""


@dataclass(frozen=True, eq=False)
class Form:
    """A smooth curve: at(theta, x) gives values and slopes (runs, parameters), starts(readings) where to begin."""

    name: str
    at: Callable[[Array, Array], tuple[Array, Array]]
    starts: Callable[[Readings], list[Array]]


@dataclass(frozen=True, eq=False)
class Break:
    """Where a curve breaks: a step there within a width, both as shares of log scale, or a turn."""

    name: str
    at: float
    width: float
    turns: bool = False

    def __call__(self, place: Array) -> Array:
        """Return how much of the step is done, or how far the turn has gone."""
        steps = (place - self.at) / self.width
        return np.asarray(self.width * np.logaddexp(0.0, steps) if self.turns else 0.5 * (1 + np.tanh(steps / 2)))


@dataclass(frozen=True, eq=False)
class Fitted:
    """The best curve of one form, with or without a break; the covariance is that of theta, then size."""

    readings: Readings
    form: Form
    theta: Array
    log_scatter: float
    score: float
    covariance: Array
    where: Break | None = None
    size: float = 0.0

    def __call__(self, x: Array, place: Array) -> Array:
        """Return the curve's values."""
        value = self.form.at(self.theta, x)[0]
        return value - self.size * self.where(place) if self.where else value

    @property
    def name(self) -> str:
        """What kind of curve it is."""
        return self.where.name if self.where else self.form.name

    def drawn(self, row: Array) -> Fitted:
        """Return the curve moved by a row drawn from its covariance."""
        count = self.theta.size
        return replace(self, theta=self.theta + row[:count], size=self.size + float(row[count:].sum()))


def fit(readings: Readings, form: Form, where: Break | None = None, *, begin: Fitted | None = None) -> Fitted:
    """Return the best curve of a form: from where `begin` stands, or from the form's own starts."""
    first, least, most = readings.scatter
    begun = [(begin.theta, begin.log_scatter)] if begin else [(one, first) for one in form.starts(readings)]
    size = np.full(int(where is not None), _SIZE)
    low = np.concatenate([np.full(begun[0][0].size, -np.inf), 0 * size, [least]])
    high = np.append(np.full(low.size - 1, np.inf), most)
    at = _normal(readings, form, where)
    ends = [
        descend(at, np.concatenate([theta, size, [scatter]]), low=low, high=high, steps=_STEPS, tolerance=_TOLERANCE)
        for theta, scatter in begun
    ]
    theta = min(ends, key=lambda end: at(end).cost)
    normal = at(theta)
    covariance: Array = np.asarray(np.linalg.pinv(normal.curvature[:-1, :-1], rcond=1e-10, hermitian=True), float)
    count = begun[0][0].size
    return Fitted(
        readings, form, theta[:count], float(theta[-1]), -normal.cost, covariance, where, float(theta[count:-1].sum())
    )


def _normal(readings: Readings, form: Form, where: Break | None) -> Callable[[Array], Normal]:
    """Return the normal equations in theta, the size of the break if there is one, and the log of the scatter."""
    shape = where(readings.place)[:, None] if where else np.zeros((readings.place.size, 0))

    def at(theta: Array) -> Normal:
        count = theta.size - 1 - shape.shape[1]
        size = theta[count:-1]
        value, columns = form.at(theta[:count], readings.x)
        told = readings.told(value - shape @ size, theta[-1])
        columns = np.concatenate([columns, -shape], axis=1)
        descent, curvature = np.empty(theta.size), np.zeros((theta.size, theta.size))
        descent[:-1], descent[-1] = columns.T @ told.pull, told.wider
        curvature[:-1, :-1], curvature[-1, -1] = (columns.T * told.weight) @ columns, told.known
        if size.size:
            descent[count] -= RIDGE * size[0]
            curvature[count, count] += RIDGE
        return Normal(0.5 * RIDGE * float(size @ size) - float(told.score.sum()), descent, curvature)

    return at
