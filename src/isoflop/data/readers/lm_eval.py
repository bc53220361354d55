"""lm-evaluation-harness: `results_*.json` files, or folders of them → what each model scored on each task.

Versions from 0.4 on write metrics as "acc,none" with "acc_stderr,none" beside them, and "n-samples"; older ones write
"acc" and "acc_stderr". Only metrics that are shares, where more is better, are read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoflop.data.readers.source import read_text
from isoflop.errors import DataError, shown

METRICS = ("acc", "acc_norm", "exact_match", "em", "f1", "mcc", "pass@1")
"""The metrics read where none is named, the first that a task has."""
MOST_FILES = 10_000


@dataclass(frozen=True)
class Score:
    """What one model scored on one task: value, standard error and test items, nan where the file does not say.

    model  as the file names it; metric as in "acc" or, where a filter was applied, "exact_match,strict-match"
    """

    model: str
    task: str
    metric: str
    value: float
    error: float
    items: float
    source: str


def read_lm_eval(source: str | os.PathLike[str], *, metric: str | None = None) -> tuple[Score, ...]:
    """Give the scores in one results file, or in every results_*.json of a folder and the folders in it.

    Of several files with a model's score on a task, the last by name counts: names hold the time.
    metric  the metric to read, such as acc_norm; unless said, the first a task has of acc, acc_norm, exact_match, …
    Raises DataError, naming the file and what is wrong with it.
    """
    path = Path(source)
    files = sorted(path.rglob("results*.json"), key=lambda file: (file.name, str(file))) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{shown(str(path))}: no file results_*.json in this folder. Name what lm_eval wrote with "
                        "--output_path.")  # fmt: skip
    if len(files) > MOST_FILES:
        raise DataError(f"{shown(str(path))}: more than {MOST_FILES:,} result files. Name a folder with fewer.")
    found = {(one.model, one.task): one for file in files for one in _scores(file, metric)}
    if not found:
        wanted = metric or ", ".join(METRICS)
        raise DataError(f"{shown(str(path))}: no task has a metric that is a share from 0 to 1 named {wanted}. "
                        "Say which, as in --metric acc_norm.")  # fmt: skip
    return tuple(found.values())


def _scores(file: Path, metric: str | None) -> Iterator[Score]:
    text = read_text(file)
    try:
        content = json.loads(text.text)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise DataError(f"{text.source}: is not JSON ({error}). Was lm_eval stopped while it wrote?") from None
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, dict) or not all(isinstance(one, dict) for one in results.values()):
        raise DataError(f'{text.source}: has no "results" with an object for each task, as lm_eval writes.')
    model, parts = _model(content, file), _mapping(content.get("group_subtasks"))
    for task, metrics in results.items():
        if parts.get(task):  # a group: its tasks are there themselves
            continue
        name = _metric(metrics, _mapping(_mapping(content.get("higher_is_better")).get(task)), metric)
        if name is None:
            continue
        plain, comma, chosen = name.partition(",")
        spread = _number(metrics.get(f"{plain}_stderr{comma}{chosen}"))
        label = plain if chosen in {"", "none"} else name
        yield Score(model, task, label, float(metrics[name]), spread, _items(content, task), text.source)


def _metric(metrics: dict[str, Any], better: dict[str, Any], wanted: str | None) -> str | None:
    """Give the full name of the metric to read: "acc,none" for acc."""
    for metric in METRICS if wanted is None else (wanted,):
        for name, value in metrics.items():
            plain = name.partition(",")[0]
            if metric in {name, plain} and better.get(plain, True) is not False and 0 <= _number(value) <= 1:
                return name
    return None


def _items(content: dict[str, Any], task: str) -> float:
    samples = _mapping(content.get("n-samples")).get(task)
    return _number(_mapping(samples).get("effective", samples))


def _model(content: dict[str, Any], file: Path) -> str:
    """Give the model's name: as the file says it, the checkpoint it was loaded from, or else its folder."""
    if isinstance(content.get("model_name"), str) and content["model_name"]:
        return str(content["model_name"])
    loaded = _mapping(content.get("config")).get("model_args")
    words = (
        loaded.split(",") if isinstance(loaded, str) else [f"{key}={value}" for key, value in _mapping(loaded).items()]
    )
    for word in words:
        key, _, value = word.partition("=")
        if key.strip() in {"pretrained", "model", "path"} and value:
            return value.strip()
    return file.parent.name


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    """Give a number, or nan for what is none, such as "N/A"."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
