"""members: laws held by priors, and solved again on any part of the runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.forecasting.noise import evened, noise_of_runs
from isoflop.forecasting.priors import counted, member_of, members, predicted, solved
from isoflop.laws import CURVES
from isoflop.laws.chinchilla import besiroglu2024

EXACT = chinchilla_runs(40)
NOISY = chinchilla_runs(60, noise=0.005)
AT = {"N": np.array([1e9, 2e10, 1e11]), "D": np.array([1e11, 4e11, 2e12])}
FITTED = members(NOISY)


def said(member):
    """Return the log loss and standard error that a member gives at AT."""
    return predicted(member, AT)


def changed(runs=NOISY, **columns):
    return Runs.of(**({key: runs[key] for key in ("N", "D", "loss")} | columns))


def test_two_laws_take_part():
    assert [one.law.name for one in FITTED] == ["coupled", "valley"]


def test_exact_runs_of_a_law_give_it_back_in_spite_of_the_prior():
    """The coupled law with k = 1 is Chinchilla's."""
    value, error = said(members(EXACT)[0])
    assert value == pytest.approx(np.log(besiroglu2024(**AT)), abs=4e-3)
    assert (error < 0.005).all()


@pytest.mark.parametrize("noise", [0.003, 0.01])
def test_the_noise_is_that_of_the_runs(noise):
    found = np.mean([members(chinchilla_runs(100, noise=noise, seed=seed))[0].gentler.noise for seed in range(6)])
    assert found == pytest.approx(noise, rel=0.25)


@pytest.mark.parametrize("position", range(len(FITTED)))
def test_solved_on_part_of_the_runs_is_fitted_to_them(position):
    part = NOISY["C"] < np.quantile(NOISY["C"], 0.7)
    whole = FITTED[position]
    theta, covariance = (found[0] for found in solved(whole, part[None].astype(float)))
    value, error = said(replace(whole, theta=theta, covariance=covariance))
    alone, _ = said(members(NOISY.take(part))[position])
    assert (np.abs(value - alone) < np.maximum(error, 0.002)).all()


@pytest.mark.parametrize("position", range(len(FITTED)))
def test_fits_begun_at_those_to_fewer_runs_end_where_others_do(position):
    part = NOISY["C"] < np.quantile(NOISY["C"], 0.7)
    warm = members(NOISY, members(NOISY.take(part)))[position]
    assert said(warm)[0] == pytest.approx(said(FITTED[position])[0], abs=5e-3)


def test_the_standard_error_is_how_far_the_forecast_wanders():
    """Over tables of equal truth and noise; the valley is wrong, but wanders no less."""
    found = [[said(one) for one in members(chinchilla_runs(60, noise=0.005, seed=seed))] for seed in range(12)]
    values, errors = np.array(found).transpose(2, 1, 0, 3)[..., 0]  # (members, seeds)
    inside = values.std(axis=1) / errors.mean(axis=1)
    assert ((inside > 0.4) & (inside < 2.5)).all()


def test_one_run_far_off_does_not_count():
    loss = NOISY["loss"].copy()
    loss[np.argmax(NOISY["C"])] *= 1.2
    for one, other in zip(FITTED, members(changed(loss=loss)), strict=True):
        assert said(other)[0] == pytest.approx(said(one)[0], abs=0.01), one.label


def test_larger_runs_count_more():
    weights = FITTED[1].weights  # of the valley, by the root of compute
    clean = weights > 0.5 * np.sqrt(NOISY["C"] / NOISY["C"].max())
    assert clean.mean() > 0.9
    assert weights[np.argmax(NOISY["C"])] > 10 * weights[np.argmin(NOISY["C"])] > 0


def test_the_order_of_the_rows_means_nothing():
    order = np.random.default_rng(1).permutation(len(NOISY))
    for one, other in zip(FITTED, members(NOISY.take(order)), strict=True):
        assert said(other)[0] == pytest.approx(said(one)[0], abs=1e-5), one.label


