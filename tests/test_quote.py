"""A quote: one engine behind Python and the command line, and every number with what it rests on."""

from __future__ import annotations

import numpy as np
import pytest

import isoflop
from isoflop.compute.flops import FLOP_RULES, rule_named, shape_flops
from isoflop.compute.quote import COUNTED, quote
from isoflop.compute.shape import shape_for

pytest_plugins = ["commands"]


def test_chinchilla_is_quoted_as_its_parts_are():
    found = quote(70e9, 1.4e12, device="H100", count=1024)
    assert found.shape == shape_for(70e9)
    assert found.flops == {name: shape_flops(found.shape, name) * 1.4e12 for name in FLOP_RULES}
    assert set(COUNTED) == set(FLOP_RULES)
    assert found.cost == isoflop.cost(found.flops["6ND"], device="H100", count=1024)
    assert found.memory == isoflop.training_memory(found.shape)
    assert (found.fewest, found.fits) == (15, True)
    assert abs(found.off) < 0.005
    assert quote(found.shape, 1.4e12, count=1024).off == 0
    assert quote(found.shape, 1.4e12, rule="palm").cost.flops == found.flops["palm"]
    assert not quote(found.shape, 1.4e12, count=14).fits


def test_the_command_gives_what_python_gives(good):
    told = good("cost", "70B", "1.4T", "--gpus", "1024xH100", "--price", "3", "--mfu", "0.5", "--context", "8k")
    same = quote(70e9, 1.4e12, device="H100", count=1024, price=3, mfu=0.5, context=8000)
    assert told["cost"]["dollars"] == same.cost.dollars
    assert told["shape"]["total"] == same.shape.total
    assert told["flops"] == dict(same.flops)
    assert told["cost"]["assumptions"]["device_hours"].startswith("50 % of 989 TFLOP/s, bf16")


def test_experts_and_unknown_prices_are_null_and_said(good, run):
    words = [
        "cost",
        "12.9B",
        "1T",
        "--gpus",
        "4xTPU-v6e",
        "--experts",
        "8",
        "--top-k",
        "2",
        "--kv-heads",
        "8",
    ]
    told = good(*words)
    assert told["flops"]["deepseek"] is None
    assert told["cost"]["dollars"] is None
    assert told["shape"]["total"] > 3 * told["shape"]["active"]
    shown = " ".join(run(*words).out.split())
    for part in ("8 experts, 2 a token", "does not fit: ", "--price"):
        assert part in shown


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["7B", "1T", "--gpus", "8xH1000"], "H100"),
        (["7B", "1T", "--gpus", "8xV100"], "fp16"),
        (["7B", "1T", "--flop-rule", "7ND"], "palm"),
        (["13B", "1T", "--flop-rule", "deepseek", "--experts", "8"], "6ND"),
        (["7B", "0"], "1.4e12"),
        (["1k", "1T"], "vocabulary"),
        (["7B", "1T", "--mfu", "40"], "0.4"),
        (["7B", "1T", "--price", "0"], "price"),
        (["7B", "1T", "--context", "1.5"], "8192"),
        (["7B", "1T", "--top-k", "3"], "experts"),
    ],
)
def test_what_cannot_be_priced_is_refused_with_what_to_say(refused, words, hint):
    assert hint in refused(2, "cost", *words)


@pytest.mark.parametrize("rule", ["palm:context=8192", "chinchilla", "kaplan:counts=non-embedding"])
def test_runs_are_completed_by_any_rule_and_saved_with_it(run, table, rule):
    path = table.parent / "fit.json"
    assert run("fit", table, "--flop-rule", rule, "--draws", 0, "-o", path).code == 0
    runs = isoflop.load(path).runs
    assert runs.flop_rule == rule
    np.testing.assert_array_equal(runs["C"], rule_named(rule).flops(runs["N"], runs["D"]))
    assert run("forecast", path, "N=8e9", "D=1e12").code == 0
