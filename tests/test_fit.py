"""fit: law + runs → Fit."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import DataError, UsageError
from isoflop.laws.chinchilla import besiroglu2024

RUNS = chinchilla_runs(60, noise=0.01)
TRUE = besiroglu2024.values


def values(fit):
    return np.array(list(fit.curve.values.values()))


@pytest.mark.parametrize("objective", ["squares", "robust", "huber:1e-3"])
def test_exact_data_give_back_all_five_parameters_to_eight_digits(objective):
    fit = isoflop.fit("chinchilla", chinchilla_runs(60), objective=objective, draws=0)
    assert values(fit) == pytest.approx(list(TRUE.values()), rel=1e-8)


@pytest.mark.simulates
def test_intervals_hold_the_truth_nine_times_in_ten():
    inside = []
    for seed in range(60):
        fit = isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.01, seed=seed), draws=200, seed=seed)
        inside.append([one.low <= TRUE[name] <= one.high for name, one in fit.parameters.items()])
    assert 0.8 < np.mean(inside) < 0.98


@pytest.mark.parametrize("unit", [1e-3, 1e3, 1e6, 123.4])
def test_units_change_nothing(unit):
    other = Runs.of(N=RUNS["N"] * unit, D=RUNS["D"] / unit, loss=RUNS["loss"])
    one, two = (isoflop.fit("chinchilla", runs, draws=0) for runs in (RUNS, other))
    assert two.reached == pytest.approx(one.reached, rel=1e-11)
    here, there = one.curve(8e9, 1e12), two.curve(8e9 * unit, 1e12 / unit)
    assert there == pytest.approx(here, rel=1e-11)
    assert two.curve.values["alpha"] == pytest.approx(one.curve.values["alpha"], rel=1e-11)


def test_the_order_of_rows_changes_nothing():
    order = np.random.default_rng(0).permutation(len(RUNS))
    one, two = (isoflop.fit("chinchilla", runs, draws=0) for runs in (RUNS, RUNS.take(order)))
    assert values(two) == pytest.approx(values(one), rel=1e-8)


def test_one_wild_run_moves_a_robust_fit_by_less_than_a_standard_error():
    loss = RUNS["loss"].copy()
    loss[7] *= 10
    wild = isoflop.fit("chinchilla", Runs.of(N=RUNS["N"], D=RUNS["D"], loss=loss), draws=0)
    calm = isoflop.fit("chinchilla", RUNS, draws=0)
    moved = np.abs(values(wild) - values(calm)) / np.sqrt(np.diag(calm.covariance))
    assert moved.max() < 1


def test_equal_seeds_give_equal_draws():
    one, two, other = (isoflop.fit("chinchilla", RUNS, draws=20, seed=seed) for seed in (3, 3, 4))
    assert (one.draws == two.draws).all()
    assert not (one.draws == other.draws).all()


def test_a_pinned_parameter_keeps_its_value_and_has_no_width():
    fit = isoflop.fit("chinchilla", RUNS, draws=20, fix={"E": 1.7})
    pinned = fit.parameters["E"]
    assert (pinned.value, pinned.low, pinned.high) == (1.7, 1.7, 1.7)
    assert "E" not in fit.curve.law.parameters
    assert list(fit.parameters) == ["E", "A", "alpha", "B", "beta"]


def test_tied_parameters_are_one():
    fit = isoflop.fit("chinchilla", RUNS, draws=20, fix={"alpha": "beta"})
    assert fit.parameters["alpha"] == fit.parameters["beta"]
    assert fit.freedom == len(RUNS) - 4


def test_bounds_are_kept_and_reported():
    fit = isoflop.fit("chinchilla", RUNS, draws=0, bounds={"alpha": (0.1, 0.3)})
    assert fit.curve.values["alpha"] == 0.3
    assert "F02" in {finding.code for finding in fit.findings}


def test_a_law_typed_and_a_law_named_give_the_same_numbers():
    named = isoflop.fit("chinchilla", RUNS, draws=50)
    typed = isoflop.fit("E + A/N^alpha + B/D^beta", RUNS, draws=50)
    assert named.parameters == typed.parameters


def test_a_dictionary_of_lists_is_a_table():
    data = {"params": list(RUNS["N"]), "tokens": list(RUNS["D"]), "val_loss": list(RUNS["loss"])}
    assert values(isoflop.fit("chinchilla", data, draws=0)) == pytest.approx(
        values(isoflop.fit("chinchilla", RUNS, draws=0))
    )


def test_a_law_of_one_variable_reads_its_column():
    fit = isoflop.fit("M2", {"x": np.geomspace(1, 1e4, 20), "loss": 2 + 3 * np.geomspace(1, 1e4, 20) ** -0.5}, draws=0)
    assert fit.curve.values == pytest.approx({"e_inf": 2, "b": 3, "c": 0.5}, rel=1e-8)


def test_too_few_runs_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"5 usable runs.*needs 6 runs.*--fix"):
        isoflop.fit("chinchilla", RUNS.take(slice(0, 5)))


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match='"S"'):
        isoflop.fit("kaplan-NS", RUNS)


@pytest.mark.parametrize(
    "wrong",
    [{"draws": -1}, {"starts": 0}, {"level": 1.0}, {"level": 0.0}, {"bounds": {"gamma": (0, 1)}}, {"fix": {"G": 1}}],
)
def test_options_that_mean_nothing_are_refused(wrong):
    with pytest.raises(UsageError):
        isoflop.fit("chinchilla", RUNS, **wrong)


def test_a_fit_prints_itself_in_terminal_and_notebook():
    fit = isoflop.fit("chinchilla", RUNS, draws=20)
    assert "E + A/N^alpha + B/D^beta" in str(fit)
    assert "E + A/N^alpha + B/D^beta" in fit._repr_html_()


def test_notebook_output_escapes_what_the_data_say():
    runs = isoflop.Runs.of(source="<script>", N=RUNS["N"], D=RUNS["D"], loss=RUNS["loss"])
    shown = isoflop.fit("chinchilla", runs, draws=0).full()._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
