"""Where runs' C is not 6ND, the cost that they obey is fitted, said, and what budgets are counted by."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from isoflop import Runs, combine, design, fit, frontier, in_words, plan, read, solve
from isoflop.compute.cost_law import fit_cost_law, of_language
from isoflop.compute.flops import rule_named
from isoflop.faces.pages.browser import asset
from isoflop.faces.pages.content import laws_script, planner_model
from isoflop.fitting.saved import to_json
from isoflop.forecasting.ensemble import evidence

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


PAGE = """
const model = modelOf(told.model, laws, fresh);
const found = told.asked.map(([flops, serving, unique]) => best(model, flops, { serving, unique: unique ?? Infinity }));
console.log(JSON.stringify(found));
"""


def planned_by_the_page(source, asked):
    """Return what planner.js plans for each of several budgets, run by Node as a page has it."""
    node = shutil.which("node")
    assert node, "Node is needed to run the page's planner"
    told = to_json({"model": planner_model(source, evidence(source)), "asked": asked}, indent=None)
    program = f"{asset('planner.js')}\n{laws_script(source)}\nconst told = {told};\n{PAGE}"
    done = subprocess.run([node, "--input-type=module"], input=program, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("cost", ["power:c=1536", "power:c=40,a=0.7", "power:c=2000,a=0.9,b=1.1", "6ND"])
def test_the_page_plans_as_python_does_whatever_a_run_costs(cost):
    source = fit("chinchilla", runs(rule_named(cost).flops(N, D)), draws=0)
    most = float(source.runs["C"].max())
    asked = [(times * most, serve, unique) for times, serve, unique in ((0.3, 0, None), (30, 2e9, None), (30, 0, 1e9))]
    for run, (flops, serve, unique) in zip(planned_by_the_page(source, asked), asked, strict=True):
        told = plan(source, flops=flops, serve_tokens=serve / 2, unique_tokens=unique or np.inf)
        assert run["N"] == pytest.approx(told.N.value, rel=1e-6)
        assert run["D"] == pytest.approx(told.D.value, rel=1e-6)
        assert run["loss"] == pytest.approx(told.loss.value, rel=1e-6)
        assert run["C"] == pytest.approx(told.C, rel=1e-6)
        if not unique:
            assert run["far"] == pytest.approx(told.decades, abs=1e-6)


def test_several_laws_plan_alike_on_a_page_and_in_python_where_images_cost_256_patches():
    source = combine(runs(1536 * N * D))
    flops = 20 * float(source.runs["C"].max())
    (run,), told = planned_by_the_page(source, [(flops, 0, None)]), plan(source, flops=flops)
    assert (run["N"], run["D"], run["loss"]) == pytest.approx((told.N.value, told.D.value, told.loss.value), rel=1e-6)


def test_the_words_and_the_inverse_count_as_the_plan_does():
    source = fit("chinchilla", runs(1536 * N * D), draws=0)
    told = plan(source, flops=float(source.runs["C"].max()))
    assert f"{told.D.value / told.N.value:.2g} tokens per parameter" in in_words(source)
    assert solve("C", source, loss=told.loss.value).value == pytest.approx(told.budget.value, rel=1e-4)


def test_images_are_called_so_and_get_no_advice_for_language():
    table = {"params": N, "images": D, "flops": 6 * N * D, "error": LOSS}
    found = plan(read(table, columns={"loss": "error"}), flops=1e20)
    assert found.data == "images"
    assert "images per parameter" in str(found)
    assert found.sheet.settings is None
    assert not {"P14", "P29", "P09"} & {one.code for one in found.findings}
