"""A jump is called what it is: made by the metric, a break in the model, or not to be told from these runs."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection

import isoflop
from isoflop.beyond.emergence import (
    BREAK,
    METRIC,
    UNDECIDED,
    brier,
    detectable,
    edit_distance,
    exact_match,
    measured,
    token_probability,
)
from isoflop.beyond.emergence.emergence import BEST, along_of, best_compute
from isoflop.data.metric import items_of
from isoflop.errors import DataError, UsageError
from isoflop.faces.plot import emergence_figure
from isoflop.fitting.saved import to_json
from isoflop.laws import find_curve

TOKENS, ITEMS = 5, 2000
pytest_plugins = ["commands"]


def world(*, seed=0, count=20, noise=0.01, gate=None, drop=None, items=ITEMS, tokens=TOKENS, last=0.5):
    """Give columns of a simulated table: smooth unless a gate opens or the loss drops at a share of log scale."""
    random = np.random.default_rng(seed)
    place = np.linspace(0, 1, count)
    loss = last * (0.3 + 0.7 * 4 ** (1 - place))
    if drop is not None:
        loss *= np.where(place > drop, 1.0, 1.3)
    loss = loss * np.exp(noise * random.standard_normal(count))
    share = np.exp(-tokens * loss) * (1.0 if gate is None else np.where(place > gate, 1.0, 0.05))
    return {"C": 10 ** (18 + 3.5 * place), "loss": loss, "accuracy": random.binomial(items, share) / items}


def verdict(columns, **options):
    given = {"target_tokens": TOKENS, "items": ITEMS} | options
    return isoflop.emergence(isoflop.Runs.of(**columns), **given)


@pytest.fixture(scope="module")
def smooth():
    return verdict(world())


@pytest.fixture(scope="module")
def gated():
    return verdict(world(gate=0.5))


@pytest.fixture(scope="module")
def dropped():
    return verdict(world(drop=0.5))


# What a metric makes of a loss.


def test_exact_match_is_what_the_paper_draws():
    curve = find_curve("schaeffer2023-exact-match")
    loss = (8.8e13 / np.array([1e9, 1e11])) ** 0.076
    assert token_probability(loss) == pytest.approx([0.09295, 0.18748], abs=5e-6)
    assert exact_match(loss, 5) == pytest.approx([curve(1e9, 5), curve(1e11, 5)], rel=1e-12)


def test_metrics_meet_their_ends():
    assert exact_match(0.0, 7, chance=0.25, ceiling=0.9) == pytest.approx(0.9)
    assert exact_match(50.0, 7, chance=0.25) == pytest.approx(0.25)
    assert edit_distance([0.0, 50.0], 7) == pytest.approx([0, 7])
    assert brier([0.0, 50.0], 2) == pytest.approx([0, 2])


def test_edit_distance_is_smooth_where_exact_match_jumps():
    loss = np.linspace(2, 0.1, 50)
    jump, slow = exact_match(loss, 10), edit_distance(loss, 10)
    assert np.abs(np.diff(jump)).max() > 8 * np.median(np.abs(np.diff(jump)))
    assert np.abs(np.diff(slow)).max() < 3 * np.median(np.abs(np.diff(slow)))


def test_an_accuracy_below_half_an_item_reads_zero():
    assert measured([0.0004, 0.0006, 0.5], 1000).tolist() == [0, 0.001, 0.5]


def test_detectable_is_what_guessing_reaches_in_one_of_twenty_tests():
    random = np.random.default_rng(0)
    guessed = random.binomial(1000, 0.25, 20_000) / 1000
    assert (guessed >= detectable(1000, 0.25)).mean() == pytest.approx(0.05, abs=0.01)
    assert detectable(1000) == pytest.approx(0.003, abs=1e-5)


@pytest.mark.parametrize(("items", "digits"), [(1319, 16), (164, 16), (230, 8)])
def test_items_are_read_off_exact_fractions(items, digits):
    right = np.array([3, 17, 40, 101, 163])
    assert items_of(np.round(right / items, digits)) == items


def test_items_are_not_read_off_rounded_or_averaged_numbers():
    assert items_of(np.array([0.11, 0.23, 0.37])) == 0
    assert items_of(np.random.default_rng(0).random(9)) == 0


# Verdicts.


def test_a_smooth_model_scored_by_exact_match_is_made_by_the_metric(smooth):
    assert smooth.verdict == METRIC
    assert "exact match of 5 tokens" in smooth.reason
    assert not [one for one in smooth.findings if one.severity == "WARN" and one.code != "M10"]


def test_accuracy_that_jumps_at_a_loss_is_a_break(gated):
    assert gated.verdict == BREAK
    assert gated.accuracy_scores["with a step"] == max(gated.accuracy_scores.values())
    mark = gated.thresholds[-1]
    assert mark.what == "breaks"
    assert mark.along.low <= 10 ** (18 + 3.5 * 0.5) <= mark.along.high


def test_a_loss_that_drops_is_a_break_in_the_loss(dropped):
    assert dropped.verdict == BREAK
    assert dropped.reason.startswith("The loss itself breaks")
    mark = dropped.thresholds[-1]
    assert mark.along.low <= 10 ** (18 + 3.5 * 0.5) <= mark.along.high
    assert mark.loss.low < mark.loss.high


def test_a_steeper_rise_than_the_tokens_make_is_a_break():
    columns = world()
    place = np.linspace(0, 1, 20)
    columns["loss"] = 2.0 + 0.5 * 10 ** (-place)
    share = 0.9 / (1 + np.exp((0.55 - place) / 0.03))
    columns["accuracy"] = np.random.default_rng(1).binomial(ITEMS, share) / ITEMS
    assert verdict(columns).verdict == BREAK


@pytest.mark.simulates
def test_verdicts_hold_over_several_worlds():
    """Of a few worlds each; benchmarks/emergence.py counts many."""
    smooth = [verdict(world(seed=seed)).verdict for seed in range(5, 9)]
    broken = [verdict(world(seed=seed, gate=0.45)).verdict for seed in range(5, 9)]
    assert smooth == 4 * [METRIC]
    assert broken == 4 * [BREAK]


@pytest.mark.simulates
def test_without_the_number_of_tokens_smooth_worlds_are_not_called_broken():
    found = [verdict(world(seed=seed), target_tokens=None).verdict for seed in range(5, 9)]
    assert BREAK not in found
    assert METRIC in found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"count": 7}, "M01"),
        ({"last": 6.0}, "M02"),
        ({"last": 1.25}, "M04"),
        ({"gate": 0.93}, "M06"),
        ({"noise": 0.25, "count": 9, "last": 0.3}, "M08"),
    ],
)
def test_what_cannot_be_decided_says_what_would(change, code):
    found = verdict(world(**change))
    assert found.verdict == UNDECIDED
    (said,) = [one for one in found.findings if one.code == code]
    assert said.remedy.rstrip(".").lower() in found.reason.lower()


def test_without_a_loss_it_is_undecided():
    columns = world()
    del columns["loss"]
    found = verdict(columns)
    assert (found.verdict, [one.code for one in found.findings]) == (UNDECIDED, ["M03"])


def test_a_loss_of_other_text_is_not_held_to_the_tokens_stated():
    columns = world(count=30)
    columns["loss"] = columns["loss"] * 0.6 + 2
    found = verdict(columns)
    assert found.verdict == UNDECIDED
    assert "M07" in [one.code for one in found.findings]
    assert verdict(columns, target_tokens=None).verdict == METRIC


def test_without_known_items_it_is_undecided():
    columns = world()
    columns["accuracy"] = np.round(columns["accuracy"], 2)
    found = verdict(columns, items=None)
    assert found.verdict == UNDECIDED
    assert "--items" in found.reason


def test_a_metric_that_nobody_measured_is_worked_out_and_said():
    found = verdict({key: value for key, value in world().items() if key != "accuracy"}, metric=None)
    assert found.verdict == METRIC
    assert "M09" in [one.code for one in found.findings]


# Scale and thresholds.


def test_runs_that_split_compute_in_many_ways_lie_along_what_would_do_as_well():
    runs = isoflop.read("tinylm", where='role == "sweep"')
    assert along_of(runs, None) == BEST
    assert along_of(runs, "N") == "N"
    scale = best_compute(runs)
    assert (scale <= runs["C"] * 1.01).all()
    left = [np.polyfit(np.log(x), np.log(runs["loss"]), 2, full=True)[1][0] for x in (scale, runs["C"])]
    assert left[0] < left[1] / 4
    assert along_of(isoflop.Runs.of(**world()), None) == "C"


def test_accuracy_leaves_chance_where_the_theory_says(smooth):
    (leaves, half) = smooth.thresholds
    truth = -math.log(detectable(ITEMS)) / TOKENS
    assert leaves.loss.value == pytest.approx(truth, rel=0.01)
    place = 1 - math.log((truth / 0.5 - 0.3) / 0.7) / math.log(4)
    assert leaves.along.low <= 10 ** (18 + 3.5 * place) * 1.1
    assert leaves.along.high >= 10 ** (18 + 3.5 * place) / 1.1
    assert leaves.along.value < half.along.value


def test_where_nothing_is_right_yet_the_theory_forecasts_when_it_will_be():
    found = verdict(world(last=1.7, noise=0.003))
    leaves = found.thresholds[0]
    assert found.verdict == UNDECIDED
    assert leaves.along.value > 10**21.5
    assert leaves.along.low < leaves.along.value < leaves.along.high
    truth = -math.log(detectable(ITEMS)) / TOKENS
    place = 1 - math.log((truth / 1.7 - 0.3) / 0.7) / math.log(4)
    assert leaves.along.low < 10 ** (18 + 3.5 * place) < leaves.along.high


def test_a_higher_level_gives_wider_intervals(smooth):
    half, most = verdict(world(), level=0.5).thresholds[0].along, smooth.thresholds[0].along
    assert most.low <= half.low < half.high <= most.high


# Words that mean nothing.


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"chance": 1.0}, "chance=1"),
        ({"items": 0}, "items=0"),
        ({"target_tokens": -1}, "target_tokens=-1"),
        ({"metric": None, "items": None}, "say what to work out"),
        ({"level": 1}, "level=1"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, told):
    with pytest.raises(UsageError, match=told):
        verdict(world(), **options)


def test_columns_that_are_no_accuracies_are_refused():
    columns = world()
    with pytest.raises(DataError, match="Divide per cents by 100"):
        verdict({**columns, "accuracy": 100 * columns["accuracy"]})
    with pytest.raises(DataError, match="holds text"):
        verdict({**columns, "accuracy": ["high"] * 20})
    with pytest.raises(DataError, match='column "score" is missing'):
        verdict(columns, metric="score")


# Faces.


@pytest.fixture
def table(tmp_path):
    columns = world(gate=0.5)
    path = tmp_path / "runs.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text("C,loss,accuracy\n" + "".join(f"{c},{loss},{share}\n" for c, loss, share in rows))
    return path


def test_the_command_says_what_the_function_says(table, good, gated):
    words = ("emergence", table, "--metric", "accuracy", "--target-tokens", TOKENS, "--items", ITEMS)
    assert good(*words) == json.loads(to_json(gated.as_dict() | {"source": str(table)}))


def test_the_command_prints_the_verdict_and_writes_the_figure_or_says_why_not(table, run, tmp_path):
    words = ("emergence", table, "--metric", "accuracy", "--items", ITEMS, "-o")
    done = run(*words, tmp_path / "jump.png")
    assert done.code == 0
    assert done.out.startswith("a break in the model\n")
    assert "breaks" in done.out
    assert (tmp_path / "jump.png").read_bytes().startswith(b"\x89PNG")
    refused = run("emergence", table, "--metric", "accuracy", "-o", tmp_path / "none.pdf", "--where", "C < 1e19")
    assert refused.code == 2
    assert "nothing to draw" in refused.err
    assert run(*words, table).code == 2


def test_the_figure_shows_every_run_and_no_words_overlap(gated):
    figure = emergence_figure(gated)
    figure.draw_without_rendering()
    for axes, values in zip(figure.axes[:2], (gated.shown.loss, gated.shown.accuracy), strict=True):
        dots = [np.asarray(dots.get_offsets()) for dots in axes.collections if isinstance(dots, PathCollection)]
        assert sorted(np.concatenate(dots)[:, 1]) == sorted(values)
        texts = [*axes.texts, axes._left_title, axes.xaxis.label, *axes.get_xticklabels()]
        boxes = {text.get_text(): text.get_window_extent() for text in texts if text.get_text()}
        for (one, here), (other, there) in combinations(boxes.items(), 2):
            assert not here.overlaps(there), f"{one} over {other}"
    assert BREAK in figure.axes[3]._left_title.get_text()


def test_the_figure_of_tokens_that_are_not_stated_shows_accuracy_over_loss():
    figure = emergence_figure(verdict(world(), target_tokens=None))
    assert figure.axes[2].xaxis_inverted()
    assert figure.axes[2].get_yscale() == "log"


# Real numbers.


def trained_on(name):
    """Give the runs of Gadre et al. on one set of text: the loss on other text, and every task's accuracy."""
    folder = Path(os.environ["ISOFLOP_DATA"]) / "gadre"
    with (folder / "gadre_runs_tidy.csv").open() as stream:
        losses = [row for row in csv.DictReader(stream) if row["train_ds"] == name and "openlm" in row["val"]]
    found = []
    for row in losses:
        multiple = float(row["chinchilla_multiplier"])
        path = folder / "evals" / f"evaluation_{name}-{row['model']}-{multiple}_heavy.json"
        if path.exists():
            tasks = json.loads(path.read_text())["eval_metrics"]["icl"]
            size = {"N": float(row["params"]), "D": float(row["tokens"]), "loss": float(row["loss"])}
            found.append(size | {task: tasks[task] for task in ("squad", "jeopardy")})
    return isoflop.Runs.of(**{key: [row[key] for row in found] for key in found[0]})


