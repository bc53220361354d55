"""backtest: the small runs are fitted, the larger ones scored, and nothing leaks from one to the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.forecasting.backtest import FEWEST_FITTED, GAP, MOST_ORIGINS, MOST_TESTS, WIDEST, axis_of, origins, roll
from isoflop.forecasting.priors import member_of, members
from isoflop.laws.chinchilla import besiroglu2024


def ladder(noise=0.005, seed=0, budgets=6):
    """Give isoFLOP runs of besiroglu2024: seven sizes at each budget."""
    compute = np.repeat(np.geomspace(1e18, 3e20, budgets), 7)
    size = np.sqrt(compute / 120) * np.tile(np.geomspace(0.25, 4, 7), budgets)
    tokens = compute / 6 / size
    loss = besiroglu2024(size, tokens) * np.exp(noise * np.random.default_rng(seed).standard_normal(size.size))
    return Runs.of(N=size, D=tokens, loss=loss)


LADDER = ladder()
FITTED = members(LADDER)
ROLLED = roll(FITTED, LADDER)


# Origins.


def test_origins_are_the_ends_of_budgets():
    compute = np.unique(np.round(np.log10(LADDER["C"]), 6))
    assert ROLLED.cuts == pytest.approx(compute[1:-1], abs=1e-6)  # seven runs of one budget are too few to fit


def test_every_origin_leaves_runs_to_fit_and_runs_to_score():
    for runs in (LADDER, chinchilla_runs(60), chinchilla_runs(12, seed=3)):
        axis = axis_of(runs, "C")
        for cut in origins(axis, FEWEST_FITTED):
            assert np.count_nonzero(axis <= cut) >= FEWEST_FITTED
            assert np.count_nonzero(axis > cut) >= 1


def test_a_fit_without_a_prior_is_given_more_runs_than_parameters():
    fit = isoflop.fit("coupled", LADDER, draws=0)
    past = roll([member_of(fit, LADDER)], LADDER)
    need = len(fit.law.parameters) + 3
    assert need > FEWEST_FITTED
    assert np.count_nonzero(np.log10(LADDER["C"]) <= past.cuts[0] + 1e-9) >= need


def test_there_are_only_so_many_origins_and_the_first_and_last_are_among_them():
    axis = np.linspace(18, 24, 200)
    cuts = origins(axis, FEWEST_FITTED)
    assert len(cuts) == MOST_ORIGINS
    assert cuts[0] < 18 + 2 * WIDEST
    assert cuts[-1] > 24 - 2 * WIDEST


def test_a_budget_ends_at_a_gap_or_where_it_grows_too_wide():
    tight = np.concatenate([np.linspace(18, 18 + GAP / 2, 9), [19.0]])
    assert origins(np.append(tight, 20.0), 8) == pytest.approx([19.0])
    even = np.arange(18, 19.5, GAP / 2)
    assert (np.diff(origins(even, 1)) <= WIDEST + GAP).all()


def test_runs_of_one_budget_allow_no_backtest():
    size = np.geomspace(1e8, 1e10, 12)
    runs = Runs.of(N=size, D=1e20 / 6 / size, loss=besiroglu2024(size, 1e20 / 6 / size))
    past = roll(members(runs), runs)
    assert (len(past.cuts), past.row.size, past.calibrates) == (0, 0, False)


def test_two_origins_calibrate_and_one_does_not():
    for budgets, calibrates in ((3, False), (4, True)):
        runs = ladder(budgets=budgets)
        past = roll(members(runs), runs)
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
    past = roll(FITTED, Runs.of(N=LADDER["N"], D=LADDER["D"], loss=loss))
    moved = np.where(ROLLED.row == last, np.log(1.1), 0.0)
    assert past.error == pytest.approx(ROLLED.error - moved, abs=1e-12)
    for name, row in past.baselines.items():
        assert row == pytest.approx(ROLLED.baselines[name] - moved, abs=1e-12)


def test_losses_beyond_a_cut_do_not_reach_its_forecasts():
    first = ROLLED.origin == 0
    beyond = np.log10(LADDER["C"]) > ROLLED.cuts[0] + 1e-9
    random = np.random.default_rng(5)
    loss = LADDER["loss"] * np.where(beyond, np.exp(0.3 * random.standard_normal(len(LADDER))), 1.0)
    blind = [replace(one, problem=replace(one.problem, target=np.log(loss))) for one in FITTED]
    past = roll(blind, Runs.of(N=LADDER["N"], D=LADDER["D"], loss=loss))
    rows = ROLLED.row[first]
    assert past.error[:, first] + np.log(loss)[rows] == pytest.approx(
        ROLLED.error[:, first] + np.log(LADDER["loss"])[rows], abs=1e-9
    )
    assert past.spread[:, first] == pytest.approx(ROLLED.spread[:, first], rel=1e-6)


def test_rows_that_share_a_run_are_never_parted():
    size, tokens = np.repeat(np.geomspace(1e8, 1e10, 9), 6), np.tile(np.geomspace(3e9, 3e11, 6), 9)
    loss = besiroglu2024(size, tokens) * np.exp(0.003 * np.random.default_rng(0).standard_normal(size.size))
    runs = Runs.of(N=size, D=tokens, loss=loss, run_id=[f"run {one:.3g}" for one in size])
    past, clusters = roll(members(runs), runs), runs.clusters
    axis = axis_of(runs, "C")
    assert len(past.cuts) > 1
    for number, cut in enumerate(past.cuts):
        scored = set(clusters[past.row[past.origin == number]])
        assert not scored & set(clusters[axis <= cut + 1e-9])


@pytest.mark.parametrize("along", ["N", "D"])
def test_one_may_extrapolate_along_a_size(along):
    past = roll(FITTED, LADDER, along=along)
    axis = np.log10(LADDER[along])
    assert past.along == along
    assert (axis[past.row] > past.cuts[past.origin]).all()


def test_of_very_many_runs_an_even_share_is_scored():
    runs = chinchilla_runs(3 * MOST_TESTS, noise=0.005)
    past = roll(members(runs)[:1], runs)
    scored = np.bincount(past.origin)
    assert scored[0] > MOST_TESTS / 2
    assert scored.max() <= MOST_TESTS
    assert len(set(past.row[past.origin == 0])) == scored[0]


def test_the_order_of_the_rows_means_nothing():
    order = np.random.default_rng(1).permutation(len(LADDER))
    shuffled = LADDER.take(order)
    past = roll(members(shuffled), shuffled)
    assert past.cuts == pytest.approx(ROLLED.cuts)
    assert np.sort(past.error[0]) == pytest.approx(np.sort(ROLLED.error[0]), abs=1e-5)
