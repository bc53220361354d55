"""What to know about an answer on test-time compute: findings T01 to T12."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.test_time.evidence import UNKNOWN_PROBLEMS
from isoflop.compute.devices import MFU
from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.beyond.test_time.attempts import Attempts
    from isoflop.beyond.test_time.result import Inference, Sampled

FAR, FEW, WIDE, REPEATED = 100, 30, 0.1, 3
"""Times the samples drawn beyond which a forecast is a guess; few problems; a share never solved that counts; samples
of a problem that show whether they repeat themselves."""


def notice(found: Inference, *, concentration: tuple[float, float] | None, learnt: bool) -> Inference:
    """Return the answer with its findings."""
    models = [*_on_methods(found), *_on_models(found)]
    return replace(found, findings=(*_on_spread(found, concentration, learnt=learnt), *models, *_on_choice(found)))


def _on_spread(found: Inference, concentration: tuple[float, float] | None, *, learnt: bool) -> Iterator[Finding]:
    guessed = [one.attempts for one in found.models if not (one.attempts.counted or one.attempts.rated)]
    if guessed and found.choosing.how != "one":
        single = sum(bool(one.problems) for one in guessed)
        alone = "one sample of each problem says no more than pass@1, which" if single else "pass@1"
        told = "is not known, and what more samples bring lies anywhere that published models have been"
        if learnt:
            told = "is learnt from the models whose counts are known"
        elif concentration is not None:
            told = (
                f"is assumed: one Beta density, with a + b anywhere from {concentration[0]:g} to {concentration[1]:g}; "
                "the intervals end where that range does"
            )
        yield Finding(
            "T01", "WARN",
            f"{alone} is all that is known of {len(guessed)} of {len(found.models)} models: how difficulty spreads "
            f"over the problems {told}",
            "count correct samples of each problem (columns problem, n, c), give pass@k at more k, or --like a table "
            "of models that have them",
        )  # fmt: skip
    unsure = [one.attempts.name for one in found.models if math.isnan(one.attempts.known_problems)]
    if unsure:
        yield Finding(
            "T02", "INFO",
            f"nobody says on how many problems pass@k of {_listed(unsure)} was measured: "
            f"{UNKNOWN_PROBLEMS:.0f} are assumed",
            "give the table a column problems",
        )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return shown(names[0]) + (f" and {len(names) - 1} more models" if len(names) > 1 else "")


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
    yield from _on_rates(attempts)
    if not attempts.counted:
        return
    yield from _on_repeats(attempts)
    never = float((attempts.correct == 0).mean())
    if never > WIDE:
        limit = one.limits["coverage"]
        yield Finding(
            "T04", "WARN",
            f"{attempts.name}: {never:.0%} of the problems were never solved, and nothing tells if they ever "
            f"would be: that {limit.low:.0%} to {limit.high:.0%} are solved without end rests on other models, whose "
            "problems were nearly all solved in the end",
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


def _on_rates(attempts: Attempts) -> Iterator[Finding]:
    if not attempts.rated:
        return
    dip = float((np.maximum.accumulate(attempts.rates) - attempts.rates).max())
    if dip > attempts.rounding:
        yield Finding(
            "T11", "WARN",
            f"{attempts.name}: pass@k falls by up to {100 * dip:.1f} points as k grows, which no coverage does: its "
            "rows are of different samples, or settings, and that much is taken for noise",
            "give pass@k at all k from the same samples",
        )  # fmt: skip


def _on_repeats(attempts: Attempts) -> Iterator[Finding]:
    """Yield T10 where samples of a problem are all right or all wrong, as greedy decoding has them."""
    several = attempts.samples >= REPEATED
    mixed = (attempts.correct > 0) & (attempts.correct < attempts.samples)
    alike = int(several.sum())
    if alike >= FEW and not mixed[several].any() and 0 < attempts.pass1 < 1:
        yield Finding(
            "T10", "WARN",
            f"{attempts.name}: the samples of each of {alike} problems are all correct or all wrong. Greedy samples "
            "repeat themselves, and more of them bring nothing",
            "draw samples at a temperature above 0",
        )  # fmt: skip


def _on_methods(found: Inference) -> Iterator[Finding]:
    """Yield T12 where methods of search are compared: what is not modelled of them."""
    if any(one.attempts.method for one in found.models):
        yield Finding(
            "T12", "INFO",
            "methods are compared at the costs at which they were measured: what a search would reach between or "
            "beyond its rows, how long it waits, and what its reward model costs are not modelled",
            "measure each method near the budget asked for; count all tokens that it writes",
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
            "say --mfu as you serve, or --price-per-Mtok tokens",
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
