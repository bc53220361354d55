"""Every published curve gives its value at its inputs, on the command line as in Python."""

import pytest

from isoflop import UsageError
from isoflop.formula.value import evaluate
from isoflop.laws import CURVES

pytest_plugins = ["commands"]


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_is_evaluated_by_its_name(run, name):
    curve = CURVES[name]
    inputs, value = curve.checks[0]
    found = run("laws", name, *(f"{key}={number!r}" for key, number in inputs.items()), "--json").json
    assert set(found) == {"name", "value", "unit", "inputs", "within"}
    assert found["name"] == name
    assert found["value"] == pytest.approx(value, rel=2e-3)
    assert found["unit"] == curve.law.output.unit


def test_kaplans_allocation_and_critical_batch(run):
    assert run("laws", "kaplan2020-N-opt", "C=1e24", "--json").json["value"] == pytest.approx(1.203e12, rel=1e-3)
    whole = run("laws", "kaplan2020", "C=1e24", "--json").json  # every curve of the paper that takes C
    assert {one["name"]: one["value"] for one in whole}["kaplan2020-D-opt"] == pytest.approx(250e9, rel=0.01)
    assert run("laws", "kaplan2020-B-crit", "loss=1.8", "--json").json["value"] == pytest.approx(12.17e6, rel=1e-3)


def test_a_range_gives_a_table_and_a_picture(run, tmp_path):
    rows = run("laws", "llama2024-tokens", "C=1e20:1e24", "--json", "-o", tmp_path / "range.png").json
    assert [row["inputs"]["C"] for row in rows] == pytest.approx([1e20, 1e21, 1e22, 1e23, 1e24])
    assert (tmp_path / "range.png").stat().st_size > 1000
    both = run("laws", "besiroglu2024", "N=1e9:1e10:3", "D=1e10", "--json").json
    assert [row["value"] for row in both] == pytest.approx(
        [CURVES["besiroglu2024"](n, 1e10) for n in (1e9, 10**9.5, 1e10)]
    )


def test_a_law_gives_each_of_its_published_curves(run):
    names = [row["name"] for row in run("laws", "chinchilla", "N=1e9", "D=2e10", "--json").json]
    assert {"besiroglu2024", "hoffmann2022"} <= set(names)


def test_compute_follows_from_size_and_tokens():
    found = evaluate(CURVES["deepseek2024-lr"], {"N": 1e9, "D": 2e10})
    assert found[0].value == pytest.approx(CURVES["deepseek2024-lr"](C=1.2e20))
    assert "C = 6 N D" in found.notes


def test_zero_is_a_value_where_the_law_is_defined_there():
    curve = CURVES["frantar2023-t5"]
    dense, sparse = evaluate(curve, {"N": 1e8, "D": 1e10, "sparsity": [0, 1e-6]})
    assert dense.value == pytest.approx(sparse.value, rel=1e-5)


def test_what_cannot_be_evaluated_says_what_to_type():
    with pytest.raises(UsageError, match=r"needs C.*isoflop laws kaplan2020-N-opt C="):
        evaluate(CURVES["kaplan2020-N-opt"], {})
    with pytest.raises(UsageError, match="batch is no input"):
        evaluate(CURVES["kaplan2020-N-opt"], {"C": 1e24, "batch": 3})
    with pytest.raises(UsageError, match="above zero"):
        evaluate(CURVES["kaplan2020-N-opt"], {"C": 0})


def test_inside_and_outside_the_fitted_range_are_told_apart():
    curve = CURVES["steplaw2025-batch"]
    assert evaluate(curve, {"D": 1e10})[0].within is True
    assert evaluate(curve, {"D": 1e14})[0].within is False
