"""What a run costs: published runs cost what was published, every way back leads back, memory is the papers'."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.compute.cost import (
    cache_per_token,
    cost,
    fewest_devices,
    flops_for,
    price_of,
    serving_memory,
    training_memory,
)
from isoflop.compute.devices import DEVICES, MFU_EXAMPLES, find_device
from isoflop.compute.shape import Shape
from isoflop.errors import UsageError

GPT_3 = Shape(96, 12288, heads=96, kv_heads=96, ffn=49152, gated=False, tied=True, vocabulary=50_257)
LLAMA_2_70B = Shape(80, 8192, heads=64, kv_heads=8, ffn=28672, context=4096)


def test_deepseek_v3_cost_what_it_says():
    # DeepSeek-AI 2024, arXiv:2412.19437, Table 1: 2.788M H800-hours at 2 dollars are 5.576M dollars.
    found = cost(float(flops_for(hours=2.788e6, device="H800")), device="H800", count=2048)
    assert found.device_hours == pytest.approx(2.788e6)
    assert found.dollars == pytest.approx(5.576e6)
    assert found.days == pytest.approx(2.788e6 / 2048 / 24)
    assert math.isnan(found.energy)


@pytest.mark.parametrize(("N", "D", "hours"), [(405e9, 15.6e12, 30.84e6), (70e9, 15e12, 7.0e6), (8e9, 15e12, 1.46e6)])
def test_llama_3_took_its_published_hours_at_the_utilisation_told(N, D, hours):
    [told] = [one.mfu for one in MFU_EXAMPLES if f"Llama 3.1 {N / 1e9:.0f}B" in one.run and one.whole]
    found = cost(6 * N * D, device="H100", count=16384, mfu=told)
    assert found.device_hours == pytest.approx(hours, rel=0.01)
    assert found.energy == pytest.approx(found.device_hours * 3600 * 700 * 1.1)


amounts = st.floats(1e-6, 1e12)


@given(amounts, st.integers(1, 10**6), st.floats(0.01, 1))
def test_what_money_and_time_buy_costs_that_money_and_time(amount, count, mfu):
    told = {"device": "H100", "count": count, "mfu": mfu, "precision": "fp8", "price": 3.5}
    for name, bought in (("hours", "device_hours"), ("days", "days"), ("dollars", "dollars")):
        back = cost(float(flops_for(**{name: amount}, **told)), **told)
        assert getattr(back, bought) == pytest.approx(amount, rel=1e-12)


def test_many_budgets_are_turned_at_once():
    found = flops_for(dollars=np.array([1e6, 2e6]), device=DEVICES["H100"])
    assert found.shape == (2,)
    np.testing.assert_allclose(found, np.array([1, 2]) * (1e6 / 2 * 3600 * 989e12 * 0.4))


def test_what_is_not_known_is_not_made_up():
    assert price_of(find_device("Gaudi 3")) != price_of(find_device("Gaudi 3"))  # nan
    assert math.isnan(cost(1e24, device="Gaudi 3").dollars)
    assert cost(1e24, device="Gaudi 3", price=4).dollars > 0
    assert "say one" in cost(1e24, device="Gaudi 3").assumptions["dollars"]
    assert "40 % of 989" in cost(1e24, device="H100").assumptions["device_hours"]
    with pytest.raises(UsageError, match="--price"):
        flops_for(dollars=1e6, device="Gaudi 3")


@pytest.mark.parametrize(
    "wrong",
    [{"mfu": 0}, {"mfu": 1.1}, {"mfu": float("nan")}, {"count": 0}, {"price": -1.0}, {"power_overhead": 0.5},
     {"precision": "fp4"}, {"device": "abacus"}, {"flops": float("nan")}],
)  # fmt: skip
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError):
        cost(**{"flops": 1e24, "device": "H100", **wrong})


def test_one_budget_is_wanted():
    for given_too in ({}, {"days": 1, "hours": 1}):
        with pytest.raises(UsageError, match="one of"):
            flops_for(device="H100", **given_too)


def test_adam_takes_16_bytes_a_parameter():
    # Rajbhandari et al. 2020, figure 1: 120 GB for 7.5B parameters.
    found = training_memory(GPT_3, batch_tokens=0)
    assert found.total == 16 * GPT_3.total
    assert found.total * 7.5e9 / GPT_3.total == 120e9
    assert training_memory(GPT_3, batch_tokens=0, precision="fp32").total == 16 * GPT_3.total
    assert training_memory(GPT_3, batch_tokens=0, optimizer="sgd").total == 8 * GPT_3.total


def test_activations_are_those_of_korthikanti():
    s, h, a = 2048, 12288, 96

    def one_layer(activation, shape=GPT_3):
        return training_memory(shape, batch_tokens=s, activation=activation).activations / shape.layers

    assert one_layer("full") == pytest.approx(s * h * (34 + 5 * a * s / h))
    assert one_layer("selective") == s * h * 34
    assert one_layer("recompute") == s * h * 2
    gated = Shape(96, h, heads=96, kv_heads=96, ffn=8 * h // 3)
    assert one_layer("selective", gated) == one_layer("selective")  # three matrices of 8/3 keep what two of 4 do
    assert training_memory(GPT_3).activations == training_memory(GPT_3, batch_tokens=2048).activations


def test_serving_holds_weights_and_keys_and_values():
    assert cache_per_token(LLAMA_2_70B) == 2 * 80 * 8 * 128 * 2
    found = serving_memory(LLAMA_2_70B, tokens=32768, precision="bf16")
    assert found.cache == 10 * 2**30
    assert found.weights == 2 * LLAMA_2_70B.total
    assert serving_memory(LLAMA_2_70B, precision="fp4").total == LLAMA_2_70B.total / 2
    assert str(found).startswith("149 GB: weights 138 GB, cache 10.7 GB")


def test_so_many_devices_at_least():
    assert fewest_devices(serving_memory(LLAMA_2_70B), "H100") == 2
    assert fewest_devices(training_memory(LLAMA_2_70B), "H100") == math.ceil(training_memory(LLAMA_2_70B).total / 80e9)
    assert fewest_devices(serving_memory(Shape(1, 64, heads=1, kv_heads=1, ffn=64)), "H100") == 1
    assert math.isnan(fewest_devices(training_memory(GPT_3), "GB300"))


@pytest.mark.parametrize("wrong", [{"precision": "bf17"}, {"optimizer": "adm"}, {"activation": "none"}])
def test_memory_of_the_unknown_is_refused(wrong):
    with pytest.raises(UsageError):
        training_memory(GPT_3, **wrong)
