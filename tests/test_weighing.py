"""One weighing by past errors: who missed more weighs less, and nothing is scored by what came later."""

from dataclasses import replace

import numpy as np
import pytest

import isoflop
from isoflop.beyond.downstream.backtest import look_back, splits
from isoflop.beyond.downstream.tasks import Task
from isoflop.forecasting.curves.average import Past, _ratios
from isoflop.forecasting.weighing import held, weigh

ASKED = {"expected": 0.01, "count": 3.0}


def test_before_any_error_all_weigh_the_same_and_miss_what_is_expected():
    none, near = np.zeros((3, 0)), np.zeros((2, 0))
    assert held(none, near, **ASKED) == pytest.approx(np.full((3, 2), 0.01))
    assert weigh(none, near, **ASKED, sharpness=2.0) == pytest.approx(np.full((3, 2), 1 / 3))


def test_who_missed_more_near_a_target_weighs_less_there_and_an_unknown_error_says_nothing():
    squares = np.array([[0.01, 1.0], [1.0, 0.01], [np.nan, np.nan]])
    found = weigh(squares, np.eye(2), **ASKED, sharpness=1.0)
    assert found.sum(axis=0) == pytest.approx([1.0, 1.0])
    assert found[0, 0] == pytest.approx(found[1, 1])
    assert found[0, 0] == pytest.approx(found[2, 0])  # it missed what was expected of it
    assert found[1, 0] < found[0, 0] / 10


def test_a_forecast_of_a_curve_is_scored_by_what_was_known_when_it_was_made():
    random = np.random.default_rng(0)
    origin = np.repeat(np.arange(5), 5)
    now, there = 0.2 * origin, 0.2 * (1 + np.tile(np.arange(5), 5)) + 0.2 * origin
    error = 0.01 * random.standard_normal((3, 25))
    past = Past(error, 0.1 + error, 0 * error, there - now, 1.0 - now, origin)
    begun = _ratios(past, 1e-3)
    later = replace(past, error=np.where(there > 0.6 + 1e-9, 9 * error, error))
    known = (there <= 0.6 + 1e-9) & (now <= 0.6)
    assert _ratios(later, 1e-3)[known] == pytest.approx(begun[known], rel=1e-12)
    assert (np.abs(_ratios(later, 1e-3)[~known]) > np.abs(begun[~known])).any()


def test_a_law_of_accuracy_is_scored_by_weights_of_the_sizes_before():
    loss = np.linspace(4.0, 2.2, 24)
    accuracy = 0.25 + 0.6 / (1 + np.exp(2.5 * (loss - 3.0)))
    size = np.repeat(np.geomspace(1e7, 1e9, 8), 3)
    task = Task("t", loss, accuracy, 6 * size * 20 * size, size=size)
    forms = ("exponential", "sigmoid")
    assert len(splits(task)) == 3
    found = look_back(task, forms, seed=0)
    worse = look_back(replace(task, accuracy=np.where(loss < loss[-2], 0.2, accuracy)), forms, seed=0)
    assert found.origins == worse.origins
    assert worse.error > found.error


def test_a_plan_tells_of_its_sizes_what_backtests_show():
    runs = isoflop.read("tinylm", where='role == "sweep"')
    found, past = isoflop.plan(runs, flops=1e14), isoflop.backtest(runs)
    assert past.sizes
    assert found.record.sizes == past.sizes
    for shown in (str(found), str(found.full()), str(past)):
        assert past.told_of_sizes() in shown
    told = found.as_dict()["planned_sizes"]
    assert told["told"] == past.told_of_sizes()
    assert told["inside"] == sum(one["inside"] for one in told["each"])
