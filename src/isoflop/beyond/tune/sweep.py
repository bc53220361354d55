"""Runs of a sweep → settings of N and D, and the logarithms of what was tried at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Runs
from isoflop.data.runs.columns import normal
from isoflop.data.runs.metadata_columns import number, recorded
from isoflop.errors import DataError, UsageError
from isoflop.formula.arrays import Array, Labels

KINDS = {
    "lr": "lr learningrate peaklr maxlr peaklearningrate maxlearningrate baselr eta",
    "batch": "b bs batch batchsize globalbatchsize gbs batchtokens batchsizetokens tokensperbatch",
    "weight decay": "wd weightdecay",
    "warm-up": "warmup warmupsteps warmuptokens warmupratio warmupfraction",
}
"""What a column tunes, by its name in lower case without spaces, dashes and underscores."""
KIND = {name: kind for kind, names in KINDS.items() for name in names.split()}
SAME, WIDEST = 0.03, 0.1
"""Sizes this near in their logarithm are one setting (tokens are rounded to whole batches), unless a chain of
such steps is longer than the second: then sizes were drawn at random and no setting was tried twice."""
ENOUGH = 3.0
"""With fewer runs a setting than this on average, losses are held together by a smooth surface instead."""
LEAST_RUNS = 8
ZERO = 0.25
"""Where a hyperparameter of 0 is put on the logarithmic axis: at this share of the smallest value above 0."""
DOUBLING = float(np.log(2))


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """A sweep as arrays, a row a run.

    names      the tuned columns; `kinds` what each tunes, "" where its name does not say
    letters    the columns that the centre follows: N and D where they vary
    logs       logarithms of the tuned values (runs, tuned)
    scales     1 and the logarithms of the letters, less their means (runs, 1 + letters)
    middle     those means
    setting    which setting each run is of (runs,)
    sizes      logarithms of the letters at each setting (settings, letters)
    loss       logarithm of the loss
    rows       which runs of the table these are
    repeated   whether settings were tried often enough to have a level each
    tied       column → the tuned one that it always follows, so that it was not tuned beside it
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    letters: tuple[str, ...]
    logs: Array
    scales: Array
    middle: Array
    setting: Labels
    sizes: Array
    loss: Array
    repeated: bool
    rows: NDArray[np.bool_]
    tied: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> int:
        """How many settings there are."""
        return len(self.sizes)

    def scale(self, sizes: Array) -> Array:
        """Return the design rows of the centre at sizes (points, letters), logarithms."""
        return np.column_stack([np.ones(len(sizes)), sizes - self.middle])


def sweep_of(runs: Runs, of: Sequence[str] = ()) -> Sweep:
    """Return the sweep of these columns, or of those that are known by their names and vary.

    Raises DataError where nothing was tuned, or by fewer than 8 runs.
    """
    names, tied = _columns(runs, of), {}
    if not of:
        tied = _tied(runs, names)
        names = tuple(name for name in names if name not in tied)
    letters = tuple(key for key in ("N", "D") if key in runs) or (("C",) if "C" in runs else ())
    logs = np.column_stack([_logs(runs, name) for name in names])
    usable = np.asarray(np.isfinite(logs).all(1))
    if np.count_nonzero(usable) < LEAST_RUNS:
        raise DataError(
            f"{runs.source}: {np.count_nonzero(usable)} runs with {', '.join(names)}; a sweep needs {LEAST_RUNS}."
        )
    sizes = np.column_stack([_size(runs, key)[usable] for key in letters]) if letters else np.zeros((len(runs), 0))
    setting, repeated = _settings(sizes)
    moving = [place for place in range(sizes.shape[1]) if np.ptp(sizes[:, place]) > SAME]
    letters, sizes = tuple(letters[place] for place in moving), sizes[:, moving]
    middle = _means(sizes, setting).mean(0)
    kinds = tuple(KIND.get(normal(name), "") for name in names)
    return Sweep(
        names=names, kinds=kinds, letters=letters, logs=logs[usable], middle=middle, setting=setting,
        scales=np.column_stack([np.ones(len(sizes)), sizes - middle]), sizes=_means(sizes, setting),
        loss=np.log(runs["loss"][usable]), repeated=repeated, rows=usable, tied=tied,
    )  # fmt: skip


def column_of(runs: Runs, name: str) -> str:
    """Return the table's column of that name, or the only one of that kind: "batch" finds bs."""
    if name in runs:
        return name
    kind = KIND.get(normal(name), normal(name))
    found = [one for one in runs.columns if KIND.get(normal(one)) == kind]
    if len(found) == 1:
        return found[0]
    runs[name]  # says which columns there are
    raise UsageError(f'"{name}" could be {" or ".join(found)}. Say which.')


