"""Approach 2: a parabola per compute budget, and the power laws through their lowest points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.read import as_runs
from isoflop.data.runs import Excluded, Runs
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import Finding, json_of
from isoflop.fitting.approaches.budgets import FEWEST_SIZES, TOLERANCE, Budgets, distinct_sizes, group_by_budget
from isoflop.fitting.approaches.frontier import Frontier, line, power_law, unknown
from isoflop.formula.arrays import Array
from isoflop.quantities import show

WINDOW = 10.0
"""A parabola is drawn through the runs within this factor in N of the best one: a decade each side.

Measured (benchmarks/approaches.py): narrower windows multiply the effect of noise, and over all points
runs 100 times too large bend the parabola. Porian et al.'s exponents come within .02 at 8.5 to 10 and
within .03 from 3 to 16. Window None takes every run.
"""

DRIFT = 0.2
"""Decades by which the middle of the sizes may wander from the minimum, per decade of compute (F12).

Sizes that drift so move the exponent by 0.02 at most on noise-free surfaces (α .34 to .46, β .15 to .37)."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """The lowest loss to be had at one compute budget, and the N and D that reach it.

    runs, used         runs of the budget, and those that the parabola was drawn through
    smallest, largest  the sizes that were trained
    centre             the geometric mean of the sizes of the used runs
    problem            why the minimum is left out of the power law; empty if it is in
    draws              ln N, ln D and loss redrawn under the noise of the runs, (3, draws)
    """

    C: float
    N: Estimate
    D: Estimate
    loss: Estimate
    runs: int
    used: int
    smallest: float
    largest: float
    centre: float
    problem: str
    draws: Array

    @property
    def usable(self) -> bool:
        """Return whether the minimum lies well inside the sizes that were trained."""
        return not self.problem

    def as_dict(self) -> dict[str, Any]:
        """Return the minimum as it stands in the JSON."""
        return json_of(self, "C N D loss runs used smallest largest centre problem")


@dataclass(frozen=True, eq=False)
class Minima:
    """The minima of all compute budgets, cheapest first.

    noise     scatter of the losses about their parabolas, as a share of the loss; nan if no budget has
              more than three runs
    excluded  the runs that are in no budget
    """

    budgets: tuple[Minimum, ...]
    noise: float
    excluded: tuple[Excluded, ...]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> tuple[Minimum, ...]:
        """Return the minima that carry the power laws."""
        return tuple(minimum for minimum in self.budgets if minimum.usable)

    def as_dict(self) -> dict[str, Any]:
        """Return the minima as they stand in the JSON."""
        return json_of(self, "noise budgets excluded")


def approach2(
    runs: Runs | Mapping[str, Any],
    *,
    window: float | None = WINDOW,
    tolerance: float = TOLERANCE,
    draws: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Frontier[Minima]:
    """Return the power laws of N_opt and D_opt through the minima of a parabola per compute budget.

    Fewer than two usable budgets leave them nan, with a finding. Raises DataError if the runs have no
    compute budgets. Hoffmann et al. 2022, section 3.2.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> 0.3 < isoflop.approach2(runs, draws=50).N.exponent.value < 0.8
    True
    """
    minima = isoflop_minima(runs, window=window, tolerance=tolerance, draws=draws, seed=seed, level=level)
    usable = minima.usable
    findings = (*minima.findings, *_enough(len(usable)), *_drift(usable, level))
    if len(usable) < 2:
        return Frontier(2, unknown(level), unknown(level), minima, findings)
    C = np.array([minimum.C for minimum in usable])
    values = np.log([[minimum.N.value, minimum.D.value] for minimum in usable])
    drawn = np.array([minimum.draws for minimum in usable])
    N, D = (power_law(C, values[:, which], drawn[:, which].T, level=level) for which in (0, 1))
    return Frontier(2, N, D, minima, findings)


def isoflop_minima(
    runs: Runs | Mapping[str, Any],
    *,
    window: float | None = WINDOW,
    tolerance: float = TOLERANCE,
    draws: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Minima:
    """Return the minimum of the loss at each compute budget: the vertex of a parabola in ln N.

    The parabola is drawn through the loss itself by least squares. D follows from the runs' own
    FLOPs per token at that size, so from C = 6*N*D only if that is how they were counted.

    The draws redraw every loss with the noise about all parabolas together, a share of the loss with
    Student's t for its uncertainty. On simulated ladders of 5 to 9 sizes their 90 % intervals hold the
    true N_opt in 92 to 95 % of cases; resampling runs does no better with intervals 1.5 to 2.5 times as wide.
    """
    if window is not None and not window > 1:
        raise UsageError(f"window is {window:g}; say a factor above 1 in N, or None for all runs.")
    budgets = group_by_budget(as_runs(runs), tolerance=tolerance)
    parabolas = [_parabola(budgets, member, window) for member in budgets.members]
    noise, freedom = _noise(parabolas)
    generator = np.random.default_rng(seed)
    drawn = noise * np.sqrt(freedom / generator.chisquare(freedom, draws)) if freedom else np.empty(0)
    minima = tuple(_minimum(parabola, drawn, generator, level=level) for parabola in parabolas)
    names = budgets.runs.names
    found = [
        _edge(minimum, tuple(names[row] for row in member.tolist()))
        for minimum, member in zip(minima, budgets.members, strict=True)
        if not minimum.usable
    ]
    return Minima(minima, noise, budgets.excluded, (*budgets.runs.findings, *found, *_exact(freedom)))


@dataclass(frozen=True, eq=False)
class _Parabola:
    """One budget: its sizes ln N about `middle`, and a parabola through the losses of the used runs.

    x, loss         of the used runs, (used,)
    solve           losses -> coefficients of 1, x, x², (3, used)
    edges           the range of x in which a minimum counts as inside
    sizes, rate     ln N of all runs and ln of their FLOPs per token, by size
    """

    C: float
    runs: int
    middle: float
    x: Array
    loss: Array
    solve: Array
    edges: tuple[float, float]
    sizes: Array
    rate: Array

    @property
    def residuals(self) -> Array:
        """Return the losses less the parabola, as shares of the loss."""
        powers = np.stack([np.ones_like(self.x), self.x, self.x**2])
        return (self.loss - self.solve @ self.loss @ powers) / self.loss

    def vertices(self, losses: Array) -> tuple[Array, Array, Array]:
        """Return x and the loss of the vertex, and the curvature, for each row of losses (rows, used)."""
        height, slope, bend = (losses @ self.solve.T).T
        with np.errstate(divide="ignore", invalid="ignore"):
            x = -slope / (2 * bend)
        return x, height + slope * x / 2, bend

    def lowest(self, losses: Array) -> tuple[Array, Array]:
        """Return x and the loss of the lowest point of each parabola between the used runs."""
        x, loss, bend = self.vertices(losses)
        height, slope, _ = (losses @ self.solve.T).T
        ends = np.array([self.x.min(), self.x.max()])
        at_ends = height[:, None] + slope[:, None] * ends + bend[:, None] * ends**2
        inside = (bend > 0) & (x > ends[0]) & (x < ends[1])
        return np.where(inside, x, ends[at_ends.argmin(axis=1)]), np.where(inside, loss, at_ends.min(axis=1))

    def tokens(self, x: Array) -> Array:
        """Return ln D that the budget buys at sizes x."""
        return np.asarray(np.log(self.C) - np.interp(x + self.middle, self.sizes, self.rate))


def _parabola(budgets: Budgets, member: NDArray[np.intp], window: float | None) -> _Parabola:
    N, D, C, loss = (budgets.runs[name][member] for name in ("N", "D", "C", "loss"))
    log_N = np.log(N)
    used = _within(log_N, loss, window)
    middle = float(log_N[used].mean())
    x = log_N[used] - middle
    order = np.argsort(log_N)
    steps = np.log(distinct_sizes(N)) - middle
    return _Parabola(
        C=float(np.exp(np.log(C).mean())), runs=len(member), middle=middle, x=x, loss=loss[used],
        solve=np.linalg.pinv(np.stack([np.ones_like(x), x, x**2], axis=1)),
        edges=(float(steps[:2].mean()), float(steps[-2:].mean())), sizes=log_N[order], rate=np.log(C / D)[order],
    )  # fmt: skip


def _within(log_N: Array, loss: Array, window: float | None) -> NDArray[np.bool_]:
    """Mark the runs within the window about the best one; at least the three nearest sizes."""
    distance = np.abs(log_N - log_N[loss.argmin()])
    if window is None:
        return np.ones(len(loss), dtype=np.bool_)
    steps = np.unique(np.round(distance, 3))
    found = distance <= np.log(window) + 1e-9
    for step in steps:
        if len(distinct_sizes(np.exp(log_N[found]))) >= FEWEST_SIZES:
            break
        found |= distance <= step + 1e-3
    return np.asarray(found)


def _noise(parabolas: list[_Parabola]) -> tuple[float, int]:
    """Return the scatter about the parabolas with an inner minimum, and its degrees of freedom."""
    sound = [parabola for parabola in parabolas if not _problem(parabola)] or parabolas
    freedom = sum(len(parabola.x) - 3 for parabola in sound)
    squares = sum(float(parabola.residuals @ parabola.residuals) for parabola in sound)
    return (float(np.sqrt(squares / freedom)) if freedom else float("nan")), freedom


def _problem(parabola: _Parabola) -> str:
    x, _, bend = (float(part[0]) for part in parabola.vertices(parabola.loss[None]))
    if not bend > 0:
        return "the loss does not curve upwards over its sizes"
    if x < parabola.edges[0]:
        return "the minimum lies within half a step of the smallest size, or below it"
    if x > parabola.edges[1]:
        return "the minimum lies within half a step of the largest size, or above it"
    return ""


def _minimum(parabola: _Parabola, noise: Array, generator: np.random.Generator, *, level: float) -> Minimum:
    random = generator.standard_normal((len(noise), len(parabola.x)))
    drawn_x, drawn_loss = parabola.lowest(parabola.loss * (1 + noise[:, None] * random))
    best_x, best_loss = parabola.lowest(parabola.loss[None])
    log_N, log_D = drawn_x + parabola.middle, parabola.tokens(drawn_x)
    N, D = np.exp(best_x + parabola.middle), np.exp(parabola.tokens(best_x))
    return Minimum(
        C=parabola.C, N=from_draws(float(N[0]), np.exp(log_N), level), D=from_draws(float(D[0]), np.exp(log_D), level),
        loss=from_draws(float(best_loss[0]), drawn_loss, level), runs=parabola.runs, used=len(parabola.x),
        smallest=float(np.exp(parabola.sizes[0])), largest=float(np.exp(parabola.sizes[-1])),
        centre=float(np.exp(parabola.middle)), problem=_problem(parabola), draws=np.stack([log_N, log_D, drawn_loss]),
    )  # fmt: skip


def _edge(minimum: Minimum, names: tuple[str, ...]) -> Finding:
    wanted = {
        "smallest": f"sizes below {show(minimum.smallest)}",
        "largest": f"sizes above {show(minimum.largest)}",
    }
    more = next((sizes for word, sizes in wanted.items() if word in minimum.problem), "sizes on both sides")
    return Finding(
        "F11",
        "WARN",
        f"budget {minimum.C:.3g} FLOPs ({minimum.runs} runs, N {show(minimum.smallest)} to "
        f"{show(minimum.largest)}): {minimum.problem}, so the budget is left out of the power law.",
        f"Train {more} at this budget.",
        names,
    )


def _exact(freedom: int) -> tuple[Finding, ...]:
    if freedom:
        return ()
    message = "each parabola runs through three runs exactly: nothing shows their noise, so intervals are unknown."
    return (Finding("F04", "WARN", message, "Train a fourth size, or one size twice, at a budget or more."),)


def _enough(usable: int) -> tuple[Finding, ...]:
    if usable > 2:
        return ()
    told = (
        "two budgets have a minimum inside their sizes: the power law runs through both, and nothing tests it"
        if usable == 2
        else f"{'one budget has' if usable else 'no budget has'} a minimum inside its sizes: the exponents are unknown"
    )
    return (Finding("F04", "WARN", f"Only {told}." if usable else f"{told.capitalize()}.", "Train more budgets."),)


def _drift(usable: tuple[Minimum, ...], level: float) -> tuple[Finding, ...]:
    """Return F12 if the sizes' middle wanders from the minimum as compute grows, beyond the noise."""
    if len(usable) < 3:
        return ()
    x = np.log([minimum.C for minimum in usable])
    away = np.log([minimum.centre / minimum.N.value for minimum in usable])
    drawn = np.log([minimum.centre for minimum in usable]) - np.array([m.draws[0] for m in usable]).T
    slope = from_draws(float(line(x, away[None])[1][0]), line(x, drawn)[1], level)
    sure = slope.low > 0 or slope.high < 0
    if abs(slope.value) <= DRIFT or not sure:
        return ()
    first, last = np.exp(away[[0, -1]])
    return (
        Finding(
            "F12",
            "WARN",
            f"the middle of the sizes moves from {first:.2g} times N_opt at {usable[0].C:.3g} FLOPs to "
            f"{last:.2g} times at {usable[-1].C:.3g}; parabolas off their centre bias the exponent.",
            "Centre the sizes of each budget on its minimum.",
        ),
    )
