"""backtest: the small runs are fitted, the larger ones scored, and nothing leaks from one to the other."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop import datasets
from isoflop.data.runs import Runs
from isoflop.forecasting.backtest import (
    APART,
    FEWEST_FITTED,
    GAP,
    MOST_OF_BUDGET,
    WIDEST,
    axis_of,
    budgets_of,
    origins,
    roll,
    thinned,
)
from isoflop.forecasting.ensemble import alone, combine
from isoflop.forecasting.priors import members
from isoflop.laws.chinchilla import besiroglu2024


def ladder(noise=0.005, seed=0, budgets=6):
    """Return isoFLOP runs of besiroglu2024: seven sizes at each budget."""
    compute = np.repeat(np.geomspace(1e18, 3e20, budgets), 7)
    size = np.sqrt(compute / 120) * np.tile(np.geomspace(0.25, 4, 7), budgets)
    tokens = compute / 6 / size
    loss = besiroglu2024(size, tokens) * np.exp(noise * np.random.default_rng(seed).standard_normal(size.size))
    return Runs.of(N=size, D=tokens, loss=loss)


def whole_runs():
    """Return six checkpoints of each of nine runs, which err together."""
    size, tokens = np.repeat(np.geomspace(1e8, 1e10, 9), 6), np.tile(np.geomspace(3e9, 3e11, 6), 9)
    shift = 0.003 * np.repeat(np.random.default_rng(0).standard_normal(9), 6)
    names = [f"run {one:.3g}" for one in size]
    return Runs.of(N=size, D=tokens, loss=besiroglu2024(size, tokens) * np.exp(shift), run_id=names)


LADDER = ladder()
ROLLED, FITS = roll(members, LADDER)


# Blind.


@pytest.mark.parametrize(
    "runs",
    [LADDER, whole_runs(), chinchilla_runs(40, noise=0.01),
     datasets.load("tinylm", 'role == "sweep" and order == 0 and S >= 1000')],
    ids=["ladder", "whole runs", "scattered", "tinylm"],
)  # fmt: skip
def test_a_backtest_is_what_forecast_says_of_the_part(runs):
    told, axis = isoflop.backtest(runs), axis_of(runs, "C")
    assert len(told.cuts) > 1
    for number, cut in list(enumerate(told.cuts))[::3]:
        part = axis <= np.log10(cut) + 1e-9
        beyond = runs.take(~part)
        said = isoflop.forecast(runs.take(part), N=beyond["N"], D=beyond["D"])
        scored = [one for one in told.scored if one.origin == number]
        error = [np.log(one.loss.value / loss) for one, loss in zip(said, beyond["loss"], strict=True)]
        half = [np.log(one.loss.intervals["calibrated"][1] / one.loss.value) for one in said]
        assert [one.error for one in scored] == pytest.approx(error, abs=1e-9)
        assert [one.reach for one in scored] == pytest.approx(half, abs=1e-9)


@pytest.mark.parametrize("law", [None, "chinchilla"])
def test_losses_beyond_a_cut_move_nothing_before_it(law):
    def rolled(runs):
        return combine(runs) if law is None else alone(isoflop.fit(law, runs, draws=0))

    before = rolled(LADDER)
    for number, cut in list(enumerate(before.backtest.cuts))[1::2]:
        beyond = np.log10(LADDER["C"]) > cut + 1e-9
        scatter = np.exp(0.3 * np.random.default_rng(number).standard_normal(len(LADDER)))
        loss = np.where(beyond, LADDER["loss"] * scatter, LADDER["loss"])
        after = rolled(Runs.of(N=LADDER["N"], D=LADDER["D"], loss=loss)).backtest
        here = before.backtest.origin <= number
        moved = np.log(loss / LADDER["loss"])[before.backtest.row[here]]
        said = before.backtest.error[:, here] + np.log(LADDER["loss"])[before.backtest.row[here]]
        assert after.error[:, here] + np.log(loss)[after.row[here]] == pytest.approx(said, abs=1e-12)
        assert (after.spread[:, here] == before.backtest.spread[:, here]).all()
        assert (after.noise[:, here] == before.backtest.noise[:, here]).all()
        assert np.abs(moved).max() > 0.1


def test_the_cuts_of_a_part_are_those_of_the_whole_within_it():
    for axis in (
        np.linspace(18, 24, 200),
        np.log10(LADDER["C"]),
        np.sort(18 + np.random.default_rng(0).gamma(2, 1, 80)),
    ):
        whole = origins(axis, FEWEST_FITTED)
        for number, cut in enumerate(whole):
            assert origins(axis[axis <= cut + 1e-9], FEWEST_FITTED).tolist() == whole[:number].tolist()


def test_budgets_of_a_part_are_those_of_the_whole():
    axis = np.sort(18 + np.random.default_rng(1).gamma(2, 1, 80))
    for cut in origins(axis, FEWEST_FITTED):
        part = axis <= cut + 1e-9
        assert budgets_of(axis[part]).tolist() == budgets_of(axis)[part].tolist()


# Origins.


def test_origins_are_the_ends_of_budgets():
    compute = np.unique(np.round(np.log10(LADDER["C"]), 6))
    assert ROLLED.cuts == pytest.approx(compute[1:-1], abs=1e-6)  # seven runs of one budget are too few to fit


def test_every_origin_leaves_runs_to_fit_and_runs_to_score():
    for runs in (LADDER, chinchilla_runs(60), chinchilla_runs(12, seed=3)):
        axis = axis_of(runs, "C")
        for cut in origins(axis, FEWEST_FITTED):
            assert np.count_nonzero(axis <= cut + 1e-9) >= FEWEST_FITTED
            assert np.count_nonzero(axis > cut + 1e-9) >= 1


def test_a_fit_without_a_prior_is_given_more_runs_than_parameters():
    fit = isoflop.fit("coupled", LADDER, draws=0)
    need = len(fit.law.parameters) + 3
    assert need > FEWEST_FITTED
    assert np.count_nonzero(np.log10(LADDER["C"]) <= alone(fit).backtest.cuts[0] + 1e-9) >= need


def test_many_budgets_have_few_origins_farther_and_farther_apart():
    cuts = origins(np.linspace(18, 24, 200), FEWEST_FITTED)
    assert (np.diff(cuts) >= APART * np.arange(1, len(cuts)) - 1e-12).all()
    assert len(cuts) <= 11
    assert cuts[0] < 18 + 2 * WIDEST


def test_a_budget_ends_at_a_gap_or_where_it_grows_too_wide():
    tight = np.concatenate([np.linspace(18, 18 + GAP / 2, 9), [19.0]])
    assert origins(np.append(tight, 20.0), 8) == pytest.approx([19.0])
    even = np.arange(18, 19.5, GAP / 2)
    assert max(np.ptp(even[budgets_of(even) == number]) for number in np.unique(budgets_of(even))) <= WIDEST


def test_runs_of_one_budget_allow_no_backtest():
    size = np.geomspace(1e8, 1e10, 12)
    past, _ = roll(members, Runs.of(N=size, D=1e20 / 6 / size, loss=besiroglu2024(size, 1e20 / 6 / size)))
    assert (len(past.cuts), past.row.size, past.calibrates) == (0, 0, False)


def test_two_origins_calibrate_and_one_does_not():
    for budgets, calibrates in ((3, False), (4, True)):
        past, _ = roll(members, ladder(budgets=budgets))
        assert (len(past.cuts), past.calibrates) == (budgets - 2, calibrates)


# What is scored.


def test_every_run_beyond_an_origin_is_scored_and_no_other():
    axis = np.log10(LADDER["C"])
    for number, cut in enumerate(ROLLED.cuts):
        assert sorted(ROLLED.row[ROLLED.origin == number]) == np.flatnonzero(axis > cut + 1e-9).tolist()
    assert ROLLED.decades == pytest.approx(axis[ROLLED.row] - ROLLED.cuts[ROLLED.origin])
    assert (ROLLED.decades > 0).all()


def test_an_error_is_forecast_minus_measured():
    """A run reported 10 % higher, that no origin fits, is forecast 10 % too low, and nothing else changes."""
    last = np.argmax(LADDER["C"])
    loss = LADDER["loss"].copy()
    loss[last] *= 1.1
    past, _ = roll(members, Runs.of(N=LADDER["N"], D=LADDER["D"], loss=loss))
    moved = np.where(ROLLED.row == last, np.log(1.1), 0.0)
    assert past.error == pytest.approx(ROLLED.error - moved, abs=1e-12)
    for name, row in past.baselines.items():
        assert row == pytest.approx(ROLLED.baselines[name] - moved, abs=1e-12)


def test_rows_that_share_a_run_are_never_parted():
    runs = whole_runs()
    (past, _), clusters = roll(members, runs), runs.clusters
    axis = axis_of(runs, "C")
    assert len(past.cuts) > 1
    for number, cut in enumerate(past.cuts):
        scored = set(clusters[past.row[past.origin == number]])
        assert not scored & set(clusters[axis <= cut + 1e-9])


@pytest.mark.parametrize("along", ["N", "D"])
def test_one_may_extrapolate_along_a_size(along):
    past, _ = roll(members, LADDER, along=along)
    axis = np.log10(LADDER[along])
    assert past.along == along
    assert (axis[past.row] > past.cuts[past.origin]).all()


def test_of_a_budget_of_very_many_runs_an_even_share_is_read():
    size = np.geomspace(1e8, 1e10, 3 * MOST_OF_BUDGET)
    compute = np.where(np.arange(size.size) < 2.5 * MOST_OF_BUDGET, 1e20, 1e21)
    runs = Runs.of(N=size, D=compute / 6 / size, loss=besiroglu2024(size, compute / 6 / size))
    some = thinned(runs, "C")
    counts = np.bincount(budgets_of(axis_of(some, "C")))
    assert MOST_OF_BUDGET / 2 < counts[0] <= MOST_OF_BUDGET
    assert counts[1] == runs["C"].size - 2.5 * MOST_OF_BUDGET
    assert np.ptp(np.log(some["N"])) == pytest.approx(np.ptp(np.log(runs["N"])), rel=0.02)


def test_the_order_of_the_rows_means_nothing():
    order = np.random.default_rng(1).permutation(len(LADDER))
    past, _ = roll(members, LADDER.take(order))
    assert past.cuts == pytest.approx(ROLLED.cuts)
    assert np.sort(past.error[0]) == pytest.approx(np.sort(ROLLED.error[0]), abs=1e-5)


def test_each_field_has_one_value_for_each_test_or_origin():
    for one in fields(ROLLED):
        value = getattr(ROLLED, one.name)
        if isinstance(value, np.ndarray):
            assert value.shape[-1] in {ROLLED.row.size, len(ROLLED.cuts)}, one.name
    assert ROLLED.members == tuple(one.label for one in FITS[-1])
