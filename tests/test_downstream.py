"""Accuracy of a run not yet trained: the truth is found, both stages widen it, what does not scale is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scored import CHANCE, scored, second, sound, true_loss

from isoflop import downstream
from isoflop.beyond.downstream import Task, fit_second, judge
from isoflop.beyond.downstream.backtest import look_back, splits
from isoflop.beyond.downstream.long_tables import widened
from isoflop.beyond.downstream.tasks import tasks_of
from isoflop.beyond.downstream.verdict import rising
from isoflop.data.runs import Runs
from isoflop.errors import DataError, UsageError

AT = {"N": 2e9, "D": 4e10}


def known(*tasks):
    return {task: CHANCE[task] for task in tasks}


@pytest.fixture(scope="module")
def mixed():
    runs = scored("sound", "second", "flat", "wave", "noisy")
    return downstream(runs, chance=known("sound", "second", "flat"), items={"sound": 2000}, **AT)


def task_of(loss, accuracy, **about):
    return Task("task", np.asarray(loss, float), np.asarray(accuracy, float), np.full(len(loss), np.nan), **about)


def test_the_truth_is_forecast_within_its_interval(mixed):
    truth = {"sound": sound(true_loss(**AT)), "second": second(true_loss(**AT))}
    for name, value in truth.items():
        accuracy = mixed[name].accuracy
        assert accuracy.low < value < accuracy.high
        assert accuracy.value == pytest.approx(value, abs=0.02)
        assert accuracy.high - accuracy.low < 0.12


@pytest.mark.parametrize(("name", "code"), [("flat", "A01"), ("wave", "A03"), ("noisy", "A03")])
def test_a_task_that_does_not_scale_is_refused_with_an_interval_from_chance_to_ceiling(mixed, name, code):
    found = mixed[name]
    assert found.verdict.code == code
    assert math.isnan(found.accuracy.value)
    assert (found.accuracy.low, found.accuracy.high) == (CHANCE.get(name, 0.0), 1.0)
    assert code in {one.code for one in mixed.findings if name in one.message}


def test_a_score_that_falls_as_models_get_better_is_asked_about():
    verdict = judge(task_of(np.linspace(4, 2, 12), np.linspace(0.7, 0.3, 12)))
    assert verdict.code == "A02"
    assert "error rate" in verdict.words


def test_a_task_that_falls_and_rises_again_and_again_is_not_monotone():
    way = np.linspace(0, 1, 80)
    verdict = judge(task_of(4 - 2 * way, 0.4 - 0.15 * np.sin(6 * np.pi * way) + 0.1 * way))
    assert verdict.code == "A02"
    assert verdict.signal > 3


def test_a_task_with_fewer_than_five_losses_or_that_has_hardly_begun_is_refused():
    assert judge(task_of([3, 2.9, 2.8, 2.7], [0.3, 0.4, 0.5, 0.6])).code == "A05"
    assert judge(task_of([3.0] * 12, np.linspace(0.3, 0.9, 12))).code == "A05"
    loss = np.linspace(4, 2, 12)
    assert judge(task_of(loss, 0.25 + 0.2 * (np.arange(12) >= 10), chance=0.25)).code == "A04"


def test_the_never_falling_sequence_pools_neighbours_that_fall():
    assert rising(np.array([1.0, 3.0, 2.0, 4.0])).tolist() == [1.0, 2.5, 2.5, 4.0]


def test_a_noisier_task_and_an_uncertain_loss_each_widen_the_interval():
    def width(**noise):
        accuracy = downstream(scored("sound", **noise), chance=known("sound"), **AT)["sound"].accuracy
        return accuracy.high - accuracy.low

    quiet = width(loss_noise=0.001, noise=0.003)
    assert width(loss_noise=0.001, noise=0.03) > 2 * quiet
    assert width(loss_noise=0.06, noise=0.003) > 1.2 * quiet


def test_both_stages_are_wider_than_accuracy_from_a_loss_that_is_known(mixed):
    ends = mixed["sound"].accuracy.intervals
    widths = {kind: high - low for kind, (low, high) in ends.items()}
    assert widths["both stages"] > widths["loss to accuracy"] > 0


def test_a_known_loss_is_taken_as_it_is():
    found = downstream(scored("sound"), chance=known("sound"), loss=2.5)["sound"]
    assert found.loss.value == 2.5
    assert found.accuracy.value == pytest.approx(sound(2.5), abs=0.015)
    assert "log-linear" not in found.baselines


def test_few_test_items_widen_the_interval():
    def width(items):
        found = downstream(scored("sound"), chance=known("sound"), items={"sound": items}, **AT)["sound"].accuracy
        return found.high - found.low

    assert width(100) > 2 * width(100_000)


def test_the_average_is_of_the_tasks_and_forecast_by_itself():
    found = downstream(scored("sound", "second"), chance=known("sound", "second"), **AT)
    truth = (sound(true_loss(**AT)) + second(true_loss(**AT))) / 2
    assert found.average.accuracy.low < truth < found.average.accuracy.high
    assert found.average.task.accuracy == pytest.approx(
        (found["sound"].task.accuracy + found["second"].task.accuracy) / 2
    )
    assert downstream(scored("sound"), chance=known("sound"), **AT).average is None


def test_baselines_stand_beside_every_forecast(mixed):
    runs = scored("sound", "second", "flat", "wave", "noisy")
    for one in mixed.rows:
        assert {"largest run", "log-linear"} <= set(one.baselines)
    assert mixed["sound"].baselines["largest run"] == runs["sound"][np.argmax(runs["C"])]
    assert "sigmoid in C" in mixed["sound"].baselines
    assert "sigmoid in C" not in mixed["wave"].baselines


def test_a_tasks_own_loss_is_forecast_and_followed():
    runs = scored("sound")
    own = replace(runs, columns={**runs.columns, "nll": 0.5 * runs["loss"] - 0.3})
    found = downstream(own, tasks=["sound"], losses={"sound": "nll"}, chance=known("sound"), **AT)["sound"]
    assert found.loss.value == pytest.approx(0.5 * true_loss(**AT) - 0.3, rel=0.02)
    assert found.accuracy.value == pytest.approx(sound(true_loss(**AT)), abs=0.03)


@pytest.mark.parametrize("form", ["exponential", "sigmoid"])
def test_a_law_recovers_what_made_the_numbers(form):
    loss = np.linspace(4.5, 2.2, 30)
    accuracy = 0.25 + 0.75 / (1 + np.exp(2 * (loss - 2.9))) if form == "sigmoid" else 0.25 + 2.0 * np.exp(-0.9 * loss)
    found = fit_second(task_of(loss, accuracy, chance=0.25, ceiling=1.0), form)
    said = {"sigmoid": {"b": 0.25, "k": 2.0, "L_0": 2.9}, "exponential": {"eps": 0.75, "k": 2.0, "gamma": 0.9}}[form]
    assert {name: found.values[name] for name in said} == pytest.approx(said, rel=1e-3)


def test_backtests_prefer_the_law_that_made_the_numbers():
    loss = np.linspace(4.5, 2.2, 30)
    steep = task_of(loss, 0.25 + 0.75 / (1 + np.exp(4 * (loss - 3.2))), chance=0.25, ceiling=1.0)
    assert look_back(steep, ("exponential", "sigmoid"), seed=0).weights[1] > 0.7


def test_a_long_table_is_the_wide_one():
    wide = scored("sound", "second")
    rows = range(len(wide))
    columns = {name: np.repeat(wide[name], 2) for name in ("N", "D", "loss")}
    scores = np.array([wide[task][row] for row in rows for task in ("sound", "second")])
    long = Runs.of(**columns, task=["sound", "second"] * len(wide), accuracy=scores)
    assert widened(long)["second"].tolist() == wide["second"].tolist()
    twice = Runs.of(**columns, task=["sound"] * 2 * len(wide), accuracy=scores)
    with pytest.raises(DataError, match="two scores for one run"):
        widened(twice)


@pytest.mark.parametrize(
    ("task", "score"),
    [("task", "acc"), ("benchmark", "accuracy"), ("eval_task", "primary_score"), ("suite", "correct"), ("task", "odd")],
)
def test_a_long_table_is_told_by_what_its_rows_share_whatever_its_columns_are_called(task, score):
    wide = scored("sound", "second")
    rows = range(len(wide))
    scores = np.array([wide[one][row] for row in rows for one in ("sound", "second")])
    own = np.array([wide["loss"][row] + shift for row in rows for shift in (0.0, 0.5)])
    names = {task: ["sound", "second"] * len(wide), score: scores, "bpb": own}
    found = widened(Runs.of(**{name: np.repeat(wide[name], 2) for name in ("N", "D", "loss")}, **names))
    assert found["second"].tolist() == wide["second"].tolist()
    assert found["second_bpb"] == pytest.approx(wide["loss"] + 0.5)
    assert len(found) == len(wide)
    assert [one.loss_column for one in tasks_of(found, **NOTHING)] == ["sound_bpb", "second_bpb"]


NOTHING: dict[str, dict[str, float]] = {"chance": {}, "ceiling": {}, "items": {}, "losses": {}}


def test_a_long_table_whose_scores_could_be_two_columns_asks_which():
    wide = scored("sound", "second")
    both = {name: np.repeat(wide[name], 2) for name in ("N", "D", "loss")}
    odd = {"one": np.tile([0.2, 0.4], len(wide)), "other": np.tile([0.3, 0.5], len(wide))}
    with pytest.raises(DataError, match="--column accuracy=COLUMN"):
        widened(Runs.of(**both, task=["a", "b"] * len(wide), **odd))


@pytest.mark.parametrize("own", ["sound_bpb", "bpb_sound", "sound/nll", "sound_task_loss", "sound_bits_per_byte"])
def test_a_loss_on_answers_is_the_middle_step_and_no_task(own):
    runs = scored("sound")
    with_own = replace(runs, columns={**runs.columns, own: runs["loss"] / 10})
    (found,) = tasks_of(with_own, **NOTHING)
    assert (found.name, found.loss_column) == ("sound", own)


def test_chance_is_no_floor_where_weak_runs_score_below_it():
    loss = np.linspace(4.5, 2.2, 20)
    below = 0.18 + 0.7 / (1 + np.exp(3 * (loss - 2.6)))
    low = task_of(loss, below, chance=0.25, items=1000.0)
    assert not low.floored
    assert fit_second(low, "sigmoid").values["b"] == pytest.approx(0.18, abs=0.02)
    assert task_of(loss, below + 0.08, chance=0.25, items=1000.0).floored


def test_checkpoints_of_one_run_count_as_few_and_sizes_are_held_out():
    size, step = (one.ravel() for one in np.meshgrid([1e7, 3e7, 1e8, 3e8], np.arange(1, 15)))
    loss = 2 + 400 / size**0.34 + 1 / step
    many = task_of(loss, sound(loss), size=size, run=np.unique(size, return_inverse=True)[1])
    few = many.thinned()
    assert few.loss.size == 4 * 5
    assert {float(loss[size == one].min()) for one in np.unique(size)} <= set(few.loss.tolist())
    for low, held in splits(few):
        assert few.size[low].max() < few.size[held].min()
        assert held.size == 1


def test_items_are_found_from_the_scores_for_every_command():
    runs = scored("sound")
    counted = np.round(runs["sound"] * 1319) / 1319
    (found,) = tasks_of(replace(runs, columns={**runs.columns, "sound": counted}), **NOTHING)
    assert found.items == 1319


def test_a_task_whose_blind_forecasts_erred_is_not_forecast_and_not_averaged():
    size = np.repeat([1e7, 3e7, 1e8, 3e8, 1e9], 3)
    loss = np.linspace(4.5, 2.5, 15)
    late = np.where(size == 1e9, 0.85, 0.3 + 0.02 * (4.5 - loss))  # only the largest size jumps
    runs = Runs.of(N=size, D=20 * size, loss=loss, sound=sound(loss), second=second(loss), late=late)
    found = downstream(runs, loss=2.3)
    assert {one.task.name: one.verdict.says for one in found.tasks}["late"] == "cannot say"
    assert found.average.task.accuracy == pytest.approx((sound(loss) + second(loss)) / 2)
    assert {one.code for one in found.findings} >= {"A09"}


def test_settings_of_training_are_no_tasks():
    runs = scored("sound")
    more = replace(runs, columns={**runs.columns, "lr": np.full(18, 0.01), "loss_error": np.full(18, 0.002)})
    assert [one.name for one in tasks_of(more, chance={}, ceiling={}, items={}, losses={})] == ["sound"]


def test_chance_that_nobody_said_and_a_loss_far_below_the_runs_are_noticed():
    codes = {one.code for one in downstream(scored("sound"), loss=0.9).findings}
    assert codes == {"A06", "A07"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "say the run to forecast"),
        ({"N": 1e9}, "say the run to forecast"),
        ({**AT, "x": 2.0}, "not x"),
        ({**AT, "chance": {"sound": 1.5}}, "a share from 0 to 1"),
        ({**AT, "chance": {"nix": 0.5}}, "nix, which is no task"),
        ({**AT, "items": {"sound": 0}}, "number of test items"),
        ({**AT, "chance": {"sound": 0.5}, "ceiling": {"sound": 0.4}}, "not below the ceiling"),
        ({**AT, "forms": ("line",)}, '"line" is no law'),
        ({**AT, "draws": 3}, "too few for an interval"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong, words):
    with pytest.raises(UsageError, match=words):
        downstream(scored("sound"), **wrong)


def test_per_cent_are_read_as_shares_and_what_is_neither_is_refused():
    runs = scored("sound")
    shares, hundred, more = (
        replace(runs, columns={**runs.columns, "sound": factor * runs["sound"]}) for factor in (1, 100, 1000)
    )
    one, other = (downstream(some, tasks=["sound"], draws=100, **AT)["sound"].accuracy for some in (shares, hundred))
    assert one.value == pytest.approx(other.value, abs=1e-3)
    with pytest.raises(DataError, match="Say --percent"):
        downstream(more, tasks=["sound"], **AT)
