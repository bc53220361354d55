"""Schedules, and the laws that read a whole one: against the papers' sums, published numbers and real runs."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from luo import FINAL, OTHERS, PEAK, SCHEDULES, WARMUP

from isoflop.errors import UsageError
from isoflop.formula.schedule import constant, cosine, drops, stages, warmup_stable_decay
from isoflop.laws.schedules import SCHEDULE_CURVES, SCHEDULE_LAWS

MEDIUM = SCHEDULE_CURVES["luo2025-100m"]
ANNEALING = {"L0": 2.6, "A": 0.5, "alpha": 0.5, "C": 400.0, "momentum": 0.995}
REAL = {name: SCHEDULES[name] for name in OTHERS}
"""The schedules of the public runs that the multi-power law was not fitted to."""


def multi_power(rates, n, *, L0, A, alpha, B, C, beta, gamma):
    """Give the loss after n steps by the sum as the paper writes it."""
    eta, S = rates[:n], np.cumsum(rates[:n])
    G = 1 - (1 + C * eta**-gamma * (S[-1] - S + eta)) ** -beta
    return L0 + A * S[-1] ** -alpha - B * np.sum(drops(rates)[:n] * G)


def annealed(rates, n, *, L0, A, alpha, C, momentum):
    """Give the loss after n steps by the recurrence as the paper writes it."""
    M = S2 = 0.0
    for drop in drops(rates)[:n]:
        M = momentum * M + drop
        S2 += M
    return L0 + A * rates[:n].sum() ** -alpha - C * S2


@pytest.mark.parametrize("curve", SCHEDULE_CURVES.values(), ids=SCHEDULE_CURVES)
def test_a_constant_rate_gives_the_published_loss(curve):
    for rates, published in curve.checks:
        assert curve(rates, after=[rates.size]) == pytest.approx([published], rel=1e-7)
    assert set(curve.values) == set(curve.law.parameters)
    assert curve.cite
    assert curve.caution


@pytest.mark.parametrize("name", REAL)
def test_the_multi_power_law_is_its_papers_sum(name):
    rates = REAL[name]
    after = np.array([1, 2, WARMUP, WARMUP + 1, 8001, 8010, rates.size])
    wanted = [multi_power(rates, n, **MEDIUM.values) for n in after]
    assert MEDIUM(rates, after=after) == pytest.approx(wanted, abs=1e-9)


def test_the_annealing_law_is_its_papers_recurrence():
    rates = cosine(3000, peak=PEAK, final=FINAL, warmup=200)
    after = np.array([1, 199, 201, 1500, 3000])
    wanted = [annealed(rates, n, **ANNEALING) for n in after]
    assert SCHEDULE_LAWS["annealing"](rates, after=after, **ANNEALING) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(("name", "paper"), [("multi-power", multi_power), ("annealing", annealed)])
def test_columns_of_parameters_give_a_row_of_losses_each(name, paper):
    law = SCHEDULE_LAWS[name]
    base = MEDIUM.values if name == "multi-power" else ANNEALING
    rows = {key: value * np.array([[1.0], [1.001], [0.96]]) for key, value in base.items()}
    rates, after = REAL["wsdld_20000_24000"][:22_000], (9000, 22_000)
    found = law(rates, after=after, **rows)
    for place, losses in enumerate(found):
        values = {key: column[place, 0] for key, column in rows.items()}
        assert losses == pytest.approx([paper(rates, n, **values) for n in after], abs=1e-9)
    one = {**base, list(base)[-1]: rows[list(base)[-1]]}
    assert law(rates, after=after, **one)[0] == pytest.approx(found[0], rel=1e-13)


def test_every_step_of_a_long_schedule_takes_little_memory():
    rates = cosine(24_000, peak=PEAK, final=FINAL, warmup=WARMUP)
    tracemalloc.start()
    losses = MEDIUM(rates)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6
    assert losses.shape == (24_000,)
    assert losses[[4999, -1]] == pytest.approx([multi_power(rates, n, **MEDIUM.values) for n in (5000, 24_000)])


def test_a_rate_that_falls_to_zero_is_the_limit_of_rates_that_fall_almost_there():
    zero, tiny = (warmup_stable_decay(9000, peak=PEAK, decay=2000, final=last) for last in (0.0, PEAK * 1e-7))
    assert MEDIUM(zero, after=[9000]) == pytest.approx(MEDIUM(tiny, after=[9000]), abs=1e-5)


@pytest.mark.public_data
@pytest.mark.parametrize(("size", "folder"), [("25m", "csv_25"), ("100m", "csv_100")])
def test_schedules_never_fitted_are_predicted_as_published(size, folder):
    shares = []
    for name, rates in REAL.items():
        path = Path(os.environ["ISOFLOP_DATA"]) / "multipowerlaw" / folder / f"{name}.csv"
        table = np.genfromtxt(path, delimiter=",", names=True)
        steps = table["step"].astype(int)
        assert rates[steps] == pytest.approx(table["lr"], rel=1e-12)
        missed = SCHEDULE_CURVES[f"luo2025-{size}"](rates, after=steps) - table["loss"]
        shares.append(1 - np.mean(missed**2) / np.var(table["loss"]))
    assert np.mean(shares) == pytest.approx({"25m": 0.9988, "100m": 0.9983}[size], abs=5e-5)


def test_schedules_have_the_rates_they_say():
    rising = PEAK * np.array([0.25, 0.5, 0.75, 1.0])
    for rates in (constant(20, peak=PEAK, warmup=4), cosine(20, peak=PEAK, warmup=4), stages([20], [PEAK], warmup=4)):
        assert rates[:4] == pytest.approx(rising)
        assert rates.size == 20
    assert cosine(20, peak=PEAK, final=FINAL, warmup=4)[12] == pytest.approx((PEAK + FINAL) / 2)
    falling = warmup_stable_decay(20, peak=PEAK, decay=8, final=FINAL, shape="exponential")
    assert falling[[11, 12, 16]] == pytest.approx([PEAK, PEAK, np.sqrt(PEAK * FINAL)])
    assert stages([2, 3], [PEAK, FINAL]) == pytest.approx([PEAK, PEAK, FINAL, FINAL, FINAL])


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: MEDIUM(np.zeros((2, 3))), "one learning rate for each step"),
        (lambda: MEDIUM([0.0, 1e-4]), "the first one positive"),
        (lambda: MEDIUM([1e-4, np.nan]), "finite"),
        (lambda: MEDIUM([1e-4] * 5, after=[6]), "from 1 to the 5"),
        (lambda: MEDIUM.law([1e-4], L0=1.0), "has the parameters L0, A"),
        (lambda: stages([5], [1e-4, 1e-5]), "one rate for each stage"),
        (lambda: constant(5, peak=1e-4, warmup=6), "warmup=6"),
        (lambda: warmup_stable_decay(5, peak=1e-4, decay=2, shape="square"), "linear, exponential"),
        (lambda: warmup_stable_decay(5, peak=1e-4, decay=2, shape="exponential"), "a positive rate"),
    ],
)
def test_what_is_no_schedule_is_refused(ask, says):
    with pytest.raises(UsageError, match=says):
        ask()
