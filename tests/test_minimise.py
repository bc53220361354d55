"""Descent: batched, bounded, polished."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import chinchilla_runs

from isoflop.fitting.optimise.minimise import minimise, polish
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import problem_of
from isoflop.laws.chinchilla import besiroglu2024, chinchilla

RUNS = chinchilla_runs(50, noise=0.01)
TRUE = np.array([[besiroglu2024.values[key] for key in chinchilla.parameters]])


def problem(**options):
    return problem_of(chinchilla, {key: RUNS[key] for key in ("N", "D")}, RUNS["loss"], **options)


@pytest.mark.parametrize("name", ["squares", "huber:1e-3", "huber:0.01", "envelope"])
def test_the_descent_ends_where_no_direction_goes_down(name):
    task, objective = problem(), parse_objective(name)
    found = minimise(task, task.fitted(TRUE), objective)
    assert found.converged.all()
    best = found.theta[0]
    for column in range(best.size):
        for step in (1e-4, -1e-4):
            aside = best.copy()
            aside[column] += step
            assert task.normal(aside[None], objective).objective[0] > found.objective[0]


def test_a_batch_gives_what_each_start_gives_alone():
    task, objective = problem(), parse_objective("huber:1e-3")
    begin = task.fitted(TRUE * np.array([[1.0], [0.8], [1.1]]))
    together = minimise(task, begin, objective)
    alone = [minimise(task, begin[row : row + 1], objective).theta[0] for row in range(3)]
    assert together.theta == pytest.approx(np.array(alone), rel=1e-9)


def test_parameters_stay_within_their_bounds_and_stop_there():
    task = problem(bounds={"E": (1.9, 2.0), "alpha": (0.1, 0.3)})
    found = minimise(task, task.fitted(TRUE), parse_objective("squares"))
    values = dict(zip(chinchilla.parameters, task.natural(found.theta)[0], strict=True))
    assert found.converged.all()
    assert values["alpha"] == 0.3
    assert 1.9 <= values["E"] <= 2.0


def test_polishing_never_makes_it_worse():
    task, objective = problem(), parse_objective("squares")
    rough = minimise(task, task.fitted(TRUE), objective, tolerance=1e-3)
    better = task.normal(polish(task, rough.theta[0], objective)[None], objective).objective[0]
    assert better <= rough.objective[0]


def test_a_start_where_the_law_is_undefined_is_left_alone_and_not_called_converged():
    task = problem()
    begin = np.vstack([task.fitted(TRUE), np.full((1, 5), np.nan)])
    found = minimise(task, begin, parse_objective("squares"))
    assert found.converged.tolist() == [True, False]
