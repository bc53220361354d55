"""The figure of a frontier: the best size and its tokens at each budget, with intervals, beside runs and models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.fitted import compute_behind, runs_of
from isoflop.faces.plot.look import LAW_COLOURS, QUIET, RUN, decades, lines_behind, of_ten, panels, points
from isoflop.faces.plot.names import Room
from isoflop.planning.frontier import Frontier, frontier
from isoflop.planning.landmarks import MODELS, Model
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.estimate import Estimate
    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array


BEYOND = 100.0
"""How many times the largest compute of the runs the figure reaches, unless said."""
_BUDGETS = 120
_NAME, _FAR = 6.2, 14.0
"""The size of models' names, and how far from its dot one may stand, in points."""


def allocation_figure(
    source: Predictor, *, budgets: tuple[float, float] | None = None, landmarks: bool = True
) -> Figure:
    """Return the best N and D against compute with their intervals, the runs' own as dots, dashed beyond them.

    budgets    the least and the largest compute drawn: by default, of the runs behind the source, and BEYOND times it
    landmarks  whether published models within the budgets are drawn, too: those that find room with their names

    Raises UsageError for a published curve whose runs' compute is unknown, without budgets.
    """
    trained = compute_behind(source)
    low, high = _range(source, trained) if budgets is None else budgets
    end = trained[1] if low < trained[1] < high else high
    found = frontier(source, np.unique([*np.geomspace(low, high, _BUDGETS), end]).tolist())
    return _drawn(source, found, (low, high), trained=trained[1], landmarks=landmarks)


def allocations_figure(found: Frontier) -> Figure:
    """Return the best N and D of a frontier that was planned, with intervals, against its budgets."""
    source, budgets = found.plans[0].answers, [one.budget.value for one in found.plans]
    if source is None or len(found.plans) < 2:
        raise UsageError(
            "a frontier of one budget is a point. Say several, as in isoflop.frontier(runs, [1e20, 1e21])."
        )
    return _drawn(source, found, (budgets[0], budgets[-1]), trained=compute_behind(source)[1], landmarks=False)


def _drawn(
    source: Predictor, found: Frontier, budgets: tuple[float, float], *, trained: float, landmarks: bool
) -> Figure:
    """Draw a frontier in two panels; trained  the largest compute of the runs behind the source."""
    (low, high), beyond = budgets, trained < budgets[1]
    models = [one for one in MODELS if one.known and low <= one.C <= high] if landmarks else []
    by = "" if source.runs is not None and len(source.labels) > 1 else f", by {source.name}"
    if all(math.isnan(one.N.value) for one in found.plans):
        raise UsageError("no best size is known at any of these budgets. isoflop plan says why.")
    title, under = f"What to train at each budget{by}", _words(found, models, beyond=beyond)
    with panels((1, 2), (10.0, 4.7), title=title, under=under) as (figure, grid):
        taken = [
            _panel(axes, source, found, letter=letter, trained=trained)
            for axes, letter in zip(grid, ("N", "D"), strict=True)
        ]
        places = [_dots(axes, models, letter) for axes, letter in zip(grid, ("N", "D"), strict=True)]
        for axes in grid:
            _axes(axes, (low, high))
        figure.draw_without_rendering()  # fixes where everything stands
        for axes, dots, covered in zip(grid, places, taken, strict=True):
            if models:
                room = Room(axes, dots, covered, size=points(_NAME), colour=QUIET, far=_FAR)
                room.write([one.name for one in models])
    return figure


def _range(source: Predictor, trained: tuple[float, float]) -> tuple[float, float]:
    if not (0 < trained[0] <= trained[1] < math.inf):
        raise UsageError(f"{source.name} does not say which runs are behind it. Say --flops 1e20:1e26.")
    return trained[0], trained[1] * BEYOND


def _words(found: Frontier, models: Sequence[Model], *, beyond: bool) -> str:
    """Say what band, dashes and dots are."""
    one = found.plans[0].N
    words = [] if math.isnan(one.low) else [f"band: {one.level:.0%} interval".replace("%", " %")]
    words += ["dashed: beyond the runs"] if beyond else []
    words += ["diamonds: published models, by active parameters; hollow: mixtures of experts"] if models else []
    return "; ".join(words)


def _panel(axes: Axes, source: Predictor, found: Frontier, *, letter: str, trained: float) -> Array:
    """Draw the best size or tokens, their interval and the runs; give what no name may cover (points, 2)."""
    budgets = np.array([one.budget.value for one in found.plans])
    said: list[Estimate] = [getattr(one, letter) for one in found.plans]
    value, low, high = (np.array([getattr(one, part) for one in said]) for part in ("value", "low", "high"))
    axes.set(xscale="log", yscale="log", ylabel={"N": "parameters N", "D": "tokens D"}[letter])
    axes.fill_between(budgets, low, high, color=LAW_COLOURS[0], alpha=0.15, linewidth=0, zorder=1)
    for part, dashes in ((budgets <= trained, "-"), (budgets >= trained, (0, (4, 2)))):
        axes.plot(budgets[part], value[part], color=LAW_COLOURS[0], linewidth=1.8, linestyle=dashes, zorder=4)
    covered = [np.column_stack([budgets, value])]
    if source.runs is not None:
        runs = runs_of(source)
        axes.scatter(runs["C"], runs[letter], s=16, color=RUN, linewidths=0, zorder=2)
        covered.append(np.column_stack([runs["C"], runs[letter]]))
    slope = np.log(value[-1] / value[0]) / np.log(budgets[-1] / budgets[0])
    grows = f"grows as $C^{{{slope:.2f}}}$"
    axes.text(0.04, 0.93, grows, transform=axes.transAxes, fontsize=points(9), color=QUIET, parse_math=True)
    return np.concatenate(covered)


def _dots(axes: Axes, models: Sequence[Model], letter: str) -> Array:
    """Draw published models, mixtures of experts hollow, and give their places (models, 2)."""
    places = np.array([(one.C, one.size if letter == "N" else one.D) for one in models]).reshape(-1, 2)
    faces = ["white" if one.mixture else QUIET for one in models]
    axes.scatter(
        places[:, 0], places[:, 1], s=13, marker="D", linewidths=0.8, zorder=3, edgecolors=QUIET, facecolors=faces
    )
    return places


def _axes(axes: Axes, budgets: tuple[float, float]) -> None:
    axes.set(xlabel="training compute C (FLOPs)", xlim=(budgets[0] / 1.3, budgets[1] * 1.3))
    decades(axes.xaxis, of_ten)
    decades(axes.yaxis, lambda value: show(value, 1))
    lines_behind(axes)
