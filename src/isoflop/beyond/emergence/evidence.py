"""The evidence for a break, weighed: in the loss along scale, and in accuracy at a given loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence import counts as of_counts
from isoflop.beyond.emergence import losses as of_losses
from isoflop.beyond.emergence.losses import BROKEN, FITTED, SMOOTH, Best, Losses, rise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isoflop.beyond.emergence.counts import Counts, Surprisal
    from isoflop.formula.arrays import Array


DOUBT = 0.01
"""Share of smooth worlds in which a test may cry break."""
CRITICAL = 12.35
"""Twice the log-likelihood gained by one break at the best of many places: 1 % (Andrews 1993, table I, p = 1, 15 %)."""
DOUBTFUL = 8.85
"""The same for 5 %."""
CASES = 199
"""Smooth worlds simulated to learn what a search for breaks finds in noise."""
LEAST_BEND, LEAST_STEP = 0.01, math.log(2)
"""The least that counts as a break: 1 % of the loss off the best smooth curve; twice the odds of a right answer."""
SIDE = 3
"""Runs on either side of a break from which it is believed; with fewer, the last runs alone decide."""
FOLDS = 10


@dataclass(frozen=True, eq=False)
class InLoss:
    """Whether the loss breaks along scale.

    errors   kind of curve → mean |error| in log loss of runs held out
    chance   share of simulated smooth worlds in which the search gains as much as here
    bend     the most by which the broken curve departs from the smooth one, in log loss
    sensed   the standard error with which a drop of the loss is known where it is known best
    """

    smooth: Best
    broken: Best
    errors: Mapping[str, float]
    chance: float
    bend: float
    noise: float
    sensed: float
    side: int

    @property
    def found(self) -> bool:
        """Whether there is a break: unlikely in noise, better at runs held out, and no trifle."""
        better = min(self.errors[name] for name in BROKEN) < min(self.errors[name] for name in SMOOTH)
        return self.chance <= DOUBT and better and self.bend >= LEAST_BEND


@dataclass(frozen=True, eq=False)
class InAccuracy:
    """Whether accuracy breaks at a given loss.

    errors   kind of curve → rms error of the accuracy of runs held out
    scores   kind of curve → mean log score of runs held out
    gain     twice the log-likelihood that a step gains over the best smooth curve
    sensed   the standard error with which the size of a step is known where it is known best
    """

    stated: Surprisal | None
    smooth: Surprisal
    broken: Surprisal
    errors: Mapping[str, float]
    scores: Mapping[str, float]
    gain: float
    sensed: float
    side: int

    @property
    def found(self) -> bool:
        """Whether there is a break: it is no trifle."""
        return self.stepped and self.broken.coefficients[2] >= LEAST_STEP

    @property
    def stepped(self) -> bool:
        """Whether a step of any size is unlikely in noise and better at runs held out."""
        return self.gain >= CRITICAL and self.forecasts

    @property
    def doubtful(self) -> bool:
        """Whether something speaks for a step, but not enough."""
        return self.gain >= DOUBTFUL and self.forecasts

    @property
    def forecasts(self) -> bool:
        """Whether the curve with a step forecasts runs held out better than every smooth one."""
        others = [score for name, score in self.scores.items() if name != "with a step"]
        return self.scores["with a step"] > max(others)

    @property
    def as_stated(self) -> bool:
        """Whether exact match of the tokens stated describes the runs as well as a curve with free constants."""
        return self.stated is not None and 2 * (self.smooth.score - self.stated.score) < _TWO_FREE


_FREE = (0.0, 6.6, 9.2)
"""Twice the log-likelihood that so many free constants gain by chance in 1 % of worlds."""
_TWO_FREE = 13.8
"""The same for two constants and 0.1 %."""
_FOR_BENDS = 12
"""Runs from which a smooth curve of accuracy may bend twice."""


def in_loss(losses: Losses, *, seed: int) -> InLoss:
    """Weigh smooth curves of the loss against broken ones."""
    curves = {name: of_losses.best(losses, name) for name in (*SMOOTH, *BROKEN)}
    smooth = min((curves[name] for name in SMOOTH), key=lambda one: one.squares)
    broken = min((curves[name] for name in BROKEN), key=lambda one: one.squares)
    noise = math.sqrt(smooth.squares / (losses.loss.size - FITTED))
    errors = of_losses.held_out(losses, min(losses.loss.size, FOLDS))
    dense = np.linspace(0, 1, 101)
    return InLoss(
        smooth=smooth, broken=broken, errors={name: float(np.abs(row).mean()) for name, row in errors.items()},
        chance=_by_chance(losses, smooth, noise, seed=seed),
        bend=float(np.abs(np.log(broken(dense) / smooth(dense))).max()), noise=noise,
        sensed=_loss_sensed(losses, noise), side=_side(losses.place, broken.shape[1]),
    )  # fmt: skip


def _by_chance(losses: Losses, smooth: Best, noise: float, *, seed: int) -> float:
    """Give how often smooth losses with this noise gain as much by a break, the runs themselves counted as one case."""
    centre = smooth(losses.place)
    normal = np.random.default_rng(seed).standard_normal((losses.loss.size, CASES))
    ratios = np.concatenate([(losses.loss / centre)[:, None], np.exp(noise * normal)], axis=1)
    squares = of_losses.least_squares(losses, centre, ratios)
    least = {kind: np.min([squares[name] for name in names], axis=0) for kind, names in
             (("smooth", SMOOTH), ("all", (*SMOOTH, *BROKEN)))}  # fmt: skip
    gains = np.log((least["smooth"] + 1e-18) / (least["all"] + 1e-18))
    return float((gains >= gains[0] - 1e-12).mean())


def _loss_sensed(losses: Losses, noise: float) -> float:
    """Return the least standard error, over places, of a drop in log loss beside a smooth curve."""
    least = np.inf
    for at in of_losses.places(losses.place, wide=False):
        columns = np.column_stack([losses.parabola, rise((losses.place - at) / 0.003)])
        if np.linalg.matrix_rank(columns) == columns.shape[1]:
            least = min(least, noise * math.sqrt(np.linalg.inv(columns.T @ columns)[-1, -1]))
    return float(least)


def in_accuracy(counts: Counts, tokens: float | None) -> InAccuracy:
    """Weigh smooth curves of accuracy given loss against one with a step."""
    # What exact match makes of the loss of the answers' own tokens is straight; of other text, who knows.
    bent = 0 if tokens else 2 if counts.loss.size >= _FOR_BENDS else 1
    held = of_counts.held_out(counts, min(counts.loss.size, FOLDS), tokens, bent=bent)
    share = counts.right / counts.items
    straight, curved = (of_counts.smooth(counts, bent=bends) for bends in (0, bent))
    smooth = curved if 2 * (curved.score - straight.score) > _FREE[bent] else straight
    broken = of_counts.broken(counts, bent=bent)
    stated = of_counts.stated(counts, tokens) if tokens else None
    fixed = stated is not None and 2 * (smooth.score - stated.score) < _TWO_FREE
    sensed = of_counts.sensed(counts, stated if fixed and stated else smooth, bent=None if fixed else bent)
    free = counts.loss.size - (3 + bent if broken.tau > 0 else 0)  # a tau that is learned is learned from what is left
    values = counts.place if broken.step and broken.step.along == "scale" else counts.loss
    return InAccuracy(
        stated=stated, smooth=smooth, broken=broken,
        errors={name: _rms(row[1] - share) for name, row in held.items()},
        scores={name: float(row[0].mean()) for name, row in held.items()},
        gain=2 * max(broken.score - max(straight.score, curved.score), 0.0) * free / counts.loss.size, sensed=sensed,
        side=_side(values, broken.step.at if broken.step else math.nan),
    )  # fmt: skip


def _side(values: Array, at: float) -> int:
    """Return how many runs lie on the side of a break that has fewer."""
    below = int((values < at).sum())
    return min(below, values.size - below)


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2)))
