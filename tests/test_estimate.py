"""Estimates, and the little statistics they need."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from isoflop.estimate import Estimate, from_draws
from isoflop.formula.arrays import MOST_FREEDOM, median, student

pytestmark = pytest.mark.portable


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 10, 11, 30, 235, 1000, 1001, MOST_FREEDOM])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999])
def test_student_is_the_quantile_that_scipy_gives(freedom, level):
    assert student(level, freedom) == pytest.approx(stdtrit(freedom, 0.5 + level / 2), rel=1e-9)


def test_student_of_no_freedom_is_that_of_one_and_of_very_much_is_normal():
    assert student(0.9, 0) == student(0.9, 1)
    assert student(0.9, 10**7) == pytest.approx(1.6448536, rel=2e-4)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_median_is_numpys(count):
    values = np.random.default_rng(count).standard_normal((3, count))
    assert median(values) == pytest.approx(np.median(values, axis=-1))
    assert median(values, axis=0) == pytest.approx(np.median(values, axis=0))


def test_an_interval_spans_the_middle_of_the_draws():
    found = from_draws(50.0, np.arange(1.0, 101.0), 0.9)
    assert (found.low, found.high) == (5.0, 95.0)


def test_an_interval_always_holds_its_value():
    assert from_draws(200.0, np.arange(100.0)).high == 200.0
    assert from_draws(-1.0, np.arange(100.0)).low == -1.0


def test_draws_out_of_reach_stay_infinite_and_unknown_ones_are_left_out():
    assert from_draws(1.0, [1.0, math.inf, math.nan]).high == math.inf


def test_without_draws_the_interval_is_unknown():
    found = from_draws(3.0, [])
    assert math.isnan(found.low)
    assert str(found) == "3.00"


def test_an_estimate_prints_its_interval():
    assert str(Estimate(1.82, 1.79, 1.87)) == "1.82 [1.79, 1.87]"
