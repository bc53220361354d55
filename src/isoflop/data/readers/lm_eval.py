"""Evaluation results of lm-evaluation-harness, lighteval, olmes and open_lm → what each model scored on each task.

lm_eval writes metrics as "acc,none" with "acc_stderr,none" beside them from version 0.4 on, and "acc" before; its
files are called results_TIME.json, or as people name them. lighteval names tasks "suite|task|shots", olmes has a file
for each task with a primary_score, open_lm one object of accuracies. Only metrics that are shares, where more is
better, are read.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoflop.data.limits import MAX_RESULTS, files_below
from isoflop.data.readers.address import is_address, local_copy
from isoflop.data.readers.source import head, read_text
from isoflop.errors import DataError, shown

METRICS = (
    "acc", "acc_norm", "exact_match", "em", "f1", "mcc", "pass@1", "primary_score", "acc_raw", "acc_per_char", "qem",
    "extractive_match", "pem",
)  # fmt: skip
"""The metrics read where none is named, the first that a task has."""
_FINAL = frozenset({"", "main", "master", "none", "null", "default"})
"""Revisions that mean the model as it is, not a checkpoint."""
_MARKS = (b'"results"', b'"eval_metrics"', b'"task_name"', b'"config_general"', b'"tasks"')


@dataclass(frozen=True)
class Score:
    """What one model scored on one task: value, standard error and test items, nan where the file does not say.

    model       as the file names it; metric as in "acc" or, where a filter was applied, "exact_match,strict-match"
    checkpoint  the revision that was evaluated, where it is not the model as it is: "step1000"
    """

    model: str
    task: str
    metric: str
    value: float
    error: float
    items: float
    source: str
    checkpoint: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a run may be called to have this score: the model, or the last part of its path, and the checkpoint."""
        plain = self.model.rstrip("/")
        models = dict.fromkeys((self.model, plain, plain.rsplit("/", maxsplit=1)[-1]))
        if not self.checkpoint:
            return tuple(models)
        return tuple(f"{model}{sign}{self.checkpoint}" for model in models for sign in "@-_/: ")


def recognises(file: Path) -> bool:
    """Return whether a file begins as results of evaluations do."""
    return file.suffix in {".json", ".jsonl"} and any(mark in head(file) for mark in _MARKS)


def read_lm_eval(source: str | os.PathLike[str], *, metric: str | None = None) -> tuple[Score, ...]:
    """Return the scores in one file of results, or in every such file of a folder and the folders in it.

    Of several files with a model's score on a task, the last by name counts: names hold the time. A revision other than
    main is a checkpoint with scores of its own.
    metric  the metric to read, such as acc_norm; unless said, the first a task has of acc, acc_norm, exact_match, …
    Raises DataError, naming the file and what is wrong with it.
    """
    if is_address(source):
        with local_copy(str(source)) as copy:
            return read_lm_eval(copy.path, metric=metric)
    path = Path(source)
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{shown(str(path))}: no file of results in this folder. Name what lm_eval wrote with "
                        "--output_path, or what olmes, lighteval or open_lm wrote.")  # fmt: skip
    if len(files) > MAX_RESULTS:
        raise DataError(f"{shown(str(path))}: more than {MAX_RESULTS:,} result files. Name a folder with fewer.")
    found = {(one.model, one.checkpoint, one.task): one for file in files for one in _scores(file, metric)}
    if not found:
        wanted = metric or ", ".join(METRICS)
        raise DataError(f"{shown(str(path))}: no task has a metric that is a share from 0 to 1 named {wanted}. "
                        "Say which, as in --metric acc_norm.")  # fmt: skip
    return tuple(found.values())


def _files(folder: Path) -> list[Path]:
    """Return the files of results in a folder: results*.json, and others that begin as results do."""
    found = [
        file for file in files_below(folder)
        if recognises(file) or (file.suffix in {".json", ".jsonl"} and file.name.startswith("results"))
    ]  # fmt: skip
    return sorted(found, key=lambda file: (file.name, str(file)))


def _scores(file: Path, metric: str | None) -> Iterator[Score]:
    text = read_text(file)
    try:
        lines = [line for line in text.text.splitlines() if line.strip()] if file.suffix == ".jsonl" else [text.text]
        contents = [json.loads(line) for line in lines]
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise DataError(f"{text.source}: is not JSON ({error}). Was lm_eval stopped while it wrote?") from None
    known = False
    for content in contents:
        for recognises, read in _FORMATS:
            if isinstance(content, dict) and recognises(content):
                known = True
                yield from read(content, file, metric)
                break
    if not known:
        raise DataError(f'{text.source}: has no "results" with an object for each task, as lm_eval writes.')


# lm_eval and lighteval


def _has_results(content: Mapping[str, Any]) -> bool:
    results = content.get("results")
    return isinstance(results, dict) and all(isinstance(one, dict) for one in results.values())


