"""Where accuracy leaves chance, is half-way to its ceiling, and breaks: along scale and in loss, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence import counts as of_counts
from isoflop.beyond.emergence import losses as of_losses
from isoflop.beyond.emergence.metrics import detectable
from isoflop.beyond.emergence.result import Shown, Threshold
from isoflop.estimate import Estimate, from_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isoflop.beyond.emergence.counts import Counts, Surprisal
    from isoflop.beyond.emergence.evidence import InLoss
    from isoflop.beyond.emergence.losses import Best, Losses
    from isoflop.formula.arrays import Array


DECADES = 4.0
"""How far beyond the largest run a threshold is looked for; farther is out of reach."""
DRAWS = 199
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


def curves(losses: Losses, best: Best, answers: Surprisal, *, counts: Counts, log_scale: Array, seed: int) -> Curves:
    """Return the curves on a grid from the smallest run to far beyond the largest."""
    low, reach = log_scale.min(), float(np.ptp(log_scale))
    grid = np.linspace(0, 1 + DECADES * math.log(10) / reach, _GRID)
    forms = [best, *of_losses.draws(losses, best, count=DRAWS, seed=seed)]
    loss = np.minimum.accumulate([one(grid) for one in forms], axis=1)  # a parabola turns, beyond the runs
    off = np.random.default_rng(seed + 1).multivariate_normal(np.zeros(5), answers.covariance, DRAWS, method="svd")
    drawn = [answers, *(replace(answers, coefficients=answers.coefficients + row) for row in off)]
    eta = np.stack([one.eta(grid, row) for one, row in zip(drawn, loss, strict=True)])
    return Curves(low + reach * grid, loss, of_counts.accuracy_at(counts, answers.link, eta))


def thresholds(found: Curves, counts: Counts, level: float) -> tuple[Threshold, ...]:
    """Return where accuracy leaves chance, as these items show it, and where it is half-way to its ceiling."""
    leaves = detectable(counts.items, counts.chance)
    return (
        found.crossing("leaves chance", leaves, level),
        found.crossing("is half-way", (counts.chance + counts.ceiling) / 2, level),
    )


def at_loss_break(losses: Losses, evidence: InLoss, *, log_scale: Array, level: float) -> Threshold:
    """Return where the loss itself breaks: half-way through the change, between the runs that hold it."""
    low, high = of_losses.span(losses, evidence.broken, level)
    return _break(evidence.broken.shape[1], (low, high), evidence.broken, log_scale=log_scale, level=level)


def at_accuracy_break(counts: Counts, answers: Surprisal, curve: Best, *, log_scale: Array, level: float) -> Threshold:
    """Return where accuracy breaks at a given loss, along whichever of scale and loss tells it best."""
    ends = of_counts.span(counts, answers, level)
    step = answers.step
    if step is None or step.along == "scale":
        return _break(step.at if step else math.nan, ends, curve, log_scale=log_scale, level=level)
    grid = np.linspace(-0.5, 1.5, 2001)
    falling = np.minimum.accumulate(curve(grid))
    places = [float(np.interp(-value, -falling, grid)) for value in (step.at, ends[1], ends[0])]
    found = _break(places[0], (places[1], places[2]), curve, log_scale=log_scale, level=level)
    return Threshold(found.what, found.along, Estimate(step.at, *ends, level))


def _break(at: float, ends: tuple[float, float], curve: Best, *, log_scale: Array, level: float) -> Threshold:
    low, reach = log_scale.min(), float(np.ptp(log_scale))
    scale = [math.exp(low + reach * place) for place in (at, *ends)]
    loss = curve(np.array([at, *ends]))
    return Threshold(
        "breaks",
        Estimate(scale[0], scale[1], scale[2], level),
        Estimate(float(loss[0]), float(loss[2]), float(loss[1]), level),
    )


def for_figure(found: Curves, columns: Sequence[Array], level: float) -> Shown:
    """Return the runs (scale, loss, accuracy) and the curves, with the band of the accuracy's draws."""
    scale, loss, accuracy = columns
    tail = 50 * (1 - level)
    low, high = np.percentile(found.accuracy, [tail, 100 - tail], axis=0)
    return Shown(scale, loss, accuracy, np.exp(found.log_scale), found.loss[0], found.accuracy[0], low, high)
