"""forecast and solve: the loss of a run not yet trained, and what it takes to reach a loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import chinchilla_runs

import isoflop
from isoflop.errors import UsageError
from isoflop.forecast import decades
from isoflop.law import parse_law
from isoflop.laws import CURVES
from isoflop.laws.chinchilla import besiroglu2024
from isoflop.runs import Runs

RUNS = chinchilla_runs(60, noise=0.01)
FIT = isoflop.fit("chinchilla", RUNS, draws=200)
E = besiroglu2024.values["E"]


# Forecast.


def test_the_value_is_the_curves():
    found = isoflop.forecast(besiroglu2024, N=[1e9, 70e9], D=[2e10, 1.4e12])
    assert [one.loss.value for one in found] == [besiroglu2024(1e9, 2e10), besiroglu2024(70e9, 1.4e12)]


def test_one_number_stands_for_all_rows():
    found = isoflop.forecast(FIT, N=8e9, D=[1e12, 2e12, 4e12])
    assert [one.inputs for one in found] == [{"N": 8e9, "D": tokens} for tokens in (1e12, 2e12, 4e12)]


@given(log_n=st.floats(5, 14), log_d=st.floats(6, 17))
def test_every_interval_holds_its_value_and_more_data_never_hurt(log_n, log_d):
    first, second = isoflop.forecast(FIT, N=10**log_n, D=[10**log_d, 1.5 * 10**log_d])
    for one in (first.loss, second.loss):
        assert one.low < one.value < one.high
    assert second.loss.value < first.loss.value


def test_new_runs_fall_into_the_interval_nine_times_in_ten():
    inside = []
    for seed in range(40):
        runs, new = (chinchilla_runs(60, noise=0.01, seed=one) for one in (seed, 1000 + seed))
        said = isoflop.forecast(isoflop.fit("chinchilla", runs, draws=0), N=new["N"], D=new["D"])
        inside += [one.loss.low <= loss <= one.loss.high for one, loss in zip(said, new["loss"], strict=True)]
    assert 0.86 < np.mean(inside) < 0.94


def test_intervals_widen_with_distance_and_with_the_level():
    near, far = isoflop.forecast(FIT, N=[1e9, 1e12], D=[3e10, 3e13])
    assert (far.loss.high - far.loss.low) / far.loss.value > (near.loss.high - near.loss.low) / near.loss.value
    half = isoflop.forecast(FIT, level=0.5, N=1e9, D=3e10)[0].loss
    assert near.loss.low < half.low < half.high < near.loss.high


def test_a_pinned_fit_has_an_interval_too():
    fit = isoflop.fit("chinchilla", RUNS, fix={"E": E}, draws=0)
    one = isoflop.forecast(fit, N=8e9, D=1e13)[0].loss
    assert one.low < one.value < one.high


def test_a_published_curve_has_no_interval_and_says_why():
    found = isoflop.forecast(besiroglu2024, N=8e9, D=15e12)
    assert math.isnan(found[0].loss.low)
    assert math.isnan(found[0].loss.high)
    assert [one.code for one in found.findings] == ["P12", "P01"]


def test_an_uncalibrated_forecast_says_so():
    one_budget = isoflop.forecast(isoflop.fit("chinchilla", RUNS, draws=0), N=1e9, D=3e10)
    assert one_budget[0].calibrated
    small = Runs.of(N=np.geomspace(1e8, 3e9, 9), D=1e20 / 6 / np.geomspace(1e8, 3e9, 9), loss=np.linspace(3, 2.5, 9))
    found = isoflop.forecast(small, N=1e9, D=3e11)
    assert not found[0].calibrated
    assert "P03" in [one.code for one in found.findings]


def test_decades_count_from_the_largest_compute():
    largest = FIT.curve.fitted_on["C"][1]
    inside, outside = isoflop.forecast(FIT, N=[1e8, 1e11], D=[1e9, 1e13])
    assert inside.decades == 0
    assert outside.decades == pytest.approx(math.log10(6e24 / largest), rel=1e-12)


def test_decades_of_a_law_of_one_input_count_in_that_input():
    assert isoflop.forecast(CURVES["kaplan2020-N"], N=1.5e11)[0].decades == pytest.approx(2)
    assert math.isnan(decades(CURVES["kaplan2020-C"].fitted_on, {"C": np.array([1e21])})[0])


@pytest.mark.parametrize(("D", "severity"), [(3e12, None), (3e13, "INFO"), (1e16, "WARN")])
def test_distance_is_pointed_out_in_two_steps(D, severity):
    found = [one.severity for one in isoflop.forecast(FIT, N=1e10, D=D).findings if one.code == "P01"]
    assert found == ([severity] if severity else [])


def test_findings_of_the_fit_travel_with_the_forecast():
    runs = Runs.of(N=[*RUNS["N"], 1e9], D=[*RUNS["D"], 1e10], loss=[*RUNS["loss"], math.nan])
    fit = isoflop.fit("chinchilla", runs, draws=0)
    assert "D01" in [one.code for one in isoflop.forecast(fit, N=1e9, D=1e10).findings]


def test_a_law_of_other_inputs_is_forecast_by_their_names():
    assert isoflop.forecast(CURVES["kaplan2020-NS"], N=1e9, S=1e5)[0].loss.value == pytest.approx(2.4005137)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ({"N": 1e9}, "needs D"),
        ({"n": 1e9, "D": 1e10}, "needs N"),
        ({"N": -1, "D": 1e10}, "N=-1 must be a finite number above zero"),
        ({"N": [1e9, 0], "D": 1e10}, "N=0 must be"),
        ({"N": 1e9, "D": math.nan}, "D=nan must be"),
        ({"N": math.inf, "D": 1e10}, "N=inf must be"),
        ({"N": 1e9, "D": 1e10, "Q": 4}, "takes N, D, not Q"),
        ({"N": 1e9, "D": 1e10, "level": 1.5}, "level=1.5 must be between 0 and 1"),
    ],
)
def test_inputs_that_mean_nothing_are_refused(at, told):
    with pytest.raises(UsageError, match=told):
        isoflop.forecast(FIT, **at)


@pytest.mark.parametrize("ask", [lambda c: isoflop.forecast(c, C=1e21), lambda c: isoflop.solve("C", c, loss=2.0)])
def test_a_law_of_sizes_is_not_passed_off_as_a_loss(ask):
    with pytest.raises(UsageError, match="gives parameters, not a loss"):
        ask(CURVES["kaplan2020-N-opt"])


def test_an_interval_of_runs_that_determine_nothing_is_as_wide_as_it_gets():
    size, random = np.geomspace(1e7, 1e10, 20), np.random.default_rng(0)
    loss = besiroglu2024(size, 20 * size) * np.exp(0.003 * random.standard_normal(20))
    fit = isoflop.fit("chinchilla", Runs.of(N=size, D=20 * size, loss=loss), draws=0)
    one = isoflop.forecast(fit, N=1e9, D=1e14)[0].loss
    assert one.low < one.value / 2
    assert one.high > one.value * 2


def test_forecasts_print_themselves():
    assert "decades beyond" in str(isoflop.forecast(FIT, N=8e9, D=15e12))


# Solve.


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


def test_a_forecast_that_rises_with_size_is_pointed_out():
    bowl = "c + a*log(N)^2 + b*log(D)^2"
    curve = parse_law(bowl).at(c=2.0, a=0.002, b=-0.001)
    found = [one for one in isoflop.forecast(curve, N=1e9, D=1e10).findings if one.code == "P10"]
    assert [one.severity for one in found] == ["WARN"]
    assert "rises with N" in found[0].message
    assert "P10" not in [one.code for one in isoflop.forecast(FIT, N=1e11, D=1e13).findings]
