"""Tasks: what each run scored on a benchmark, beside its loss and compute; and their average."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.downstream.scores import FEWEST, SCORE_WORDS, as_shares, items_behind, scores_of
from isoflop.data.metric import Metric
from isoflop.data.readers.lm_eval import Score
from isoflop.data.runs import Runs
from isoflop.data.runs.columns import LETTERS, letter_of, normal
from isoflop.errors import DataError, UsageError, shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

AVERAGE = "average"
_LOSS_OF = re.compile(r"(?:(.*?)[_/ ])?(bpb|bits_per_byte|task_loss|loss|nll|ce)(?:[_/ ](.*))?", re.IGNORECASE)
"""What names the loss on a task's answers: arc_bpb, arc/bpb, bpb arc."""
LEAST_LEADING = 8
"""Runs that are fitted at least, where there are as many: a curve of four parameters with some to spare."""
MOST_OF_RUN = 5
"""Checkpoints of one run that count: they say nearly the same, so more of them would only seem to say more."""


@dataclass(frozen=True)
class Task:
    """One task on some runs: their loss, accuracy (a share) and compute, each (runs,).

    chance   accuracy of guessing, and ceiling: the highest there is; nan where a fit is to find them
    items    how many test items the accuracy is a mean over; nan where nobody said
    loss_column  the column of losses that the accuracy is taken to follow
    size     parameters of each run, by which backtests hold runs out; nan where they are not known
    run      which rows are checkpoints of one run
    """

    name: str
    loss: Array
    accuracy: Array
    compute: Array
    chance: float = math.nan
    ceiling: float = math.nan
    items: float = math.nan
    loss_column: str = "loss"
    size: Array = field(default_factory=lambda: np.zeros(0))
    run: NDArray[Any] = field(default_factory=lambda: np.zeros(0, int))

    def take(self, rows: NDArray[Any]) -> Task:
        """Return the task on some of its runs."""
        each = {name: getattr(self, name)[rows] for name in ("loss", "accuracy", "compute")}
        each |= {name: getattr(self, name)[rows] for name in ("size", "run") if getattr(self, name).size}
        return replace(self, **each)

    @property
    def clusters(self) -> NDArray[Any] | None:
        """Return the run of each row, where some run has several."""
        return self.run if self.run.size and np.unique(self.run).size < self.run.size else None

    @property
    def floored(self) -> bool:
        """Whether the weakest runs score as guessing would, or better: where they score below, nothing is forced."""
        if math.isnan(self.chance) or not self.loss.size:
            return False
        weakest = np.sort(self.accuracy[np.argsort(-self.loss)][: max(self.loss.size // 4, min(3, self.loss.size))])
        items = self.items if self.items >= 1 else LITTLE
        return bool(weakest.mean() > self.chance - math.sqrt(self.chance * (1 - self.chance) / items))

    def leading(self) -> Task:
        """Return the task on the better half of its runs by loss: runs that guess say little of where accuracy goes.

        Chance stays as the weakest of all runs have it.
        """
        count = max(self.loss.size // 2, min(LEAST_LEADING, self.loss.size))
        rows = np.sort(np.argsort(self.loss, kind="stable")[:count])
        return replace(self, chance=self.chance if self.floored else math.nan).take(rows)

    def thinned(self) -> Task:
        """Return the task with at most a few checkpoints of each run, spread over its losses, the last among them."""
        if self.clusters is None:
            return self
        kept = []
        for one in np.unique(self.run):
            rows = np.flatnonzero(self.run == one)
            rows = rows[np.argsort(-self.loss[rows], kind="stable")]
            kept += rows[
                np.unique(np.linspace(0, rows.size - 1, min(rows.size, MOST_OF_RUN)).round().astype(int))
            ].tolist()
        return self.take(np.array(sorted(kept)))


LITTLE = 500.0
"""Test items taken to stand behind a score, where nobody says how many: a small benchmark."""


def tasks_of(
    runs: Runs,
    names: Sequence[str] = (),
    *,
    chance: Mapping[str, float],
    ceiling: Mapping[str, float],
    items: Mapping[str, float],
    losses: Mapping[str, str],
) -> tuple[Task, ...]:
    """Return the tasks in the columns of the runs: those named, or every column of shares from 0 to 1.

    The mappings are from task to number, or to the column of its own loss. Raises DataError for a column that holds
    no shares, and UsageError for a number given for a task that is not there.
    """
    found = tuple(names) or scores_of(runs)
    if not found:
        raise DataError(
            f"{runs.source}: no column holds accuracies, which are shares from 0 to 1; there are "
            f"{', '.join(map(shown, runs.columns))}. Name them: --tasks arc,hellaswag (--percent if they go to 100)."
        )
    given = {"chance": chance, "ceiling": ceiling, "items": items, "losses": losses}
    for what, numbers in given.items():
        for name in numbers:
            if name not in {*found, AVERAGE}:
                raise UsageError(f"{what} is given for {shown(name)}, which is no task; there are {', '.join(found)}.")
    own = {name: column for name in found if (column := loss_of(name, runs)) is not None} | dict(losses)
    return tuple(
        _task(
            runs, name, own.get(name, "loss"), chance=_share(chance.get(name, math.nan), name),
            ceiling=_share(ceiling.get(name, 1.0), name), items=_count(items, name),
        )
        for name in found
    )  # fmt: skip


def answer_losses(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that name a task and the loss on its answers, such as arc_bpb; not the loss itself."""
    parts = [(name, _LOSS_OF.fullmatch(name)) for name in names if letter_of(name) is None]
    return tuple(name for name, part in parts if part and part[2].lower() != "loss" and normal(_rest(part)))


def _rest(parts: re.Match[str]) -> str:
    """Return what a name says besides that it is a loss: the task."""
    return (parts[1] or "") + (parts[3] or "")


def with_answer_losses(runs: Runs, names: Sequence[str]) -> Runs:
    """Return runs read with the first of these columns as their loss with all of them, and their mean as the loss."""
    columns = {**runs.columns, names[0]: runs["loss"]}
    mean = np.mean([columns[name] for name in names if columns[name].dtype.kind == "f"], axis=0)
    return replace(runs, columns={**columns, "loss": mean})


def with_mean_error(runs: Runs, names: Sequence[str]) -> Runs:
    """Return runs with the mean error of these scores as their loss: the middle step without losses."""
    runs = as_shares(runs, names)
    mean = 1 - np.nanmean([runs[name] for name in names], axis=0)
    said = Finding(
        "A11", "INFO", "there is no loss, so accuracy is forecast from the mean error of the scores themselves",
        "add the loss of each run (--loss COLUMN) or of each task's answers: they foretell more",
    )  # fmt: skip
    metric = Metric("the mean score", "up", 1.0)
    findings = (*(one for one in runs.findings if one.code != "D18"), said)
    return replace(runs, columns={**runs.columns, "loss": mean}, metric=metric, findings=findings)


def loss_of(task: str, runs: Runs) -> str | None:
    """Return the column of the loss on a task's answers, such as arc_bpb of arc or arc_acc; None where none is."""
    stem = normal(SCORE_WORDS.sub("", task))
    for name, values in runs.columns.items():
        parts = _LOSS_OF.fullmatch(name)
        if name in LETTERS or parts is None or values.dtype.kind != "f":
            continue
        if stem == normal(_rest(parts)) and np.isfinite(values).sum() >= FEWEST:
            return name
    return None


def _task(runs: Runs, name: str, loss: str, *, chance: float, ceiling: float, items: float) -> Task:
    accuracy, nats = runs[name], runs[loss]
    for column, values in ((name, accuracy), (loss, nats)):
        if values.dtype.kind != "f":
            raise DataError(f'{runs.source}: column "{shown(column)}" holds text where numbers should be.')
    known = np.isfinite(accuracy) & np.isfinite(nats)
    if known.any() and not (accuracy[known].min() >= 0 and accuracy[known].max() <= 1):
        raise DataError(
            f'{runs.source}: column "{shown(name)}" goes from {accuracy[known].min():g} to {accuracy[known].max():g}; '
            "accuracies are shares from 0 to 1. Say --percent if they go to 100, or name other tasks: --tasks."
        )
    if not math.isnan(chance) and not math.isnan(ceiling) and chance >= ceiling:
        raise UsageError(f"task {shown(name)}: chance {chance:g} is not below the ceiling {ceiling:g}.")
    items = items_behind(runs, name, accuracy) if math.isnan(items) else items
    found = Task(
        name, nats, accuracy, _column(runs, "C"), chance, ceiling, items, loss, _column(runs, "N"), _runs(runs)
    )
    return found.take(np.flatnonzero(known)).thinned()


def _column(runs: Runs, name: str) -> Array:
    return runs[name] if name in runs else np.full(len(runs), np.nan)


def _runs(runs: Runs) -> NDArray[Any]:
    """Return which run each row belongs to: checkpoints of one share a name, or N and D that only grow."""
    return np.arange(len(runs)) if runs.clusters is None else runs.clusters


def _share(value: float, name: str) -> float:
    if not (math.isnan(value) or 0 <= value <= 1):
        raise UsageError(f"{shown(name)}={value:g} must be a share from 0 to 1, as in {shown(name)}=0.25.")
    return value


def _count(given: Mapping[str, float], name: str) -> float:
    value = float(given.get(name, math.nan))
    if value < 1:
        raise UsageError(f"{shown(name)}={value:g} must be the number of test items, as in {shown(name)}=1000.")
    return value


def average_of(runs: Runs, tasks: Sequence[Task]) -> Task:
    """Return the average over tasks as a task of its own, on the runs that have them all.

    Where its curve begins is left to the fit, as in Gadre et al.: tasks that guess, and tasks that have to answer,
    leave chance at different losses. Its items are as many as would scatter as the average does.
    """
    values = np.mean([runs[one.name] for one in tasks], axis=0)
    known = np.isfinite(values) & np.isfinite(runs["loss"])
    ceiling = float(np.mean([one.ceiling for one in tasks]))
    items = len(tasks) ** 2 / sum(1 / one.items for one in tasks)
    found = Task(
        AVERAGE, runs["loss"], values, _column(runs, "C"), math.nan, ceiling, items, "loss", _column(runs, "N"),
        _runs(runs),
    )  # fmt: skip
    return found.take(np.flatnonzero(known)).thinned()


def _places(runs: Runs, column: str) -> dict[str, int]:
    """Return the row of each name, and of name and step where rows are checkpoints of runs."""
    names = [str(name) for name in runs[column].tolist()]
    places = {name: row for row, name in enumerate(names)}
    if "step" in runs and runs["step"].dtype.kind == "f":
        places |= {
            f"{name}@step{step:g}": row for row, (name, step) in enumerate(zip(names, runs["step"], strict=True))
        }
    return places


def with_scores(runs: Runs, scores: Sequence[Score]) -> Runs:
    """Return the runs with a column for each task that lm_eval scored; nan for a run without a score.

    A score belongs to the run whose column model, run, run_name, name or id is the model's name or the last part of
    its path. Raises DataError if no score finds its run.
    """
    column = next((name for name in ("model", "run", "run_name", "run_id", "name", "id") if name in runs), None)
    if column is None:
        raise DataError(f'{runs.source}: no column names the runs, so scores cannot find them. Add a column "model" '
                        "with the name that lm_eval was given.")  # fmt: skip
    places = _places(runs, column)
    seen: dict[str, set[str]] = {}
    for one in scores:
        seen.setdefault(one.model, set()).add(one.checkpoint)
    columns = {task: np.full(len(runs), np.nan) for task in dict.fromkeys(one.task for one in scores)}
    for one in scores:
        alone = replace(one, checkpoint="") if len(seen[one.model]) == 1 else one  # the model was only scored there
        row = next((places[name] for name in (*one.names, *alone.names) if name in places), None)
        if row is not None:
            columns[one.task][row] = one.value
    if all(np.isnan(values).all() for values in columns.values()):
        said = ", ".join(shown(name) for name in list(dict.fromkeys(one.model for one in scores))[:3])
        raise DataError(f'{runs.source}: column "{column}" has none of the models scored, such as {said}. '
                        "Name the runs as lm_eval was given them.")  # fmt: skip
    return replace(runs, columns={**runs.columns, **columns})
