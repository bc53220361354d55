"""The expected curve of a run, from the curves of others: a surface about every place of it.

    log L(share) = S_share(N, share D) + r(share)

S_share is Chinchilla's sum through the checkpoints near this place, in tokens and in share of the run (surface); r is
what the curves of the ladder have beside it there, a mean over those whose length is like the run's. Where rates are
known to fall, all of it is about curves without what the falls brought (annealing), put back in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.forecasting.curves.annealing import Annealed, alike, annealed, falls
from isoflop.forecasting.curves.schedule_fit import BROUGHT
from isoflop.forecasting.curves.sized import Points, SizedCurve, points_of
from isoflop.forecasting.curves.surface import Checkpoints, Surface, everywhere, fit_surface, nearby
from isoflop.formula.arrays import Array

PLACED = np.array([0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0])
"""The shares of a run about which a surface is fitted: the last fifth, over which rates fall, more closely."""
LIKE = 1.0
"""How fast curves count less in r, in log D, the farther their length is from the run's."""
TRIED = np.array([0.02, 0.04, 0.06, 0.08, 0.1, 0.12])
"""B as a share of the loss: which fits the ladder best, held where published runs had it."""


@dataclass(frozen=True, eq=False)
class Run:
    """The run that is to be foretold: its size, and its rates at PLACES places where they are known."""

    N: float
    D: float
    steps: float = float("nan")
    rates: Array | None = None


@dataclass(frozen=True, eq=False)
class _Curve:
    """A curve of the ladder as the law sees it: log loss without what its schedule brought, travel for tokens."""

    run: SizedCurve
    points: Points
    travelled: Array
    y: Array


@dataclass(frozen=True, eq=False)
class Expected:
    """The expected curve of a run before it starts: log loss at shares of it."""

    run: Run
    base: Surface
    beside: Array
    annealed: Annealed | None
    brought: float

    def log_loss(self, share: Array) -> Array:
        """Return the expected log loss at shares of the run."""
        travelled, fallen = (share, np.zeros_like(share)) if self.annealed is None else self.annealed.at(share)
        beside = np.interp(np.log(share), np.log(PLACED), self.beside)
        trend = self.base.log_loss(self.run.N, self.run.D * travelled) + beside
        if self.annealed is None:
            return np.asarray(trend)
        return np.asarray(trend + np.log1p(-np.minimum(self.brought * fallen, 0.5)))


def expect(ladder: Sequence[SizedCurve], run: Run) -> Expected:
    """Return the expected curve of a run, from the curves of a ladder.

    A fall of the rate is taken out even where all runs share it: rows at the tokens of one run's fall are rows of a
    longer run before its own, and a surface through both would take the fall for an effect of size.
    """
    schedules = [one.rates for one in ladder]
    if alike([*schedules, run.rates]) and not any(map(falls, [*schedules, run.rates])):
        return _expect(ladder, run)
    usual = next(one for one in [run.rates, *schedules] if one is not None)
    effects = [annealed(usual if one is None else one, run.steps) for one in schedules]
    own = annealed(usual if run.rates is None else run.rates, run.steps)
    costs = [_cost(_checkpoints(_curves(ladder, effects, share))) + ((share - BROUGHT[0]) / BROUGHT[1]) ** 2
             for share in TRIED]  # fmt: skip
    return _expect(ladder, run, brought=float(TRIED[int(np.argmin(costs))]), effects=effects, own=own)


def _expect(
    ladder: Sequence[SizedCurve], run: Run, *, brought: float = 0.0, effects: Sequence[Annealed] | None = None,
    own: Annealed | None = None,
) -> Expected:  # fmt: skip
    curves = _curves(ladder, effects, brought)
    rows = _checkpoints(curves)
    length = run.D * (PLACED if own is None else own.at(PLACED)[0])
    about = _about(rows, length)
    there = np.array([float(one.log_loss(run.N, D)) for one, D in zip(about, length, strict=True)])
    beside = there + _beside(curves, about, run) - about[-1].log_loss(run.N, length)
    return Expected(run, about[-1], beside, own, brought)


def _about(rows: Checkpoints, length: Array) -> list[Surface]:
    """Return the surface about every place, at tokens (places,); each begun from the one after it."""
    found: list[Surface] = []
    for D, share in zip(length[::-1], PLACED[::-1], strict=True):
        found.append(fit_surface(rows, nearby(rows, float(D), float(share)), found[-1] if found else None))
    return found[::-1]


def _cost(rows: Checkpoints) -> float:
    return fit_surface(rows, everywhere(rows)).cost


def _curves(ladder: Sequence[SizedCurve], effects: Sequence[Annealed] | None, brought: float) -> list[_Curve]:
    """Return the curves as the law sees them. log(L + b L R) = log L + log(1 + b R), b a share of the loss itself."""
    found = []
    for number, run in enumerate(ladder):
        points = points_of(run)
        travelled, fallen = (points.share, 0.0) if effects is None else effects[number].at(points.share)
        found.append(_Curve(run, points, run.D * travelled, points.y - np.log1p(-np.minimum(brought * fallen, 0.5))))
    return found


def _checkpoints(curves: Sequence[_Curve]) -> Checkpoints:
    """Return all rows of the curves as one table."""
    counts = [len(one.y) for one in curves]

    def each(values: Sequence[float]) -> Array:
        return np.repeat(np.asarray(values, float), counts)

    return Checkpoints(
        N=each([one.run.N for one in curves]), D=np.concatenate([one.travelled for one in curves]),
        y=np.concatenate([one.y for one in curves]), share=np.concatenate([one.points.share for one in curves]),
        C=each([one.run.C for one in curves]), weight=each([1 / count for count in counts]),
    )  # fmt: skip


def _beside(curves: Sequence[_Curve], about: Sequence[Surface], run: Run) -> Array:
    """Return r at every place (places,): what curves whose length is like the run's have beside the surface there."""
    left = np.array([
        [np.interp(np.log(share), np.log(one.points.share), one.y)
         - float(here.log_loss(one.run.N, np.interp(share, one.points.share, one.travelled))) for one in curves]
        for here, share in zip(about, PLACED, strict=True)
    ])  # fmt: skip
    far = np.array([abs(np.log(one.run.D / run.D)) for one in curves])
    weight = np.exp((far.min() - far) / LIKE)
    return np.asarray(left @ weight / weight.sum())
