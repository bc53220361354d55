"""What the findings are read off: the runs that a law can carry, those that it cannot, and the tangent space.

Squares, not the fit's robust objective, on the runs that are left once outliers are out: their
deletion is exact, and what noise does to them is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isoflop.fitting.optimise.minimise import NEAR, minimise
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.formula.arrays import Array, Bools, student

if TYPE_CHECKING:
    from isoflop.fitting.optimise.problem import Problem


FALSE_OUTLIER = 0.01
"""How often the strangest of sound runs may be called an outlier; of several looked at in turn, twice as often."""
ROUNDING = 1e-6
"""Log loss below which residuals are of printing and arithmetic: no two trainings agree so well, by a factor of 100."""
REFITTED = 40
"""Runs up to which each is really left out; beyond, its leverage says what that would do."""
_MOST_OUT, _UNMOVED = 25, 20_000
"""So many outliers are looked for; among more runs than the second, taking them out moves no fit."""
_SQUARES = parse_objective("squares")


@dataclass(frozen=True, eq=False)
class Evidence:
    """A law on the runs it can carry, fitted by squares.

    problem    on all runs; theta its fitted coordinates (parameters,) by the runs kept
    outliers   position -> (deleted residual in log loss, the same in standard errors)
    residuals  (runs,), of all runs
    basis      (runs kept, rank): orthonormal columns that span what the parameters can explain
    """

    problem: Problem
    theta: Array
    kept: Bools
    outliers: dict[int, tuple[float, float]]
    residuals: Array
    slopes: Array
    basis: Array

    @property
    def freedom(self) -> int:
        """Runs kept less what the parameters explain."""
        return int(self.kept.sum()) - int(self.basis.shape[1])

    @property
    def noise(self) -> float:
        """Standard deviation of the noise of the runs kept."""
        left = self.residuals[self.kept]
        return float(np.sqrt(left @ left / max(self.freedom, 1)))

    @property
    def leverage(self) -> Array:
        """How far each run kept decides its own prediction, 0 to 1."""
        return np.asarray(np.minimum(np.einsum("nr,nr->n", self.basis, self.basis), 1 - 1e-9))

    def strange(self, columns: Array) -> Array:
        """Return what of columns (runs kept, any) no change of the parameters explains."""
        return np.asarray(columns - self.basis @ (self.basis.T @ columns))


def gather(problem: Problem, theta: Array) -> Evidence:
    """Return the evidence of a problem near its robust optimum (parameters,)."""
    kept, outliers = _outliers(problem, theta)
    fitted = _squares(problem, theta, kept[None].astype(float))[0][0]
    residuals, slopes = problem.linearise(fitted[None])
    return Evidence(problem, fitted, kept, outliers, residuals[0], slopes[0].T, _basis(slopes[0].T[kept]))


def _outliers(problem: Problem, theta: Array) -> tuple[Bools, dict[int, tuple[float, float]]]:
    """Return the runs that are kept, and the outliers by the generalised extreme studentised deviate test.

    Rosner 1983: take the strangest run out, again and again; the last that was too strange is an
    outlier, and so are all before it, though each may have hidden behind the others.
    """
    count, width, here = problem.size, theta.size, theta
    kept, taken, last = np.ones(count, dtype=bool), [], 0
    most = min(max((count - width) // 4, 1), _MOST_OUT)
    for number in range(1, most + 1):
        freedom = int(kept.sum()) - width - 1
        if freedom < 3:
            break
        if number == 1 or count <= _UNMOVED:
            here = _squares(problem, theta, kept[None].astype(float))[0][0]
            residuals, leverage = _fitted(problem, here, kept)
        left = residuals * kept
        total = float(left @ left)
        deleted, rest = left / (1 - leverage), total - left**2 / (1 - leverage)
        if kept.sum() <= REFITTED:
            deleted, rest = _refitted(problem, kept, (here, theta))
        rest = np.maximum(rest, 1e-12 * total + 1e-300)
        strangeness = np.sqrt(np.maximum(total - rest, 0.0) / rest * freedom)
        worst = int(np.argmax(np.where(kept, strangeness, -1.0)))
        taken.append((worst, float(deleted[worst]), float(strangeness[worst])))
        kept[worst] = False
        if strangeness[worst] > student(1 - FALSE_OUTLIER / (freedom + width + 1), freedom):
            last = number
    out = {worst: (residual, errors) for worst, residual, errors in taken[:last]}
    return ~np.isin(np.arange(count), list(out)), out


def _squares(problem: Problem, theta: Array, weights: Array) -> tuple[Array, Array]:
    """Return theta (batch, parameters) and sum of squares (batch,) of the runs weighted by (batch, runs)."""
    found = minimise(problem, np.tile(theta, (len(weights), 1)), _SQUARES, weights=weights, tolerance=1e-9, first=NEAR)
    return found.theta, 2 * found.objective


def _fitted(problem: Problem, here: Array, kept: Bools) -> tuple[Array, Array]:
    """Return residuals and leverages (runs,) of a fit to the runs kept."""
    residuals, slopes = problem.linearise(here[None])
    leverage = np.zeros(problem.size)
    basis = _basis(slopes[0].T[kept])
    leverage[kept] = np.minimum(np.einsum("nr,nr->n", basis, basis), 1 - 1e-6)
    return residuals[0], leverage


def _refitted(problem: Problem, kept: Bools, begins: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return each run's residual by a fit without it, and the squares of that fit, (runs,): 0 where none is kept."""
    rows = np.flatnonzero(kept)
    weights = np.tile(kept.astype(float), (rows.size, 1))
    weights[np.arange(rows.size), rows] = 0.0
    ends = [_squares(problem, begin, weights) for begin in begins]
    theta = np.where((ends[1][1] < ends[0][1])[:, None], ends[1][0], ends[0][0])
    away, rest = np.zeros(kept.size), np.zeros(kept.size)
    rest[rows], away[rows] = np.minimum(ends[0][1], ends[1][1]), problem.residuals(theta)[np.arange(rows.size), rows]
    return away, rest


def _basis(columns: Array) -> Array:
    """Return orthonormal columns that span the given ones."""
    length = np.linalg.norm(columns, axis=0)
    tall, square = np.linalg.qr(columns / np.where(length > 0, length, 1.0))  # quicker than the SVD of many rows
    left, values, _ = np.linalg.svd(square, full_matrices=False)
    return np.asarray(tall @ left[:, values > 1e-10 * max(float(values[0]), 1e-300)])
