"""The figure of Landmarks: parameters against compute, the models as named points beside frontiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.errors import UsageError
from isoflop.faces.plot.fitted import compute_behind
from isoflop.faces.plot.look import INK, LAW_COLOURS, dark, decades, head, lines_behind, panel, points, shades
from isoflop.faces.plot.names import Room
from isoflop.forecasting.source import Source, settle
from isoflop.planning.landmarks import Landmark, Landmarks, best_runs
from isoflop.quantities import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation

    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array


MOST = 3
"""Frontiers that one figure can hold."""
_DOT = 26.0  # square points


def landmarks_figure(found: Landmarks, sources: Sequence[Source | str] = ()) -> Figure:
    """Return the figure of models beside the frontiers of up to three sources: of what placed them, unless said.

    Above a frontier a model has too few tokens for its size, below it is small and long trained. A frontier is
    dashed beyond the runs behind it. Mixtures of experts are hollow. A name that finds no room is left out.
    """
    drawn = [one for one in found if one.model.known]
    if not drawn:
        raise UsageError("there is no model of known size to draw. Name one, as in chinchilla.")
    sources = sources or [one for one in (found.answers,) if one is not None]
    if not 1 <= len(sources) <= MOST:
        raise UsageError(f"a figure shows 1 to {MOST} frontiers, not {len(sources)}. Name fewer sources.")
    with panel(9.6, 7.2) as (figure, axes):
        _ends(axes, drawn)
        each = [_frontier(axes, settle(one), colour) for one, colour in zip(sources, LAW_COLOURS, strict=False)]
        lines = [one for one in each if one is not None]
        if not lines:
            raise UsageError("every frontier lies beyond the models. Name sources that reach them.")
        dots = _dots(axes, drawn)
        _years(axes, drawn)
        head(
            axes, "Where published models lie against compute-optimal ones",
            "lines: the best size for the compute, dashed beyond the runs behind it; above them too few tokens, "
            "below them small and long trained",
        )  # fmt: skip
        figure.draw_without_rendering()  # fixes where everything stands
        _apart([one.name for one in lines])
        Room(axes, dots, np.concatenate([one.line.get_xydata() for one in lines])).write(
            [one.model.name for one in drawn]
        )
    return figure


class _Line(NamedTuple):
    """A frontier as drawn, and its name."""

    line: Line2D
    name: Annotation


def _ends(axes: Axes, drawn: Sequence[Landmark]) -> None:
    """Set both axes, with room for names: all models are within, and the sizes that would have been best."""
    compute = np.array([one.model.C for one in drawn])
    size = np.array([each for one in drawn for each in (one.model.size, one.best_size.value)])
    axes.set(xscale="log", yscale="log", xlabel="training FLOPs C = 6ND", ylabel="parameters N (active)")
    axes.set_xlim(compute.min() / 2.2, compute.max() * 6)
    axes.set_ylim(size.min() / 1.8, size.max() * 3.2)
    decades(axes.xaxis)
    decades(axes.yaxis, lambda value: show(value, 1))
    lines_behind(axes)


def _frontier(axes: Axes, source: Predictor, colour: str) -> _Line | None:
    """Draw the best size for each compute, and name the line at its end; None where it lies beyond the models."""
    low, high = axes.get_xlim()
    flops = np.geomspace(low, high / 2.2, 240)
    size = best_runs(source, flops).N
    shown = (size > axes.get_ylim()[0]) & (size < axes.get_ylim()[1])
    if not shown.any():
        return None
    flops, size = flops[shown], size[shown]
    name = source.curves[0].name if source.runs is None or len(source.labels) == 1 else "several laws"
    within = flops <= compute_behind(source)[1]
    axes.plot(flops[within], size[within], color=colour, linewidth=1.7, zorder=2)
    axes.plot(flops[~within], size[~within], color=colour, linewidth=1.7, linestyle=(0, (5, 2.5)), zorder=2)
    whole = axes.plot(flops, size, linewidth=0)[0]
    label = axes.annotate(
        name, (flops[-1], size[-1]), xytext=(4, 0), textcoords="offset points", va="center", fontsize=points(8.5),
        color=dark(colour), annotation_clip=False,
    )  # fmt: skip
    return _Line(whole, label)


def _apart(names: Sequence[Annotation]) -> None:
    """Move names at the lines' ends up where they would cover the one below."""
    highest = -np.inf
    for name in sorted(names, key=lambda one: one.get_window_extent().y0):
        extent = name.get_window_extent()
        lift = max(0.0, highest - extent.y0)
        figure = name.get_figure(root=True)
        name.set_position((4, lift * 72 / (figure.dpi if figure else 72)))
        highest = extent.y1 + lift


def _dots(axes: Axes, drawn: Sequence[Landmark]) -> Array:
    """Draw the models, the later the lighter, and give their places (models, 2)."""
    colours = _by_year(drawn)
    edges = [colours[one.model.year] for one in drawn]
    faces = ["white" if one.model.mixture else colours[one.model.year] for one in drawn]
    places = np.array([(one.model.C, one.model.size) for one in drawn])
    axes.scatter(places[:, 0], places[:, 1], s=_DOT, linewidths=1.3, zorder=4, edgecolors=edges, facecolors=faces)
    return places


def _by_year(drawn: Sequence[Landmark]) -> dict[int, Any]:
    years = sorted({one.model.year for one in drawn})
    return dict(zip(years, shades(len(years)), strict=True))


def _years(axes: Axes, drawn: Sequence[Landmark]) -> None:
    """Say which colour is which year, and what is hollow."""
    from matplotlib.lines import Line2D

    def dot(face: Any, edge: Any, text: str) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker="o", markersize=5, markerfacecolor=face, markeredgecolor=edge, label=text
        )

    handles = [dot(colour, colour, str(year or "yours")) for year, colour in _by_year(drawn).items()]
    if any(one.model.mixture for one in drawn):
        handles.append(dot("white", INK, "mixture of experts"))
    axes.legend(handles=handles, loc="lower right", fontsize=points(8), handletextpad=0.2, borderaxespad=0.2)
