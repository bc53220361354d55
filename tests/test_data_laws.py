"""Repeated data, the curves for inference, quality: numbers from the papers, found by another way."""

import numpy as np
import pytest

from isoflop import read
from isoflop.fitting.fit import fit
from isoflop.laws import CURVES, LAWS
from isoflop.laws.repetition import G2, STOCK_OF_PUBLIC_TEXT, effective_params, effective_tokens

U = 25e9
REPEATED, BASE = CURVES["muennighoff2023"], CURVES["muennighoff2023-c4"]


@pytest.mark.parametrize(
    ("epochs", "worth", "marginal"),
    [(2, 0.984, 0.937), (4, 0.931, 0.823), (8, 0.828, 0.635), (16, 0.661, 0.377), (40, 0.379, 0.079)],
)
def test_repeated_tokens_are_worth_what_the_paper_says(epochs, worth, marginal):
    D = epochs * U
    assert effective_tokens(D, U) / D == pytest.approx(worth, abs=5e-4)
    slope = (effective_tokens(D * 1.0001, U) - effective_tokens(D * 0.9999, U)) / (D * 2e-4)
    assert slope == pytest.approx(marginal, abs=5e-4)


def test_effective_tokens_are_tokens_until_the_first_repeats_and_then_fade():
    D = np.geomspace(1e8, 1e14, 2001)
    worth = effective_tokens(D, U)
    assert np.array_equal(worth[D <= U], D[D <= U])
    assert np.all(np.diff(worth) >= 0)
    assert np.all(np.abs(np.diff(np.diff(worth) / np.diff(D))) < 5e-3), "the slope has no step"
    assert worth[-1] / U == pytest.approx(16.39, abs=5e-3)
    assert effective_params(1e15, U) / (G2 * U) == pytest.approx(6.31, abs=5e-3)
    assert effective_params(1e9, U) == 1e9
    assert effective_tokens(1e12, np.inf) == 1e12
    assert effective_tokens(np.array([10**12]), 10**11).dtype == np.float64


def test_without_repeats_the_repetition_law_is_its_base():
    N, D = np.array([1e9, 6e9]), np.array([2e10, 1.2e11])
    assert REPEATED(N, D, 1e12) == pytest.approx(BASE(N, D), rel=1e-14)


def test_the_papers_budget_of_repeated_data_is_split_as_published():
    N = np.geomspace(2e9, 3e10, 20_001)
    D = 9.3e21 / 6 / N
    best = np.argmin(REPEATED(N, D, U))
    assert N[best] == pytest.approx(6.82e9, rel=1e-3)
    assert D[best] / U == pytest.approx(9.10, abs=6e-3)
    without = np.argmin(BASE(N, D))
    assert (N[without], D[without] / U) == pytest.approx((8.89e9, 6.97), rel=1e-3)


def test_the_stock_of_text_is_an_estimate():
    assert str(STOCK_OF_PUBLIC_TEXT) == "300T [100T, 1.00e15]"


@pytest.mark.parametrize(
    ("quality", "served", "N", "D"),
    [(30e9, 5e12, 16.4e9, 3.27e12), (70e9, 10e12, 41.6e9, 7.92e12), (13e9, 2e12, 6.97e9, 1.248e12),
     (7e9, 100e9, 6.0e9, 1.176 * 0.276e12)],
)  # fmt: skip
def test_sardanas_examples_come_out(quality, *, served, N, D):
    curve = CURVES["sardana2023"]
    E, A, alpha, B, beta = (curve.values[key] for key in ("E", "A", "alpha", "B", "beta"))
    chinchilla_D = (beta * B / (alpha * A) * quality**alpha) ** (1 / beta)
    loss = curve(quality, chinchilla_D)
    sizes = np.geomspace(quality / 5, quality, 40_001)[:-1]
    room = loss - E - A / sizes**alpha
    sizes, room = sizes[room > 0], room[room > 0]
    tokens = (B / room) ** (1 / beta)
    best = np.argmin(6 * sizes * tokens + 2 * sizes * served)
    assert (sizes[best], tokens[best]) == pytest.approx((N, D), rel=4e-3)


