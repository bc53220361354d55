"""Experts, limits and few bits in a plan: what is refused, what is borrowed, and what was trained beside it."""

import math

import numpy as np
import pytest

import isoflop
from isoflop.compute.mixture import CHECKED, Mixture
from isoflop.compute.shape import shape_for
from isoflop.errors import UsageError
from isoflop.laws import CURVES
from isoflop.planning.frame import largest

pytest_plugins = ["commands"]

TRAINED = [  # active parameters, tokens, experts, experts a token, shared: cards and configuration files
    ("DeepSeek-V3", 37e9, 14.8e12, (256, 8, 1)),
    ("Kimi K2", 32e9, 15.5e12, (384, 8, 1)),
    ("Qwen3 235B-A22B", 22e9, 36e12, (128, 8, 0)),
    ("Qwen3 30B-A3B", 3e9, 36e12, (128, 8, 0)),
    ("Llama 4 Scout", 17e9, 40e12, (16, 1, 1)),
    ("Llama 4 Maverick", 17e9, 22e12, (128, 1, 1)),
]


def codes(found):
    return {one.code for one in found.findings}


@pytest.mark.parametrize(("name", "active", "tokens", "experts"), TRAINED, ids=[one[0] for one in TRAINED])
def test_a_plan_for_the_budget_of_a_trained_mixture_is_near_it_and_never_smaller_by_far(
    name, active, tokens, *, experts
):
    many, few, shared = experts
    found = isoflop.plan(flops=6 * active * tokens, experts=many, top_k=few, shared_experts=shared)
    ratio = found.N.value / active
    assert 0.8 < ratio < 20, name  # models are trained longer than is best for training alone, to be cheap to serve
    assert found.N.value < 150e9
    assert found.sheet.memory.total < 100e12


def test_the_measured_best_of_a_mixture_at_1e23_lies_in_the_span():
    """An open measurement at 1e23 FLOPs: 16B active of 129B on 0.75 to 1T tokens."""
    found = isoflop.plan(flops=1e23, experts=128, top_k=8)
    assert found.N.value == pytest.approx(16e9, rel=0.35)
    assert found.sheet.shape.total == pytest.approx(129e9, rel=0.6)


def test_leverage_acts_on_parameters_as_the_papers_two_allocations_say():
    """Tokens of the best mixture at C are those of the best dense model at leverage times C."""
    for C in (1e20, 1e21, 1e22):
        worth = float(CURVES["tian2025-leverage"](C=C, activation=5 / 65, granularity=2))
        assert CURVES["tian2025-moe-tokens"](C=C) == pytest.approx(
            CURVES["tian2025-dense-tokens"](C=worth * C), rel=0.06
        )


def test_leverage_is_held_beyond_what_is_checked():
    one = Mixture(experts=256, per_token=8)
    assert one.leverage(CHECKED) == one.leverage(1e27)
    assert float(one.leverage(1e19)) < float(one.leverage(1e21))


def test_more_experts_are_worth_more_and_a_dense_model_itself():
    worth = [float(Mixture(experts=many, per_token=2).leverage(1e21)) for many in (2, 8, 32, 128)]
    assert worth == sorted(worth)
    assert worth[0] == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"experts": 0}, "whole number"), ({"experts": 8, "top_k": 9}, "cannot use 9 of 8"),
     ({"experts": 2.5}, "whole number"), ({"top_k": 2}, "how many experts"),
     ({"experts": 8, "granularity": -1}, "granularity")],
)  # fmt: skip
def test_numbers_of_experts_that_cannot_be_are_refused(wrong, told):
    with pytest.raises(UsageError, match=told):
        isoflop.plan(flops=1e22, **wrong)


def test_experts_of_a_granularity_make_a_shape_like_deepseek_v3s():
    shape = shape_for(37e9, experts=256, experts_per_token=8, shared_experts=1, granularity=7, vocabulary=129280)
    assert shape.ffn == pytest.approx(2 * shape.width / 7, rel=0.15)
    assert shape.total == pytest.approx(671e9, rel=0.35)


# Limits


def test_a_curve_beyond_what_its_source_states_is_refused_with_the_nearest_budget_inside():
    with pytest.raises(
        UsageError, match=r"13\.0B active.*nearest budget inside is .*tian2025-leverage.*--beyond"
    ) as told:
        isoflop.plan("ludziejewski2025", flops=3.3e24, experts=32)
    near = float(str(told.value).split("(--flops ")[1].split(")")[0])
    assert isoflop.plan("ludziejewski2025", flops=0.98 * near, experts=32).N.value < 13e9
    with pytest.raises(UsageError, match="holds up to"):
        isoflop.plan("ludziejewski2025", flops=1.05 * near, experts=32)


