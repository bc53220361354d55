"""A budget → what to train: parameters, tokens and the loss to expect, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.allocation import allocate, range_within
from isoflop.ensemble import Ensemble, combine, mean_loss, nudged, scale, shares, values
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.evidence import Evidence, evidence
from isoflop.fit import Fit
from isoflop.flops import FlopRule, rule_named
from isoflop.forecast import COUNTS, Source, curve_of, forecast_with, values_of
from isoflop.law import Curve, Law
from isoflop.runs import Runs
from isoflop.units import show

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import RenderableType

    from isoflop.findings import Finding
    from isoflop.record import Record

    Array = NDArray[np.float64]

FLAT = 1e-3
"""The share of loss that the flat range of N may give up."""
STRAYS, MOST_STRAYS = 0.15, 0.7
"""By how much log N strays for a decade of compute before any backtest says otherwise, and at most."""
POINTS = 400
"""Sizes looked at between the ones that several laws each prefer."""
_DRAWS, _NUDGE = 400, 0.1
"""Draws of log N from several laws together; the step, in standard errors, that finds the slope of log N."""


@dataclass(frozen=True)
class Plan:
    """What to train for a budget of C training FLOPs.

    flat_range  the lowest and highest N whose loss is within 0.1 % of the best
    loss        with the interval of a new run trained at N and D
    """

    C: float
    N: Estimate
    D: Estimate
    loss: Estimate
    tokens_per_parameter: Estimate
    flat_range: tuple[float, float]
    source: str
    rule: str
    decades: float
    calibrated: bool = False
    findings: tuple[Finding, ...] = ()
    record: Record | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give the plan as it stands in the JSON."""
        return {
            "C": self.C,
            "N": self.N.as_dict(),
            "D": self.D.as_dict(),
            "loss": self.loss.as_dict(),
            "tokens_per_parameter": self.tokens_per_parameter.as_dict(),
            "N_within_0.1_percent": list(self.flat_range),
            "level": self.N.level,
            "decades": self.decades,
            "calibrated": self.calibrated,
            "flop_rule": self.rule,
            "source": self.source,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def __rich__(self) -> RenderableType:
        """Give the plan as it looks in a terminal: each quantity with its interval, and how flat the optimum is."""
        from isoflop.tables import dim, findings_list, group, heading, interval, table

        rows = [
            ("parameters N", show(self.N.value), interval(self.N)),
            ("tokens D", show(self.D.value), interval(self.D)),
            ("tokens per parameter", show(self.tokens_per_parameter.value), interval(self.tokens_per_parameter)),
            ("loss", f"{self.loss.value:.4f}", interval(self.loss, 4)),
        ]
        body = table(["train", "best", f"{self.N.level:.0%} interval"], rows)
        head = heading(f"{self.C:.3g} training FLOPs".replace("e+", "e"), f"C = {self.rule}")
        low, high = map(show, self.flat_range)
        flat = dim(f"any N from {low} to {high} is within 0.1 % of the best loss")
        parts: list[RenderableType] = [head, dim(f"by {self.source}"), body, flat]
        if self.record is not None and self.record.tests:
            parts.append(dim(self.record.told(0.0 if math.isnan(self.decades) else self.decades)))
        return group(*parts, findings_list(self.findings))

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)


def plan(source: Source, *, flops: float, level: float = LEVEL) -> Plan:
    """Give the N and D of least predicted loss for so many training FLOPs.

    Intervals are statistical (a fit's draws), calibrated (these, scaled as past errors of the loss ask)
    and the spread of laws; the headline holds all three. A published curve has none.
    """
    settled = combine(source) if isinstance(source, Runs) else source
    return plan_with(settled, evidence(settled), flops=flops, level=level)