@pytest.mark.parametrize(("share", "overhead"), [(0.75, 0.0285), (0.5, 0.208), (0.3, 1.056), (0.25, 1.889)])
def test_de_vries_overheads_of_smaller_models_come_out(share, overhead):
    alpha, beta = (CURVES["sardana2023"].values[key] for key in ("alpha", "beta"))
    more = (1 - (share**-alpha - 1) * beta / alpha) ** (-1 / beta)
    assert share * more - 1 == pytest.approx(overhead, rel=3e-3)


def test_a_pass_halves_its_utility_every_tau_passes():
    values = {"d": 0.25, "a": 9.0, "b": 0.15, "tau": 2.0}
    error = LAWS["goyal"](**values, D=np.array([1, 2, 4, 40]) * 1e8, U=1e8)
    powers = 0.15 * 0.5 ** (np.arange(40) / 2.0)
    powers[9:] = powers[9]  # ten passes are told apart
    growth = np.log(np.arange(1, 41)) - np.log(np.maximum(np.arange(40), 1))
    above = 9.0 * 1e8**-0.15 * np.exp(-np.cumsum(powers * growth))
    assert error == pytest.approx(0.25 + above[[0, 1, 3, 39]], rel=1e-12)


@pytest.mark.parametrize(("name", "published"), [("hernandez2021-text", 2.50e8), ("hernandez2021-mix", 8.67e8)])
def test_pretraining_is_worth_so_much_code(name, published):
    assert CURVES[name](D=1e6, N=1e8) == pytest.approx(published, rel=2e-3)


def test_the_bounded_law_starts_at_a_guess_and_ends_as_chinchilla():
    values = {"E": 1.7, "N0": 6e7, "alpha": 0.33, "D0": 2e9, "beta": 0.36, "e_0": 10.4}
    bounded = LAWS["bounded"]
    assert bounded(**values, N=1e-9, D=1e-9) == pytest.approx(10.4, rel=1e-4)
    assert bounded(**values, N=1e30, D=1e30) == pytest.approx(1.7, rel=0.02)


def test_farseer_is_its_papers_formula():
    a, b, p = np.array([-0.01, -0.3, -0.08]), np.array([-1.05, 7.2, 0.75]), np.array([0.12, 0.1, 0.13])
    N, D = np.array([2e7, 3e9]), np.array([1e9, 4e11])
    paper_a = a / p * 1e9**-p
    exponent, scale, floor = np.exp(paper_a[:, None] * N ** p[:, None] + (b - a / p)[:, None])
    values = dict(zip(("a1", "a2", "a3", "b1", "b2", "b3", "alpha", "beta", "gamma"), (*a, *b, *p), strict=True))
    assert LAWS["farseer"](**values, N=N, D=D) == pytest.approx(floor + scale * D**-exponent, rel=1e-12)


@pytest.mark.public_data
def test_the_papers_runs_determine_its_repetition_constants_as_weakly_as_is_said():
    runs = read("datablations")
    known = {key: value for key, value in REPEATED.values.items() if key not in ("R_N", "R_D")}
    found = fit("muennighoff", runs, objective="huber:1e-3", fix=known, draws=0).curve
    assert (found.values["R_D"], found.values["R_N"]) == pytest.approx((95.4, 1.71), abs=0.06)
    assert huber(found, runs) == pytest.approx(0.0158047, abs=6e-8)
    assert huber(REPEATED, runs) == pytest.approx(0.0158259, abs=6e-8)


def huber(curve, runs, delta=1e-3):
    """Give the paper's objective: the sum of Huber losses of log-loss residuals."""
    size = np.abs(np.log(curve(**{key: runs[key] for key in "NDU"}) / runs["loss"]))
    return np.sum(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)))
