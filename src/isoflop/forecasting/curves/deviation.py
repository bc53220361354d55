"""How a run may lie beside its expected curve: a Gaussian process along it, its widths learnt by looking back.

With e(share) = log loss - expected log loss,

    cov[e(s), e(t)] = level^2 + wander^2 min(v(s), v(t)) + slope^2 log s log t,   v(s) = (s^-2k - 1) / 2k

so that level is the error at the end, and the error before it wanders away from it, more the earlier. What the run has
shown so far is conditioned on: the interval narrows as it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from isoflop.forecasting.curves.collapse import Expected, Run, expect
from isoflop.forecasting.curves.sized import Points, SizedCurve, points_of, row_noise
from isoflop.formula.arrays import Array

LEVEL, WANDER, EARLY, SLOPE = 0.0133, 0.0030, 0.914, 0.0067
"""The widths, and k, learnt on public ladders (routing, gemstones, five of porian): benchmarks/watch.py."""
NEAR, AGAINST = 0.35, 0.75
"""The level's width grows with the decades of compute beyond the ladder, as (NEAR + decades) / AGAINST."""
BELIEVED = 3.0
"""As many look-backs as the widths learnt on public ladders are believed in."""
CLIPPED = 16.0, 25.0
"""The largest ratio of a squared miss to its width that counts, for the level and for the wandering."""
OWN, SETTLED, MEDIAN = 12, 2.0, 0.455
"""A run says how much it wanders from so many steps on; as many look-backs as all before it count then; the median of
a squared standard normal."""
CLEAN, CLEAN_COUNT = 0.0007, 2.0
"""A row's noise in log loss, where there is little to see it by, and as how many runs it counts."""
LOOKED = np.array([1, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12, 0.08, 0.05, 0.03])
"""Shares at which a look-back measures how the error wanders."""
ALONE = 2.0
"""How much wider the level is where nothing can be looked back on."""


@dataclass(frozen=True)
class Widths:
    """The widths of a run's deviation, in log loss, and a single row's noise."""

    level: float
    wander: float
    slope: float
    noise: float

    def covariance(self, s: Array, t: Array) -> Array:
        """Return the covariance of the deviation at shares s with that at shares t."""
        inner = np.minimum(before(s)[:, None], before(t)[None, :])
        far = np.log(s)[:, None] * np.log(t)[None, :]
        return np.asarray(self.level**2 + self.wander**2 * inner + self.slope**2 * far)


@dataclass(frozen=True, eq=False)
class LookBack:
    """A curve of the ladder foretold from the others: its points, its deviation there, and how far beyond it lay.

    noise  the scatter of its rows, nan where too few say so
    """

    run: SizedCurve
    expected: Expected
    points: Points
    deviation: Array
    decades: float
    largest: bool
    noise: float


def look_back(ladder: Sequence[SizedCurve]) -> list[LookBack]:
    """Return every curve of a ladder but the smallest size, each foretold from the other sizes (or runs) alone."""
    sizes = sorted({_size(one) for one in ladder})
    apart = len(sizes) >= 3
    found = []
    for run in ladder:
        rest = [one for one in ladder if (_size(one) != _size(run) if apart else one is not run)]
        if len(rest) < 2 or (apart and _size(run) == sizes[0]):
            continue
        points = points_of(run)
        expected = expect(rest, Run(run.N, run.D, run.steps, run.rates))
        off, noise = points.y - expected.log_loss(points.share), noise_beside(expected, run)
        found.append(LookBack(run, expected, points, off, _decades(run.C, rest), _size(run) == sizes[-1], noise))
    return found


def widths(ladder: Sequence[SizedCurve], past: Sequence[LookBack], C: float) -> Widths:
    """Return the widths for a run of this compute: those of public ladders, scaled by what the look-backs missed."""
    level, wander = [(BELIEVED, 1.0)], [(BELIEVED, 1.0)]
    for one in past:
        counts, first = 1.0 if one.largest else 0.5, float(one.points.share[0])
        at = LOOKED[first <= LOOKED]
        if len(at) < 2:
            continue
        off = np.interp(np.log(at), np.log(one.points.share), one.deviation)
        level.append((counts, min((off[0] / (LEVEL * _wider(one.decades))) ** 2, CLIPPED[0])))
        moved = np.diff(off) ** 2 / np.diff(before(at)) / WANDER**2
        wander.append((counts, float(np.mean(np.minimum(moved, CLIPPED[1])))))
    far = _wider(_decades(C, ladder)) * (1.0 if past else ALONE)
    up, along = np.sqrt(_mean(level)), np.sqrt(_mean(wander))
    return Widths(LEVEL * far * up, WANDER * along, SLOPE * along, noise_of([one.noise for one in past]))