@pytest.mark.public_data
@pytest.mark.parametrize(
    ("name", "row", "squad", "jeopardy"),
    [
        pytest.param("rpj", "RedPajama", BREAK, UNDECIDED, marks=pytest.mark.simulates),  # two seconds each
        ("c4_original", "C4", UNDECIDED, BREAK),
        pytest.param("rw_original", "RefinedWeb", BREAK, BREAK, marks=pytest.mark.simulates),
    ],
)
def test_the_page_says_what_the_runs_of_gadre_show(name, row, *, squad, jeopardy):
    runs = trained_on(name)
    assert len(runs) >= 34
    found = isoflop.emergence(runs, metric="squad", items=10570)
    other = isoflop.emergence(runs, metric="jeopardy", items=2117)
    assert (found.verdict, other.verdict) == (squad, jeopardy)
    page = (Path(__file__).parents[1] / "docs" / "emergence.md").read_text()
    (cells,) = [line.split(" | ") for line in page.splitlines() if line.startswith(f"| {row} |")]
    assert (cells[1], cells[3].removesuffix(" |")) == (squad, jeopardy)
    said = [float(number) for number in re.findall(r"\d\.\d+e\d+", cells[2])]
    along = found.thresholds[-1].along
    assert said == pytest.approx([along.value, along.low, along.high] if squad == BREAK else [], rel=0.01)


@pytest.mark.parametrize("task", ["lambada", "add_2_digits", "three_operations", "add_5_digits"])
def test_the_page_says_what_the_tasks_that_ship_show(task):
    found = isoflop.emergence("gpt3-arithmetic", metric=task, items=5153 if task == "lambada" else 2000)
    page = (Path(__file__).parents[1] / "docs" / "emergence.md").read_text()
    (row,) = [line.split(" | ") for line in page.splitlines() if line.startswith("| ") and task in line.split(" | ")[0]]
    assert found.verdict == row[1]
    assert "M11" in [one.code for one in found.findings]


def test_thinking_by_size_has_no_loss_and_is_undecided():
    found = isoflop.emergence("chain-of-thought", metric="gsm8k_cot", items=1319)
    assert (found.verdict, [one.code for one in found.findings]) == (UNDECIDED, ["M03"])
