"""Laws found by name, typed as text, pinned, tied and called; and what each says when the words are off."""

import numpy as np
import pytest

from isoflop.errors import UsageError
from isoflop.formula.law import parse_law
from isoflop.laws import CURVES, LAWS, find_curve, find_law


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("chinchila", "chinchilla"),
        ("kaplan-n", "kaplan-N"),
        ("Gadre", "gadre"),
        ("m2", "M2"),
        ("log-quadratc", "log-quadratic"),
    ],
)
def test_a_law_misspelt_is_suggested(text, hint):
    with pytest.raises(UsageError, match=f'there is no law "{text}". Did you mean {hint}?'):
        find_law(text)


def test_an_unknown_law_says_how_to_list_all_there_are():
    with pytest.raises(UsageError) as refused:
        find_law("zzz")
    assert "isoflop laws lists them" in str(refused.value)
    assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize("text", ["bnsl7", "bnsl9"])
def test_a_broken_law_has_at_most_six_breaks(text):
    with pytest.raises(UsageError, match="0 to 6 breaks"):
        find_law(text)


def test_a_curve_misspelt_is_suggested():
    with pytest.raises(UsageError, match=r'there is no curve "besiroglu". Did you mean besiroglu2024\?'):
        find_curve("besiroglu")
    assert find_curve("hoffmann2022-rounded") is CURVES["hoffmann2022-rounded"]


@pytest.mark.parametrize("text", ["E + A/N^alpha + B/D^beta", "E+A/N**alpha+B/D**beta", "(E + A/(N^alpha)) + B/D^beta"])
def test_a_typed_formula_of_the_catalogue_is_the_catalogues_law(text):
    assert find_law(text) is LAWS["chinchilla"]


def test_every_law_is_found_by_its_name_and_by_its_formula():
    for name, law in LAWS.items():
        assert find_law(name) is law
        assert find_law(str(law.formula)).formula == law.formula


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("E + A/N^a + B/D^b", {"E": "floor", "A": "scale", "a": "exponent", "B": "scale", "b": "exponent"}),
        ("E + A*N^-alpha", {"E": "floor", "A": "scale", "alpha": "exponent"}),
        ("(N_c/N)^alpha_N", {"N_c": "size", "alpha_N": "exponent"}),
        ("e + (x/k)^-c", {"e": "floor", "k": "size", "c": "exponent"}),
        ("E + A/N^alpha + A/D^alpha", {"E": "floor", "A": "real", "alpha": "exponent"}),
        ("E + A/N^a + G/(N^a*D^b)", {"E": "floor", "A": "scale", "a": "exponent", "G": "scale", "b": "exponent"}),
        ("exp(a + b*log(N))", {"a": "real", "b": "real"}),
        ("a - b*log10(C)", {"a": "real", "b": "real"}),
        ("E*exp(E) + A/N^alpha", {"E": "real", "A": "scale", "alpha": "exponent"}),
        ("E + A*exp(b*x)", {"E": "floor", "A": "real", "b": "real"}),
    ],
)  # fmt: skip
def test_a_parameters_kind_is_read_off_its_place(text, roles):
    law = parse_law(text)
    assert {key: kind.role for key, kind in law.parameters.items()} == roles
    inputs = {key: np.geomspace(2.0, 9.0, 5) for key in law.inputs}
    values = {key: 0.7 + 0.1 * place for place, key in enumerate(law.parameters)}
    for key in law.linear:
        low, middle, high = (law(**values | {key: value}, **inputs) for value in (1.0, 2.0, 3.0))
        assert middle - low == pytest.approx(high - middle, rel=1e-9)


def test_any_column_can_be_the_input_of_a_typed_law():
    law = parse_law("E + A/width^alpha", inputs=["width"])
    assert list(law.inputs) == ["width"]
    assert law(E=1.0, A=4.0, alpha=0.5, width=16.0) == 2.0


@pytest.mark.parametrize(
    ("text", "told"), [("a + b", "has no input"), ("N + D", "has no free parameter"), ("5", "no input")]
)
def test_a_law_needs_an_input_and_a_parameter(text, told):
    with pytest.raises(UsageError, match=told):
        parse_law(text)


def test_a_pinned_parameter_is_a_number_and_a_tied_one_is_another():
    chinchilla = LAWS["chinchilla"]
    pinned = chinchilla.pinned({"E": 1.69, "beta": "alpha"})
    assert list(pinned.parameters) == ["A", "alpha", "B"]
    assert str(pinned.formula) == "1.69 + A/N^alpha + B/D^alpha"
    inputs = {"N": np.geomspace(1e7, 1e10, 5), "D": np.geomspace(1e9, 1e11, 5)}
    free = {"A": 406.4, "alpha": 0.34, "B": 410.7}
    tied = {**free, "E": 1.69, "beta": 0.34}
    assert pinned(**free, **inputs) == pytest.approx(chinchilla(**tied, **inputs), rel=1e-14)
    assert str(chinchilla.pinned({"A": "482.01", "B": "2k"}).formula) == "E + 482.01/N^alpha + 2e3/D^beta"
    assert chinchilla.pinned({}) == chinchilla


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ({"gamma": 1.0}, 'no parameter "gamma", only E, A, alpha, B, beta'),
        ({"N": 1e9}, 'no parameter "N"'),
        ({"beta": "alfa"}, '"beta=alfa": say a number, as in beta=1.69, or another parameter'),
        ({"beta": "N"}, '"beta=N": say a number'),
        ({"beta": "beta"}, '"beta=beta": say a number'),
        ({"beta": "alpha", "alpha": "beta"}, "alpha is itself pinned"),
        ({"beta": "alpha", "alpha": 0.3}, "alpha is itself pinned"),
        ({"alpha": "E"}, '"alpha=E": a exponent is no floor'),
        ({"E": float("nan")}, "say a finite number"),
        ({"E": float("inf")}, "say a finite number"),
        ({"E": "1e999"}, "E=1e999"),
    ],
)
def test_a_pin_that_cannot_be_meant_is_refused(pins, told):
    with pytest.raises(UsageError) as refused:
        LAWS["chinchilla"].pinned(pins)
    assert told in str(refused.value)


def test_a_call_with_wrong_names_says_which():
    chinchilla, curve = LAWS["chinchilla"], CURVES["besiroglu2024"]
    with pytest.raises(UsageError, match=r"law chinchilla needs D, alpha"):
        chinchilla(N=1e9, E=1.7, A=400.0, B=400.0, beta=0.3)
    with pytest.raises(UsageError, match=r"law chinchilla needs D"):
        curve(1e9)
    with pytest.raises(UsageError, match=r"besiroglu2024 takes N, D, not 3 values"):
        curve(1e9, 2e10, 3)
    with pytest.raises(UsageError, match=r"\['beta', 'gamma'\]"):
        chinchilla.at(E=1.7, A=400.0, alpha=0.3, B=400.0, gamma=1.0)
