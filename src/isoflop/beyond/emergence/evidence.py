"""The evidence for a break: smooth curves against broken ones, by the same fit and by runs held out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from isoflop.beyond.emergence.curves import Fitted, Form, fit
from isoflop.beyond.emergence.readings import LINKS, PARABOLA, POWER, Counts, Losses, bent
from isoflop.beyond.emergence.search import CASES, DROP, TURN, breaks, broken, screen
from isoflop.formula.arrays import Array

DOUBT, DOUBTFUL = 0.01, 0.05
"""Share of smooth worlds in which a search may find as much: for a break, and for a doubt of a smooth curve."""
LEAST_BEND, LEAST_STEP = 0.01, math.log(2)
"""The least that counts as a break: 1 % of the loss off the best smooth curve; twice the odds of a right answer."""
SIDE = 3
"""Runs on either side of a break from which it is believed; with fewer, the last runs alone decide."""
FOLDS = 10
FREE = (0.0, 6.6, 9.2)
"""Twice the log-likelihood that so many free constants gain by chance in 1 % of worlds."""
TWO_FREE = 13.8
"""The same for two constants and 0.1 %."""
FOR_BENDS = 12
"""Runs from which a smooth curve of accuracy may bend twice."""
SMOOTH = "smooth in loss"
RIVAL = 3.0
"""Log-likelihood by which a bend must beat a step to be taken for one: odds of 20 to 1."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Whether what was measured breaks along scale.

    errors    kind of curve → mean |error|, or rms error, of runs held out
    scores    kind of curve → mean log score of runs held out
    chance    share of smooth worlds in which a search finds as much
    amount    the size of the break, in the unit of `least`
    sensed    the standard error with which its size is known where it is known best
    rival     whether a step explains a bend of the accuracy nearly as well
    """

    smooth: Fitted
    broken: Fitted
    errors: Mapping[str, float]
    scores: Mapping[str, float]
    chance: float
    amount: float
    least: float
    sensed: float
    side: int
    stated: Fitted | None = None
    rival: bool = False

    @property
    def found(self) -> bool:
        """Whether there is a break: it is no trifle."""
        return self.stepped and self.amount >= self.least

    @property
    def stepped(self) -> bool:
        """Whether a break of any size is unlikely in noise and better at runs held out."""
        return self.chance <= DOUBT and self.forecasts

    @property
    def doubtful(self) -> bool:
        """Whether something speaks for a break, but not enough."""
        return self.chance <= (DOUBTFUL if self.forecasts else DOUBT)

    @property
    def forecasts(self) -> bool:
        """Whether a curve with a break forecasts runs held out better than every smooth one."""
        kinds = (DROP, TURN)
        return max(self.scores.get(name, -math.inf) for name in kinds) > max(
            score for name, score in self.scores.items() if name not in kinds
        )

    @property
    def noise(self) -> float:
        """The scatter about the smooth curve."""
        return math.exp(self.smooth.log_scatter)

    @property
    def as_stated(self) -> bool:
        """Whether exact match of the tokens stated describes the runs as well as a curve with free constants."""
        return self.stated is not None and 2 * (self.smooth.score - self.stated.score) < TWO_FREE


def in_loss(losses: Losses, *, seed: int) -> Evidence:
    """Weigh smooth curves of the loss along scale against broken ones."""
    smooth = [fit(losses, form) for form in (POWER, PARABOLA)]
    best, chance = _searched(smooth, turns=True, seed=seed)
    held = _held_out(smooth, turns=True)
    curve, dense = max(smooth, key=_score), np.linspace(0, 1, 101)
    return Evidence(
        smooth=curve, broken=best, errors={name: float(np.abs(off).mean()) for name, (_, off) in held.items()},
        scores={name: float(score.mean()) for name, (score, _) in held.items()}, chance=chance,
        amount=float(np.abs(best(dense, dense) - curve(dense, dense)).max()), least=LEAST_BEND,
        sensed=float(screen(smooth[1], breaks(losses.place, turns=False)).errors.min()), side=_side(best),
    )  # fmt: skip


def in_accuracy(counts: Counts, exact: Form | None, *, seed: int) -> Evidence:
    """Weigh smooth curves of accuracy given loss against one with a step; `exact` is what the tokens stated make."""
    # What exact match makes of the loss of the answers' own tokens is straight; of other text, who knows.
    bends = 0 if exact else 2 if counts.x.size >= FOR_BENDS else 1
    linked = [replace(counts, link=link) for link in LINKS]
    straight = [fit(one, bent(SMOOTH, 0)) for one in linked]
    curved = [_bent(one, bends) or line for one, line in zip(linked, straight, strict=True)]
    best, chance = _searched(curved, turns=False, seed=seed)
    smooth = max(straight, key=_score)
    bend = max(curved, key=_score)
    bends_needed = 2 * (bend.score - smooth.score) > FREE[bends]
    rival = bends_needed and _searched(straight, turns=False, seed=seed, cases=1)[0].score > bend.score - RIVAL
    smooth = bend if bends_needed else smooth
    tokens = fit(counts, exact) if exact else None
    fixed = tokens is not None and 2 * (smooth.score - tokens.score) < TWO_FREE
    asked = screen(tokens if fixed and tokens else bend, breaks(counts.place, turns=False))
    held = _held_out(curved + ([tokens] if tokens else []), turns=False)
    return Evidence(
        smooth=smooth, broken=best, errors={name: float(np.sqrt((off**2).mean())) for name, (_, off) in held.items()},
        scores={name: float(score.mean()) for name, (score, _) in held.items()}, chance=chance, amount=best.size,
        least=LEAST_STEP, sensed=float(asked.errors.min()), side=_side(best), stated=tokens, rival=rival,
    )  # fmt: skip


def _bent(counts: Counts, bends: int) -> Fitted | None:
    """Return the curve that bends most often and still rises with the loss everywhere."""
    for count in range(bends, 0, -1):
        found = fit(counts, bent(SMOOTH, count))
        dense = np.linspace(counts.x.min(), counts.x.max(), 9)
        if (np.diff(found(dense, dense)) > 0).all():
            return found
    return None


def _searched(smooth: Sequence[Fitted], *, turns: bool, seed: int, cases: int = CASES) -> tuple[Fitted, float]:
    """Return the best curve with a break, and how often chance finds as much beside the best smooth curve."""
    tried = breaks(smooth[0].readings.place, turns=turns)
    asked = [screen(one, tried, cases=cases, seed=seed) for one in smooth]
    best = max((curve for one in asked for curve in broken(one)), key=_score)
    return best, max(asked, key=lambda one: one.smooth.score).chance(best)


def _held_out(smooth: Sequence[Fitted], *, turns: bool) -> dict[str, tuple[Array, Array]]:
    """Return, for each kind of curve, the log score of every run when its fold was left out, and the error there.

    Curves of one kind forecast together, each with the weight that the other runs give it: where a break lies between
    two runs is not known.
    """
    place = smooth[0].readings.place
    fold = np.argsort(np.argsort(place, kind="stable"), kind="stable") % min(place.size, FOLDS)
    tried = breaks(place, turns=turns)
    found: dict[str, tuple[Array, Array]] = {}
    for number in range(fold.max() + 1):
        out = fold == number
        pairs = [(fit(one.readings.take(~out), one.form, begin=one), one.readings.take(out)) for one in smooth]
        pairs += [(curve, left) for one, left in pairs if one.theta.size for curve in broken(screen(one, tried))]
        kinds: dict[str, list[tuple[float, Array, Array]]] = {}
        for curve, left in pairs:
            value = curve(left.x, left.place)
            forecast = (curve.score, left.told(value, curve.log_scatter).score, left.missed(value))
            kinds.setdefault(curve.name, []).append(forecast)
        for name, curves in kinds.items():
            score, error = found.setdefault(name, (np.zeros(place.size), np.zeros(place.size)))
            score[out], error[out] = _together(curves)
    return found


def _together(curves: Sequence[tuple[float, Array, Array]]) -> tuple[Array, Array]:
    """Return the log of the mean score of the runs left out, and the mean error, over curves by weight."""
    scores = np.array([score for score, _, _ in curves])
    weight = np.exp(scores - scores.max())
    weight /= weight.sum()
    each = np.maximum([score for _, score, _ in curves], -700.0)
    return np.log(weight @ np.exp(each)), weight @ np.array([error for _, _, error in curves])


def _side(best: Fitted) -> int:
    """Return how many runs lie on the side of a break that has fewer."""
    place = best.readings.place
    below = int((place < best.where.at).sum()) if best.where else 0
    return min(below, place.size - below)


def _score(curve: Fitted) -> float:
    return curve.score
