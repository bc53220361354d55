"""Quantities: what people type is read, what is read is printed, and nothing else passes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.errors import UsageError
from isoflop.quantities import PF_DAY, parse_quantity, show

pytestmark = pytest.mark.portable


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70B", 7e10),
        ("1.4T", 1.4e12),
        ("1e24", 1e24),
        ("5.76E23", 5.76e23),
        ("350k", 3.5e5),
        ("350K", 3.5e5),
        ("125M", 1.25e8),
        ("8G", 8e9),
        ("2P", 2e15),
        ("5E", 5e18),
        ("1Z", 1e21),
        ("1Y", 1e24),
        ("1_000_000", 1e6),
        (" 7B ", 7e9),
        ("7 B", 7e9),
        ("-2.5", -2.5),
        ("+.5", 0.5),
        ("3.", 3.0),
        ("1e3k", 1e6),
        ("0", 0.0),
    ],
)
def test_a_typed_quantity_is_its_number(text, value):
    assert parse_quantity(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["", " ", "B", "70BB", "70 Q", "seventy", "1,000", "1e", "e9", "1e9e9", "nan", "inf", "-inf", "--1", "0x10",
     "1.2.3", "7B parameters", "1/2", "_1", "1e999", "9" * 400, "1\n2", "7m"],
)  # fmt: skip
def test_anything_else_is_refused_with_the_text_in_the_message(text):
    with pytest.raises(UsageError) as refused:
        parse_quantity(text)
    assert text[:20] in str(refused.value)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (7e10, "70.0B"),
        (1.4e12, "1.40T"),
        (5.76e23, "5.76e23"),
        (393216, "393k"),
        (1.25e8, "125M"),
        (2.0246, "2.02"),
        (9999, "9999"),
        (0.0012, "0.00120"),
        (1e-5, "1.00e-5"),
        (0, "0"),
        (-7e10, "-70.0B"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "–"),
    ],
)
def test_a_number_is_printed_for_people(value, printed):
    assert show(value) == printed


@given(st.floats(1e-12, 1e30))
def test_a_printed_number_reads_back_to_three_digits(value):
    assert parse_quantity(show(value)) == pytest.approx(value, rel=5.001e-3)


@given(st.floats(1e-12, 1e30), st.integers(1, 12))
def test_more_digits_are_nearer(value, digits):
    assert parse_quantity(show(value, digits)) == pytest.approx(value, rel=5.001 * 10.0**-digits)


def test_a_petaflop_day_is_a_petaflop_for_a_day():
    assert PF_DAY == 1e15 * 24 * 60 * 60


def test_digits_tell_numbers_apart_but_not_an_end_from_its_value():
    from isoflop.quantities import digits_apart

    assert digits_apart(0.12499, 0.1252, 0.12541, digits=3) == 4
    assert digits_apart(28.2e9, 62.7685612e9, 62.7685634e9, digits=3) == 3
    assert digits_apart(1.0, 1.0, 1.0, digits=3) == 3
