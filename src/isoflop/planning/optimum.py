"""Where the best run for a budget lies, and how far the draws and other laws put it elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.compute.allocation import PLAIN, allocate, range_within
from isoflop.compute.terms import Terms
from isoflop.errors import UsageError
from isoflop.estimate import Estimate, from_draws
from isoflop.fitting.fit import Fit
from isoflop.forecasting.ensemble import Ensemble, Evidence, mean_loss, nudged, scale, shares, values
from isoflop.forecasting.intervals import COUNTS
from isoflop.forecasting.source import Settled, curve_of, name_of, values_of
from isoflop.formula.law import Law, Several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FLAT = 1e-3
"""The share of loss that the flat range of N may give up."""
STRAYS = 0.15
"""By how much log N strays for a decade of compute: one standard deviation."""
POINTS = 400
"""Sizes looked at between the ones that several laws each prefer."""
_DRAWS, _NUDGE = 400, 0.1
"""Draws of log N from several laws together; the step, in standard errors, that finds the slope of log N."""
_EXACT, _HALVINGS, _FOR_LOSS = 40, 24, 10
"""Halvings that find log N to the last digits, that do for draws, and for the loss, which is flat there."""
_LARGEST = math.log(1e60)
_ZOOMS, _BUDGETS = 4, 41


class Spread(NamedTuple):
    """log N of the best allocation of each budget, how draws differ from it, what other laws say, how far to widen.

    best, factor (budgets,), draws (draws, budgets), others (laws, budgets); nan where a law does not count
    """

    best: Array
    draws: Array
    others: Array
    factor: Array


def spread(source: Settled, behind: Evidence, flops: Array, *, terms: Terms) -> Spread:
    """Give where the best allocation of each budget (budgets,) lies, by the source, its draws, and other laws."""
    laws, unknown = behind.laws, np.full(flops.size, math.nan)
    others = np.zeros((0, flops.size))
    if laws is not None:
        weights = shares(laws, near(laws, flops))
        each = np.concatenate([_log_sizes(law, row, flops, terms=terms) for law, row in values(laws)])
        others = np.where(weights >= COUNTS, each, math.nan)
    if isinstance(source, Ensemble):
        best = _together(source, weights, each, flops=flops, terms=terms)
        errors = [_size_errors(law, rows, flops, terms=terms) for law, rows in nudged(source, _NUDGE)]
        draws = np.array(
            [_normals(error, weight) for error, weight in zip(np.transpose(errors), weights.T, strict=True)]
        )
        return Spread(best, draws.T, others, unknown)
    if isinstance(source, Several):
        others = np.concatenate([_log_sizes(one.law, one.row, flops, terms=terms) for one in source.curves])
    best = _log_sizes(curve_of(source).law, values_of(source), flops, terms=terms, halvings=_EXACT)[0]
    rows = source.draws if isinstance(source, Fit) else np.zeros((0, values_of(source).shape[1]))
    return Spread(best, _log_sizes(curve_of(source).law, rows, flops, terms=terms) - best, others, unknown)


def calibrated(found: Spread, behind: Evidence, decades: Array) -> Spread:
    """Give the spread, to be widened by past errors of the loss and by how far log N strays (one standard error)."""
    if not len(found.draws) or behind.own is None:
        return found
    factor, ordered = scale(behind.own, decades), np.sort(found.draws, axis=0)
    ends = ordered[[int(0.05 * (len(ordered) - 1)), int(0.95 * (len(ordered) - 1))]]
    error = (ends[1] - ends[0]) / (2 * NormalDist().inv_cdf(0.95))
    drift = STRAYS * decades
    with np.errstate(all="ignore"):
        wide = np.where(error > 0, np.hypot(factor, drift / error), factor)
    return found._replace(factor=np.where(factor > 0, wide, math.nan))


def _size_errors(law: Law, rows: Array, flops: Array, *, terms: Terms) -> Array:
    """Give the standard error of log N at each budget (budgets,), to first order in the parameters.

    Drawn parameters are no help: where the valley may be flat, their best N runs off to the end of the search.
    """
    up, down = _log_sizes(law, rows, flops, terms=terms).reshape(2, -1, flops.size)
    return np.asarray(np.linalg.norm(up - down, axis=0) / (2 * _NUDGE))


def _normals(errors: Array, weights: Array) -> Array:
    """Give points (points,) that spread as zero-mean normals of these standard errors, mixed by weight.

    Equal steps of probability for each law; of a law that weighs more, more of the points.
    """
    counts = np.diff(np.concatenate([[0], np.round(np.cumsum(weights) / weights.sum() * _DRAWS)])).astype(int)
    return np.concatenate([
        error * np.array([NormalDist().inv_cdf((place + 0.5) / count) for place in range(count)])
        for error, count in zip(errors.tolist(), counts.tolist(), strict=True)
    ])  # fmt: skip


def best_sizes(source: Settled, flops: Array, *, terms: Terms = PLAIN, halvings: int = _HALVINGS) -> Array:
    """Give the N of least predicted loss at each budget (budgets,), without intervals."""
    if not isinstance(source, Ensemble):
        sizes = _log_sizes(curve_of(source).law, values_of(source), flops, terms=terms, halvings=halvings)
        return np.asarray(np.exp(sizes[0]))
    each = np.concatenate([_log_sizes(law, row, flops, terms=terms, halvings=halvings) for law, row in values(source)])
    return np.asarray(np.exp(_together(source, shares(source, near(source, flops)), each, flops=flops, terms=terms)))


def log_losses(source: Settled, N: Array, D: Array, *, terms: Terms) -> Array:
    """Give the log of the loss predicted for runs of N parameters on D tokens (runs,)."""
    at = terms.worth(law_of(source), N, D)
    if isinstance(source, Ensemble):
        return mean_loss(source, shares(source, near(source, terms.rule.flops(N, D))), at)
    with np.errstate(all="ignore"):
        return np.asarray(np.log(curve_of(source)(**at)))


def best_losses(source: Settled, flops: Array, *, terms: Terms) -> Array:
    """Give the log of the least loss predicted at each budget (budgets,)."""
    sizes = best_sizes(source, flops, terms=terms, halvings=_FOR_LOSS)
    return log_losses(source, sizes, terms.affordable(sizes, flops), terms=terms)


def near(source: Ensemble, flops: Array) -> Array:
    """Give how many decades beyond the largest run each budget lies; 0 inside."""
    with np.errstate(divide="ignore"):  # a budget of which serving leaves nothing
        return np.asarray(np.maximum(np.log10(flops / source.runs["C"].max()), 0.0))


def _log_sizes(law: Law, rows: Array, flops: Array, *, terms: Terms, halvings: int = _HALVINGS) -> Array:
    """Give log N of the best run of each row of parameter values at each budget, (rows, budgets)."""
    if not len(rows):
        return np.zeros((0, flops.size))
    each, budgets = np.repeat(rows, flops.size, axis=0), np.tile(flops, len(rows))
    return np.log(allocate(law, each, budgets, terms=terms, halvings=halvings).N).reshape(len(rows), flops.size)


def _together(source: Ensemble, weights: Array, each: Array, *, flops: Array, terms: Terms) -> Array:
    """Give log N of the least weighted mean of the laws' log losses, between the sizes that they each prefer.

    weights, each (laws, budgets); one log N for each budget
    """
    share, best = np.linspace(0, 1, POINTS), np.empty(flops.size)
    for place, budget in enumerate(flops.tolist()):
        low, high = each[:, place].min() - 0.1, each[:, place].max() + 0.1
        grid = _inside(low + share * (high - low), budget, terms)
        at = terms.worth(law_of(source), np.exp(grid), terms.affordable(np.exp(grid), budget))
        best[place] = _lowest(grid, mean_loss(source, weights[:, place, None], at))
    return best


def _lowest(grid: Array, loss: Array) -> float:
    """Give where the loss is least: the floor of the parabola through the lowest point and its neighbours.

    The point itself at an end of the grid, or of what the bounds leave of it.
    """
    lowest = int(np.argmin(np.where(np.isnan(loss), np.inf, loss)))  # without a token to train on there is no loss
    steps = np.diff(grid[max(lowest - 1, 0) : lowest + 2])
    if len(steps) < 2 or not steps.min() > 0.99 * steps.max():
        return float(grid[lowest])
    before, least, after = loss[lowest - 1 : lowest + 2].tolist()
    bend = before - 2 * least + after
    return float(grid[lowest]) + (float(steps[0]) * (before - after) / (2 * bend) if 0 < bend < math.inf else 0.0)


def _inside(log_n: Array, flops: float, terms: Terms) -> Array:
    low, high = terms.span(np.array([[flops]]))
    return np.clip(log_n, low[0, 0], high[0, 0])


def flat_range(source: Settled, flops: float, *, best: float, terms: Terms) -> tuple[float, float]:
    """Give the lowest and highest N whose loss is within 0.1 % of the best."""
    if not isinstance(source, Ensemble):
        return range_within(curve_of(source).law, values_of(source), flops, share=FLAT, terms=terms)
    grid = _inside(best + np.linspace(-3, 3, 2 * POINTS + 1), flops, terms)
    loss = log_losses(source, np.exp(grid), terms.affordable(np.exp(grid), flops), terms=terms)
    good = np.flatnonzero(loss <= loss[POINTS] + np.log1p(FLAT))
    return float(np.exp(grid[good[0]])), float(np.exp(grid[good[-1]]))


def quantity(found: Spread, of: Callable[[Array], Array], level: float) -> list[Estimate]:
    """Give one quantity of the plan of each budget, as a function of log N (…, budgets), with its intervals."""
    with np.errstate(all="ignore"):  # a size that no run determines may lie anywhere: its tokens overflow to inf
        best, kinds = of(found.best), {
            "statistical": of(found.best + found.draws),
            "calibrated": of(found.best + found.draws * found.factor),
            "laws": of(found.others),
        }  # fmt: skip
    return [
        _estimate(float(value), {kind: points[:, place] for kind, points in kinds.items()}, level)
        for place, value in enumerate(best)
    ]


def _estimate(value: float, kinds: Mapping[str, Array], level: float) -> Estimate:
    found = {}
    for kind, points in kinds.items():
        inside = level if kind != "laws" else 1 - 1e-9
        one = from_draws(value, points, inside)
        found[kind] = (one.low, one.high)
    low, high = (pick.reduce([ends[side] for ends in found.values()]) for side, pick in ((0, np.fmin), (1, np.fmax)))
    return Estimate(value, float(low), float(high), level, found)


def budgets_reaching(source: Settled, losses: Array, *, terms: Terms, most: float = math.inf) -> Array:
    """Give the least budget (losses,) whose best run is predicted to reach each loss; inf if none does.

    The best loss only falls as the budget grows, so a row of budgets brackets each loss, and another row inside
    the bracket narrows it, forty times a round; the last bracket is a straight line.

    most  a budget known to be enough for all of them: then only the three decades below it are looked at
    """
    lowest = np.log(float(np.maximum(terms.cost(terms.params[0], terms.tokens[0]), 6.0)) * (1 + 1e-9))
    ends, zooms = (lowest, _LARGEST), _ZOOMS
    if most < math.inf:
        ends, zooms = (max(lowest, math.log(most / 1e3)), math.log(most)), _ZOOMS - 2
    low, high = (np.full(losses.shape, end) for end in ends)
    share = np.linspace(0, 1, _BUDGETS)
    for _ in range(zooms):
        grid = low[:, None] + share * (high - low)[:, None]
        flops = np.exp(grid.ravel())
        found = best_losses(source, flops, terms=terms).reshape(grid.shape)
        reached = found <= np.log(losses)[:, None]
        first = np.where(reached.any(axis=1), np.argmax(reached, axis=1), _BUDGETS - 1)
        rows, before = np.arange(losses.size), np.maximum(first - 1, 0)
        low, high = grid[rows, before], grid[rows, first]
    above, below = found[rows, before], found[rows, first]
    with np.errstate(all="ignore"):
        part = np.where(above > below, (above - np.log(losses)) / (above - below), 1.0)
    budget = low + np.clip(part, 0.0, 1.0) * (high - low)
    return np.asarray(np.where(reached.any(axis=1), np.exp(budget), np.inf))


def law_of(source: Settled) -> Law:
    """Give the law whose inputs a source is asked for."""
    return source.members[0].law if isinstance(source, Ensemble) else curve_of(source).law


def refuse_missing(source: Settled, terms: Terms) -> None:
    """Refuse terms that the law cannot be told, and a law that was not told all it takes."""
    takes, name = set(law_of(source).inputs), name_of(source)
    if not {"N", "D"} <= takes:
        raise UsageError(f"{name} takes {', '.join(law_of(source).inputs)}; a plan needs a law of N and D.")
    if wrong := [key for key in terms.held if key not in takes]:
        raise UsageError(f"{name} knows nothing of {', '.join(wrong)}. {_KNOWS.get(wrong[0], 'See isoflop laws.')}")
    kinds = law_of(source).inputs
    if outside := [key for key, value in terms.held.items() if kinds[key].name == "Share" and value >= 1]:
        raise UsageError(f"{outside[0]}={terms.held[outside[0]]:g} must be a share below 1, as in {outside[0]}=0.5.")
    needed = takes - {"N", "D", "bits", *terms.held} - ({"U"} if math.isfinite(terms.unique_tokens) else set())
    for key in sorted(needed):
        raise UsageError(f"{name} needs {key}. Say {'--unique-tokens 500B' if key == 'U' else f'{key}=...'}.")


_KNOWS = {"experts": "Plan by a law that does, such as ludziejewski2025."}
