"""Does accuracy break at a given loss? Right answers out of n as a function of loss, with and without a step.

The surprisal eta of an answer is kappa L - b, which exact match makes of it: kappa = T and b = 0 where the loss is that
of the answer's own tokens. With the loss of other text it may bend gently, by q (L - M)^2 + r (L - M)^3. Accuracy is
exp(-eta), or 1/(1 + exp(eta)), between chance and ceiling. A break lowers eta by delta within a narrow stretch of
scale, or of loss. Right answers are binomial; what the loss is off by, or what else moves single runs, is a standard
deviation tau of eta. Its likelihood is the extended quasi-likelihood of Nelder and Pregibon (1987), which knows the
exact odds of zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence.losses import chi_square, neighbours, places, rise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from isoflop.formula.arrays import Array


TAUS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.7)
WIDTHS = (0.003, 0.04)
"""Widths of a step, as shares of the range of log scale or of loss."""
LINKS = ("exponential", "logistic")
_STEPS, _LEAST, _MOST = 40, 1e-9, 40.0
_TINY = 1e-13
_PRIOR = np.array([0.0, 0.0, 1e-2, 0.0, 0.0])
"""Precision with which a step is thought to be 0: it keeps one whose lower side has no right answer at all finite."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Right answers of runs, where each had so many items.

    place  (runs,): log scale from 0 to 1
    loss   (runs,)
    right  (runs,): right answers, whole or not
    items  how many items each run was asked
    middle the loss about which a surprisal may bend
    """

    place: Array
    loss: Array
    right: Array
    items: float
    chance: float = 0.0
    ceiling: float = 1.0
    middle: float = 0.0

    def take(self, keep: NDArray[np.bool_]) -> Counts:
        """Return some of the runs."""
        return replace(self, place=self.place[keep], loss=self.loss[keep], right=self.right[keep])


@dataclass(frozen=True, eq=False)
class Step:
    """Where accuracy breaks: at a place along "scale", or along falling "loss", within a width (same units)."""

    along: str
    at: float
    width: float

    def __call__(self, place: Array, loss: Array) -> Array:
        """Return how much of the step is done, from 0 to 1."""
        return rise(((place - self.at) if self.along == "scale" else (self.at - loss)) / self.width)


@dataclass(frozen=True, eq=False)
class Surprisal:
    """One curve of accuracy given loss, and how well it does.

    coefficients  kappa, b, delta, q, r
    covariance    of these (5, 5); 0 for what is not fitted
    middle        M
    score         the extended quasi-likelihood, in nats
    allowed       every step that was tried, with the score of the best curve that has it
    """

    link: str
    coefficients: Array
    covariance: Array
    tau: float
    score: float
    step: Step | None = None
    middle: float = 0.0
    allowed: tuple[tuple[Step | None, float], ...] = ()

    def eta(self, place: Array, loss: Array) -> Array:
        """Return the surprisal of an answer."""
        return np.asarray(self.coefficients @ columns(self.step, place, loss, middle=self.middle))

    def __call__(self, counts: Counts, *, place: Array, loss: Array) -> Array:
        """Return the accuracy at some places and losses."""
        return _accuracy(counts, self.link, self.eta(place, loss))[0]


def stated(counts: Counts, tokens: float) -> Surprisal:
    """Return what exact match of so many tokens says, with nothing fitted but tau."""
    eta = tokens * counts.loss
    scores = [_score(counts, LINKS[0], eta[None], tau=np.array([tau]), weights=np.ones_like(eta))[0] for tau in TAUS]
    row = int(np.argmax(scores))
    return Surprisal(LINKS[0], np.array([tokens, 0.0, 0.0, 0.0, 0.0]), np.zeros((5, 5)), TAUS[row], float(scores[row]))


def smooth(counts: Counts, *, bent: int) -> Surprisal:
    """Give the smooth curve of accuracy given loss that does best, by either link; `bent` is how many bends it has."""
    return _best(counts, [None], TAUS, bent=bent)


def broken(counts: Counts, *, bent: int) -> Surprisal:
    """Return the best curve with a step to the better, at any place with enough runs on either side."""
    return _best(counts, steps(counts), TAUS, bent=bent)


def _free(bent: int) -> Array:
    """Return which of the coefficients are fitted."""
    return np.array([1.0, 1.0, 1.0, bent > 0, bent > 1])


def steps(counts: Counts) -> list[Step | None]:
    """Return every step that is tried, along scale and along loss."""
    reach = float(np.ptp(counts.loss)) or 1.0
    found: list[Step | None] = []
    for wide, width in enumerate(WIDTHS):
        found += [Step("scale", float(at), width) for at in places(counts.place, wide=bool(wide))]
        found += [Step("loss", float(at), width * reach) for at in places(counts.loss, wide=bool(wide))]
    return found


def held_out(counts: Counts, folds: int, tokens: float | None, *, bent: int) -> dict[str, Array]:
    """Give each kind of curve's score of every run when its fold was left out, and what it forecast: name → (2, runs).

    Where a break lies between two runs is not known, so every step forecasts with the weight that the others give it.
    """
    names = ["smooth in loss", "with a step", *(["as stated"] if tokens else [])]
    found = {name: np.zeros((2, counts.loss.size)) for name in names}
    fold = np.argsort(np.argsort(counts.place, kind="stable"), kind="stable") % folds
    spreads = [(tried, _best(counts, tried, TAUS, bent=bent).tau) for tried in ([None], steps(counts))]  # learned once
    fixed = _alone(stated(counts, tokens)) if tokens else None
    for number in range(folds):
        out = fold == number
        weights, left = np.where(out, 0.0, 1.0), counts.take(out)
        ways = [
            [_solved(counts, link, tried, weights=weights, taus=(tau,), bent=bent) for link in LINKS]
            for tried, tau in spreads
        ]
        ways += [[fixed]] if fixed else []
        for name, solved in zip(names, ways, strict=True):
            found[name][:, out] = _forecast(left, solved)
    return found


def _forecast(counts: Counts, solved: list[Solved]) -> Array:
    """Return the log of the mean score of runs over many curves, and their mean accuracy, each by weight: (2, runs)."""
    scores = np.concatenate([one.score for one in solved])
    weight = np.exp(scores - scores.max())
    weight /= weight.sum()
    each, mean = [], []
    for one in solved:
        eta = one.eta(counts)
        each.append(_each(counts, one.link, eta, tau=one.tau))
        mean.append(_accuracy(counts, one.link, eta)[0])
    with np.errstate(under="ignore"):
        score = np.log(weight @ np.exp(np.maximum(np.concatenate(each), -700.0)))
    return np.stack([score, weight @ np.concatenate(mean)])


def sensed(counts: Counts, curve: Surprisal, *, bent: int | None) -> float:
    """Return the least standard error with which a step's size is known, at the place where it is known best.

    bent  how many bends had to be learned from the same runs, besides kappa and b; None if nothing had to
    """
    eta = curve.eta(counts.place, counts.loss)
    weight = _weights(counts, curve.link, eta[None], tau=np.array([curve.tau]))[1][0]
    least = np.inf
    for step in steps(counts):
        given = columns(step, counts.place, counts.loss, middle=counts.middle)
        # Without anything fitted, a step to the better from what is stated has to lie below it first.
        given = given[[2]] + 1 if bent is None else given[[2, 0, 1, 3, 4][: 3 + bent]]
        information = (given * weight) @ given.T
        if np.linalg.cond(information) < 1e12:
            least = min(least, float(np.sqrt(np.linalg.inv(information)[0, 0])))
    return least


@dataclass(frozen=True, eq=False)
class Solved:
    """Many curves of one link at once: coefficients (curves, 5), tau and score (curves), and the step of each."""

    link: str
    coefficients: Array
    tau: Array
    score: Array
    steps: tuple[Step | None, ...]
    middle: float = 0.0

    def eta(self, counts: Counts) -> Array:
        """Return the surprisals (curves, runs)."""
        given = _columns(replace(counts, middle=self.middle), self.steps)
        return np.asarray(np.einsum("bp,bpn->bn", self.coefficients, given))


def _alone(curve: Surprisal) -> Solved:
    one = np.ones(1)
    return Solved(curve.link, curve.coefficients[None], curve.tau * one, curve.score * one, (curve.step,), curve.middle)


def _columns(counts: Counts, tried: Sequence[Step | None]) -> Array:
    """Return what the coefficients are multiplied by, (curves, 5, runs)."""
    return np.stack([columns(step, counts.place, counts.loss, middle=counts.middle) for step in tried])


def columns(step: Step | None, place: Array, loss: Array, *, middle: float) -> Array:
    """Return what kappa, b, delta, q and r are multiplied by, (5, runs)."""
    done = step(place, loss) if step else np.zeros_like(loss)
    return np.stack([loss, -np.ones_like(loss), -done, (loss - middle) ** 2, (loss - middle) ** 3])


def _solved(
    counts: Counts,
    link: str,
    tried: Sequence[Step | None],
    *,
    weights: Array,
    taus: tuple[float, ...],
    bent: int,
) -> Solved:
    """Return the curves with each of these steps and each tau, solved at once."""
    given = np.repeat(_columns(counts, tried) * _free(bent)[:, None], len(taus), axis=0)
    tau = np.tile(taus, len(tried))
    beta = np.tile(_begin(counts, given[:1], weights), (len(given), 1))
    beta, score = _climb(counts, link, given, beta=beta, tau=tau, weights=weights)
    off = np.linspace(counts.loss.min(), counts.loss.max(), 5) - counts.middle
    slope = beta[:, [0]] + 2 * beta[:, [3]] * off + 3 * beta[:, [4]] * off**2
    wrong = (slope <= 0).any(axis=1) | (beta[:, 2] < 0)  # a surprisal that falls with the loss, or a step to the worse
    score = np.where(wrong & ~wrong.all(), -np.inf, score)
    return Solved(link, beta, tau, score, tuple(step for step in tried for _ in taus), counts.middle)


def _best(counts: Counts, tried: Sequence[Step | None], taus: tuple[float, ...], *, bent: int) -> Surprisal:
    """Return the best curve with any of these steps, by either link."""
    weights = np.ones_like(counts.loss)
    both = [_solved(counts, link, tried, weights=weights, taus=taus, bent=bent) for link in LINKS]
    found = max(both, key=lambda one: float(one.score.max()))
    row = int(np.argmax(found.score))
    beta, step, tau = found.coefficients[row], found.steps[row], found.tau[row]
    given = _columns(counts, [step])[0] * _free(bent)[:, None]
    weight = _weights(counts, found.link, (beta @ given)[None], tau=np.array([tau]))[1][0]
    covariance = np.linalg.pinv((given * weight) @ given.T, rcond=1e-10, hermitian=True)
    each = found.score.reshape(len(tried), -1).max(axis=1).tolist()
    allowed = tuple(zip(tried, each, strict=True))
    return Surprisal(found.link, beta, covariance, float(tau), float(found.score[row]), step, counts.middle, allowed)


def span(counts: Counts, curve: Surprisal, level: float) -> tuple[float, float]:
    """Return between which runs, along scale or loss as the step is, its likelihood allows it to lie."""
    least = curve.score - chi_square(level) / 2
    along = curve.step.along if curve.step else ""
    places_ = [step.at for step, score in curve.allowed if step and step.along == along and score >= least]
    return neighbours(counts.place if along == "scale" else counts.loss, min(places_), max(places_))


def _begin(counts: Counts, columns: Array, weights: Array) -> Array:
    """Return kappa and b of a line through the surprisals read off the counts, half an answer added."""
    share = (counts.right + 0.5) / (counts.items + 1)
    known = np.clip((share - counts.chance) / (counts.ceiling - counts.chance), 0.2 / counts.items, 1 - 1e-6)
    root = np.sqrt(weights * known)
    found = np.linalg.lstsq((columns[0, :2] * root).T, -np.log(known) * root, rcond=None)[0]
    return np.array([max(found[0], 0.1), found[1], 0.0, 0.0, 0.0])


def _climb(
    counts: Counts, link: str, columns: Array, *, beta: Array, tau: Array, weights: Array
) -> tuple[Array, Array]:
    """Return the coefficients (batch, 5) of the highest score and that score, by Fisher scoring with damping."""
    damping = np.full(len(beta), 1e-2)
    eta = np.einsum("bp,bpn->bn", beta, columns)
    score = _score(counts, link, eta, tau=tau, weights=weights) - 0.5 * beta**2 @ _PRIOR
    for _ in range(_STEPS):
        pull, weight = _weights(counts, link, eta, tau=tau)
        gradient = (columns @ (pull * weights)[:, :, None])[:, :, 0] - _PRIOR * beta
        curvature = (columns * (weight * weights)[:, None]) @ columns.transpose(0, 2, 1) + np.diag(_PRIOR)
        scale = np.sqrt(np.einsum("bpp->bp", curvature)) + 1e-6
        inner = curvature / scale[:, :, None] / scale[:, None, :] + (damping[:, None] + 1e-9)[:, :, None] * np.eye(5)
        trial = beta + np.linalg.solve(inner, (gradient / scale)[:, :, None])[:, :, 0] / scale
        new_eta = np.einsum("bp,bpn->bn", trial, columns)
        reached = _score(counts, link, new_eta, tau=tau, weights=weights) - 0.5 * trial**2 @ _PRIOR
        better = reached > score
        gain = np.where(better, reached - score, 0.0)
        beta, eta = np.where(better[:, None], trial, beta), np.where(better[:, None], new_eta, eta)
        score, damping = np.where(better, reached, score), np.where(better, damping / 10, damping * 10)
        if float(gain.max()) < 1e-5 and float(damping.min()) > 1:
            break
        damping = np.clip(damping, 1e-8, 1e6)
    return beta, score


def accuracy_at(counts: Counts, link: str, eta: Array) -> Array:
    """Return the accuracy at some surprisals."""
    return _accuracy(counts, link, eta)[0]


def _accuracy(counts: Counts, link: str, eta: Array) -> tuple[Array, Array]:
    """Return the accuracy and its slope in eta."""
    span = counts.ceiling - counts.chance
    if link == LINKS[0]:
        part = np.exp(-np.clip(eta, _LEAST, _MOST))
        slope = -part
    else:
        part = 1 / (1 + np.exp(np.clip(eta, -_MOST, _MOST)))
        slope = -part * (1 - part)
    return np.clip(counts.chance + span * part, _TINY, 1 - _LEAST), span * slope


def _spread(counts: Counts, share: Array, slope: Array, *, tau: Array) -> Array:
    """Return by how much the variance of a share exceeds that of the binomial."""
    return np.asarray(1 + counts.items * (slope * tau[:, None]) ** 2 / (share * (1 - share)))


def _weights(counts: Counts, link: str, eta: Array, *, tau: Array) -> tuple[Array, Array]:
    """Return the score's slope in eta and its information, each (batch, runs)."""
    share, slope = _accuracy(counts, link, eta)
    variance = share * (1 - share) * _spread(counts, share, slope, tau=tau)
    return (counts.right - counts.items * share) * slope / variance, counts.items * slope**2 / variance


def _each(counts: Counts, link: str, eta: Array, *, tau: Array) -> Array:
    """Return the extended quasi-likelihood of each run, (batch, runs), next to that of a perfect curve."""
    share, slope = _accuracy(counts, link, eta)
    spread = _spread(counts, share, slope, tau=tau)
    right, wrong = counts.right, counts.items - counts.right
    with np.errstate(all="ignore"):
        odds = np.where(right > 0, right * np.log(right / (counts.items * share)), 0.0)
        odds = odds + np.where(wrong > 0, wrong * np.log(wrong / (counts.items * (1 - share))), 0.0)
    return np.asarray(-odds / spread - 0.5 * np.log(spread))


def _score(counts: Counts, link: str, eta: Array, *, tau: Array, weights: Array) -> Array:
    return np.asarray((_each(counts, link, eta, tau=tau) * weights).sum(axis=1))