def test_beyond_says_so_first_and_gives_no_run_sheet():
    found = isoflop.plan("ludziejewski2025", flops=3.3e24, experts=32, beyond=True)
    assert found.sheet is None
    assert found.findings[0].code == "P28"
    assert "this is" in found.findings[0].message


def test_a_frontier_keeps_the_limits_too():
    with pytest.raises(UsageError, match="--beyond"):
        isoflop.frontier("ludziejewski2025", [1e20, 1e25], experts=16)
    found = isoflop.frontier("ludziejewski2025", [1e20, 1e25], experts=16, beyond=True)
    assert found.findings[0].code == "P28"


def test_too_many_experts_have_no_budget_inside():
    with pytest.raises(UsageError, match="No budget is inside"):
        isoflop.plan("ludziejewski2025", flops=1e21, experts=256)


def test_every_stated_limit_is_of_an_input_and_holds_at_the_curves_own_checks():
    for curve in CURVES.values():
        for key, (low, high) in curve.holds.items():
            assert key in curve.law.inputs
            assert all(low <= inputs[key] <= high for inputs, _ in curve.checks)


# What has been trained, few bits


def test_a_sheet_beyond_anything_trained_says_so_and_one_inside_does_not():
    far = isoflop.plan(flops=1e28)
    (said,) = [one for one in far.findings if one.code == "P29"]
    assert "active parameters" in said.message
    assert "P29" not in codes(isoflop.plan(flops=1e24))


def test_the_frame_is_made_of_published_models():
    assert largest("tokens")[1].name == "Llama 4 Scout"
    assert largest("all parameters")[0] >= 1e12
    assert largest("active parameters")[1].name == "PaLM 540B"


def test_what_experts_and_bits_rest_on_is_said():
    found = isoflop.plan(flops=1e24, experts=64, top_k=4, precision="fp4")
    told = {one.code: one for one in found.findings}
    assert "held there" in told["P30"].message
    assert told["P31"].severity == "WARN"
    for part in ("Kumar", "QuEST", "Quartet", "NVFP4", "Sun et al."):
        assert part in told["P31"].message
    assert not {"P30", "P31"} & codes(isoflop.plan(flops=1e22))


def test_a_plan_of_1e26_with_experts_few_bits_little_data_and_much_serving_is_one_to_build():
    found = isoflop.plan(flops=1e26, experts=200, top_k=8, precision="fp4", unique_tokens=10e12, serve_tokens=1e15)
    assert 20e9 < found.N.value < 80e9
    assert 2 * found.N.value * 1e15 < 1e26
    assert found.D.value / 10e12 < 16
    assert found.sheet.memory.total < 30e12
    assert found.sheet.shape.experts == 200
    assert math.isfinite(found.loss.value)


def test_ones_own_dense_runs_plan_a_mixture_too():
    own = isoflop.fit("chinchilla", _runs(), draws=8, starts=8)
    dense, mixed = (isoflop.plan(own, flops=1e21, **more) for more in ({}, {"experts": 64, "top_k": 4}))
    assert mixed.loss.value < dense.loss.value
    assert mixed.N.value < dense.N.value


def _runs():
    size, tokens = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 1e11, 6)))
    noise = np.random.default_rng(0).normal(0, 0.003, size.size)
    return {"N": size, "D": tokens, "loss": CURVES["besiroglu2024"](size, tokens) * np.exp(noise)}


def test_a_token_worth_more_is_more_tokens_of_the_laws_own():
    plain, better = (isoflop.plan("besiroglu2024", flops=1e22, token_worth=worth) for worth in (1.0, 2.0))
    found = CURVES["besiroglu2024"](better.N.value, 2 * better.D.value)
    assert better.loss.value == pytest.approx(found, rel=1e-6)
    assert better.loss.value < plain.loss.value
    with pytest.raises(UsageError, match="above zero"):
        isoflop.plan(flops=1e22, token_worth=-1)


def test_laws_of_mixtures_say_what_batch_and_rate_they_find_best():
    mixed, dense = (isoflop.plan(flops=1e23, **more).sheet.settings for more in ({"experts": 64, "top_k": 4}, {}))
    assert [one.curve for one in mixed.batches][-1] == "tian2025-moe-batch"
    assert mixed.batches[-1].value == pytest.approx(CURVES["tian2025-moe-batch"](C=1e23), rel=1e-6)
    assert [one.curve for one in mixed.learning_rates][-1] == "tian2025-moe-lr"
    assert "tian2025" not in str([one.curve for one in dense.batches])


def test_the_command_takes_experts(good, refused):
    told = good(
        "plan", "--flops", "1e23", "--experts", "64", "--top-k", "4", "--shared-experts", "1", "--granularity", "5"
    )
    assert told["sheet"]["shape"]["experts_per_token"] == 4
    assert "--beyond" in refused(2, "plan", "ludziejewski2025", "--flops", "3.3e24", "--experts", "32")
