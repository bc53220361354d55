"""Covariance and draws: the spread they claim is the spread that repeated experiments show."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import chinchilla_runs

from isoflop.fitting.draws import MOST_REFITTED, bootstrap, covariance, draw, from_covariance, refit
from isoflop.fitting.optimise.objective import parse_objective
from isoflop.fitting.optimise.problem import problem_of
from isoflop.fitting.optimise.search import search
from isoflop.laws import find_law

LAW = find_law("M1")


def line(count, seed, noise=0.02):
    """Give a power law's problem, whose log-log fit is a straight line with known variance."""
    random = np.random.default_rng(seed)
    x = np.exp(np.linspace(0, 5, count))
    return problem_of(LAW, {"x": x}, 3 * x**-0.2 * np.exp(noise * random.standard_normal(count)))


def fitted(problem, name="squares"):
    return search(problem, parse_objective(name), count=4, seed=0)


def textbook(noise=0.02, count=50):
    design = np.stack([np.ones(count), -np.linspace(0, 5, count)], axis=1)
    return noise**2 * np.linalg.inv(design.T @ design)


def test_classical_covariance_is_the_textbooks():
    problem = line(50, 0)
    found = fitted(problem)
    residuals = problem.residuals(found.theta[None])[0]
    expected = textbook(1.0) * (residuals @ residuals) / 48
    assert covariance(problem, found.theta, found.objective, kind="classical") == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", ["squares", "robust"])
@pytest.mark.simulates
def test_hc3_covariance_matches_repeated_experiments(name):
    thetas, spreads = [], []
    for seed in range(200):
        problem = line(50, seed)
        found = fitted(problem, name)
        thetas.append(found.theta)
        spreads.append(np.diag(covariance(problem, found.theta, found.objective)))
    assert np.mean(spreads, axis=0) == pytest.approx(np.var(thetas, axis=0), rel=0.3)


def test_bootstrap_draws_spread_as_hc3_says():
    problem = line(80, 3)
    found = fitted(problem)
    drawn = problem.fitted(bootstrap(problem, found.theta, found.objective, count=2000, seed=0))
    assert drawn.var(axis=0) == pytest.approx(np.diag(covariance(problem, found.theta, found.objective)), rel=0.25)


def test_normal_draws_have_the_covariance_they_were_given():
    problem = line(80, 3)
    found = fitted(problem)
    spread = covariance(problem, found.theta, found.objective)
    drawn = problem.fitted(from_covariance(problem, found.theta, spread, count=40_000, seed=0))
    assert np.cov(drawn.T) == pytest.approx(spread, rel=0.05)


def test_refitting_with_weight_one_gives_the_fit_itself():
    runs = chinchilla_runs(60, noise=0.01)
    problem = problem_of(find_law("chinchilla"), {key: runs[key] for key in "ND"}, runs["loss"])
    found = search(problem, parse_objective("squares"), count=8, seed=0)
    again = refit(problem, found.theta, found.objective, weights=np.ones((1, 60)))
    assert again[0] == pytest.approx(problem.natural(found.theta[None])[0], rel=1e-6)


def test_draws_are_refits_until_the_table_is_large():
    problem = line(50, 0)
    found = fitted(problem)
    spread = covariance(problem, found.theta, found.objective)
    few, many = 10, MOST_REFITTED // 50 + 1
    how = {
        count: draw(problem, found.theta, found.objective, covariance=spread, count=count, seed=0)[1]
        for count in (few, many)
    }
    assert how == {few: "pairs bootstrap", many: "HC3 normal"}


def in_runs(seed, *, shift=0.02, noise=0.005):
    """Give 12 runs of 5 rows each on a straight line, and which run each row is of."""
    random = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(12), 5)
    x = np.exp(np.repeat(np.linspace(0, 5, 12), 5) + np.tile(np.linspace(0, 0.4, 5), 12))
    off = shift * random.standard_normal(12)[clusters] + noise * random.standard_normal(60)
    return problem_of(LAW, {"x": x}, 3 * x**-0.2 * np.exp(off)), clusters


def test_rows_that_are_runs_of_their_own_give_hc3():
    problem = line(50, 4)
    found = fitted(problem)
    alone = covariance(problem, found.theta, found.objective, clusters=np.arange(50))
    assert alone == pytest.approx(covariance(problem, found.theta, found.objective) * 49 / 50, rel=1e-9)


def test_covariance_of_whole_runs_is_their_jackknife():
    problem, clusters = in_runs(0)
    found = fitted(problem)
    spread = covariance(problem, found.theta, found.objective, clusters=clusters)
    without = [fitted(problem.take(clusters != run)).theta for run in range(12)]
    deviations = np.array(without) - found.theta
    assert spread == pytest.approx(11 / 12 * deviations.T @ deviations, rel=1e-5)


@pytest.mark.simulates
def test_covariance_of_whole_runs_matches_repeated_experiments():
    thetas, by_runs, by_rows = [], [], []
    for seed in range(200):
        problem, clusters = in_runs(seed)
        found = fitted(problem, "robust")
        thetas.append(found.theta)
        by_runs.append(np.diag(covariance(problem, found.theta, found.objective, clusters=clusters)))
        by_rows.append(np.diag(covariance(problem, found.theta, found.objective)))
    true = np.var(thetas, axis=0)
    assert np.mean(by_runs, axis=0) == pytest.approx(true, rel=0.4)
    assert (np.mean(by_rows, axis=0) < 0.4 * true).all()


def test_whole_runs_are_drawn_together():
    problem, clusters = in_runs(1)
    found = fitted(problem)
    drawn = problem.fitted(bootstrap(problem, found.theta, found.objective, count=1500, seed=0, clusters=clusters))
    spread = covariance(problem, found.theta, found.objective, clusters=clusters)
    assert drawn.var(axis=0) == pytest.approx(np.diag(spread), rel=0.35)
    shuffled = np.random.default_rng(0).permutation(60)
    again = bootstrap(
        problem.take(shuffled), found.theta, found.objective, count=5, seed=0, clusters=clusters[shuffled]
    )
    straight = bootstrap(problem, found.theta, found.objective, count=5, seed=0, clusters=clusters)
    assert again == pytest.approx(straight, rel=1e-6)


def test_one_run_gives_no_draws_and_no_covariance():
    problem, _ = in_runs(2)
    found, one = fitted(problem), np.zeros(60, dtype=int)
    spread = covariance(problem, found.theta, found.objective, clusters=one)
    drawn, how = draw(problem, found.theta, found.objective, covariance=spread, count=9, seed=0, clusters=one)
    assert np.isnan(spread).all()
    assert (drawn.shape, how) == ((0, 2), "nothing: one run")
