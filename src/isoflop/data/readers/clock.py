"""Whose step it is: W&B's own step counts calls of its log, and a schedule's steps are the optimiser's.

Where a run logs the optimiser's step as a metric (global_step, iter), that is the step of all it logged. Where it does
not, W&B's count is taken for it only if runs end where their settings say that they end; else it is not compared with
a schedule, and finding D21 says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from isoflop.data.readers.logs import Cell, Logged, Series, series
from isoflop.data.runs.columns import normal
from isoflop.findings import Finding

_CLOCKS = (
    "globalstep", "optimizerstep", "optimiserstep", "updatestep", "trainstep", "step", "iteration", "iternum", "iter",
    "numupdates", "update", "steps", "iterations",
)  # fmt: skip
"""Metrics that are the optimiser's step, in normal form, by their whole name or what follows the last slash."""
_PLANNED = frozenset({"maxsteps", "maxiters", "totalsteps", "numsteps", "trainsteps", "trainiters", "numiterations",
                      "numtrainsteps",
                      "warmupsteps", "warmupiters", "lrwarmupsteps", "lrwarmupiters"})  # fmt: skip
"""Settings that count the optimiser's steps."""
_FITS = (0.95, 1.05)
"""A run that ends within these shares of its planned steps counts the same steps as its settings."""


def on_own_clock(run: Logged) -> Logged:
    """Return a run with the optimiser's step, where it logged it, as the step of all its metrics."""
    key = _clock(run.metrics) if run.counts_calls else None
    if key is None:
        return run
    clock = run.metrics[key]
    if len(clock.values) < 1 or not np.isfinite(clock.values).all() or (np.diff(clock.values) < 0).any():
        return run
    ended = float(clock.values[-1])
    return replace(run, metrics=_Reclocked(run.metrics, clock), ended=ended, counts_calls=False)


def _clock(keys: Mapping[str, Series]) -> str | None:
    there = {normal(key.rpartition("/")[2]): key for key in reversed(list(keys))}
    return next((there[name] for name in _CLOCKS if name in there), None)


class _Reclocked(Mapping[str, Series]):
    """Metrics by another clock, each when it is looked at: those on a server are fetched one by one."""

    def __init__(self, metrics: Mapping[str, Series], clock: Series) -> None:
        self.metrics, self.clock = metrics, clock

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    def __getitem__(self, key: str) -> Series:
        found = self.metrics[key]
        # A value belongs to the step logged with it or before; one logged before any step, to the first.
        at = self.clock.at(found.steps)
        return series(np.where(np.isnan(at), self.clock.values[0], at), found.values)


def strange_clocks(runs: Sequence[Logged]) -> tuple[Finding, ...]:
    """Return the finding (D21) where steps count calls, and settings count other steps; none where the two fit."""
    calls = [run for run in runs if run.counts_calls]
    planned = [(run, _planned(run.config)) for run in calls]
    told = [(run, key, steps) for run, found in planned for key, steps in found.items()]
    if not told or _fit(calls):
        return ()
    run, key, steps = told[0]
    return (
        Finding(
            "D21", "WARN",
            f"W&B's step counts calls of log ({run.last_step:g} in {run.name}), and the settings count optimiser steps "
            f"({key} {steps:g}): schedules and warm-ups are not compared with it",
            "say which metric is the step: --column step=KEY",
            tuple(one.name for one in calls),
        ),
    )  # fmt: skip


def planned_steps(run: Logged) -> float:
    """Return how many of its own steps a run's settings say that it will make; nan where they do not say it once."""
    told = {steps for key, steps in _planned(run.config).items() if "warm" not in key.lower()}
    return told.pop() if len(told) == 1 and not run.counts_calls else math.nan


def _fit(runs: Sequence[Logged]) -> bool:
    """Return whether most runs end where their settings say that they end."""
    fits = 0
    for run in runs:
        ends = [steps for key, steps in _planned(run.config).items() if "warm" not in key.lower()]
        fits += any(_FITS[0] <= (run.last_step + shift) / steps <= _FITS[1] for steps in ends for shift in (0, 1))
    return fits * 2 > len(runs)


def _planned(config: Mapping[str, Cell]) -> dict[str, float]:
    found = {key: cell for key, cell in config.items() if normal(key.rpartition(".")[2]) in _PLANNED}
    return {key: cell for key, cell in found.items() if isinstance(cell, float) and cell > 0}
