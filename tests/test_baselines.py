"""baselines: guesses without a law are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.forecasting.baselines import LAST, NAMES, baselines

RANDOM = np.random.default_rng(0)
N, D = np.exp(RANDOM.uniform(18, 23, 30)), np.exp(RANDOM.uniform(21, 27, 30))
AXIS = np.log10(6 * N * D)
AT = {"N": np.array([1e10, 3e9]), "D": np.array([1e12, 2e11])}


def guessed(inputs, loss, *, at, axis=AXIS):
    return baselines(inputs, loss, axis, at=at)


def test_there_are_three():
    assert tuple(guessed({"N": N, "D": D}, 1 / N**0.1, at=AT)) == NAMES


def test_log_linear_is_exact_on_a_power_law():
    found = guessed({"N": N, "D": D}, 30 * N**-0.07 * D**-0.05, at=AT)["log-linear"]
    assert np.exp(found) == pytest.approx(30 * AT["N"] ** -0.07 * AT["D"] ** -0.05, rel=1e-10)


def test_log_linear_takes_inputs_that_do_not_vary():
    found = guessed({"N": np.full(30, 1e9), "D": D}, 30 * D**-0.05, at=AT)["log-linear"]
    assert np.exp(found) == pytest.approx(30 * AT["D"] ** -0.05, rel=1e-10)


def test_the_nearest_run_is_nearest_in_both_logarithms():
    loss = RANDOM.uniform(2, 4, 30)
    found = guessed({"N": N, "D": D}, loss, at={"N": N[[4, 17]] * 1.01, "D": D[[4, 17]] * 0.99})["nearest run"]
    assert np.exp(found) == pytest.approx(loss[[4, 17]])


def test_the_last_budget_gives_its_run_of_the_nearest_tokens_per_parameter():
    size = np.tile([1e8, 1e9, 1e10], 2)
    tokens = np.repeat([1e20, 1e21], 3) / 6 / size
    loss = np.array([3.0, 2.9, 3.1, 2.6, 2.5, 2.7])
    at = {"N": np.array([3e9, 3e8, 3e10]), "D": 1e22 / 6 / np.array([3e9, 3e8, 3e10])}
    found = guessed({"N": size, "D": tokens}, loss, at=at, axis=np.log10(6 * size * tokens))["last budget"]
    ratio = tokens[3:] / size[3:]
    nearest = [np.argmin(np.abs(np.log(ratio) - np.log(d / n))) for n, d in zip(at["N"], at["D"], strict=True)]
    assert np.exp(found) == pytest.approx(loss[3:][nearest])


def test_the_last_budget_of_one_input_is_its_largest_run():
    found = guessed({"D": D}, 30 * D**-0.05, at={"D": np.array([1e13])}, axis=np.log10(D))["last budget"]
    assert np.exp(found[0]) == pytest.approx(30 * D.max() ** -0.05)


@pytest.mark.parametrize(("below", "taken"), [(0.9, True), (1.5, False)])
def test_a_budget_is_a_tenth_of_a_decade_wide(below, taken):
    size = np.array([1e9, 1e9, 1e8])
    compute = np.array([1e21, 1e21 * 10 ** (-LAST * below), 1e19])
    tokens, loss = compute / 6 / size, np.array([2.5, 2.6, 3.0])
    ratio = tokens[1] / size[1]
    at = {"N": np.array([np.sqrt(1e22 / 6 / ratio)])}
    at["D"] = at["N"] * ratio
    found = guessed({"N": size, "D": tokens}, loss, at=at, axis=np.log10(compute))["last budget"]
    assert np.exp(found[0]) == pytest.approx(2.6 if taken else 2.5)
