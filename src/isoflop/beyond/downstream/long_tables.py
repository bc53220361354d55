"""Long tables, one row for each run and task, and the wide ones they stand for, told apart."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.downstream.scores import SCORE_COLUMNS, per_cent
from isoflop.data.runs import Runs, table
from isoflop.data.runs.cells import RawTable
from isoflop.data.runs.columns import LETTERS, normal
from isoflop.errors import DataError, shown
from isoflop.formula.arrays import Array

TASK_COLUMNS = (
    "task", "taskname", "benchmark", "benchmarkname", "evaltask", "eval", "evaluation", "dataset", "subtask",
)  # fmt: skip
LOSS_COLUMNS = ("bpb", "bitsperbyte", "taskloss", "nll", "correctbpb", "correctlossperbyte", "answerloss")
RUN_COLUMNS = ("run", "runname", "runid", "model", "modelname", "name", "id", "step", "checkpoint", "revision", "seed")
"""Names in normal form: of a column of tasks, of scores, of losses on answers, and of what tells runs apart."""


def widened(runs: Runs) -> Runs:
    """Return one row a run of a table with one row for each run and task; any other table as it is.

    The column of tasks is known by its name, or because its texts tell apart rows that agree in all that names a run.
    A loss on the task's answers goes into a column of its own, such as arc_bpb. Raises DataError where two columns
    could be the scores, and for two scores of one run on one task.
    """
    task = _task_column(runs)
    if task is None:
        return runs
    rows = _rows(runs, task)
    places = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    first = [rows.index(row) for row in places]
    of_first = [first[places[row]] for row in rows]
    score, loss = _score_column(runs, task), _named(runs, LOSS_COLUMNS)
    if loss is None and not _same(runs["loss"], of_first):
        loss = "loss"
    same = [name for name in runs.columns if name not in {task, score, loss} and _same(runs[name], of_first)]
    columns: dict[str, Any] = {name: [runs[name][at] for at in first] for name in same}
    others = [name for name, values in runs.columns.items()
              if values.dtype.kind == "f" and name not in {*same, task, score, loss, *LETTERS}]  # fmt: skip
    names = [str(one) for one in runs[task]]
    for name in dict.fromkeys(names):
        columns[name] = np.full(len(places), np.nan)
        for other in [*(["bpb"] if loss else []), *others]:
            columns[f"{name}_{other}"] = np.full(len(places), np.nan)
    for at, (row, name) in enumerate(zip(rows, names, strict=True)):
        if not math.isnan(columns[name][places[row]]):
            raise DataError(f"{runs.source}: task {shown(name)} has two scores for one run. Keep one, or add a "
                            'column "run" that tells the runs apart.')  # fmt: skip
        columns[name][places[row]] = runs[score][at]
        if loss:
            columns[f"{name}_bpb"][places[row]] = runs[loss][at]
        for other in others:
            columns[f"{name}_{other}"][places[row]] = runs[other][at]
    middle = "mean_bpb" if runs.per_byte else "loss"
    if "loss" not in columns:
        columns[middle] = _mean_loss(runs, rows, places)
    found = table(columns, columns={} if "loss" in columns else {"loss": middle}, source=runs.source,
                  flop_rule=runs.flop_rule, allow=runs.allowed)  # fmt: skip
    kept = tuple(one for one in runs.findings if one.code == "A11")
    return replace(found, metric=runs.metric, findings=(*kept, *found.findings))


METRIC_COLUMNS = ("metric", "metricname", "metrictype", "measure")
"""Names, in normal form, of the column that says of each value what was measured: acc, acc_stderr, bpb."""


def by_metric(raw: RawTable) -> dict[str, list[object]] | None:
    """Return the columns of a table with a row for each run, task and metric with one column for each metric.

    None for another table.
    """
    names = {normal(name): name for name in raw.names}
    metric = next((names[word] for word in METRIC_COLUMNS if word in names), None)
    value = next((names[word] for word in SCORE_COLUMNS if word in names and names[word] != metric), None)
    if metric is None or value is None:
        return None
    cells = {name: list(raw.columns[raw.names.index(name)]) for name in raw.names}
    kinds = list(dict.fromkeys(str(one).strip() for one in cells[metric]))
    keys = [name for name in raw.names if name not in {metric, value}]
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for kind, amount, *key in zip(cells[metric], cells[value], *(cells[name] for name in keys), strict=True):
        rows.setdefault(tuple(key), {})[str(kind).strip()] = amount
    found = {name: [key[place] for key in rows] for place, name in enumerate(keys)}
    return found | {kind: [row.get(kind, "") for row in rows.values()] for kind in kinds}


def _rows(runs: Runs, task: str) -> list[tuple[Any, ...]]:
    """Return what names the run of each row: N, D and C, and names; the loss where nothing else does."""
    keys = [name for name in runs.columns if name in LETTERS and name != "loss"]
    keys += [name for name in runs.columns if normal(name) in RUN_COLUMNS and name != task]
    return list(zip(*(runs[name].tolist() for name in keys or ["loss"]), strict=True))


def _task_column(runs: Runs) -> str | None:
    texts = [
        name for name, values in runs.columns.items() if values.dtype.kind == "O" and normal(name) not in RUN_COLUMNS
    ]
    named = next((name for word in TASK_COLUMNS for name in texts if normal(name) == word), None)
    return named if named is not None else next((name for name in texts if _tells_apart(runs, name)), None)


def _tells_apart(runs: Runs, name: str) -> bool:
    """Return whether rows of one run, by all that names it and by its loss, differ in this column, and texts recur."""
    rows, texts = _rows(runs, name), [str(one) for one in runs[name]]
    with_loss = list(zip(rows, runs["loss"].tolist(), strict=True))
    many = len(set(with_loss))
    again = len(set(texts)) < len(texts)
    return many <= len(rows) / 2 and again and len(set(zip(with_loss, texts, strict=True))) == len(rows)


def _score_column(runs: Runs, task: str) -> str:
    named = _named(runs, SCORE_COLUMNS)
    if named is not None:
        return named
    shares = [
        name for name, values in runs.columns.items()
        if values.dtype.kind == "f" and name not in LETTERS and normal(name) not in LOSS_COLUMNS
        and np.isfinite(values).any() and np.nanmin(values) >= 0
        and (np.nanmax(values) <= 1 or per_cent(name, values))
    ]  # fmt: skip
    if len(shares) == 1:
        return shares[0]
    raise DataError(
        f'{runs.source}: column "{shown(task)}" names tasks, a row each, and '
        + (f"{', '.join(map(shown, shares))} could be their scores" if shares else "no column holds their scores")
        + ". Say which: --column accuracy=COLUMN."
    )


def _named(runs: Runs, words: tuple[str, ...]) -> str | None:
    return next((name for word in words for name in runs.columns if normal(name) == word), None)


def _same(values: NDArray[Any], of_first: list[int]) -> bool:
    """Return whether a column has one value for each run."""
    wanted = values[of_first]
    if values.dtype.kind == "f":
        return bool(np.all((values == wanted) | (np.isnan(values) & np.isnan(wanted))))
    return bool(np.all(values == wanted))


def _mean_loss(runs: Runs, rows: list[tuple[Any, ...]], places: dict[Any, int]) -> Array:
    """Return each run's mean over its tasks, where every row has a loss of its own."""
    at = np.array([places[row] for row in rows])
    return np.asarray(np.bincount(at, runs["loss"]) / np.bincount(at))
