"""plan: every demand changes the optimum, the sheet adds up, and published allocations come out."""

from __future__ import annotations

import math
import tomllib

import numpy as np
import pytest
from simulated import chinchilla_runs
from tabled import columns

import isoflop
from isoflop.compute.allocation import Allocation, allocate
from isoflop.errors import UsageError
from isoflop.forecasting.ensemble import combine
from isoflop.laws import CURVES
from isoflop.planning.demand import Demand
from isoflop.planning.export import save_plan
from isoflop.planning.frontier import frontier

BESIROGLU = CURVES["besiroglu2024"]
RUNS = chinchilla_runs(60, noise=0.01)
FIT = isoflop.fit("chinchilla", RUNS, draws=200)


def chinchilla_loss(curve, N):
    """Give the loss of the compute-optimal run of N parameters, and its tokens."""
    low, high = 1e15, 1e30
    for _ in range(200):
        middle = math.sqrt(low * high)
        found = allocate(curve.law, curve.row, middle)
        low, high = (middle, high) if found.N[0] < N else (low, middle)
    return float(found.loss[0]), float(found.D[0])


@pytest.mark.parametrize(
    ("quality", "served", "best"),
    [(30e9, 5e12, (16.41e9, 3.265e12)), (70e9, 10e12, (41.55e9, 7.922e12)), (13e9, 2e12, (6.97e9, 1.248e12)),
     (7e9, 1e11, (6.00e9, 0.325e12))],
)  # fmt: skip
def test_sardanas_examples_come_out(quality, served, best):
    curve = CURVES["sardana2023"]
    loss, _ = chinchilla_loss(curve, quality)
    plan = isoflop.plan(curve, loss=loss, serve_tokens=served)
    assert plan.N.value == pytest.approx(best[0], rel=2e-3)
    assert plan.D.value == pytest.approx(best[1], rel=4e-3)
    assert plan.loss.value == pytest.approx(loss, rel=1e-5)
    assert plan.sheet.serving == pytest.approx(2 * plan.N.value * served, rel=1e-6)


@pytest.mark.parametrize("name", ["muennighoff2023", "muennighoff2023-c4"])
def test_muennighoffs_example_comes_out_by_the_curve_that_knows_repetition_and_by_borrowing_it(name):
    plan = isoflop.plan(CURVES[name], flops=9.3e21, unique_tokens=25e9)
    assert plan.N.value == pytest.approx(6.82e9, rel=2e-3)
    assert plan.D.value / 25e9 == pytest.approx(9.10, rel=2e-3)
    codes = [one.code for one in plan.findings]
    assert ("P17" in codes) == (name == "muennighoff2023-c4")
    assert ("P09", "WARN") in [(one.code, one.severity) for one in plan.findings]


FREE = isoflop.plan(BESIROGLU, flops=1e24)


@pytest.mark.parametrize(
    ("asked", "smaller"),
    [
        ({"unique_tokens": 5e11}, None), ({"serve_tokens": 1e13}, True), ({"max_params": 3e10}, True),
        ({"min_tokens": 4e12}, True), ({"precision": "fp4"}, False), ({"N": 2e11}, False), ({"D": 1e12}, False),
        ({"vocabulary": 256_000}, False), ({"flop_rule": "palm"}, None),
    ],
)  # fmt: skip
def test_every_constraint_moves_the_optimum_and_the_loss_it_costs(asked, smaller):
    plan = isoflop.plan(BESIROGLU, flops=1e24, **asked)
    assert abs(math.log(plan.N.value / FREE.N.value)) > 1e-3
    if smaller is not None:
        assert (plan.N.value < FREE.N.value) == smaller
    assert plan.loss.value > FREE.loss.value or "flop_rule" in asked


