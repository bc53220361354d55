"""Best of n: the sample that a reward ranks first counts. What a table says of how well the reward ranks.

A reward scores correct samples as N(d, 1) and wrong ones as N(0, 1): d, its separation, is all that matters of it. Of k
samples that are each correct with probability p, the first by score is correct with

    P(p, k, d) = ∫ k F(s)^(k-1) p φ(s - d) ds,    F(s) = p Φ(s - d) + (1 - p) Φ(s).

d = 0 chooses at random (P = p), and d → ∞ finds a correct sample wherever there is one. Of two samples of a problem,
one right and one wrong, the right one scores higher with probability Φ(d/√2), which per-sample rewards tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from isoflop.formula.arrays import Array
from isoflop.formula.tree import lgamma

_erf = np.vectorize(math.erf, otypes=[float])
_FAR, _STEP = 9.0, 0.025
"""How far from their means scores are integrated, and in what steps, in standard deviations."""
MOST = 8.0
"""The largest separation looked at: such a reward is right about all but 1 pair in 10⁸."""
_POINTS = 12


class Picked(NamedTuple):
    """What best-of-n has reached in a table: at the numbers of samples k, and the separation that rewards tell."""

    k: Array
    rates: Array
    separation: float = math.nan


def best_of(p: ArrayLike, k: float, *, separation: float) -> Array:
    """Return the chance that the sample of highest reward among k is correct, at each p."""
    one = np.asarray(p, float)[..., None]
    scores = np.arange(-_FAR, _FAR + separation, _STEP)
    below = one * normal_below(scores - separation) + (1 - one) * normal_below(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(below > 0, (k - 1) * np.log(below), 0.0 if k == 1 else -np.inf)
    density = np.exp(-0.5 * (scores - separation) ** 2) / math.sqrt(2 * math.pi)
    found = np.trapezoid(k * np.exp(log) * one * density, scores, axis=-1)
    return np.asarray(np.clip(found, 0.0, 1.0))


def normal_below(score: Array) -> Array:
    """Return the probability that a standard normal variable lies below each score."""
    return np.asarray(0.5 * (1 + _erf(score / math.sqrt(2))))


def picked_of(problems: Array, correct: Array, rewards: Array) -> Picked:
    """Return what best of k has reached for samples with rewards (samples,), without bias, and the separation.

    Of n samples ranked r = 0, 1, … by reward, the best of k drawn from them is that of rank r with probability
    C(n-1-r, k-1) / C(n, k).
    """
    groups = [np.flatnonzero(problems == name) for name in dict.fromkeys(problems.tolist())]
    fewest = min(rows.size for rows in groups)
    k = np.unique(np.geomspace(1, fewest, _POINTS).round())
    each = [list(_best(correct[rows], rewards[rows], k)) for rows in groups]
    return Picked(k, np.mean(each, axis=0), _separation([(correct[rows], rewards[rows]) for rows in groups]))


def _best(correct: Array, rewards: Array, k: Array) -> Iterator[float]:
    order = np.argsort(-rewards, kind="stable")
    n, rank = correct.size, np.arange(correct.size, dtype=float)
    for most in k.tolist():
        able = rank <= n - most
        left = n - 1 - rank[able]
        log = lgamma(left + 1) - lgamma(left - most + 2)  # what is the same for all ranks falls out
        weight = np.exp(log - log.max())
        yield float(weight @ correct[order][able] / weight.sum())


def _separation(groups: list[tuple[Array, Array]]) -> float:
    """Return √2 Φ⁻¹ of the share of pairs, one right and one wrong of the same problem, that the reward ranks well."""
    won = pairs = 0.0
    for correct, rewards in groups:
        right, wrong = rewards[correct > 0][:, None], rewards[correct == 0]
        won += float((right > wrong).sum() + 0.5 * (right == wrong).sum())
        pairs += right.size * wrong.size
    if not pairs:
        return math.nan
    share = min(max((won + 0.5) / (pairs + 1), 1e-6), 1 - 1e-6)
    return min(max(math.sqrt(2) * NormalDist().inv_cdf(share), 0.0), MOST)


def separation_of(picked: Picked, accuracy: Callable[[float, float], float]) -> float:
    """Return the separation under which `accuracy` (k, separation) meets what best of n has reached, by squares.

    The sum of squares is looked at on ever finer grids; nan where nothing beyond one sample was measured.
    """
    several = picked.k > 1
    if not several.any():
        return picked.separation
    points = list(zip(picked.k[several].tolist(), picked.rates[several].tolist(), strict=True))
    low, high = 0.0, MOST
    for _ in range(4):
        tried = np.linspace(low, high, 9)
        squares = [sum((accuracy(k, d) - rate) ** 2 for k, rate in points) for d in tried.tolist()]
        best = int(np.argmin(squares))
        low, high = float(tried[max(best - 1, 0)]), float(tried[min(best + 1, 8)])
    return (low + high) / 2
