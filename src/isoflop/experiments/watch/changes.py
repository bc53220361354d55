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

from isoflop.forecasting.curves.collapse import Expected
from isoflop.forecasting.curves.deviation import LookBack, Widths, before
from isoflop.forecasting.curves.sized import SizedCurve
from isoflop.forecasting.curves.spikes import Spike, half_window, spikes
from isoflop.formula.arrays import Array, Bools

GROUPS = 240
"""Groups of rows in a row, each their mean, that are tested."""
BEGUN = 0.01
"""Rows before this share of a run are not tested: the beginning is not foretold."""
EARLY, SURER = 0.1, 2.0
"""A change that began before this share of the run must be so many times as sure: what warm-up and first tokens do is
foretold worst, and wrongly in one way."""
SURE = 4.0
"""|T| above which a run has left its curve, unless sound runs of the ladder reach more: the sound larger runs of
public ladders mostly stay below 3 (benchmarks/watch.py)."""
MOST, MARGIN = 0.8, 1.15
"""The share of the sound runs that the threshold lies above, and how far: a few of them cannot say more."""


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


def usual(share: Array, known: Widths) -> Array:
    """Return how far rows scatter, and a sound deviation moves within the window of a spike."""
    half = half_window(len(share))
    around = np.pad(before(share), (half, half), mode="edge")
    moves = known.wander**2 * (around[: -2 * half] - around[2 * half :])
    return np.asarray(np.sqrt(known.noise**2 + np.maximum(moves, 0.0)))


def rows_of(expected: Expected, curve: SizedCurve, known: Widths) -> tuple[Rows, tuple[Spike, ...]]:
    """Return the rows of a curve that are tested, spikes left out, and its spikes."""
    kept = curve.share >= BEGUN
    share, off = curve.share[kept], np.log(curve.loss[kept]) - expected.log_loss(curve.share[kept])
    spiked, found = spikes(share, off, usual(share, known))
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
    reached = []
    for one in past:
        rows, _ = rows_of(one.expected, one.run, known)
        if len(rows.share) > 2:
            reached.append(max(float(np.nanmax(np.abs(T))) for T, _ in ratios(rows, known).values()))
    return max(SURE, MARGIN * float(np.quantile(reached, MOST))) if reached else SURE


def change(rows: Rows, known: Widths, sure: float) -> Change | None:
    """Return the lasting change that the rows so far show best, or None while the run is on its curve."""
    if not len(rows.share):
        return None
    best = None
    needed = np.where(rows.share < EARLY, SURER, 1.0) * sure
    for kind, (T, size) in ratios(rows, known).items():
        now = np.abs(np.nan_to_num(T[:, -1])) / needed
        onset = int(np.argmax(now))
        if now[onset] > 1 and (best is None or now[onset] * needed[onset] > best.T):
            ever = (np.abs(np.nan_to_num(T)) > needed[:, None]).any(axis=0)
            grown = float(size[onset, -1]) * (1.0 if kind == "step" else float(rows.share[-1] - rows.share[onset]))
            best = Change(
                kind, float(rows.share[onset]), grown, float(now[onset] * needed[onset]),
                float(rows.share[np.argmax(ever)]),
            )  # fmt: skip
    return best