def plan_with(settled: Fit | Curve | Ensemble, behind: Evidence, *, flops: float, level: float) -> Plan:
    """Give the plan of a source whose evidence is at hand; without any, its intervals are statistical."""
    if not 6 < flops < 1e60:
        raise UsageError(f"flops={flops:g} is no budget. Say a number of training FLOPs, as in 1e24.")
    rule = rule_named("6ND")
    best, drawn_sizes, others = _optimum(settled, behind, flops, rule=rule)
    size = float(np.exp(best))
    tokens = float(rule.tokens(size, flops))
    at = {"N": size, "D": tokens}
    expected = forecast_with(settled, behind, level=level, at=at)
    far = expected[0].decades
    near = np.array([0.0 if math.isnan(far) else far])
    factor = float(scale(behind.own, near)[0]) if behind.own else math.nan
    spread = _Spread(best, drawn_sizes - best, others, math.nan)
    if expected[0].calibrated:
        spread = _calibrated(spread, factor, _strayed(behind.laws, rule=rule) * float(near[0]))
    return Plan(
        C=float(flops),
        N=_quantity(spread, np.exp, level),
        D=_quantity(spread, lambda log_n: np.asarray(rule.tokens(np.exp(log_n), flops)), level),
        loss=expected[0].loss,
        tokens_per_parameter=_quantity(spread, lambda log_n: rule.tokens(np.exp(log_n), flops) / np.exp(log_n), level),
        flat_range=_flat(settled, flops, best=best, near=near, rule=rule),
        source=expected.source,
        rule=rule.name,
        decades=far,
        calibrated=expected[0].calibrated,
        findings=expected.findings,
        record=expected.record,
    )


class _Spread(NamedTuple):
    """log N of the best allocation, how draws differ from it, what other laws say, and by how much to widen."""

    best: float
    draws: Array
    others: Array
    factor: float


def _calibrated(spread: _Spread, factor: float, drift: float) -> _Spread:
    """Give the spread, to be widened by past errors of the loss and by how far log N strays (one standard error)."""
    ordered = np.sort(spread.draws)
    if not ordered.size or not factor > 0:
        return spread
    ends = ordered[[int(0.05 * (ordered.size - 1)), int(0.95 * (ordered.size - 1))]]
    error = float(ends[1] - ends[0]) / (2 * NormalDist().inv_cdf(0.95))
    return spread._replace(factor=math.hypot(factor, drift / error) if error > 0 else factor)


def _strayed(laws: Ensemble | None, *, rule: FlopRule) -> float:
    """Give by how much the best log N strayed for a decade of compute, from each origin of the backtests to all runs.

    Root mean square over origins, the farther ones counting more, held towards what is expected before any.
    """
    if laws is None or not laws.backtest.calibrates or laws.backtest.along != "C":
        return STRAYS
    most, past = float(laws.runs["C"].max()), laws.backtest
    far = np.maximum(np.log10(most) - past.cuts, 1e-6)
    moved = np.zeros(len(far))
    for member, theta, weight in zip(laws.members, past.theta, shares(laws, far), strict=True):
        rows = np.concatenate([theta, member.theta[None]])
        sizes = _log_sizes(member.law, member.problem.natural(rows), most, rule=rule)
        moved += weight * (sizes[:-1] - sizes[-1])
    rates = np.clip(moved / far, -MOST_STRAYS, MOST_STRAYS)
    return float(np.sqrt((far @ rates**2 + STRAYS**2) / (far.sum() + 1)))


def _optimum(
    source: Fit | Curve | Ensemble, behind: Evidence, flops: float, *, rule: FlopRule
) -> tuple[float, Array, Array]:
    """Give log N of the best allocation, of draws (draws,), and of each law that counts (laws,)."""
    laws = behind.laws
    near = np.zeros(1) if laws is None else np.maximum(np.log10(flops / laws.runs["C"].max(keepdims=True)), 0.0)
    others = np.zeros(0)
    if laws is not None:
        weights = shares(laws, near)[:, 0]
        each = np.array([_log_sizes(law, row, flops, rule=rule)[0] for law, row in values(laws)])
        others = each[weights >= COUNTS]
    if isinstance(source, Ensemble):
        best = _together(source, weights, each, flops=flops, rule=rule)
        errors = [_size_error(law, rows, flops, rule=rule) for law, rows in nudged(source, _NUDGE)]
        return best, best + _normals(errors, weights), others
    best = float(_log_sizes(curve_of(source).law, values_of(source), flops, rule=rule)[0])
    rows = source.draws if isinstance(source, Fit) else np.zeros((0, values_of(source).shape[1]))
    return best, _log_sizes(curve_of(source).law, rows, flops, rule=rule), others


