"""Where accuracy leaves chance, is half-way to its ceiling, and breaks: along scale and in loss, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence.curves import Fitted, fit
from isoflop.beyond.emergence.metrics import detectable
from isoflop.beyond.emergence.result import Scoring, Shown, Threshold
from isoflop.beyond.emergence.search import span
from isoflop.estimate import Estimate, from_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isoflop.beyond.emergence.readings import Losses
    from isoflop.formula.arrays import Array


DECADES = 4.0
"""How far beyond the largest run a threshold is looked for; farther is out of reach."""
DRAWS = 99
_GRID = 800


@dataclass(frozen=True, eq=False)
class Curves:
    """The loss along scale and the accuracy given loss, on a fine grid, at their best (row 0) and as they may also be.

    log_scale  (points,): natural logarithms of scale
    loss, accuracy  (1 + draws, points)
    """

    log_scale: Array
    loss: Array
    accuracy: Array

    def crossing(self, what: str, accuracy: float, level: float) -> Threshold:
        """Return where accuracy reaches a value: inf beyond the grid, 0 before the smallest run."""
        reached = self.accuracy >= accuracy
        first = np.argmax(reached, axis=1)[:, None]
        before = np.maximum(first - 1, 0)

        def between(curves: Array) -> Array:
            low, high = (np.take_along_axis(curves, at, axis=1)[:, 0] for at in (before, first))
            return np.asarray(low + share * (high - low))

        share = np.zeros(len(reached))
        gap = np.take_along_axis(self.accuracy, first, axis=1)[:, 0] - between(self.accuracy)
        share = np.where(gap > 0, (accuracy - between(self.accuracy)) / np.where(gap > 0, gap, 1.0), 0.0)
        some, inside = reached.any(axis=1), first[:, 0] > 0
        scale = np.exp(between(np.tile(self.log_scale, (len(reached), 1))))
        scale = np.where(some, np.where(inside, scale, 0.0), np.inf)
        loss = np.where(some & inside, between(self.loss), np.nan)
        return Threshold(what, from_draws(scale[0], scale[1:], level), from_draws(loss[0], loss[1:], level))


def curves(loss: Fitted, answers: Fitted, losses: Losses, *, unit: tuple[float, float], seed: int) -> Curves:
    """Return the curves on a grid from the smallest run to far beyond the largest; `unit` is the loss's in x."""
    random = np.random.default_rng(seed)
    grid = np.linspace(0, 1 + DECADES * math.log(10) / losses.reach, _GRID)
    values = [one(grid, grid) for one in (loss, *_redrawn(loss, losses, random))]
    fallen = losses.seen(np.minimum.accumulate(values, axis=1))  # a parabola turns, beyond the runs
    sides, lengths, _ = np.linalg.svd(answers.covariance) if answers.covariance.size else 3 * (np.eye(0),)
    moves = random.standard_normal((DRAWS, len(sides))) @ (sides * np.sqrt(lengths.ravel())).T
    drawn = [answers, *(answers.drawn(row) for row in moves)]
    eta = np.stack([one((row - unit[0]) / unit[1], grid) for one, row in zip(drawn, fallen, strict=True)])
    return Curves(losses.start + losses.reach * grid, fallen, answers.readings.seen(eta))


def _redrawn(loss: Fitted, losses: Losses, random: np.random.Generator) -> list[Fitted]:
    """Return curves of the same kind fitted to losses drawn about this one."""
    place, free = losses.place, loss.theta.size
    scatter = math.exp(loss.log_scatter) * math.sqrt(place.size / max(place.size - free, 1))
    drawn = losses.seen(loss(place, place) + scatter * random.standard_normal((DRAWS, place.size)))
    return [fit(replace(losses, loss=row), loss.form, loss.where, begin=loss) for row in drawn]


def thresholds(found: Curves, scoring: Scoring, level: float) -> tuple[Threshold, ...]:
    """Return where accuracy leaves chance, as these items show it, and where it is half-way to its ceiling."""
    leaves = detectable(scoring.items, scoring.chance)
    return (
        found.crossing("leaves chance", leaves, level),
        found.crossing("is half-way", (scoring.chance + scoring.ceiling) / 2, level),
    )


def at_break(best: Fitted, loss: Fitted, losses: Losses, *, level: float) -> tuple[Threshold, ...]:
    """Return where a curve breaks: half-way through the change, between the runs that hold it."""
    if best.where is None:
        return ()
    places = np.array([best.where.at, *span(best, best.where, level)])
    at, first, last = np.exp(losses.start + losses.reach * places)
    here, most, least = losses.seen(loss(places, places))
    return (Threshold("breaks", Estimate(at, first, last, level), Estimate(here, least, most, level)),)


def for_figure(found: Curves, columns: Sequence[Array], level: float) -> Shown:
    """Return the runs (scale, loss, accuracy) and the curves, with the band of the accuracy's draws."""
    scale, loss, accuracy = columns
    tail = 50 * (1 - level)
    low, high = np.percentile(found.accuracy, [tail, 100 - tail], axis=0)
    return Shown(scale, loss, accuracy, np.exp(found.log_scale), found.loss[0], found.accuracy[0], low, high)
