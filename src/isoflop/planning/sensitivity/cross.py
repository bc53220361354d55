"""Every combination of objective, runs left out, law and count of N: a fit each, from a fit nearby."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoflop.compute.allocation import allocate
from isoflop.display import Bar
from isoflop.errors import DataError
from isoflop.fitting.fit import Fit
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import Problem, problem_of
from isoflop.fitting.optimise.search import Found, settle
from isoflop.formula.arrays import Array
from isoflop.planning.sensitivity.choices import OBJECTIVES, Choice, kept

_ROUNDS, _TOLERANCE = 10, 1e-8
"""A threshold and an optimum so settled move N by less than a thousandth: 7e-4 at most on two tables of real runs."""


class Cell(NamedTuple):
    """One combination and what it prescribes."""

    choice: Choice
    N: float
    D: float
    loss: float


def cross(
    fits: Sequence[Fit], N: Mapping[str, Array], *, flops: float, objectives: Collection[str], outliers: Collection[str]
) -> list[Cell]:
    """Return what every combination prescribes; each descends from the fit of its law.

    fits  one for each law, to the same runs
    N     convention → the parameters of those runs, so counted
    """
    found: list[Cell] = []
    with Bar("going through the choices") as look:
        for done, fit in enumerate(fits):
            look(done, len(fits))
            choices, values = [], []
            for way, rule, objective in product(N, outliers, objectives):
                with suppress(DataError):
                    problem, optimum, _ = nearby(fit, objective, rule, N=N[way])
                    values.append(problem.natural(optimum.theta[None])[0])
                    choices.append(Choice(objective, rule, fit.law.name, 3, way))
            best = allocate(fit.law, np.array(values), flops, halvings=30)
            found += map(Cell, choices, best.N.tolist(), best.D.tolist(), best.loss.tolist())
    return found


def nearby(fit: Fit, objective: str, outliers: str, *, N: Array) -> tuple[Problem, Found, NDArray[np.bool_]]:
    """Return the optimum near a fit by an objective on the runs that a rule keeps: the problem, it, and these runs.

    Raises DataError if they are too few.
    """
    name, log = OBJECTIVES.get(objective, (objective, True))
    keep = kept(outliers, fit)
    free, left = len(fit.law.parameters), int(keep.sum())
    if left <= free:
        raise DataError(f"{left} runs are left, but law {fit.law.name} has {free} free parameters")
    whole = problem_of(fit.law, {"N": N, "D": fit.own_runs["D"]}, fit.own_runs["loss"], log=log)
    problem = whole.take(np.flatnonzero(keep))
    theta = problem.fitted(fit.curve.row[0])
    theta, settled = settle(problem, theta, parse_objective(name), rounds=_ROUNDS, tolerance=_TOLERANCE)
    return problem, Found(theta, settled, math.nan), keep
