"""Hyperparameters: what published laws say of a run, side by side, and what a batch size costs."""

import json
import math

import pytest

from isoflop import Hyperparameters
from isoflop.errors import UsageError
from isoflop.planning.hyperparameters import hyperparameters

LARGE = {"N": 8e9, "D": 15e12, "loss": 1.9}
"""A run that lies beyond what any of the laws was fitted on."""
SMALL = {"N": 3e8, "D": 1e10}
"""A run inside the ranges of DeepSeek (1.8e19 FLOPs) and of Step Law."""


def said(found: Hyperparameters) -> dict:
    every = (*found.batches, *found.learning_rates, *found.critical_batches, found.timescale)
    return {advice.curve: advice for advice in every}


@pytest.mark.parametrize(
    ("curve", "value"),
    [
        ("steplaw2025-lr", 9.17e-4),
        ("steplaw2025-batch", 5.0e6),
        ("minicpm2024-batch", 1.6009e7),
        ("kaplan2020-B-crit", 7.3715e6),
        ("zhang2024-batch", 93.20 * 7000**0.47 * 512),
        ("bergsma2025-timescale", 1.084 * 200**-0.527),
        ("porian2024-batch", 6.317e6),
        ("moonlight2025-lr", 0.0127339 * (6 * 7e9 * 1.4e12) ** -0.0574752),
    ],
)
def test_each_law_is_asked_in_its_own_units_and_answers_in_tokens(curve, value):
    assert said(hyperparameters(7e9, 1.4e12, loss=2.0))[curve].value == pytest.approx(value, rel=2e-3)


def test_deepseeks_compute_is_that_of_the_shape_where_it_is_known_and_says_so_where_not():
    known = said(hyperparameters(6.9e9, 2e12, layers=30, width=4096, sequence=4096))
    guessed = said(hyperparameters(6.9e9, 2e12))
    assert known["deepseek2024-lr"].value == pytest.approx(4.25e-4, rel=2e-3)
    assert known["deepseek2024-batch"].value == pytest.approx(9.22e6, rel=2e-3)
    assert known["deepseek2024-batch"].counts == "C = M D"
    assert guessed["deepseek2024-batch"].counts == "C = 6ND in place of M D"
    assert guessed["deepseek2024-batch"].value == pytest.approx(0.2920 * (6 * 6.9e9 * 2e12) ** 0.3271, rel=1e-9)


def test_laws_fitted_on_such_runs_decide_alone_when_there_are_two():
    found = hyperparameters(**SMALL)
    inside = [one for one in found.batches if one.outside == 0]
    assert [one.curve for one in inside] == ["deepseek2024-batch", "steplaw2025-batch"]
    assert found.batch.value == pytest.approx(math.sqrt(inside[0].value * inside[1].value))
    assert (found.batch.low, found.batch.high) == (inside[1].value, inside[0].value)


def test_beyond_every_range_the_interval_spans_all_laws_and_says_how_far_they_were_fitted():
    found = hyperparameters(**LARGE)
    values = [one.value for one in found.learning_rates]
    assert (found.learning_rate.low, found.learning_rate.high) == (min(values), max(values))
    assert found.learning_rate.value == pytest.approx(math.prod(values) ** (1 / len(values)))
    far = said(found)
    assert far["deepseek2024-lr"].outside == pytest.approx(math.log10(6 * 8e9 * 15e12 / 2e19))
    assert far["steplaw2025-lr"].outside == pytest.approx(math.log10(15e12 / 1e11))
    assert math.isnan(far["porian2024-lr"].outside)


def test_a_law_of_the_loss_keeps_silent_without_one():
    silent, told = said(hyperparameters(1e9, 2e10)), said(hyperparameters(1e9, 2e10, loss=2.5))
    for curve in ("minicpm2024-batch", "kaplan2020-B-crit"):
        assert math.isnan(silent[curve].value)
        assert told[curve].value > 0
    assert hyperparameters(1e9, 2e10).critical_batch.value == pytest.approx(silent["kaplan2020-B-opt"].value)


