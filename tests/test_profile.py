"""Profiles: what they agree with, where they are open, and what they refuse."""

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.errors import UsageError

RUNS = chinchilla_runs(60, noise=0.005)
FIT = isoflop.fit("chinchilla", RUNS, objective="squares", draws=0)


def test_a_straight_line_has_the_interval_of_the_textbook():
    random = np.random.default_rng(1)
    x = np.geomspace(1, 1e3, 12)
    y = np.log(2.0) - 0.3 * np.log(x) + 0.02 * random.standard_normal(12)
    fit = isoflop.fit("M1", {"x": x, "loss": np.exp(y)}, objective="squares", draws=0)
    found = isoflop.profile(fit, "c").estimate
    columns = np.stack([np.ones(12), np.log(x)], axis=1)
    best, squares, _, _ = np.linalg.lstsq(columns, y, rcond=None)
    error = np.sqrt(squares[0] / 10 * np.linalg.inv(columns.T @ columns)[1, 1])
    assert found.value == pytest.approx(-best[1], rel=1e-6)
    assert found.low == pytest.approx(-best[1] - 1.8124611 * error, rel=1e-4)
    assert found.high == pytest.approx(-best[1] + 1.8124611 * error, rel=1e-4)


@pytest.mark.parametrize(
    ("of", "at"),
    [
        ("E", {}),
        ("B", {}),
        ("beta", {}),
        ("N_opt", {"flops": 1e24}),
        ("exponent", {"flops": 1e22}),
    ],
)
def test_the_least_objective_is_the_fits_and_it_rises_to_both_sides(of, at):
    found = isoflop.profile(FIT, of, **at)
    least = int(np.argmin(found.objective))
    assert found.objective[least] == pytest.approx(FIT.reached, rel=1e-6)
    assert (np.diff(found.values) > 0).all()
    assert (np.diff(found.objective[: least + 1]) < 0).all()
    assert (np.diff(found.objective[least:]) > 0).all()
    assert found.open == ()
    assert found.estimate.low < found.estimate.value < found.estimate.high


def test_a_parameter_held_at_its_ends_costs_what_the_profile_says():
    found = isoflop.profile(FIT, "E")
    for end in (found.estimate.low, found.estimate.high):
        pinned = isoflop.fit("chinchilla", RUNS, objective="squares", draws=0, fix={"E": end})
        assert pinned.reached == pytest.approx(found.limit, rel=0.01)


def test_the_loss_of_a_run_lies_between_the_ends_of_its_profile():
    found = isoflop.profile(FIT, "loss", N=1e11, D=1e13).estimate
    assert found.low < FIT.curve(1e11, 1e13) < found.high


def test_robust_fits_hold_their_threshold_and_agree_with_their_draws():
    fit = isoflop.fit("chinchilla", RUNS)
    found, drawn = isoflop.profile(fit, "beta").estimate, fit.parameters["beta"]
    assert found.high - found.low == pytest.approx(drawn.high - drawn.low, rel=0.35)


def test_a_floor_that_the_runs_cannot_see_is_open_below():
    random = np.random.default_rng(0)
    x = np.geomspace(1e6, 1e7, 12)
    loss = (1 + 30 * x**-0.2) * np.exp(0.01 * random.standard_normal(12))
    fit = isoflop.fit("M2", {"x": x, "loss": loss}, objective="squares", draws=0)
    found = isoflop.profile(fit, "e_inf")
    assert "low" in found.open
    assert found.estimate.low == 0


@pytest.mark.parametrize(("of", "at"), [("gamma", {}), ("N_opt", {}), ("loss", {"N": 1e9})])
def test_what_cannot_be_profiled_is_refused(of, at):
    with pytest.raises(UsageError):
        isoflop.profile(FIT, of, **at)
