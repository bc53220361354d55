"""What is believed of the loss before the next runs: laws, their errors, how far they disagree and how they drift.

All of it is one set of unknown errors with unit variance, so that a run, and the number one wants to know, each see
some of them. A law's own errors are its covariance; how far the laws disagree, and by how much every law strays with
distance from the runs, are errors that the laws share. Their variances add up to the calibrated forecast's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.compute.flops import FlopRule
from isoflop.compute.terms import Terms
from isoflop.errors import DataError, UsageError
from isoflop.experiments.design.choose import Views
from isoflop.fitting.fit import Fit
from isoflop.fitting.optimise.problem import Problem, problem_of
from isoflop.forecasting.constants import DRIFT, GENTLE
from isoflop.forecasting.ensemble import Ensemble, shares
from isoflop.forecasting.predictor import Predictor
from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve, Law

FREE = 10.0
"""Standard deviation of log scales and log sizes of a published curve; what its losses allow holds them."""
BINS = 12
"""Steps in which drift is told apart."""
_NEAR = 0.02
"""Step in log N that finds how the loss bends about the best size."""


class Believed(NamedTuple):
    """One law: best fitted coordinates (p,), the root of their covariance (p, p), noise, and how much it counts."""

    problem: Problem
    theta: Array
    root: Array
    noise: float
    weight: float


@dataclass(frozen=True)
class Belief:
    """Laws that count beside each other, and from where on they drift.

    largest  FLOPs up to which runs hold the laws
    fading   the power of compute by which smaller runs count less
    """

    laws: tuple[Believed, ...]
    largest: float
    rule: FlopRule
    fading: float = 0.0

    def decades(self, at: Mapping[str, Array]) -> Array:
        """Return how far beyond the runs each point lies, in decades of compute."""
        return np.maximum(np.log10(self.rule.flops(at["N"], at["D"]) / self.largest), 0.0)


class Prior(NamedTuple):
    """What is taken of a published curve, which has no covariance: shares of one standard deviation."""

    uncertain: float = 0.2
    noise: float = 0.005


def believe(source: Predictor, *, at: Mapping[str, Array], prior: Prior, rule: FlopRule) -> Belief:
    """Return what a source says of runs; `at` are the candidates."""
    if isinstance(source, Ensemble):
        weights = shares(source)[:, 0].tolist()
        found = tuple(
            Believed(one.problem, one.theta, _root(one.covariance), one.noise, weight)
            for one, weight in zip(source.members, weights, strict=True)
        )
        return Belief(found, float(source.runs["C"].max()), rule, GENTLE)
    if isinstance(source, Fit):
        problem = _problem(source.curve.law)
        unit = np.where(problem.logged, np.maximum(source.curve.row[0], 1e-300), 1.0)
        theta, spread = problem.fitted(source.curve.row)[0], source.covariance / np.outer(unit, unit)
        if not np.isfinite(spread).all():
            raise DataError(f"{source.source}: the covariance of the fit is not finite. Use the runs, or another law.")
        known = Believed(problem, theta, _root(spread), max(source.noise, 1e-6), 1.0)
        return Belief((known,), source.curve.fitted_on.get("C", (0.0, math.inf))[1], rule)
    curves = source.curves
    lowest = float(rule.flops(at["N"], at["D"]).min())
    return Belief(tuple(_published(one, at, prior=prior, weight=1 / len(curves)) for one in curves), lowest, rule)


def _published(curve: Curve, at: Mapping[str, Array], *, prior: Prior, weight: float) -> Believed:
    """Return a published curve with errors: of its parameters, and of its losses amid the candidates.

    Scales are held by the losses alone: a scale is its term at one parameter, far from any run.
    """
    problem = _problem(curve.law)
    theta = problem.fitted(curve.row)[0]
    own = np.where(problem.logged, FREE, prior.uncertain * np.maximum(np.abs(theta), 0.1))
    slopes = jacobian(problem, theta[None], at)[0]
    share = theta.size / len(slopes)  # the candidates' losses together say as much as one number a parameter
    precision = np.diag(own**-2.0) + share * slopes.T @ slopes / prior.uncertain**2
    return Believed(problem, theta, _root(np.linalg.inv(precision)), prior.noise, weight)


def jacobian(problem: Problem, theta: Array, at: Mapping[str, Array]) -> Array:
    """Give the derivative of log loss by fitted coordinates, (batch, points, parameters), at points that may differ."""
    inputs = {key: np.asarray(at[key], float) for key in problem.law.inputs}
    points = next(iter(inputs.values())).shape[-1]
    here = replace(problem, inputs=inputs, target=np.zeros(points), log=True, prior=None)
    return here.linearise(theta)[1].transpose(0, 2, 1)


def views(belief: Belief, at: Mapping[str, Array], target: Target, *, draws: int, seed: int) -> Views:
    """Return each law, at its best and at draws of its parameters, as a linear model of what candidates see.

    The draws of one law count alike, each by the share of its variance that runs leave: one draw far out decides
    nothing.
    """
    generator = np.random.default_rng(seed)
    shared_seen, shared_wanted = _shared(belief, at, target)
    most = max(one.theta.size for one in belief.laws)
    faint = (np.minimum(belief.rule.flops(at["N"], at["D"]) / belief.largest, 1.0)) ** (-belief.fading / 2)
    weight, seen, wanted, noise = [], [], [], []
    for one in belief.laws:
        normal = generator.standard_normal((draws, one.theta.size))
        drawn = np.clip(one.theta + normal @ one.root.T, one.problem.lower, one.problem.upper)
        theta = np.concatenate([one.theta[None], drawn])
        with np.errstate(all="ignore"):  # a draw far out may overflow; it is left out
            own = jacobian(one.problem, theta, at) @ one.root
            gradient = target.gradient(one, theta, belief) @ one.root
        sound = np.isfinite(own).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
        room = ((0, 0), (0, most - one.theta.size))
        for each, toward in zip(own[sound], gradient[sound], strict=True):
            seen.append(np.concatenate([np.pad(each, room), shared_seen], axis=1))
            wanted.append(np.concatenate([np.pad(toward, room[1]), shared_wanted]))
            noise.append(one.noise * faint)
            first = gradient[sound][0]
            weight.append(one.weight * float(first @ first + shared_wanted @ shared_wanted) / sound.sum())
    if not seen:
        raise DataError(
            "no law of the source has finite slopes at the candidates. Choose candidates nearer to its runs."
        )
    now = (np.array(wanted) ** 2).sum(axis=1)
    share = np.array(weight) / np.sum(weight) / np.maximum(now, 1e-300)
    return Views(share, np.array(seen), np.array(wanted), np.array(noise))


def variance(belief: Belief, at: Mapping[str, Array], target: Target) -> float:
    """Return the variance of what is wanted: the laws' own errors, weighed, with what they share."""
    own = np.array([((target.gradient(one, one.theta[None], belief) @ one.root) ** 2).sum() for one in belief.laws])
    shared, weight = _shared(belief, at, target)[1], np.array([one.weight for one in belief.laws])
    sound = np.isfinite(own)  # a law without a valley has no best size to be wrong about
    counted = float(weight[sound].sum())
    return float(own[sound] @ weight[sound] / counted + shared @ shared) if counted else math.nan


