"""ensemble: several laws on the same runs, weighed by what they missed, with an interval that past errors scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import DataError, UsageError
from isoflop.forecasting.ensemble import FEWEST_RUNS, alone, combine, outlook, scale, shares, values
from isoflop.forecasting.weights import PastErrors, PastMisses
from isoflop.laws.chinchilla import besiroglu2024

RUNS = chinchilla_runs(60, noise=0.005)
TOGETHER = combine(RUNS)
AT = {"N": np.array([1e9, 2e10, 1e11]), "D": np.array([1e11, 4e11, 2e12])}


def of(runs, **changed):
    return Runs.of(**({key: runs[key] for key in ("N", "D", "loss")} | changed))


def untested(together=TOGETHER):
    """Return the same laws without any backtest."""
    none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    errors = PastErrors(whole, np.zeros((len(together.members), 0)))
    past = replace(together.backtest, cuts=none)
    return replace(together, backtest=past, errors=errors, misses=PastMisses(whole, none))


def erring(by, tests=40, misses=1.0):
    """Return the laws with so many backtest errors of so much each; and misses of so many widths."""
    origin = np.arange(tests) % 4
    squares = np.broadcast_to(np.asarray(by, float), (tests, 2)).T ** 2
    return replace(TOGETHER, errors=PastErrors(origin, squares),
                   misses=PastMisses(origin, np.full(tests, misses**2)))  # fmt: skip


# Weights.


@pytest.mark.parametrize("together", [TOGETHER, untested(), erring([0.1, 0])])
def test_weights_add_up_to_one(together):
    found = shares(together)
    assert (found > 0).all()
    assert found.sum() == pytest.approx(1)
    assert together.shares(AT).tolist() == np.tile(found, 3).tolist()


def test_without_backtests_laws_count_alike():
    assert shares(untested()) == pytest.approx(np.full((2, 1), 0.5))


def test_the_law_that_erred_less_counts_for_more():
    first, second = shares(erring([0.03, 0.01]))[:, 0]
    assert second > 4 * first


def test_few_backtests_move_the_weights_little():
    few, many = (shares(erring([0.03, 0.01], tests))[1, 0] for tests in (1, 40))
    assert 0.5 < few < many


# The forecast.


def test_the_forecast_is_the_weighted_mean_of_the_laws():
    found = outlook(TOGETHER, AT, level=0.9)
    assert found.loss == pytest.approx((found.weights * found.each).sum(axis=0))
    assert (found.each.min(axis=0) <= found.loss).all()
    assert (found.loss <= found.each.max(axis=0)).all()


def test_of_exact_runs_the_forecast_is_their_law():
    found = outlook(combine(chinchilla_runs(60)), AT, level=0.9)
    assert found.loss == pytest.approx(np.log(besiroglu2024(**AT)), abs=0.004)


def test_one_bad_run_moves_the_forecast_by_less_than_a_percent():
    for row in (3, int(np.argmax(RUNS["C"])), int(np.argmin(RUNS["N"]))):
        loss = RUNS["loss"].copy()
        loss[row] *= 1.2
        moved = outlook(combine(of(RUNS, loss=loss)), AT, level=0.9).loss - outlook(TOGETHER, AT, level=0.9).loss
        assert np.abs(moved).max() < 0.01


def test_the_interval_widens_with_distance_and_level():
    at = {key: column[1] * np.array([1.0, 10.0, 100.0]) for key, column in AT.items()}
    near = outlook(erring([0.01] * 2), at, level=0.9).calibrated
    assert (np.diff(near) > 0).all()
    for kind in ("statistical", "calibrated"):
        halves = [getattr(outlook(TOGETHER, AT, level=level), kind) for level in (0.5, 0.9, 0.99)]
        assert (np.diff(halves, axis=0) > 0).all()


def test_large_past_errors_widen_the_interval_and_small_ones_narrow_it():
    large, none, small = (
        scale(one) for one in (erring([0.01] * 2, misses=3.0), untested(), erring([0.01] * 2, misses=0.01))
    )
    assert small < none < large


@pytest.mark.simulates
def test_on_sound_runs_the_interval_holds_nine_new_runs_in_ten():
    inside = []
    for seed in range(8):
        runs, new = chinchilla_runs(60, noise=0.005, seed=seed), chinchilla_runs(20, noise=0.005, seed=500 + seed)
        far = 3 * new["C"] / new["C"].max() * runs["C"].max()
        grow = np.sqrt(far / new["C"])
        at = {"N": new["N"] * grow, "D": new["D"] * grow}
        noise = np.log(new["loss"] / besiroglu2024(new["N"], new["D"]))
        found = outlook(combine(runs), at, level=0.9)
        inside += (np.abs(np.log(besiroglu2024(**at)) + noise - found.loss) < found.calibrated).tolist()
    assert np.mean(inside) > 0.85


# What means nothing.


def test_the_order_of_the_rows_means_nothing():
    shuffled = combine(RUNS.take(np.random.default_rng(2).permutation(60)))
    one, other = (outlook(found, AT, level=0.9) for found in (TOGETHER, shuffled))
    for here, there in zip(one, other, strict=True):
        assert here == pytest.approx(there, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("units", [1e-3, 1e3])
def test_units_of_size_mean_nothing(units):
    rescaled = combine(of(RUNS, N=RUNS["N"] * units, D=RUNS["D"] * units))
    far = {key: column * units for key, column in AT.items()}
    one, other = outlook(TOGETHER, AT, level=0.9), outlook(rescaled, far, level=0.9)
    for here, there in zip(one, other, strict=True):
        assert here == pytest.approx(there, rel=5e-3, abs=1e-5)


# Which laws, which runs.


def test_laws_may_be_named():
    found = combine(RUNS, laws=("chinchilla", "coupled"))
    assert [one.law.name for one in found.members] == ["chinchilla", "coupled"]
    assert found.name == "chinchilla, coupled together on runs"
    wanted = isoflop.fit("chinchilla", RUNS, draws=0).curve.values
    law, row = values(found)[0]
    assert dict(zip(law.parameters, row[0], strict=True)) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("law", ["E + B/D^b", "E + K/C^g", "repetition"])
def test_a_law_of_other_inputs_cannot_forecast_beside_others(law):
    runs = of(RUNS, U=RUNS["D"])
    with pytest.raises(UsageError):
        combine(runs, laws=("chinchilla", law))


def test_a_fit_alone_is_an_ensemble_of_one():
    fit = isoflop.fit("chinchilla", RUNS, draws=0)
    one = alone(fit)
    assert shares(one) == pytest.approx(np.ones((1, 1)))
    assert outlook(one, AT, level=0.9).loss == pytest.approx(np.log(fit.curve(**AT)), abs=1e-5)


def test_a_row_without_n_or_d_is_left_out():
    gaps = RUNS["N"].copy()
    gaps[:3] = np.nan
    short = combine(of(RUNS, N=gaps))
    assert len(short.runs) == 57


def test_too_few_runs_are_refused():
    with pytest.raises(DataError, match=f"{FEWEST_RUNS - 1} usable runs; a forecast needs {FEWEST_RUNS}"):
        combine(chinchilla_runs(FEWEST_RUNS - 1))
