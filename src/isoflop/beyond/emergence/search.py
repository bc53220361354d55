"""Where a smooth curve may break: every place asked at once, the best of them fitted.

The score test. With pull u and information W of each run at the best smooth curve, X its slopes and s the shape of a
break, all that X explains of s taken out, the runs ask for the break with

    z = s·u / sqrt(s·W s),    its size is known to 1 / sqrt(s·W s).

How large the largest z of all places is by chance is told by runs drawn about the smooth curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from isoflop.beyond.emergence.curves import Break, Fitted, fit
from isoflop.formula.arrays import Array

CASES = 199
"""Smooth worlds drawn to learn what a search for breaks finds in noise."""
EITHER_SIDE = 2
"""Runs that must lie on either side of where a break is looked for."""
STEPS, TURNS = (0.003, 0.04), (0.01, 0.07)
"""Widths of steps and of turns, as shares of the range of log scale. A wider change would be no break."""
DROP, TURN = "with a step", "with a turn"
_MOST_PLACES = 60
TOP = 4
"""Breaks of a name that are fitted: those that the runs ask for most."""


def places(place: Array) -> Array:
    """Return where a break may lie: half-way between neighbours with enough runs on either side."""
    ordered = np.sort(place)
    middle = ((ordered[1:] + ordered[:-1]) / 2)[EITHER_SIDE - 1 : ordered.size - EITHER_SIDE]
    gaps = np.diff(ordered)[EITHER_SIDE - 1 : ordered.size - EITHER_SIDE]
    found = np.unique(middle[gaps > 1e-9])
    return np.asarray(found[np.linspace(0, found.size - 1, min(found.size, _MOST_PLACES)).round().astype(int)])


def breaks(place: Array, *, turns: bool) -> list[Break]:
    """Return every break that is asked for: steps, and turns where a curve may turn."""
    kinds = [(DROP, width, False) for width in STEPS] + [(TURN, width, True) for width in TURNS if turns]
    return [Break(name, float(at), width, turn) for name, width, turn in kinds for at in places(place)]


@dataclass(frozen=True, eq=False)
class Screen:
    """Each break with how much the runs ask for it, and the standard error with which its size would be known.

    null     how much runs drawn about the smooth curve ask for the break that they ask for most, (cases,)
    learned  whether asking is measured in what is left of the scatter: then its square is the share explained
    """

    smooth: Fitted
    tried: Sequence[Break]
    asked: Array
    errors: Array
    null: Array
    learned: bool

    def top(self, name: str) -> list[Break]:
        """Return the breaks of a name that the runs ask for most."""
        rows = [row for row in np.argsort(-self.asked, kind="stable") if self.tried[row].name == name]
        return [self.tried[row] for row in rows[:TOP]]

    def chance(self, best: Fitted) -> float:
        """Return how often chance gains as much as the best curve with a break, the runs themselves counted as one."""
        gain = 2 * max(best.score - self.smooth.score, 0.0)
        explained = 1 - math.exp(-gain / best.readings.place.size) if self.learned else gain
        return float((1 + (np.maximum(self.null, 0.0) ** 2 >= explained - 1e-12).sum()) / (1 + self.null.size))


def screen(smooth: Fitted, tried: Sequence[Break], *, cases: int = 0, seed: int = 0) -> Screen:
    """Ask the runs for each break beside a smooth curve."""
    readings = smooth.readings
    value, columns = smooth.form.at(smooth.theta, readings.x)
    told = readings.told(value, smooth.log_scatter)
    pulls = told.pull[:, None]
    if cases:
        drawn = readings.drawn(value, smooth.log_scatter, cases=cases, seed=seed)
        pulls = np.concatenate([pulls, drawn], axis=1)
    weighted = columns * told.weight[:, None]
    back = np.linalg.pinv(weighted.T @ columns, rcond=1e-12, hermitian=True) @ columns.T
    # A curve with nothing free ends where the break leads: what comes before lies below it.
    shapes = (not columns.shape[1]) - np.stack([one(readings.place) for one in tried])
    across = shapes - shapes @ weighted @ back
    known = np.maximum((across**2 @ told.weight), 1e-300)
    asked = across @ pulls / np.sqrt(known)[:, None]
    learned = smooth.log_scatter > readings.scatter[1] + 0.5
    if learned:
        left = pulls - weighted @ (back @ pulls)
        asked = asked / np.sqrt((left**2 / told.weight[:, None]).sum(axis=0))
    return Screen(smooth, tried, asked[:, 0], 1 / np.sqrt(known), asked[:, 1:].max(axis=0), learned)


def broken(found: Screen) -> list[Fitted]:
    """Return the curves with the breaks that the runs ask for most, a few of every name."""
    names, smooth = dict.fromkeys(one.name for one in found.tried), found.smooth
    return [fit(smooth.readings, smooth.form, one, begin=smooth) for name in names for one in found.top(name)]


def span(best: Fitted, where: Break, level: float) -> tuple[float, float]:
    """Return between which runs a break may lie: neighbours of the places that its likelihood allows."""
    place = best.readings.place
    tried = [replace(where, at=float(at)) for at in places(place)]
    scores = np.array([fit(best.readings, best.form, one, begin=best).score for one in tried])
    least = max(scores.max(), best.score) - NormalDist().inv_cdf((1 + level) / 2) ** 2 / 2
    allowed = [one.at for one, score in zip(tried, scores, strict=True) if score >= least] or [where.at]
    low, high = min(*allowed, where.at), max(*allowed, where.at)
    return float(place[place <= low].max()), float(place[place >= high].min())
