"""allocation: the best N on the line of equal compute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.compute.allocation import Allocation, allocate
from isoflop.compute.flops import rule_named
from isoflop.errors import UsageError
from isoflop.formula.law import parse_law
from isoflop.laws import CURVES, find_law

RULE = rule_named("6ND")
CHINCHILLA = find_law("chinchilla")
COEFFICIENTS = st.fixed_dictionaries(
    {
        "E": st.floats(0, 3),
        "A": st.floats(1, 1e4),
        "alpha": st.floats(0.1, 0.9),
        "B": st.floats(1, 1e4),
        "beta": st.floats(0.1, 0.9),
    }
)


def best(curve, C):
    """Give the best run of a published curve."""
    found = allocate(curve.law, np.array([list(curve.values.values())]), C)
    return float(found.N[0]), float(found.D[0]), float(found.loss[0])


def closed_form(values, C):
    """Give the N of least loss by Hoffmann et al. 2022, eq. 4."""
    A, alpha, B, beta = (values[key] for key in ("A", "alpha", "B", "beta"))
    return (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (C / 6) ** (beta / (alpha + beta))


def test_muennighoffs_published_optimum_is_found_to_the_last_digit():
    size, tokens, _ = best(CURVES["muennighoff2023-c4"], 5.76e23)
    assert size == pytest.approx(69_962_173_313, rel=1e-9)
    assert tokens == pytest.approx(1_372_170_066_384, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "ratio"), [("hoffmann2022-rounded", 92.6), ("hoffmann2022", 58.9), ("besiroglu2024", 18.4)]
)
def test_published_tokens_per_parameter_at_chinchillas_budget(name, ratio):
    size, tokens, _ = best(CURVES[name], 5.76e23)
    assert tokens / size == pytest.approx(ratio, abs=0.05)


@given(values=COEFFICIENTS, log_c=st.floats(15, 27))
def test_any_chinchilla_law_has_the_optimum_of_the_closed_form(values, log_c):
    C = 10**log_c
    wanted = closed_form(values, C)
    if 1 < wanted < C / 6:
        size, tokens, loss = best(CHINCHILLA.at(**values), C)
        assert size == pytest.approx(wanted, rel=1e-6)
        assert 6 * size * tokens == pytest.approx(C, rel=1e-12)
        assert loss == pytest.approx(float(CHINCHILLA(**values, N=size, D=tokens)), rel=1e-12)


@pytest.mark.parametrize("name", ["gadre2024-c4", "kaplan2020-ND", "hoffmann2022"])
@pytest.mark.parametrize("C", [1e15, 1e20, 1e25])
def test_no_other_size_does_better(name, C):
    curve = CURVES[name]
    size, _, loss = best(curve, C)
    others = np.geomspace(size / 50, size * 50, 5001)
    assert curve(others, C / 6 / others).min() >= loss * (1 - 1e-12)


def test_rows_of_values_are_solved_each_for_itself():
    rows = [CURVES[name].values for name in ("hoffmann2022", "besiroglu2024", "muennighoff2023-c4")]
    values = np.array([list(row.values()) for row in rows])
    together = allocate(CHINCHILLA, values, [1e20, 1e22, 1e24])
    for place, C in enumerate([1e20, 1e22, 1e24]):
        alone = allocate(CHINCHILLA, values[[place]], C)
        assert (together.N[place], together.D[place], together.loss[place]) == (alone.N[0], alone.D[0], alone.loss[0])


@pytest.mark.parametrize(
    ("formula", "size", "tokens"), [("E + A/N^a + 0*D", 1e20 / 6, 1), ("E + A/D^a + 0*N", 1, 1e20 / 6)]
)
def test_a_law_that_only_gains_towards_one_end_is_best_there(formula, size, tokens):
    law = parse_law(formula)
    values = {"E": 1.0, "A": 1.0, "a": 0.1}
    found = allocate(law, np.array([[values[key] for key in law.parameters]]), 1e20)
    assert (found.N[0], found.D[0]) == pytest.approx((size, tokens), rel=1e-6)


@pytest.mark.parametrize("name", ["besiroglu2024", "hoffmann2022", "gadre2024-c4"])
@pytest.mark.parametrize("share", [1e-4, 1e-3, 1e-2])
def test_the_flat_range_ends_exactly_where_the_loss_has_risen_by_its_share(name, share):
    curve, C = CURVES[name], 1e22
    size, _, loss = best(curve, C)
    line = Allocation(curve)
    low, high = line.flat_range(C, float(line.best(np.array([C]))[0]), share)
    assert low < size < high
    for end in (low, high):
        assert curve(end, C / 6 / end) == pytest.approx(loss * (1 + share), rel=1e-9)


def test_a_law_without_n_or_d_cannot_be_allocated():
    with pytest.raises(UsageError, match="needs a law of N and D"):
        allocate(find_law("kaplan-N"), np.ones((1, 2)), 1e20)
