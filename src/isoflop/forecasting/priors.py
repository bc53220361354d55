"""The component laws of a forecast: each held by what published fits make plausible, at some weight of runs.

Two laws take part, the valley with runs weighed by the root of their compute, and the coupled law with steeper
weights. Chinchilla's law and the log-quadratic took part once: far out they are what is too high; so did either
law at both weights: no better, at twice the time (benchmarks/LOG.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from isoflop.data.runs import Runs
from isoflop.fitting.fit import Fit, problem_behind
from isoflop.fitting.optimise.minimise import FAR, NEAR, minimise
from isoflop.fitting.optimise.objective import EFFICIENT, Objective
from isoflop.fitting.optimise.problem import Prior, Problem, problem_of
from isoflop.forecasting.constants import ELSEWHERE, FORGOTTEN, GENTLE, STEEP, TAIL
from isoflop.forecasting.noise import evened, middle, noise_of, noise_of_runs
from isoflop.formula.arrays import Array, median
from isoflop.formula.law import Law
from isoflop.laws import LAWS, find_law

_LEAST_NOISE = 5e-4
_FIRST_NOISE = 0.02
_ROUNDS = 6
_SAME_NOISE = 0.01
_LENT = 0.1
_LEAST_SHARE = 0.5
"""A steep fit, which follows the largest runs, takes the noise for no less than this share of the gentle one's."""
_LEAST_KEPT, _MOST_NOISE = 1 / 3, 4.0
"""The share of the gentle fit's runs that a steep one must go by, and how many times its noise it may find."""
_SETTLED, _SAME_OPTIMUM = 1e-8, 1e-4
"""Where the descents from a form's starts end, and by what share of the objective two ends are one optimum."""


class Form(NamedTuple):
    """A law that takes part in a forecast.

    prior   parameter → (mean, standard deviation) before any run; of E, in units of the smallest loss.
            Published fits (Chinchilla and its refits, Gadre, Gemstones, Muennighoff) have exponents of
            0.24 to 0.6 and floors of 0.5 to 0.9 times their best loss; the priors are wider than that.
    begin   smallest, median loss → where its fits begin, a list of parameter values
    power   of compute by which a run counts
    """

    law: Law
    prior: Mapping[str, tuple[float, float]]
    begin: Callable[[Problem, float, float], list[dict[str, float]]]
    power: float = GENTLE


_EXPONENT = (0.35, 0.15)
_FLOOR, _LOOSE_FLOOR = (0.55, 0.2), (0.5, 0.35)
_EPOCH = 2020.0
"""The year from which a law of dates counts: any would do, and numbers stay of the usual size."""


