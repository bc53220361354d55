"""Derivatives: exact for every function, for any mix of arrays, and clear where there is a corner."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from isoflop.formula.dual import gradient
from isoflop.formula.parse import parse

POINT = {"x": 1.7, "y": 0.6, "a": 2.3, "N": 3e8, "alpha": 0.34}


def complex_step(formula, values, key):
    """Differentiate by a step of 1e-30 i, which loses no digits where every function is analytic."""
    moved = {name: value + (1e-30j if name == key else 0) for name, value in values.items()}
    return np.imag(formula.evaluate(moved)) / 1e-30


def central(formula, values, key):
    """Differentiate by central differences, extrapolated twice to a step of nothing."""

    def slope(step):
        up, down = ({**values, key: values[key] + sign * step} for sign in (1, -1))
        return (formula.evaluate(up) - formula.evaluate(down)) / (2 * step)

    steps = [slope(1e-2 * abs(values[key]) / 2**level) for level in range(3)]
    better = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(steps)]
    return (16 * better[1] - better[0]) / 15


@pytest.mark.parametrize(
    "text",
    ["x + y", "x - y", "x*y", "x/y", "2/x", "x/2", "x - 3", "3 - x", "-x", "x^3", "x^-0.7", "x^y", "2^x", "(x*y)^(x/y)",
     "exp(x)", "log(x)", "log10(x)", "sqrt(x)", "sin(x)", "cos(x)", "arctan(x)", "x*x*x", "x + x", "x - x + y",
     "exp(-x*y)/(1 + exp(-x))", "log10(1 + x^2)^3", "1.5 + 400/N^alpha", "x/(y/(x/y))", "x^(y^a)",
     "a*(1/x + 1/y)^alpha", "1 + y*x^-a*(1 + (x/2)^(1/y))^(-alpha*y)"],
)  # fmt: skip
def test_a_derivative_is_exact(text):
    formula = parse(text)
    value, slopes = gradient(formula, POINT, formula.names)
    assert value == pytest.approx(formula.evaluate(POINT), rel=1e-14)
    assert set(slopes) == set(formula.names)
    for key in formula.names:
        assert slopes[key] == pytest.approx(complex_step(formula, POINT, key), rel=1e-13, abs=1e-300)


def joined(inner):
    return st.one_of(
        inner.map("({})".format), inner.map("-{}".format), inner.map("exp(sin({}))".format),
        inner.map("log(3 + cos({}))".format), inner.map("sqrt(1 + ({})^2)".format), inner.map("arctan({})".format),
        inner.map("(1.5 + sin({}))^y".format), inner.map("y^(cos({}))".format),
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})/(2 + cos({pair[1]}))"),
    )  # fmt: skip


@given(st.recursive(st.sampled_from(["x", "y", "a", "2", "0.5"]), joined, max_leaves=10))
def test_the_derivative_of_any_formula_is_exact(text):
    formula = parse(text)
    assume(formula.names)
    values = {key: POINT[key] for key in formula.names}
    with np.errstate(all="ignore"):
        found, slopes = gradient(formula, values, formula.names)
        assume(np.isfinite(found) and abs(found) < 1e6)
        for key in formula.names:
            wanted = complex_step(formula, values, key)
            if np.isfinite(wanted):
                assert slopes.get(key, 0.0) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("x", "a"), [(0.01, 0.4), (0.5, 1.0), (3.0, 0.7), (50.0, 2.5), (1e-6, 3.0), (200.0, 1.3)])
def test_saturate_has_its_derivatives(x, a):
    formula = parse("saturate(x, a)")
    values = {"x": x, "a": a}
    slopes = gradient(formula, values, ("x", "a"))[1]
    for key in values:
        assert slopes[key] == pytest.approx(central(formula, values, key), rel=1e-7)


def test_saturate_keeps_its_derivatives_where_it_has_long_saturated():
    value, slopes = gradient(parse("saturate(x, a)"), {"x": np.array([1e30, 1e300]), "a": 0.1}, ("x", "a"))
    assert value.tolist() == [1.0, 1.0]
    assert slopes["x"] == pytest.approx([0, 0], abs=1e-100)
    assert slopes["a"] == pytest.approx([0, 0], abs=1e-100)


@pytest.mark.parametrize(
    ("text", "slope_x", "slope_y"),
    [
        ("min(2*x, 3*y)", [2, 0, 0], [0, 3, 3]),
        ("max(2*x, 3*y)", [0, 2, 2], [3, 0, 0]),
        ("where(x > y, 2*x, 3*y)", [0, 2, 2], [3, 0, 0]),
        ("where(x > y and x < 2.5, 2*x, 3*y)", [0, 2, 0], [3, 0, 3]),
        ("where(not x > y, 2*x, 5)", [2, 0, 0], [0, 0, 0]),
        ("min(x, 1.5)", [1, 0, 0], [0, 0, 0]),
        ("max(1.5, x)", [0, 1, 1], [0, 0, 0]),
    ],
)
def test_at_a_choice_the_derivative_is_that_of_the_branch_taken(text, slope_x, slope_y):
    values = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([1.5, 1.0, 1.0])}
    slopes = gradient(parse(text), values, ("x", "y") if "y" in text else ("x",))[1]
    for key, wanted in (("x", slope_x), ("y", slope_y)):
        assert np.broadcast_to(slopes.get(key, 0.0), 3).tolist() == wanted


def test_a_branch_not_taken_may_be_undefined():
    x = np.array([1.0, 9.0])
    with np.errstate(all="ignore"):
        value, slopes = gradient(parse("where(x > 5, b*log(x - 5), x*b)"), {"x": x, "b": 2.0}, ("x", "b"))
    assert value == pytest.approx([2, 2 * np.log(4)])
    assert slopes["x"] == pytest.approx([2, 0.5])
    assert slopes["b"] == pytest.approx([1, np.log(4)])


def test_a_division_by_nothing_is_infinite_not_an_error():
    with np.errstate(all="ignore"):
        value, _ = gradient(parse("x/0"), {"x": 1.0}, ("x",))
    assert value == np.inf


def test_a_name_the_formula_does_not_depend_on_is_left_out():
    formula = parse("E + A/N^alpha")
    values = {"E": 1.7, "A": 400.0, "N": 1e9, "alpha": 0.34, "beta": 0.28}
    assert set(gradient(formula, values, ("E", "A", "beta"))[1]) == {"E", "A"}
    assert gradient(formula, values, ())[1] == {}
    assert gradient(parse("2*3"), {}, ())[0] == 6


def test_a_constant_derivative_is_one_number():
    slopes = gradient(parse("E + A/N^alpha"), {"E": 1.7, "A": 4.0, "N": np.arange(1.0, 6), "alpha": 1.0}, ("E", "A"))[1]
    assert slopes["E"] == 1.0
    assert slopes["A"] == pytest.approx(1 / np.arange(1.0, 6))


def test_draws_broadcast_against_runs():
    draws, runs = 7, 4
    random = np.random.default_rng(0)
    inputs = {"N": random.uniform(1e6, 1e9, runs), "D": random.uniform(1e8, 1e11, runs)}
    names = ("E", "A", "alpha", "B", "beta")
    free = {key: random.uniform(0.2, 0.5, (draws, 1)) for key in names}
    formula = parse("E + A/N^alpha + B/D^beta")
    value, slopes = gradient(formula, {**inputs, **free}, names)
    assert value.shape == (draws, runs)
    for row in range(draws):
        alone = {key: float(free[key][row, 0]) for key in names}
        one_value, one = gradient(formula, {**inputs, **alone}, names)
        assert value[row] == pytest.approx(one_value, rel=1e-14)
        for key in names:
            whole = np.broadcast_to(slopes[key], (draws, runs))[row]
            assert whole == pytest.approx(np.broadcast_to(one[key], runs), rel=1e-14)


def test_every_value_of_an_array_has_the_derivative_it_has_alone():
    formula = parse("x^y + saturate(x, y) + log10(x)*min(x, y) + where(x > 2, x*y, exp(-x))")
    x = np.linspace(0.3, 5, 23)
    slopes = gradient(formula, {"x": x, "y": 1.3}, ("x", "y"))[1]
    for place, alone in enumerate(x):
        for key, slope in gradient(formula, {"x": alone, "y": 1.3}, ("x", "y"))[1].items():
            assert slopes[key][place] == pytest.approx(slope, rel=1e-13)
