"""The laws that forecast together, each held by what published fits make plausible, and solved on any part of the runs.

Measured on real hold-outs (benchmarks/backtests.py): no single form wins. Chinchilla's law is 2.6 % off on
average and too pessimistic, the coupled law 2.0 % and wild on few runs, the quadratic within a decade as
good as any and useless beyond. What helps most is not the form: priors, and counting each run by the square
root of its compute, as the small runs are what no law describes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.estimate import median
from isoflop.fitting.draws import run_noise
from isoflop.fitting.fit import Fit, problem_behind
from isoflop.fitting.optimise.minimise import NEAR, minimise
from isoflop.fitting.optimise.objective import EFFICIENT, Objective
from isoflop.fitting.optimise.problem import Prior, Problem, problem_of
from isoflop.laws import LAWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.data.runs import Runs
    from isoflop.formula.law import Law

    Array = NDArray[np.float64]

ROOT_OF_COMPUTE = 0.5
"""A run counts by its compute to this power."""
_LEAST_NOISE = 5e-4
_ROUNDS = 6
_LENT = 0.1
_LEAST_LEFT = 0.01
"""The least share of a run's variance that the fit is taken to leave."""
FORGOTTEN = 6.0
"""Standard deviations off the curve at which a run no longer counts at all (Tukey's biweight)."""
TAIL = 0.8
"""A new run's noise is read off this share of the residuals too: real ones have longer tails than a normal."""


class Form(NamedTuple):
    """A law that takes part in a forecast.

    prior   parameter → (mean, standard deviation) before any run; of E, in units of the smallest loss.
            Published fits (Chinchilla and its refits, Gadre, Gemstones, Muennighoff) have exponents of
            0.24 to 0.6 and floors of 0.5 to 0.9 times their best loss; the priors are wider than that.
    reach   decades beyond the runs up to which the form is believed
    begin   smallest, median loss → where its fits begin, a list of parameter values
    """

    law: Law
    prior: Mapping[str, tuple[float, float]]
    reach: float
    begin: Callable[[Problem, float, float], list[dict[str, float]]]


_EXPONENT = (0.35, 0.15)
_FLOOR = (0.55, 0.2)
_BENT = (0.053, 0.053)
"""Second derivative of log loss by decades: what Chinchilla's law has amid its runs, give or take as much."""


