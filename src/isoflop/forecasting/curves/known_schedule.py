"""Forecasts of a run whose schedule is known: two laws of whole schedules, fitted to it and to runs like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import DataError
from isoflop.forecasting.curves.average import Mixed, Past, mix
from isoflop.forecasting.curves.loss_curve import LossCurve, thinned
from isoflop.forecasting.curves.responses import blocks
from isoflop.forecasting.curves.schedule_fit import APART, FORMS, MISFIT, Fitted, Seen, fit_jointly
from isoflop.forecasting.curves.schedules import targets
from isoflop.formula.arrays import Array

POINTS, ORIGINS = 128, 6
"""Points of a curve, each the mean of rows in a row, that are fitted; how often the forecast is made again."""
EARLY = 0.05
"""Rows before this share of a run so far, or before the rate's peak, are left out: the laws do not hold there."""
FALLEN = 0.05
"""A rate that has fallen by less than this share of its highest has not begun to fall."""
STRANGE = 0.005
"""A run that lies farther, in log loss, from what it and finished runs have in common is not of their kind."""
_FIRST = 6


@dataclass(frozen=True, eq=False)
class Followed:
    """A run and its rates (steps,), the laws fitted to it, what they missed before, and a row's noise in log loss.

    names  what each law is, and whether finished runs are behind it
    last   its last log loss
    alike  how far, on average, the run lies above a fit to it and the finished ones
    """

    run: LossCurve
    rates: Array
    fits: tuple[Fitted, ...]
    names: tuple[str, ...]
    past: Past
    noise: float
    last: float
    alike: float

    def forecast(self, rates: Array, at: Array) -> Mixed:
        """Return the log loss at places (targets,) of a schedule that begins as the run's did."""
        there = blocks(rates, targets(at, rates.size))
        each = np.array([one.log_loss(there) for one in self.fits])
        known = np.array([_variance(one, one.slopes(there)) for one in self.fits]) + MISFIT**2
        far = self._far(at)
        return mix(each, known, moved=each - self.last, far=far, past=self.past, noise=self.noise, least=1.0)

    def difference(self, other: Array, plan: Array) -> Mixed:
        """Return the log loss at the end of another schedule less that at the end of the planned one."""
        ends = [blocks(rates, np.array([rates.size])) for rates in (other, plan)]
        each = np.array([one.log_loss(ends[0]) - one.log_loss(ends[1]) for one in self.fits])
        known = np.array([_variance(one, one.slopes(ends[0]) - one.slopes(ends[1])) for one in self.fits])
        far = self._far(np.array([float(plan.size)]))
        return mix(each, known, moved=each, far=far, past=self.past, noise=0.0, least=1.0)

    def _far(self, at: Array) -> Array:
        return np.maximum(np.log(at / self.run.last), 1e-3)


def follow(run: LossCurve, rates: Array, like: Sequence[tuple[LossCurve, Array]] = ()) -> Followed:
    """Return the laws fitted to a run so far, alone and, where there are any, together with finished runs like it.

    What each missed on the run before weighs them: of a run whose rate has not fallen yet, that says nothing about
    what its fall will bring, and only the laws with finished runs count. Finished runs of another kind do not.
    """
    now, others = seen(run, rates), [seen(*one) for one in like]
    alone = tuple(fit_jointly(form, [now]) for form in FORMS)
    joint = tuple(fit_jointly(form, [now, *others]) for form in FORMS) if others else ()
    off = np.concatenate([one.missed[: len(now.y)] for one in joint or alone])
    alike = -float(np.mean(off))
    if abs(alike) >= STRANGE:
        joint, others = (), []
    some = rates[: int(run.last)]
    both = bool(joint) and float(some[int(np.argmax(some)) :].min()) < (1 - FALLEN) * float(some.max())
    names = tuple(form.name for form in FORMS)
    if both:
        names = (*(f"{name}, with finished runs" for name in names), *(f"{name}, alone" for name in names))
    fits, groups = ((*joint, *alone), [others, []]) if both else (joint or alone, [others])
    scatter = thinned(run).noise
    return Followed(run, rates, fits, names, _past(now, groups), scatter, float(now.y[-1]), alike)


def _past(now: Seen, groups: Sequence[Sequence[Seen]]) -> Past:
    """Return what the laws, fitted to beginnings of the run with each group of finished runs, missed on the rest."""
    size, place = len(now.y), now.at
    cuts = np.unique(np.round(np.geomspace(max(_FIRST, size // 4), size - 1, ORIGINS)).astype(int))
    parts = []
    for origin, cut in enumerate(cuts[cuts < size]):
        begin, rest = now.first(cut), now.rest(cut)
        fits = [fit_jointly(form, [begin, *others]) for others in groups for form in FORMS]
        each = np.array([one.log_loss(rest.blocks) for one in fits])
        known = np.array([_variance(one, one.slopes(rest.blocks)) for one in fits])
        tests = np.ones(size - cut)
        far, ago = np.log(place[cut:] / place[cut - 1]), np.log(place[-1] / place[cut - 1]) * tests
        parts.append((each - rest.y, each - now.y[cut - 1], known, far, ago, origin * tests))
    error, moved, known, far, ago, origins = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return Past(error, moved, known, far, ago, origins.astype(np.int64))


def seen(run: LossCurve, rates: Array) -> Seen:
    """Return the rows that the laws are about, in at most POINTS means."""
    first = max(EARLY * run.last, float(np.argmax(rates >= 0.999 * rates[: int(run.last)].max())))
    kept = np.flatnonzero(run.at > first)
    if len(kept) <= _FIRST:
        raise DataError(f"{run.name}: {len(kept)} rows after the warm-up; laws of schedules need {_FIRST + 1}.")
    group = np.arange(len(kept)) * min(POINTS, len(kept)) // len(kept)
    rows = np.bincount(group)
    at, y = (np.bincount(group, values[kept]) / rows for values in (run.at, np.log(run.loss)))
    whole: NDArray[np.int64] = targets(at, rates.size)
    noise = thinned(run).noise / np.sqrt(rows)
    error = np.hypot(noise, MISFIT * np.sqrt(max(len(y) / APART, 1.0)))
    return Seen(blocks(rates, whole), y, error, at)


def _variance(fitted: Fitted, slopes: Array) -> Array:
    return np.asarray(np.einsum("tp,pq,tq->t", slopes, fitted.covariance, slopes))
