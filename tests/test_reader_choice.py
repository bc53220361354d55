"""From logs to runs: which key is which letter, which evaluation counts, and what is asked for in one line."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.data.readers.column_choice import choose, missing, table
from isoflop.data.readers.counted import Rule
from isoflop.data.readers.logs import Logged, flat, number, series
from isoflop.data.runs import build
from isoflop.errors import DataError, UsageError

STEPS = [10, 20, 30, 40]
LOSSES = [3.0, 2.5, 2.0, 2.25]


def run(name="a", config=None, **metrics):
    """Give a run whose metrics are logged at the four steps."""
    found = {key.replace("__", "/"): series(STEPS, values) for key, values in metrics.items()}
    return Logged(name, {"n_params": 1e7} if config is None else config, found)


def taken(*runs, **asked):
    return {one.letter: (one.key, one.place) for one in choose(runs, asked, "logs")}


def rows(*runs, rule=None, **asked):
    rule = Rule() if rule is None else rule
    return build(table(runs, choose(runs, asked, "logs"), rule, source="logs"), allow=["D02"])


def test_keys_are_known_by_their_names_whole_or_after_a_folder():
    one = run(
        val__loss=LOSSES,
        train__loss=LOSSES,
        train__tokens=[1e6, 2e6, 3e6, 4e6],
        config={"model.num_parameters": 1e7, "n": 3},
    )
    assert taken(one) == {
        "N": ("model.num_parameters", "config"),
        "D": ("train/tokens", "metrics"),
        "loss": ("val/loss", "metrics"),
    }


@pytest.mark.parametrize("key", ["train/loss", "loss/train", "aux/loss", "val/loss_z", "d", "n", "perf/flops"])
def test_nothing_is_taken_for_what_it_may_not_be(key):
    assert taken(Logged("a", {}, {key: series(STEPS, LOSSES)})) == {}


def test_what_was_reached_comes_before_what_was_planned():
    one = run(config={"tokens": 9e9, "n_params": 1e7}, tokens=[1e6, 2e6, 3e6, 4e6])
    assert taken(one)["D"] == ("tokens", "metrics")
    assert taken(run(config={"tokens": 9e9, "n_params": 1e7}))["D"] == ("tokens", "config")


def test_two_keys_for_one_letter_are_refused_and_named():
    with pytest.raises(DataError, match=r'keys "val/loss" and "eval/loss" could each be loss.*--loss "val/loss"'):
        taken(run(val__loss=LOSSES, eval__loss=LOSSES))
    with pytest.raises(DataError, match=r'"n_params" and "model\.params" could each be N'):
        taken(run(config={"n_params": 1e7, "model.params": 2e7}))
    assert taken(run(config={"n_params": 1e7, "model.params": 1e7}))["N"] == ("n_params", "config")


def test_what_the_user_says_wins_with_or_without_its_place():
    one = run(val__loss=LOSSES, test__loss=LOSSES, config={"size": "10M", "n_params": 5.0})
    assert taken(one, loss="test/loss", N="config.size")["N"] == ("size", "config")
    assert rows(one, loss="test/loss", N="size")["N"][0] == 1e7
    assert rows(one, loss="metrics.val/loss")["loss"][0] == 2.25


def test_a_product_is_worked_out_at_the_step_of_the_loss():
    one = run(val__loss=LOSSES, config={"n_params": 1e7, "batch": 512.0})
    found = rows(one, D="step*config.batch*2")
    assert found["D"][0] == 40 * 512 * 2
    assert taken(one, D="step*config.batch*2")["D"] == ("step*config.batch*2", "step × config")
    assert rows(one, D="step*0.5M")["D"][0] == 2e7


def test_a_loss_in_bits_is_turned_into_nats_by_a_product():
    assert rows(run(val__bpb=LOSSES), loss="val/bpb*0.5")["loss"].tolist() == [1.125]
    assert rows(run(val__bpb=LOSSES), loss="0.5*val/bpb", rule=Rule("best"))["loss"].tolist() == [1.0]


def test_another_column_may_be_text_or_a_metric():
    one = run(val__loss=LOSSES, tokens=STEPS, gap=[1, 2, 3, 4], config={"n_params": 1e7, "data": "web"})
    found = rows(one, corpus="config.data", spread="gap")
    assert found["corpus"].tolist() == ["web"]
    assert found["spread"].tolist() == [4]
    assert "data" not in found


def test_an_unknown_key_is_refused_with_what_there_is():
    with pytest.raises(DataError, match='no key "tokns" to be D; metrics have val/loss; config has n_params'):
        taken(run(val__loss=LOSSES), D="tokns")


def test_perplexity_is_never_the_loss():
    with pytest.raises(DataError, match="val/ppl is perplexity"):
        taken(run(val__ppl=LOSSES), loss="val/ppl")


def test_what_is_missing_is_asked_for_in_one_line():
    one = run(foo=LOSSES, config={"width": 3.0})
    line = missing({one.letter for one in choose([one], {}, "logs")}, [one])
    assert line.startswith("loss and N and D are missing; metrics have foo; config has width. Say --loss KEY, --N KEY")
    assert "\n" not in line
    both = run(val__loss=LOSSES, config={"n_params": 1e7, "total_flops": 1e18})
    assert missing({one.letter for one in choose([both], {}, "logs")}, [both]) == ""


@pytest.mark.parametrize(
    ("rule", "steps", "losses"),
    [
        (Rule(), [40], [2.25]),
        (Rule("best"), [30], [2.0]),
        (Rule("mean:2"), [40], [2.125]),
        (Rule("mean:9"), [40], [2.4375]),
        (Rule(smooth=2), [40], [2.125]),
        (Rule("best", smooth=3), [40], [2.25]),
        (Rule(curves=True), STEPS, LOSSES),
        (Rule(curves=True, smooth=2), STEPS, [3.0, 2.75, 2.25, 2.125]),
    ],
)
def test_the_evaluation_that_counts_is_the_one_the_rule_names(rule, steps, losses):
    found = rows(run(val__loss=LOSSES, tokens=[1e6, 2e6, 3e6, 4e6]), rule=rule)
    assert found["step"].tolist() == steps
    assert found["loss"] == pytest.approx(losses)
    assert found["D"].tolist() == [step * 1e5 for step in steps]


@pytest.mark.parametrize("words", ["first", "mean", "mean:0", "mean:-1", "mean:x", "best:2", ""])
def test_another_rule_is_a_usage_error(words):
    with pytest.raises(UsageError, match=r"Say last, best or mean:5"):
        Rule(words)


def test_curves_and_a_final_loss_exclude_each_other():
    with pytest.raises(UsageError, match="one of the two"):
        Rule("best", curves=True)
    with pytest.raises(UsageError, match="1 or more"):
        Rule(smooth=0)


def test_a_run_that_ended_in_nan_is_left_out_and_the_best_before_it_is_there_for_the_asking():
    one, other = run(val__loss=[3, 2, 1.5, np.nan], tokens=STEPS), run("b", val__loss=LOSSES, tokens=STEPS)
    assert [item.reason for item in rows(one, other).excluded] == ["loss is nan"]
    assert rows(one, other, rule=Rule("best"))["loss"].tolist() == [1.5, 2.0]


def test_tokens_logged_elsewhere_are_the_last_ones_before_the_loss():
    found = Logged(
        "a", {"n_params": 1e7}, {"val_loss": series([25], [2.0]), "tokens": series([10, 20, 30], [1e6, 2e6, 3e6])}
    )
    assert rows(found)["D"][0] == 2e6
    early = Logged("b", {"n_params": 1e7}, {"val_loss": series([5], [2.0]), "tokens": series([10], [1e6])})
    assert rows(found, early).excluded[0].reason == "D is nan"


def test_settings_are_columns_but_never_in_the_place_of_a_letter():
    config = {"n_params": 1e7, "lr": 0.1, "run": "x", "N": 3.0, "loss": "ce"}
    found = rows(run(val__loss=LOSSES, tokens=STEPS, config=config), N="n_params")
    assert found["lr"].tolist() == [0.1]
    assert found["config.run"].tolist() == ["x"]
    assert found["config.loss"].tolist() == ["ce"]
    assert found["N"].tolist() == [1e7]


def test_a_run_that_lacks_a_key_is_left_out_by_name_of_the_letter():
    found = rows(run(val__loss=LOSSES, tokens=STEPS), run("b", val__loss=LOSSES, config={}, tokens=STEPS))
    assert [(one.row, one.reason) for one in found.excluded] == [(2, "N is nan")]


def test_what_was_logged_last_at_a_step_stands():
    found = series([0, 10, 20, 10, 20, 30], [1, 2, 3, 4, 5, 6])
    assert found.steps.tolist() == [0, 10, 20, 30]
    assert found.values.tolist() == [1, 4, 5, 6]
    assert series([0, 0, 0], [3, 2, 1]).values.tolist() == [3, 2, 1]


def test_settings_are_flat_and_plain():
    nested = {"a": {"b": {"c": 1}}, "list": [1], "text": "x" * 501, "flag": True, "none": None, "_wandb": {"v": 1}}
    assert flat(nested) == {"a.b.c": 1.0, "flag": True}
    with pytest.raises(DataError, match="more than 900 settings"):
        flat({f"k{one}": 1 for one in range(901)})


@pytest.mark.parametrize(
    ("value", "read"),
    [(1, 1.0), (2.5, 2.5), ("Infinity", np.inf), ("nan", None), ("x", None), (True, None), (None, None)],
)
def test_a_logged_value_is_a_number_or_none(value, read):
    assert number(value) == read
    assert np.isnan(number("NaN"))
    assert number(10**400) == np.inf


def test_a_format_of_several_forms_is_read_by_each_runs_own_form():
    new = Logged("new", {"size": 5.0}, {"val/a": series([1], [3.0])}, known={"N": "size", "loss": "val/a"})
    old = Logged("old", {"body": 2.0, "head": 1.0}, {"val/b": series([1, 2], [4.0, 3.5])},
                 known={"N": "body+head", "loss": "val/b"})  # fmt: skip
    for runs in ((new, old), (old, new)):
        found = choose(runs, {"D": "100"}, "logs")
        raw = table(runs, found, Rule(), source="logs")
        columns = dict(zip(raw.names, raw.columns, strict=True))
        by_name = dict(zip(columns["run"], zip(columns["N"], columns["loss"], strict=True), strict=True))
        assert by_name == {"new": (5.0, 3.0), "old": (3.0, 3.5)}
        assert {form.key for form in found[0].forms} == {"size", "body+head"}
