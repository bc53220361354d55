"""Tables of samples, however they are laid out, become the same counts; what is no count is refused by cell."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from isoflop.beyond.test_time import Asked, Attempts, inference, read_attempts
from isoflop.errors import DataError
from isoflop.faces.plot import inference_figure, save_figure

pytest_plugins = ["commands"]

COUNTS = "model,N,problem,n,c\nbig,7B,a,10,3\nbig,7B,b,20,0\nsmall,500M,a,10,1\nsmall,500M,b,20,0\n"
RATES = "model,N,pass@1,problems\nsmall,0.5B,0.03,500\nlarge,14B,0.48,500\nhuge,70B,0.62,500\n"


def test_counts_are_read_by_model_small_ones_first(write):
    small, big = read_attempts(write(COUNTS))
    assert (small.name, small.N, big.name, big.N) == ("small", 5e8, "big", 7e9)
    assert big.problems == ("a", "b")
    assert big.samples.tolist() == [10, 20]
    assert big.correct.tolist() == [3, 0]
    assert big.pass1 == pytest.approx(0.15)
    assert big.fewest == 10


def test_rows_of_one_sample_are_counted_up(write):
    rows = ["task_id,correct", *["a,true"] * 3, *["a,False"] * 7, *["b,0"] * 20]
    (one,) = read_attempts(write("\n".join(rows)))
    assert (one.samples.tolist(), one.correct.tolist()) == ([10, 20], [3, 0])


def test_json_lines_with_truth_values_are_read_too(write):
    rows = [{"problem": name, "passed": good} for name, good in (("a", True), ("a", False), ("b", True))]
    (one,) = read_attempts(write("\n".join(json.dumps(row) for row in rows), name="samples.jsonl"),
                           columns={"correct": "passed"})  # fmt: skip
    assert (one.samples.tolist(), one.correct.tolist()) == ([2, 1], [1, 1])


def test_a_rate_of_known_samples_is_a_count(write):
    (one,) = read_attempts(write("problem,n,pass@1\na,10,0.3\nb,20,0\n"))
    assert one.correct.tolist() == [3, 0]
    with pytest.raises(DataError, match=r'row 2, column "pass@1".*no whole number'):
        read_attempts(write("problem,n,pass@1\na,10,0.35\nb,20,0\n"))


def test_a_model_a_row_is_pass_at_1_alone(write):
    small, *_ = read_attempts(write(RATES))
    assert not small.counted
    assert (small.pass1, small.known_problems, small.fewest) == (0.03, 500, 0)


def test_sizes_name_models_that_have_no_name(write):
    assert [one.name for one in read_attempts(write("N,pass@1\n7B,0.4\n1B,0.2\n"))] == ["1.00B", "7.00B"]


def test_tokens_of_a_sample_are_told_from_tokens_trained_on(write):
    (one,) = read_attempts(write("model,tokens,pass@1\nm,700,0.4\n"))
    assert one.tokens == 700
    (one,) = read_attempts(write("model,tokens,pass@1\nm,2T,0.4\n"))
    assert one.D == 2e12
    assert np.isnan(one.tokens)


def test_a_condition_keeps_some_rows(write):
    (one,) = read_attempts(write(COUNTS), where='model == "big"')
    assert one.name == "big"
    with pytest.raises(DataError, match="none is left"):
        read_attempts(write(COUNTS), where='model == "huge"')
    with pytest.raises(DataError, match='"size" is missing'):
        read_attempts(write(COUNTS), where="size > 3")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("problem,n,c\na,10,11\n", 'row 2, column "c": "11" of 10 samples'),
        ("problem,n,c\na,10,x\n", "is not a number"),
        ("problem,n,c\na,0,0\n", "no count"),
        ("problem,n,c\na,10,\n", "no count"),
        ("problem,correct\na,3\n", "is not 0 or 1"),
        ("correct\n1\n0\n", "names the problem"),
        ("model,pass@1\nm,142\n", "Write 0.42 for 42 %"),
        ("model,pass@1\na,0.4\nb,0.3\nm,42\n", "Write 0.42 for 42 %"),
        ("model,pass@1\nm,nan\n", "no share"),
        ("model,pass@1\nm,0.4\nm,0.5\n", "of how many samples"),
        ("model,x\nm,0.4\n", "--column correct=COLUMN"),
        ("model,c,passed,n\nm,4,4,8\n", "could each be correct|of 8 samples"),
        ("model,N,problem,n,c\nm,1B,a,3,1\nm,2B,b,3,1\n", "differs from"),
        ("model,N,pass@1\nm,-1,0.4\n", "above zero"),
        ("model,c,solved,n\nm,4,4,8\n", "could each be correct"),
    ],
)
def test_what_is_no_count_is_refused(table, message, write):
    if "passed" in table:
        table = table.replace("passed", "successes")
    with pytest.raises(DataError, match=message):
        read_attempts(write(table))


# The command


def test_the_seed_question_is_one_command(good, write):
    said = good("inference", write(RATES), "--budget-per-query", "1e13,1e15", "--tokens", 512)
    cheap, dear = said["budgets"]
    assert cheap["best"] == "small"
    assert dear["best"] in {"large", "huge"}
    assert cheap["offers"][0]["samples"] == int(1e13 / (2 * 0.5e9 * 512))
    assert cheap["offers"][1]["samples"] == 0
    assert cheap["offers"][1]["accuracy"]["value"] is None
    (flip, *_) = said["flips"]
    assert flip["before"] == "small"
    assert flip["budget"]["low"] <= flip["budget"]["value"] <= flip["budget"]["high"]
    assert {one["code"] for one in said["findings"]} >= {"T01", "T06"}
    one = dear["offers"][0]["accuracy"]
    assert one["high"] - one["low"] > 0.3  # nobody knows how difficulty spreads


def test_money_buys_what_its_flops_would(good, write):
    hour = 2.0 / (989e12 * 0.4 * 3600)
    table = write(RATES)
    money = good("inference", table, "--budget-per-query", f"{1e14 * hour} USD", "--tokens", 512)
    flops = good("inference", table, "--budget-per-query", "1e14", "--tokens", 512)
    assert [one["samples"] for one in money["budgets"][0]["offers"]] == [
        one["samples"] for one in flops["budgets"][0]["offers"]
    ]
    assert money["unit"] == "dollars"


def test_a_table_of_counts_is_forecast_at_the_samples_asked(good, write):
    said = good(
        "inference", write(COUNTS), "--samples", "1,10,1000", "--choose", "majority", "--where", 'model == "big"'
    )
    (model,) = said["models"]
    assert [row["k"] for row in model["reach"]] == [1, 10, 1000]
    assert model["reach"][0]["measured"] == pytest.approx(0.15)
    assert model["reach"][2]["measured"] is None
    assert set(model["limits"]) == {"coverage", "majority"}
    assert sum(model["families"].values()) == pytest.approx(1)


def test_the_terminal_shows_forecasts_budgets_and_flips(run, write):
    said = run("inference", write(RATES), "--budget-per-query", "1e15", "--tokens", 512, "--recall", 0.9)
    assert said.code == 0
    assert re.search(r"large +14\.0B +69 +48\.0%", said.out)
    assert "small → " in said.out
    alone = run("inference", write(COUNTS), "--recall", 0.9, "--false-positives", 0.1)
    assert "verified" in alone.out
    assert "no end" in alone.out


def test_a_life_of_queries_is_planned(good, write):
    table = write("model,N,D,pass@1\na,0.5B,200B,0.12\nb,3B,1T,0.31\nc,14B,2T,0.48\n")
    said = good("inference", table, "--lifetime", "1e23", "--queries", "1e9", "--tokens", 512)
    life = said["lifetime"]
    assert life["curve"] == "besiroglu2024"
    assert life["accuracy"]["value"] > life["alone"]["value"]
    money = good("inference", table, "--lifetime", "1M USD", "--queries", "1e9", "--tokens", 512)
    assert money["lifetime"]["flops"] == pytest.approx(1e6 / 2 * 989e12 * 0.4 * 3600)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, ["--budget-per-query", "1e15"]),
        (2, ["--budget-per-query", "1e15,0.1 USD", "--tokens", "512"]),
        (2, ["--budget-per-query", "0.1 €", "--tokens", "512"]),
        (2, ["--choose", "luck"]),
        (2, ["--samples", "0"]),
        (2, ["--samples", "1.5"]),
        (2, ["--concentration", "5"]),
        (2, ["--level", "2"]),
        (2, ["--lifetime", "1e22"]),
        (3, ["--lifetime", "1e22", "--queries", "1e6", "--tokens", "512"]),
        (2, ["-o", "figure.txt"]),
        (3, ["--column", "c=nothing"]),
    ],
)
def test_words_that_cannot_be_meant_are_refused(code, words, *, refused, write):
    refused(code, "inference", write(RATES), *words)


def test_names_with_control_characters_are_shown_harmless(run, write):
    said = run("inference", write("model,N,pass@1\nx\x1b[31m,1B,0.3\n"), "--budget-per-query", "1e15", "--tokens", 9)
    assert said.code == 0
    assert "\x1b[31m" not in said.out


# The figure


@pytest.mark.parametrize(("budgets", "how"), [((), "coverage"), ((1e13,), "majority")])
def test_the_figure_draws_every_model_and_every_flip(budgets, how, *, tmp_path):
    from isoflop.beyond.test_time import Choosing, Serving

    p = np.linspace(0, 0.8, 40)
    models = [
        Attempts.of(np.full(40, 30), np.round(30 * p * able), name=name, N=N)
        for name, N, able in (("small", 1e9, 0.4), ("large", 2e10, 1.0))
    ]
    found = inference(models, asked=Asked(budgets=budgets, choosing=Choosing(how), serving=Serving(tokens=512)))
    figure = inference_figure(found)
    left, right = figure.axes
    assert left.get_xscale() == "log"
    assert {text.get_text() for text in left.texts} >= {"small", "large"}
    written = " ".join(text.get_text() for text in right.texts)
    assert all(f"{flip.after} from" in written for flip in found.flips)
    again = save_figure(inference_figure(found), tmp_path / "again.png")
    assert save_figure(figure, tmp_path / "first.png").read_bytes() == again.read_bytes()