def sharpened(known: Widths, points: Points, deviation: Array) -> Widths:
    """Return the widths once the run itself has shown how much it wanders.

    Each step between its points says wander^2 = (moved^2 - noise^2 of both) / (v - v'); their median, which a step or a
    spike hardly moves, counts as one look-back for every OWN of them.
    """
    steps = np.diff(deviation)
    if len(steps) < OWN:
        return known
    noise = known.noise**2 * (1 / points.rows[1:] + 1 / points.rows[:-1])
    apart = -np.diff(before(points.share))
    own = float(np.median(np.maximum(steps**2 - noise, 0.0) / apart) / MEDIAN)
    count = len(steps) / OWN
    scale = np.sqrt((SETTLED + count * min(own / known.wander**2, CLIPPED[1])) / (SETTLED + count))
    return replace(known, wander=known.wander * scale, slope=known.slope * scale)


def noise_of(seen: Sequence[float]) -> float:
    """Return a row's noise, pooled over runs; nan for a run that says nothing."""
    squares = [one**2 for one in seen if np.isfinite(one)]
    return float(np.sqrt((CLEAN_COUNT * CLEAN**2 + sum(squares)) / (CLEAN_COUNT + len(squares))))


def noise_beside(expected: Expected, run: SizedCurve) -> float:
    """Return the scatter of a run's rows beside its expected curve."""
    return row_noise(run.share, np.log(run.loss) - expected.log_loss(run.share))


@dataclass(frozen=True, eq=False)
class Deviation:
    """What is known of a run's deviation: the widths, and the shares, values and variances it was seen at.

    begun  a lasting change that began at this share, and how large it may be (a standard deviation); None for none
    """

    widths: Widths
    share: Array
    seen: Array
    variance: Array
    begun: tuple[float, float] | None = None

    def at(self, share: Array) -> tuple[Array, Array]:
        """Return the deviation at shares, and its standard error, a row's noise not included."""
        prior = self._covariance(share, share)
        if not len(self.share):
            return np.zeros(len(share)), np.sqrt(np.diag(prior))
        across = self._covariance(share, self.share)
        inside = self._covariance(self.share, self.share) + np.diag(self.variance)
        gain = np.linalg.solve(inside, across.T).T
        left = np.diag(prior) - np.einsum("ij,ij->i", gain, across)
        return gain @ self.seen, np.sqrt(np.maximum(left, 0.0))

    def after(self, begun: float, size: float) -> Deviation:
        """Return the same with a lasting change from a share on."""
        return replace(self, begun=(begun, size))

    def _covariance(self, s: Array, t: Array) -> Array:
        found = self.widths.covariance(s, t)
        if self.begun is not None:
            since, size = self.begun
            found = found + size**2 * (s >= since)[:, None] * (t >= since)[None, :]
        return found


def deviation(expected: Expected, known: Widths, points: Points | None) -> Deviation:
    """Return what the points of a run so far say of its deviation; nothing before it starts."""
    if points is None or not len(points.share):
        return Deviation(known, np.zeros(0), np.zeros(0), np.zeros(0))
    off = points.y - expected.log_loss(points.share)
    return Deviation(known, points.share, off, known.noise**2 / points.rows)


def before(share: Array) -> Array:
    """Return v(share): 0 at the end, and the larger the earlier."""
    return np.asarray((np.maximum(share, 1e-3) ** (-2 * EARLY) - 1) / (2 * EARLY))


def _wider(decades: float) -> float:
    return (NEAR + max(decades, 0.0)) / AGAINST


def _decades(C: float, ladder: Sequence[SizedCurve]) -> float:
    return float(np.log10(C / max(one.C for one in ladder)))


def _size(run: SizedCurve) -> int:
    """Return a size, rounded so that sizes within 5 % are one."""
    return int(np.round(np.log(run.N) / 0.05))


def _mean(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)
