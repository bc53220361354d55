"""Names written beside the dots of a panel, where they cover nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.faces.plot.look import INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from isoflop.formula.arrays import Array


RINGS, _ANGLES = (5.0, 9.0, 14.0, 20.0, 27.0, 35.0, 44.0, 54.0, 66.0, 80.0), 32
"""How far from its dot a name may stand, in points, and in how many directions it is tried."""
_NEAR, _CROWD = 8.0, 45.0
"""Points from which on a line leads from the dot to its name; points within which dots crowd each other."""


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
        for away, offset in _offsets(*(half / self.scale).tolist(), far=self.far):
            middle = self.places[index] + np.array(offset) * self.scale
            box = np.array([middle - half - self.scale, middle + half + self.scale])
            lead = self._lead(self.places[index], box) if away > _NEAR else np.zeros((0, 2))
            if self._free(box, lead):
                text.set_position(offset)
                self._take(box, lead)
                return
        text.remove()

    def _lead(self, dot: Array, box: Array) -> Array:
        """Return points from just beside a dot to the nearest edge of a box, (points, 2)."""
        way = np.clip(dot, *box) - dot
        start = min(1.0, 3.0 * self.scale / float(np.linalg.norm(way)))
        return np.asarray(dot + np.linspace(start, 1, 24)[:, None] * way)

    def _free(self, box: Array, lead: Array) -> bool:
        """Return whether a name and the line that leads to it cover nothing, and lie inside the panel."""
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


def _offsets(across: float, up: float, *, far: float) -> Iterator[tuple[float, tuple[float, float]]]:
    """Return places of a name's middle about its dot, the nearest first, each with the gap; half its width, height."""
    angles = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    for ring in (one for one in RINGS if one <= far):
        for angle in angles.tolist():
            yield ring, (float(np.cos(angle)) * (ring + across), float(np.sin(angle)) * (ring + up))
