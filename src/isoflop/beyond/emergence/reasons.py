"""Why a verdict is what it is, in words, and the findings M01 to M09 that say what would decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoflop.beyond.emergence.metrics import detectable
from isoflop.beyond.emergence.result import BREAK, METRIC, UNDECIDED, Scoring, Threshold, Verdict
from isoflop.beyond.emergence.search import DROP, TURN
from isoflop.findings import Finding
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isoflop.beyond.emergence.evidence import Evidence


@dataclass(frozen=True)
class Said:
    """A verdict, its reason, and what was noticed on the way."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...] = ()


def few_runs(count: int, least: int) -> Said:
    """Say that there are too few runs."""
    return _open(
        "M01", f"there are runs at {count} scales, and a break cannot be told from a bend with fewer than {least}",
        f"add runs until there are {least} or more, three of them on either side of the jump",
    )  # fmt: skip


def no_loss(metric: str) -> Said:
    """Say that there is no loss to compare with."""
    return _open(
        "M03", f"there is no loss beside {metric}: a jump in the metric alone looks the same either way",
        "add the loss of each run, best of the answers' own tokens, and name it with --loss COLUMN",
    )  # fmt: skip


def no_items() -> Said:
    """Say that it is not known how many items the test has."""
    return _open(
        "M05", "it is not known how many items the test has, and so not what a low accuracy is worth",
        "say how many, as in --items 1000",
    )  # fmt: skip


def never_leaves_chance(scoring: Scoring) -> Said:
    """Say that no run stands above chance."""
    low = detectable(scoring.items, scoring.chance)
    return _open(
        "M02", f"no run is above chance: {scoring.items} items show an accuracy from {low:.3g} on",
        "train larger runs, or score with a metric that sees single tokens, or with more items",
    )  # fmt: skip


def few_above(count: int, least: int) -> Said:
    """Say that too few runs are above chance."""
    return _open(
        "M04", f"runs above chance: {count}, and it takes {least} to see a rise",
        "train larger runs, or score more items",
    )  # fmt: skip


def near_the_edge(what: str) -> Said:
    """Say that what looks like a break rests on the last one or two runs."""
    return _open(
        "M06", f"the {what} seems to break, but fewer than three runs lie on one side of it",
        "train more runs beyond the break, at that end",
    )  # fmt: skip


def not_as_stated(ends: tuple[float, float], scoring: Scoring) -> Said:
    """Say that accuracy is smooth in the loss, but not as the tokens stated make it."""
    return _open(
        "M07",
        f"accuracy is smooth in the loss, but as exact match of {_range(*ends)} tokens of it would be, not of "
        f"{scoring.tokens:g}: this loss may not be that of the answers' own tokens",
        "give the loss of the answers' tokens, or leave out --target-tokens if the loss is of other text",
    )  # fmt: skip


def small_step(given: Evidence) -> Said:
    """Say that accuracy is not smooth in the loss, by too little to be called a break."""
    times = math.exp(given.amount)
    return _open(
        "M07", f"accuracy is no smooth function of this loss, but the step it makes is small (odds × {times:.2g})",
        "say the accuracy of guessing with --chance, or give the loss of the answers' own tokens",
    )  # fmt: skip


def doubtful(given: Evidence) -> Said:
    """Say that something speaks for a step of the accuracy, but not enough."""
    return _open(
        "M04",
        "a step describes accuracy better than a smooth curve does, but not surely: smooth accuracies with this noise "
        f"show as much in {given.chance:.1%} of cases",
        "score more items, or add runs where accuracy rises",
    )  # fmt: skip


def bend_or_step() -> Said:
    """Say that accuracy bends in the loss, where a step would explain it nearly as well."""
    return _open(
        "M07", "accuracy bends as a function of this loss, and a step explains the bend nearly as well",
        "give the loss of the answers' own tokens and their number with --target-tokens, or add runs where it bends",
    )  # fmt: skip


def could_hide_in_accuracy(error: float) -> Said:
    """Say that a break of the accuracy could hide in the noise."""
    return _open(
        "M04", f"a step of the odds up to a factor {math.exp(min(3.5 * error, 20)):.2g} could hide in these accuracies",
        "score more items, or add runs where accuracy rises",
    )  # fmt: skip


def could_hide_in_loss(evidence: Evidence) -> Said:
    """Say that a break of the loss could hide in its noise."""
    return _open(
        "M08",
        f"a drop of the loss by {min(3.5 * evidence.sensed, 0.99):.0%} could hide in its noise of {evidence.noise:.1%}",
        "add runs, or repeat some, to bring the noise down",
    )  # fmt: skip


