"""forecast: the loss of a run not yet trained, with three intervals and what stands behind them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.forecasting.ensemble import UNTESTED, combine, evidence
from isoflop.forecasting.extrapolation import decades
from isoflop.forecasting.forecast import forecast_with
from isoflop.formula.law import parse_law
from isoflop.laws import CURVES
from isoflop.laws.chinchilla import besiroglu2024

RUNS = chinchilla_runs(60, noise=0.01)
FIT = isoflop.fit("chinchilla", RUNS, draws=200)
BEHIND = evidence(FIT)
TOGETHER = combine(RUNS)
E = besiroglu2024.values["E"]
KINDS = ["statistical", "calibrated", "laws"]


def said(level=0.9, **at):
    """Give the forecasts of FIT, whose backtests are at hand."""
    return forecast_with(FIT, BEHIND, level=level, at=at)


# One fit, or a curve.


def test_the_value_is_the_curves():
    found = isoflop.forecast(besiroglu2024, N=[1e9, 70e9], D=[2e10, 1.4e12])
    assert [one.loss.value for one in found] == [besiroglu2024(1e9, 2e10), besiroglu2024(70e9, 1.4e12)]


def test_one_number_stands_for_all_rows():
    found = isoflop.forecast(FIT, N=8e9, D=[1e12, 2e12, 4e12])
    assert [one.inputs for one in found] == [{"N": 8e9, "D": tokens} for tokens in (1e12, 2e12, 4e12)]


@given(log_n=st.floats(5, 14), log_d=st.floats(6, 17))
def test_every_interval_holds_its_value_and_more_data_never_hurt(log_n, log_d):
    first, second = said(N=10**log_n, D=[10**log_d, 1.5 * 10**log_d])
    for one in (first.loss, second.loss):
        assert one.low < one.value < one.high
    assert second.loss.value < first.loss.value


@pytest.mark.simulates
def test_new_runs_fall_into_the_statistical_interval_nine_times_in_ten():
    inside = []
    for seed in range(40):
        runs, new = (chinchilla_runs(60, noise=0.01, seed=one) for one in (seed, 1000 + seed))
        at = {"N": new["N"], "D": new["D"]}
        found = forecast_with(isoflop.fit("chinchilla", runs, draws=0), UNTESTED, level=0.9, at=at)
        inside += [one.loss.low <= loss <= one.loss.high for one, loss in zip(found, new["loss"], strict=True)]
    assert 0.86 < np.mean(inside) < 0.94


def test_intervals_widen_with_distance_and_with_the_level():
    near, far = said(N=[1e9, 1e12], D=[3e10, 3e13])
    assert (far.loss.high - far.loss.low) / far.loss.value > (near.loss.high - near.loss.low) / near.loss.value
    half = said(level=0.5, N=1e9, D=3e10)[0].loss
    for kind in ("statistical", "calibrated"):
        (wide, wider), (narrow, narrower) = near.loss.intervals[kind], half.intervals[kind]
        assert wide < narrow < narrower < wider


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
    assert said(N=1e9, D=3e10)[0].calibrated
    small = Runs.of(N=np.geomspace(1e8, 3e9, 9), D=1e20 / 6 / np.geomspace(1e8, 3e9, 9), loss=np.linspace(3, 2.5, 9))
    found = isoflop.forecast(small, N=1e9, D=3e11)
    assert not found[0].calibrated
    assert "P03" in [one.code for one in found.findings]


def test_decades_count_from_the_largest_compute():
    largest = FIT.curve.fitted_on["C"][1]
    inside, outside = said(N=[1e8, 1e11], D=[1e9, 1e13])
    assert inside.decades == 0
    assert outside.decades == pytest.approx(math.log10(6e24 / largest), rel=1e-12)


def test_decades_of_a_law_of_one_input_count_in_that_input():
    assert isoflop.forecast(CURVES["kaplan2020-N"], N=1.5e11)[0].decades == pytest.approx(2)
    assert math.isnan(decades(CURVES["kaplan2020-C"].fitted_on, {"C": np.array([1e21])})[0])


@pytest.mark.parametrize(("D", "severity"), [(3e12, None), (3e13, "INFO"), (1e16, "WARN")])
def test_distance_is_pointed_out_in_two_steps(D, severity):
    found = [one.severity for one in said(N=1e10, D=D).findings if one.code == "P01"]
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
    text = str(said(N=8e9, D=15e12).full())
    for word in ("decades beyond", "statistical", "calibrated", "laws", "log-linear", "backtests   "):
        assert word in text


# The three intervals.


def test_the_headline_of_a_fit_holds_all_three_intervals():
    for one in said(N=[1e9, 1e10, 1e12], D=[1e10, 1e12, 3e13]):
        kinds = one.loss.intervals
        assert list(kinds) == KINDS
        assert one.loss.low == min(low for low, _ in kinds.values())
        assert one.loss.high == max(high for _, high in kinds.values())


def test_the_headline_of_several_laws_is_calibrated_and_their_value_among_them():
    for one in isoflop.forecast(TOGETHER, N=[1e9, 1e10, 1e12], D=[1e10, 1e12, 3e13]):
        assert list(one.loss.intervals) == KINDS
        assert (one.loss.low, one.loss.high) == one.loss.intervals["calibrated"]
        low, high = one.loss.intervals["laws"]
        assert low <= one.loss.value <= high


def test_what_a_forecast_stands_on_makes_its_intervals():
    untested = forecast_with(FIT, UNTESTED, level=0.9, at={"N": 1e11, "D": 3e12})[0]
    tested = said(N=1e11, D=3e12)[0]
    assert tested.loss.intervals["statistical"] == untested.loss.intervals["statistical"]
    assert (untested.loss.low, untested.loss.high) == untested.loss.intervals["statistical"]
    assert np.isnan(untested.loss.intervals["calibrated"]).all()
    assert (tested.calibrated, untested.calibrated) == (True, False)
    assert not np.isnan(tested.loss.intervals["calibrated"]).any()


def test_runs_are_forecast_by_several_laws_together():
    one, other = isoflop.forecast(RUNS, N=1e11, D=3e12)[0], isoflop.forecast(TOGETHER, N=1e11, D=3e12)[0]
    assert one == other
    assert one.loss.low < besiroglu2024(1e11, 3e12) < one.loss.high
    assert one.loss.value == pytest.approx(besiroglu2024(1e11, 3e12), rel=0.05)


@pytest.mark.parametrize("source", [FIT, TOGETHER], ids=["fit", "laws"])
def test_guesses_without_a_law_stand_beside(source):
    behind = BEHIND if source is FIT else evidence(TOGETHER)
    found = forecast_with(source, behind, level=0.9, at={"N": RUNS["N"][:3] * 1.001, "D": RUNS["D"][:3]})
    assert [one.baselines["nearest run"] for one in found] == pytest.approx(RUNS["loss"][:3].tolist())
    assert all(list(one.baselines) == ["log-linear", "last budget", "nearest run"] for one in found)


def test_a_law_of_one_input_has_no_spread_of_laws():
    fit = isoflop.fit("E + B/D^b", RUNS, draws=0)
    one = isoflop.forecast(fit, D=1e13)[0]
    assert one.loss.low < one.loss.value < one.loss.high
    assert one.calibrated


def test_a_law_of_compute_is_forecast_with_its_backtests():
    fit = isoflop.fit("E + K/C^g", RUNS, draws=0)
    one = isoflop.forecast(fit, C=1e25)[0]
    assert one.loss.low < one.loss.value < one.loss.high
    assert one.calibrated


def test_a_fit_on_runs_whose_sizes_are_unknown_is_forecast_too():
    runs = Runs.of(N=[math.nan] * 20, D=RUNS["D"][:20], loss=3 * RUNS["D"][:20] ** -0.1)
    fit = isoflop.fit("E + B/D^b", runs, draws=0)
    assert isoflop.forecast(fit, D=1e13)[0].loss.value > 0


def test_smaller_runs_than_any_are_forecast_without_distance():
    for source in (TOGETHER, RUNS):
        tiny, inside = isoflop.forecast(source, N=[1e6, 1e9], D=[1e7, 3e10])
        assert tiny.decades == inside.decades == 0
        assert tiny.loss.low < tiny.loss.value < tiny.loss.high


def test_a_forecast_that_rises_with_size_is_pointed_out():
    bowl = "c + a*log(N)^2 + b*log(D)^2"
    curve = parse_law(bowl).at(c=2.0, a=0.002, b=-0.001)
    found = [one for one in isoflop.forecast(curve, N=1e9, D=1e10).findings if one.code == "P10"]
    assert [one.severity for one in found] == ["WARN"]
    assert "rises with N" in found[0].message
    assert "P10" not in [one.code for one in isoflop.forecast(FIT, N=1e11, D=1e13).findings]


def test_laws_that_disagree_are_pointed_out():
    """Exponents that depend on size, which no law here knows, and a model of half a token per parameter."""
    size, tokens = RUNS["N"], RUNS["D"]
    loss = 1.8 + 480 / size**0.35 + 2000 / tokens ** (0.36 * (size / 1e9) ** -0.02)
    found = isoflop.forecast(Runs.of(N=size, D=tokens, loss=loss), N=1e12, D=1e11)
    (one,) = [one for one in found.findings if one.code == "P04"]
    low, high = found[0].loss.intervals["laws"]
    assert f"{low:.4g} to {high:.4g}" in one.message


@pytest.mark.simulates
def test_on_sound_runs_hardly_any_law_disagrees():
    fired = 0
    for seed in range(50):
        runs = chinchilla_runs(50, noise=0.01, seed=seed)
        grow = math.sqrt(3 * runs["C"].max() / (6 * 3e9 * 6e10))
        codes = [one.code for one in isoflop.forecast(runs, N=3e9 * grow, D=6e10 * grow).findings]
        fired += "P04" in codes
    assert fired <= 3


def test_few_backtests_are_counted_in_the_finding():
    size = np.tile(np.geomspace(1e8, 3e9, 7), 2)
    compute = np.repeat([1e19, 1e20], 7)
    runs = Runs.of(N=size, D=compute / 6 / size, loss=besiroglu2024(size, compute / 6 / size))
    found = isoflop.forecast(runs, N=1e9, D=1e12)
    (one,) = [one for one in found.findings if one.code == "P03"]
    assert "0 backtests" in one.message
    assert "public tables" in one.message
    assert one.severity == "INFO"
    assert found.record.tests == 0


# Published curves outside the range they were fitted on


@pytest.mark.parametrize(
    ("N", "D", "told"),
    [
        (1e9, 2e10, None),
        (16e9, 5e11, None),  # the corner of the range
        (30e6, 5e10, None),  # less than twice outside
        (10e6, 2e10, ("INFO", "N = 10.0M lies 4.4 times below 44.0M – 16.0B")),
        (1e6, 1e12, ("WARN", "N = 1.00M lies 44 times below")),
        (50e6, 1e13, ("WARN", "D = 10.0T lies 20 times above 5.00B – 500B")),
        (70e9, 1.4e12, None),  # larger all over: P01 says so
    ],
)
def test_a_curve_outside_its_range_is_pointed_out(N, D, *, told):
    found = [one for one in isoflop.forecast(CURVES["besiroglu2024"], N=N, D=D).findings if one.code == "P15"]
    assert [one.severity for one in found] == ([told[0]] if told else [])
    assert all(told[1] in one.message for one in found)


def test_the_worst_of_many_runs_is_the_one_told():
    (found,) = [
        one for one in isoflop.forecast(CURVES["kaplan2020-N"], N=[300.0, 5e9, 10.0]).findings if one.code == "P15"
    ]
    assert found.message.endswith(": N = 10.0 lies 77 times below 768 – 1.50B")
