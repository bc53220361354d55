"""The bowl that all settings share: how far above its best a run is, from how far off its hyperparameters are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoflop.beyond.tune.sweep import Sweep
from isoflop.formula.arrays import Array

FLAT = 1e-9
_STEEPEST = 30.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Where each parameter of the bowl stands in theta: `tuned` columns, whose best follows `letters` of the scale."""

    tuned: int
    letters: int

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Rows and columns of the lower triangle of a (tuned, tuned) matrix."""
        return [(row, column) for row in range(self.tuned) for column in range(row + 1)]

    @property
    def centre(self) -> slice:
        """The centre's intercepts and exponents (tuned, 1 + letters), row by row."""
        return slice(0, self.tuned * (self.letters + 1))

    @property
    def walls(self) -> slice:
        """The triangle of the curvature; logarithms on its diagonal."""
        return slice(self.centre.stop, self.centre.stop + len(self.pairs))

    @property
    def skew(self) -> slice:
        """How much steeper the bowl is above its best than below (tuned,)."""
        return slice(self.walls.stop, self.walls.stop + self.tuned)

    @property
    def depth(self) -> slice:
        """How the bowl sharpens with each letter (letters,)."""
        return slice(self.skew.stop, self.skew.stop + self.letters)

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return int(self.depth.stop)

    def exponents(self, theta: Array) -> Array:
        """Return the centre's intercepts and exponents (tuned, 1 + letters)."""
        return theta[self.centre].reshape(self.tuned, self.letters + 1)

    def triangle(self, theta: Array) -> Array:
        """Return the triangle T of the curvature T T' (tuned, tuned)."""
        found = np.zeros((self.tuned, self.tuned))
        for value, (row, column) in zip(theta[self.walls], self.pairs, strict=True):
            found[row, column] = np.exp(value) if row == column else value
        return found


def shape_of(sweep: Sweep) -> Shape:
    """Return the shape of a sweep's bowl."""
    return Shape(tuned=len(sweep.names), letters=len(sweep.letters))


def skewed(offset: Array, skew: Array) -> tuple[Array, Array, Array]:
    """Return offsets as the bowl counts them, and their derivatives by offset and by skew.

    w = (exp(k u) - 1) / k: u where k = 0, longer above the best and shorter below it where k > 0
    """
    k = np.where(np.abs(skew) < FLAT, FLAT, skew)
    power = np.clip(k * offset, -_STEEPEST, _STEEPEST)
    slope = np.exp(power)
    counted = np.expm1(power) / k
    by_skew = np.where(np.abs(power) < 1e-3, offset**2 / 2 + k * offset**3 / 3, (offset * slope - counted) / k)
    return counted, slope, by_skew


def unskewed(counted: Array, skew: Array) -> Array:
    """Return the offsets that the bowl counts so; -inf beyond what a skewed side ever reaches."""
    k = np.where(np.abs(skew) < FLAT, FLAT, skew)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(1 + k * counted > 0, np.log1p(np.maximum(k * counted, -1)) / k, -np.inf * np.sign(k))


def heights(shape: Shape, theta: Array, *, offset: Array, letters: Array) -> tuple[Array, Array, Array]:
    """Return how far the bowl rises at these offsets, in logarithms of the loss, and its derivatives.

    u = logs - centre(N, D),  w = skewed(u),  height = exp(depth . letters) |w T|^2

    offset   logarithms of the hyperparameters less those of the best (runs, tuned)
    letters  logarithms of N and D less their means (runs, letters)

    Derivatives are by the parameters of theta after the centre, (runs, size - centre), and by the offset.
    """
    counted, slope, by_skew = skewed(offset, theta[shape.skew])
    triangle = shape.triangle(theta)
    across = counted @ triangle
    amplitude = np.exp(letters @ theta[shape.depth])
    height = amplitude * (across * across).sum(1)
    by_counted = 2 * amplitude[:, None] * (across @ triangle.T)
    walls = [
        2 * amplitude * across[:, column] * counted[:, row] * (triangle[row, row] if row == column else 1)
        for row, column in shape.pairs
    ]
    rest = np.column_stack([*walls, by_counted * by_skew, height[:, None] * letters])
    return height, rest, by_counted * slope


def bowl(shape: Shape, theta: Array, sweep: Sweep, *, moved: Array | None = None) -> tuple[Array, Array, Array]:
    """Return each run's height, its derivatives by theta (runs, size), and by its own setting's centre.

    moved  how far each setting's centre lies off the law's (settings, tuned)
    """
    offset = sweep.logs - sweep.scales @ shape.exponents(theta).T
    if moved is not None:
        offset = offset - moved[sweep.setting]
    height, rest, by_offset = heights(shape, theta, offset=offset, letters=sweep.scales[:, 1:])
    by_centre = -by_offset
    spread = (by_centre[:, :, None] * sweep.scales[:, None, :]).reshape(len(height), -1)
    return height, np.column_stack([spread, rest]), by_centre