def _size_error(law: Law, rows: Array, flops: float, *, rule: FlopRule) -> float:
    """Give the standard error of log N, to first order in the parameters.

    Drawn parameters are no help: where the valley may be flat, their best N runs off to the end of the search.
    """
    up, down = _log_sizes(law, rows, flops, rule=rule).reshape(2, -1)
    return float(np.linalg.norm(up - down)) / (2 * _NUDGE)


def _normals(errors: Sequence[float], weights: Array) -> Array:
    """Give points (points,) that spread as zero-mean normals of these standard errors, mixed by weight."""
    found = []
    for error, weight in zip(errors, weights.tolist(), strict=True):
        count = max(1, round(_DRAWS * weight))
        found += [error * NormalDist().inv_cdf((place + 0.5) / count) for place in range(count)]
    return np.array(found)


def best_sizes(source: Fit | Curve | Ensemble, flops: Array) -> Array:
    """Give the N of least predicted loss at each budget (budgets,), without intervals."""
    rule = rule_named("6ND")
    if not isinstance(source, Ensemble):
        return np.exp(
            _log_sizes(curve_of(source).law, np.repeat(values_of(source), flops.size, axis=0), flops, rule=rule)
        )
    near = np.maximum(np.log10(flops / source.runs["C"].max()), 0.0)
    weights = shares(source, near)
    each = np.array(
        [_log_sizes(law, np.repeat(row, flops.size, axis=0), flops, rule=rule) for law, row in values(source)]
    )
    found = [
        _together(source, weights[:, one], each[:, one], flops=float(budget), rule=rule)
        for one, budget in enumerate(flops.tolist())
    ]
    return np.exp(found)


def _log_sizes(law: Law, rows: Array, flops: float | Array, *, rule: FlopRule) -> Array:
    return np.log(allocate(law, rows, flops, rule=rule, halvings=30).N) if len(rows) else np.zeros(0)


def _together(source: Ensemble, weights: Array, each: Array, *, flops: float, rule: FlopRule) -> float:
    """Give log N of the least weighted mean of the laws' log losses, between the sizes that they each prefer."""
    grid = np.linspace(each.min() - 0.1, each.max() + 0.1, POINTS)
    size = np.exp(grid)
    at = {"N": size, "D": np.asarray(rule.tokens(size, flops))}
    return float(grid[np.argmin(mean_loss(source, weights[:, None], at))])


def _flat(
    source: Fit | Curve | Ensemble, flops: float, *, best: float, near: Array, rule: FlopRule
) -> tuple[float, float]:
    """Give the lowest and highest N whose loss is within 0.1 % of the best."""
    if not isinstance(source, Ensemble):
        return range_within(curve_of(source).law, values_of(source), flops, share=FLAT, rule=rule)
    grid = best + np.linspace(-3, 3, 2 * POINTS + 1)
    size = np.exp(grid)
    loss = mean_loss(source, shares(source, near), {"N": size, "D": np.asarray(rule.tokens(size, flops))})
    good = np.flatnonzero(loss <= loss[POINTS] + np.log1p(FLAT))
    return float(size[good[0]]), float(size[good[-1]])


def _quantity(spread: _Spread, of: Callable[[Array], Array], level: float) -> Estimate:
    """Give one quantity of the plan as a function of log N, with its three intervals."""
    with np.errstate(all="ignore"):  # a size that no run determines may lie anywhere: its tokens overflow to inf
        value, kinds = float(of(np.array([spread.best]))[0]), {}
        for kind, points in (
            ("statistical", spread.best + spread.draws),
            ("calibrated", spread.best + spread.draws * spread.factor),
            ("laws", spread.others),
        ):
            inside = level if kind != "laws" else 1 - 1e-9
            found = from_draws(value, of(points), inside) if points.size else Estimate(value)
            kinds[kind] = (found.low, found.high)
    low, high = (pick.reduce([ends[side] for ends in kinds.values()]) for side, pick in ((0, np.fmin), (1, np.fmax)))
    return Estimate(value, float(low), float(high), level, kinds)