def test_a_sheet_adds_up():
    plan = isoflop.plan(gpus="256xH100", days=21, serve_tokens=1e12)
    sheet = plan.sheet
    assert plan.C + sheet.serving == pytest.approx(plan.budget.value, rel=1e-9)
    assert pytest.approx(6 * plan.N.value * plan.D.value, rel=1e-9) == plan.C
    assert sheet.cost.days == pytest.approx(21 * plan.C / plan.budget.value, rel=1e-9)
    assert sheet.cost.dollars == pytest.approx(2 * sheet.cost.device_hours, rel=1e-9)
    assert sheet.shape.active == pytest.approx(plan.N.value, rel=0.05)
    assert sheet.memory.total == pytest.approx(16 * sheet.shape.total, rel=0.05)
    assert sheet.devices == math.ceil(sheet.memory.total / 80e9)
    assert {one.curve for one in sheet.settings.batches} >= {"deepseek2024-batch", "steplaw2025-batch"}


def test_a_budget_of_a_loss_is_the_inverse_of_the_loss_of_a_budget():
    for source in (BESIROGLU, FIT, None):
        forth = isoflop.plan(source, flops=3e23)
        back = isoflop.plan(source, loss=forth.loss.value)
        assert back.budget.value == pytest.approx(3e23, rel=1e-3)
        assert back.N.value == pytest.approx(forth.N.value, rel=1e-3)


def test_the_compute_for_a_loss_has_an_interval_that_holds_it():
    plan = isoflop.plan(FIT, loss=2.2)
    assert plan.budget.low < plan.budget.value < plan.budget.high
    assert plan.loss.value == pytest.approx(2.2, abs=1e-4)


def test_a_loss_below_the_floor_is_out_of_reach_and_the_message_says_where_the_floor_is():
    with pytest.raises(UsageError, match=r"out of reach: .* ends at 1\.81"):
        isoflop.plan(BESIROGLU, loss=1.5)


def test_a_tenth_more_of_compute_is_worth_what_planning_with_it_gains():
    gain = FREE.sheet.gains[0]
    more = isoflop.plan(BESIROGLU, flops=1.1e24)
    assert gain.of == "compute"
    assert gain.loss.value == pytest.approx(more.loss.value - FREE.loss.value, rel=1e-3)
    assert gain.flops == pytest.approx(1e23, rel=1e-6)
    better = isoflop.plan(BESIROGLU, loss=FREE.loss.value - 0.01)
    assert FREE.sheet.better == pytest.approx(better.budget.value - 1e24, rel=1e-3)


def test_gains_have_intervals_where_runs_say_how_sure_they_are():
    for one in isoflop.plan(FIT, flops=1e23).sheet.gains:
        assert one.loss.low < one.loss.value < one.loss.high < 0


def test_regret_is_what_another_curve_says_of_the_plan():
    plan = isoflop.plan(flops=1e24)
    regret = next(one for one in plan.sheet.regrets if one.law == "hoffmann2022")
    other = CURVES["hoffmann2022"]
    best = isoflop.plan(other, flops=1e24)
    assert pytest.approx(best.N.value, rel=1e-6) == regret.N
    assert regret.loss == pytest.approx(other(plan.N.value, plan.D.value) / best.loss.value - 1, rel=1e-3)
    enough = isoflop.plan(other, loss=other(plan.N.value, plan.D.value)).budget.value
    assert regret.flops == pytest.approx(1 - enough / 1e24, abs=1e-3)


def test_several_published_curves_span_an_interval_and_the_first_gives_the_value():
    plan = isoflop.plan(flops=1e23)
    each = [isoflop.plan(CURVES[name], flops=1e23).N.value for name in plan.source.split(", ")]
    assert plan.N.value == pytest.approx(each[0])
    assert (plan.N.low, plan.N.high) == pytest.approx((min(each), max(each)))


def test_experts_are_planned_by_a_law_that_knows_them():
    for source in ("ludziejewski2025", None):
        few, many = (isoflop.plan(source, flops=1e21, experts=experts) for experts in (1.0, 32.0))
        assert many.loss.value < few.loss.value
    assert few.loss.value == isoflop.plan(flops=1e21).loss.value
    with pytest.raises(UsageError, match="knows nothing of sparsity"):
        isoflop.plan(BESIROGLU, flops=1e22, sparsity=0.5)


def test_a_law_that_needs_unique_tokens_asks_for_them():
    with pytest.raises(UsageError, match="--unique-tokens"):
        isoflop.plan(CURVES["muennighoff2023"], flops=1e22)


