"""The figure of Landmarks: parameters against compute, the models as named points beside frontiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.ensemble import Ensemble
from isoflop.errors import UsageError
from isoflop.forecast import Settled, Source, curve_of, settle
from isoflop.landmarks import Landmark, Landmarks, best_runs
from isoflop.plot.look import FAINT, INK, LAW_COLOURS, QUIET, dark, decades, head, shades, style
from isoflop.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST = 3
"""Frontiers that one figure can hold."""
_SIZE, _DOT = 7.2, 26.0  # of names, in points; of dots, in square points
_RINGS, _ANGLES = (5.0, 9.0, 14.0, 20.0, 27.0, 35.0, 44.0, 54.0, 66.0, 80.0), 32
"""How far from its dot a name may stand, in points, and in how many directions it is tried."""
_NEAR, _CROWD = 8.0, 45.0
"""Points from which on a line leads from the dot to its name; points within which dots crowd each other."""


def landmarks_figure(found: Landmarks, sources: Sequence[Source | str]) -> Figure:
    """Give the figure of models beside the frontiers of up to three sources.

    Above a frontier a model has too few tokens for its size, below it is small and long trained. A frontier is
    dashed beyond the runs behind it. Mixtures of experts are hollow. A name that finds no room is left out.
    """
    drawn = [one for one in found if one.model.known]
    if not drawn:
        raise UsageError("there is no model of known size to draw. Name one, as in chinchilla.")
    if not 1 <= len(sources) <= MOST:
        raise UsageError(f"a figure shows 1 to {MOST} frontiers, not {len(sources)}. Name fewer sources.")
    with style():
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        figure = Figure(figsize=(9.6, 7.2), dpi=200, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
        axes = figure.subplots()
        _ends(axes, drawn)
        lines = [_frontier(axes, settle(one), colour) for one, colour in zip(sources, LAW_COLOURS, strict=False)]
        dots = _dots(axes, drawn)
        _years(axes, drawn)
        head(
            axes, "Where published models lie against compute-optimal ones",
            "lines: the best size for the compute, dashed beyond the runs behind it; above them too few tokens, "
            "below them small and long trained",
        )  # fmt: skip
        figure.draw_without_rendering()  # fixes where everything stands
        _apart([one.name for one in lines])
        _Room(axes, dots, np.concatenate([one.line.get_xydata() for one in lines])).write(drawn)
    return figure


class _Line(NamedTuple):
    """A frontier as drawn, and its name."""

    line: Line2D
    name: Annotation


def _ends(axes: Axes, drawn: Sequence[Landmark]) -> None:
    """Set both axes, with room for names."""
    compute, size = (np.array(side) for side in zip(*((one.model.C, one.model.size) for one in drawn), strict=True))
    axes.set(xscale="log", yscale="log", xlabel="training FLOPs C = 6ND", ylabel="parameters N (active)")
    axes.set_xlim(compute.min() / 2.2, compute.max() * 6)
    axes.set_ylim(size.min() / 1.8, size.max() * 3.2)
    decades(axes.xaxis)
    decades(axes.yaxis, lambda value: show(value, 1))
    axes.grid(visible=True, which="major", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def _frontier(axes: Axes, source: Settled, colour: str) -> _Line:
    """Draw the best size for each compute, and name the line at its end."""
    low, high = axes.get_xlim()
    flops = np.geomspace(low, high / 2.2, 240)
    size = best_runs(source, flops).N
    shown = (size > axes.get_ylim()[0]) & (size < axes.get_ylim()[1])
    if not shown.any():
        raise UsageError("a frontier lies beyond all the models. Name sources that reach them.")
    flops, size = flops[shown], size[shown]
    name = "several laws" if isinstance(source, Ensemble) else curve_of(source).name
    within = flops <= _reach(source)
    axes.plot(flops[within], size[within], color=colour, linewidth=1.7, zorder=2)
    axes.plot(flops[~within], size[~within], color=colour, linewidth=1.7, linestyle=(0, (5, 2.5)), zorder=2)
    whole = axes.plot(flops, size, linewidth=0)[0]
    label = axes.annotate(
        name, (flops[-1], size[-1]), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5,
        color=dark(colour), annotation_clip=False,
    )  # fmt: skip
    return _Line(whole, label)


def _reach(source: Settled) -> float:
    """Give the largest compute of the runs behind a source, inf where it is unknown."""
    if isinstance(source, Ensemble):
        return float(source.runs["C"].max())
    ends = {key: high for key, (_, high) in curve_of(source).fitted_on.items()}
    return ends.get("C", 6 * ends["N"] * ends["D"] if {"N", "D"} <= set(ends) else np.inf)


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
    axes.legend(handles=handles, loc="lower right", fontsize=8, handletextpad=0.2, borderaxespad=0.2)


class _Room:
    """What of the panel is taken, and names written where there is room left; all in pixels."""

    def __init__(self, axes: Axes, dots: Array, lines: Array) -> None:
        self.axes, self.dots = axes, dots
        self.scale = axes.figure.dpi / 72
        self.places = np.asarray(axes.transData.transform(dots))
        self.panel = axes.get_window_extent().get_points()
        legend = axes.get_legend()
        there = [one.get_window_extent().get_points() for one in (*axes.texts, *([legend] if legend else []))]
        self.boxes = np.array(there)  # (boxes, low or high, x or y)
        self.blocked = np.concatenate([self.places, axes.transData.transform(lines)])
        self.margin = self.scale * np.concatenate([np.full(len(dots), 3.4), np.full(len(lines), 1.5)])

    def write(self, drawn: Sequence[Landmark]) -> None:
        """Write each name as near to its dot as it covers no dot, line or other name; the crowded ones first."""
        gaps = np.linalg.norm(self.places[:, None] - self.places[None], axis=2)
        for index in np.argsort(-(gaps < _CROWD * self.scale).sum(axis=1), kind="stable").tolist():
            self._name(drawn[index].model.name, index)

    def _name(self, name: str, index: int) -> None:
        text = self.axes.annotate(
            name, self.dots[index], xytext=(0, 0), textcoords="offset points", fontsize=_SIZE, color=INK,
            ha="center", va="center", zorder=5,
        )  # fmt: skip
        text.set_in_layout(False)
        extent = text.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2
        for away, offset in _offsets(*(half / self.scale).tolist()):
            middle = self.places[index] + np.array(offset) * self.scale
            box = np.array([middle - half - self.scale, middle + half + self.scale])
            lead = self._lead(self.places[index], box) if away > _NEAR else np.zeros((0, 2))
            if self._free(box, lead):
                text.set_position(offset)
                self._take(box, lead)
                return
        text.remove()

    def _lead(self, dot: Array, box: Array) -> Array:
        """Give points from just beside a dot to the nearest edge of a box, (points, 2)."""
        way = np.clip(dot, *box) - dot
        start = min(1.0, 3.0 * self.scale / float(np.linalg.norm(way)))
        return np.asarray(dot + np.linspace(start, 1, 24)[:, None] * way)

    def _free(self, box: Array, lead: Array) -> bool:
        """Say whether a name and the line that leads to it cover nothing, and lie inside the panel."""
        low, high = box
        if (low < self.panel[0]).any() or (high > self.panel[1]).any():
            return False
        if ((self.boxes[:, 0] < high) & (self.boxes[:, 1] > low)).all(axis=1).any():
            return False
        margin = self.margin[:, None]
        if ((self.blocked > low - margin) & (self.blocked < high + margin)).all(axis=1).any():
            return False
        crossed = (lead[:, None] > self.boxes[None, :, 0]) & (lead[:, None] < self.boxes[None, :, 1])
        near = np.linalg.norm(self.places[:, None] - lead[None], axis=2) < 2.9 * self.scale
        return not (crossed.all(axis=2).any() or near.any())

    def _take(self, box: Array, lead: Array) -> None:
        self.boxes = np.concatenate([self.boxes, box[None]])
        if len(lead):
            self.blocked = np.concatenate([self.blocked, lead])
            self.margin = np.concatenate([self.margin, np.full(len(lead), 0.5 * self.scale)])
            ends = self.axes.transData.inverted().transform(lead[[0, -1]])
            line = self.axes.plot(*ends.T, color=QUIET, linewidth=0.5, zorder=3)[0]
            line.set_in_layout(False)


def _offsets(across: float, up: float) -> Iterator[tuple[float, tuple[float, float]]]:
    """Give places of a name's middle about its dot, the nearest first, each with the gap; half its width, height."""
    angles = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    for ring in _RINGS:
        for angle in angles.tolist():
            yield ring, (float(np.cos(angle)) * (ring + across), float(np.sin(angle)) * (ring + up))
