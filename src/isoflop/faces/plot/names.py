"""Names written beside the dots of a panel, and at the ends of its lines, where they cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.faces.plot.look import INK, QUIET, dark, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from isoflop.formula.arrays import Array, Bools


RINGS, _ANGLES = (5.0, 9.0, 14.0, 20.0, 27.0, 35.0, 44.0, 54.0, 66.0, 80.0), 32
"""How far from its dot a name may stand, in points, and in how many directions it is tried."""
_NEAR, _CROWD = 8.0, 45.0
"""Points from which on a line leads from the dot to its name; points within which dots crowd each other."""


_APART = 0.055
"""The least distance of names at the ends of lines, as a share of the panel's height."""


class End(NamedTuple):
    """Where a line ends, and how it is called; strong  whether its name is bold."""

    name: str
    at: tuple[float, float]
    colour: Any
    strong: bool = False


def name_ends(
    axes: Axes, ends: Sequence[End], *, size: float = 9.0, at: float | None = None, drop: bool = False
) -> None:
    """Write each line's name beside its end, pushed up until none overlap, once the axes have their limits.

    at    where on the x axis all names begin, if not at the ends
    drop  whether a name that has no room is left out instead, where its neighbours' say as much
    """
    to_axes, below = axes.transScale + axes.transLimits, -np.inf
    for end in sorted((one for one in ends if np.isfinite(one.at[1])), key=lambda one: one.at[1]):
        height = float(to_axes.transform(end.at)[1])
        if drop and height < below + _APART:
            continue
        below = max(height, below + _APART)
        axes.annotate(
            end.name, (end.at[0] if at is None else at, below), xytext=(6, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="center", fontsize=points(size), color=dark(end.colour),
            annotation_clip=False, fontweight="bold" if end.strong else "normal",
        )  # fmt: skip


class Room:
    """What of a panel is taken, and names written where there is room left; all in pixels.

    dots   what is named, and must not be covered (dots, 2)
    lines  other points that must not be covered (points, 2)
    far    how far from its dot a name may stand, in points; one that finds no room is left out
    """

    def __init__(
        self, axes: Axes, dots: Array, lines: Array, *, size: float = 7.2, colour: str = INK, far: float = RINGS[-1]
    ) -> None:
        self.axes, self.dots, self.size, self.colour, self.far = axes, dots, size, colour, far
        self.scale = axes.figure.dpi / 72
        self.places = np.asarray(axes.transData.transform(dots))
        self.panel = axes.get_window_extent().get_points()
        legend = axes.get_legend()
        there = [one.get_window_extent().get_points() for one in (*axes.texts, *([legend] if legend else []))]
        self.boxes = np.array(there)  # (boxes, low or high, x or y)
        self.blocked = np.concatenate([self.places, axes.transData.transform(lines)])
        self.margin = self.scale * np.concatenate([np.full(len(dots), 3.4), np.full(len(lines), 1.5)])

    def write(self, names: Sequence[str]) -> None:
        """Write each name as near to its dot as it covers no dot, line or other name; the crowded ones first."""
        gaps = np.linalg.norm(self.places[:, None] - self.places[None], axis=2)
        for index in np.argsort(-(gaps < _CROWD * self.scale).sum(axis=1), kind="stable").tolist():
            self._name(names[index], index)

    def _name(self, name: str, index: int) -> None:
        text = self.axes.annotate(
            name, self.dots[index], xytext=(0, 0), textcoords="offset points", fontsize=self.size, color=self.colour,
            ha="center", va="center", zorder=5,
        )  # fmt: skip
        text.set_in_layout(False)
        extent = text.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2
        away, offsets = _offsets(*(half / self.scale).tolist(), far=self.far)
        middle, reach = self.places[index] + offsets * self.scale, half + self.scale
        boxes = np.stack([middle - reach, middle + reach], axis=1)
        for place in np.flatnonzero(self._clear(boxes)).tolist():
            box, led = boxes[place], away[place] > _NEAR
            lead = self._lead(self.places[index], box) if led else np.zeros((0, 2))
            if not self._crosses(lead):
                text.set_position(offsets[place])
                self._take(box, lead)
                return
        text.remove()

    def _lead(self, dot: Array, box: Array) -> Array:
        """Return points from just beside a dot to the nearest edge of a box, (points, 2)."""
        way = np.clip(dot, *box) - dot
        start = min(1.0, 3.0 * self.scale / float(np.linalg.norm(way)))
        return np.asarray(dot + np.linspace(start, 1, 24)[:, None] * way)

    def _clear(self, boxes: Array) -> Bools:
        """Return which boxes (boxes, low or high, x or y) lie inside the panel and cover nothing."""
        low, high = boxes[:, 0], boxes[:, 1]
        inside = ((low >= self.panel[0]) & (high <= self.panel[1])).all(axis=1)
        low, high = low[:, None], high[:, None]
        over = np.any(np.all((self.boxes[:, 0] < high) & (self.boxes[:, 1] > low), axis=2), axis=1)
        margin = self.margin[:, None]
        covered = np.any(np.all((self.blocked > low - margin) & (self.blocked < high + margin), axis=2), axis=1)
        return np.asarray(inside & ~over & ~covered)

    def _crosses(self, lead: Array) -> bool:
        """Return whether the line that leads to a name, (points, 2), covers a name or touches a dot."""
        crossed = (lead[:, None] > self.boxes[None, :, 0]) & (lead[:, None] < self.boxes[None, :, 1])
        near = np.linalg.norm(self.places[:, None] - lead[None], axis=2) < 2.9 * self.scale
        return bool(crossed.all(axis=2).any() or near.any())

    def _take(self, box: Array, lead: Array) -> None:
        self.boxes = np.concatenate([self.boxes, box[None]])
        if len(lead):
            self.blocked = np.concatenate([self.blocked, lead])
            self.margin = np.concatenate([self.margin, np.full(len(lead), 0.5 * self.scale)])
            ends = self.axes.transData.inverted().transform(lead[[0, -1]])
            line = self.axes.plot(*ends.T, color=QUIET, linewidth=0.5, zorder=3)[0]
            line.set_in_layout(False)


def _offsets(across: float, up: float, *, far: float) -> tuple[Array, Array]:
    """Return the gaps (places,) and the middles of a name about its dot (places, 2), nearest first; half its sizes."""
    rings = np.repeat([one for one in RINGS if one <= far], _ANGLES)
    angles = np.tile(np.arange(_ANGLES) * 2 * np.pi / _ANGLES, len(rings) // _ANGLES)
    return rings, np.column_stack([np.cos(angles) * (rings + across), np.sin(angles) * (rings + up)])
