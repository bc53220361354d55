"""demand: what is asked of a plan becomes FLOPs and terms; what contradicts itself is refused."""

from __future__ import annotations

import dataclasses
import inspect
import math
from datetime import datetime

import pytest

import isoflop
from isoflop.errors import UsageError
from isoflop.faces.cli.planning import plan as command
from isoflop.laws import CURVES
from isoflop.planning.demand import Demand

H100_HOUR = 989e12 * 0.4 * 3600
"""FLOPs of one H100 in an hour at the share of its peak that is assumed."""


class Noon(datetime):
    """The clock on one day."""

    @classmethod
    def now(cls, tz=None):
        return cls(2027, 2, 20, 12, tzinfo=tz)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Let every test end on the day on which it began."""
    monkeypatch.setattr("isoflop.planning.demand.datetime", Noon)


@pytest.mark.parametrize(
    ("asked", "flops"),
    [
        ({"flops": 1e24}, 1e24),
        ({"gpu_hours": 1e6}, 1e6 * H100_HOUR),
        ({"dollars": 2e6}, 1e6 * H100_HOUR),
        ({"dollars": 2e6, "price": 4.0}, 5e5 * H100_HOUR),
        ({"gpus": "256xH100", "days": 21}, 256 * 21 * 24 * H100_HOUR),
        ({"gpus": "256xH100", "deadline": "2027-03-13"}, 256 * 21 * 24 * H100_HOUR),
        ({"gpus": "256xH100", "days": 5, "deadline": "2027-03-13"}, 256 * 5 * 24 * H100_HOUR),
        ({"gpu_hours": 1e6, "hardware": "A100", "mfu": 0.5}, 1e6 * 312e12 * 0.5 * 3600),
        ({"gpu_hours": 1e6, "precision": "fp8"}, 1e6 * 1979e12 * 0.4 * 3600),
        ({"flops": 1e24, "gpu_hours": 1e3}, 1e3 * H100_HOUR),
        ({"gpus": "256xH100", "days": 21, "batch_limit": 4096 * 64}, 64 * 21 * 24 * H100_HOUR),
        ({"N": 8e9, "D": 15e12}, 6 * 8e9 * 15e12),
    ],
)
def test_what_there_is_to_spend_becomes_flops(asked, flops):
    assert Demand(**asked).budget() == pytest.approx(flops, rel=1e-12)


def test_a_loss_to_reach_has_no_budget():
    assert Demand(loss=1.9).budget() is None


def test_machines_bound_training_and_money_pays_for_serving_too():
    demand = Demand(dollars=2e6, gpus="64xH100", days=30, serve_tokens=1e12)
    assert demand.budget() == pytest.approx(1e6 * H100_HOUR)
    terms = demand.terms()
    assert terms.training == pytest.approx(64 * 30 * 24 * H100_HOUR)
    assert terms.serving == 2e12


def test_machines_alone_train_and_serve():
    terms = Demand(gpus="64xH100", days=30, serve_tokens=1e12).terms()
    assert math.isinf(terms.training)
    assert terms.serving == 2e12


def test_serving_at_a_lower_share_of_the_peak_costs_more():
    assert Demand(flops=1e24, serve_tokens=1e12, serve_mfu=0.1).terms().serving == pytest.approx(8e12)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "say what there is to spend"),
        ({"days": 3}, "Say --gpus 256xH100"),
        ({"flops": 1e24, "loss": 1.9}, "not both"),
        ({"dollars": 1e6, "N": 8e9, "D": 1e12}, "not both"),
        ({"loss": 1.9, "N": 8e9, "D": 1e12}, "not both"),
        ({"flops": -1}, "is no budget"),
        ({"flops": 1e24, "min_tokens": 0}, "above zero"),
        ({"flops": 1e24, "serve_tokens": -1}, "zero or more"),
        ({"flops": 1e24, "mfu": 1.5}, "share of peak"),
        ({"flops": 1e24, "precision": "fp2"}, "bf16"),
        ({"flops": 1e24, "N": 8e9, "max_params": 1e9}, "more than --max-params"),
        ({"flops": 1e24, "D": 8e9, "min_tokens": 1e10}, "less than --min-tokens"),
        ({"gpus": "8xH100", "deadline": "2020-01-01"}, "not after today"),
        ({"gpus": "8xH100", "deadline": "soon"}, "Say it as 2027-03-01"),
        ({"gpus": "8xH1000", "days": 3}, "not a device"),
        ({"dollars": 1e6, "hardware": "Gaudi 3"}, "--price"),
        ({"flops": 1e24, "experts": -8}, "whole number"),
        ({"flops": 1e24, "vocabulary": 1e30}, "no vocabulary"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        settled(asked)


@pytest.mark.parametrize(
    ("misspelt", "message"),
    [
        ({"unique_token": 1e12}, "plan takes no unique_token. Did you mean unique_tokens"),
        ({"budget": 2e6}, "plan takes no budget. Did you mean dollars"),
        ({"granularity": "8"}, "knows nothing of granularity"),
        ({"sparsity": -1.0}, "sparsity=-1.0 must be"),
    ],
)
def test_a_misspelt_keyword_is_refused_with_the_nearest(misspelt, message):
    with pytest.raises((UsageError, TypeError), match=message):
        isoflop.plan(CURVES["besiroglu2024"], flops=1e24, **misspelt)


def test_a_demand_a_plan_and_the_command_line_are_asked_alike():
    fields = {one.name: one.default for one in dataclasses.fields(Demand) if one.name != "held"}
    signature = inspect.signature(isoflop.plan).parameters
    given = {name: one.default for name, one in signature.items() if name not in {"source", "level", "held"}}
    assert {key: str(value) for key, value in given.items()} == {key: str(value) for key, value in fields.items()}
    assert not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.values())
    bounds = inspect.signature(isoflop.frontier).parameters
    assert set(bounds) - {"source", "flops"} <= set(signature)
    options = {one.name for one in inspect.signature(command).parameters.values()}
    assert set(fields) - {"loss", "N", "D", "flop_rule", "hardware"} <= options


def settled(asked):
    demand = Demand(**asked)
    return demand.budget(), demand.terms()


def test_the_budget_is_told_with_what_it_assumes():
    told = " ".join(Demand(gpus="256xH100", days=21, unique_tokens=5e11, precision="fp8").told())
    for word in ("256 × H100", "21", "40%", "1979 TFLOP/s", "fp8", "500B unique tokens", "8 bits"):
        assert word in told, word