def _sums(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    size, tokens = _centre(problem)
    return [
        {"E": share * least, "alpha": 0.35, "beta": 0.35,
         "A": (middle - share * least) / 2 * size**0.35, "B": (middle - share * least) / 2 * tokens**0.35}
        for share in (0.4, 0.7)
    ]  # fmt: skip


def _coupled(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    return [
        {"E": one["E"], "alpha": 0.35, "beta": 0.35, "k": k,
         "N0": one["A"] ** (1 / 0.35), "D0": one["B"] ** (1 / 0.35)}
        for one in _sums(problem, least, middle)
        for k in (1.0, 0.5)
    ]  # fmt: skip


def _valley(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    size, tokens = _centre(problem)
    return [{"E": 0.5 * least, "A": (middle - 0.5 * least) * (size * tokens) ** 0.17, "alpha": 0.17, "beta": 0.17,
             "q": 0.03}]  # fmt: skip


def _quadratic(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:  # noqa: ARG001 - one signature
    return [{"c": float(np.log(middle)), "c_N": -0.1, "c_D": -0.1, "c_NN": 0.05, "c_ND": 0.0, "c_DD": 0.05}]


def _centre(problem: Problem) -> tuple[float, float]:
    size, tokens = (float(np.exp(np.log(problem.inputs[key]).mean())) for key in ("N", "D"))
    return size, tokens


FORMS = (
    Form(LAWS["chinchilla"], {"E": _FLOOR, "alpha": _EXPONENT, "beta": _EXPONENT}, np.inf, _sums),
    Form(LAWS["coupled"], {"E": _FLOOR, "alpha": _EXPONENT, "beta": _EXPONENT, "k": (1.0, 0.5)}, np.inf, _coupled),
    Form(LAWS["valley"], {"E": _FLOOR, "alpha": (0.17, 0.1), "beta": (0.17, 0.1), "q": (0.03, 0.05)}, np.inf, _valley),
    Form(LAWS["log-quadratic"], {"c_NN": _BENT, "c_ND": (0.0, 0.053), "c_DD": _BENT}, 1.0, _quadratic),
)
"""What forecasts together unless a law is asked for."""


@dataclass(frozen=True)
class Member:
    """One law on some runs, ready to be solved again on any part of them.

    theta      best fitted coordinates (parameters,)
    noise      robust standard deviation of its residuals in log loss
    weights    (runs,): how much each run counts, the largest 1
    reach      decades beyond the runs up to which the law is believed
    """

    law: Law
    problem: Problem
    objective: Objective
    theta: Array
    noise: float
    weights: Array
    reach: float = np.inf


class Solved(NamedTuple):
    """A member on several parts of its runs: theta (parts, p), covariance of the fitted coordinates (parts, p, p)."""

    theta: Array
    covariance: Array


def members(runs: Runs) -> tuple[Member, ...]:
    """Fit the forms that forecast together to the runs; a form that cannot be fitted is left out."""
    found = (_member(form, runs) for form in FORMS)
    return tuple(one for one in found if one is not None)


def member_of(fit: Fit, runs: Runs) -> Member:
    """Give a fit as a member on some of its runs: its own law and objective, no prior, all runs alike."""
    problem, theta = problem_behind(fit, runs)
    return Member(problem.law, problem, fit.objective, theta, fit.noise, np.ones(len(runs)))


def _member(form: Form, runs: Runs) -> Member | None:
    problem = problem_of(form.law, {key: runs[key] for key in form.law.inputs}, runs["loss"])
    loss, share = np.exp(problem.target), counted(runs)
    weights = share
    least, middle = float(loss.min()), float(median(loss))
    begin = form.begin(problem, least, middle)
    theta = problem.fitted(np.array([[one[key] for key in form.law.parameters] for one in begin]))
    known = _prior(form, least)
    spread, objective = 0.02, Objective("robust", adaptive=True)
    for turn in range(_ROUNDS):
        problem = replace(problem, prior=Prior(known[0], spread**2 / known[1] ** 2))
        objective = replace(objective, delta=EFFICIENT * spread)
        found = minimise(problem, theta, objective, weights=np.tile(weights, (len(theta), 1)), tolerance=1e-8)
        if not np.isfinite(found.objective).any():
            return None
        best = found.theta[np.argmin(found.objective)]
        residuals = _even(problem, best, weights)
        now = max(_noise(residuals, share, quantile=0.5), _LEAST_NOISE)
        theta = found.theta if turn == 0 else best[None]
        weights = share * np.maximum(1 - (residuals / (FORGOTTEN * now)) ** 2, 0.0) ** 2
        if abs(now - spread) < 0.01 * spread:
            break
        spread = now
    spread = max(spread, _noise(residuals, share, quantile=TAIL))
    if runs.clusters is not None:
        spread = run_noise(problem, best, objective, clusters=runs.clusters)
    return Member(form.law, problem, objective, best, spread, weights, form.reach)


def _even(problem: Problem, theta: Array, weights: Array) -> Array:
    """Give residuals (runs,) as large as the runs' noise: what the fit follows of it, most at the largest runs, undone.

    Else few runs, of which the largest count most, are followed so closely that all the others seem far off.
    """
    residuals, slopes = (found[0] for found in problem.linearise(theta[None]))
    known = 0.0 if problem.prior is None else np.diag(problem.prior.weight)
    pulls = slopes * weights
    inverse = np.linalg.pinv(pulls @ slopes.T + known, hermitian=True)
    followed = np.einsum("pn,pn->n", slopes, inverse @ pulls)
    others = np.einsum("pn,pq,qn->n", slopes, inverse @ (pulls @ pulls.T) @ inverse, slopes)
    return np.asarray(residuals / np.sqrt(np.maximum(1 - 2 * followed + others, _LEAST_LEFT)))


def _noise(residuals: Array, weights: Array, *, quantile: float) -> float:
    """Give the standard deviation of normal residuals whose absolute value has this weighted quantile."""
    size = np.abs(residuals)
    order = np.argsort(size)
    below = (np.cumsum(weights[order]) - weights[order] / 2) / float(weights.sum())
    return float(np.interp(quantile, below, size[order])) / NormalDist().inv_cdf((1 + quantile) / 2)


def _prior(form: Form, least: float) -> tuple[Array, Array]:
    """Give centre and standard deviation of each fitted coordinate; infinite where nothing is known."""
    unit = {"E": least}
    pairs = [form.prior.get(key, (0.0, np.inf)) for key in form.law.parameters]
    scale = [unit.get(key, 1.0) for key in form.law.parameters]
    return np.array([mean for mean, _ in pairs]) * scale, np.array([spread for _, spread in pairs]) * scale


def counted(runs: Runs) -> Array:
    """Give how much each row counts, (runs,); the rows that share a run count as one between them."""
    weights, shared = (runs["C"] / runs["C"].max()) ** ROOT_OF_COMPUTE, runs.clusters
    return np.asarray(weights if shared is None else weights / np.bincount(shared)[shared])


def solved(member: Member, parts: Array) -> Solved:
    """Solve a member again on parts of its runs: `parts` (parts, runs) weighs each row, on top of its own weight."""
    weights = parts * member.weights
    weights /= np.maximum(weights.max(axis=1, keepdims=True), 1e-300)
    begin = np.tile(member.theta, (len(parts), 1))
    found = minimise(
        member.problem, begin, member.objective, weights=weights, tolerance=1e-6, iterations=60, first=NEAR
    )
    return Solved(found.theta, _covariance(member, found.theta, weights))


def _covariance(member: Member, theta: Array, weights: Array) -> Array:
    """Give the covariance at each theta: what equal noise in all runs, and the prior's width, do to the fit."""
    residuals, slopes = member.problem.linearise(theta)
    bend = member.objective.curvature(residuals, _LENT) * weights
    curvature = (slopes * bend[:, None, :]) @ slopes.transpose(0, 2, 1)
    pulls = (slopes * (bend**2)[:, None, :]) @ slopes.transpose(0, 2, 1)
    if member.problem.prior is not None:
        known = np.diag(member.problem.prior.weight)
        taken = member.objective.delta / EFFICIENT  # the noise beside which the fit weighed the prior
        curvature, pulls = curvature + known, pulls + known * (taken / member.noise) ** 2
    held = (theta <= member.problem.lower) | (theta >= member.problem.upper)
    fixed = held[:, :, None] | held[:, None, :]
    scale = np.sqrt(np.maximum(np.einsum("bpp->bp", curvature), 1e-60))
    outer = scale[:, :, None] * scale[:, None, :]
    unit = np.where(fixed, 0.0, curvature / outer) + np.eye(theta.shape[1]) * (1e-12 + held[:, None, :])
    inverse = np.linalg.inv(unit)
    spread = inverse @ np.where(fixed, 0.0, pulls / outer) @ inverse
    return np.asarray(member.noise**2 * spread / outer)


def predicted(member: Member, found: Solved, inputs: Mapping[str, Array]) -> tuple[Array, Array]:
    """Give the log loss and its standard error at the inputs (points,), each (parts, points)."""
    rows = next(iter(inputs.values())).size
    at = replace(
        member.problem, inputs={key: inputs[key] for key in member.law.inputs}, target=np.zeros(rows), log=True
    )
    with np.errstate(all="ignore"):
        residuals, slopes = at.linearise(found.theta)
        error = np.sqrt(np.maximum(np.einsum("bpn,bpq,bqn->bn", slopes, found.covariance, slopes), 0.0))
    return -residuals, error
