"""Populations without a name (D06, D11): at equal N and D, a column that explains the spread of the loss.

Runs that share N and D scatter by noise. Where most of that scatter goes with another column, it is no noise: a column
of words tells several corpora or recipes apart, a bit width several models, a hyperparameter a search over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.metadata_columns import Columns, labels, meaning_of, repeats
from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

Apart = Callable[[Array], Array]
"""Takes out of values what goes with N and D."""

EXPLAINED = 0.5
"""The share of the variance within settings of N and D, adjusted for the levels, that must go with a column."""
SEARCHED, _CHANCE = 0.2, 1.5
"""The share for a hyperparameter, whose best value moves with N and D, and what chance adds to it with few runs."""
_FEWEST, _SURFACE, _MOST_LEVELS, _BINS = 8, 60, 40, 5
"""Runs from which anything is said, runs for a surface, levels of a column, and bins of one with more."""
_SPREAD = 0.003
"""A scatter of less, in log loss, is noise whatever goes with it."""
_SEARCHED = ("learning rate", "batch", "weight decay", "warmup steps", "warmup tokens", "warmup share", "b")
_NO_POPULATION = frozenset({"run", "name", "seed", "step", "status", "lowest loss", "planned tokens", "planned steps"})
_BITS = ("bits", "bit", "wbits", "abits", "precision", "kvbits", "gbits")
_SETTING = ("N", "D", "U", "experts", "granularity", "bits", "sparsity")


def hidden_populations(columns: Columns) -> Iterator[Finding]:
    """Yield the finding on the column that explains the spread of runs alike in N and D best; none where none does."""
    if not {"N", "D", "loss"} <= columns.keys() or len(columns["loss"]) < _FEWEST:
        return
    rows, apart, taken = _alike(columns)
    if rows.size < _FEWEST or not (columns["loss"][rows] > 0).all():
        return
    spread = apart(np.log(columns["loss"][rows]))
    if float(np.sqrt(np.mean(spread**2))) < _SPREAD:
        return
    shares = {name: _explained(columns, name, rows, apart=apart, free=rows.size - taken) for name in columns}
    share, name = max((share, name) for name, share in shares.items())
    if share > 0:
        told = f"{share:.0%} of the spread between runs of equal N and D goes with {shown(name)}: it is no noise"
        yield _finding(name, told, columns)


def _alike(columns: Columns) -> tuple[NDArray[np.intp], Apart, int]:
    """Return the runs that are compared, what takes N and D out of their values, and how many numbers that takes.

    It is a mean for each setting that has several runs, or a surface in log N and log D where hardly any has.
    """
    many = repeats(columns["N"]) and repeats(columns["D"])
    setting = labels([columns[name] for name in _SETTING if name in columns]) if many else np.arange(len(columns["N"]))
    rows = np.flatnonzero(np.bincount(setting)[setting] > 1)
    if rows.size * 2 >= len(setting) or len(setting) < _SURFACE:
        groups = np.unique(setting[rows], return_inverse=True)[1]
        return rows, lambda values: _within(values, groups), len(np.unique(groups))
    x, y = np.log(columns["N"]), np.log(columns["D"])
    x, y = x - x.mean(), y - y.mean()
    basis, _ = np.linalg.qr(np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y]))
    return np.arange(len(x)), lambda values: values - basis @ (basis.T @ values), basis.shape[1]


def _finding(name: str, told: str, columns: Columns) -> Finding:
    values = columns[name]
    one = f'"{shown(str(values[0]))}"' if values.dtype.kind == "O" else f"{values[0]:g}"
    if values.dtype.kind == "f" and not _is_bits(name):
        return Finding(
            "D06", "WARN", f"{told}, but a search over it",
            f"keep the best of each setting and learn its law: isoflop tune RUNS --of {shown(name)}; or keep one: "
            f"--where '{name} == {one}'",
        )  # fmt: skip
    what = "models of different precision" if _is_bits(name) else "several populations"
    return Finding(
        "D11", "BLOCK", f"{told}, but {what}: one curve does not hold for all of them",
        f"keep one, as in --where '{shown(name)} == {one}', or use a law that takes it; --allow D11 fits them as one",
    )  # fmt: skip


def _is_bits(name: str) -> bool:
    return "".join(name.lower().replace("-", "").replace("_", "").split()) in _BITS


def _within(values: Array, groups: NDArray[np.intp]) -> Array:
    """Return values less the mean of their group."""
    return np.asarray(values - (np.bincount(groups, values) / np.bincount(groups))[groups])


def _explained(columns: Columns, name: str, rows: NDArray[np.intp], *, apart: Apart, free: int) -> float:
    """Return the share of the spread that goes with a column, adjusted for its levels; 0 where it may be chance."""
    level = _levels(columns, name, rows)
    if level is None:
        return 0.0
    spread = apart(np.log(columns["loss"][rows]))
    levels = np.column_stack([apart((level == one).astype(float)) for one in range(int(level.max()) + 1)])
    rank = int(np.linalg.matrix_rank(levels))
    left = free - rank
    if rank == 0 or left < max(3, rank):
        return 0.0
    rest = spread - levels @ np.linalg.lstsq(levels, spread, rcond=None)[0]
    share = float(1 - (rest @ rest / left) / (spread @ spread / free))
    searched = columns[name].dtype.kind == "f" and not _is_bits(name)
    least = SEARCHED + _CHANCE / np.sqrt(left) if searched else EXPLAINED
    return share if share > least else 0.0


def _levels(columns: Columns, name: str, rows: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return the level of each row in a column that may tell populations apart, or a search; None for any other."""
    if name in {*_SETTING, "C", "S", "loss"} or meaning_of(name) in _NO_POPULATION:
        return None
    values = columns[name][rows]
    if values.dtype.kind == "O":
        level = labels([values])
        return level if 1 < int(level.max()) + 1 <= min(_MOST_LEVELS, rows.size // 3) else None
    if not (meaning_of(name) in _SEARCHED or _is_bits(name) or name == "B") or not np.isfinite(values).all():
        return None
    distinct = np.unique(values)
    if distinct.size <= _MOST_LEVELS // 2:
        return np.searchsorted(distinct, values) if distinct.size > 1 else None
    edges = np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.searchsorted(edges, values)
