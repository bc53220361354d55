"""Tables of attempts, read: a row for each problem, sample, model, or k of pass@k."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.test_time.attempts import SOUND, Attempts, unsound
from isoflop.beyond.test_time.columns import OF_MODEL, Table, assigned, kept_rows
from isoflop.beyond.test_time.methods import by_method
from isoflop.beyond.test_time.rates import rate_columns, rates_of
from isoflop.beyond.test_time.rewards import Picked, picked_of
from isoflop.data.readers.table import raw_source
from isoflop.data.runs import ColumnMapping
from isoflop.errors import DataError, shown
from isoflop.formula.arrays import Array
from isoflop.quantities import show


def read_attempts(
    source: str | os.PathLike[str] | ColumnMapping,
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
) -> tuple[Attempts, ...]:
    r"""Return the attempts of each model in a table, a file or a DataFrame, small models first.

    A row is a problem with its samples and correct ones, one sample that is correct (1) or not (0), a model with its
    pass@1 or with pass@k at several k, one k of a model, or a method at one cost of a query. Columns are found by
    common names; `columns` maps ours to the file's: {"correct": "n_passed"}.
    Raises DataError, naming file, row, column and reason.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.csv"
    >>> counts = {"1B": (1, 9, 40), "7B": (31, 39, 70)}
    >>> rows = "".join(f"{m},{q},100,{c}\n" for m in counts for q, c in enumerate(counts[m]))
    >>> path.write_text(f"model,problem,samples,correct\n{rows}") > 0
    True
    >>> [one.name for one in isoflop.read_attempts(path)]
    ['1B', '7B']
    """
    raw = raw_source(source)
    if not len(raw.rows):
        raise DataError(f"{raw.source}: 0 rows. Give a row for each problem, sample or model.")
    table = Table(raw, assigned(raw, columns or {}), kept_rows(raw, where))
    searched = by_method(table)
    if searched is not None:
        return searched
    labels = _models(table)
    read = _attempts if rate_columns(table) is None else _rated
    found = [read(table, name, np.flatnonzero(labels == name)) for name in dict.fromkeys(labels.tolist())]
    return tuple(sorted(found, key=lambda one: (math.isnan(one.N), one.N)))


def _models(table: Table) -> NDArray[Any]:
    """Return the model of each row, and its benchmark where there are several."""
    labels = _names(table)
    if (length := _length(table)) is not None:
        thought = table.numbers(length)
        labels = np.array([f"{one}, {show(many)} tokens" for one, many in zip(labels, thought, strict=True)], object)
    if "dataset" not in table.columns or len(set(table.labels("dataset"))) < 2:
        return labels
    return np.array([f"{one}, {task}" for one, task in zip(labels, table.labels("dataset"), strict=True)], dtype=object)


def _names(table: Table) -> NDArray[Any]:
    return table.labels("model") if "model" in table.columns else table.sizes()


def _length(table: Table) -> str | None:
    """Return the column of thinking tokens, by which one model is several to choose from; None where there is none."""
    if "thinking" in table.columns:
        return "thinking"
    if "tokens" not in table.columns or {"problem", "k", "samples", "correct"} & table.columns.keys():
        return None
    labels = _names(table)
    pairs = set(zip(labels.tolist(), table.numbers("tokens").tolist(), strict=True))
    return "tokens" if len(pairs) == len(labels) > len(set(labels.tolist())) else None


def _about(table: Table, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Return what is known of a model besides its samples."""
    about = {key: _one(table, key, rows) for key in OF_MODEL if key in table.columns}
    length = _length(table)
    if length is not None:
        about |= {"tokens": _one(table, length, rows), "thinking": True}
    if about.get("tokens", 0.0) >= 1e6 and "D" not in about:  # no sample is that long: it is what was trained on
        about["D"] = about.pop("tokens")
    return about


def _rated(table: Table, name: str, rows: NDArray[np.int64]) -> Attempts:
    """Return the attempts of a model whose pass@k is known at several k, as means over its problems."""
    about = _about(table, rows)
    picked = _best_of_n(table, rows) if "best" in table.columns else None
    if picked is not None and not {"rate", "pass1"} & table.columns.keys():
        if picked.k[0] != 1:
            raise DataError(f"{table.raw.source}: best-of-n needs its value at n = 1, which is pass@1. Add that row.")
        behind = about.pop("problems", math.nan)
        return Attempts(name, (), np.zeros(0), np.zeros(0), float(picked.rates[0]), behind, picked=picked, **about)
    found = rates_of(table, rows)
    return Attempts(
        name, (), np.zeros(0), np.zeros(0), found.pass1, about.pop("problems", found.problems), k=found.k,
        rates=found.rates, known_samples=found.samples, rounding=found.rounding, picked=picked, **about,
    )  # fmt: skip


