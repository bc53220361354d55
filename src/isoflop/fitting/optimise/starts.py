"""Where fits begin: a low-discrepancy sequence over the nonlinear parameters, least squares for the linear ones.

Floors and scales enter linearly, so for given exponents the best of them follow at once
(variable projection); only exponents, sizes, breaks and reals are ever guessed.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from isoflop.fitting.optimise.minimise import minimise
from isoflop.formula import dual
from isoflop.formula import parse as formula
from isoflop.formula.arrays import Array, median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.fitting.optimise.objective import Objective
    from isoflop.fitting.optimise.problem import Problem
    from isoflop.formula.tree import Expr


CANDIDATES, ROWS = 8, 128
"""Candidates tried for each start kept, and runs they are tried on."""
EASY, MORE_CANDIDATES, RACING, LAPS = 4, 128, 32, 40
"""Beyond so many nonlinear parameters: candidates, and how many race for how many steps, for each start."""


def starts(problem: Problem, objective: Objective, *, count: int, seed: int) -> Array:
    """Return the best `count` of many candidate starts, as fitted coordinates (count, parameters).

    Laws with many nonlinear parameters have many valleys: there the best candidates race down
    theirs for a few steps before the leaders are chosen.
    """
    some = problem.take(_spread(problem.size, seed))
    hard = len(problem.law.parameters) - len(problem.law.linear) > EASY
    theta = candidates(some, count * (MORE_CANDIDATES if hard else CANDIDATES), seed)
    theta = project(some, theta)
    reached = some.normal(theta, objective).objective
    if not hard:
        return _leaders(theta, reached, count)
    ends = minimise(some, _leaders(theta, reached, count * RACING), objective, iterations=LAPS)
    return _leaders(ends.theta, ends.objective, count)


def _leaders(theta: Array, reached: Array, count: int) -> Array:
    order = np.argsort(reached, kind="stable")
    return np.asarray(theta[order[np.isfinite(reached[order])]][:count])


def candidates(problem: Problem, count: int, seed: int) -> Array:
    """Return fitted coordinates (count, parameters) spread evenly over each parameter's search range."""
    kinds = problem.law.parameters
    ranges = np.array([_search(problem, key) for key in kinds])
    unit = _even(count, len(kinds), seed)
    theta = ranges[:, 0] + unit * (ranges[:, 1] - ranges[:, 0])
    return np.asarray(np.clip(theta, problem.lower, problem.upper))


def project(problem: Problem, theta: Array) -> Array:
    """Set the linear parameters of each theta to their non-negative least-squares values."""
    linear = [key for key in problem.law.linear if key in problem.law.parameters]
    if not linear or len(linear) > 4:
        return theta
    columns = [list(problem.law.parameters).index(key) for key in linear]
    values = problem.natural(theta)
    values[:, columns] = 0.0
    given = dict(zip(problem.law.parameters, values.T[:, :, None], strict=True)) | dict(problem.inputs)
    loss = np.exp(problem.target) if problem.log else problem.target
    with np.errstate(all="ignore"):
        weight = 1 / loss if problem.log else np.ones_like(loss)
        offset, basis = dual.gradient(problem.law.formula, given, linear)
        shape = (theta.shape[0], problem.size)
        design = np.stack([np.broadcast_to(basis[key], shape) for key in linear], axis=1) * weight
        wanted = np.broadcast_to((loss - offset) * weight, shape)
        found = _non_negative(design, wanted)
        least = 1e-3 * median(np.abs(wanted), axis=1)[:, None] / median(np.abs(design), axis=2)
    values[:, columns] = np.where(problem.logged[columns], np.maximum(found, least), found)
    return problem.fitted(values)


def _non_negative(design: Array, wanted: Array) -> Array:
    """Solve min |design' c - wanted| with c >= 0, (batch, k, runs) and (batch, runs), by trying every support."""
    scale = np.linalg.norm(design, axis=2)
    usable = (scale > 0) & np.isfinite(scale)
    scale = np.where(usable, scale, 1.0)
    unit = np.where(usable[:, :, None], design / scale[:, :, None], 0.0)
    gram, moment = unit @ unit.transpose(0, 2, 1), (unit @ wanted[:, :, None])[:, :, 0]
    batch, count = moment.shape
    best, most = np.zeros((batch, count)), np.zeros(batch)
    for support in product((False, True), repeat=count):
        keep = np.array(support)
        if not keep.any():
            continue
        matrix = np.where(keep[:, None] & keep, gram, 0.0) + np.diag(np.where(keep, 1e-13, 1.0))
        solution = np.linalg.solve(matrix, np.where(keep, moment, 0.0)[:, :, None])[:, :, 0]
        gained = np.einsum("bk,bk->b", solution, moment)
        take = (solution >= 0).all(axis=1) & (gained > most)
        best[take], most[take] = solution[take], gained[take]
    return best / scale


def _search(problem: Problem, key: str) -> tuple[float, float]:
    """Return the range, in fitted coordinates, that starts of a parameter are drawn from."""
    kind = problem.law.parameters[key]
    if kind.role in ("size", "break"):
        near = partners(problem.law.formula.expr, key, set(problem.inputs)) or set(problem.inputs)
        values = np.concatenate([problem.inputs[name] for name in near])
        logs = np.log(values[values > 0]) if np.any(values > 0) else np.zeros(1)
        low, high = float(logs.min()), float(logs.max())
        return (low, high) if kind.role == "break" else (low - 5, high + 25)
    return kind.search if kind.role in ("exponent", "real") else (0.0, 1.0)


def partners(expr: Expr, key: str, inputs: set[str]) -> set[str]:
    """Return the inputs that a size or break is divided by, or divides, in the innermost fraction that has any."""
    found = set().union(*(partners(arg, key, inputs) for arg in expr.args)) if expr.args else set()
    if expr.op == "div" and not found:
        above, below = (set(formula.Formula(arg).names) for arg in expr.args)
        if key in above | below:
            found = (above | below) & inputs
    return found


def _even(count: int, dimensions: int, seed: int) -> Array:
    """Return a shifted Kronecker sequence in the unit cube (Roberts's generalised golden ratio).

    As even as Sobol points for this use; scipy.stats.qmc takes five times as long to load as NumPy.
    """
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    shift = np.random.default_rng(seed).random(dimensions)
    return (shift + np.arange(1.0, count + 1)[:, None] * steps) % 1.0


def _spread(size: int, seed: int) -> NDArray[np.int64]:
    if size <= ROWS:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, ROWS, replace=False))
