"""What is said against a forecast by backtests, single runs and where it lies; planned sizes at held-out budgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.forecasting.doubts import guess_nearer, narrow
from isoflop.forecasting.ensemble import before, combine
from isoflop.forecasting.extrapolation import distance, outside
from isoflop.forecasting.record import record
from isoflop.forecasting.sizes import size_error, size_tests
from isoflop.laws.chinchilla import besiroglu2024

SOUND = chinchilla_runs(40, noise=0.003)
TOGETHER = combine(SOUND)
LARGEST = int(np.argmax(SOUND["C"]))
AT = {"N": 1e10, "D": 1e12}


def with_loss(row, times):
    loss = SOUND["loss"].copy()
    loss[row] *= times
    names = [f"run {number}" for number in range(len(SOUND))]
    return Runs.of(N=SOUND["N"], D=SOUND["D"], loss=loss, name=names)


def codes(answer):
    return {one.code for one in answer.findings}


def test_nothing_is_said_against_sound_runs():
    assert not codes(isoflop.forecast(TOGETHER, **AT)) & {"P21", "P22", "P23", "P24", "P15"}


@pytest.mark.parametrize("times", [1e-300, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("row", [3, LARGEST])
def test_one_bad_run_moves_the_forecast_by_less_than_a_percent_and_is_named(row, times):
    sound = isoflop.forecast(TOGETHER, **AT)[0].loss.value
    found = isoflop.forecast(with_loss(row, times), **AT)
    assert found[0].loss.value == pytest.approx(sound, rel=0.01)
    assert any(one.code == "P23" and f"run {row} " in one.message for one in found.findings)
    assert ("P24" in codes(found)) == (row == LARGEST)


def test_a_guess_that_was_nearer_is_named():
    told = record(TOGETHER)
    worse = {name: tuple(50 * one for one in row) if name == "together" else row for name, row in told.errors.items()}
    found = guess_nearer(replace(told, errors=worse))
    assert [one.code for one in found] == ["P21"]
    assert not guess_nearer(told)
    assert not guess_nearer(replace(told, errors=worse, cuts=told.cuts[:1]))


def test_an_interval_narrower_than_past_errors_is_said():
    rows, told = isoflop.forecast(TOGETHER, **AT).rows, record(TOGETHER)
    wrong = {name: tuple(0.5 for _ in row) for name, row in told.errors.items()}
    assert not narrow(rows, told)
    assert [one.code for one in narrow(rows, replace(told, errors=wrong))] == ["P22"]


# Directions.


def test_distance_counts_every_direction_in_decades_of_compute():
    span = {"N": (1e8, 1e10), "D": (1e9, 1e11), "C": (6e17, 6e21)}
    at = {"N": np.array([1e9, 1e11, 1e9, 1e6, 1e10]), "D": np.array([1e10, 1e9, 1e13, 1e9, 1e12])}
    assert distance(span, at) == pytest.approx([0, 2, 4, 4, 2])
    assert distance({"D": (1e9, 1e11)}, {"D": np.array([1e12, 1e8, 1e10])}) == pytest.approx([1, 1, 0])


def test_a_forecast_outside_in_n_alone_is_wider_and_said():
    inside, far = (
        isoflop.forecast(TOGETHER, N=SOUND["N"].max() * times, D=SOUND["D"].min() / times)[0].loss
        for times in (1.0, 30.0)
    )
    assert np.log(far.high / far.low) > 1.5 * np.log(inside.high / inside.low)
    found = isoflop.forecast(TOGETHER, N=SOUND["N"].max() * 30, D=SOUND["D"].min())
    assert any(one.code == "P15" and "above" in one.message for one in found.findings)


def test_a_forecast_below_all_runs_is_said_to_be():
    low = {key: np.array([SOUND[key].min() / 1e3]) for key in ("N", "D")}
    found = outside("these runs", TOGETHER.fitted_on, low)
    assert found
    assert "below" in found[0].message
    assert found[0].severity == "WARN"


# Planned sizes.


def ladder(noise=0.002, seed=0):
    compute = np.repeat(np.geomspace(1e18, 3e20, 5), 9)
    size = np.sqrt(compute / 120) * np.tile(np.geomspace(0.15, 6, 9), 5)
    loss = besiroglu2024(size, compute / 6 / size)
    return Runs.of(
        N=size, D=compute / 6 / size, loss=loss * np.exp(noise * np.random.default_rng(seed).standard_normal(45))
    )


def test_planned_sizes_are_what_plan_says_of_the_part():
    runs = ladder()
    found = size_tests(combine(runs))
    assert len(found) > 3
    one = found[-1]
    part = runs.take(runs["C"] <= one.C / one.times * (1 + 1e-9))
    planned = isoflop.plan(part, flops=one.C).N
    assert np.log(planned.value / one.N) == pytest.approx(one.error, abs=2e-3)
    assert np.log(planned.high / planned.low) / 2 == pytest.approx(one.reach, rel=0.05)


def test_planned_sizes_hold_where_a_law_is_right():
    held = [one.inside for seed in range(3) for one in size_tests(combine(ladder(seed=seed)))]
    assert np.mean(held) > 0.85


def test_a_size_is_less_certain_far_out_and_where_laws_part():
    zero = np.zeros(1)
    near, far = (size_error(zero, zero, np.array([one]))[0] for one in (0.0, 2.0))
    assert near < far < size_error(zero, np.array([0.5]), np.array([2.0]))[0]


def test_before_an_origin_is_the_ensemble_of_its_part():
    number = len(TOGETHER.backtest.cuts) - 1
    part = SOUND.take(np.log10(SOUND["C"]) <= TOGETHER.backtest.cuts[number] + 1e-9)
    here, there = before(TOGETHER, number), combine(part)
    for one, other in zip((here.errors, here.misses), (there.errors, there.misses), strict=True):
        assert one.squares == pytest.approx(other.squares, abs=1e-12)
    at = {key: np.array([value]) for key, value in AT.items()}
    assert here.log_loss(at) == pytest.approx(there.log_loss(at), abs=1e-12)
