"""Do rows share a run? Checkpoints of one run err together: which rows do, and the findings D07 and D13."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.metadata_columns import Columns, labels, number, recorded, repeats
from isoflop.findings import Finding
from isoflop.formula.arrays import Array, Labels, median

EARLY = 0.1
"""Checkpoints before this share of their run may still be in its transient."""
_EVEN = 0.02
_FEW_STEPS = 4
_MANY, _CLOSE, _MOSTLY = 8, 1.25, 0.8
"""So many rows of one size, each at most so many times further than the one before, are checkpoints, if most are so."""


def clustered_by(columns: Columns) -> tuple[str, ...]:
    """Return the columns that together name the run of each row; none if every row is a run of its own.

    A column called run, run_id or run_name does where a run comes more than once, with one N and
    with different tokens or steps; where none does, every row is a run of its own. Without one, rows that
    share N, batch and learning rate are checkpoints if a step grows with D: a column `step`, or steps at
    even distances.
    """
    going = [values for values in (columns.get("D"), _step(columns)) if values is not None]
    seeds = recorded(columns, "seed")
    for meaning in ("run", "name"):
        for name in recorded(columns, meaning):
            named = (name, *seeds)
            group = labels([columns[one] for one in named])
            several = np.bincount(group)[group] > 1
            one_size = "N" not in columns or not _varies(group, columns["N"]).any()
            moves = several.any() and any(_varies(group, values)[several].all() for values in going)
            if moves and one_size and (meaning == "run" or _step(columns) is not None):
                return named
            if meaning == "run" and not seeds and not several.any():
                return ()
    return _by_steps(columns, seeds) or _by_closeness(columns, seeds)


def _step(columns: Columns) -> Array | None:
    found = number(columns, "step")
    return columns.get("S") if found is None else found


def _varies(group: Labels, values: Array) -> NDArray[np.bool_]:
    """Say for each row whether its group holds more than one value."""
    first = np.zeros(int(group.max()) + 1, dtype=np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    differs = np.bincount(group, weights=values != values[first[group]]) > 0
    return np.asarray(differs[group])


def _by_steps(columns: Columns, seeds: Sequence[str]) -> tuple[str, ...]:
    step, tokens = _step(columns), columns.get("D")
    if step is None or tokens is None or "N" not in columns or not repeats(columns["N"]):
        return ()
    named = ("N", *seeds, *(name for what in ("batch", "learning rate") for name in recorded(columns, what)))
    group = labels([columns[name] for name in named])
    even = number(columns, "step") is None
    order = np.lexsort((step, group))
    several, total = _groups(order, group, least=2)
    if not several or len(several) * 2 < total:
        return ()
    return named if all(_one_run(step[rows], tokens[rows], even=even) for rows in several) else ()


def _by_closeness(columns: Columns, seeds: Sequence[str]) -> tuple[str, ...]:
    """Return what names runs whose checkpoints no column tells: many rows of one N, each a little further in tokens.

    Nobody trains runs of one size for 10 % more tokens each; a job that is evaluated as it goes on leaves such rows.
    """
    tokens = columns.get("D")
    if tokens is None or "N" not in columns or "loss" not in columns or not repeats(columns["N"]):
        return ()
    named = ("N", *seeds, *(name for what in ("batch", "learning rate") for name in recorded(columns, what)))
    group = labels([columns[name] for name in named])
    large, _ = _groups(np.lexsort((tokens, group)), group, least=_MANY)
    close = sum(len(rows) for rows in large if _close(tokens[rows], columns["loss"][rows]))
    return named if close >= _MOSTLY * len(tokens) else ()


def _groups(order: Labels, group: Labels, *, least: int) -> tuple[list[Labels], int]:
    """Return the groups that have so many rows or more, each in the order given, and how many groups there are."""
    sizes = np.bincount(group)
    order = order[sizes[group[order]] >= least]
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if order.size else []
    return parts, len(sizes)


def _close(tokens: Array, loss: Array) -> bool:
    """Say whether rows in order of their tokens lie close to each other, none twice, with a loss that mostly falls."""
    apart = np.diff(np.log(tokens))
    return bool((apart > 0).all() and median(apart) < np.log(_CLOSE) and (np.diff(loss) < 0).mean() > _MOSTLY)


def _one_run(step: Array, tokens: Array, *, even: bool) -> bool:
    """Say whether rows in order of their step are checkpoints of one run: tokens in step with it, at even distances."""
    if not ((np.diff(step) > 0).all() and np.ptp(np.log(tokens / np.maximum(step, 1e-300))) < _EVEN):
        return False
    return not even or (len(step) >= _FEW_STEPS and np.ptp(np.diff(step)) <= _EVEN * np.diff(step).mean())


def cluster_labels(columns: Columns, names: Sequence[str]) -> Labels | None:
    """Return each row the number of its run, from 0; None if every row is a run of its own."""
    if not names:
        return None
    found = labels([columns[name] for name in names])
    return None if int(found.max()) + 1 == len(found) else found


def ends(columns: Columns, group: Labels | None, count: int) -> NDArray[np.bool_]:
    """Say which rows are the last of their run, by tokens or steps."""
    going = columns.get("D", _step(columns))
    if group is None or going is None:
        return np.ones(count, dtype=bool)
    return np.asarray(going >= _furthest(group, going))


def _furthest(group: Labels, going: Array) -> Array:
    last = np.zeros(int(group.max()) + 1)
    np.maximum.at(last, group, going)
    return np.asarray(last[group])


def inspect_clusters(columns: Columns, group: Labels | None, names: Sequence[str]) -> Iterator[Finding]:
    """Return the findings on rows that share a run; `names` are the columns that name the run."""
    if group is None:
        return
    total = int(group.max()) + 1
    yield Finding(
        "D07", "WARN",
        f"{len(group)} rows are checkpoints of {total} run{'s' * (total != 1)} (by {', '.join(names)}): rows of one "
        "run err together, so intervals come from whole runs",
        "keep one row a run (--where), or say which column names the run: --cluster COLUMN",
    )  # fmt: skip
    if "D" in columns:
        early = columns["D"] < EARLY * _furthest(group, columns["D"])
        if early.any():
            yield Finding(
                "D13", "INFO",
                f"{np.count_nonzero(early)} checkpoints come before {EARLY:.0%} of their run, where the loss may still "
                "be in its first transient",
                "fit again without them (--where) and see whether the answer moves",
            )  # fmt: skip
