"""The verdict on a task before any forecast: whether accuracy follows the loss, and enough of it was seen.

Lourie et al. 2025 (arXiv:2507.00885) found 39 % of 46 tasks predictable from smaller models. A task that these runs
show not to scale is not forecast: its interval is all there is, from chance to ceiling.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from isoflop.beyond.downstream.scores import FEWEST
from isoflop.beyond.downstream.tasks import Task
from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

WAIT = frozenset({"A01", "A04", "A05", "A10"})
"""Findings that larger runs, or more of them, can settle."""
MOST_ERROR = 0.05
"""The root mean square error of blind forecasts from which a task is not forecast."""
MOST_WIDTH = 0.25
"""The width of an interval from which a forecast says too little to be called one."""
MONOTONE, SIGNAL, CLEAR, SEEN = 0.6, 3.0, 3.0, 3
"""Least share of spread that an ever-rising curve explains; least rise over noise; standard errors above chance; runs
above it."""
FALLING = 0.9
"""From this share of the spread that an ever-falling curve explains, and where a rising one explains no more than
the rest, a score falls as models get better."""


@dataclass(frozen=True)
class Verdict:
    """What the runs show of a task.

    monotone  share of the accuracies' spread that some curve rising as the loss falls explains
    signal    mean accuracy of the best quarter by loss less that of the worst, over the noise of one run
    noise     standard deviation of one run's accuracy: from runs next to each other in loss, or n test items
    above     how many runs lie above chance by twice the noise; -1 where chance is not known
    words     the verdict as a sentence
    code      the finding that refuses a forecast; empty if there is none
    """

    monotone: float
    signal: float
    noise: float
    above: int
    words: str
    code: str = ""

    @property
    def predictable(self) -> bool:
        """Whether the task may be forecast."""
        return not self.code

    @property
    def says(self) -> str:
        """Return forecast, wait (for larger runs) or cannot say."""
        return "forecast" if not self.code else "wait" if self.code in WAIT else "cannot say"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as it stands in the JSON."""
        return {**asdict(self), "predictable": self.predictable, "says": self.says}


def judge(task: Task) -> Verdict:
    """Return the verdict on a task, from its runs alone."""
    losses = np.unique(task.loss).size
    if losses < FEWEST:
        nothing = (math.nan, math.nan, math.nan, -1)
        return Verdict(*nothing, f"too few runs: {losses} losses with a score; {FEWEST} are needed", "A05")
    order = np.argsort(-task.loss, kind="stable")
    values = task.accuracy[order]
    noise = max(float(np.sqrt(np.mean(np.diff(values) ** 2) / 2)), _item_noise(task, values))
    quarter = max(values.size // 4, 1)
    best, worst = float(values[-quarter:].mean()), float(values[:quarter].mean())
    monotone, falling = (_explained(one) for one in (values, -values))
    signal = (best - worst) / noise if noise else 0.0
    known = not math.isnan(task.chance)
    above = int((values > task.chance + 2 * noise).sum()) if known else -1
    clear = not known or best - task.chance > CLEAR * noise / math.sqrt(quarter)
    code, words = _verdict(monotone, signal, above=above, clear=clear)
    if code and falling > FALLING > 1 - FALLING > monotone:
        code, words = "A02", "falls as the loss falls; if it is an error rate, give 1 minus it as the accuracy"
    return Verdict(monotone, signal, noise, above, words, code)


def _explained(values: Array) -> float:
    """Return the share of the spread of values that some ever-rising curve explains; 0 where there is no spread."""
    spread = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - rising(values)) ** 2).sum()) / spread if spread else 0.0


def erring(verdict: Verdict, error: float) -> Verdict:
    """Return the verdict, or that nothing can be said where blind forecasts of larger runs erred by so much."""
    if not error > MOST_ERROR or not verdict.predictable:
        return verdict
    words = f"blind forecasts of the larger of these runs erred by {100 * error:.0f} points"
    return replace(verdict, words=words, code="A09")


def wide(verdict: Verdict, width: float) -> Verdict:
    """Return the verdict, or that larger runs are to be waited for where the interval is as wide as this."""
    if not width > MOST_WIDTH:
        return verdict
    return replace(verdict, words=f"its interval would span {100 * width:.0f} points", code="A10")


def _item_noise(task: Task, values: Array) -> float:
    """Return the standard error of a share of so many test items; 0 where their number is not known."""
    middle = float(values.mean())
    return 0.0 if math.isnan(task.items) else math.sqrt(middle * (1 - middle) / task.items)


def _verdict(monotone: float, signal: float, *, above: int, clear: bool) -> tuple[str, str]:
    if not clear:
        return "A01", "at chance: the best runs do no better than guessing"
    if monotone < MONOTONE and signal < SIGNAL:
        return "A03", f"noise: accuracy rises by {max(signal, 0):.1f} times the noise of one run"
    if monotone < MONOTONE:
        return "A02", f"not monotone: a rising curve explains {monotone:.0%} of the spread"
    if signal < SIGNAL:
        return "A03", f"noise: accuracy rises by {max(signal, 0):.1f} times the noise of one run"
    if 0 <= above < SEEN:
        return "A04", f"hardly begun: {above} runs lie clearly above chance"
    return "", f"scales: rises with falling loss, {signal:.0f} times the noise of one run"


def rising(values: Array) -> Array:
    """Return the never falling sequence nearest to the values by least squares: neighbours that fall are pooled."""
    blocks: list[list[float]] = []
    for value in values.tolist():
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (low, many), (high, more) = blocks[-1], blocks[-2]
            blocks[-2:] = [[(low * many + high * more) / (many + more), many + more]]
    return np.repeat([mean for mean, _ in blocks], [int(count) for _, count in blocks])


_REMEDIES = {
    "A01": "score larger runs, or an easier or continuous metric of the same task",
    "A02": "look at what the task asks; average it with others, or use the loss on its answers",
    "A03": "add test items, seeds or a continuous metric",
    "A04": "score larger runs: where it bends is not known yet",
    "A05": "score more runs",
    "A10": "train and score a run nearer to the new one",
    "A09": "look at the loss on its answers, or at a continuous metric of the task",
}


def finding_of(task: Task, verdict: Verdict) -> list[Finding]:
    """Return the finding that says why a task is not forecast, if it is not."""
    if verdict.predictable:
        return []
    message = f"{shown(task.name)} is not forecast: {verdict.says}, for {verdict.words}; its interval is all there is"
    return [Finding(verdict.code, "WARN", message, _REMEDIES[verdict.code])]
