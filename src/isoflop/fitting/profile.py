"""Profile likelihood: how far one number can be pushed before the runs object.

The number is a parameter, or what the law says with all of them: N_opt, D_opt, tokens per
parameter or the exponent at a budget, the loss of a run. At each of its values everything else is
fitted again; the interval holds the values at which the objective stays within what noise explains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from isoflop.display import View, dim, group, heading, interval, table
from isoflop.estimate import Estimate, refuse_level
from isoflop.findings import Answer
from isoflop.fitting.fit import Fit, problem_behind
from isoflop.fitting.optimise.objective import Objective
from isoflop.fitting.optimise.problem import Normal, Problem
from isoflop.fitting.target import Measure, quantity
from isoflop.formula.arrays import Array, student
from isoflop.quantities import show

FARTHEST = 40.0
"""Standard errors, or natural logarithms, after which a side counts as open."""
_STEPS, _ROUNDS, _SMALL = 60, 60, 1e-5
_EXACT, _SETTLED = 1e-9, 1e-7
"""What a number is known to; the share of the objective that no longer matters: a limit lies some hundredths above."""


class Point(NamedTuple):
    """Where the law ended with the number held at `at`: fitted coordinates (parameters,) and objective."""

    theta: Array
    at: float
    objective: float


@dataclass(frozen=True)
class Profile(Answer):
    """The best objective at each value of one number, and the values that the runs allow.

    values, objective  (points,), in order of the value; the least objective is the fit's
    limit              the objective up to which noise explains the difference
    open               the sides, "low" or "high", on which nothing stops the number

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.profile(isoflop.fit("chinchilla", runs), "alpha")
    >>> found.estimate.low < found.estimate.value < found.estimate.high
    True
    """

    name: str
    values: Array = field(repr=False)
    objective: Array = field(repr=False)
    limit: float
    estimate: Estimate
    open: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as it stands in the JSON."""
        return {
            "name": self.name, **self.estimate.as_dict(), "level": self.estimate.level, "open": list(self.open),
            "limit": self.limit, "values": self.values.tolist(), "objective": self.objective.tolist(),
        }  # fmt: skip

    def __rich__(self) -> View:
        """Return the profile as it looks in a terminal: the interval, and the points that it was read off."""
        told = f"{show(self.estimate.value, 4)}   {self.estimate.level:.0%} profile interval {interval(self.estimate)}"
        sides = f"open on the {' and the '.join(self.open)} side" if self.open else ""
        excess = self.objective / self.limit
        rows = [(show(at, 4), f"{part:.4f}") for at, part in zip(self.values.tolist(), excess.tolist(), strict=True)]
        return group(heading(self.name, told), dim(sides), table([self.name, "objective / limit"], rows))


def profile(fit: Fit, of: str, *, level: float | None = None, **at: float) -> Profile:
    """Return the profile of one number of a fit, as in `profile(fit, "E")` or `profile(fit, "N_opt", flops=1e24)`.

    of     a free parameter, N_opt, D_opt, tokens_per_parameter or exponent (at `flops`), or loss (at N=, D=)
    level  of the interval; the fit's own unless said

    The objective is the fit's, its delta held. A difference counts when it is more than Student's t
    allows, with the robust likelihood-ratio scale of Heritier and Ronchetti 1994 (for squares the F test).

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.profile(isoflop.fit("chinchilla", runs), "alpha")
    >>> found.estimate.low < found.estimate.value < found.estimate.high
    True
    """
    level = fit.options.level if level is None else level
    refuse_level(level)
    problem, theta = problem_behind(fit)
    measure, logged = quantity(fit.curve.law, of, at)
    return trace(
        _Task(problem, fit.objective, lambda rows: measure(problem.natural(rows))), theta, of=of, level=level,
        logged=logged,
    )  # fmt: skip


class _Task(NamedTuple):
    problem: Problem
    objective: Objective
    measure: Measure

    def at(self, theta: Array) -> float:
        return float(self.measure(theta[None])[0])

    def slope(self, theta: Array) -> Array:
        """Return the derivative of the number by each fitted coordinate (parameters,)."""
        steps = _SMALL * np.maximum(np.abs(theta), 0.1) * np.where(theta + _SMALL > self.problem.upper, -1.0, 1.0)
        here, *moved = self.measure(theta + np.vstack([np.zeros(theta.size), np.diag(steps)]))
        return np.asarray((np.array(moved) - here) / steps)

    def normal(self, theta: Array) -> Normal:
        return self.problem.normal(theta[None], self.objective, blend=np.array([0.1]))


def trace(task: _Task, theta: Array, *, of: str, level: float, logged: bool) -> Profile:
    """Walk from the best fit to both sides until the objective passes its limit, or nothing stops it."""
    best = Point(theta, task.at(theta), float(task.normal(theta).objective[0]))
    scale, error = _noise_scale(task, theta), _standard_error(task, theta)
    rise = student(level, task.problem.size - theta.size) ** 2 * scale / 2
    sides = {"low": _walk(task, best, step=-error / 2, rise=rise), "high": _walk(task, best, step=error / 2, rise=rise)}
    points = [*reversed(sides["low"]), best, *sides["high"]]
    values = np.array([point.at for point in points])
    ends = {side: _crossing([best, *found], best.objective + rise) for side, found in sides.items()}
    open_sides = tuple(side for side, end in ends.items() if end is None)
    low, high = (_end(ends[side], found, side=side, logged=logged) for side, found in sides.items())
    outward = np.exp if logged else np.asarray
    estimate = Estimate(float(outward(best.at)), float(outward(low)), float(outward(high)), level)
    objective = np.array([point.objective for point in points])
    return Profile(of, np.asarray(outward(values)), objective, best.objective + rise, estimate, open_sides)


