"""Two recipes' losses along one path, by several laws at once, and where else the runs let them lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from isoflop.beyond.recipes.paired_errors import Pairs, likeness, moved, pairs_of
from isoflop.beyond.recipes.paths import PLAIN, Path, along, price
from isoflop.beyond.recipes.shared_parameters import FREE, Held, Hold, held
from isoflop.data.runs import Runs
from isoflop.errors import DataError
from isoflop.forecasting.constants import DRIFT
from isoflop.forecasting.ensemble import Ensemble, shares
from isoflop.formula.arrays import Array

POINTS = 10
"""Points of a curve in each decade."""
BELOW, ABOVE = 2.0, 5.0
"""Decades below and above the runs up to which an equal loss is looked for."""


@dataclass(frozen=True)
class Curve:
    """One recipe's log loss at the grid's points.

    mean   (points,): by the laws together
    apart  (laws, points): what to add by each law, as far as the runs' errors do not explain that laws disagree
    moved  (draws, points): what to add in each draw, as the runs' errors would have it
    drift  (draws, points): what to add as no law would have it, beyond the runs
    """

    mean: Array
    apart: Array
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
        """Yield log losses of both recipes: their best (points,), then draws of two kinds.

        First (1, draws, points), as the runs' errors move the laws' mean; then (laws, draws, points), about each
        law by itself, and with drift.
        """
        ours, theirs = self.first, self.other
        yield ours.mean, theirs.mean
        yield (ours.moved + ours.mean)[None], (theirs.moved + theirs.mean)[None]
        whole = [one.apart[:, None] + (one.mean + one.moved + one.drift) for one in (ours, theirs)]
        yield whole[0], whole[1]


def span_of(runs: Runs, path: Path) -> tuple[float, float]:
    """Return the lowest and highest x of the runs."""
    column = runs[path.along]
    return float(column.min()), float(column.max())


def duel(first: Ensemble, other: Ensemble, path: Path = PLAIN, *, hold: Hold = FREE, draws: int, seed: int) -> Duel:
    """Put two recipes on one path; the errors of runs paired in both tables move both curves alike."""
    both = (first, other)
    spans = tuple(span_of(one.runs, path) for one in both)
    low, high = np.log10(min(span[0] for span in spans)) - BELOW, np.log10(max(span[1] for span in spans)) + ABOVE
    x = 10 ** np.linspace(low, high, int(POINTS * (high - low)) + 1)
    pairs = pairs_of(first.runs, other.runs)
    laws = _laws(first, other, hold)
    moves = [law.kept(*moved(*law.scatters, pairs, draws=draws, seed=seed)) for law in laws]
    weights = np.broadcast_to(np.mean([_shares(one, laws) for one in both], axis=0), (len(laws), x.size))
    losses = [
        along([(law.first, law.other)[side] for law in laws], path, x, per=price(one.runs))
        for side, one in enumerate(both)
    ]
    each = [np.array([value for value, _ in side]) for side in losses]
    turned = [
        np.array([move[side] @ slopes for move, (_, slopes) in zip(moves, losses[side], strict=True)])
        for side in (0, 1)
    ]
    believed = excess(each[1] - each[0], turned[1] - turned[0], weights)
    generator = np.random.default_rng(seed + 1)
    curves = []
    for side, span in enumerate(spans):
        mean = (weights * each[side]).sum(axis=0)
        far = DRIFT / np.sqrt(2) * (_beyond(x, span) + np.maximum(np.log10(span[0] / x), 0.0))
        curves.append(Curve(
            mean, believed * (each[side] - mean), np.einsum("lx,ldx->dx", weights, turned[side]),
            generator.standard_normal((draws, 1)) * far,
        ))  # fmt: skip
    alike = float(np.mean([likeness(*law.scatters, pairs) for law in laws]))
    return Duel(path, x, curves[0], curves[1], weights, (spans[0], spans[1]), pairs, alike)


def excess(apart: Array, noise: Array, weights: Array) -> Array:
    """Return the share (points,) of the laws' disagreement that the runs' errors do not explain.

    apart  (laws, points): the recipes' difference by each law; noise (laws, draws, points): what errors do to it
    """
    seen = (weights * (apart - (weights * apart).sum(axis=0)) ** 2).sum(axis=0)
    spread = noise - np.einsum("lx,ldx->dx", weights, noise)
    due = np.einsum("lx,ldx->x", weights, spread**2) / noise.shape[1]
    return np.asarray(np.sqrt(np.maximum(1 - due / np.maximum(seen, 1e-300), 0.0)))


def _laws(first: Ensemble, other: Ensemble, hold: Hold) -> list[Held]:
    """Return the laws that both recipes' runs could be fitted by, kept to what the recipes have in common."""
    known = {one.label: one for one in other.members}
    clusters = (first.runs.clusters, other.runs.clusters)
    found = [
        held(one, known[one.label], hold=hold, clusters=clusters)
        for one in first.members
        if one.label in known and hold.binds(one.law)
    ]
    if not found:
        raise DataError("no law could be fitted to the runs of both recipes. Add runs.")
    return [_evenly(one, found) for one in found]


def _evenly(one: Held, among: Sequence[Held]) -> Held:
    """Return a law's fits with the runs' errors as its least steep fits have them, which come first.

    A steep fit all but passes through the few runs that count in it: what it leaves of them tells of no noise.
    """
    flat = next(each for each in among if each.first.law is one.first.law)
    ours, theirs = (mine.errors_of(well) for mine, well in zip(one.scatters, flat.scatters, strict=True))
    return replace(one, scatters=(ours, theirs))


def _shares(ensemble: Ensemble, laws: Sequence[Held]) -> Array:
    """Return how much each of these laws counts (laws, 1) for a recipe."""
    names = [one.label for one in ensemble.members]
    found = shares(ensemble)[[names.index(law.first.label) for law in laws]]
    return np.asarray(found / found.sum(axis=0))


def _beyond(x: Array, span: tuple[float, float]) -> Array:
    return np.maximum(np.log10(x / span[1]), 0.0)
