"""Runs that say little, and questions near or far: an answer or a sentence, never a traceback or a warning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from simulated import chinchilla_runs
from tabled import RUNS

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import IsoflopError
from isoflop.laws.chinchilla import besiroglu2024

pytest_plugins = ["commands"]

RUNS_OF_EACH = 24
RANDOM = np.random.default_rng(0)
N = np.exp(RANDOM.uniform(np.log(1e8), np.log(1e10), RUNS_OF_EACH))
D = np.exp(RANDOM.uniform(np.log(1e9), np.log(1e12), RUNS_OF_EACH))
NOISE = np.exp(0.01 * RANDOM.standard_normal(RUNS_OF_EACH))


def true(size=N, tokens=D):
    return {"N": size, "D": tokens, "loss": besiroglu2024(size, tokens) * NOISE[: len(size)]}


POOR = {
    "one size": true(np.full(RUNS_OF_EACH, 1e9)),
    "one number of tokens": true(N, np.full(RUNS_OF_EACH, 1e11)),
    "one ratio of tokens to parameters": true(N, 20 * N),
    "six runs": true(N[:6], D[:6]),
    "nine runs": true(N[:9], D[:9]),
    "no noise": true() | {"loss": besiroglu2024(N, D)},
    "constant loss": true() | {"loss": np.full(RUNS_OF_EACH, 2.5)},
    "loss that rises": true() | {"loss": 2 + 0.01 * np.log(N * D)},
    "loss below 0.3": true() | {"loss": 0.1 * besiroglu2024(N, D) * NOISE},
    "loss of a millionth": true() | {"loss": 1e-6 * besiroglu2024(N, D) * NOISE},
    "loss of a million": true() | {"loss": 1e6 * besiroglu2024(N, D) * NOISE},
    "one run again and again": {"N": [1e9] * 20, "D": [1e10] * 20, "loss": 2.5 * NOISE[:20]},
    "one run ten times too high": true() | {"loss": true()["loss"] * np.where(np.arange(RUNS_OF_EACH) == 3, 10, 1)},
    "sizes in hundreds of millions": true() | {"N": N / 1e8, "D": D / 1e8},
    "unique tokens": true() | {"U": D / 2},
    "words": true() | {"optimiser": ["adam", "sgd"] * (RUNS_OF_EACH // 2)},
    "compute and size": {"C": 6 * N * D, "N": N, "loss": true()["loss"]},
}
SCALED = {"loss of a millionth", "loss of a million", "sizes in hundreds of millions", "words", "compute and size"}
"""The same runs in other units, or with a column that no law takes: once is enough where a test takes long."""
FLAT = {"one size", "one number of tokens", "constant loss", "loss that rises", "one run again and again"}


def interval(one):
    """Check that what is known lies in its interval, and that what is unknown has none."""
    assert one.low <= one.value <= one.high or (math.isnan(one.low) and not 0 < one.value < math.inf), one


def blocked(found):
    return any(one.severity == "BLOCK" for one in found.findings)


@pytest.mark.parametrize("name", POOR)
def test_poor_runs_are_forecast_planned_and_solved_and_not_trusted_without_a_signal(name):
    runs = Runs.of(**POOR[name])
    found = isoflop.forecast(runs, N=[1e11, 1e9, 1e7], D=[1e13, 1e10, 1e7])
    for one in found:
        interval(one.loss)
        assert 0 < one.loss.value < math.inf or blocked(found)
    assert (name not in FLAT) or any(math.isnan(one.loss.value) for one in found)

    findings = isoflop.forecast(runs, N=1e11, D=1e13).findings
    blocks = {one.code for one in findings if one.severity == "BLOCK"}
    units = {"loss of a million", "one run ten times too high", "sizes in hundreds of millions"}
    assert bool(blocks - {"D03"}) == (name in FLAT)
    assert ("D03" in {one.code for one in findings}) == (name in units)

    plan = isoflop.plan(runs, flops=1e25)
    for one in (plan.N, plan.D, plan.loss):
        interval(one)
    assert math.isnan(plan.N.value) == blocked(plan)
    assert blocked(plan) or name not in FLAT | {"one ratio of tokens to parameters"}
    assert plan.flat_range[0] <= plan.N.value <= plan.flat_range[1] or blocked(plan)
    interval(isoflop.solve("D", runs, loss=2.2, N=1e10))


@pytest.mark.parametrize("name", [name for name in POOR if name not in SCALED | {"six runs"}])
def test_one_law_of_poor_runs_is_forecast_and_backtested(name):
    law = "coupled" if name == "one run ten times too high" else "chinchilla"
    fit = isoflop.fit(law, Runs.of(**POOR[name]), draws=0, starts=4)
    interval(isoflop.forecast(fit, N=1e11, D=1e13)[0].loss)
    past = isoflop.backtest(fit)
    assert all(math.isfinite(error) for row in past.errors.values() for error in row)


@pytest.mark.parametrize("name", [name for name in POOR if name not in SCALED])
def test_poor_runs_are_backtested_along_tokens(name):
    found = isoflop.backtest(Runs.of(**POOR[name]), along="D")
    assert all(math.isfinite(error) for row in found.errors.values() for error in row)


def test_loss_against_compute_alone_needs_a_law_of_compute():
    runs = Runs.of(C=6 * N * D, loss=true()["loss"])
    with pytest.raises(IsoflopError, match="need C"):
        isoflop.forecast(runs, N=1e11, D=1e13)
    interval(isoflop.forecast(isoflop.fit("E + K/C^g", runs, draws=0), C=1e25)[0].loss)


@pytest.mark.parametrize("verb", [["forecast", "N=1e11", "D=1e13"], ["plan", "--flops", "1e24"]])
@pytest.mark.parametrize("name", ["constant loss", "one size"])
def test_the_command_ends_with_4_where_there_is_no_signal(run, write, verb, *, name):
    content = {key: np.asarray(column).tolist() for key, column in POOR[name].items()}
    done = run(verb[0], write(content), *verb[1:])
    assert done.code == 4
    assert done.err.startswith("isoflop: not to be trusted (F")


def test_a_hundred_thousand_runs_are_forecast():
    runs = chinchilla_runs(100_000, noise=0.01)
    found = isoflop.forecast(runs, N=1e11, D=1e13)[0]
    assert found.loss.value == pytest.approx(besiroglu2024(1e11, 1e13), rel=0.01)


@pytest.mark.parametrize("place", [0, 7, 20, 39])
def test_one_loss_ten_times_too_high_moves_nothing_by_a_standard_error(place):
    loss = RUNS["loss"].copy()
    loss[place] *= 10
    clean, spoilt = (
        isoflop.fit("chinchilla", isoflop.Runs.of(N=RUNS["N"], D=RUNS["D"], loss=one), draws=0)
        for one in (RUNS["loss"], loss)
    )
    error = np.sqrt(np.diag(clean.covariance))
    moved = np.array([spoilt.curve.values[name] - clean.curve.values[name] for name in clean.curve.values])
    assert (np.abs(moved) < error).all()
