"""Results of lm-evaluation-harness are read as it writes them, and refused in words where they are not."""

from __future__ import annotations

import json
import math

import pytest

from isoflop.beyond.downstream import with_scores
from isoflop.data.readers.lm_eval import read_lm_eval
from isoflop.data.runs import Runs
from isoflop.errors import DataError

ARC = {
    "alias": "arc_easy",
    "acc,none": 0.62,
    "acc_stderr,none": 0.01,
    "acc_norm,none": 0.58,
    "acc_norm_stderr,none": 0.011,
}
GSM8K = {
    "alias": "gsm8k", "exact_match,strict-match": 0.31, "exact_match_stderr,strict-match": 0.012,
    "exact_match,flexible-extract": 0.35, "exact_match_stderr,flexible-extract": 0.013,
}  # fmt: skip
WIKITEXT = {"alias": "wikitext", "word_perplexity,none": 12.3, "word_perplexity_stderr,none": "N/A"}
GROUP = {"alias": "ai2", "acc,none": 0.5, "acc_stderr,none": 0.02}


def written(path, results=None, *, model="org/m0", **more):
    content = {
        "results": {"arc_easy": ARC, "gsm8k": GSM8K, "wikitext": WIKITEXT, "ai2": GROUP}
        if results is None
        else results,
        "group_subtasks": {"ai2": ["arc_easy"], "arc_easy": []},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=float16", "num_fewshot": None},
        "higher_is_better": {"arc_easy": {"acc": True}, "wikitext": {"word_perplexity": False}},
        "n-samples": {"arc_easy": {"original": 2376, "effective": 1000}},
        **more,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_scores_errors_and_items_are_read_and_the_first_metric_that_is_a_share_counts(tmp_path):
    arc, gsm8k = read_lm_eval(written(tmp_path / "results_2025-01-01T00-00-00.json"))
    assert (arc.model, arc.task, arc.metric, arc.value, arc.error, arc.items) == (
        "org/m0", "arc_easy", "acc", 0.62, 0.01, 1000,
    )  # fmt: skip
    assert (gsm8k.metric, gsm8k.value, gsm8k.error) == ("exact_match,strict-match", 0.31, 0.012)
    assert math.isnan(gsm8k.items)


def test_groups_are_left_out_since_their_tasks_are_there(tmp_path):
    assert [one.task for one in read_lm_eval(written(tmp_path / "results.json"))] == ["arc_easy", "gsm8k"]


@pytest.mark.parametrize(
    ("metric", "value"),
    [("acc_norm", 0.58), ("exact_match", 0.31), ("exact_match,flexible-extract", 0.35), ("acc", 0.62)],
)
def test_a_metric_is_read_by_name_with_or_without_its_filter(tmp_path, metric, value):
    assert [one.value for one in read_lm_eval(written(tmp_path / "results.json"), metric=metric)] == [value]


def test_files_from_before_version_0_4_are_read(tmp_path):
    (old,) = read_lm_eval(written(tmp_path / "results.json", {"piqa": {"acc": 0.7, "acc_stderr": 0.01}}))
    assert (old.metric, old.value, old.error) == ("acc", 0.7, 0.01)


def test_a_metric_where_less_is_better_is_not_read(tmp_path):
    lower = {"toxic": {"acc": False}}
    path = written(tmp_path / "results.json", {"toxic": {"acc,none": 0.2}}, higher_is_better=lower)
    with pytest.raises(DataError, match="no task has a metric"):
        read_lm_eval(path)


def test_of_several_files_of_a_model_the_last_counts_and_every_folder_is_looked_into(tmp_path):
    for name, value in (("2025-01-01", 0.3), ("2025-03-01", 0.5), ("2025-02-01", 0.4)):
        written(tmp_path / "m0" / f"results_{name}.json", {"arc_easy": {"acc,none": value}})
    written(tmp_path / "deep" / "m1" / "results_2025-01-01.json", {"arc_easy": {"acc,none": 0.6}}, model="org/m1")
    assert {one.model: one.value for one in read_lm_eval(tmp_path)} == {"org/m0": 0.5, "org/m1": 0.6}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"model_name": "named"}, "named"),
        ({"config": {"model_args": {"pretrained": "dict/m", "dtype": "auto"}}}, "dict/m"),
        ({"config": {}}, "folder"),
    ],
)
def test_the_model_is_named_as_the_file_says_or_else_by_its_folder(tmp_path, more, name):
    assert read_lm_eval(written(tmp_path / "folder" / "results.json", **more))[0].model == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", 'has no "results"'),
        ('{"results": {"a": 1}}', 'has no "results"'),
        ('{"results": {"a": {"acc,none": "N/A"}}}', "no task has a metric"),
        ('{"results": {"a": {"acc,none": 62.0}}}', "no task has a metric"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path, content, words):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(DataError, match=words):
        read_lm_eval(tmp_path / "results.json")


def test_a_folder_without_results_is_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="no file of results"):
        read_lm_eval(tmp_path)


def runs_named(*names):
    columns = {"N": [1e8, 2e8], "D": [2e9, 4e9], "loss": [3.2, 3.0]}
    return Runs.of(**columns, model=names)


def test_a_score_finds_its_run_by_the_last_part_of_the_models_path(tmp_path):
    found = with_scores(runs_named("m1", "m0"), read_lm_eval(written(tmp_path / "results.json")))
    assert math.isnan(found["arc_easy"][0])
    assert found["arc_easy"][1] == 0.62


def test_scores_of_other_models_are_refused_in_words(tmp_path):
    scores = read_lm_eval(written(tmp_path / "results.json"))
    with pytest.raises(DataError, match="none of the models scored, such as org/m0"):
        with_scores(runs_named("x", "y"), scores)
    with pytest.raises(DataError, match="no column names the runs"):
        with_scores(Runs.of(N=[1e8], D=[2e9], loss=[3.0]), scores)
