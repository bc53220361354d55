"""LossCurve: the losses of one run as it trains, and how they are read from a log."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop.data.readers.address import is_address, local_copy
from isoflop.data.readers.catalogue import find
from isoflop.data.readers.clock import planned_steps
from isoflop.data.readers.column_choice import Taken, choose, missing
from isoflop.data.readers.logs import Logged, Series
from isoflop.data.readers.source import read_text
from isoflop.data.readers.table import raw_source, raw_table
from isoflop.data.runs import ColumnMapping
from isoflop.data.runs.cells import Cells, RawTable, numbers, without_commas
from isoflop.data.runs.columns import normal
from isoflop.data.runs.frames import is_table
from isoflop.errors import DataError, shown
from isoflop.forecasting.curves.spikes import Spike, spikes
from isoflop.formula.arrays import Array

FEWEST = 6
"""Rows below which nothing is forecast."""
BUNDLED = ("tinylm-2m", "tinylm-4m")
"""Curves that ship with isoflop: two runs of its own trainer, 98,304 parameters, on 2M and on 4M tokens."""
BINS = 64
"""Steps of log x, between its ends, that the rows of a curve are averaged in."""

# In normal form: lower case, without spaces, dashes and underscores. The first that is there is taken.
_PLACES = {
    "steps": ["step", "steps", "globalstep", "iteration", "iterations", "iter", "update", "updates", "trainstep"],
    "tokens": ["tokens", "d", "tokensseen", "consumedtokens", "traintokens", "trainedtokens", "ntokens", "numtokens"],
    "examples": ["examples", "seenexamples", "samples", "consumedsamples", "x"],
}
_LOSSES = ["loss", "valloss", "validationloss", "evalloss", "testloss", "trainloss", "trainingloss", "lmloss"]
_RATES = ["lr", "learningrate", "rate", "trainlr"]

_NO_NUMBERS = {"nan", "inf", "infinity"}


@dataclass(frozen=True, eq=False)
class LossCurve:
    """The losses of one run as it trains; `rates` are the learning rates at the same rows, where known.

    at       (rows,) how far the run was, rising: steps, tokens or examples, as `unit` says
    loss     (rows,) above zero
    lost     how many rows had a loss that was no number, and are left out
    planned  how many steps the log says that there will be; nan where it does not

    >>> isoflop.read_curve("tinylm-2m").unit
    'steps'
    """

    name: str
    at: Array
    loss: Array
    rates: Array | None = None
    unit: str = "steps"
    lost: int = 0
    planned: float = float("nan")

    def __post_init__(self) -> None:
        _refuse_strange(self)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def last(self) -> float:
        """Return how far the run has come."""
        return float(self.at[-1])

    def without(self, rows: NDArray[np.bool_]) -> LossCurve:
        """Return the curve without some rows; too few left, the curve itself."""
        if not rows.any() or len(np.unique(self.at[~rows])) < FEWEST:
            return self
        return replace(self, at=self.at[~rows], loss=self.loss[~rows], rates=_rows(self.rates, ~rows))

    def until(self, place: float) -> LossCurve:
        """Return the curve as it was when the run had come this far."""
        keep = self.at <= place
        return replace(self, at=self.at[keep], loss=self.loss[keep], rates=_rows(self.rates, keep))


CurveSource = LossCurve | str | os.PathLike[str] | ColumnMapping
"""A curve, or what one is read from."""


def read_curve(
    source: str | os.PathLike[str] | ColumnMapping,
    *,
    at: str | None = None,
    loss: str | None = None,
    rate: str | None = None,
    run: str | None = None,
    growing: bool = False,
) -> LossCurve:
    """Return the curve in a log, or a bundled one.

    A log is what a tracker wrote, what a training printed, or a table or DataFrame with a row for each measurement.

    at, loss, rate  the columns (or keys) of steps or tokens, loss and learning rate, where their names do not say it
    run             the run of a source that holds several
    growing         leaves out a last line that is not yet whole

    Rows without a place or a loss are left out; a loss that is nan or inf is counted. Raises DataError, naming file,
    row, column and reason.

    >>> isoflop.read_curve("tinylm-2m").unit
    'steps'
    """
    if is_address(source):
        with local_copy(str(source)) as copy:
            return read_curve(copy.path, at=at, loss=loss, rate=rate, run=run, growing=growing)
    if is_table(source):
        raw = raw_source(source)
        return _curve(raw, raw.source, at=at, loss=loss, rate=rate)
    path = _path(source)  # type: ignore[arg-type]  # no table, as was just seen
    if (logged := find(Path(path), growing=growing)) is not None:
        return of_run(_one(logged[1], run, os.fspath(path)), at=at, loss=loss, rate=rate)
    text = read_text(path, growing=growing)
    return _curve(without_commas(raw_table(text)), Path(text.source).stem, at=at, loss=loss, rate=rate)


def _one(runs: Sequence[Logged], name: str | None, source: str) -> Logged:
    """Return the one run of a source, or the one that is named."""
    found = [one for one in runs if name is None or one.name == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(shown(one.name) for one in runs[:8]) + ", …" * (len(runs) > 8)
    if not found:
        raise DataError(f"{shown(source)}: has no run {shown(str(name))}; there are {names}.")
    raise DataError(f"{shown(source)}: holds {len(runs)} runs. Say which one: --run NAME, of {names}.")


def of_run(run: Logged, *, at: str | None = None, loss: str | None = None, rate: str | None = None) -> LossCurve:
    """Return the curve of a run as a tracker kept it: its held-out loss, or else its training loss."""
    asked = {} if loss is None else {"loss": loss}
    taken = next((one for one in choose([run], asked, run.name) if one.letter == "loss"), None)
    if taken is None:
        named = {normal(key.replace("/", "_")): key for key in reversed(list(run.metrics))}
        key = next((named[name] for name in _LOSSES if name in named), None)
        if key is None:
            raise DataError(f"{shown(run.name)}: {missing({'N', 'D'}, [run])}")
        taken = Taken("loss", ((key, "metrics"),))
    key = next((key for key, place in taken.parts if place == "metrics"), "")
    steps = run.metrics[key].steps
    places = steps if at is None or normal(at) in _PLACES["steps"] else _series(run, at).at(steps)
    values = taken.of(run, steps)
    rates = _rates(run, rate, steps)
    keep = np.isfinite(places) & np.isfinite(values) & (places > 0)
    order = np.flatnonzero(keep)[np.argsort(places[keep], kind="stable")]
    unit = next((unit for unit, names in _PLACES.items() if at is not None and normal(at) in names), "steps")
    lost = int((~np.isfinite(values)).sum())
    planned = planned_steps(run) if unit == "steps" else np.nan
    return LossCurve(run.name, places[order], values[order], _rows(rates, order), unit, lost, planned)


def _rates(run: Logged, told: str | None, steps: Array) -> Array | None:
    if told is not None:
        return _series(run, told).at(steps)
    for key in run.metrics:
        last = normal(key.rpartition("/")[2])
        if last in _RATES or last.startswith(("lr", "learningrate")):
            return run.metrics[key].at(steps)
    return None


def _series(run: Logged, key: str) -> Series:
    if key not in run.metrics:
        there = ", ".join(shown(one) for one in list(run.metrics)[:12])
        raise DataError(f'{shown(run.name)}: nothing was logged as "{shown(key)}"; there are {there}.')
    return run.metrics[key]


def _path(source: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return the file of a source: what exists comes before a bundled curve of the same name."""
    if os.fspath(source) in BUNDLED and not Path(source).exists():
        return Path(__file__).parents[2] / "data" / "datasets" / "tables" / f"{os.fspath(source)}.csv"
    return source