@pytest.mark.parametrize("units", [1e-3, 1e3])
def test_units_of_size_mean_nothing(units):
    """N and D together: tokens per parameter, which the valley knows, stay as they are."""
    rescaled = members(changed(N=NOISY["N"] * units, D=NOISY["D"] * units))
    far = {key: value * units for key, value in AT.items()}
    for one, other in zip(FITTED, rescaled, strict=True):
        value = predicted(other, far)[0]
        assert value == pytest.approx(said(one)[0], abs=1e-4), one.label


def test_units_of_loss_mean_nothing():
    for one, other in zip(FITTED, members(changed(loss=NOISY["loss"] / 3)), strict=True):
        assert said(other)[0] + np.log(3) == pytest.approx(said(one)[0], abs=1e-4), one.label


def test_rows_that_share_a_run_count_as_one():
    size = np.repeat(np.geomspace(1e8, 1e10, 8), 6)
    tokens = np.tile(np.geomspace(3e9, 3e11, 6), 8)
    loss = besiroglu2024(size, tokens) * np.exp(np.repeat(0.01 * np.random.default_rng(0).standard_normal(8), 6))
    free = {"N": size, "D": tokens, "loss": loss}
    rows, shared = Runs.of(**free), Runs.of(**free, run_id=[f"run {one:.3g}" for one in size])
    assert shared.clusters is not None
    assert counted(shared, 0.5) == pytest.approx(counted(rows, 0.5) / 6)
    assert members(shared)[0].noise > 0.003  # that of whole runs, which the rows within one do not show


def test_a_fit_is_a_member_too():
    fit = isoflop.fit("chinchilla", NOISY, draws=0)
    value, error = said(member_of(fit, NOISY))
    assert value == pytest.approx(np.log(fit.curve(**AT)), abs=1e-5)
    assert (error > 0).all()


def test_without_runs_to_say_otherwise_the_prior_does():
    """Six runs at one size: the exponent of N comes from published fits alone, within their width."""
    tokens = np.geomspace(1e9, 1e11, 6)
    coupled = members(Runs.of(N=np.full(6, 1e9), D=tokens, loss=besiroglu2024(1e9, tokens)))[0]
    position = list(coupled.law.parameters).index("alpha")
    assert 0.2 < coupled.theta[position] < 0.5


def test_the_noise_of_few_runs_is_found_and_no_run_is_forgotten_without_cause():
    truth, compute = CURVES["besiroglu2024"], np.logspace(18, 21, 4)
    best = np.array([isoflop.plan(truth, flops=float(flops)).N.value for flops in compute])
    size = (best[:, None] * [0.25, 1, 4]).ravel()
    tokens = compute.repeat(3) / 6 / size
    noise, kept = [], []
    for seed in range(8):
        scatter = np.exp(0.005 * np.random.default_rng(seed).standard_normal(12))
        found = members(isoflop.Runs.of(N=size, D=tokens, loss=truth(size, tokens) * scatter))
        noise.append([(one.gentler or one).noise for one in found])
        kept.append([(one.weights > 0).mean() for one in found])
    assert (np.median(noise, axis=0) > 0.0015).all()
    assert (np.median(noise, axis=0) < 0.01).all()
    assert (np.mean(kept, axis=0) > 0.8).all()


def test_rows_that_share_a_run_say_no_more_of_its_noise_than_one():
    for one in FITTED:
        alone = np.arange(one.problem.size)
        assert evened(one.problem, one.theta, one.weights, runs=alone) == pytest.approx(
            evened(one.problem, one.theta, one.weights), rel=1e-9
        )
        told = noise_of_runs(one.problem, one.theta, one.weights, runs=alone)
        twice = one.problem.take(np.repeat(alone, 2))
        again = noise_of_runs(twice, one.theta, np.repeat(one.weights / 2, 2), runs=np.repeat(alone, 2))
        assert again == pytest.approx(told, rel=1e-9)
