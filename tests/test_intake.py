"""Intake: each finding fires on its problem and stays quiet on sound runs."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.data.read import read
from isoflop.data.runs import Runs
from isoflop.data.runs.checks import listed

RNG = np.random.default_rng(0)
SIZE = np.logspace(7.8, 10.2, 12)
TOKENS = 20 * SIZE * np.logspace(-0.5, 0.5, 12)[RNG.permutation(12)]
LOSS = 1.8 + 480 / SIZE**0.35 + 2100 / TOKENS**0.37
FLOPS = 6 * SIZE * TOKENS


def sound(**changed):
    return Runs.of(**({"N": SIZE, "D": TOKENS, "C": FLOPS, "loss": LOSS} | changed))


def codes(runs):
    return [(finding.code, finding.severity) for finding in runs.findings]


# Quiet.


def test_of_our_own_small_ladder_only_what_is_true_is_said():
    runs = read("tinylm", where='role == "sweep"')
    assert codes(runs) == [("D06", "INFO"), ("D09", "WARN")]
    assert set(runs.findings[1].runs) == {
        name for name, steps in zip(runs.names, runs["S"], strict=True) if 100 / steps > 0.101
    }
    assert codes(read("tinylm", where="S >= 1000 and order == 0")) == []


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"C": None},
        {"C": FLOPS * RNG.uniform(0.95, 1.05, 12)},
        {"C": 4 / 3 * FLOPS},  # recomputed activations
        {"C": FLOPS * 1.8},
        {"U": TOKENS / 4},
        {"U": TOKENS},
        {"loss": LOSS / 7},  # nats per byte and less
    ],
)
def test_nothing_fires_on_sound_runs(changed):
    changed = {name: np.full(12, np.nan) if values is None else values for name, values in changed.items()}
    assert codes(sound(**changed)) == []


def test_nothing_fires_on_tiny_models_because_they_are_tiny():
    size = np.array([1536.0, 3456.0, 6144.0, 13824.0])
    assert codes(Runs.of(N=size, D=1e12 / 6 / size, loss=[1.9, 1.8, 1.7, 1.75])) == []
    assert codes(Runs.of(N=[10, 100, 1000], D=[100, 1000, 5000], loss=[0.5, 0.4, 0.35])) == []


def test_nothing_fires_on_a_table_of_targets_without_a_loss():
    assert codes(Runs.of(N=[8e9, 8e9], D=[15e12, 15e12])) == []


def test_nothing_fires_on_learning_curves_whatever_their_values():
    assert codes(Runs.of(x=[1e3, 1e4], loss=[40.0, 30.0])) == []


# D03, units.


@pytest.mark.parametrize("unit", [1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("column", ["N", "D", "C"])
def test_a_wrong_unit_is_blocked_when_all_runs_agree_on_it(column, unit):
    values = {"N": SIZE, "D": TOKENS, "C": FLOPS}[column] / unit
    runs = sound(**{column: values})
    assert codes(runs) == [("D03", "BLOCK")]
    assert "in every run" in runs.findings[0].message


def test_compute_in_petaflop_days_is_blocked():
    assert codes(sound(C=FLOPS / 8.64e19)) == [("D03", "BLOCK")]


def test_a_unit_that_changes_within_the_table_is_blocked_and_the_rows_are_named():
    size = SIZE.copy()
    size[[2, 5]] /= 1e6
    runs = sound(N=size)
    assert codes(runs) == [("D03", "BLOCK")]
    assert "rows 3 and 6" in runs.findings[0].message


def test_parameters_in_millions_are_blocked_without_any_compute_to_compare():
    assert codes(Runs.of(N=[70, 400, 1000], D=[1e9, 1e11, 1e12], loss=[3, 2.6, 2.4])) == [("D03", "BLOCK")]
    assert codes(Runs.of(N=[0.07, 0.4, 70], D=[1e9, 1e11, 1e12], loss=[3, 2.6, 2.4])) == [("D03", "BLOCK")]


def test_parameters_in_millions_in_some_rows_only_are_blocked_and_the_rows_are_named():
    runs = Runs.of(N=[70, 4e8, 1e9], D=[1e9, 1e11, 1e12], loss=[3, 2.6, 2.4])
    assert codes(runs) == [("D03", "BLOCK")]
    assert "row 1" in runs.findings[0].message


@pytest.mark.parametrize(
    ("tokens", "severity"),
    [([1.4, 20.5, 300], "BLOCK"), ([2, 20, 300], "WARN")],
    ids=["fractions of a token", "whole"],
)
def test_tokens_in_billions_are_noticed_without_any_compute_to_compare(tokens, severity):
    assert codes(Runs.of(N=[7e7, 4e8, 1e9], D=tokens, loss=[3, 2.6, 2.4])) == [("D03", severity)]


def test_both_in_small_units_is_a_warning():
    assert codes(Runs.of(N=[70, 400, 1000], D=[1.4, 20.5, 300], loss=[3, 2.6, 2.4])) == [("D03", "WARN")]


def test_compute_that_is_three_times_off_is_a_warning():
    assert codes(sound(C=FLOPS / 3)) == [("D03", "WARN")]


def test_perplexity_in_place_of_the_loss_is_blocked():
    assert codes(sound(loss=np.exp(LOSS) + 3)) == [("D03", "BLOCK")]


def test_a_few_losses_no_model_reaches_are_a_warning_that_names_the_rows():
    loss = LOSS.copy()
    loss[3] = 14.0
    runs = sound(loss=loss)
    assert codes(runs) == [("D03", "WARN")]
    assert "row 4" in runs.findings[0].message


# D04, the compute identity.


def test_compute_that_counts_the_head_is_noticed_by_its_trend():
    width = np.array([16, 24, 32, 48, 64, 96])
    size = 24.0 * width**2
    runs = Runs.of(N=size, D=1e6, C=6 * (size + 256 * width) * 1e6, loss=np.linspace(2, 1.5, 6))
    assert codes(runs) == [("D04", "WARN")]


def test_noise_in_the_compute_is_no_trend():
    assert codes(sound(C=FLOPS * np.exp(np.random.default_rng(1).normal(0, 0.1, 12)))) == []


# D06, duplicates.


def test_a_row_that_repeats_another_in_every_column_is_a_warning():
    runs = sound().take([0, 1, 2, 1])
    again = Runs.of(**{name: runs[name] for name in runs.columns})
    assert codes(again) == [("D25", "WARN")]
    assert "row 4 repeats" in again.findings[0].message


def test_replicates_are_information():
    runs = Runs.of(N=[1e8, 1e8, 1e9], D=[2e9, 2e9, 2e10], loss=[3.2, 3.21, 2.6])
    assert codes(runs) == [("D06", "INFO")]
    assert "1 of 2 settings" in runs.findings[0].message


def test_runs_that_differ_in_their_unique_tokens_are_no_replicates():
    runs = Runs.of(N=[1e8, 1e8], D=[2e9, 2e9], U=[1e9, 5e8], loss=[3.2, 3.21])
    assert codes(runs) == []


def test_labels_tell_copies_from_replicates():
    runs = Runs.of(N=[1e8, 1e8], D=[2e9, 2e9], loss=[3.2, 3.2], seed=["a", "b"])
    assert codes(runs) == [("D06", "INFO")]


# D14, swapped tokens.


def test_more_unique_tokens_than_tokens_are_taken_for_swapped_columns():
    assert codes(sound(U=TOKENS * 4)) == [("D14", "WARN")]


def test_every_finding_says_what_to_do():
    runs = [sound(C=FLOPS / 1e6), sound(loss=LOSS * 20), sound(U=TOKENS * 4), sound(C=FLOPS / 3)]
    assert all(finding.message and finding.remedy for one in runs for finding in one.findings)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([4], "row 4"),
        ([4, 9], "rows 4 and 9"),
        ([1, 2, 3, 4, 5, 6, 7], "rows 1, 2, 3, 4, 5 and 2 more"),
    ],
)
def test_rows_are_listed_as_people_read_them(rows, text):
    assert listed(np.array(rows)) == text