def _best_of_n(table: Table, rows: NDArray[np.int64]) -> Picked:
    """Return what best of n reached in these rows."""
    names = {key: name for key, name in table.columns.items() if key not in {"rate", "pass1", "best"}}
    found = rates_of(Table(table.raw, {**names, "rate": table.columns["best"]}, table.kept), rows)
    return Picked(found.k, found.rates)


def _attempts(table: Table, name: str, rows: NDArray[np.int64]) -> Attempts:
    """Return the attempts in these rows, by the columns there are."""
    about = _about(table, rows)
    behind = about.pop("problems", math.nan)
    if "correct" in table.columns:
        names, n, c = _counts(table, rows)
        about |= {"picked": _rewarded(table, rows)} if _rewards(table) and "samples" not in table.columns else {}
        return Attempts(name, names, n, c, float((c / n).mean()), float(len(names)), **about)
    if "pass1" not in table.columns:
        raise DataError(
            f"{table.raw.source}: a column of correct samples, or of pass@1, is missing; there are "
            f"{', '.join(map(shown, table.raw.names))}. Say --column correct=COLUMN or --column pass1=COLUMN."
        )
    rates, unit, _ = table.shares("pass1", tabled=False)
    rates = rates[:, 0]
    for row in rows:
        if math.isnan(rates[row]):
            raise table.refuse("pass1", int(row), "is no share of correct samples. Write 0.42 for 42 %.")
    if rows.size > 1 or "problem" in table.columns:
        return _of_rates(table, name, rows, rates=rates[rows], about=about)
    drawn = _one(table, "samples", rows) if "samples" in table.columns else math.nan
    return Attempts(
        name, (), np.zeros(0), np.zeros(0), float(rates[rows[0]]), behind, known_samples=drawn, rounding=unit, **about
    )


def _rewards(table: Table) -> str | None:
    """Return the column of rewards in a table with a row for each sample: what is called a score is one there."""
    return next((one for one in ("reward", "rate") if one in table.columns), None)


def _rewarded(table: Table, rows: NDArray[np.int64]) -> Picked:
    """Return what the samples of highest reward have reached."""
    rewards = table.numbers(_rewards(table) or "")[rows]
    return picked_of(table.labels("problem")[rows].astype(str), table.numbers("correct")[rows], rewards)


def _of_rates(table: Table, name: str, rows: NDArray[np.int64], *, rates: Array, about: Mapping[str, Any]) -> Attempts:
    """Return the attempts of problems whose share of correct samples is known, and how many samples it is of."""
    if "samples" not in table.columns:
        raise DataError(
            f"{table.raw.source}: {name} has {rows.size} rows with a pass@1 each; nothing says of how many samples. "
            "Give a column n of samples, or one row for each model."
        )
    n = table.numbers("samples")[rows]
    names = table.labels("problem")[rows] if "problem" in table.columns else np.arange(1, rows.size + 1)
    c = np.round(n * rates)
    for row, apart in zip(rows, np.abs(n * rates - c), strict=True):
        if not apart < 0.05:
            raise table.refuse("pass1", int(row), "is no whole number of its samples. Give a column of correct ones.")
    return Attempts(name, tuple(map(str, names)), n, c, float(rates.mean()), float(rows.size), **about)


def _one(table: Table, column: str, rows: NDArray[np.int64]) -> float:
    """Return the one value of a model's column; tokens of samples may differ, and are averaged."""
    values = table.numbers(column)[rows]
    known = values[~np.isnan(values)]
    for row, value in zip(rows, values, strict=True):
        if value <= 0 or math.isinf(value):
            raise table.refuse(column, int(row), "must be a finite number above zero.")
        if column != "tokens" and known.size and value != known[0]:
            raise table.refuse(column, int(row), f"differs from {known[0]:g} in another row of the same model.")
    return float(known.mean()) if known.size else math.nan


def _counts(table: Table, rows: NDArray[np.int64]) -> tuple[tuple[str, ...], Array, Array]:
    """Return problems, samples and correct ones; rows of one sample each are counted up."""
    correct = table.numbers("correct")[rows]
    each = "samples" not in table.columns
    samples = np.ones(rows.size) if each else table.numbers("samples")[rows]
    bad = unsound(samples, correct)
    if bad.any():
        row, column = int(rows[np.argmax(bad)]), "correct"
        if each:
            raise table.refuse(column, row, "is not 0 or 1. Name the column of samples: --column samples=COLUMN.")
        raise table.refuse(column, row, f"of {samples[np.argmax(bad)]:g} samples is no count. {SOUND}")
    if "problem" not in table.columns:
        if each:
            raise DataError(
                f"{table.raw.source}: a column that names the problem of each sample is missing. "
                "Say --column problem=COLUMN."
            )
        return tuple(str(place) for place in range(1, rows.size + 1)), samples, correct
    names, of = np.unique(table.labels("problem")[rows].astype(str), return_inverse=True)
    return tuple(names.tolist()), np.bincount(of, samples).astype(float), np.bincount(of, correct).astype(float)