def _coupled(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    size, tokens = _centre(problem)
    found = []
    for floor in (0.4 * least, 0.7 * least):
        half = (middle - floor) / 2
        ends = {"N0": half ** (1 / 0.35) * size, "D0": half ** (1 / 0.35) * tokens}
        found += [{"E": floor, "alpha": 0.35, "beta": 0.35, "k": k, **ends} for k in (1.0, 0.5)]
    return found


def _valley(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    size, tokens = _centre(problem)
    return [{"E": 0.5 * least, "A": (middle - 0.5 * least) * (size * tokens) ** 0.17, "alpha": 0.17, "beta": 0.17,
             "q": 0.03}]  # fmt: skip


def _centre(problem: Problem) -> tuple[float, float]:
    size, tokens = (float(np.exp(np.log(problem.inputs[key]).mean())) for key in ("N", "D"))
    return size, tokens


FORMS = (
    Form(LAWS["coupled"], {"E": _FLOOR, "alpha": _EXPONENT, "beta": _EXPONENT, "k": (1.0, 0.5)}, _coupled, STEEP),
    Form(LAWS["valley"], {"E": _FLOOR, "alpha": (0.17, 0.1), "beta": (0.17, 0.1), "q": (0.03, 0.05)}, _valley),
)
"""The laws that forecast together unless one is asked for."""
ENDLESS = tuple(form._replace(law=replace(form.law.pinned({"E": 0.0}), name=f"{form.law.name} without E"))
                for form in FORMS)  # fmt: skip
"""The same for what has no best value, and so no floor."""


def forms_of(key: str, *, endless: bool = False, dated: bool = False) -> tuple[Form, ...]:
    """Return what forecasts where a single input is known: a power law with a floor, at both weights of runs.

    Along compute its exponent is half that of N or D, which both grow; of another input little is taken for granted.

    endless  whether what was measured has no best value: then there is no floor
    dated    whether the input is a date, in years: then it is halved again and again in equal times
    """
    if dated:
        law = find_law(f"{'' if endless else 'E + '}A*exp(-rate*({key} - {_EPOCH:g}))", inputs=(key,))
        return _at_both_weights(Form(law, {"E": _LOOSE_FLOOR}, _halved))
    exponent = {"C": (0.17, 0.1), "N": _EXPONENT, "D": _EXPONENT}.get(key, (0.3, 0.3))

    def begin(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
        centre = float(np.exp(np.log(problem.inputs[key]).mean()))
        return [
            {"E": share * least, "A": (middle - share * least) * centre ** exponent[0], "alpha": exponent[0]}
            for share in (0.4, 0.7)
        ]

    law = find_law(f"A/{key}^alpha" if endless else f"E + A/{key}^alpha", inputs=(key,))
    return _at_both_weights(Form(law, {"E": _LOOSE_FLOOR, "alpha": exponent}, begin))


def _at_both_weights(form: Form) -> tuple[Form, ...]:
    return form._replace(power=STEEP), form


def _halved(problem: Problem, least: float, middle: float) -> list[dict[str, float]]:
    since = float(np.mean(next(iter(problem.inputs.values())))) - _EPOCH
    return [
        {"E": share * least, "A": (middle - share * least) * math.exp(rate * since), "rate": rate}
        for share in (0.4, 0.7) for rate in (0.35, 1.4)
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Member:
    """One law fitted to some runs, to forecast beside others.

    problem     the law on its runs, with what is known of it before
    theta       best fitted coordinates (parameters,)
    covariance  of the fitted coordinates (parameters, parameters)
    noise       robust standard deviation of a new run about the curve, in log loss
    weights     (runs,): how much each run counts, the largest 1
    label       its name in answers, which no other way to fit the law shares
    settled     the noise that its fit has settled on, from which others begin
    agreement   share of the starts of a free fit that reached its optimum; nan where priors hold the law
    gentler     the fit by gentle weights from which it began
    """

    problem: Problem
    objective: Objective
    theta: Array
    covariance: Array
    noise: float
    weights: Array
    label: str
    settled: float = _FIRST_NOISE
    agreement: float = math.nan
    gentler: Member | None = None

    @property
    def law(self) -> Law:
        """Return the law."""
        return self.problem.law

    @property
    def values(self) -> Array:
        """Return its best parameter values as one row (1, parameters)."""
        return self.problem.natural(self.theta[None])


class Solved(NamedTuple):
    """A member on several parts of its runs: theta (parts, p), covariance of the fitted coordinates (parts, p, p)."""

    theta: Array
    covariance: Array


def members(runs: Runs, before: Sequence[Member] = (), *, forms: Sequence[Form] = FORMS) -> tuple[Member, ...]:
    """Fit the forms that forecast together to the runs; a form that cannot be fitted is left out.

    before  the members on a smaller part of the runs, from which the fits begin
    """
    known, gentle = {one.label: one for one in before}, dict[str, Member | None]()
    found = []
    for form in forms:
        past, name = known.get(_label(form)), form.law.name
        if name not in gentle:
            gentle[name] = _gentle(form._replace(power=GENTLE), runs, past and (past.gentler or past))
        if (first := gentle[name]) and (one := first if form.power == GENTLE else _steep(form, runs, first)):
            found.append(one)
    return tuple(found)


def member_of(fit: Fit, runs: Runs) -> Member:
    """Return a fit as a member on some of its runs: its own law and numbers, no prior, all runs alike."""
    problem, theta = problem_behind(fit, runs)
    unit = np.where(problem.logged, fit.curve.row[0], 1.0)
    with np.errstate(all="ignore"):
        covariance = fit.covariance / np.outer(unit, unit)
    return Member(problem=problem, objective=fit.objective, theta=theta, covariance=covariance, noise=fit.noise,
                  weights=np.ones(len(runs)), label=fit.labels[0], agreement=fit.agreement)  # fmt: skip


def agreement(member: Member) -> float:
    """Return the share of starts, anywhere its form may begin, that reach a member's optimum or as good a one."""
    form = next((one for one in (*FORMS, *ENDLESS) if one.law is member.law), None)
    if form is None or not math.isnan(member.agreement):
        return member.agreement
    theta = np.concatenate([member.theta[None], _starts(form, member.problem)])
    weights = np.tile(member.weights, (len(theta), 1))
    reached = minimise(member.problem, theta, member.objective, weights=weights, tolerance=_SETTLED).objective
    return float((reached[1:] <= reached[0] * (1 + _SAME_OPTIMUM)).mean())


def _label(form: Form) -> str:
    inputs = list(form.law.inputs)
    return f"{form.law.name} (priors, {'C' if len(inputs) > 1 else inputs[0]}^{form.power:g})"


def _gentle(form: Form, runs: Runs, before: Member | None) -> Member | None:
    """Fit a form by gentle weights, beginning where that to a smaller part of the runs ended, if there is one."""
    every = np.ones(len(runs))
    if before is not None:
        return _settled(form, runs, _Start(before.theta[None], before.settled, NEAR, every))
    return _settled(form, runs, _Start(_starts(form, _problem(form, runs)), _FIRST_NOISE, FAR, every))


def _starts(form: Form, problem: Problem) -> Array:
    """Return where the fits of a form begin, (starts, parameters)."""
    loss = np.exp(problem.target)
    starts = form.begin(problem, float(np.quantile(loss, 0.1)), float(median(loss)))
    return problem.fitted(np.array([[one[key] for key in form.law.parameters] for one in starts]))


def _steep(form: Form, runs: Runs, gentle: Member) -> Member:
    """Fit the same law by steep weights, beginning where the gentle fit ended.

    Its strays stay out, and its noise halved is the least: among the largest runs a steep fit would follow a stray,
    not find it. Where it forgets most of the others, or finds far more noise, it has run away with a few of them, or
    with the priors beside so few, and the gentle fit stands in.
    """
    kept = (gentle.weights > 0).astype(float)
    begin = _Start(gentle.theta[None], gentle.settled, NEAR, kept, gentle.settled * _LEAST_SHARE)
    found = _settled(form, runs, begin)
    few = found is None or np.count_nonzero(found.weights) < _LEAST_KEPT * kept.sum()
    if found is None or few or found.settled > _MOST_NOISE * gentle.settled:
        found = replace(gentle, label=_label(form))
    return replace(found, gentler=gentle)


def _counts_by(form: Form, runs: Runs) -> str:
    return "C" if "C" in runs else next(iter(form.law.inputs))


def _problem(form: Form, runs: Runs) -> Problem:
    return problem_of(form.law, {key: runs[key] for key in form.law.inputs}, runs["loss"])


class _Start(NamedTuple):
    """Where a fit begins: theta (starts, p), noise, the first damping, which runs may count, the least noise."""

    theta: Array
    noise: float
    damping: float
    kept: Array
    least: float = _LEAST_NOISE


def _settled(form: Form, runs: Runs, begin: _Start) -> Member | None:
    """Fit again until the noise that sets the prior's weight, Huber's delta and what is forgotten agrees with the fit.

    w_i = (C_i / C_max)^power · (1 - (r_i / 6 s)²)², with r_i the residual and s the noise (Tukey's biweight)
    """
    problem = _problem(form, runs)
    share, loss = counted(runs, form.power, _counts_by(form, runs)), np.exp(problem.target)
    theta, spread, damping, kept, least = begin
    sound = kept
    objective = Objective("robust", adaptive=True)
    for turn in range(_ROUNDS):
        centre, width = _prior(form, _least(loss, sound), wider=1.0 if runs.metric is None else ELSEWHERE)
        problem = replace(problem, prior=Prior(centre, spread**2 / width**2))
        objective = replace(objective, delta=EFFICIENT * spread)
        weights = share * sound
        found = minimise(problem, theta, objective, weights=np.tile(weights, (len(theta), 1)), tolerance=1e-6,
                         first=damping)  # fmt: skip
        if not np.isfinite(found.objective).any():
            return None
        best = found.theta[np.argmin(found.objective)]
        residuals = evened(problem, best, weights)
        now = max(noise_of(residuals, share * kept, quantile=middle(share * kept, best.size)), least)
        theta, damping = best[None], NEAR
        sound = kept * np.maximum(1 - (residuals / (FORGOTTEN * now)) ** 2, 0.0) ** 2
        if turn and abs(now - spread) < _SAME_NOISE * spread:
            break
        spread = now
    weights = share * sound / (share * sound).max()
    noise = max(spread, noise_of(residuals, share, quantile=TAIL))
    if runs.clusters is not None:
        noise = max(spread, noise_of_runs(problem, best, weights, runs=runs.clusters))
    member = Member(problem=problem, objective=objective, theta=best, covariance=np.eye(best.size), noise=noise,
                    weights=weights, label=_label(form), settled=spread)  # fmt: skip
    return replace(member, covariance=_covariance(member, best[None], weights[None])[0])


def _least(loss: Array, sound: Array) -> float:
    """Return the smallest loss of the runs that count; before any is known not to, that of a tenth of them."""
    return float(loss[sound > 0].min()) if (sound < 1).any() else float(np.quantile(loss, 0.1))


def _prior(form: Form, least: float, *, wider: float) -> tuple[Array, Array]:
    """Return centre and standard deviation of each fitted coordinate; infinite where nothing is known.

    wider  by how much wider than on the losses of language models, from which the priors are
    """
    unit = {"E": least}
    pairs = [form.prior.get(key, (0.0, np.inf)) for key in form.law.parameters]
    scale = [unit.get(key, 1.0) for key in form.law.parameters]
    return np.array([mean for mean, _ in pairs]) * scale, wider * np.array([spread for _, spread in pairs]) * scale


def counted(runs: Runs, power: float, key: str = "C") -> Array:
    """Return how much each row counts, (runs,); the rows that share a run count as one between them.

    key  what a run counts by: its compute, unless that is not known
    """
    weights, shared = (runs[key] / runs[key].max()) ** power, runs.clusters
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
    """Return the covariance at each theta: what equal noise in all runs, and the prior's width, do to the fit.

    The sandwich s² A⁻¹ B A⁻¹ with A = J W ψ' Jᵀ + P and B = J (W ψ')² Jᵀ + P (Huber 1967).
    """
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


def predicted(member: Member, inputs: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return the log loss and its standard error at the inputs, each (points,)."""
    rows = next(iter(inputs.values())).size
    at = replace(
        member.problem, inputs={key: inputs[key] for key in member.law.inputs}, target=np.zeros(rows), log=True
    )
    with np.errstate(all="ignore"):
        residuals, slopes = (found[0] for found in at.linearise(member.theta[None]))
        error = np.sqrt(np.maximum(np.einsum("pn,pn->n", slopes, member.covariance @ slopes), 0.0))
    return -residuals, error