def _shared(belief: Belief, at: Mapping[str, Array], target: Target) -> tuple[Array, Array]:
    """Return what candidates (candidates, errors) and what is wanted (errors,) see of drift and disagreement."""
    near, far = belief.decades(at), target.decades(belief)
    edges = np.linspace(0, max(float(near.max()), far, 1e-9), BINS + 1)
    drift, toward = (_drift(each, edges) for each in (near, np.array([far])))
    weight = np.array([one.weight for one in belief.laws])
    each = np.array([log_losses(one, at) for one in belief.laws])
    ours = np.array([target.value(one, belief) for one in belief.laws])
    apart = np.sqrt(weight)[:, None] * (each - weight @ each)
    parts = np.sqrt(weight) * (ours - weight @ ours)
    return np.concatenate([drift, apart.T], axis=1), np.concatenate([toward[0] * target.drifts, parts])


def _drift(decades: Array, edges: Array) -> Array:
    """Give what each distance sees of the drift, (points, bins): variance (DRIFT x decades)^2, gathered on the way."""
    reached = np.clip(decades[:, None], edges[:-1], edges[1:])
    return np.asarray(DRIFT * np.sqrt(np.maximum(reached**2 - edges[:-1] ** 2, 0.0)))


def log_losses(one: Believed, at: Mapping[str, Array]) -> Array:
    """Return the log loss of a law at its best, (points,)."""
    values = dict(zip(one.problem.law.parameters, one.problem.natural(one.theta[None])[0], strict=True))
    with np.errstate(all="ignore"):
        return np.asarray(np.log(one.problem.law(**values, **{key: at[key] for key in one.problem.law.inputs})))


