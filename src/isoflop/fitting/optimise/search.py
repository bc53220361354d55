"""A problem → its best optimum: many starts descend at once, the best is polished, the others say how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.data.runs.checks import listed
from isoflop.errors import UsageError
from isoflop.fitting.optimise.minimise import NEAR, minimise, polish
from isoflop.fitting.optimise.starts import CANDIDATES, candidates, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.fitting.optimise.objective import Objective
    from isoflop.fitting.optimise.problem import Problem
    from isoflop.formula.arrays import Array


SAME = 1e-6
"""Two starts reached the same optimum when their objectives differ by less than this share."""
LAST_DIGITS = 1e-13
"""A delta that moves by less than this share has settled: rounding is 2e-16, and residuals lose two digits."""
NOTHING = 1e-24
"""An objective below this is zero, to rounding."""
ENDLESS = 3
"""Descents without an end after which no other is tried: the runs leave a valley that falls for ever."""
MANY_RUNS = 4_000
"""Above so many runs, starts descend on a sample of that size first."""


class Found(NamedTuple):
    """The best fitted coordinates (parameters,), the objective they minimise, the share of starts that got there."""

    theta: Array
    objective: Objective
    agreement: float


def search(
    problem: Problem, objective: Objective, *, count: int, seed: int, rows: NDArray[np.int64] | None = None
) -> Found:
    """Return the best optimum that `count` starts reach; an adaptive objective's delta is settled on the way.

    rows  where each run stands, by which the error names those the law is undefined at
    """
    some = problem if problem.size <= MANY_RUNS else problem.take(_sample(problem.size, seed))
    begin = starts(some, objective, count=count, seed=seed)
    if not len(begin):
        raise _undefined(problem, np.arange(1, problem.size + 1) if rows is None else rows, seed)
    rough = objective.adapted(some.residuals(begin[:1])[0], begin.shape[1])
    ends = minimise(some, begin, rough, tolerance=1e-6)
    theta, settled = settle(some, ends.theta[np.argmin(ends.objective)], objective)
    ends = minimise(some, ends.theta, settled, first=NEAR)
    agreement = float((ends.objective <= ends.objective.min() * (1 + SAME) + NOTHING).mean())
    theta = ends.theta[np.argmin(ends.objective)]
    if some is problem:
        return Found(*_settle_exactly(problem, theta, settled), agreement)
    # So many runs leave more noise than the digits that more rounds and polishing would win back.
    return Found(*settle(problem, theta, objective, rounds=3), agreement)


def _undefined(problem: Problem, rows: NDArray[np.int64], seed: int) -> UsageError:
    """Return the error for a law that no start makes sense of: where no candidate gives a positive loss."""
    nowhere = ~np.isfinite(problem.residuals(candidates(problem, CANDIDATES, seed))).any(axis=0)
    where = listed(rows[nowhere]) if nowhere.any() else "some runs, whatever its parameters"
    return UsageError(
        f"law {problem.law.name} is undefined at {where}: the loss there is no finite number above zero. "
        'Check the formula, or leave these runs out (--where "N > 1e6").'
    )


def settle(
    problem: Problem, theta: Array, objective: Objective, *, rounds: int = 50, tolerance: float = 1e-13
) -> tuple[Array, Objective]:
    """Refit until an adaptive objective's delta agrees with the noise it leaves."""
    settled, endless = objective.adapted(problem.residuals(theta[None])[0], theta.size), 0
    for _ in range(rounds):
        found = minimise(problem, theta[None], settled, tolerance=tolerance, first=NEAR)
        theta, endless = found.theta[0], endless + (not found.converged[0])
        now = objective.adapted(problem.residuals(theta[None])[0], theta.size)
        if now is settled or abs(now.delta - settled.delta) <= 1e-10 * settled.delta or endless == ENDLESS:
            break
        settled = now
    return theta, settled


def _settle_exactly(
    problem: Problem, theta: Array, objective: Objective, *, rounds: int = 50
) -> tuple[Array, Objective]:
    """Polish a settled optimum and its delta in turn until both keep their last digits.

    theta_k = argmin objective(delta_k), delta_k+1 = 1.345 noise(residuals(theta_k)): each round leaves about a seventh
    of the error. Descent alone stops where a step promises 1e-13 of the objective, which is 3e-7 of theta, and delta
    would then hang on the units of the inputs and on the processor.
    """
    for _ in range(rounds):
        theta = polish(problem, theta, objective)
        now = objective.adapted(problem.residuals(theta[None])[0], theta.size)
        if now is objective or abs(now.delta - objective.delta) <= LAST_DIGITS * objective.delta:
            break
        objective = now
    return theta, objective


def _sample(size: int, seed: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(seed).choice(size, MANY_RUNS, replace=False))
