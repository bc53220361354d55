"""Which runs decide the answer, and which do not belong? Codes F05 and F06."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.bad_runs.residuals import ROUNDING, Evidence
from isoflop.fitting.optimise.minimise import NEAR, minimise
from isoflop.fitting.target import Measure, quantity
from isoflop.quantities import decades_of, is_date, of_decades, show

if TYPE_CHECKING:
    from isoflop.data.runs import Runs
    from isoflop.fitting.optimise.objective import Objective
    from isoflop.fitting.optimise.problem import Problem
    from isoflop.formula.arrays import Array, Bools
    from isoflop.formula.law import Curve


FALSE_INFLUENCE = 0.01
"""How often the most influential of sound runs may be called too influential."""
FARTHER = 10.0
"""The target is so many times the largest compute, unless one is said."""
_SIMULATED, _MANY = 1_000, 1_000


class Judged(Protocol):
    """A fit, as far as its runs are judged by it."""

    @property
    def curve(self) -> Curve:
        """The best curve."""

    @property
    def draws(self) -> Array:
        """Other parameter values that the runs allow (draws, parameters)."""

    @property
    def objective(self) -> Objective:
        """What was minimised."""


def outliers(evidence: Evidence, runs: Runs) -> tuple[Finding, ...]:
    """Return F06 if runs lie farther from a fit without them than noise would ever put them."""
    far = [row for row, (residual, _) in evidence.outliers.items() if abs(residual) > ROUNDING]
    if not far:
        return ()
    order = sorted(far, key=lambda row: -evidence.outliers[row][1])
    names = runs.names_of(order)
    told = ", ".join(
        f"{name} {np.expm1(evidence.outliers[row][0]):+.1%}" for name, row in zip(names[:3], order, strict=False)
    )
    more = f" and {len(order) - 3} more" if len(order) > 3 else ""
    return (Finding(
        "F06", "WARN",
        f"{_count(len(order))} farther from the fit to the others than noise would put any: {told}{more}",
        "look for what was different there; the default objective already gives such runs little weight",
        names,
    ),)  # fmt: skip


def _count(number: int) -> str:
    return "1 run lies" if number == 1 else f"{number} runs lie"


def influence(fit: Judged, evidence: Evidence, runs: Runs, *, flops: float | None) -> tuple[Finding, ...]:
    """Return F05 if leaving one run out moves the target by more than one standard error, and more than noise would.

    On every table some run moves it most. So much is allowed as the most influential of sound runs
    at the same places would move it 99 times in 100.
    """
    if evidence.problem.size > _MANY or evidence.freedom < 3:
        return ()
    words, measure = _target(fit, flops)
    moved = _moved(fit, evidence.problem, measure)
    suspect = _beyond_noise(evidence, _slope(measure, evidence))
    suspect[list(evidence.outliers)] = True
    far = np.flatnonzero(suspect & (np.abs(moved) > 1))
    if not far.size:
        return ()
    order = far[np.argsort(-np.abs(moved[far]))]
    names = runs.names_of(order)
    told = ", ".join(f"{name} ({abs(moved[row]):.1f})" for name, row in zip(names[:3], order, strict=False))
    return (Finding(
        "F05", "WARN",
        f"{words} hangs on single runs: leaving one out moves it by more than a standard error: {told}",
        "check these runs first, and train another beside each before the answer is used",
        names,
    ),)  # fmt: skip


def _target(fit: Judged, flops: float | None) -> tuple[str, Measure]:
    """Return what the answer is, in words and as a function of parameter values (batch, parameters)."""
    law, reach = fit.curve.law, fit.curve.fitted_on
    if set(law.inputs) == {"N", "D"}:
        budget = flops or FARTHER * reach.get("C", (0.0, 6 * reach["N"][1] * reach["D"][1]))[1]
        return f"N_opt at {show(budget)} FLOPs", quantity(law, "N_opt", {"flops": budget})[0]
    farther = {key: _farther(key, reach[key][1]) for key in law.inputs}
    told = ", ".join(f"{key}={show(value)}" for key, value in farther.items())
    return f"the forecast at {told}", quantity(law, "loss", farther)[0]


def _farther(key: str, end: float) -> float:
    """Return an input FARTHER times beyond its end, or as many years later as that stands for."""
    here = np.array([end])
    return float(of_decades(decades_of(key, here) + np.log10(FARTHER), dated=is_date(key, here))[0])


def _moved(fit: Judged, problem: Problem, measure: Measure) -> Array:
    """Return by how many standard errors the target moves when each run is left out, (runs,), by real refits."""
    theta = problem.fitted(fit.curve.row)[0]
    without = 1 - np.eye(problem.size)
    begin = np.tile(theta, (problem.size, 1))
    refitted = minimise(problem, begin, fit.objective, weights=without, tolerance=1e-7, iterations=60, first=NEAR)
    rows = problem.natural(np.vstack([theta, refitted.theta]))
    found = measure(rows)
    spread = np.sort(measure(fit.draws)) if len(fit.draws) > 10 else found[1:]  # at least the jackknife's
    error = (spread[int(0.84 * (spread.size - 1))] - spread[int(0.16 * (spread.size - 1))]) / 2
    return np.asarray((found[1:] - found[0]) / max(float(error), 1e-12))


def _slope(measure: Measure, evidence: Evidence) -> Array:
    """Return the derivative of the target by each fitted coordinate (parameters,)."""
    problem, theta = evidence.problem, evidence.theta
    steps = 1e-5 * np.maximum(np.abs(theta), 0.1)
    moved = measure(problem.natural(np.vstack([theta + np.diag(steps), theta])))
    return np.asarray((moved[:-1] - moved[-1]) / steps)


def _beyond_noise(evidence: Evidence, slope: Array) -> Bools:
    """Mark the runs that move the target more than the most influential of sound runs would, in the tangent space."""
    columns = evidence.slopes[evidence.kept]
    length = np.linalg.norm(columns, axis=0)
    length = np.where(length > 0, length, 1.0)
    pull = np.linalg.pinv(columns / length, rcond=1e-10).T @ (slope / length)
    noise = np.random.default_rng(0).standard_normal((_SIMULATED, pull.size))
    simulated = noise - (noise @ evidence.basis) @ evidence.basis.T
    strongest = np.sort(_influences(evidence, simulated, pull).max(axis=1))
    real = _influences(evidence, evidence.strange(evidence.residuals[evidence.kept])[None], pull)[0]
    found = np.zeros(evidence.problem.size, dtype=bool)
    found[evidence.kept] = real > strongest[int((1 - FALSE_INFLUENCE) * _SIMULATED)]
    return found


def _influences(evidence: Evidence, residuals: Array, pull: Array) -> Array:
    """Return each run's influence in standard errors as they are without it, for rows of residuals (rows, runs)."""
    open_share = 1 - evidence.leverage
    total = np.einsum("sn,sn->s", residuals, residuals)[:, None]
    without = np.sqrt(np.maximum(total - residuals**2 / open_share, 1e-300) / max(evidence.freedom - 1, 1))
    return np.asarray(np.abs(residuals * pull / open_share) / without / max(float(np.linalg.norm(pull)), 1e-300))