@dataclass(frozen=True)
class Loss:
    """What is wanted is the log loss of a run of N parameters on D tokens."""

    N: float
    D: float
    drifts = 1.0

    @property
    def at(self) -> dict[str, Array]:
        """The run as columns."""
        return {"N": np.array([self.N]), "D": np.array([self.D])}

    def decades(self, belief: Belief) -> float:
        """Return how far beyond the runs it lies."""
        return float(belief.decades(self.at)[0])

    def value(self, one: Believed, belief: Belief) -> float:  # noqa: ARG002 - one signature
        """Return the log loss by a law."""
        return float(log_losses(one, self.at)[0])

    def gradient(self, one: Believed, theta: Array, belief: Belief) -> Array:  # noqa: ARG002 - one signature
        """Return its derivative by the fitted coordinates (batch, parameters)."""
        return jacobian(one.problem, theta, self.at)[:, 0]


@dataclass(frozen=True)
class BestSize:
    """What is wanted is log N of the best run for C FLOPs; a drift of the loss does not move it."""

    C: float
    drifts = 0.0

    def decades(self, belief: Belief) -> float:
        """Return how far beyond the runs it lies."""
        return max(math.log10(self.C / belief.largest), 0.0)

    def value(self, one: Believed, belief: Belief) -> float:
        """Return log N by a law."""
        return float(self._best(one, one.theta[None], belief)[0])

    def gradient(self, one: Believed, theta: Array, belief: Belief) -> Array:
        """Return its derivative by the fitted coordinates (batch, parameters); nan where the loss has no valley.

        Of the slope f' = 0 at the best size: d log N = - (df' / d theta) / f''.
        """
        best = self._best(one, theta, belief)[:, None]
        size = np.exp(best + _NEAR * np.array([-1.0, 0.0, 1.0]))
        at = {"N": size, "D": belief.rule.tokens(size, self.C)}
        slopes = jacobian(one.problem, theta, at)
        values = one.problem.natural(theta)
        named = {key: values[:, place, None] for place, key in enumerate(one.problem.law.parameters)}
        with np.errstate(all="ignore"):
            below, here, above = np.log(one.problem.law.formula.evaluate({**named, **at})).T
            bend = (above - 2 * here + below) / _NEAR**2
            found = -(slopes[:, 2] - slopes[:, 0]) / (2 * _NEAR) / bend[:, None]
        return np.where(bend[:, None] > 0, found, np.nan)

    def _best(self, one: Believed, theta: Array, belief: Belief) -> Array:
        return np.log(
            allocate(one.problem.law, one.problem.natural(theta), self.C, terms=Terms(belief.rule), halvings=30).N
        )


Target = Loss | BestSize


def _problem(law: Law) -> Problem:
    if set(law.inputs) != {"N", "D"}:
        raise UsageError(f"law {law.name} takes {', '.join(law.inputs)}; the next runs are chosen by a law of N and D.")
    return problem_of(law, {"N": np.ones(1), "D": np.ones(1)}, np.ones(1))


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
