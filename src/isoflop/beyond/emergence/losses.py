"""Does the loss itself break? Smooth and broken curves of loss along scale, each solved on a grid of shapes.

Smooth are a power law above a floor and a parabola in log-log, which may bend as it likes but nowhere sharply.
Broken are a power law with a drop, and the broken power law with one break (Caballero et al. 2022, arXiv:2210.14891).
Given its shape a curve is linear in floor and scale, so every shape, fold and resample is solved at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isoflop.formula.arrays import Array


SMOOTH, BROKEN = ("power law", "parabola in log-log"), ("power law with a drop", "broken power law")
_SLOPES = np.geomspace(0.02, 12.0, 120)
_FEWER_SLOPES = np.geomspace(0.05, 6.0, 9)
_DROPS = np.concatenate([np.linspace(0.02, 0.2, 7), np.linspace(0.25, 0.8, 6)])
_STEEPER = np.geomspace(0.1, 8.0, 8)
_DROP_WIDTHS, _KINK_WIDTHS = (0.003, 0.04), (0.01, 0.07)
"""Shares of the range of log scale. A wider change would be no break."""
EITHER_SIDE = 2
"""Runs that must lie on either side of where a break is looked for."""
FITTED = 3
"""Numbers that a smooth curve takes from the runs."""
_MOST_PLACES, _FEWER_PLACES = 60, 14
"""Places at which a sharp break is looked for, and a wide one, which needs no more to be found."""
_LIMIT = 60.0  # of what is exponentiated


@dataclass(frozen=True, eq=False)
class Family:
    """One kind of curve at many shapes: L = E floor(u) + A power(u), at u from 0 to 1 over the runs' log scale.

    floor, power  (shapes, runs); floor is all ones where there is no drop
    shape         (shapes, 4): slope, break's place in u, size of the break, its width; nan where there is none
    """

    name: str
    floor: Array
    power: Array
    shape: Array


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses along scale, on the unit range, with every family's shapes at hand.

    place    (runs,): log scale, from 0 at the least to 1 at the largest
    loss     (runs,)
    """

    place: Array
    loss: Array

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The kinds of curves that are linear once their shape is given."""
        return tuple(family(name, self.place, shapes(name, self.place)) for name in (SMOOTH[0], *BROKEN))

    @cached_property
    def parabola(self) -> Array:
        """The columns (runs, 3) of the parabola."""
        return np.stack([np.ones_like(self.place), self.place, self.place**2], axis=1)


def places(place: Array, *, wide: bool) -> Array:
    """Return where a break may lie: half-way between neighbours with enough runs on either side."""
    ordered = np.sort(place)
    middle = (ordered[1:] + ordered[:-1])[EITHER_SIDE - 1 : ordered.size - EITHER_SIDE] / 2
    gaps = np.diff(ordered)[EITHER_SIDE - 1 : ordered.size - EITHER_SIDE]
    found = np.asarray(np.unique(middle[gaps > 1e-9]))
    few = np.linspace(0, found.size - 1, min(found.size, _FEWER_PLACES if wide else _MOST_PLACES)).round().astype(int)
    return np.asarray(found[few])


def shapes(name: str, place: Array) -> Array:
    """Return the shapes of a kind of curve to be tried, (shapes, 4)."""
    if name == SMOOTH[0]:
        return np.stack([_SLOPES, *np.full((3, _SLOPES.size), np.nan)], axis=1)
    sizes, widths = (_DROPS, _DROP_WIDTHS) if name == BROKEN[0] else (_STEEPER, _KINK_WIDTHS)
    found = []
    for wide, width in enumerate(widths):
        grid = np.meshgrid(_FEWER_SLOPES, places(place, wide=bool(wide)), sizes, np.array([width]), indexing="ij")
        found.append(np.stack([one.ravel() for one in grid], axis=1))
    return np.concatenate(found)


def family(name: str, place: Array, shape: Array) -> Family:
    """Return a kind of curve at some places, for each shape."""
    slope, centre, size, width = (column[:, None] for column in shape.T)
    power = np.exp(-np.minimum(slope * place, _LIMIT))
    floor: Array = np.ones_like(power)
    if name == BROKEN[0]:
        floor = 1 - size * rise((place - centre) / width)
        power = power * floor
    elif name == BROKEN[1]:
        power = power * np.exp(-np.minimum(size * width * np.logaddexp(0.0, (place - centre) / width), _LIMIT))
    return Family(name, floor, power, shape)


def rise(steps: Array) -> Array:
    """Return the smooth step from 0 to 1."""
    return np.asarray(0.5 * (1 + np.tanh(steps / 2)))


def solve(found: Family, target: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Return floor E, scale A and the weighted sum of squares, each (shapes, cases), of relative residuals.

    target  (runs, cases); weights (runs, cases) hold 1/L² of the loss about which errors are relative
    """
    ff, fp, pp = ((one * other) @ weights for one, other in
                  ((found.floor, found.floor), (found.floor, found.power), (found.power, found.power)))  # fmt: skip
    ft, pt = found.floor @ (weights * target), found.power @ (weights * target)
    with np.errstate(all="ignore"):
        floor = np.where(ff * pp - fp**2 > 1e-10 * ff * pp, (ft * pp - pt * fp) / (ff * pp - fp**2), 0.0)
        floor = np.maximum(floor, 0.0)
        scale = (pt - floor * fp) / pp
        whole = (weights * target**2).sum(axis=0)
        least = whole - 2 * (floor * ft + scale * pt) + floor**2 * ff + 2 * floor * scale * fp + scale**2 * pp
    return floor, scale, np.where((scale >= 0) & np.isfinite(least), np.maximum(least, 0.0), np.inf)


