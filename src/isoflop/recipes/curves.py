"""Two recipes' losses along one path, by several laws at once, and where else the runs let them lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isoflop.ensemble import DRIFT, Ensemble, shares
from isoflop.recipes.paths import Path, along, price
from isoflop.recipes.scatter import Pairs, likeness, moved, pairs_of, scatters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.runs import Runs

    Array = NDArray[np.float64]

POINTS = 16
"""Points of a curve in each decade."""
BELOW, ABOVE = 3.0, 6.0
"""Decades below and above the runs up to which an equal loss is looked for."""


@dataclass(frozen=True)
class Curve:
    """One recipe's log loss at the grid's points, by each law.

    each   (laws, points): by each law's best fit
    moved  (laws, draws, points): what to add in each draw, as the runs' errors would have it
    drift  (draws, points): what to add as no law would have it, beyond the runs
    """

    each: Array
    moved: Array
    drift: Array


@dataclass(frozen=True)
class Duel:
    """Two recipes on one path: the first is the one to beat.

    x        (points,): compute, tokens or parameters
    weights  (laws, points): how much each law counts, the same for both recipes
    spans    the range of x of each recipe's runs
    """

    path: Path
    x: Array
    first: Curve
    other: Curve
    weights: Array
    spans: tuple[tuple[float, float], tuple[float, float]]
    pairs: Pairs
    likeness: float

    @property
    def common(self) -> tuple[float, float]:
        """The lowest and the highest x that both recipes' runs reach; the lower is no lower than the higher allows."""
        high = min(span[1] for span in self.spans)
        return min(max(span[0] for span in self.spans), high), high

    def kinds(self) -> Iterator[tuple[Array, Array]]:
        """Yield log losses of both recipes: their best (points,), then draws (laws, draws, points) of two kinds.

        First as the runs' errors move the laws' mean, then each law by itself, with drift.
        """
        mean = [(self.weights * one.each).sum(axis=0) for one in (self.first, self.other)]
        yield mean[0], mean[1]
        yield self.first.moved + mean[0], self.other.moved + mean[1]
        ours, theirs = (one.moved + one.each[:, None] + one.drift for one in (self.first, self.other))
        yield ours, theirs


def span_of(runs: Runs, path: Path) -> tuple[float, float]:
    """Give the lowest and highest x of the runs."""
    column = runs[path.along]
    return float(column.min()), float(column.max())


def duel(first: Ensemble, other: Ensemble, path: Path, *, draws: int, seed: int) -> Duel:
    """Put two recipes on one path; the errors of runs paired in both tables move both curves alike."""
    spans = (span_of(first.runs, path), span_of(other.runs, path))
    low, high = np.log10(min(spans[0][0], spans[1][0])) - BELOW, np.log10(max(spans[0][1], spans[1][1])) + ABOVE
    x = 10 ** np.linspace(low, high, int(POINTS * (high - low)) + 1)
    pairs = pairs_of(first.runs, other.runs)
    both = (first, other)
    losses = [along(one, path, x, per=price(one.runs)) for one in both]
    beyond = [np.maximum(np.log10(x / span[1]), 0.0) for span in spans]
    below = [np.maximum(np.log10(span[0] / x), 0.0) for span in spans]
    steps = [
        moved(ours, theirs, pairs, draws=draws, seed=seed)
        for ours, theirs in zip(scatters(first), scatters(other), strict=True)
    ]
    generator = np.random.default_rng(seed + 1)
    curves = []
    for side in (0, 1):
        each = np.array([value for value, _ in losses[side]])
        turned = np.array([step[side] @ slopes for step, (_, slopes) in zip(steps, losses[side], strict=True)])
        far = DRIFT * (beyond[side] + below[side])
        curves.append(Curve(each, turned, generator.standard_normal((draws, 1)) * far))
    weights = sum(shares(one, far) for one, far in zip(both, beyond, strict=True)) / 2
    alike = [likeness(ours, theirs, pairs) for ours, theirs in zip(scatters(first), scatters(other), strict=True)]
    return Duel(path, x, curves[0], curves[1], np.asarray(weights), spans, pairs, float(np.mean(alike)))