def steeper(ends: tuple[float, float], scoring: Scoring) -> Said:
    """Say that accuracy rises faster than the tokens stated can make it."""
    return Said(
        BREAK,
        f"The loss falls smoothly, and accuracy rises faster than the metric can make it: as exact match of "
        f"{_range(*ends)} tokens would, where answers have {scoring.tokens:g}.",
    )  # fmt: skip


def loss_breaks(evidence: Evidence, along: str) -> Said:
    """Say that the loss itself breaks."""
    best = max((DROP, TURN), key=lambda name: evidence.scores[name])
    least = min(error for name, error in evidence.errors.items() if name not in {DROP, TURN})
    return Said(
        BREAK,
        f"The loss itself breaks along {along}: at runs held out a curve {best} errs by {evidence.errors[best]:.1%}, "
        f"the best smooth curve by {least:.1%}; a search for breaks in smooth losses with this noise finds as much in "
        f"{_share(evidence.chance)} of cases.",
    )  # fmt: skip


def accuracy_breaks(given: Evidence) -> Said:
    """Say that accuracy breaks at a given loss."""
    times = math.exp(min(given.amount, 20))
    size = f"a factor {show(times, 2)}" if times < 1e3 else "more than a factor 1000"
    return Said(
        BREAK,
        f"The loss falls smoothly, but at a given loss accuracy jumps: the odds of a right answer rise by {size} "
        "within a narrow stretch, which smooth functions of the loss with this noise show in "
        f"{_share(given.chance)} of cases.",
    )  # fmt: skip


def by_the_metric(evidence: Evidence, given: Evidence, scoring: Scoring) -> Said:
    """Say that the metric makes the jump."""
    if not scoring.metric:
        how = f"and exact match of {scoring.tokens:g} tokens alone would make of it what is shown"
    elif given.as_stated:
        how = f"and accuracy is what exact match of {scoring.tokens:g} tokens makes of it"
    else:
        how = "and accuracy is a smooth function of it"
    noise = f"{evidence.noise:.1%}" if evidence.noise >= 5e-4 else "less than 0.1%"
    return Said(METRIC, f"The loss falls smoothly (to {noise}), {how}.")


def on_items(asked: int | None, known: int, metric: str | None) -> tuple[Finding, ...]:
    """Return what is to be said of the number of items, and of a metric that nobody measured."""
    if metric is None:
        message = "no accuracy was measured: it is worked out from the loss"
        return (Finding("M09", "INFO", message, "name one with --metric"),)
    if asked is None and known:
        return (Finding(
            "M05", "INFO", f"all accuracies are whole fractions of {known}, which is taken for the number of items",
            "say --items if the test has another number",
        ),)  # fmt: skip
    return ()


def on_other_text(scoring: Scoring) -> tuple[Finding, ...]:
    """Return what to keep in mind where the loss may be of other text than the answers."""
    if not scoring.metric or not math.isnan(scoring.tokens):
        return ()
    return (Finding(
        "M11", "INFO", "smooth and broken are meant as functions of this loss, whatever text it is of",
        "give the loss of the answers' own tokens and their number with --target-tokens for a sharper test",
    ),)  # fmt: skip


def on_reach(marks: Sequence[Threshold], largest: float, along: str) -> tuple[Finding, ...]:
    """Return the finding that a threshold lies beyond the runs."""
    beyond = [one for one in marks if 1.26 * largest < one.along.value < math.inf]
    if not beyond:
        return ()
    far = " and ".join(f"{one.what} {math.log10(one.along.value / largest):.1f} decades" for one in beyond)
    return (Finding(
        "M10", "WARN", f"beyond the largest run along {along}, accuracy {far}",
        "take it for a forecast that holds if the loss goes on falling as it does",
    ),)  # fmt: skip


def _open(code: str, message: str, remedy: str) -> Said:
    reason = f"{message[:1].upper()}{message[1:]}. {remedy[:1].upper()}{remedy[1:]}."
    return Said(UNDECIDED, reason, (Finding(code, "WARN", message, remedy),))


def _range(low: float, high: float) -> str:
    return f"{show(max(low, 0.0), 2)} to {show(high, 2)}"


def _share(chance: float) -> str:
    return f"{chance:.1%}" if chance >= 0.01 else "less than 1%"
