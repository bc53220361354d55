"""The learning rates of a run from its first step to its last: as it was logged, and as it is planned to go on."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop.data.readers.source import read_text
from isoflop.data.readers.table import raw_table
from isoflop.data.runs.cells import Cells, numbers
from isoflop.errors import DataError, UsageError, shown
from isoflop.forecasting.curves.loss_curve import LossCurve
from isoflop.formula.arrays import Array
from isoflop.formula.schedule import constant, cosine, warmup_stable_decay

SHAPES = ("constant", "cosine", "linear", "wsd")
LONGEST = 5_000_000
"""The most steps a run may have."""


@dataclass(frozen=True)
class Schedule:
    """How a run's learning rate goes: a shape, or the file of a table with a rate for each step.

    steps   of the whole run
    warmup  steps over which the rate first rises
    final   the last rate, as a share of the highest
    decay   the share of the steps over which `wsd` falls
    peak    the highest rate, in the unit that the run logs; the highest logged if it is not said

    >>> isoflop.Schedule("cosine", steps=1000, warmup=100).shape
    'cosine'
    """

    shape: str
    steps: int
    warmup: int = 0
    final: float = 0.0
    decay: float = 0.2
    peak: float | None = None

    def __post_init__(self) -> None:
        if self.shape not in SHAPES and not Path(self.shape).is_file():
            raise UsageError(f'"{shown(self.shape)}" is no schedule. Say {", ".join(SHAPES)}, or a file of step,lr.')
        if not 2 <= self.steps <= LONGEST:
            raise UsageError(f"steps={self.steps:,} must be from 2 to {LONGEST:,}.")
        if not 0 <= self.warmup < self.steps:
            raise UsageError(f"warmup={self.warmup:,} must be from 0 to below the {self.steps:,} steps.")
        if self.peak is not None and not 0 < self.peak < np.inf:
            raise UsageError(f"peak={self.peak:g} must be a finite rate above zero.")
        if not (0 <= self.final <= 1 and 0 < self.decay <= 1):
            raise UsageError(f"final={self.final:g} and decay={self.decay:g} are shares, from 0 to 1, as in 0.1.")

    def rates(self, peak: float = 1.0) -> Array:
        """Return the rate at every step (steps,)."""
        if self.shape not in SHAPES:
            return _from_file(self.shape, self.steps)
        if self.shape == "constant":
            return constant(self.steps, peak=peak, warmup=self.warmup)
        if self.shape == "cosine":
            return cosine(self.steps, peak=peak, final=peak * self.final, warmup=self.warmup)
        falling = self.steps - self.warmup if self.shape == "linear" else round(self.decay * self.steps)
        falling = max(1, min(falling, self.steps - self.warmup))
        return warmup_stable_decay(self.steps, peak=peak, decay=falling, final=peak * self.final, warmup=self.warmup)


def whole_rates(curve: LossCurve, schedule: Schedule) -> Array:
    """Return the rates of a run (steps,): as logged until its last row where it logs them, then as planned.

    Only what rates are beside each other counts, so that the peak matters where rates are logged alone.
    """
    if curve.rates is None:
        return schedule.rates()
    logged = _logged(curve, schedule.warmup)
    planned = schedule.rates(peak=schedule.peak or float(curve.rates.max()))
    return np.concatenate([logged, planned[logged.size :]])


def finished_rates(curve: LossCurve, schedule: Schedule) -> Array:
    """Return the rates of a finished run (steps,): as logged, or else the same schedule over its own steps."""
    if curve.rates is not None:
        return _logged(curve, schedule.warmup)
    if schedule.shape not in SHAPES:
        raise UsageError(f"{curve.name} logs no learning rate, and a file of rates holds for one run. Log its rate.")
    steps = int(curve.last)
    return replace(schedule, steps=steps, warmup=min(schedule.warmup, steps - 1)).rates()


def changed(rates: Array, now: int, schedule: Schedule) -> Array:
    """Return the rates of a run that leaves its schedule after `now` steps and goes on, from the rate it has, as told.

    cosine and linear fall at once, wsd over the last `decay` of the steps, constant not at all; the end is `final`
    of the highest rate.
    """
    here, last = float(rates[now - 1]), float(schedule.final * rates.max())
    left = schedule.steps - now
    if schedule.shape not in SHAPES:
        rest = schedule.rates()[now:]
    elif schedule.shape == "constant":
        rest = np.full(left, here)
    elif schedule.shape == "cosine":
        rest = cosine(left + 1, peak=here, final=min(last, here))[1:]
    else:
        falling = left if schedule.shape == "linear" else min(left, max(1, round(schedule.decay * schedule.steps)))
        rest = np.concatenate([np.full(left - falling, here), _down(here, min(last, here), falling)])
    return np.concatenate([rates[:now], rest])


def stopped(rates: Array, now: int, *, decay: float, final: float) -> Array:
    """Return the rates of a run that only falls linearly from now on, over `decay` of the steps it has made."""
    falling = max(1, round(decay * now))
    here = float(rates[now - 1])
    return np.concatenate([rates[:now], _down(here, min(here, final * float(rates.max())), falling)])


def logged_rates(curve: LossCurve) -> Array:
    """Return the rates of a finished run that logs them (steps,), from its first step on."""
    return _logged(curve, int(curve.at[0]))


def _down(here: float, last: float, steps: int) -> Array:
    return here + (last - here) * np.arange(1, steps + 1) / steps


def _logged(curve: LossCurve, warmup: int) -> Array:
    """Return the rates between rows by straight lines; before the first row, over the warm-up."""
    rates = np.zeros(0) if curve.rates is None else curve.rates
    steps, first = np.arange(1, int(curve.last) + 1), float(curve.at[0])
    rising = first if rates[0] < rates.max() else min(max(warmup, 1), first)
    found = np.interp(steps, curve.at, rates)
    return np.asarray(np.where(steps < first, rates[0] * np.minimum(steps / rising, 1.0), found))


def _from_file(path: str, steps: int) -> Array:
    """Return the rates of a table with step and lr, by straight lines between its rows; it must reach the last step."""
    raw = raw_table(read_text(os.fspath(path)))
    if not {"step", "lr"} <= set(raw.names):
        there = ", ".join(map(shown, raw.names))
        raise DataError(f"{raw.source}: a schedule has the columns step and lr; there are {there}. Rename them.")
    step, rate = (numbers(Cells(raw.source, name, raw.rows, raw.columns[raw.names.index(name)]), quantities=True)
                  for name in ("step", "lr"))  # fmt: skip
    if np.any(np.diff(step) <= 0) or step[-1] < steps or not np.all(np.isfinite(rate)) or rate.min() < 0:
        raise DataError(f"{raw.source}: steps must rise to at least {steps:,}, and no rate be below zero or missing.")
    return np.asarray(np.interp(np.arange(1, steps + 1), step, rate))


def targets(places: Array, steps: int) -> NDArray[np.int64]:
    """Return places as whole steps of a schedule."""
    return np.clip(np.round(places), 1, steps).astype(np.int64)