def _curve(raw: RawTable, name: str, *, at: str | None, loss: str | None, rate: str | None) -> LossCurve:
    place, unit = _place(raw, at)
    losses = _found(raw, loss, _LOSSES, what="loss")
    x, y = _column(raw, place), _column(raw, losses)
    named = _named(raw, _RATES) if rate is None else _found(raw, rate, (), what="lr")
    rates = None if named is None else _column(raw, named)
    keep = np.isfinite(x) & np.isfinite(y) & (x > 0)
    order = np.flatnonzero(keep)[np.argsort(x[keep], kind="stable")]
    written = raw.columns[raw.names.index(losses)]
    lost = sum(str(cell).strip().lower().lstrip("+-") in _NO_NUMBERS for cell in written)
    return LossCurve(name, x[order], y[order], _rows(rates, order), unit, lost)


def _place(raw: RawTable, told: str | None) -> tuple[str, str]:
    """Return the column that says how far the run was, and its unit."""
    for unit, names in _PLACES.items():
        found = _named(raw, names) if told is None else told if normal(told) in names else None
        if found is not None:
            return _found(raw, found, (), what="step"), unit
    return _found(raw, told, _PLACES["steps"], what="step"), str(told)


def _found(raw: RawTable, told: str | None, names: Sequence[str], *, what: str) -> str:
    """Return the column of this name, or with one of these; raises DataError if there is none."""
    name = _named(raw, names) if told is None else told
    if name is None or name not in raw.names:
        there = ", ".join(map(shown, raw.names))
        remedy = f"Say which column it is: --{ {'step': 'x'}.get(what, what) } COLUMN."
        raise DataError(f'{raw.source}: column "{shown(name or what)}" is missing; there are {there}. {remedy}')
    return name


