"""SizedCurve: the loss of a run of known size over its whole length, and its learning rate on the same scale.

A run's length is 1, whatever it counts: rows stand at their share of the tokens, or of the steps where no tokens are
known. So curves of different sizes can be laid over each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isoflop.errors import DataError
from isoflop.formula.arrays import Array

PLACES = 1000
"""Places, evenly apart over a run, at which its learning rate is known."""
BEGUN = 0.1
"""The share of a run before which its rows scatter more than later."""
FEWEST = 4
"""Rows below which a curve says nothing."""
EARLIEST, COARSE, TURN, FINE = 0.003, 30, 0.3, 0.02
"""Rows are averaged in bins: so many of equal ratio from EARLIEST to TURN, then of width FINE."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SizedCurve:
    """One run: its size, its rows, and its learning rate as shares of the peak at PLACES places, where known.

    D      tokens of the whole run; `steps` of the whole run, nan where unknown
    share  (rows,) how far the run was, rising, in (0, 1]
    """

    name: str
    N: float
    D: float
    share: Array
    loss: Array
    steps: float = float("nan")
    rates: Array | None = None

    @property
    def C(self) -> float:  # noqa: N802 - what it is
        """Return 6 N D."""
        return 6.0 * self.N * self.D

    @property
    def last(self) -> float:
        """Return how far the run has come, as a share."""
        return float(self.share[-1]) if len(self.share) else 0.0

    def until(self, share: float) -> SizedCurve:
        """Return the curve as it was when the run had come this far."""
        keep = self.share <= share * (1 + 1e-12)
        return replace(self, share=self.share[keep], loss=self.loss[keep])


@dataclass(frozen=True, eq=False)
class Points:
    """A curve in few points: where they lie, their log loss, how many rows each holds."""

    share: Array
    y: Array
    rows: Array

    def at(self, share: Array) -> Array:
        """Return log loss at shares, by straight lines in log share."""
        return np.asarray(np.interp(np.log(share), np.log(self.share), self.y))


def points_of(curve: SizedCurve) -> Points:
    """Return a curve in few points, each the median of the rows of its bin; one row a bin stays what it is."""
    edges = np.concatenate([np.geomspace(EARLIEST, TURN, COARSE + 1), np.arange(TURN + FINE, 1.0, FINE)])
    share, y = curve.share, np.log(curve.loss)
    place = np.searchsorted(edges, share, side="right")
    kept = [(share[place == one], y[place == one]) for one in np.unique(place)]
    centres = np.array([float(np.exp(np.log(at).mean())) for at, _ in kept])
    middles = np.array([float(np.median(some)) for _, some in kept])
    rows = np.array([len(at) for at, _ in kept], float)
    return Points(centres, middles, rows)


def row_noise(share: Array, y: Array) -> float:
    """Return the scatter of values around the line through both neighbours in log share; nan where there are few.

    The median of squares over that of a standard normal, 0.455, so that spikes do not count.
    """
    later = share > BEGUN
    x, y = np.log(share[later]), y[later]
    if len(x) < FEWEST + 1:
        return float("nan")
    part = np.where(np.diff(x)[1:] > 0, (x[1:-1] - x[:-2]) / np.maximum(x[2:] - x[:-2], 1e-300), 0.5)
    off = y[1:-1] - (1 - part) * y[:-2] - part * y[2:]
    square = off**2 / (1 + part**2 + (1 - part) ** 2)
    return float(np.sqrt(np.median(square) / 0.455))


def refuse_short(curve: SizedCurve) -> SizedCurve:
    """Refuse a curve of a ladder with too few rows, or with a loss that is no size."""
    if len(curve.share) < FEWEST:
        raise DataError(f"{curve.name}: {len(curve.share)} rows with a loss; a curve of a ladder needs {FEWEST}.")
    if np.any(curve.loss <= 0):
        raise DataError(f"{curve.name}: a loss of {curve.loss.min():g}; every loss must be above zero.")
    return curve
