"""Several sizes from one budget: what serving costs, who should get which, who should be taught."""

import math

import pytest

import isoflop
from isoflop.compute.devices import find_device
from isoflop.compute.mixture import Mixture
from isoflop.compute.shape import shape_for
from isoflop.errors import UsageError
from isoflop.planning.tiers import serving_cost, taught, tiers

pytest_plugins = ["commands"]
H100 = find_device("H100")


def test_a_family_spends_the_budget_on_the_same_tokens():
    found = tiers(flops=1e24, count=4)
    assert sum(one.C for one in found.tiers) == pytest.approx(1e24)
    assert len({one.D for one in found.tiers}) == 1
    assert [one.N for one in found.tiers] == sorted((one.N for one in found.tiers), reverse=True)
    assert [one.loss for one in found.tiers] == sorted(one.loss for one in found.tiers)


@pytest.mark.parametrize("prices", [(0.1, 1, 5), (0.3, 2)])
def test_sizes_cost_the_prices_that_were_asked(prices):
    found = tiers(flops=1e24, prices=prices)
    for one, wanted in zip(found.tiers, sorted(prices, reverse=True), strict=True):
        assert one.serving.decode == pytest.approx(wanted, rel=0.35)  # devices are whole
        assert one.serving.decode <= wanted


def test_writing_one_sequence_waits_for_memory_and_many_for_compute():
    shape = shape_for(8e9, context=256)
    few, many = (serving_cost(shape, H100, price=2.0, batch=batch) for batch in (1, 4000))
    assert (few.bound, many.bound) == ("memory", "compute")
    assert few.decode > 20 * many.decode
    assert few.decode == pytest.approx(2 / 3600 * 2 * 8e9 / 3.35e12 * 1e6, rel=0.1)  # all weights for each token
    assert many.decode == pytest.approx(many.prefill, rel=1e-6)


def test_experts_are_read_as_a_batch_uses_them():
    shape = shape_for(20e9, context=256, experts=128, experts_per_token=8, granularity=7)
    one, many = (serving_cost(shape, H100, price=2.0, batch=batch) for batch in (1, 2000))
    dense = serving_cost(shape_for(20e9, context=256), H100, price=2.0, batch=1)
    assert one.decode == pytest.approx(dense.decode, rel=0.35)
    assert many.decode < one.decode


def test_a_longer_context_costs_more_to_write():
    short, long = (serving_cost(shape_for(8e9, context=context), H100, price=2.0) for context in (1024, 65536))
    assert long.decode > 3 * short.decode


def test_a_teacher_helps_a_student_near_it_and_not_one_far_below():
    assert taught(12e9, 96e9, 1.5e12, loss=2.04) < 2.04
    assert taught(1.5e9, 96e9, 1.5e12, loss=2.2) > 2.2
    assert math.isnan(taught(96e9, 96e9, 1.5e12, loss=1.96))


def test_experts_cost_less_to_read_and_must_all_be_fetched_to_write():
    dense, mixed = (tiers(flops=1e24, mixture=one) for one in (None, Mixture(experts=64, per_token=4)))
    assert mixed.tiers[0].loss < dense.tiers[0].loss
    assert mixed.tiers[0].serving.prefill < dense.tiers[0].serving.prefill
    assert mixed.tiers[0].serving.decode > dense.tiers[0].serving.decode  # 64 sequences use nearly all experts


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(UsageError, match="2 to 6"):
        tiers(flops=1e24, count=1)
    with pytest.raises(UsageError, match="--price"):
        tiers(flops=1e24, hardware="Gaudi 3")
    with pytest.raises(UsageError, match="below that of 200M"):
        tiers(flops=1e24, prices=(1e-6, 1))


def test_options_that_tiers_cannot_keep_are_refused(refused):
    assert "leave out N" in refused(2, "plan", "N=8B", "--flops", "1e24", "--tiers", "3")
    assert "a figure is saved as" in refused(2, "plan", "--flops", "1e24", "--tiers", "3", "-o", "plan.toml")


def test_the_command_prints_who_gets_which(good, run):
    told = good("plan", "--flops", "1e24", "--tiers", "3", "--serve-tokens", "1e12", "--gpus", "H200")
    assert [one["N"] for one in told["tiers"]] == [one.N for one in isoflop.planning.tiers.tiers(flops=1e24).tiers]
    assert all(one["lifetime_dollars"] > 0 for one in told["tiers"])
    shown = run("plan", "--flops", "1e24", "--price-per-Mtok", "0.1,1,5").out
    assert "dollars a million tokens written" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