def _named(raw: RawTable, names: Sequence[str]) -> str | None:
    by_name = {normal(name): name for name in reversed(raw.names)}
    return next((by_name[name] for name in names if name in by_name), None)


def _column(raw: RawTable, name: str) -> Array:
    return numbers(Cells(raw.source, name, raw.rows, raw.columns[raw.names.index(name)]), quantities=True)


def _rows(values: Array | None, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Array | None:
    """Return some rows of a column; where learning rates are missing, there are none."""
    if values is None or not np.all(np.isfinite(values[chosen])):
        return None
    return np.asarray(values[chosen], float)


def _refuse_strange(curve: LossCurve) -> None:
    if len(curve) < FEWEST or len(np.unique(curve.at)) < FEWEST:
        rows = len(np.unique(curve.at))
        raise DataError(f"{curve.name}: {rows} rows with a loss; a forecast needs {FEWEST}. Log it more often.")
    if np.any(curve.loss <= 0):
        raise DataError(f"{curve.name}: a loss of {curve.loss.min():g}; every loss must be above zero.")
    if curve.rates is not None and np.any(curve.rates < 0):
        raise DataError(f"{curve.name}: a learning rate of {curve.rates.min():g}; none may be below zero.")


@dataclass(frozen=True, eq=False)
class Thinned:
    """A curve in few points: rows averaged in equal steps of log x; `x` and `y` are logs, `rows` how many each holds.

    noise  how far a single row lies from the trend through its neighbours, in log loss
    """

    x: Array
    y: Array
    rows: Array
    noise: float


def thinned(curve: LossCurve) -> Thinned:
    """Return a curve in at most `BINS` points, evenly apart in log x, each the mean of the rows near it."""
    x, y = np.log(curve.at), np.log(curve.loss)
    from_end = np.floor((x[-1] - x) / (x[-1] - x[0]) * BINS)
    _, place = np.unique(-from_end, return_inverse=True)
    rows = np.bincount(place).astype(float)
    return Thinned(np.bincount(place, x) / rows, np.bincount(place, y) / rows, rows, _noise(x, y))


def spikes_of(curve: LossCurve) -> tuple[LossCurve, tuple[Spike, ...]]:
    """Return a curve without the rows of spikes that came back, and those spikes; places are in its own unit."""
    x, y = np.log(curve.at), np.log(curve.loss)
    inside, found = spikes(curve.at, y, _noise(x, y, middle=True))
    return curve.without(inside), found


def _noise(x: Array, y: Array, *, middle: bool = False) -> float:
    """Return the scatter of rows around the line through both neighbours, over the later half of the curve.

    middle  by the median of the squares, which spikes do not move, over that of a standard normal
    """
    before, here, after = x[:-2], x[1:-1], x[2:]
    span = np.where(after > before, after - before, 1.0)
    share = np.where(after > before, (here - before) / span, 0.5)
    off = y[1:-1] - (1 - share) * y[:-2] - share * y[2:]
    square = off**2 / (1 + share**2 + (1 - share) ** 2)
    later = square[len(square) // 2 :]
    return float(np.sqrt(np.median(later) / 0.455)) if middle else float(np.sqrt(later.mean()))
