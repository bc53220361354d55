"""Where runs' C is not 6ND, the cost that they obey is fitted, said, and what budgets are counted by."""

import numpy as np
import pytest

from isoflop import Runs, combine, design, frontier, plan
from isoflop.compute.cost_law import fit_cost_law, of_language
from isoflop.compute.flops import rule_named

pytest_plugins = ["commands"]
N, D = np.repeat([1e7, 3e7, 1e8, 3e8], 4), np.tile([1e8, 4e8, 1.6e9, 6.4e9], 4)
LOSS = 1.7 + 400 / N**0.34 + 410 / D**0.28


def runs(C):
    return Runs.of(N=N, D=D, C=C, loss=LOSS)


def test_a_cost_law_is_found_again():
    found = fit_cost_law(N, D, 1536 * N * D)
    assert (found.scale, found.params, found.tokens) == pytest.approx((1536, 1, 1))
    bent = fit_cost_law(N, D, 2e3 * N**0.9 * D**1.05)
    assert (bent.params, bent.tokens) == pytest.approx((0.9, 1.05), abs=0.005)
    assert bent.rule.flops(N, D) == pytest.approx(2e3 * N**0.9 * D**1.05, rel=0.02)


@pytest.mark.parametrize("C", [6 * N * D, 6.2 * N * D, 6e-12 * N * D, N * D * 10 ** np.tile([1, 3], 8)])
def test_6nd_another_unit_and_no_law_at_all_are_no_cost_law(C):
    assert fit_cost_law(N, D, C) is None


def test_rules_of_power_undo_themselves():
    rule = rule_named("power:c=2000,a=0.9,b=1.1")
    C = rule.flops(N, D)
    assert rule.tokens(N, C) == pytest.approx(D)
    assert rule.params(D, C) == pytest.approx(N)


def test_a_budget_is_counted_as_the_runs_count_it():
    """1,536 FLOPs for a parameter and an image are 256 times 6: the same run costs so many times more."""
    ours, text = plan(runs(1536 * N * D), flops=256e20), plan(runs(6 * N * D), flops=1e20)
    assert ours.N.value == pytest.approx(text.N.value, rel=1e-6)
    assert ours.D.value * ours.N.value * 1536 == pytest.approx(256e20)
    assert ours.decades == pytest.approx(text.decades)
    assert ours.loss.value == pytest.approx(text.loss.value)
    assert "D28" in {one.code for one in ours.findings}
    assert "D03" not in {one.code for one in ours.findings}


def test_frontier_and_design_count_alike():
    source = combine(runs(1536 * N * D))
    line = frontier(source, flops=[256e19, 256e20])
    assert line.plans[1].N.value == pytest.approx(plan(source, flops=256e20).N.value, rel=1e-3)
    grid = design.grid([256e18], prior=source)
    assert [one.C for one in grid] == pytest.approx([1536 * one.N * one.D for one in grid], rel=1e-3)


def test_laws_of_language_advise_on_language_alone():
    assert plan(runs(1536 * N * D), flops=1e22).sheet.settings is None
    assert plan(runs(6 * N * D), flops=1e20).sheet.settings is not None
    assert of_language(rule_named("power:c=9"), 1e9, 1e10)
    assert not of_language(rule_named("power:c=1536"), 1e9, 1e10)


def test_the_rule_can_be_typed(run, tmp_path):
    path = tmp_path / "images.csv"
    rows = zip(N.tolist(), D.tolist(), LOSS.tolist(), strict=True)
    path.write_text("N,D,loss\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    found = run("plan", path, "--flops", "1e22", "--flop-rule", "power:c=1536", "--json").json
    assert found["N"]["value"] * found["D"]["value"] * 1536 == pytest.approx(1e22)
    assert run("plan", path, "--flops", "1e22", "--flop-rule", "power:c=x").code == 2
