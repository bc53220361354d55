"""Numbers from the papers, found again by another way than the catalogue states them."""

import numpy as np
import pytest

from isoflop.laws import CURVES, LAWS, find_law
from isoflop.laws.broken import broken_power_law


@pytest.mark.parametrize(
    ("name", "inputs", "published"),
    [
        ("kaplan2020-N", {"N": 1e9}, 2.3756),
        ("kaplan2020-N", {"N": 1.75e11}, 1.6044),
        ("kaplan2020-D", {"D": 2e10}, 2.1183),
        ("kaplan2020-C", {"C": 8.64e19}, 2.5742),
        ("kaplan2020-C-min", {"C": 8.64e19}, 2.6581),
        ("kaplan2020-C-min", {"C": 8.64e22}, 1.8818),
        ("kaplan2020-ND", {"N": 1e9, "D": 2e10}, 2.3739),
        ("kaplan2020-NS", {"N": 1e9, "S": 1e5}, 2.4005),
        ("kaplan2020-N-opt", {"C": 8.64e22}, 2.01e11),
        ("kaplan2020-D-opt", {"C": 8.64e22}, 1.29e11),
        ("kaplan2020-B-opt", {"C": 8.64e22}, 1.05e7),
        ("kaplan2020-S-opt", {"C": 8.64e22}, 6643),
        ("hoffmann2022", {"N": 70e9, "D": 1.4e12}, 1.9208),
        ("hoffmann2022-rounded", {"N": 280e9, "D": 300e9}, 1.9933),
        ("besiroglu2024", {"N": 1e9, "D": 20e9}, 2.5300),
        ("muennighoff2023-c4", {"N": 70e9, "D": 1.4e12}, 2.0246),
        ("gadre2024-c4", {"N": 1.4398e9, "D": 640 * 1.4398e9}, 2.3945),
        ("gadre2024-c4", {"N": 6.89e9, "D": 20 * 6.89e9}, 2.2905),
    ],
)
def test_a_curve_gives_the_tables_numbers(name, inputs, published):
    assert CURVES[name](**inputs) == pytest.approx(published, rel=2.5e-3 if published > 1e3 else 2.6e-5)


def best_size(curve, C):
    """Give Hoffmann's closed form for the N of least loss under C = 6ND."""
    A, alpha, B, beta = (curve.values[key] for key in ("A", "alpha", "B", "beta"))
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    return G * (C / 6) ** (beta / (alpha + beta))


@pytest.mark.parametrize(
    ("name", "C", "N", "tokens_per_parameter"),
    [
        ("hoffmann2022", 5.76e23, 40.4e9, 58.9),
        ("hoffmann2022", 3.8e25, None, 84.8),
        ("hoffmann2022-rounded", 5.76e23, 32.2e9, 92.6),
        ("hoffmann2022-rounded", 3.8e25, None, 139),
        ("besiroglu2024", 5.76e23, 72.2e9, 18.4),
        ("besiroglu2024", 3.8e25, None, 16.5),
        ("muennighoff2023-c4", 5.76e23, 69.96e9, 19.61),
        ("muennighoff2023-c4", 3.8e25, None, 19.61),
    ],
)
def test_a_budget_is_split_as_published(name, C, *, N, tokens_per_parameter):
    found = best_size(CURVES[name], C)
    assert C / (6 * found**2) == pytest.approx(tokens_per_parameter, rel=4e-3)
    assert N is None or found == pytest.approx(N, rel=2e-3)


def test_muennighoffs_notebook_is_matched_to_the_last_digit_it_prints():
    found = best_size(CURVES["muennighoff2023-c4"], 5.76e23)
    assert found == pytest.approx(69_962_173_313, rel=1e-9)
    assert 5.76e23 / 6 / found == pytest.approx(1_372_170_066_384, rel=1e-9)


def test_hoffmanns_digits_are_those_of_the_papers_source():
    values = CURVES["hoffmann2022"].values
    logs = {"A": 6.0073404, "B": 6.0179186, "E": 0.5267228}
    assert {key: np.log(values[key]) for key in logs} == pytest.approx(logs, rel=1e-12)
    assert (values["alpha"], values["beta"]) == (0.33917084, 0.2849083)


@pytest.mark.parametrize(("name", "ratio"), [("c4", 3.4), ("redpajama", 7.5), ("refinedweb", 5.9)])
def test_gadres_own_optimum_is_a_few_tokens_per_parameter(name, ratio):
    curve = CURVES[f"gadre2024-{name}"]
    a, b, eta = (curve.values[key] for key in ("a", "b", "eta"))
    assert (b / a) ** (1 / (2 * eta)) == pytest.approx(ratio, abs=0.06)
    M = np.geomspace(1, 50, 4001)
    N = np.sqrt(1e22 / 6 / M)
    assert M[np.argmin(curve(N, M * N))] == pytest.approx(ratio, abs=0.06)


def test_kaplans_exponents_agree_with_each_other():
    joint = CURVES["kaplan2020-ND"].values
    assert joint["alpha_N"] / joint["alpha_D"] == pytest.approx(0.74, abs=0.005)
    assert CURVES["kaplan2020-N-opt"].values["p"] + CURVES["kaplan2020-D-opt"].values["p"] == pytest.approx(1)
    days = CURVES["kaplan2020-C-min"].values["C_c"] / 8.64e19
    assert days == pytest.approx(3.1e8)


def test_m4_satisfies_its_papers_equation():
    values, x = {"e_inf": 1.2, "e_0": 8.0, "a": 0.8, "d": 4e5, "c": 0.45}, np.geomspace(1e3, 1e9, 30)
    e = LAWS["M4"](**values, x=x)
    left = (e - values["e_inf"]) / (values["e_0"] - e) ** values["a"]
    b = (values["e_0"] - values["e_inf"]) ** (1 - values["a"]) * values["d"] ** values["c"]
    assert left == pytest.approx(b * x ** -values["c"], rel=1e-9)


@pytest.mark.parametrize("breaks", range(7))
def test_a_broken_power_law_is_its_papers_product(breaks):
    law, random, x = broken_power_law(breaks), np.random.default_rng(breaks), np.geomspace(1e3, 1e9, 30)
    values = {key: random.uniform(0.1, 0.5) for key in law.parameters} | {
        f"d{i}": 10.0 ** (3 + i) for i in range(1, breaks + 1)
    }
    wanted = values["b"] * x ** -values["c0"]
    for i in range(1, breaks + 1):
        f = values[f"f{i}"]
        wanted = wanted * (1 + (x / values[f"d{i}"]) ** (1 / f)) ** (-values[f"c{i}"] * f)
    assert law(**values, x=x) == pytest.approx(values["a"] + wanted, rel=1e-12)
    assert law is find_law(f"bnsl{breaks}") or law == find_law(f"bnsl{breaks}")


def test_the_log_quadratic_surface_is_its_taylor_series():
    v = {"c": 1.3, "c_N": -0.11, "c_D": -0.09, "c_NN": 0.02, "c_ND": 0.004, "c_DD": 0.008}
    n, d = 0.7, -0.4
    log_loss = v["c"] + v["c_N"] * n + v["c_D"] * d + v["c_NN"] * n * n + v["c_ND"] * n * d + v["c_DD"] * d * d
    assert LAWS["log-quadratic"](**v, N=1e9 * 10**n, D=1e9 * 10**d) == pytest.approx(np.exp(log_loss), rel=1e-12)
