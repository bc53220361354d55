"""What to know about an answer on test-time compute: findings T01 to T09."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from isoflop.compute.devices import MFU
from isoflop.findings import Finding
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.beyond.test_time.result import Inference, Sampled

FAR, FEW, WIDE = 100, 30, 0.1
"""Times the samples drawn beyond which a forecast is a guess; few problems; a limit that is wide."""


def notice(found: Inference, *, concentration: tuple[float, float], learnt: bool) -> Inference:
    """Give the answer with its findings."""
    models = [*_on_models(found)]
    return replace(found, findings=(*_on_spread(found, concentration, learnt=learnt), *models, *_on_choice(found)))


def _on_spread(found: Inference, concentration: tuple[float, float], *, learnt: bool) -> Iterator[Finding]:
    guessed = [one.attempts for one in found.models if not one.attempts.counted]
    if guessed:
        low, high = concentration
        told = (
            "is learnt from the models whose counts are known"
            if learnt
            else f"is assumed: one Beta density, with a + b anywhere from {low:g} to {high:g}, the same for all models"
        )
        yield Finding(
            "T01", "WARN",
            f"only pass@1 is known of {len(guessed)} of {len(found.models)} models, so how difficulty spreads over "
            f"the problems {told}",
            "count correct samples of each problem (columns problem, n, c), or --like a table of models that have them",
        )  # fmt: skip
    unsure = [one.name for one in guessed if math.isnan(one.known_problems)]
    if unsure:
        yield Finding(
            "T02", "INFO", f"nobody says on how many problems pass@1 of {unsure[0]} was measured: it is taken as exact",
            "give the table a column problems",
        )  # fmt: skip


def _on_models(found: Inference) -> Iterator[Finding]:
    for one in found.models:
        yield from _on_model(one)
    bought = [(offer, one.attempts.usual) for budget in found.budgets
              for offer, one in zip(budget.offers, found.models, strict=True) if one.attempts.counted]  # fmt: skip
    beyond = [offer.samples / usual for offer, usual in bought if offer.samples > FAR * usual]
    if beyond:
        yield Finding(
            "T03", "WARN", f"a budget buys up to {show(max(beyond))} times the samples that were drawn: a guess",
            "draw more samples of some problems, and ask again",
        )  # fmt: skip


def _on_model(one: Sampled) -> Iterator[Finding]:
    attempts = one.attempts
    if not attempts.counted:
        return
    limit = one.limits["coverage"]
    never = float((attempts.correct == 0).mean())
    if never and limit.high - limit.low > WIDE:
        yield Finding(
            "T04", "WARN",
            f"{attempts.name}: {never:.0%} of the problems were never solved, and the counts do not tell whether they "
            f"ever would be: without end, {limit.low:.0%} to {limit.high:.0%} are solved",
            "draw more samples of these problems alone: they decide the tail",
        )  # fmt: skip
    if len(attempts.problems) < FEW:
        ends = one.reach[-1].by["coverage"].intervals["at large"]
        yield Finding(
            "T05", "INFO",
            f"{attempts.name}: {len(attempts.problems)} problems say little of others of their kind: at large, "
            f"{ends[0]:.0%} to {ends[1]:.0%} at {show(one.reach[-1].k)} samples",
            "the interval shown is for these problems; the JSON has both",
        )  # fmt: skip


def _on_choice(found: Inference) -> Iterator[Finding]:
    how = found.choosing
    if how.how == "coverage":
        yield Finding(
            "T06", "INFO", "coverage counts a problem as solved if any sample is correct",
            "it needs a perfect verifier, such as tests or proofs; else --choose majority, or verifier with its errors",
        )  # fmt: skip
    if how.how == "majority" and how.rival == 1:
        yield Finding(
            "T06", "INFO", "votes are counted as if all wrong answers to a problem were the same: the worst case",
            "say --rival 0.3 if of wrong answers 30 % agree on the commonest",
        )  # fmt: skip
    if "verifier" in found.models[0].limits and how.false > 0:
        one = found.models[0]
        limit, coverage = one.limits["verifier"], one.limits["coverage"]
        yield Finding(
            "T07", "WARN",
            f"false positives cap what sampling brings: {one.attempts.name} stops at {limit.value:.1%} where a perfect "
            f"verifier reaches {coverage.value:.1%}",
            "a stricter verifier is worth more than more samples",
        )  # fmt: skip
    serving = found.serving
    priced = math.isnan(serving.per_million) and any(math.isnan(one.attempts.price) for one in found.models)
    if found.budgets and serving.unit == "dollars" and priced and serving.mfu == MFU:
        yield Finding(
            "T08", "INFO",
            f"dollars are those of a device used at {serving.mfu:.0%} of its peak, which decoding rarely is",
            "say --mfu as you serve, or --price-per-million tokens",
        )  # fmt: skip
    yield from _on_lifetime(found)
    untaught = [one.attempts.name for one in found.models if not serving.taught(one.attempts)]
    if math.isfinite(serving.queries) and untaught:
        yield Finding(
            "T08", "WARN", f"training tokens of {untaught[0]} are not known, so its training is not in its cost",
            "give the table a column D",
        )  # fmt: skip


def _on_lifetime(found: Inference) -> Iterator[Finding]:
    one = found.lifetime
    if one is not None and one.beyond:
        yield Finding(
            "T09", "WARN",
            f"the best run's loss by {one.curve}, {one.loss:.3f}, lies outside those of the models, "
            f"{one.losses[0]:.3f} to {one.losses[1]:.3f}: its ability is extrapolated",
            "give the table a model nearer to it",
        )  # fmt: skip
