"""plan: a budget → what to train."""

from __future__ import annotations

import math

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.forecasting.ensemble import UNTESTED, combine, evidence
from isoflop.laws import CURVES
from isoflop.planning.plan import plan_with

RUNS = chinchilla_runs(60, noise=0.01)
FIT = isoflop.fit("chinchilla", RUNS, draws=200)
BEHIND = evidence(FIT)
TOGETHER = combine(RUNS)
QUANTITIES = ("N", "D", "loss", "tokens_per_parameter")


def planned(flops, level=0.9):
    """Give the plan of FIT, whose backtests are at hand."""
    return plan_with(FIT, BEHIND, flops=flops, level=level)


def test_a_plan_spends_the_budget():
    plan = planned(1e23)
    assert 6 * plan.N.value * plan.D.value == pytest.approx(1e23, rel=1e-9)
    assert plan.tokens_per_parameter.value == pytest.approx(plan.D.value / plan.N.value, rel=1e-12)
    assert plan.loss.value == pytest.approx(FIT.curve(plan.N.value, plan.D.value), rel=1e-12)


@pytest.mark.parametrize("flops", [1e18, 1e21, 1e24])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_every_interval_holds_its_value(flops, level):
    plan = planned(flops, level)
    for name in QUANTITIES:
        one = getattr(plan, name)
        assert one.low < one.value < one.high, name
        assert one.level == level


def test_a_higher_level_gives_wider_intervals():
    narrow, wide = (planned(1e23, level) for level in (0.5, 0.95))
    for name in QUANTITIES:
        for kind in ("statistical", "calibrated"):
            one, other = (getattr(found, name).intervals[kind] for found in (narrow, wide))
            assert other[0] < one[0] < one[1] < other[1]


@pytest.mark.simulates
def test_statistical_intervals_hold_the_truth_nine_times_in_ten():
    true = isoflop.plan(CURVES["besiroglu2024"], flops=1e22).N.value
    inside = []
    for seed in range(60):
        fit = isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.01, seed=seed), draws=200, seed=seed)
        found = plan_with(fit, UNTESTED, flops=1e22, level=0.9).N
        inside.append(found.low <= true <= found.high)
    assert 0.8 < np.mean(inside) < 0.99


def test_more_compute_asks_for_more_of_both_and_gets_a_lower_loss():
    plans = [planned(10.0**power) for power in range(18, 27)]
    assert (np.diff([plan.N.value for plan in plans]) > 0).all()
    assert (np.diff([plan.D.value for plan in plans]) > 0).all()
    assert (np.diff([plan.loss.value for plan in plans]) < 0).all()


def test_within_the_flat_range_no_size_loses_more_than_a_thousandth():
    plan = planned(1e23)
    low, high = plan.flat_range
    sizes = np.geomspace(low, high, 200)
    losses = FIT.curve(sizes, 1e23 / 6 / sizes)
    assert losses.max() <= plan.loss.value * 1.001 * (1 + 1e-9)
    for outside in (low * 0.99, high * 1.01):
        assert FIT.curve(outside, 1e23 / 6 / outside) > plan.loss.value * 1.001


def test_a_published_curve_has_a_plan_without_intervals():
    plan = isoflop.plan(CURVES["besiroglu2024"], flops=5.76e23)
    assert plan.tokens_per_parameter.value == pytest.approx(18.4, abs=0.05)
    assert all(math.isnan(getattr(plan, name).low) for name in QUANTITIES)
    assert [finding.code for finding in plan.findings][:2] == ["P12", "P01"]


def test_rounded_coefficients_warn_where_they_are_used_to_allocate():
    plan = isoflop.plan(CURVES["hoffmann2022-rounded"], flops=5.76e23)
    assert plan.tokens_per_parameter.value == pytest.approx(92.6, abs=0.05)
    assert ("P11", "WARN") in [(finding.code, finding.severity) for finding in plan.findings]


def test_a_far_budget_is_called_a_guess():
    near, far = planned(1e22), planned(1e28)
    assert near.decades < 1
    assert far.decades == pytest.approx(math.log10(1e28 / FIT.curve.fitted_on["C"][1]))
    assert "P01" not in [finding.code for finding in near.findings]
    assert ("P01", "WARN") in [(finding.code, finding.severity) for finding in far.findings]


def test_any_typed_law_of_n_and_d_can_be_planned():
    coupled = isoflop.fit("E + (A/N^a + B/D^b)^g", RUNS, draws=20, starts=8)
    plan = isoflop.plan(coupled, flops=1e22)
    sizes = np.geomspace(plan.N.value / 9, plan.N.value * 9, 999)
    assert coupled.curve(sizes, 1e22 / 6 / sizes).min() >= plan.loss.value * (1 - 1e-9)


