"""FLOP rules: what they count, and that they never overflow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.compute.flops import FLOP_RULES, rule_named, shape_flops, shape_rule
from isoflop.compute.shape import Shape, shape_for
from isoflop.errors import UsageError

sizes = st.floats(1e-3, 1e15)
TOLD = ["kaplan:counts=non-embedding", "palm:context=8192,vocabulary=128256", "chinchilla:vocabulary=256"]
RULES = {**FLOP_RULES, **{name: rule_named(name) for name in TOLD}}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


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
    assert rule_named(rule.name).formula == rule.formula
    assert rule.name in RULES
    assert rule.formula.startswith("C = ")


def test_an_unknown_rule_is_refused_with_the_rules_there_are():
    with pytest.raises(UsageError, match="6ND"):
        rule_named("7ND")
    with pytest.raises(UsageError, match="kaplan"):
        shape_rule("6ND")
    with pytest.raises(UsageError, match="palm"):
        shape_flops(GPT_3, "7ND")


@pytest.mark.parametrize(
    "name", ["palm:", "palm:8192", "palm:context=0", "palm:context=1e4", "palm:counts=all", "palm:N=1"]
)
def test_what_a_rule_cannot_be_told_is_refused_with_an_example(name):
    with pytest.raises(UsageError, match="context=8192"):
        rule_named(name)


GPT_3 = Shape(96, 12288, heads=96, kv_heads=96, ffn=49152, gated=False, tied=True, vocabulary=50_257)

# Hoffmann et al. 2022, Table A4: layers, width, heads, head width, and FLOPs by Appendix F over 6ND as printed.
TABLE_A4 = [
    (10, 640, 10, 64, 1.03),
    (20, 1024, 16, 64, 1.10),
    (24, 1280, 10, 128, 1.08),
    (26, 1792, 14, 128, 1.04),
    (28, 2048, 16, 128, 1.03),
    (40, 3584, 28, 128, 0.99),
]


@pytest.mark.parametrize("row", TABLE_A4)
def test_chinchillas_table_a4_is_what_layers_alone_cost(row):
    layers, width, heads, head_width, printed = row
    shape = Shape(
        layers, width, heads=heads, kv_heads=heads, ffn=4 * width, head_width=head_width,
        gated=False, tied=True, relative_positions=True,
    )  # fmt: skip
    six = shape_flops(shape, "6ND")
    assert shape_flops(shape, "chinchilla-layers") / six == pytest.approx(
        printed, abs=0.0085
    )  # printed cut, not rounded
    embedding = 3 * 4 * shape.vocabulary * width
    assert shape_flops(shape, "chinchilla") == shape_flops(shape, "chinchilla-layers") + embedding
    assert shape_flops(shape, "chinchilla") / six > printed  # what Appendix F lists is more than its table shows


def test_each_paper_counts_as_it_says():
    # Kaplan et al. 2020, Table 1: 2N + 2 n_layer n_ctx d forward, three times that in training.
    assert shape_flops(GPT_3, "kaplan") / 3 == 2 * 12 * 96 * 12288**2 + 2 * 96 * 2048 * 12288
    assert shape_flops(GPT_3, "palm") == 6 * GPT_3.total + 12 * 96 * 96 * 128 * 2048
    assert shape_flops(GPT_3) * 300e9 == pytest.approx(3.15e23, rel=3e-3)  # Brown et al. 2020, Table D.1: 3.14e23
    # DeepSeek-AI 2024, Table 3: 6N1 / M, N1 without embeddings, of 8 layers × 512 and 80 layers × 8192 at 4096 tokens.
    for layers, width, printed in ((8, 512, 0.43), (80, 8192, 0.92)):
        dense = Shape(layers, width, heads=8, kv_heads=8, ffn=4 * width, gated=False, context=4096)
        assert 6 * dense.non_embedding / shape_flops(dense, "deepseek") == pytest.approx(printed, abs=0.005)


def test_experts_cost_what_a_token_uses_of_them():
    experts = Shape(32, 4096, heads=32, kv_heads=8, ffn=14336, experts=8, experts_per_token=2)
    wide = Shape(32, 4096, heads=32, kv_heads=8, ffn=2 * 14336)
    for rule in ("6ND", "kaplan", "chinchilla", "palm"):
        assert shape_flops(experts, rule) == pytest.approx(shape_flops(wide, rule), rel=1e-3)
    assert np.isnan(shape_flops(experts, "deepseek"))


@pytest.mark.parametrize("name", FLOP_RULES)
@pytest.mark.parametrize(("N", "context"), [(1e8, 2048), (7e9, 2048), (70e9, 8192), (1e12, 2048)])
def test_a_rule_of_n_alone_agrees_with_the_shape_of_that_size(name, N, context):
    shape = shape_for(N, gated=False, context=context)
    rule = rule_named(name if name == "6ND" else f"{name}:context={context}")
    assert rule.per_token(np.array(shape.total)) == pytest.approx(shape_flops(shape, name), rel=0.05)


@every_rule
def test_more_parameters_cost_more(rule):
    costs = rule.per_token(10.0 ** np.linspace(0, 15, 400))
    assert np.all(np.diff(costs) > 0)


def test_a_rule_of_other_counts_sees_more_in_the_same_n():
    whole, layers = rule_named("kaplan"), rule_named("kaplan:counts=non-embedding")
    assert layers.flops(1e9, 1) > whole.flops(1e9, 1)
    assert layers.flops(1e9, 1) > 6e9
