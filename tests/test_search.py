"""Starts and the search for the best optimum."""

from __future__ import annotations

import numpy as np
import pytest
from examples import GRID
from simulated import chinchilla_runs

from isoflop.errors import UsageError
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import problem_of
from isoflop.fitting.optimise.search import MANY_RUNS, search
from isoflop.fitting.optimise.starts import candidates, project, starts
from isoflop.laws import LAWS, find_law
from isoflop.laws.chinchilla import chinchilla

RUNS = chinchilla_runs(80, noise=0.01)


def problem(runs=RUNS, law=chinchilla):
    return problem_of(law, {key: runs[key] for key in law.inputs}, runs["loss"])


@pytest.mark.parametrize("name", ["huber:1e-3", "robust", "squares", "envelope"])
def test_every_start_reaches_the_same_optimum(name):
    found, again = (search(problem(), parse_objective(name), count=32, seed=seed) for seed in (0, 100))
    assert found.agreement == 1.0
    assert found.theta == pytest.approx(again.theta, rel=1e-6)


def test_starts_differ_by_seed_and_are_the_same_for_the_same():
    first, second, other = (starts(problem(), parse_objective("squares"), count=8, seed=seed) for seed in (1, 1, 2))
    assert (first == second).all()
    assert not np.allclose(first, other)


def test_candidates_cover_the_search_range_evenly():
    task = problem()
    theta = candidates(task, 512, 0)
    column = list(chinchilla.parameters).index("alpha")
    low, high = chinchilla.parameters["alpha"].search
    counts, _ = np.histogram(theta[:, column], bins=8, range=(low, high))
    assert counts.sum() == 512
    assert counts.min() > 55


def test_projection_finds_the_linear_parameters_of_exact_data():
    runs = chinchilla_runs(30)
    task = problem(runs)
    theta = task.fitted(np.array([[0.0, 1.0, 0.3478, 1.0, 0.3658]]))
    values = task.natural(project(task, theta))[0]
    assert values == pytest.approx([1.8172, 482.01, 0.3478, 2085.43, 0.3658], rel=1e-6)


def test_projection_never_gives_a_negative_floor_or_scale():
    task = problem()
    theta = project(task, candidates(task, 256, 0))
    assert (task.natural(theta)[:, [0, 1, 3]] >= 0).all()


def test_a_table_larger_than_the_sample_is_fitted_whole():
    runs = chinchilla_runs(MANY_RUNS + 500, noise=0.01)
    objective = parse_objective("squares")
    found = search(problem(runs), objective, count=8, seed=0)
    normal = problem(runs).normal(found.theta[None], objective)
    step = np.linalg.solve(normal.curvature[0], normal.descent[0])
    assert np.abs(step).max() < 1e-6


def test_a_formula_without_meaning_at_the_runs_is_refused_in_words():
    law = find_law("log(-N) + a")
    with pytest.raises(UsageError, match=r"undefined at rows 1, 2, 3, 4, 5 and \d+ more"):
        search(problem(law=law), parse_objective("squares"), count=8, seed=0)


def test_every_law_of_the_catalogue_gets_starts():
    for law in LAWS.values():
        random = np.random.default_rng(3)  # anew for each, so that no law hangs on those before it
        inputs = {key: np.exp(random.uniform(*np.log(GRID[key]), 40)) for key in law.inputs}
        task = problem_of(law, inputs, 2 + random.random(40))
        assert len(starts(task, parse_objective("squares"), count=4, seed=0)) == 4, law.name