def _of_results(content: dict[str, Any], file: Path, metric: str | None) -> Iterator[Score]:
    model, checkpoint = _model(content, file)
    parts = _mapping(content.get("group_subtasks"))
    for task, metrics in content["results"].items():
        if parts.get(task) or task == "all" or "_average" in task:  # a group: its tasks are there themselves
            continue
        name = _metric(metrics, _mapping(_mapping(content.get("higher_is_better")).get(task)), metric)
        if name is None:
            continue
        plain, comma, chosen = name.partition(",")
        spread = _number(metrics.get(f"{plain}_stderr{comma}{chosen}"))
        label = plain if chosen in {"", "none"} else name
        short = task.split("|")[1] if task.count("|") > 1 else task  # lighteval: suite|task|shots
        value, items = float(metrics[name]), _items(content, task)
        yield Score(model, short, label, value, spread, items, shown(str(file)), checkpoint)


def _metric(metrics: Mapping[str, Any], better: Mapping[str, Any], wanted: str | None) -> str | None:
    """Return the full name of the metric to read: "acc,none" for acc."""
    for metric in METRICS if wanted is None else (wanted,):
        for name, value in metrics.items():
            plain = name.partition(",")[0]
            if metric in {name, plain} and better.get(plain, True) is not False and 0 <= _number(value) <= 1:
                return name
    return None


def _items(content: Mapping[str, Any], task: str) -> float:
    samples = _mapping(content.get("n-samples")).get(task)
    return _number(_mapping(samples).get("effective", samples))


def _model(content: Mapping[str, Any], file: Path) -> tuple[str, str]:
    """Return the model's name, as the file says it, or where it was loaded from, or its folder; and the revision."""
    general = _mapping(content.get("config_general"))  # lighteval
    loaded = _mapping(content.get("config")).get("model_args")
    words = (
        loaded.split(",") if isinstance(loaded, str) else [f"{key}={value}" for key, value in _mapping(loaded).items()]
    )
    said = {key.strip(): value.strip() for key, sign, value in (word.partition("=") for word in words) if sign}
    name = (
        content.get("model_name")
        or general.get("model_name")
        or _mapping(general.get("model_config")).get("model_name")
    )
    named = [name, *(said.get(key) for key in ("pretrained", "model", "path")), file.parent.name]
    revision = said.get("revision") or _mapping(general.get("model_config")).get("revision") or ""
    return next(one for one in named if isinstance(one, str) and one), _checkpoint(revision)


def _checkpoint(revision: object) -> str:
    return "" if str(revision).lower() in _FINAL or not isinstance(revision, str) else revision


# olmes: a file for each task, a line for each, or one file with a list of them


def _has_tasks(content: Mapping[str, Any]) -> bool:
    return (isinstance(content.get("metrics"), dict) and "task_name" in content) or isinstance(
        content.get("tasks"), list
    )


def _of_tasks(content: dict[str, Any], file: Path, metric: str | None) -> Iterator[Score]:
    tasks: Sequence[Any] = content["tasks"] if isinstance(content.get("tasks"), list) else [content]
    for one in (task for task in tasks if isinstance(task, dict)):
        config = _mapping(one.get("model_config")) or _mapping(content.get("model_config"))
        metrics = _mapping(one.get("metrics"))
        name = metric if metric in metrics else _metric(metrics, {}, metric or "primary_score")
        task = one.get("alias") or one.get("task_name")
        if name is None or not isinstance(task, str) or not 0 <= _number(metrics[name]) <= 1:
            continue
        model = config.get("model") or config.get("model_path") or file.parent.name
        yield Score(
            str(model), task, name, float(metrics[name]), math.nan, _number(one.get("num_instances")), shown(str(file)),
            _checkpoint(config.get("revision") or ""),
        )  # fmt: skip


# open_lm and DCLM: one file for each run, whose name tells runs apart that share a model


def _has_eval_metrics(content: Mapping[str, Any]) -> bool:
    return isinstance(_mapping(content.get("eval_metrics")).get("icl"), dict)


def _of_eval_metrics(content: dict[str, Any], file: Path, metric: str | None) -> Iterator[Score]:
    name = re.sub(r"^evaluation_|_(?:heavy|medium|light|low_variance)$|-evals?$", "", file.stem)
    name = re.sub(r"_(?:heavy|medium|light)$", "", name) or str(content.get("model", ""))
    for task, value in content["eval_metrics"]["icl"].items():
        if metric in {None, "acc"} and 0 <= _number(value) <= 1:
            yield Score(name, task, "acc", float(value), math.nan, math.nan, shown(str(file)))


_FORMATS = ((_has_results, _of_results), (_has_eval_metrics, _of_eval_metrics), (_has_tasks, _of_tasks))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    """Return a number, or nan for what is none, such as "N/A"."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
