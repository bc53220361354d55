"""Designs: grids hold the minima, costs add up, and the next runs are the ones that tell most."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop import design
from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.experiments.design.choose import Limits, Views, choose, left
from isoflop.faces.cli import designing
from isoflop.fitting.approaches import approach2
from isoflop.laws.chinchilla import besiroglu2024

pytest_plugins = ["commands"]

TARGET = {"C": 1e23}


def losses(found, noise, *, seed=0, truth=besiroglu2024):
    N, D = (np.array([getattr(one, key) for one in found]) for key in ("N", "D"))
    random = np.random.default_rng(seed)
    return {"N": N, "D": D, "loss": truth(N, D) * np.exp(noise * random.standard_normal(N.size))}


@pytest.fixture(scope="module")
def few():
    """Twelve runs up to 1e20 FLOPs, and several laws on them."""
    return isoflop.combine(Runs.of(**losses(design.grid([1e18, 1e19, 1e20], sizes=4), 0.003)))


def test_a_grid_is_centred_on_the_best_sizes_and_spends_its_budgets():
    found = design.grid([1e19, 1e20], sizes=5)
    assert len(found) == 10
    for place, budget in enumerate((1e19, 1e20)):
        runs = found[5 * place : 5 * place + 5]
        assert pytest.approx(isoflop.plan(besiroglu2024, flops=budget).N.value, rel=1e-6) == runs[2].N
        assert all(budget >= one.C and pytest.approx(budget, rel=1e-6) == one.C for one in runs)
        assert np.diff(np.log([one.N for one in runs])) == pytest.approx(np.log(2), rel=1e-6)
    assert sum(one.C for one in found) == pytest.approx(found.cost) == pytest.approx(5.5e20, rel=1e-6)


@pytest.mark.parametrize("off", [0.5, 2.0])
@pytest.mark.parametrize("sizes", [4, 5, 7])
def test_minima_are_inside_the_grid_even_if_the_prior_is_off_by_two(off, sizes):
    # A prior whose best size is `off` times the truth's: its N counts for that much less.
    values = dict(besiroglu2024.values)
    alpha, beta = values["alpha"], values["beta"]
    values["A"] *= off ** (alpha + beta)
    prior = besiroglu2024.law.at("off", **values)
    budgets = np.geomspace(1e19, 1e21, 4)
    found = design.grid(budgets, sizes=sizes, prior=prior)
    centred = design.grid(budgets, sizes=sizes, prior=besiroglu2024)
    shift = found[0].N / centred[0].N
    assert shift == pytest.approx(off, rel=1e-6)
    N = np.array([one.N for one in found]).reshape(4, sizes)
    at = np.array([isoflop.plan(besiroglu2024, flops=float(flops)).N.value for flops in budgets])
    assert (N[:, 0] < at).all()
    assert (at < N[:, -1]).all()
    runs = Runs.of(**losses(found, 0.001))
    assert not [one for one in approach2(runs).findings if one.code == "F11"]


def test_a_grid_too_narrow_for_the_prior_says_so():
    narrow = design.grid([1e19], sizes=5, step=1.3)
    assert [one.code for one in narrow.findings] == ["S02"]
    need = float(narrow.findings[0].remedy.split("step to ")[1].split(",")[0])
    assert design.grid([1e19], sizes=5, step=need).findings == ()


def test_a_grid_far_from_the_runs_behind_its_prior_says_so():
    assert [one.code for one in design.grid([1e14]).findings] == ["S03"]


def test_a_grid_leaves_out_runs_that_are_too_short():
    found = design.grid([1e19, 1e21], sizes=5, min_tokens=2e9)
    assert min(one.D for one in found) >= 2e9
    assert len(found) < 10
    assert [one.code for one in found.findings] == ["S04"]
    with pytest.raises(UsageError, match="no run of this grid"):
        design.grid([1e15], min_tokens=1e12)


def test_a_grid_is_centred_anew_by_the_runs_so_far():
    truth = besiroglu2024.law.at("other", **{**besiroglu2024.values, "A": 4 * besiroglu2024.values["A"]})
    first = losses(design.grid([1e18, 1e19, 1e20], sizes=5), 0.002, truth=truth)
    best = isoflop.plan(truth, flops=1e21).N.value
    before, after = (design.grid([1e21], prior=prior)[2].N for prior in ("besiroglu2024", Runs.of(**first)))
    half_a_step = np.log(2) / 2  # of the grid's sizes, none then lies nearer the best one than the middle
    assert abs(np.log(after / best)) < half_a_step < abs(np.log(before / best))


def test_a_ladder_has_every_size_on_every_multiple():
    found = design.ladder([1e7, 1e8], multiples=[20, 80])
    assert [(one.N, one.D) for one in found] == [(1e7, 2e8), (1e7, 8e8), (1e8, 2e9), (1e8, 8e9)]
    assert found.cost == 6 * (1e7 * 1e9 + 1e8 * 1e10)
    assert found.findings == ()
    assert [one.code for one in design.ladder([1e7, 1e8]).findings] == ["S01"]


def test_replicates_differ_in_their_seed_only():
    found = design.replicates(design.ladder([1e7, 1e8]), seeds=3)
    assert [one.settings["seed"] for one in found] == [0, 1, 2, 0, 1, 2]
    assert found.as_rows()[4] == {"N": 1e8, "D": 2e9, "C": 1.2e18, "seed": 1}
    with pytest.raises(UsageError, match="two different seeds"):
        design.replicates({"N": [1e7], "D": [2e8]}, seeds=1)


def test_brackets_surround_the_rate_and_ask_for_two_sizes():
    two = design.brackets({"N": [1e7, 1e8], "D": [2e8, 2e9]}, learning_rate=[1e-3, 5e-4], batches=[2**16, 2**17])
    assert len(two) == 12
    assert sorted({one.settings["learning_rate"] for one in two if one.N == 1e8}) == [2.5e-4, 5e-4, 1e-3]
    assert two.findings == ()
    one = design.brackets({"N": [1e7], "D": [2e8]}, learning_rate=1e-3)
    assert [finding.code for finding in one.findings] == ["S05"]


@pytest.mark.parametrize("repeats", [True, False])
def test_the_choice_is_the_best_there_is_among_few_candidates(repeats):
    random = np.random.default_rng(0)
    for _ in range(40):
        seen = random.standard_normal((3, 6, 5)) * np.exp(random.standard_normal(5))
        wanted = random.standard_normal((3, 5))
        views = Views(1 / 3 / (wanted**2).sum(axis=1), seen, wanted, np.full((3, 6), 0.5))
        cost = np.exp(random.uniform(0, 2, 6))
        chosen = choose(views, Limits(cost, 8.0, 4, repeats))
        assert cost[chosen].sum() <= 8
        draw = itertools.combinations_with_replacement if repeats else itertools.combinations
        every = (list(some) for count in range(5) for some in draw(range(6), count))
        best = min(left(views, some) for some in every if cost[some].sum() <= 8)
        assert left(views, chosen) == pytest.approx(best, rel=1e-3)  # runs that tell nothing are left out


def test_the_share_left_is_that_of_least_squares(few):
    fit = isoflop.fit("chinchilla", few.runs, draws=0)
    pool = {"N": [1e8, 3e8, 1e9], "D": [3e9, 1e9, 1e10]}
    found = design.informative(fit, target={"N": 5e8, "D": 2e10}, budget=1e21, candidates=pool, draws=0)
    names, best = list(fit.curve.values), np.array(list(fit.curve.values.values()))

    def slopes(N, D):
        """Give central differences of log loss by the parameters."""
        steps = 1e-5 * best * np.eye(best.size)
        moved = [dict(zip(names, best + step, strict=True)) for step in (*steps, *-steps)]
        ends = np.log([fit.law(**one, N=N, D=D) for one in moved]).reshape(2, best.size, -1)
        return (ends[0] - ends[1]) / (2e-5 * best[:, None])

    toward, spread = slopes(np.array([5e8]), np.array([2e10]))[:, 0], fit.covariance
    before, seen = (
        toward @ spread @ toward,
        slopes(*(np.array([getattr(one, key) for one in found]) for key in ("N", "D"))),
    )
    for place, one in enumerate(found):
        along = spread @ seen[:, place]
        spread = spread - np.outer(along, along) / (fit.noise**2 + seen[:, place] @ along)
        assert one.left == pytest.approx(toward @ spread @ toward / before, rel=1e-3)
    assert len(found) >= 2


def test_the_interval_now_is_the_forecasts(few):
    found = design.informative(few, target={"N": 4e9, "D": 8e10}, budget=1e20)
    expected = isoflop.forecast(few, N=4e9, D=8e10)[0].loss
    assert (found.now.value, found.now.low, found.now.high) == pytest.approx(
        (expected.value, expected.low, expected.high), rel=1e-3
    )


@pytest.mark.parametrize("want", ["loss", "N"])
@pytest.mark.parametrize("budget", [3e18, 1e20])
def test_no_choice_costs_more_than_the_budget_and_equal_seeds_choose_alike(few, want, budget):
    first, second = (
        design.informative(few, target=TARGET, want=want, budget=budget, seed=3, draws=2) for _ in range(2)
    )
    assert 0 < first.cost <= budget
    assert first.as_rows() == second.as_rows()
    assert first.runs[-1].left < 1
    assert len(first) <= 12


@pytest.mark.parametrize("want", ["loss", "N"])
def test_chosen_runs_tell_more_than_random_ones_of_the_same_cost(few, want):
    target, budget, random = {"C": 1e22}, 1e20, np.random.default_rng(0)
    chosen = design.informative(few, target=target, want=want, budget=budget, draws=2)
    ours, untold = {key: [getattr(one, key) for one in chosen] for key in ("N", "D")}, []
    asked = {"target": target, "want": want, "draws": 2}
    drift = design.informative(few, **asked, budget=1e3 * budget, candidates=ours, repeats=True, most=200).runs[-1].left
    for _ in range(6):
        compute = np.exp(random.uniform(np.log(1e18), np.log(1e20), 60))
        compute = compute[np.cumsum(compute) <= budget][:12]
        sizes = np.exp(random.uniform(np.log(1 / 4), np.log(4), compute.size)) * (compute / 6 / 20) ** 0.5
        pool = {"N": sizes, "D": compute / 6 / sizes}
        found = design.informative(few, **asked, budget=budget, candidates=pool)
        untold.append(min([one.left for one in found], default=1.0))
    assert chosen.runs[-1].left < min(untold)
    assert 1.3 * (chosen.runs[-1].left - drift) < np.mean(untold) - drift  # no number of runs tells the drift beyond


@pytest.mark.simulates
def test_realised_errors_are_smaller_than_with_random_runs(few):
    random, truth = np.random.default_rng(1), np.log(isoflop.plan(besiroglu2024, flops=1e22).N.value)
    chosen, errors = design.informative(few, target={"C": 1e22}, want="N", budget=1e20), {"next": [], "random": []}
    old = {key: few.runs[key] for key in ("N", "D")}
    for seed in range(8):
        compute = np.exp(random.uniform(np.log(1e18), np.log(1e20), 60))
        keep = np.flatnonzero(np.cumsum(compute) <= 1e20)
        N = np.exp(random.uniform(np.log(1 / 4), np.log(4), len(keep))) * (compute[keep] / 6 / 20) ** 0.5
        picks = {"next": [(one.N, one.D) for one in chosen], "random": list(zip(N, compute[keep] / 6 / N, strict=True))}
        for way, places in picks.items():
            more = np.array(places).T
            N, D = (np.concatenate([old[key], new]) for key, new in zip(("N", "D"), more, strict=True))
            loss = besiroglu2024(N, D) * np.exp(0.003 * np.random.default_rng(seed).standard_normal(N.size))
            fit = isoflop.fit("chinchilla", Runs.of(N=N, D=D, loss=loss), draws=0, starts=8)
            errors[way].append(np.log(isoflop.plan(fit.curve, flops=1e22).N.value) - truth)
    assert np.mean(np.square(errors["next"])) < np.mean(np.square(errors["random"]))


def test_a_published_curve_alone_can_choose():
    found = design.informative("besiroglu2024", target={"C": 1e22}, budget=1e20)
    assert found.cost <= 1e20
    assert found.now.low < found.now.value < found.now.high
    assert found.runs[-1].left < 0.5
    doubtful = design.informative("besiroglu2024", target={"C": 1e22}, budget=1e20, prior=design.Prior(uncertain=0.4))
    assert doubtful.now.high / doubtful.now.low > found.now.high / found.now.low


def test_candidates_keep_their_columns_and_are_taken_once():
    pool = {"N": [1e8, 2e8, 4e8], "D": [1e10, 1e10, 1e10], "C": [1e19, 1e19, 1e19], "name": ["a", "b", "c"]}
    found = design.informative("besiroglu2024", target={"C": 1e22}, budget=1e20, candidates=pool)
    names = [one.settings["name"] for one in found]
    assert len(set(names)) == len(names) >= 2
    assert found.cost == 1e19 * len(names)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"budget": 0}, "finite number of FLOPs"),
        ({"budget": 1e3, "candidates": {"N": [1e8], "D": [1e9]}}, "cheapest candidate"),
        ({"target": {"N": 1e9}}, "needs N and D, or C"),
        ({"target": {"N": 1e9, "D": 1e9}, "want": "N"}, "needs C"),
        ({"want": "money"}, "say loss, or N"),
        ({"target": {"C": -1.0}}, "above zero"),
        ({"candidates": {"N": [1e8]}}, "D is missing"),
        ({"candidates": {"N": [1e8, 1e9], "D": [1e9]}}, "one length"),
    ],
)
def test_a_question_that_means_nothing_is_refused(changed, words):
    asked = {"target": {"C": 1e22}, "budget": 1e20} | changed
    with pytest.raises(UsageError, match=words):
        design.informative("besiroglu2024", **asked)


def test_a_finding_says_when_runs_hardly_help():
    pool = {"N": [1e9], "D": [2e10]}  # amid the runs there are
    found = design.informative(
        chinchilla_runs(60, noise=0.002), target={"C": 1e24}, budget=2e20, candidates=pool, draws=0
    )
    assert [one.code for one in found.findings] == ["S06"]


def test_no_candidate_is_smaller_than_the_runs_so_far_unless_it_is_given(few):
    found = design.informative(few, target={"C": 1e22}, budget=1e20, want="N", draws=1)
    assert all(min(getattr(one, key) for one in found) >= few.runs[key].min() for key in ("N", "D", "C"))
    assert len({(one.N, one.D) for one in found}) == len(found)
    with pytest.raises(UsageError, match="Give candidates"):
        design.informative(few, target={"C": 1e22}, budget=1e15)


def test_a_run_is_repeated_only_where_that_is_allowed(few):
    pool = {"N": [3e8], "D": [1e10]}
    asked = {"target": {"C": 1e22}, "budget": 6e19, "candidates": pool, "draws": 0}
    assert len(design.informative(few, **asked)) <= 1
    assert len(design.informative(few, **asked, repeats=True)) == 3


def test_the_command_writes_the_table_it_prints(good, tmp_path):
    path = tmp_path / "runs.csv"
    said = good("design", "grid", "--flops", "1e19:1e20", "--count", 2, "--sizes", 3, "-o", path)
    lines = path.read_text().splitlines()
    assert lines[0] == "N,D,C"
    assert [float(line.split(",")[0]) for line in lines[1:]] == [run["N"] for run in said["runs"]]
    assert said["flops"] == pytest.approx(sum(run["C"] for run in said["runs"]))
    as_json = tmp_path / "next.json"
    words = ("design", "next", "besiroglu2024", "--target-flops", "1e22", "--spend", "1e20", "--among", path)
    chosen = good(*words, "-o", as_json)
    assert json.loads(as_json.read_text()) == chosen
    assert {run["N"] for run in chosen["runs"]} <= {run["N"] for run in said["runs"]}
    assert chosen["now"]["low"] < chosen["runs"][-1]["after"]["low"]


def test_what_the_command_is_not_told_is_asked_for(refused, tmp_path):
    assert "--target-flops 1e22" in refused(2, "design", "next", "besiroglu2024", "--spend", "1e20")
    assert "is no range" in refused(2, "design", "ladder", "--sizes", "1e9:1e8")
    assert ".csv or .json" in refused(2, "design", "ladder", "--sizes", "1e7,1e8", "-o", tmp_path / "runs.txt")


def test_every_design_has_its_command():
    assert [one.name or one.callback.__name__ for one in designing.design.registered_commands] == [
        "grid",
        "ladder",
        "next",
    ]