def _end(crossing: float | None, found: list[Point], *, side: str, logged: bool) -> float:
    """Return where a side ends: its crossing, or for an open side the bound, if it stopped at one."""
    if crossing is not None:
        return crossing
    if not logged and found:
        return found[-1].at
    return -np.inf if side == "low" else np.inf


def _noise_scale(task: _Task, theta: Array) -> float:
    """Return the variance of noise as the objective sees it: mean psi^2 over mean psi'."""
    residuals = task.problem.residuals(theta[None])
    pull, bend = task.objective.slope(residuals)[0], task.objective.curvature(residuals, 0.1)
    freedom = max(residuals.size - theta.size, 1)
    return float(pull @ pull) / freedom / float(np.mean(np.broadcast_to(bend, residuals.shape)))


def _standard_error(task: _Task, theta: Array) -> float:
    """Return the number's classical standard error: the length of the walk's first step."""
    curvature, slope = task.normal(theta).curvature[0], task.slope(theta)
    size = np.sqrt(np.maximum(np.diag(curvature), 1e-300))
    inverse = np.linalg.pinv(curvature / np.outer(size, size), rcond=1e-12, hermitian=True)
    variance = float((slope / size) @ inverse @ (slope / size)) * _noise_scale(task, theta)
    return float(np.clip(np.sqrt(max(variance, 0.0)), 1e-6, 1.0))


def _walk(task: _Task, best: Point, *, step: float, rise: float) -> list[Point]:
    """Return the points from the best fit outwards, each fitted from the last one."""
    found, here, first = [], best, abs(step)
    for _ in range(_STEPS):
        there = held(task, here.theta, here.at + step)
        if abs(there.at - here.at) <= _EXACT or not np.isfinite(there.objective):
            break
        found.append(there)
        edge = _crossing([best, *found], best.objective + rise)
        if edge is not None:  # one fit more, close to the end, so that the end is no guess
            return [*found[:-1], held(task, here.theta, edge), there]
        if abs(there.at - best.at) > max(FARTHEST, FARTHEST * first):
            break
        if abs(there.at - here.at - step) > 1e-3 * abs(step):  # a bound stands in the way
            break
        step *= 1.5 if there.objective - here.objective < 0.2 * rise else 1.0
        here = there
    return found


def held(task: _Task, theta: Array, at: float) -> Point:
    """Return the best fit with the number held at a value: Gauss-Newton under one linearised constraint.

    Where the number cannot get there, it stops as near as the bounds let it. A step that raises the
    objective, with what the number is still off, is tried again with more damping and half the way.
    """
    problem, damping, share = task.problem, 1e-6, 1.0
    number, state = task.at(theta), task.normal(theta)
    steep = 10 * float(state.objective[0]) / max((at - number) ** 2, 1e-12)
    for _ in range(_ROUNDS):
        step = _held_step(task, theta, state, gap=(at - number) * share, damping=damping)
        trial = np.clip(theta + step, problem.lower, problem.upper)
        found, moved = task.normal(trial), task.at(trial)
        merit, before = (
            float(one.objective[0]) + steep * (at - where) ** 2 for one, where in ((found, moved), (state, number))
        )
        done = abs(before - merit) <= _SETTLED * before and share == 1
        if not merit <= before * (1 + 1e-12):
            if done:
                break
            damping, share = damping * 8, share / 2
            if damping > 1e8:
                break
            continue
        theta, state, number = trial, found, moved
        damping, share = max(damping * 0.1, 1e-10), min(share * 2, 1.0)
        if done:
            break
    return Point(theta, number, float(state.objective[0]))


def _held_step(task: _Task, theta: Array, state: Normal, *, gap: float, damping: float) -> Array:
    """Return the step of least objective that closes the gap; coordinates that it would push off a bound stay."""
    problem, slope = task.problem, task.slope(theta)
    size = np.sqrt(np.maximum(np.diag(state.curvature[0]), 1e-300))
    inner = state.curvature[0] / np.outer(size, size) + (damping + 1e-13) * np.eye(theta.size)
    free = np.ones(theta.size, dtype=bool)
    step = np.zeros_like(theta)
    for _ in range(2):
        sides = np.stack([state.descent[0] / size, slope / size])[:, free]
        downhill, toward = np.linalg.solve(inner[np.ix_(free, free)], sides.T).T
        across = float(sides[1] @ toward)
        step = np.zeros_like(theta)
        step[free] = downhill + toward * ((gap - float(sides[1] @ downhill)) / across if across > 0 else 0.0)
        outward = ((theta <= problem.lower) & (step < 0)) | ((theta >= problem.upper) & (step > 0))
        if not outward.any():
            break
        free &= ~outward
    step /= size
    reach = np.where(problem.logged, 3.0, np.maximum(np.abs(theta), 1.0))
    return np.asarray(step / max(1.0, float(np.max(np.abs(step) / reach))))


def _crossing(points: list[Point], limit: float) -> float | None:
    """Return where the objective passes the limit, by the root of its rise, nearly a straight line; None if nowhere."""
    beyond = next((number for number, point in enumerate(points) if point.objective > limit), None)
    if beyond is None:
        return None
    before, last, least = points[beyond - 1], points[beyond], points[0].objective
    low, high, wanted = (np.sqrt(max(value - least, 0.0)) for value in (before.objective, last.objective, limit))
    return before.at + (last.at - before.at) * float((wanted - low) / (high - low))