@pytest.mark.parametrize("flops", [0, -1e20, 5, math.nan, math.inf, 1e61])
def test_a_budget_that_is_none_is_refused(flops):
    with pytest.raises(UsageError, match="is no budget"):
        planned(flops)


@pytest.mark.parametrize("level", [0, 1, 2, -0.1, math.nan])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(UsageError, match="between 0 and 1"):
        isoflop.plan(CURVES["besiroglu2024"], flops=1e20, level=level)


@pytest.mark.parametrize("name", ["kaplan2020-N", "kaplan2020-D", "kaplan2020-C", "kaplan2020-NS", "kaplan2020-N-opt"])
def test_a_law_that_cannot_trade_n_for_d_is_refused(name):
    with pytest.raises(UsageError, match=r"needs a law of N and D|needs S"):
        isoflop.plan(CURVES[name], flops=1e20)


def test_a_plan_prints_itself():
    text = str(planned(1e23))
    assert "within 0.1 % of the best loss" in text
    assert "90% interval" in text


def test_checkpoints_of_few_runs_plan_a_size_within_a_factor_of_ten():
    truth, compute = CURVES["besiroglu2024"], np.logspace(18, 21, 8)
    size = np.array([isoflop.plan(truth, flops=float(flops)).N.value for flops in compute]).repeat(6)
    tokens = 3 * compute.repeat(6) / 6 / size * np.tile(np.logspace(-1.2, 0, 6), 8)
    for seed in range(4):
        random = np.random.default_rng(seed)
        noise = 0.005 * random.standard_normal(8).repeat(6) + 0.002 * random.standard_normal(48)
        runs = isoflop.Runs.of(N=size, D=tokens, run=np.arange(8.0).repeat(6), loss=truth(size, tokens) * np.exp(noise))
        low, high = isoflop.plan(runs, flops=1e22).N.intervals["statistical"]
        assert 1.2 < high / low < 10


# The three intervals, and several laws.


@pytest.mark.parametrize("source", ["fit", "laws"])
def test_the_headline_holds_all_three_intervals(source):
    plan = planned(1e23) if source == "fit" else isoflop.plan(TOGETHER, flops=1e23)
    for name in ("N", "D", "tokens_per_parameter"):
        one = getattr(plan, name)
        assert list(one.intervals) == ["statistical", "calibrated", "laws"]
        assert one.low == min(low for low, _ in one.intervals.values())
        assert one.high == max(high for _, high in one.intervals.values())
    assert plan.calibrated


def test_the_intervals_of_d_and_n_are_one():
    plan = isoflop.plan(TOGETHER, flops=1e23)
    for kind, (low, high) in plan.N.intervals.items():
        least, most = plan.D.intervals[kind]
        assert 6 * low * most == pytest.approx(1e23, rel=0.05), kind
        assert 6 * high * least == pytest.approx(1e23, rel=0.05), kind


def test_runs_are_planned_by_several_laws_together():
    plan, truth = isoflop.plan(RUNS, flops=1e24), isoflop.plan(CURVES["besiroglu2024"], flops=1e24)
    assert plan.N == isoflop.plan(TOGETHER, flops=1e24).N
    assert 6 * plan.N.value * plan.D.value == pytest.approx(1e24, rel=1e-9)
    for name in QUANTITIES:
        assert getattr(plan, name).low < getattr(truth, name).value < getattr(plan, name).high, name


def test_no_other_size_is_better_by_the_laws_together():
    plan = isoflop.plan(TOGETHER, flops=1e23)
    sizes = plan.N.value * np.geomspace(0.1, 10, 81)
    losses = [one.loss.value for one in isoflop.forecast(TOGETHER, N=sizes, D=1e23 / 6 / sizes)]
    assert plan.loss.value <= min(losses) * (1 + 1e-5)
    inside = (sizes > plan.flat_range[0]) & (sizes < plan.flat_range[1])
    assert (np.array(losses) <= plan.loss.value * 1.001 * (1 + 1e-4))[inside].all()


def test_runs_that_cannot_be_backtested_give_a_plan_that_says_so():
    size, compute = np.tile(np.geomspace(1e8, 3e9, 7), 2), np.repeat([1e19, 1e20], 7)  # beyond two budgets lies none
    tokens = compute / 6 / size
    runs = Runs.of(N=size, D=tokens, loss=CURVES["besiroglu2024"](size, tokens))
    plan = isoflop.plan(runs, flops=1e21)
    assert not plan.calibrated
    (told,) = [one.message for one in plan.findings if one.code == "P03"]
    assert "0 backtests" in told
    assert "public tables" in told
    low, high = plan.N.intervals["calibrated"]  # as wide as such runs have erred on public tables
    assert plan.N.low <= low < plan.N.value < high <= plan.N.high
