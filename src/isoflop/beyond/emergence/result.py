"""Emergence: whether a jump is in the model or in the metric, as a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from isoflop.display import View, bold, dim, findings_list, group, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.formula.arrays import Array
from isoflop.quantities import show, show_flops

Verdict = Literal["made by the metric", "a break in the model", "undecided"]
METRIC: Verdict = "made by the metric"
BREAK: Verdict = "a break in the model"
UNDECIDED: Verdict = "undecided"


@dataclass(frozen=True)
class Scoring:
    """How answers are scored: what the jump may be made of.

    metric   the column of accuracies, or "" where they are worked out from the loss
    items    how many items the test has: it resolves 1/items
    tokens   how many tokens of an answer must all be right; nan if the loss is not that of the answer's tokens
    chance   the accuracy of guessing, `ceiling` the highest there is
    """

    metric: str
    items: int
    tokens: float = math.nan
    chance: float = 0.0
    ceiling: float = 1.0


@dataclass(frozen=True)
class Threshold:
    """Where something happens, along scale and in loss, each with its interval; nan where it is unknown."""

    what: str
    along: Estimate
    loss: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the threshold as it stands in the JSON."""
        return json_of(self)


@dataclass(frozen=True)
class Shown:
    """What a figure needs: the runs, and the chosen curves on a fine grid of scale."""

    scale: Array
    loss: Array
    accuracy: Array
    grid: Array
    loss_curve: Array
    accuracy_curve: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Emergence(Answer):
    """Whether a jump in accuracy is made by the metric or is a break in the model.

    verdict     "made by the metric", "a break in the model" or "undecided"
    reason      why, in a sentence or two, with what would decide it if it is undecided
    along       what scale is measured by: C, N or D
    loss_errors      kind of curve of loss along scale → mean |error| in log loss of runs held out
    accuracy_errors  kind of curve of accuracy given loss → rms error of the accuracy of runs held out
    accuracy_scores  the same → mean log score of runs held out, by which they are judged
    thresholds  where accuracy leaves chance, is half-way to its ceiling, and where a break lies, if there is one

    >>> import numpy as np
    >>> N, D = np.geomspace(1e7, 1e9, 12), np.geomspace(2e8, 2e10, 12)
    >>> loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=loss, accuracy=np.exp(-5 * (loss - 1.7)))
    >>> isoflop.emergence(runs, items=1000).runs
    12
    """

    verdict: Verdict
    reason: str
    source: str
    along: str
    runs: int
    scoring: Scoring
    thresholds: tuple[Threshold, ...] = ()
    loss_errors: Mapping[str, float] = field(default_factory=dict)
    accuracy_errors: Mapping[str, float] = field(default_factory=dict)
    accuracy_scores: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    shown: Shown | None = None

    @property
    def resolution(self) -> float:
        """The least accuracy above 0 that the test can show."""
        return 1 / self.scoring.items if self.scoring.items else math.nan

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the JSON."""
        scoring = self.scoring
        held_out = {
            "loss": self.loss_errors, "accuracy": self.accuracy_errors, "accuracy_log_score": self.accuracy_scores,
        }  # fmt: skip
        return json_of(
            self, "verdict reason source along runs metric items resolution target_tokens=scoring.tokens "
            "chance=scoring.chance ceiling=scoring.ceiling thresholds held_out findings",
            metric=scoring.metric or None, items=scoring.items or None, held_out=held_out,
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the verdict, the thresholds and what the curves missed at runs held out."""
        what = f"{self.runs} runs of {self.source}" + (f", {self.scoring.metric}" if self.scoring.metric else "")
        parts: list[View] = [bold(self.verdict), self.reason, dim(f"{what}, along {self.along}\n")]
        if self.thresholds:
            flops = self.along.endswith("C")
            rows = [(one.what, *_shown(one.along, flops=flops), *_shown(one.loss)) for one in self.thresholds]
            level = f"{self.thresholds[0].along.level:.0%}"
            parts.append(table(["where accuracy", self.along, f"{level} interval", "loss", f"{level} interval"], rows))
        parts += self._held_out()
        return group(*parts, findings_list(self.findings))

    def _held_out(self) -> list[View]:
        """Return the tables of errors at runs held out, the best of each in bold."""
        from rich.text import Text

        found: list[View] = []
        if self.loss_errors:
            least = min(self.loss_errors.values())
            rows = [
                (name, (bold if error == least else Text)(f"{error:.2%}")) for name, error in self.loss_errors.items()
            ]
            found += ["", table([f"loss along {self.along}, runs held out", "mean error"], rows)]
        if self.accuracy_errors:
            best = max(self.accuracy_scores.values())
            judged: list[tuple[str | Text, ...]] = []
            for name, error in self.accuracy_errors.items():
                score = self.accuracy_scores[name]
                judged.append((name, f"{100 * error:.2f}", (bold if score == best else Text)(f"{score:.2f}")))
            found += ["", table(["accuracy given loss, runs held out", "rms points", "log score"], judged)]
        return found


def _shown(estimate: Estimate, *, flops: bool = False) -> tuple[str, str]:
    """Return a value and its interval as a table has them; no interval where both ends are one."""
    write, beyond = show_flops if flops else show, {0.0: "before the runs", math.inf: "out of reach"}
    apart = estimate.low < estimate.high
    ends = f"{write(estimate.low)} – {write(estimate.high)}" if apart else "–"
    return beyond.get(estimate.value) or write(estimate.value), ends
