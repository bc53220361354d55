"""A law on a table of runs: residuals, derivatives, normal equations, and what is known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import chinchilla_runs

from isoflop.fitting.optimise.minimise import minimise
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import CHUNK, Prior, problem_of
from isoflop.laws import find_law
from isoflop.laws.chinchilla import besiroglu2024, chinchilla

RUNS = chinchilla_runs(40, noise=0.01)
BEST = np.array([[besiroglu2024.values[key] for key in chinchilla.parameters]])


def problem(runs=RUNS, **options):
    return problem_of(chinchilla, {key: runs[key] for key in ("N", "D")}, runs["loss"], **options)


def test_residuals_are_log_loss_observed_minus_predicted():
    task = problem()
    expected = np.log(RUNS["loss"]) - np.log(besiroglu2024(RUNS["N"], RUNS["D"]))
    assert task.residuals(task.fitted(BEST))[0] == pytest.approx(expected, abs=1e-14)


def test_linear_residuals_are_the_loss_itself():
    task = problem(log=False)
    expected = RUNS["loss"] - besiroglu2024(RUNS["N"], RUNS["D"])
    assert task.residuals(task.fitted(BEST))[0] == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("log", [True, False])
def test_slopes_are_the_derivatives_of_the_predictions(log):
    task = problem(log=log)
    theta = task.fitted(BEST)
    residuals, slopes = task.linearise(theta)
    assert residuals == pytest.approx(task.residuals(theta))
    for column in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[0, column] = 1e-6
        numeric = (task.residuals(theta - step) - task.residuals(theta + step)) / 2e-6
        assert slopes[0, column] == pytest.approx(numeric[0], rel=1e-6, abs=1e-9)


def test_values_and_fitted_coordinates_are_inverse():
    task = problem()
    assert task.natural(task.fitted(BEST)) == pytest.approx(BEST, rel=1e-14)


def test_normal_equations_are_the_same_in_one_chunk_or_many():
    task, objective = problem(), parse_objective("huber:1e-3")
    repeats = 2 * CHUNK // task.size + 3
    long = task.take(np.tile(np.arange(task.size), repeats))
    short, sums = task.normal(task.fitted(BEST), objective), long.normal(task.fitted(BEST), objective)
    for one, many in zip(short, sums, strict=True):
        assert many == pytest.approx(repeats * one, rel=1e-10)


def test_weights_count_runs():
    task, objective = problem(), parse_objective("squares")
    weights = np.ones((1, task.size))
    weights[0, :5] = 2
    doubled = task.take(np.r_[np.arange(task.size), np.arange(5)])
    theta = task.fitted(BEST)
    weighted, repeated = task.normal(theta, objective, weights=weights), doubled.normal(theta, objective)
    for one, other in zip(weighted, repeated, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_where_the_law_is_undefined_the_objective_is_infinite():
    law = find_law("log(N - A)")
    task = problem_of(law, {"N": RUNS["N"]}, RUNS["loss"])
    assert np.isinf(task.normal(np.array([[1e30]]), parse_objective("squares")).objective).all()


def test_bounds_are_of_parameter_values_and_only_narrow():
    task = problem(bounds={"A": (10.0, 1e3), "E": (-5.0, 1.9)})
    position = list(chinchilla.parameters).index
    assert task.lower[position("A")] == pytest.approx(np.log(10.0))
    assert task.upper[position("A")] == pytest.approx(np.log(1e3))
    assert (task.lower[position("E")], task.upper[position("E")]) == (0.0, 1.9)


# What is known beforehand.

CENTRE, WEIGHT = np.array([1.5, 0.0, 0.4, 0.0, 0.3]), np.array([0.01, 0.0, 2.0, 0.0, 3.0])
SQUARES = parse_objective("squares")


def known(weight=WEIGHT):
    return replace(problem(), prior=Prior(CENTRE, weight))


def test_a_prior_adds_half_its_weight_times_the_squared_distance():
    theta = problem().fitted(BEST)
    free, held = (task.normal(theta, SQUARES) for task in (problem(), known()))
    off = theta[0] - CENTRE
    assert held.objective[0] - free.objective[0] == pytest.approx(0.5 * (WEIGHT * off**2).sum(), rel=1e-9)


def test_a_priors_pull_and_curvature_are_the_derivatives_of_what_it_adds():
    theta, step = problem().fitted(BEST), 1e-5 * np.eye(5)

    def added(name, at):
        return getattr(known().normal(at, SQUARES), name)[0] - getattr(problem().normal(at, SQUARES), name)[0]

    pull = [(added("objective", theta - one) - added("objective", theta + one)) / 2e-5 for one in step]
    assert added("descent", theta) == pytest.approx(np.array(pull), abs=1e-7)
    bend = [(added("descent", theta - one) - added("descent", theta + one)) / 2e-5 for one in step]
    assert added("curvature", theta) == pytest.approx(np.array(bend), abs=1e-5)


def test_a_prior_of_no_weight_is_none():
    theta = problem().fitted(BEST)
    for one, other in zip(known(0 * WEIGHT).normal(theta, SQUARES), problem().normal(theta, SQUARES), strict=True):
        assert (one == other).all()


def test_a_prior_counts_once_however_the_runs_are_chunked():
    long = known().take(np.tile(np.arange(40), 2 * CHUNK // 40 + 3))
    theta = long.fitted(BEST)
    free = replace(long, prior=None).normal(theta, SQUARES)
    off = theta[0] - CENTRE
    added = long.normal(theta, SQUARES).objective - free.objective
    assert added[0] == pytest.approx(0.5 * (WEIGHT * off**2).sum(), rel=1e-6)


def test_a_prior_counts_the_same_for_draws_that_start_at_one_place():
    theta, weights = known().fitted(BEST), np.random.default_rng(0).uniform(0, 2, (3, 40))
    together = known().normal_at_one(theta[0], SQUARES, weights)
    for one, other in zip(together, known().normal(np.tile(theta, (3, 1)), SQUARES, weights=weights), strict=True):
        assert one == pytest.approx(other, rel=1e-9)


def test_a_heavy_prior_decides_and_a_light_one_hardly_matters():
    start = problem().fitted(BEST)
    free = minimise(problem(), start, SQUARES).theta[0]
    held = minimise(known(1e6 * WEIGHT), start, SQUARES).theta[0]
    light = minimise(known(1e-9 * WEIGHT), start, SQUARES).theta[0]
    assert held[[0, 2, 4]] == pytest.approx(CENTRE[[0, 2, 4]], abs=1e-4)
    assert light == pytest.approx(free, rel=1e-4)
    assert np.abs(free - CENTRE)[[0, 2]].min() > 0.01
