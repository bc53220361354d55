"""Has the run left its expected curve, and since when? Likelihood ratios along the run, at every look.

With e the deviation of the rows so far, K its covariance if the run is sound, and K = L L', the innovations z = e / L
are independent and standard normal. A change of shape u (a step from row j on, a ramp from row j on) adds f = u / L to
them, and after row k its best size is b = f.z / f.f (over rows up to k), in units of its error

    T(j, k) = f.z / sqrt(f.f)

so that the largest |T| over j, at any k, says whether, since when, and by how much. Only sound runs of the ladder
decide how large |T| must be: the same is done to them, foretold from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from isoflop.forecasting.curves.collapse import Expected
from isoflop.forecasting.curves.deviation import LookBack, Widths, before
from isoflop.forecasting.curves.sized import SizedCurve

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

GROUPS = 240
"""Groups of rows in a row, each their mean, that are tested."""
BEGUN = 0.01
"""Rows before this share of a run are not tested: the beginning is not foretold."""
SURE = 4.4
"""|T| above which a run has left its curve, unless sound runs of the ladder reach more: below it stay 97 of 100 runs
whose deviation is Gaussian as described (240 groups, steps and ramps; benchmarks/watch.py)."""
MARGIN = 1.15
"""How far above what sound runs reach the threshold lies."""
WIDE = 0.06
"""A spike is over within this share of the run so far, or three rows if that is more."""
WIDEST = 400
"""Rows of a spike at most."""
FEW = 10
"""Rows below which no spike is told from a step."""
HIGH, LEAST = 6.0, 0.002
"""A spike is so many times a row's noise high, and so much in log loss."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that are tested, in groups: share of the run, deviation, rows in each; which rows were in a spike."""

    share: Array
    deviation: Array
    count: Array
    spiked: Bools


@dataclass(frozen=True)
class Change:
    """A lasting change: its kind (step, ramp), its share of the run, its size now, its |T|, when it was sure.

    size  in log loss, now; above zero is worse than expected
    """

    kind: str
    share: float
    size: float
    T: float
    found: float


@dataclass(frozen=True)
class Spike:
    """A rise that came back: where it began, ended and was highest (shares), and how high it was, in log loss."""

    begin: float
    end: float
    top: float
    height: float


def spikes(share: Array, deviation: Array, known: Widths) -> tuple[Bools, tuple[Spike, ...]]:
    """Return which rows lie in rises that came back, and those rises.

    A rise is what an opening takes away: the smallest of a window, then the largest of those. It keeps what is as
    wide as the window; at the end a rise that has not come back is kept, too.
    """
    size = len(share)
    inside = np.zeros(size, bool)
    if size < FEW:
        return inside, ()
    window = (int(np.clip(WIDE * size, 3, WIDEST)) + 1) | 1  # what is as wide as the window stays
    half = window // 2
    around = np.pad(before(share), (half, half), mode="edge")
    moves = known.wander**2 * (around[: -2 * half] - around[2 * half :])
    usual = np.sqrt(known.noise**2 + np.maximum(moves, 0.0))
    low = sliding_window_view(np.pad(deviation, (half, half), mode="edge"), window).min(axis=1)
    opened = sliding_window_view(np.pad(low, (half, half), mode="edge"), window).max(axis=1)
    bias = float(np.median(deviation - opened))
    over = deviation - opened - bias
    high = over > np.maximum(HIGH * usual, LEAST)
    if not high.any():
        return inside, ()
    raised = over > 2 * usual
    found = []
    for begin, end in _stretches(raised):
        if high[begin:end].any() and end < size:
            inside[begin:end] = True
            top = begin + int(np.argmax(over[begin:end]))
            found.append(Spike(float(share[begin]), float(share[end - 1]), float(share[top]), float(over[top])))
    return inside, tuple(found)


def _stretches(flags: Bools) -> list[tuple[int, int]]:
    """Return where flags are set, as pairs of first and one past the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def rows_of(expected: Expected, curve: SizedCurve, known: Widths) -> tuple[Rows, tuple[Spike, ...]]:
    """Return the rows of a curve that are tested, spikes left out, and its spikes."""
    kept = curve.share >= BEGUN
    share, off = curve.share[kept], np.log(curve.loss[kept]) - expected.log_loss(curve.share[kept])
    spiked, found = spikes(share, off, known)
    share, off = share[~spiked], off[~spiked]
    if not len(share):
        return Rows(share, off, np.zeros(0), spiked), found
    group = np.arange(len(share)) * min(GROUPS, len(share)) // len(share)
    count = np.bincount(group).astype(float)
    return Rows(np.bincount(group, share) / count, np.bincount(group, off) / count, count, spiked), found


def ratios(rows: Rows, known: Widths) -> dict[str, tuple[Array, Array]]:
    """Return for steps and ramps T(j, k) and the size b(j, k), each (rows j, rows k), nan where k is before j."""
    covariance = known.covariance(rows.share, rows.share) + np.diag(known.noise**2 / rows.count)
    root = np.linalg.cholesky(covariance)
    z = np.linalg.solve(root, rows.deviation)
    after = rows.share[:, None] - rows.share[None, :]
    shapes = {"step": (after >= 0).astype(float), "ramp": np.maximum(after, 0.0)}
    found = {}
    for kind, shape in shapes.items():
        f = np.linalg.solve(root, shape).T  # (onsets j, rows k)
        along, square = np.cumsum(f * z, axis=1), np.cumsum(f**2, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[kind] = (np.where(square > 0, along / np.sqrt(square), np.nan),
                           np.where(square > 0, along / square, np.nan))  # fmt: skip
    return found


def threshold(past: Sequence[LookBack], known: Widths) -> float:
    """Return how large |T| must be: above what the sound runs of the ladder reach when the others foretell them."""
    reached = [0.0]
    for one in past:
        rows, _ = rows_of(one.expected, one.run, known)
        if len(rows.share) > 2:
            reached.append(max(float(np.nanmax(np.abs(T))) for T, _ in ratios(rows, known).values()))
    return max(SURE, MARGIN * float(np.median(reached[1:]))) if len(reached) > 1 else SURE


def change(rows: Rows, known: Widths, sure: float) -> Change | None:
    """Return the lasting change that the rows so far show best, or None while the run is on its curve."""
    if not len(rows.share):
        return None
    best = None
    for kind, (T, size) in ratios(rows, known).items():
        now = np.abs(np.nan_to_num(T[:, -1]))
        onset = int(np.argmax(now))
        if now[onset] > sure and (best is None or now[onset] > best.T):
            ever = np.nanmax(np.abs(np.nan_to_num(T)), axis=0) > sure
            grown = float(size[onset, -1]) * (1.0 if kind == "step" else float(rows.share[-1] - rows.share[onset]))
            best = Change(kind, float(rows.share[onset]), grown, float(now[onset]), float(rows.share[np.argmax(ever)]))
    return best
