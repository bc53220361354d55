"""Spikes: rises of a curve that came back. Their rows say nothing of where the run is going."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from isoflop.formula.arrays import Array, Bools

WIDE, WIDEST = 0.06, 400
"""A spike is over within this share of the rows so far, or three rows if that is more; and within so many rows."""
FEW = 10
"""Rows below which no spike is told from a step."""
HIGH, LEAST = 6.0, 0.002
"""A spike is so many times what rows usually scatter high, and so much in log loss."""
FOOT = 2.0
"""A spike's rows are those so many times what rows usually scatter above the curve."""
TAILS = 4
"""So often the rows that are left are looked at: the tail of a spike is at most so many windows long."""

TAIL = 0.5
"""A tail is lower than this share of its spike: a level that stays as high has not come back."""


@dataclass(frozen=True)
class Spike:
    """A rise that came back: where it began, ended and was highest, and how high it was, in log loss."""

    begin: float
    end: float
    top: float
    height: float


def spikes(at: Array, values: Array, usual: Array | float) -> tuple[Bools, tuple[Spike, ...]]:
    """Return which rows lie in rises that came back, and those rises.

    A rise is what an opening takes away: the smallest of a window, then the largest of those. It keeps what is as
    wide as the window, and a curve that falls; at the end a rise that has not come back is kept, too. Where there was
    one, the rows that are left are looked at again: what came back slowly has a tail longer than the window.

    at      (rows,) where each row stands
    values  (rows,) log loss, or how far it lies from a curve
    usual   how far rows scatter, and move within a window
    """
    inside, over = np.zeros(len(at), bool), np.zeros(len(at))
    usual = np.broadcast_to(usual, len(at))
    for _ in range(TAILS):
        left = np.flatnonzero(~inside)
        found, height = _rises(values[left], usual[left])
        if inside.any():
            found = _tails(found, height, left=left, over=over)
        if not found.any():
            break
        inside[left[found]], over[left[found]] = True, height[found]
    told = []
    for begin, end in _stretches(inside):
        top = begin + int(np.argmax(over[begin:end]))
        told.append(Spike(float(at[begin]), float(at[end - 1]), float(at[top]), float(over[top])))
    return inside, tuple(told)


def _rises(values: Array, usual: Array) -> tuple[Bools, Array]:
    """Return which rows lie in rises that came back within a window, and how high each row lies above the opening."""
    size = len(values)
    inside = np.zeros(size, bool)
    if size < FEW:
        return inside, np.zeros(size)
    half = half_window(size)
    low = sliding_window_view(np.pad(values, 2 * half, mode="edge"), 2 * half + 1).min(axis=1)
    opened = sliding_window_view(low, 2 * half + 1).max(axis=1)
    over = values - opened - float(np.median(values - opened))
    high = over > np.maximum(HIGH * usual, LEAST)
    for begin, end in _stretches(over > FOOT * usual) if high.any() else []:
        inside[begin:end] = high[begin:end].any() and end < size
    return inside, over


def _tails(found: Bools, height: Array, *, left: NDArray[np.intp], over: Array) -> Bools:
    """Return which of the rises in the rows that are left follow at once on a rise known before, and lie lower."""
    kept = np.zeros(len(found), bool)
    for begin, end in _stretches(found):
        before = np.arange(left[begin - 1] + 1 if begin else 0, left[begin])
        kept[begin:end] = len(before) > 0 and height[begin:end].max() < TAIL * over[before].max()
    return kept


def half_window(size: int) -> int:
    """Return half the window of an opening of so many rows: what is as wide as the window stays."""
    return ((int(np.clip(WIDE * size, 3, WIDEST)) + 1) | 1) // 2


def _stretches(flags: Bools) -> list[tuple[int, int]]:
    """Return where flags are set, as pairs of first and one past the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
