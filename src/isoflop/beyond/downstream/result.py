"""Downstream: forecasts of tasks, how they are known and how they look."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.beyond.downstream.accuracy_from_loss import Second, as_dict
from isoflop.beyond.downstream.tasks import Task
from isoflop.beyond.downstream.verdict import Verdict
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.errors import shown
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.quantities import show

LOURIE = "of 46 tasks of others, 39 % did (Lourie et al. 2025, arXiv:2507.00885)"
KINDS = {
    "loss to accuracy": "if the loss is as forecast: other curves, the runs' scatter, test items",
    "both stages": "with the loss as uncertain as its own interval",
}
"""The kinds of interval of an accuracy, and what each holds."""


@dataclass(frozen=True)
class TaskForecast:
    """The accuracy of one new run on one task.

    accuracy   its interval is for a new run's score; nan, from chance to ceiling, where the task is not forecast
    loss       the loss it follows from
    baselines  what guesses without a law from loss to accuracy would say
    seconds    the laws from loss to accuracy behind it, and their weights from backtests
    widened    how much backtests widened the interval

    >>> import numpy as np
    >>> N, D = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 3e8, 6), [2e9, 5e9, 1e10]))
    >>> loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=loss, hellaswag=0.25 + 0.7 / (1 + np.exp(3 * (loss - 2.7))))
    >>> (one,) = isoflop.downstream(runs, tasks=["hellaswag"], N=1e9, D=4e10, draws=100).tasks
    >>> bool(one.loss.value < runs["loss"].min())
    True
    """

    task: Task
    accuracy: Estimate
    loss: Estimate
    verdict: Verdict
    baselines: Mapping[str, float]
    seconds: tuple[Second, ...] = ()
    weights: tuple[float, ...] = ()
    widened: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast as it stands in the JSON."""
        laws = [{**as_dict(one), "weight": weight} for one, weight in zip(self.seconds, self.weights, strict=True)]
        return json_of(
            self, "task=task.name accuracy loss chance=task.chance ceiling=task.ceiling items=task.items "
            "runs verdict baselines laws widened", laws=laws, runs=int(self.task.loss.size),
        )  # fmt: skip


@dataclass(frozen=True)
class Downstream(Answer):
    """Forecasts of one new run on some tasks, the average over tasks last.

    >>> import numpy as np
    >>> N, D = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 3e8, 6), [2e9, 5e9, 1e10]))
    >>> loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=loss, hellaswag=0.25 + 0.7 / (1 + np.exp(3 * (loss - 2.7))))
    >>> [one.task.name for one in isoflop.downstream(runs, tasks=["hellaswag"], N=1e9, D=4e10, draws=100).tasks]
    ['hellaswag']
    """

    at: Mapping[str, float]
    compute: float
    tasks: tuple[TaskForecast, ...]
    average: TaskForecast | None
    source: str
    level: float
    findings: tuple[Finding, ...] = field(default=())

    def __getitem__(self, name: str) -> TaskForecast:
        """Return the forecast of one task, or the average."""
        return {one.task.name: one for one in self.rows}[name]

    @property
    def rows(self) -> tuple[TaskForecast, ...]:
        """Every forecast, the average last."""
        return (*self.tasks, *([self.average] if self.average else []))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        predictable = sum(one.verdict.predictable for one in self.tasks)
        names = "source at compute level tasks average predictable findings"
        return json_of(self, names, predictable=predictable)

    def __rich__(self) -> View:
        """Return the verdicts and forecasts as they look in a terminal, the baselines beside them."""
        at = " ".join(f"{key}={show(value)}" for key, value in self.at.items())
        loss = self.rows[0].loss
        said = f"{loss.value:.4f}" + ("" if math.isnan(loss.low) else f" ({loss.low:.4f} – {loss.high:.4f})")
        body = table(["task", "accuracy", f"{self.level:.0%} interval", "chance"], map(self._row, self.rows))
        verdicts = table(
            ["task", "verdict", "because"],
            [(shown(one.task.name), one.verdict.says, one.verdict.words) for one in self.rows],
            words=True,
        )
        good = sum(one.verdict.predictable for one in self.tasks)
        averaged = f"; the average is of these {good}" if self.average and good < len(self.tasks) else ""
        count = f"{good} of {len(self.tasks)} task{'s' * (len(self.tasks) != 1)} scale here{averaged}; {LOURIE}"
        meaning = f"interval: a new run's score, both stages' errors in it; loss {said} at {at}"
        return group(
            heading(f"{shown(self.source)}: accuracy from loss"), verdicts, dim(count), "", body, dim(meaning),
            *self._guesses(), findings_list(self.findings),
        )  # fmt: skip

    def _guesses(self) -> list[View]:
        """Return the table of what would be said without a loss."""
        names = list(dict.fromkeys(name for one in self.rows for name in one.baselines))
        rows = [
            [shown(one.task.name), *(_number(one.baselines.get(name, math.nan), "–") for name in names)]
            for one in self.rows
        ]
        return ["", table(["without a loss", *names], rows)] if names else []

    @staticmethod
    def _row(one: TaskForecast) -> list[str]:
        ends = f"{one.accuracy.low:.3f} – {one.accuracy.high:.3f}"
        return [shown(one.task.name), _number(one.accuracy.value, "no forecast"), ends, _number(one.task.chance, "?")]


def _number(value: float, unknown: str) -> str:
    return unknown if math.isnan(value) else f"{value:.3f}"