def _columns(runs: Runs, of: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to tune; refuse those that are text or have one value."""
    if of:
        names = tuple(dict.fromkeys(column_of(runs, name) for name in of))
        for name in names:
            if name in ("N", "D", "C", "loss"):
                raise UsageError(f"{name} is not tuned: a law says how the best value follows it. Say --of lr,batch.")
            if runs[name].dtype.kind != "f":
                raise DataError(f'{runs.source}: column "{name}" holds text. Tune one kind at a time, with --where.')
            if len(np.unique(runs[name][~np.isnan(runs[name])])) < 2:
                raise DataError(f'{runs.source}: column "{name}" has one value. Give runs that tried several.')
        return names
    found = {KIND[normal(name)]: name for name in runs.columns if _varies(runs, name)}
    if not found:
        raise DataError(
            f"{runs.source}: no column of learning rates, batch sizes, weight decays or warm-ups with three values "
            f"or more; there are {', '.join(runs.columns)}. Say which were tuned: --of COLUMN,COLUMN."
        )
    return tuple(found[kind] for kind in KINDS if kind in found)


def _tied(runs: Runs, names: Sequence[str]) -> dict[str, str]:
    """Return the columns that at every N and D only rise, or only fall, with an earlier one, as a warm-up may."""
    places = np.column_stack([np.zeros(len(runs)), *(runs[key] for key in ("N", "D") if key in runs)])
    _, setting = np.unique(places, axis=0, return_inverse=True)
    members = [np.flatnonzero(setting.reshape(-1) == one) for one in range(int(setting.max()) + 1)]

    def follows(name: str, earlier: str) -> bool:
        pairs = [np.unique(np.column_stack([runs[earlier], runs[name]])[rows], axis=0) for rows in members]
        steps = [np.diff(one, axis=0) for one in pairs]
        return sum(map(len, steps)) >= LEAST_RUNS / 2 and all(
            np.all(one[:, 0] > 0) and (np.all(one[:, 1] >= 0) or np.all(one[:, 1] <= 0)) for one in steps
        )

    found: dict[str, str] = {}
    for at, name in enumerate(names):
        others = [one for one in names[:at] if one not in found and follows(name, one)]
        found |= {name: others[0]} if others else {}
    return found


def _varies(runs: Runs, name: str) -> bool:
    values = runs[name]
    return normal(name) in KIND and values.dtype.kind == "f" and len(np.unique(values[~np.isnan(values)])) > 2


def _logs(runs: Runs, name: str) -> Array:
    values = np.array(runs[name], float)
    if np.any(values < 0):
        raise DataError(f'{runs.source}: column "{name}" holds a value below zero: {values.min():g}. Correct it.')
    if np.any(values == 0):
        values[values == 0] = ZERO * values[values > 0].min()
    return np.asarray(np.log(values), float)


def _size(runs: Runs, letter: str) -> Array:
    """Return the logarithms of a letter; of a mixture of experts, those of its active parameters."""
    if letter == "N":
        experts = recorded(runs.columns, "active")
        active = number(runs.columns, "active") if experts else None
        if active is not None and np.all(active > 0):
            return np.asarray(np.log(active))
    return np.asarray(np.log(runs[letter]), float)


def _settings(sizes: Array) -> tuple[Labels, bool]:
    """Return the setting of each run, and whether settings were tried again and again."""
    labels = np.zeros(len(sizes), np.int64)
    widest = 0.0
    for values in sizes.T:
        steps, width = _clusters(values)
        labels, widest = labels * (steps.max() + 1) + steps, max(widest, width)
    _, found = np.unique(labels, return_inverse=True)
    if widest < WIDEST and len(found) >= ENOUGH * (found.max() + 1):
        return found.reshape(-1), True
    doublings = np.floor(sizes / DOUBLING).astype(np.int64)
    return np.unique(doublings, axis=0, return_inverse=True)[1].reshape(-1), False


def _clusters(values: Array) -> tuple[Labels, float]:
    """Return which cluster each value is of, split wherever two neighbours are far apart, and the widest cluster."""
    order = np.argsort(values)
    steps = np.concatenate([[0], np.cumsum(np.diff(values[order]) > SAME)])
    labels = np.empty(len(values), np.int64)
    labels[order] = steps
    lows = np.full(steps[-1] + 1, np.inf)
    highs = np.full(steps[-1] + 1, -np.inf)
    np.minimum.at(lows, labels, values)
    np.maximum.at(highs, labels, values)
    return labels, float((highs - lows).max())


def _means(values: Array, setting: Labels) -> Array:
    """Return the mean of each column over each setting (settings, columns)."""
    count = np.bincount(setting)
    return (
        np.column_stack([np.bincount(setting, column) / count for column in values.T])
        if values.size
        else (np.zeros((len(count), 0)))
    )
