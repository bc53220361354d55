"""FLOP rules: what they count, and that they never overflow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.errors import UsageError
from isoflop.flops import FLOP_RULES, rule_named

sizes = st.floats(1e-3, 1e15)
every_rule = pytest.mark.parametrize("rule", FLOP_RULES.values(), ids=FLOP_RULES)


def test_six_n_d_counts_chinchilla_within_two_percent_of_its_budget():
    # Hoffmann et al. 2022: 70B parameters on 1.4T tokens; their "5.76e23" is the budget, 6ND is 2 % more.
    assert rule_named("6ND").flops(70e9, 1.4e12) == pytest.approx(5.76e23, rel=0.021)


@every_rule
def test_integers_that_overflow_int64_are_counted_in_float64(rule):
    counted = rule.flops(np.array([70_000_000_000]), np.array([1_400_000_000_000]))
    assert counted.dtype == np.float64
    assert counted[0] > 1e23


@every_rule
@given(size=sizes, tokens=sizes)
def test_tokens_and_params_undo_flops(rule, size, tokens):
    counted = rule.flops(size, tokens)
    assert rule.tokens(size, counted) == pytest.approx(tokens, rel=1e-12)
    assert rule.params(tokens, counted) == pytest.approx(size, rel=1e-12)


@every_rule
def test_a_rule_is_registered_under_its_own_name(rule):
    assert rule_named(rule.name) is rule
    assert rule.formula.startswith("C = ")


def test_an_unknown_rule_is_refused_with_the_rules_there_are():
    with pytest.raises(UsageError, match="6ND"):
        rule_named("7ND")
