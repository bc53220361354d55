"""Which candidates, for so much compute, leave the least variance of one wanted number: V-optimal, greedy, exchanged.

Every law is a linear model of errors with unit variance (its own, and those it shares with other laws). A run at a
candidate sees `seen` of them, the wanted number moves by `wanted`, and what is left of its variance after some runs
is w' (I + sum of s s' / noise^2)^-1 w. Choosing by the gain per FLOP alone may stop at many small runs, by the gain
alone at one large one, so several exponents of cost are tried, and then runs are exchanged while that helps. Of few
candidates, every choice is tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, combinations_with_replacement
from typing import NamedTuple

import numpy as np

from isoflop.formula.arrays import Array

EXPONENTS = (1.0, 0.5, 0.0)
"""Runs are picked by the variance they remove over their cost to one of these powers."""
LEAST = 1e-4
"""A run that removes less than this share of the variance is not worth its name."""
FEW = 2_000
"""So many choices are all tried."""
_BETTER, _TRIALS = 1e-9, 40


class Views(NamedTuple):
    """Laws at some of the parameter values that the runs allow, as linear models.

    weight  (views,): how much each counts; times its variance now, they add up to 1
    seen    (views, candidates, errors)
    wanted  (views, errors)
    noise   (views, candidates): standard deviation of a run about the law
    """

    weight: Array
    seen: Array
    wanted: Array
    noise: Array


class Limits(NamedTuple):
    """What bounds a choice: FLOPs of each candidate (candidates,), the budget, most runs, whether runs may repeat."""

    cost: Array
    budget: float
    most: int
    repeats: bool = True


def choose(views: Views, limits: Limits) -> list[int]:
    """Return the candidates to run, the best gain per FLOP first; a candidate may stand there more than once."""
    if math.comb(limits.cost.size + limits.most, limits.most) <= FEW:
        return _ordered(views, min(_every(limits), key=lambda chosen: left(views, chosen)), limits.cost)
    found = [_filled(views, [], limits, power=power) for power in EXPONENTS]
    best = min(found, key=lambda chosen: left(views, chosen))  # of equals, the one with more gain per FLOP
    return _ordered(views, _exchanged(views, best, limits), limits.cost)


def _every(limits: Limits) -> Iterator[list[int]]:
    """Return every choice that the budget allows."""
    draw = combinations_with_replacement if limits.repeats else combinations
    for count in range(min(limits.most, limits.cost.size if not limits.repeats else limits.most) + 1):
        for some in draw(range(limits.cost.size), count):
            if limits.cost[list(some)].sum() <= limits.budget:
                yield list(some)


def left(views: Views, chosen: Sequence[int]) -> float:
    """Return the share of the variance that these runs leave."""
    return float(views.weight @ np.einsum("vp,vpq,vq->v", views.wanted, _covariance(views, chosen), views.wanted))


def _covariance(views: Views, chosen: Sequence[int]) -> Array:
    """Return the covariance of the errors (views, errors, errors) once these runs are in."""
    seen = views.seen[:, chosen] / views.noise[:, chosen, None]
    # (I + S'S)^-1 by the smaller of the two sides
    if len(chosen) < seen.shape[2]:
        inner = np.linalg.inv(np.eye(len(chosen)) + seen @ seen.transpose(0, 2, 1))
        return np.asarray(np.eye(seen.shape[2]) - seen.transpose(0, 2, 1) @ inner @ seen)
    return np.asarray(np.linalg.inv(np.eye(seen.shape[2]) + seen.transpose(0, 2, 1) @ seen))


def _gains(views: Views, covariance: Array) -> Array:
    """Return the share of the variance that one run more would remove, (candidates,)."""
    spread = views.seen @ covariance
    along = (spread @ views.wanted[:, :, None])[:, :, 0]
    noise = views.noise**2 + np.einsum("vcp,vcp->vc", spread, views.seen)
    return np.asarray(views.weight @ (along**2 / noise))


def _filled(views: Views, begin: Sequence[int], limits: Limits, *, power: float) -> list[int]:
    """Add runs one by one, each the best by its gain over cost to this power, while any fits and gains."""
    chosen, covariance = list(begin), _covariance(views, begin)
    spare = limits.budget - float(limits.cost[chosen].sum())
    while len(chosen) < limits.most and spare >= float(limits.cost.min()):
        gain = np.where(limits.cost <= spare, _gains(views, covariance), 0.0)
        if not limits.repeats:
            gain[chosen] = 0.0
        worth = np.where(gain > LEAST, gain / limits.cost**power, 0.0)
        pick = int(np.argmax(worth))
        if not worth[pick] > 0:
            break
        chosen.append(pick)
        spare -= float(limits.cost[pick])
        seen = (covariance @ views.seen[:, pick, :, None])[:, :, 0]
        noise = views.noise[:, pick] ** 2 + np.einsum("vp,vp->v", seen, views.seen[:, pick])
        covariance = covariance - seen[:, :, None] * seen[:, None, :] / noise[:, None, None]
    return chosen


def _exchanged(views: Views, chosen: list[int], limits: Limits) -> list[int]:
    """Take out one run at a time and spend what it cost otherwise, while that leaves less variance."""
    now = left(views, chosen)
    for _ in range(_TRIALS // max(len(chosen), 1)):
        before = now
        for place in range(len(chosen)):
            rest = chosen[:place] + chosen[place + 1 :]
            for power in EXPONENTS:
                other = _filled(views, rest, limits, power=power)
                then = left(views, other)
                if then < now * (1 - _BETTER):
                    chosen, now = other, then
                    break
        if now >= before * (1 - _BETTER):
            break
    return chosen


def _ordered(views: Views, chosen: Sequence[int], cost: Array) -> list[int]:
    """Put first what removes most variance per FLOP, given those before it; leave out what removes next to none."""
    rest, ordered = list(chosen), list[int]()
    while rest:
        gain = _gains(views, _covariance(views, ordered))
        rest = [pick for pick in rest if gain[pick] > LEAST]
        if rest:
            ordered.append(max(rest, key=lambda pick: gain[pick] / cost[pick]))
            rest.remove(ordered[-1])
    return ordered
