"""Runs with shares of several sources and losses on several targets → Mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Runs
from isoflop.data.runs.columns import LETTERS, is_loss
from isoflop.errors import DataError, UsageError
from isoflop.formula.arrays import Array

SHARE, LOSS = "share_", "loss_"
"""What the columns' names begin with."""
ROUNDED, PERCENT = 0.02, 100.0
"""How far a row's shares may be from 1 by rounding; shares may also be given in per cent."""
LEAST_MIXTURES = 4
SCALE = 1.05
"""Runs whose N and D differ by less than this factor are of one scale."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixtures:
    """Mixtures and the losses reached with them.

    sources  the columns of shares; `targets` those of losses
    shares   (runs, sources), each row adds up to 1
    logs     logarithms of the losses (runs, targets)
    N, D     parameters and tokens of each run, nan where unknown
    """

    source: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    shares: Array
    logs: Array
    N: Array
    D: Array

    def __len__(self) -> int:
        return len(self.shares)

    def take(self, rows: Array | NDArray[np.int64]) -> Mixtures:
        """Return some of the mixtures."""
        kept = rows.astype(np.intp)
        return replace(self, shares=self.shares[kept], logs=self.logs[kept], N=self.N[kept], D=self.D[kept])

    @property
    def scales(self) -> NDArray[np.int64]:
        """The number of each run's scale, from 0 for the smallest (runs,)."""
        compute = np.where(np.isfinite(self.N * self.D), self.N * self.D, 1.0)
        order = np.argsort(compute)
        steps = np.concatenate([[0], np.cumsum(np.diff(np.log(compute[order])) > np.log(SCALE))])
        found = np.empty(len(order), np.int64)
        found[order] = steps
        return found


def mixtures_of(runs: Runs, *, shares: Sequence[str] = (), targets: Sequence[str] = ()) -> Mixtures:
    """Return the mixtures of a table; unless named, columns share_* (or those that add up to 1) and loss_* (or loss).

    Raises DataError where shares do not add up, where there is one mixture only, or too few.
    """
    sources = tuple(shares) or tuple(name for name in runs.columns if name.startswith(SHARE)) or _adding_up(runs)
    losses = tuple(targets) or tuple(name for name in runs.columns if name.startswith(LOSS) and is_loss(name))
    losses = losses or (("loss",) if "loss" in runs else ())
    if len(sources) < 2:
        raise DataError(
            f"{runs.source}: {len(sources)} columns of shares, called share_* or adding up to 1 in each row; there are "
            f"{', '.join(runs.columns)}. "
            "Give two or more, or name them: --share COLUMN,COLUMN."
        )
    if not losses:
        raise DataError(f"{runs.source}: no column of losses, called loss or loss_*. Name them: --target COLUMN.")
    values = np.column_stack([_numbers(runs, name) for name in sources])
    reached = np.column_stack([_numbers(runs, name) for name in losses])
    usable = np.flatnonzero(np.isfinite(values).all(1) & np.isfinite(reached).all(1) & (reached > 0).all(1))
    found = Mixtures(
        source=runs.source, sources=sources, targets=losses, logs=np.log(reached[usable]),
        shares=normalised(values[usable], sources, names=[runs.names[row] for row in usable], source=runs.source),
        **{key: np.array(runs[key][usable] if key in runs else np.full(len(usable), np.nan)) for key in ("N", "D")},
    )  # fmt: skip
    different = len(np.unique(found.shares.round(9), axis=0)) if len(found) else 0
    if different < LEAST_MIXTURES:
        told = "one mixture" if different == 1 else f"{different} mixtures"
        raise DataError(
            f"{runs.source}: {told} with all shares and losses; laws of mixing need {LEAST_MIXTURES} or more."
        )
    return found


def _adding_up(runs: Runs) -> tuple[str, ...]:
    """Return the columns of numbers without a letter that add up to 1, or 100, in each row; none where they do not."""
    names = [name for name, cells in runs.columns.items() if name not in LETTERS and cells.dtype.kind == "f"]
    names = [name for name in names if not is_loss(name) and runs[name].min() >= 0 < runs[name].max() <= PERCENT]
    total = sum((runs[name] for name in names), np.zeros(len(runs)))
    whole = next((one for one in (1.0, PERCENT) if (abs(total / one - 1) <= ROUNDED).all()), None)
    if whole is None:
        return ()
    for name in [*names]:  # a learning rate is as small as what shares lack by rounding
        if abs(total - runs[name] - whole).max() < abs(total - whole).max():
            names.remove(name)
            total = total - runs[name]
    return tuple(names)


def shares_of(runs: Runs, sources: Sequence[str]) -> Array:
    """Return the shares of a table of mixtures to foretell; raises DataError where they do not add up."""
    missing = [name for name in sources if name not in runs]
    if len(missing) == len(sources):
        raise DataError(f"{runs.source}: none of the columns {', '.join(sources)} is there.")
    values = np.column_stack([_numbers(runs, name) if name in runs else np.zeros(len(runs)) for name in sources])
    return normalised(values, sources, names=runs.names, source=runs.source)


def normalised(values: Array, sources: Sequence[str], *, names: Sequence[str], source: str) -> Array:
    """Return shares that add up to 1 exactly; refuse those that are below 0 or do not, naming the row."""
    for row, one in enumerate(values):
        if np.any(one < 0) or not np.all(np.isfinite(one)):
            worst = sources[int(np.argmin(np.where(np.isfinite(one), one, -np.inf)))]
            raise DataError(f"{source}: {names[row]}: {worst} is {one.min():g}; a share is 0 or above.")
        total = float(one.sum())
        if abs(total - 1) > ROUNDED and abs(total / PERCENT - 1) > ROUNDED:
            raise DataError(
                f"{source}: {names[row]}: the shares add up to {total:.4g}, not to 1 ({', '.join(sources[:4])}"
                f"{' …' if len(sources) > 4 else ''}). Give every source's share, or its tokens divided by all."
            )
    return np.asarray(values / values.sum(1, keepdims=True), float)


def weights_of(targets: Sequence[str], asked: dict[str, float]) -> Array:
    """Return the weight of each target, adding up to 1; all alike unless some are asked for."""
    asked = {f"{LOSS}{name}" if f"{LOSS}{name}" in targets else name: weight for name, weight in asked.items()}
    for name, weight in asked.items():
        if name not in targets:
            raise UsageError(f'"{name}" is no target. They are {", ".join(targets)}.')
        if not weight > 0:
            raise UsageError(f"{name}={weight:g}: a weight is above zero, as in --target loss_a,loss_b=2.")
    found = np.array([asked.get(name, 0.0) if asked else 1.0 for name in targets])
    return np.asarray(found / found.sum(), float)


def _numbers(runs: Runs, name: str) -> Array:
    values = runs[name]
    if values.dtype.kind != "f":
        raise DataError(f'{runs.source}: column "{name}" holds text where a number is expected.')
    return np.asarray(values, float)
