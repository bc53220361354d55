"""The expected curve of a run, from the curves of others: its end by a surface, its shape by regression on size.

    log L(share) = end(N, D) + [S(N, share D) - S(N, D)] + r(share) - r(1)

S and `end` are surfaces through checkpoints; r, what the curves of the ladder have beside S, is a straight line in
log N and log D/N at every share, held towards none. Where schedules differ, all of it is about curves without what
the falls of their rates brought (annealing), which is put back in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.forecasting.curves.annealing import Annealed, alike, annealed
from isoflop.forecasting.curves.schedule_fit import BROUGHT
from isoflop.forecasting.curves.sized import PLACES, Points, SizedCurve, points_of
from isoflop.forecasting.curves.surface import ENDS, SHAPE, Checkpoints, Surface, fit_surface
from isoflop.formula.arrays import Array

RIDGE, LARGER = 0.5, 0.5
"""How firmly r's slopes on log N and log D/N are held at none (as so many runs at distance 1), and the power of C by
which larger runs count more: chosen on public ladders, benchmarks/watch.py."""
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
    ends: tuple[Surface, ...]
    shape: Surface
    grid: Array
    beside: Array
    annealed: Annealed | None
    brought: float

    def log_loss(self, share: Array) -> Array:
        """Return the expected log loss at shares of the run."""
        N, D = self.run.N, self.run.D
        travelled, fallen = (share, np.zeros_like(share)) if self.annealed is None else self.annealed.at(share)
        whole = D if self.annealed is None else D * float(self.annealed.travelled[-1])
        end = float(np.mean([one.log_loss(N, whole) for one in self.ends]))
        fall = self.shape.log_loss(N, D * travelled) - self.shape.log_loss(N, whole)
        trend = end + fall + np.interp(np.log(share), self.grid, self.beside)
        if self.annealed is None:
            return np.asarray(trend)
        return np.asarray(trend + np.log1p(-np.minimum(self.brought * fallen, 0.5)))


def expect(ladder: Sequence[SizedCurve], run: Run) -> Expected:
    """Return the expected curve of a run, from the curves of a ladder."""
    schedules = [one.rates for one in ladder]
    if alike([*schedules, run.rates]):
        return _expect(ladder, run)
    usual = next(one for one in [run.rates, *schedules] if one is not None)
    effects = [annealed(usual if one is None else one, run.steps) for one in schedules]
    own = annealed(usual if run.rates is None else run.rates, run.steps)
    costs = [fit_surface(_checkpoints(_curves(ladder, effects, share)), SHAPE).cost
             + ((share - BROUGHT[0]) / BROUGHT[1]) ** 2 for share in TRIED]  # fmt: skip
    return _expect(ladder, run, brought=float(TRIED[int(np.argmin(costs))]), effects=effects, own=own)


def _expect(
    ladder: Sequence[SizedCurve], run: Run, *, brought: float = 0.0, effects: Sequence[Annealed] | None = None,
    own: Annealed | None = None,
) -> Expected:  # fmt: skip
    curves = _curves(ladder, effects, brought)
    rows = _checkpoints(curves)
    shape = fit_surface(rows, SHAPE)
    ends = tuple(fit_surface(rows, emphasis) for emphasis in ENDS)
    grid = np.linspace(np.log(1 / PLACES), 0.0, 120)
    return Expected(run, ends, shape, grid, _beside(curves, shape, run=run, grid=grid), own, brought)


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


def _beside(curves: Sequence[_Curve], shape: Surface, *, run: Run, grid: Array) -> Array:
    """Return r(share) - r(1) for a run, at log shares: ridge regression on log N and log D/N at every share."""
    left = []
    for one in curves:
        off = one.y - shape.log_loss(one.run.N, one.travelled)
        left.append(np.interp(grid, np.log(one.points.share), off) - off[-1])
    size = np.array([[1.0, np.log(one.run.N), np.log(one.run.D / one.run.N)] for one in curves])
    compute = np.array([one.run.C for one in curves])
    weight = (compute / compute.max()) ** LARGER
    weight = weight / weight.mean()
    middle = np.array([0.0, *(weight @ size[:, 1:] / weight.sum())])
    basis = size - middle
    held = np.diag([1e-6, RIDGE, RIDGE])
    slopes = np.linalg.solve(basis.T @ (weight[:, None] * basis) + held, basis.T @ (weight[:, None] * np.stack(left)))
    here = np.array([1.0, np.log(run.N), np.log(run.D / run.N)]) - middle
    return np.asarray(here @ slopes)