@dataclass(frozen=True, eq=False)
class Best:
    """The best curve of one kind: its shape (4,), floor and scale, or the parabola's three coefficients."""

    name: str
    shape: Array
    coefficients: Array
    squares: float

    def __call__(self, place: Array) -> Array:
        """Return the loss at some places."""
        if self.name == SMOOTH[1]:
            return np.asarray(np.exp(np.polynomial.polynomial.polyval(place, self.coefficients)))
        at = family(self.name, place, self.shape[None])
        return np.asarray(self.coefficients[0] * at.floor[0] + self.coefficients[1] * at.power[0])


def best(losses: Losses, name: str, weights: Array | None = None) -> Best:
    """Return the best curve of one kind for losses (runs,), each weighted; errors are relative to the losses."""
    target, weights = losses.loss, np.ones_like(losses.loss) if weights is None else weights
    if name == SMOOTH[1]:
        root = np.sqrt(weights)
        found = np.linalg.lstsq(losses.parabola * root[:, None], root * np.log(target), rcond=None)[0]
        squares = float((weights * (np.log(target) - losses.parabola @ found) ** 2).sum())
        return Best(name, np.full(4, np.nan), found, squares)
    one = next(kind for kind in losses.families if kind.name == name)
    floor, scale, missed = solve(one, target[:, None], (weights / target**2)[:, None])
    row = int(np.argmin(missed[:, 0]))
    return Best(name, one.shape[row], np.array([floor[row, 0], scale[row, 0]]), float(missed[row, 0]))


def draws(losses: Losses, curve: Best, *, count: int, seed: int) -> list[Best]:
    """Return curves of the same kind refitted to losses drawn about this one, with the noise that the runs have."""
    centre = curve(losses.place)
    spread = np.sqrt(curve.squares / max(losses.loss.size - FITTED, 1))
    ratios = 1 + spread * np.random.default_rng(seed).standard_normal((losses.loss.size, count))
    if curve.name == SMOOTH[1]:
        found = np.linalg.pinv(losses.parabola) @ np.log(centre[:, None] * ratios)
        return [replace(curve, coefficients=column) for column in found.T]
    one = next(kind for kind in losses.families if kind.name == curve.name)
    floor, scale, squares = solve(one, centre[:, None] * ratios, 1 / centre[:, None] ** 2)
    rows = np.argmin(squares, axis=0)
    return [
        Best(curve.name, one.shape[row], np.array([floor[row, case], scale[row, case]]), float(squares[row, case]))
        for case, row in enumerate(rows.tolist())
    ]


def span(losses: Losses, curve: Best, level: float) -> tuple[float, float]:
    """Return the places between which a break lies: those of neighbouring runs that its likelihood still allows."""
    one = next(kind for kind in losses.families if kind.name == curve.name)
    squares = solve(one, losses.loss[:, None], 1 / losses.loss[:, None] ** 2)[2][:, 0]
    allowed = one.shape[losses.loss.size * np.log(squares / squares.min()) <= chi_square(level), 1]
    return neighbours(losses.place, float(allowed.min()), float(allowed.max()))


def chi_square(level: float) -> float:
    """Return the quantile of chi-square with one degree of freedom."""
    return NormalDist().inv_cdf((1 + level) / 2) ** 2


def neighbours(values: Array, low: float, high: float) -> tuple[float, float]:
    """Return the runs' values next below the low end and next above the high one: a break may lie anywhere between."""
    return float(values[values <= low].max()), float(values[values >= high].min())


def held_out(losses: Losses, folds: int) -> dict[str, Array]:
    """Give, for each kind of curve, every run's error in log loss when its fold was left out."""
    errors = {name: np.zeros(losses.loss.size) for name in (*SMOOTH, *BROKEN)}
    fold = np.argsort(np.argsort(losses.place, kind="stable"), kind="stable") % folds
    for number in range(folds):
        out = fold == number
        for name, row in errors.items():
            curve = best(losses, name, np.where(out, 0.0, 1.0))
            row[out] = np.log(losses.loss[out] / np.maximum(curve(losses.place[out]), 1e-12))
    return errors


def least_squares(losses: Losses, centre: Array, ratios: Array) -> Mapping[str, Array]:
    """Return the least sum of squares of each kind, (cases,), for losses `centre * ratios`: ratios (runs, cases)."""
    flat = np.broadcast_to((1 / centre**2)[:, None], (*ratios.shape[:1], 1))
    target = centre[:, None] * ratios
    found = {one.name: _least(one, target, flat) for one in losses.families}
    root = np.linalg.qr(losses.parabola)[0]
    logs = np.log(target)
    found[SMOOTH[1]] = ((logs - root @ (root.T @ logs)) ** 2).sum(axis=0)
    return found


def _least(one: Family, target: Array, weights: Array) -> Array:
    """Return the least sum of squares over all shapes; the weights are one column for all cases."""
    return np.asarray(solve(one, target, weights)[2].min(axis=0))
