"""What a fit minimises."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.errors import UsageError
from isoflop.fitting.optimise.objective import SMALLEST_DELTA, noise, parse_objective

RESIDUALS = np.array([-0.5, -1e-3, -2e-4, 0.0, 3e-4, 1e-3, 0.2])
NAMES = ("squares", "huber:1e-3", "envelope", "robust")


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative_of_the_loss(name):
    objective = parse_objective(name)
    step = 1e-8
    numeric = (objective.loss(RESIDUALS + step) - objective.loss(RESIDUALS - step)) / (2 * step)
    assert objective.slope(RESIDUALS) == pytest.approx(numeric, abs=1e-7)


def test_huber_is_hoffmanns_definition():
    size = np.abs(RESIDUALS)
    expected = np.where(size <= 1e-3, size**2 / 2, 1e-3 * (size - 5e-4))
    assert parse_objective("huber:1e-3").loss(RESIDUALS) == pytest.approx(expected)


def test_squares_have_curvature_one_everywhere():
    assert (parse_objective("squares").curvature(RESIDUALS, 0.0) == 1).all()


def test_the_envelope_forgives_runs_above_the_curve():
    below, above = parse_objective("envelope").loss(np.array([-0.1, 0.1]))
    assert below == pytest.approx(20 * above)


def test_robust_sets_its_delta_from_the_noise_and_ignores_one_wild_run():
    random = np.random.default_rng(0)
    residuals = 0.01 * random.standard_normal(400)
    calm = parse_objective("robust").adapted(residuals, 5).delta
    residuals[0] = 10.0
    assert parse_objective("robust").adapted(residuals, 5).delta == pytest.approx(calm, rel=0.02)
    assert calm == pytest.approx(0.01345, rel=0.15)


def test_robust_never_falls_below_the_rounding_of_tables():
    assert parse_objective("robust").adapted(np.zeros(10), 2).delta == SMALLEST_DELTA


def test_only_robust_adapts():
    fixed = parse_objective("huber:1e-3")
    assert fixed.adapted(RESIDUALS, 2) is fixed


def test_noise_is_the_standard_deviation_of_normal_residuals():
    residuals = 0.02 * np.random.default_rng(1).standard_normal(20_000)
    assert noise(residuals, 5) == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("name", ["", "hubris", "huber:-1", "huber:x", "huber:inf", "squares:2", "huber:nan"])
def test_an_unknown_objective_is_refused_with_the_known_ones(name):
    with pytest.raises(UsageError, match="robust, squares, huber:1e-3 or envelope"):
        parse_objective(name)
