"""solve: what it takes to reach a loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import chinchilla_runs

import isoflop
from isoflop.errors import UsageError
from isoflop.forecasting.ensemble import combine
from isoflop.formula.several import several
from isoflop.laws import CURVES
from isoflop.laws.chinchilla import besiroglu2024

RUNS = chinchilla_runs(60, noise=0.01)
FIT = isoflop.fit("chinchilla", RUNS, draws=200)
TOGETHER = combine(RUNS)
E = besiroglu2024.values["E"]


@given(log_n=st.floats(6, 13), log_d=st.floats(6, 17))
def test_solving_for_tokens_undoes_the_forecast(log_n, log_d):
    loss = besiroglu2024(10**log_n, 10**log_d)
    assert isoflop.solve("D", besiroglu2024, loss=loss, N=10**log_n).value == pytest.approx(10**log_d, rel=1e-6)
    assert isoflop.solve("N", besiroglu2024, loss=loss, D=10**log_d).value == pytest.approx(10**log_n, rel=1e-6)


@pytest.mark.parametrize("name", ["hoffmann2022", "kaplan2020-ND", "gadre2024-c4"])
def test_solving_undoes_the_forecast_of_every_law_of_n_and_d(name):
    curve = CURVES[name]
    for tokens in np.geomspace(1e9, 1e13, 9):
        found = isoflop.solve("D", curve, loss=curve(1e9, tokens), N=1e9).value
        assert found == pytest.approx(tokens, rel=1e-6)


@pytest.mark.parametrize("C", [1e18, 5.76e23, 1e27])
def test_solving_for_compute_undoes_the_plan(C):
    plan = isoflop.plan(besiroglu2024, flops=C)
    assert isoflop.solve("C", besiroglu2024, loss=plan.loss.value).value == pytest.approx(C, rel=1e-6)


def test_compute_at_a_given_size_is_that_of_its_tokens():
    tokens = isoflop.solve("D", besiroglu2024, loss=2.1, N=8e9).value
    assert isoflop.solve("C", besiroglu2024, loss=2.1, N=8e9).value == pytest.approx(6 * 8e9 * tokens, rel=1e-9)
    size = isoflop.solve("N", besiroglu2024, loss=2.1, D=1e12).value
    assert isoflop.solve("C", besiroglu2024, loss=2.1, D=1e12).value == pytest.approx(6e12 * size, rel=1e-9)


def test_the_inverse_of_chinchilla_is_its_algebra():
    v = besiroglu2024.values
    wanted = (v["B"] / (2.1 - v["E"] - v["A"] / 8e9 ** v["alpha"])) ** (1 / v["beta"])
    assert isoflop.solve("D", besiroglu2024, loss=2.1, N=8e9).value == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("unknown", "at"), [("D", {"N": 8e9}), ("N", {"D": 1e12}), ("C", {}), ("C", {"N": 8e9})])
def test_below_the_floor_is_out_of_reach(unknown, at):
    assert isoflop.solve(unknown, besiroglu2024, loss=E * 0.99, **at).value == math.inf


def test_a_law_of_one_input_is_solved_for_it():
    assert isoflop.solve("N", CURVES["kaplan2020-N"], loss=2.3756403).value == pytest.approx(1e9, rel=1e-5)
    assert isoflop.solve("S", CURVES["kaplan2020-NS"], loss=2.4005137, N=1e9).value == pytest.approx(1e5, rel=1e-4)


def test_intervals_of_an_inverse_hold_its_value_and_may_reach_to_infinity():
    near = isoflop.solve("D", FIT, loss=2.3, N=8e9)
    assert near.low < near.value < near.high < math.inf
    least = FIT.curve(8e9, 1e300)
    far = isoflop.solve("D", FIT, loss=least * 1.001, N=8e9)
    assert far.low < far.value < far.high == math.inf


def test_a_law_that_falls_and_rises_again_is_solved_on_its_way_down():
    surface = isoflop.fit("log-quadratic", RUNS, draws=20)
    sizes = np.geomspace(1e8, 1e10, 5)
    for size in sizes:
        loss = surface.curve(size, 1e11)
        found = isoflop.solve("D", surface, loss=loss, N=size).value
        assert surface.curve(size, found) == pytest.approx(loss, rel=1e-9)
        assert found <= 1e11 * (1 + 1e-6)
    assert isoflop.solve("D", surface, loss=0.5, N=1e9).value == math.inf


@pytest.mark.parametrize(
    ("unknown", "at", "told"),
    [
        ("D", {"loss": 2.0}, "also needs N"),
        ("Q", {"loss": 2.0, "N": 1e9}, "can be solved for N, D, C"),
        ("D", {"loss": 2.0, "N": 1e9, "D": 1e10}, "D cannot be given"),
        ("D", {"loss": 2.0, "N": 1e9, "Q": 1e10}, "Q cannot be given"),
        ("D", {"loss": 2.0, "N": -1e9}, "N=-1e\\+09 must be"),
        ("D", {"loss": -2.0, "N": 1e9}, "loss=-2 must be"),
        ("D", {"loss": math.nan, "N": 1e9}, "loss=nan must be"),
        ("D", {"loss": 2.0, "N": 1e9, "level": 0}, "level=0 must be"),
    ],
)
def test_questions_that_mean_nothing_are_refused(unknown, at, told):
    with pytest.raises(UsageError, match=told):
        isoflop.solve(unknown, FIT, **at)


# Several laws.


@pytest.mark.parametrize(
    ("unknown", "at", "truth"),
    [("D", {"N": 2e10}, 4e11), ("N", {"D": 4e11}, 2e10), ("C", {"N": 2e10}, 6 * 2e10 * 4e11)],
)
def test_several_laws_together_find_what_the_truth_needs(unknown, at, truth):
    loss = besiroglu2024(2e10, 4e11)
    found = isoflop.solve(unknown, TOGETHER, loss=loss, **at)
    assert found.low <= found.value <= found.high
    assert found.low < truth < found.high
    assert found.value == pytest.approx(truth, rel=0.5)
    assert isoflop.solve(unknown, RUNS, loss=loss, **at) == found


def test_the_compute_of_several_laws_is_that_of_the_best_allocation():
    best = isoflop.plan(besiroglu2024, flops=1e23)
    found = isoflop.solve("C", TOGETHER, loss=best.loss.value)
    assert found.low < 1e23 < found.high
    assert found.value == pytest.approx(1e23, rel=0.5)


def test_what_no_law_reaches_is_out_of_reach():
    assert isoflop.solve("D", TOGETHER, loss=0.2, N=1e9).value == math.inf


def test_a_higher_level_gives_a_wider_interval():
    half, most = (isoflop.solve("D", TOGETHER, loss=2.3, N=1e10, level=level) for level in (0.5, 0.95))
    assert most.low < half.low < half.high < most.high


@pytest.mark.parametrize(
    ("unknown", "at", "told"),
    [
        ("D", {"loss": 2.0}, "also needs N"),
        ("D", {"loss": 2.0, "N": 1e9, "D": 1e10}, "D cannot be given"),
        ("D", {"loss": 2.0, "N": 1e9, "level": 2}, "level=2 must be"),
    ],
)
def test_questions_that_mean_nothing_are_refused_for_several_laws_too(unknown, at, told):
    with pytest.raises(UsageError, match=told):
        isoflop.solve(unknown, TOGETHER, **at)


def test_several_curves_span_what_each_of_them_says():
    names = ("besiroglu2024", "hoffmann2022")
    together = isoflop.solve("D", several([CURVES[name] for name in names]), loss=2.1, N=8e9)
    each = [isoflop.solve("D", CURVES[name], loss=2.1, N=8e9).value for name in names]
    assert together.value == each[0]
    assert (together.low, together.high) == (min(each), max(each))
