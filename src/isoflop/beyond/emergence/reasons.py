"""Why a verdict is what it is, in words, and the findings M01 to M09 that say what would decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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


class Open(NamedTuple):
    """What keeps a verdict open: the finding's code, what is in the way, and what to do, with places for numbers."""

    code: str
    message: str
    remedy: str


FEW_RUNS = Open(
    "M01", "there are runs at {count} scales, and a break cannot be told from a bend with fewer than {least}",
    "add runs until there are {least} or more, three of them on either side of the jump",
)  # fmt: skip
NO_LOSS = Open(
    "M03", "there is no loss beside {metric}: a jump in the metric alone looks the same either way",
    "add the loss of each run, best of the answers' own tokens, and name it with --loss COLUMN",
)  # fmt: skip
NO_ITEMS = Open(
    "M05", "it is not known how many items the test has, and so not what a low accuracy is worth",
    "say how many, as in --items 1000",
)  # fmt: skip
AT_CHANCE = Open(
    "M02", "no run is above chance: {items} items show an accuracy from {least:.3g} on",
    "train larger runs, or score with a metric that sees single tokens, or with more items",
)  # fmt: skip
FEW_ABOVE = Open(
    "M04", "runs above chance: {count}, and it takes {least} to see a rise", "train larger runs, or score more items"
)  # fmt: skip
AT_THE_EDGE = Open(
    "M06", "the {what} seems to break, but fewer than three runs lie on one side of it",
    "train more runs beyond the break, at that end",
)  # fmt: skip
NOT_AS_STATED = Open(
    "M07", "accuracy is smooth in the loss, but as exact match of {low} to {high} tokens of it would be, not of "
    "{tokens:g}: this loss may not be that of the answers' own tokens",
    "give the loss of the answers' tokens, or leave out --target-tokens if the loss is of other text",
)  # fmt: skip
SMALL_STEP = Open(
    "M07", "accuracy is no smooth function of this loss, but the step it makes is small (odds × {times:.2g})",
    "say the accuracy of guessing with --chance, or give the loss of the answers' own tokens",
)  # fmt: skip
DOUBTFUL = Open(
    "M04", "a step describes accuracy better than a smooth curve does, but not surely: smooth accuracies with this "
    "noise show as much in {chance:.1%} of cases", "score more items, or add runs where accuracy rises",
)  # fmt: skip
BEND_OR_STEP = Open(
    "M07", "accuracy bends as a function of this loss, and a step explains the bend nearly as well",
    "give the loss of the answers' own tokens and their number with --target-tokens, or add runs where it bends",
)  # fmt: skip
HIDDEN_STEP = Open(
    "M04", "a step of the odds up to a factor {times:.2g} could hide in these accuracies",
    "score more items, or add runs where accuracy rises",
)  # fmt: skip
HIDDEN_DROP = Open(
    "M08", "a drop of the loss by {drop:.0%} could hide in its noise of {noise:.1%}",
    "add runs, or repeat some, to bring the noise down",
)  # fmt: skip


def undecided(why: Open, **numbers: float | str) -> Said:
    """Return that it is undecided, why, and what would decide it."""
    message, remedy = why.message.format(**numbers), why.remedy.format(**numbers)
    reason = f"{message[:1].upper()}{message[1:]}. {remedy[:1].upper()}{remedy[1:]}."
    return Said(UNDECIDED, reason, (Finding(why.code, "WARN", message, remedy),))


def steeper(low: str, high: str, scoring: Scoring) -> Said:
    """Say that accuracy rises faster than the tokens stated can make it."""
    return Said(
        BREAK,
        f"The loss falls smoothly, and accuracy rises faster than the metric can make it: as exact match of "
        f"{low} to {high} tokens would, where answers have {scoring.tokens:g}.",
    )


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


def _share(chance: float) -> str:
    return f"{chance:.1%}" if chance >= 0.01 else "less than 1%"
