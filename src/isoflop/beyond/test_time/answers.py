"""What k samples of a problem are worth: solved by any, by the majority, or by a verifier that errs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from isoflop.beyond.test_time.rewards import best_of, normal_below
from isoflop.errors import UsageError
from isoflop.formula.arrays import Array
from isoflop.formula.tree import lgamma

_SUMMED = 400
"""Votes up to which a majority is counted exactly; beyond, the normal approximation errs by less than 0.01."""
_LEVEL = 1e-9
"""A lead below this is none."""
_NO_LEAD = 1e-9

How = Literal["coverage", "majority", "verifier", "best-of-n", "one"]
HOWS: tuple[How, ...] = ("coverage", "majority", "verifier", "best-of-n", "one")


@dataclass(frozen=True)
class Choosing:
    """How one answer is chosen among k samples.

    how        coverage: a perfect verifier finds a correct sample if there is one; majority: the commonest answer;
               verifier: the first sample that it accepts, and the last where it accepts none; best-of-n: the one
               of highest reward; one: none is, the first sample counts however many are paid
    rival      of wrong samples, the share that agree on one wrong answer; 1, unless told, is the worst
    recall     of correct samples, the share that the verifier accepts
    false      of wrong samples, the share that it accepts as well
    separation by how many standard deviations rewards of correct samples lie above those of wrong ones

    >>> isoflop.Choosing().how
    'coverage'
    """

    how: How = "coverage"
    rival: float = 1.0
    recall: float = 1.0
    false: float = 0.0
    separation: float = math.nan

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise UsageError(f'"{self.how}" is no way to choose among samples. Say one of {", ".join(HOWS)}.')
        for name, value in (("rival", self.rival), ("recall", self.recall), ("false-positives", self.false)):
            if not 0 <= value <= 1:
                raise UsageError(f"{name} {value:g} must be a share between 0 and 1, as in 0.1.")
        if self.separation < 0:
            raise UsageError(
                f"separation {self.separation:g}: a reward that ranks wrong samples first is worse than none."
            )
        if self.how == "verifier" and self.recall < self.false:
            raise UsageError(
                f"a verifier that accepts {self.recall:g} of correct and {self.false:g} of wrong samples is worse than "
                "none. Say more --recall than --false-positives."
            )

    def chance(self, p: ArrayLike, k: float) -> Array:
        """Return the chance that k samples lead to a correct answer, where each is correct with probability p.

        A fraction of a vote counts as that share of what one more vote brings.
        """
        if self.how == "majority":
            part, votes = math.modf(k)
            less = majority(p, int(votes), rival=self.rival)
            return less if part == 0 else less + part * (majority(p, int(votes) + 1, rival=self.rival) - less)
        if self.how == "verifier":
            return verified(p, k, recall=self.recall, false=self.false)
        if self.how == "one":
            return np.asarray(p, float)
        if self.how == "best-of-n":
            return best_of(p, k, separation=self.separation)
        return solved(p, k)

    def limit(self, p: ArrayLike) -> Array:
        """Return the same for samples without end."""
        one = np.asarray(p, float)
        if self.how == "majority":
            lead = np.where(one > 0, one - self.rival * (1 - one), -1.0)
            return np.asarray(np.where(np.abs(lead) < _NO_LEAD, 0.5, lead > 0))
        if self.how == "one":
            return one
        if self.how == "best-of-n":
            return np.asarray(np.where(one > 0, 1.0, 0.0) if self.separation > 0 else one)
        accepted = one * self.recall + (1 - one) * self.false if self.how == "verifier" else one
        reached = one * (self.recall if self.how == "verifier" else 1.0)
        return np.asarray(np.divide(reached, accepted, out=one.copy(), where=accepted > 0))


def solved(p: ArrayLike, k: float) -> Array:
    """Return the chance that one of k samples is correct, 1 - (1 - p)^k."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(k * np.log1p(-np.asarray(p, float))))


def verified(p: ArrayLike, k: float, *, recall: float, false: float) -> Array:
    """Return the accuracy of sampling until a verifier accepts, k times at most; the last sample where it accepts none.

    It accepts `recall` of the correct samples and `false` of the wrong ones. However many are drawn, no more than
    p recall / (p recall + (1 - p) false) of what it accepts is correct (Stroebl et al. 2024, arXiv:2411.17501).
    """
    one = np.asarray(p, float)
    accepted = one * recall + (1 - one) * false
    some = solved(accepted, k)
    right = np.divide(one * recall, accepted, out=np.zeros_like(one), where=accepted > 0)
    last = np.divide(one * (1 - recall), 1 - accepted, out=np.zeros_like(one), where=accepted < 1)
    return np.asarray(some * right + (1 - some) * last)


def majority(p: ArrayLike, k: int, *, rival: float = 1.0) -> Array:
    """Return the chance that the correct answer wins a vote of k samples; a tie is won half of the time.

    Of wrong samples the share `rival` agree on one answer, and the others agree with none: for one vote this is p,
    for votes without end 1 where p > rival (1 - p).
    """
    one = np.asarray(p, float)
    votes = one + rival * (1 - one)
    ahead = np.divide(one, votes, out=np.zeros_like(one), where=votes > 0)
    if k > _SUMMED:
        lead = one - rival * (1 - one)
        scatter = np.sqrt(np.maximum(votes - lead**2, 1e-300) * k)
        return normal_below(k * lead / scatter)
    wins = _wins(ahead, k)
    if rival == 1:
        return np.asarray(wins[-1])
    cast = np.arange(k + 1).reshape(-1, *[1] * one.ndim)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = lgamma(k + 1.0) - lgamma(cast + 1.0) - lgamma(k - cast + 1.0)
        log = log + np.where(cast > 0, cast * np.log(votes), 0)
        share = np.exp(log + np.where(cast < k, (k - cast) * np.log1p(-votes), 0))
    return np.asarray((share * wins).sum(axis=0))


def _wins(ahead: Array, most: int) -> Array:
    """Return the chance to win among two for 0, 1, …, most votes (votes, ...), each for the first with chance `ahead`.

    Two more votes after 2 m - 1 add (2 q - 1) C(2m - 1, m) (q (1 - q))^m; an even vote wins as the odd one before.
    """
    pair = np.arange(1, max(most, 1) // 2 + 1).reshape(-1, *[1] * ahead.ndim)
    with np.errstate(divide="ignore"):
        log = lgamma(2.0 * pair) - lgamma(pair + 1.0) - lgamma(1.0 * pair) + pair * np.log(ahead * (1 - ahead))
    odd = ahead + np.concatenate([np.zeros((1, *ahead.shape)), np.cumsum((2 * ahead - 1) * np.exp(log), axis=0)])
    place = (np.arange(most + 1) + 1) // 2 - 1
    return np.where((np.arange(most + 1) == 0).reshape(-1, *[1] * ahead.ndim), 0.0, odd[place.clip(0)])
