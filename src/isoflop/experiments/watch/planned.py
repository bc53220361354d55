"""What run it is that is watched: its size, its length and its schedule, told or read from its log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isoflop.data.readers.table import raw_source
from isoflop.data.runs.cells import Cells, numbers
from isoflop.data.runs.columns import normal
from isoflop.errors import DataError, UsageError, shown
from isoflop.forecasting.curves.collapse import Run
from isoflop.forecasting.curves.logged import NAMES, LoggedRun, rates_at_places
from isoflop.forecasting.curves.schedules import SHAPES, Schedule
from isoflop.forecasting.curves.sized import PLACES, SizedCurve
from isoflop.formula.arrays import Array
from isoflop.quantities import settle_numbers

WHOLE = 1e-9
"""A last step that lacks no more than this share of all is whole; one that lacks more is never made."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the user says of a run; None for what its log, or its ladder, says.

    steps, warmup  in the unit of the log's rows (steps, or tokens)
    schedule       constant, cosine, linear, wsd, or a file of step,lr or tokens,lr
    run            its name, where the log holds several
    final, decay   the last rate as a share of the highest; the share of the run over which wsd falls

    >>> isoflop.Told(N=125e6, schedule="cosine").schedule
    'cosine'
    """

    N: float | None = None
    D: float | None = None
    steps: float | None = None
    schedule: str | None = None
    warmup: float = 0.0
    final: float = 0.0
    decay: float = 0.2
    run: str | None = None

    def __post_init__(self) -> None:
        settle_numbers(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class Planned:
    """The run that is watched, and how places on it are told: share of the run times `total` is a place in `unit`."""

    run: Run
    name: str
    total: float
    unit: str

    def share(self, at: Array) -> Array:
        """Return places as shares of the run."""
        return np.asarray(at, float) / self.total


def planned(log: LoggedRun | None, ladder: Sequence[SizedCurve], told: Told) -> Planned:
    """Return the run that is watched; raises UsageError, saying what to type, where its size or length is unknown."""
    N = told.N if told.N is not None else log.N if log is not None and log.N > 0 else None
    if N is None or not 0 < N < np.inf:
        raise UsageError("the size of the run is not known. Say it, as in --N 1.3e9.")
    unit = log.unit if log is not None else "steps" if told.steps is not None else "tokens"
    total, D = _length(log, ladder, told, unit=unit)
    steps = total if unit == "steps" else float("nan")
    rates = _rates(told, total, D)
    if rates is None and log is not None and log.rates is not None:
        rates = _as_logged(log, total, ladder)
    return Planned(run=Run(N, D, steps, rates), name=log.name if log is not None else "the run", total=total, unit=unit)


def _length(log: LoggedRun | None, ladder: Sequence[SizedCurve], told: Told, *, unit: str) -> tuple[float, float]:
    """Return the whole length of a run, in the unit of its rows and in tokens."""
    each = log.tokens_per_step if log is not None else float("nan")
    D = told.D if told.D is not None else log.D if log is not None and log.D > 0 else None
    total = told.steps if told.steps is not None else log.steps if log is not None and log.steps > 0 else None
    if unit == "tokens":
        D = D if D is not None else total
        if D is None:
            raise UsageError("the length of the run is not known. Say its tokens, as in --D 26B.")
        return D, D
    if total is None and D is not None and each > 0:
        total = max(float(math.floor(D / each * (1 + WHOLE))), 1.0)
    if total is None:
        raise UsageError("the length of the run is not known. Say it, as in --steps 24000.")
    if D is None:
        usual = [one.D / one.steps for one in ladder if one.steps > 0]
        each = each if each > 0 else float(np.median(usual)) if usual else float("nan")
        D = total * each
    if not D > 0:
        raise UsageError("the tokens of the run are not known. Say them, as in --D 26B.")
    if not (0 < total < np.inf and 0 < D < np.inf):
        raise UsageError(f"a run of {total:g} {unit} and {D:g} tokens is none. Say --steps and --D above zero.")
    return total, D


def _rates(told: Told, total: float, D: float) -> Array | None:
    """Return the planned rates at PLACES places; None where no schedule is told."""
    if told.schedule is None:
        return None
    if told.schedule not in SHAPES and Path(told.schedule).is_file():
        return _from_file(told.schedule, total, D)
    warmup = told.warmup / (D if told.warmup >= total else total)
    if not 0 <= warmup < 1:
        raise UsageError(f"a warm-up of {told.warmup:g} does not fit in a run of {total:g}. Say a shorter --warmup.")
    shape = Schedule(told.schedule, PLACES, round(warmup * PLACES), told.final, told.decay)
    return np.maximum(shape.rates(), 1e-9)


def _from_file(path: str, total: float, D: float) -> Array:
    raw = raw_source(path)
    named = {what: next((one for one in raw.names if normal(one) in NAMES[what]), None)
             for what in ("step", "tokens", "lr")}  # fmt: skip
    place = named["step"] or named["tokens"]
    if place is None or named["lr"] is None:
        there = ", ".join(map(shown, raw.names))
        raise DataError(f"{raw.source}: a schedule has step (or tokens) and lr; there are {there}. Rename them.")
    at, lr = (numbers(Cells(raw.source, one, raw.rows, raw.columns[raw.names.index(one)]), quantities=True)
              for one in (place, named["lr"]))  # fmt: skip
    whole = total if named["step"] else D
    if np.any(np.diff(at) <= 0) or at[-1] < 0.999 * whole or not np.isfinite(lr).all() or lr.min() < 0 or lr.max() <= 0:
        raise DataError(f"{raw.source}: {place} must rise to the end, {whole:g}, and no rate be missing or below zero.")
    positive = np.maximum(at, 1e-12 * whole)
    return rates_at_places(np.minimum(positive / whole, 1.0), np.maximum(lr, 1e-12 * lr.max()))


def _as_logged(log: LoggedRun, total: float, ladder: Sequence[SizedCurve]) -> Array | None:
    """Return the rates as logged so far, then as in the ladder; None where they are those of the ladder all along."""
    usual = next((one.rates / one.rates.max() for one in ladder if one.rates is not None), None)
    if log.rates is None or not len(log.rates):
        return usual
    share = np.minimum(log.at / total, 1.0)
    own = rates_at_places(share, log.rates / log.rates.max())
    if usual is None:
        return None
    return np.where(np.arange(1, PLACES + 1) / PLACES <= share[-1], own, usual * own.max())


def departs(log: LoggedRun, rates: Array | None, total: float) -> tuple[float, float] | None:
    """Return where a logged rate first leaves the planned one by more than a tenth, and by which factor; or None.

    Rates are compared as shares of what both have when the plan is first at its peak, so that units do not matter; a
    rise to the plan at the beginning is a warm-up that nobody told of.
    """
    if rates is None or log.rates is None or len(log.rates) < 2:
        return None
    share = log.at / total
    plan = np.interp(share, np.arange(1, PLACES + 1) / PLACES, rates)
    there = np.flatnonzero(plan >= 0.2 * plan.max())
    if len(there) < 2:
        return None
    ratio = log.rates[there] / plan[there]
    ratio = ratio / np.median(ratio[: max(len(ratio) // 4, 1)])
    far = np.abs(np.log(np.maximum(ratio, 1e-9))) > np.log(1.1)
    risen = int(np.argmax(~far)) if ratio[0] < 1 and np.all(np.diff(ratio[: int(np.argmax(~far)) + 1]) > 0) else 0
    off = risen + np.flatnonzero(far[risen:])
    return None if not len(off) else (float(log.at[there[off[0]]]), float(ratio[off[0]]))