@pytest.mark.parametrize("source", [None, FIT, RUNS], ids=["published", "fit", "runs"])
def test_a_frontier_agrees_with_the_plan_of_each_budget(source):
    budgets = [1e21, 1e22, 1e23]
    found = frontier(source, budgets)
    for one, budget in zip(found.plans, budgets, strict=True):
        plan = isoflop.plan(source, flops=budget)
        assert one.N.value == pytest.approx(plan.N.value, rel=1e-6)
        assert one.loss.value == pytest.approx(plan.loss.value, rel=1e-9)
        assert one.N.intervals["laws"] == pytest.approx(plan.N.intervals["laws"], rel=1e-6, nan_ok=True)
    assert "e23" in str(found)


def test_a_plan_is_kept_as_toml(tmp_path):
    plan = isoflop.plan(gpus="256xH100", days=21)
    save_plan(plan, tmp_path / "plan.toml")
    kept = tomllib.loads((tmp_path / "plan.toml").read_text())
    assert kept["N"]["value"] == plan.N.value
    assert kept["sheet"]["shape"]["layers"] == plan.sheet.shape.layers
    assert [one["code"] for one in kept["findings"]] == [one.code for one in plan.findings]
    with pytest.raises(UsageError, match=r"-o plan\.toml"):
        save_plan(plan, tmp_path / "plan.json")


def test_what_more_brings_is_shown_on_the_page():
    text = str(isoflop.plan(dollars=2e6).full())
    for words in ("$2.00M", "shape", "learning rate", "steplaw2025", "10 % more", "if this law is right", "holds if"):
        assert words in text, words


def test_a_settled_run_has_a_sheet_and_nothing_to_choose():
    plan = isoflop.plan(N=8e9, D=15e12, gpus="1024xH100")
    assert (plan.N.value, plan.D.value) == pytest.approx((8e9, 15e12), rel=1e-9)
    assert plan.sheet.regrets == ()
    assert [one.of for one in plan.sheet.gains] == ["parameters", "tokens"]
    assert np.isnan(plan.sheet.better)


def test_a_planned_run_is_a_study(tmp_path):
    plan = isoflop.plan(gpus="256xH100", days=21)
    save_plan(plan, tmp_path / "study.toml")
    (run,) = isoflop.open_study(tmp_path).runs
    assert (run.config["N"], run.config["D"]) == (round(plan.N.value), round(plan.D.value))
    assert run.config["layers"] == plan.sheet.shape.layers
    assert run.config["learning_rate"] == plan.sheet.settings.learning_rate.value
    assert [run.config[f"expected_{key}"] for key in ("loss", "low", "high")] == [*plan.loss.as_dict().values()][:3]


def test_serving_that_no_budget_pays_is_refused():
    with pytest.raises(UsageError, match="serving included"):
        isoflop.plan(flops=1e24, serve_tokens=1e30)


def test_a_share_is_below_one():
    with pytest.raises(UsageError, match="must be a share below 1"):
        isoflop.plan(CURVES["abnar2025"], flops=1e21, sparsity=2.0)
    assert isoflop.plan(CURVES["abnar2025"], flops=1e21, sparsity=0.9).N.value > 1e9


def test_more_unique_tokens_cost_no_flops():
    gains = isoflop.plan(BESIROGLU, flops=1.837e23, unique_tokens=5e11, serve_tokens=1e12).sheet.gains
    assert [one.flops for one in gains if one.of == "unique tokens"] == [0.0]
    assert all(one.flops > 0 for one in gains if one.of != "unique tokens")


def test_the_best_size_of_several_laws_leaves_tokens_however_much_is_served():
    together = combine(isoflop.fit("chinchilla", columns(), draws=0).runs)
    flops = np.array([float(together.runs["C"].max()) * 10])
    for served in np.geomspace(1e14, flops[0] / 4, 40):
        terms = Demand(flops=flops[0], serve_tokens=served).terms()
        assert Allocation(together, terms).tokens(Allocation(together, terms).best(flops), flops)[0] >= 1
    assert isoflop.plan(together, flops=flops[0], serve_tokens=1.8119e15).D.value > 1e9
