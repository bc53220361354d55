"""The figure of an Observed: models held out, what three ways say of their scores, and how far off they were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from isoflop.errors import DataError, shown
from isoflop.faces.plot.look import FAINT, INK, LAW_COLOURS, QUIET, RUN, head, panels, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isoflop.beyond.downstream import Observed

MOST = 60
"""Models held out that one figure can show."""


class _Way(NamedTuple):
    """How one way of foretelling looks, and what it goes by."""

    name: str
    marker: str
    face: str
    edge: str


_WAYS = (
    _Way("capabilities", "o", LAW_COLOURS[0], LAW_COLOURS[0]),
    _Way("family line", "D", "white", LAW_COLOURS[1]),
    _Way("compute alone", "s", "white", RUN),
)
_WORDS = {"capabilities": "its other scores", "family line": "its family's line", "compute alone": "compute alone"}


def capabilities_figure(found: Observed) -> Figure:
    """Return the figure of capabilities tested: the score of each model held out beside what three ways say of it.

    The model of the largest compute stands on top; the bar is the interval of the first way. The second panel has
    the mean absolute error of each. Raises DataError for more models than a figure holds.
    """
    count = len(found.held)
    if count > MOST:
        raise DataError(f"{count} models held out are too many for one figure. Hold out fewer: --hold-out 0.1.")
    title = f"What is foretold of {shown(found.target)}, and what came"
    inside = f"{found.inside:.0%} of them inside".replace("%", " %")
    level = f"{found.level:.0%}".replace("%", " %")
    under = f"held out: the {count} models of largest compute of {found.models}; bar: {level} interval, {inside}"
    with panels((1, 2), (9.6, 1.9 + 0.24 * max(count, 5)), title=title, under=under) as (figure, (left, right)):
        left.get_gridspec().set_width_ratios([2.2, 1])  # type: ignore[union-attr]  # subplots have one
        _models(left, found)
        _errors(right, found)
    return figure


def _models(axes: Axes, found: Observed) -> None:
    """Draw a row for each model: what it scored as a black line, what each way says, the interval of the first."""
    held = sorted(found.held, key=lambda one: one.compute)
    said = [[getattr(one, key) for one in held] for key in ("family", "baseline")]
    rows = range(len(held))
    for row, one in enumerate(held):
        axes.hlines(row, one.capabilities.low, one.capabilities.high, color=LAW_COLOURS[0], alpha=0.3, linewidth=5)
    for way, values in zip(_WAYS, ([one.capabilities.value for one in held], *said), strict=True):
        _mark(axes, way, values, rows=rows)
    axes.scatter([one.score for one in held], rows, marker="|", s=150, color=INK, linewidths=2, zorder=5)
    axes.set_yticks(rows, [shown(one.model.rsplit("/", maxsplit=1)[-1]) for one in held])
    axes.set(xlabel=shown(found.target), ylim=(-0.7, len(held) - 0.3))
    head(axes, "Score", "black: what the model scored")
    _rules(axes)


def _errors(axes: Axes, found: Observed) -> None:
    """Draw the mean absolute error of each way, which also says which mark is which."""
    for row, way in enumerate(reversed(_WAYS)):
        error = 100 * found.errors[way.name]
        if math.isnan(error):
            continue
        axes.hlines(row, 0, error, color=way.edge, linewidth=1.2, zorder=2)
        _mark(axes, way, [error], rows=[row])
        axes.annotate(
            f"{error:.1f}", (error, row), xytext=(8, 0), textcoords="offset points", va="center", fontsize=points(9),
            color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(_WAYS)), [_WORDS[way.name] for way in reversed(_WAYS)])
    axes.set(xlabel="mean absolute error (points)", ylim=(-0.7, len(_WAYS) - 0.3))
    axes.set_xlim(0, 1.25 * max((100 * one for one in found.errors.values() if not math.isnan(one)), default=1))
    head(axes, "Error", "foretold by")
    _rules(axes)


def _mark(axes: Axes, way: _Way, x: Sequence[float], *, rows: Sequence[float]) -> None:
    axes.scatter(x, rows, marker=way.marker, s=30, facecolors=way.face, edgecolors=way.edge, linewidths=1.4, zorder=4)


def _rules(axes: Axes) -> None:
    axes.grid(visible=True, axis="x", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelcolor=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
