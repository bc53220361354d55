"""The figure of an Inference: what more samples bring, and which model is the best buy at each cost of a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.beyond.test_time.difficulty_densities import P
from isoflop.beyond.test_time.result import money
from isoflop.beyond.test_time.serving import MOST
from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, QUIET, dark, decades, head, points, row, shades
from isoflop.formula.arrays import Array, median
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.test_time import Inference
    from isoflop.estimate import Estimate


_POINTS, _LINE = 90, 0.055
_TITLES = {"coverage": "Problems solved by any of k samples", "majority": "Problems solved by majority vote",
           "verifier": "Problems solved with the verifier",
           "best-of-n": "Problems solved by the sample of highest reward"}  # fmt: skip


def inference_figure(found: Inference) -> Figure:
    """Return the figure of test-time compute: accuracy against samples on the left, against cost on the right.

    Left, dots are measured without bias and bands are the intervals of forecasts for these problems. Right, the
    thick line is the best buy at each cost, with the costs at which it flips; without a budget, the share of
    problems below each chance of one sample.
    """
    with row((10.4, 4.7)) as (figure, (left, right)):
        colours = _colours(len(found.models))
        if found.choosing.how == "one":
            _measured(left, found)
        else:
            _samples(left, found, colours)
        if found.budgets:
            _costs(right, found, colours)
        else:
            _difficulty(right, found, colours)
    return figure


def _colours(count: int) -> Sequence[Any]:
    return LAW_COLOURS[:1] if count == 1 else shades(count)


def _curve(found: Inference, place: int, samples: Array) -> tuple[Array, Array, Array]:
    """Return middle, low and high of a model's accuracy at each number of samples."""
    draws = np.stack([found.draws[place].reached(found.choosing, k)[0] for k in samples.tolist()], axis=1)
    tail = (1 - found.level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return np.asarray(median(draws, axis=0)), low, high


def _spaced(found: Inference, most: float) -> Array:
    """Return numbers of samples at equal ratios; whole and odd ones for votes, where an even one adds nothing."""
    k = np.geomspace(1, max(most, 10), _POINTS)
    return np.unique(np.floor(k / 2) * 2 + 1) if found.choosing.how == "majority" else k


def _samples(axes: Axes, found: Inference, colours: Sequence[Any]) -> None:
    """Draw accuracy against samples: measured dots, the forecast and its band."""
    ends = {}
    for place, (one, colour) in enumerate(zip(found.models, colours, strict=True)):
        k = _spaced(found, one.reach[-1].k)
        middle, low, high = _curve(found, place, k)
        axes.fill_between(k, 100 * low, 100 * high, color=colour, alpha=0.16, linewidth=0, zorder=1)
        drawn = one.attempts.fewest
        axes.plot(k[k <= drawn], 100 * middle[k <= drawn], color=colour, linewidth=2.0, zorder=3)
        axes.plot(k[k >= drawn], 100 * middle[k >= drawn], color=colour, linewidth=1.6, linestyle=(0, (4, 2)), zorder=3)
        known = one.attempts.counted or one.attempts.rated
        if found.choosing.how == "coverage" and known:
            dots, passed = one.attempts.curve
            passed = 100 * passed
            axes.scatter(dots, passed, s=20, color=colour, zorder=4, edgecolors="white", linewidths=0.5)
        ends[one.attempts.name] = (k[-1], float(100 * middle[-1]), colour)
    axes.set(xscale="log", xlabel="samples of each problem, k", ylabel="problems solved (%)", ylim=(0, 103))
    _names(axes, ends)
    _rules(axes)
    level = f"{found.level:.0%}".replace("%", " %")
    counted = any(one.attempts.counted or one.attempts.rated for one in found.models)
    words = "dots: measured; dashed: forecast; " if counted and found.choosing.how == "coverage" else ""
    holds = "for these problems" if counted else "under the spread assumed"
    head(axes, _TITLES[found.choosing.how], f"{words}bands: {level} intervals {holds}")


def _measured(axes: Axes, found: Inference) -> None:
    """Draw what lengths of thinking, or methods of search, were measured to reach, a line for each model and method."""
    groups: dict[str, list[tuple[float, Estimate]]] = {}
    for one in found.models:
        what = one.attempts.name.rpartition(", ")[0] or one.attempts.name
        groups.setdefault(what, []).append((found.serving.of(one.attempts, 1), one.reach[0].by["one"]))
    ends = {}
    for (name, dots), colour in zip(groups.items(), _colours(len(groups)), strict=True):
        cost, each = zip(*sorted(dots, key=lambda pair: pair[0]), strict=True)
        y, low, high = (100 * np.array([getattr(one, end) for one in each]) for end in ("value", "low", "high"))
        axes.errorbar(cost, y, [np.maximum(y - low, 0), np.maximum(high - y, 0)], color=colour, marker="o",
                      markersize=4, linewidth=1.6, elinewidth=0.9)  # fmt: skip
        ends[name] = (float(cost[-1]), float(y[-1]), colour)
    axes.set(xscale="log", xlabel=f"{found.serving.unit} a query", ylabel="problems solved (%)", ylim=(0, 103))
    _names(axes, ends)
    _rules(axes)
    level = f"{found.level:.0%}".replace("%", " %")
    head(axes, "What each was measured to reach", f"bars: {level} intervals; lines only join what was measured")


def _costs(axes: Axes, found: Inference, colours: Sequence[Any]) -> None:
    """Draw accuracy against the cost of a query, the best buy as a thick line, and where it flips."""
    lines = []
    for place, (one, colour) in enumerate(zip(found.models, colours, strict=True)):
        k = _spaced(found, min(one.reach[-1].k, MOST))
        cost = np.array([found.serving.of(one.attempts, each) for each in k])
        middle, low, high = _curve(found, place, k)
        axes.fill_between(cost, 100 * low, 100 * high, color=colour, alpha=0.08, linewidth=0, zorder=1)
        axes.plot(cost, 100 * middle, color=colour, linewidth=1.0, zorder=2)
        lines.append((cost, middle, colour))
    edges = [min(cost[0] for cost, _, _ in lines), *(flip.budget.value for flip in found.flips)]
    edges.append(max(max(found.budgets, key=lambda one: one.budget).budget * 10, edges[-1] * 10))
    names = [one.attempts.name for one in found.models]
    best = _best_buys(found, names)
    for place, start, end in zip(best, edges, edges[1:], strict=False):
        cost, middle, colour = lines[place]
        within = np.geomspace(max(start, cost[0]), min(max(end, cost[0]), cost[-1]), 60)
        axes.plot(within, 100 * np.interp(np.log(within), np.log(cost), middle), color=colour, linewidth=3.4, zorder=3)
    for flip in found.flips:
        height = 100 * flip.accuracy.value
        axes.scatter(flip.budget.value, height, s=46, color="white", edgecolors=INK, linewidths=1.3, zorder=5)
        axes.annotate(
            f"{flip.after} from {money(flip.budget.value, found.serving.unit)}", (flip.budget.value, height),
            xytext=(7, -12), textcoords="offset points", fontsize=points(8.5), color=INK, zorder=6,
            bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip
    for budget in found.budgets:
        axes.axvline(budget.budget, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    axes.set(xscale="log", xlabel=f"{found.serving.unit} a query", ylim=(0, 103), xlim=(edges[0] / 1.3, edges[-1]))
    axes.set_ylabel("problems solved (%)")
    _rules(axes)
    head(axes, "The best buy at each cost of a query", "thick: best buy; rings: where it flips; dotted: budgets asked")


def _best_buys(found: Inference, names: Sequence[str]) -> list[int]:
    """Return the best buys in order of cost: the one before the first flip, and the one after each."""
    if found.flips:
        return [names.index(found.flips[0].before), *(names.index(flip.after) for flip in found.flips)]
    bought = [budget.best for budget in found.budgets if budget.best]
    return [names.index(bought[0])] if bought else []


def _difficulty(axes: Axes, found: Inference, colours: Sequence[Any]) -> None:
    """Draw the share of problems whose chance of one sample is below p."""
    ends = {}
    for one, spread, colour in zip(found.models, found.draws, colours, strict=True):
        share = 100 * np.cumsum(spread.these, axis=1)
        tail = (1 - found.level) / 2
        low, high = np.quantile(share, [tail, 1 - tail], axis=0)
        seen = 0.1 / max(one.reach[-1].k, 10) <= P
        axes.fill_between(P[seen], low[seen], high[seen], color=colour, alpha=0.16, linewidth=0)
        axes.plot(P[seen], np.asarray(median(share, axis=0))[seen], color=colour, linewidth=2.0)
        ends[one.attempts.name] = (1.0, 100.0, colour)
    drawn = min((one.attempts.fewest for one in found.models if one.attempts.counted), default=0)
    if drawn:
        axes.axvline(1 / drawn, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.annotate(
            f"1 in {show(float(drawn)) if drawn >= 1e4 else drawn} samples", (1 / drawn, 97), xytext=(5, 0),
            textcoords="offset points", fontsize=points(8.5), color=QUIET, va="top",
        )  # fmt: skip
    axes.set(xscale="log", xlabel="chance p that one sample is correct", ylabel="problems harder than p (%)")
    axes.set_ylim(0, 103)
    _rules(axes)
    head(axes, "How difficulty spreads over the problems", "left of the dotted line no sample drawn may show it")


def _names(axes: Axes, ends: dict[str, tuple[float, float, Any]]) -> None:
    """Write each model's name right of its curve, pushed apart until none overlap."""
    height, order = -1.0, sorted(ends, key=lambda name: ends[name][1])
    top = 1.0 - _LINE * len(order)
    for place, name in enumerate(order):
        wanted = ends[name][1] / 103
        height = max(min(wanted, top + _LINE * (place + 1)), height + _LINE)
        axes.annotate(
            name, (1.0, height), xytext=(4, 0), xycoords="axes fraction", textcoords="offset points", va="center",
            fontsize=points(9), color=dark(ends[name][2]), annotation_clip=False,
        )  # fmt: skip


def _rules(axes: Axes) -> None:
    decades(axes.xaxis)
    axes.grid(visible=True, which="major", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