def test_zhangs_looser_critical_batch_is_shown_but_does_not_count():
    found = hyperparameters(**LARGE)
    assert found.critical_batch.low == said(found)["kaplan2020-B-crit"].value > said(found)["zhang2024-batch"].value


@pytest.mark.parametrize("N", [1e7, 3e8, 1e9, 8e9, 7e10])
@pytest.mark.parametrize("ratio", [5, 20, 2000])
def test_laws_that_disagree_by_more_than_a_factor_of_two_are_a_finding(N, ratio):
    found = hyperparameters(N, N * ratio)
    for what, one in (("batch size", found.batch), ("learning rate", found.learning_rate)):
        apart, noticed = one.high / one.low, [finding for finding in found.findings if what in finding.message]
        assert one.low < one.value < one.high
        assert [finding.severity for finding in noticed] == (["WARN"] if apart > 4 else ["INFO"] if apart > 2 else [])
        assert all(finding.code == "P14" for finding in noticed)


def test_weight_decay_gives_the_timescale_of_power_lines():
    found = hyperparameters(**LARGE)
    remembered = found.batch.value / (found.learning_rate.value * found.weight_decay.value * found.D)
    assert remembered == pytest.approx(found.timescale.value)
    assert found.weight_decay.low < found.weight_decay.value < found.weight_decay.high


def test_the_planned_batch_takes_the_planned_tokens():
    found = hyperparameters(**LARGE)
    same = found.trade(found.batch.value)
    assert same.tokens.value == pytest.approx(found.D)
    assert same.steps.value == pytest.approx(found.steps.value)
    assert (same.extra.low, same.extra.value, same.extra.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_at_the_critical_batch_steps_and_compute_are_twice_their_least():
    found = hyperparameters(**LARGE)
    critical, most, least = (found.trade(batch) for batch in (found.critical_batch.value, 1e18, 1.0))
    assert critical.steps.value == pytest.approx(2 * most.steps.value, rel=1e-6)
    assert critical.tokens.value == pytest.approx(2 * least.tokens.value, rel=1e-6)
    assert critical.tokens.value == pytest.approx(critical.steps.value * critical.batch)


def test_a_larger_batch_saves_steps_and_costs_compute_wherever_the_critical_batch_lies():
    found = hyperparameters(**LARGE)
    before, after = found.trade(found.batch.value), found.trade(4 * found.batch.value)
    assert before.steps.value / 4 < after.steps.low < after.steps.value < after.steps.high < before.steps.value
    assert 0 < after.extra.low < after.extra.value < after.extra.high < 3


def test_what_is_printed_names_every_law_and_how_the_run_lies():
    text = str(hyperparameters(**LARGE, sequence=8192))
    assert "8.00B parameters on 15.0T tokens" in text
    assert "batch, sequences of 8192 tokens      2355" in text
    assert "2.2 decades outside" in text
    assert "WARN  P14" in text
    assert all(curve in text for curve in said(hyperparameters(**LARGE)))


def test_the_json_holds_every_law_and_the_findings():
    found = hyperparameters(**LARGE)
    again = json.loads(json.dumps(found.as_dict()))
    assert again["learning_rate"]["value"] == found.learning_rate.value
    assert [one["curve"] for one in again["batches"]] == [one.curve for one in found.batches]
    assert again["findings"][0]["code"] == "P14"
    assert json.loads(json.dumps(found.trade(4e6).as_dict()))["steps"]["value"] == found.trade(4e6).steps.value


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"N": 0, "D": 1e10}, "N=0"),
        ({"N": 1e9, "D": math.inf}, "D=inf"),
        ({"N": 1e9, "D": 1e10, "loss": -1.0}, "loss=-1"),
        ({"N": 1e9, "D": 1e10, "layers": 24, "width": 2048}, "go together"),
    ],
)
def test_a_run_that_cannot_be_is_refused(wrong, told):
    with pytest.raises(UsageError, match=told):
        hyperparameters(**wrong)


@pytest.mark.parametrize("batch", [0.0, -4e6, math.nan, math.inf])
def test_a_batch_that_is_none_is_refused(batch):
    with pytest.raises(UsageError, match="no batch size"):
        hyperparameters(**SMALL).trade(batch)
