"""Tables of pass@k: a column for each k, or a row for each k; means over the problems, or problem by problem."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoflop.beyond.test_time.columns import Table, columns_at
from isoflop.errors import DataError
from isoflop.formula.arrays import Array

MOST_K = 1e9


class PassRates(NamedTuple):
    """Mean pass@k of a model: k ascending, rates, problems and samples behind them, the last digit printed."""

    k: Array
    rates: Array
    problems: float
    samples: float
    rounding: float

    @property
    def pass1(self) -> float:
        """Return pass@1; nan where the table begins with more samples."""
        return float(self.rates[0]) if self.k[0] == 1 else math.nan


def rate_columns(table: Table) -> dict[str, int] | None:
    """Return the columns of a table of pass@k with their k; 0 where each row says its own, None for another table."""
    if "correct" in table.columns:
        return None
    wide = columns_at(table.raw.names)
    if max(wide.values(), default=0) > 1:
        return wide
    value = next((one for one in ("rate", "pass1", "best") if one in table.columns), None)
    if value == "rate" and "k" not in table.columns and "samples" in table.columns:
        return {table.columns["rate"]: 0}
    grows = value is not None and _samples_are_k(table)
    return {table.columns[value]: 0} if value and ("k" in table.columns or grows) else None


def _samples_are_k(table: Table) -> bool:
    """Return whether each row of a model is of other samples, and none of a problem: then samples are k."""
    if "samples" not in table.columns or "problem" in table.columns:
        return False
    names = table.labels("model") if "model" in table.columns else table.sizes()
    if "dataset" in table.columns:
        names = names + table.labels("dataset")
    samples = table.numbers("samples")
    each = [samples[names == name] for name in dict.fromkeys(names.tolist())]
    return all(np.unique(one).size == one.size for one in each) and max(one.size for one in each) > 1


def rates_of(table: Table, rows: NDArray[np.int64]) -> PassRates:
    """Return pass@k of a model from its rows, problems averaged where there is a row for each."""
    columns = rate_columns(table) or {}
    named = Table(table.raw, {**table.columns, **{name: name for name in columns}}, table.kept)
    shares, unit, _ = named.shares(*columns, tabled=True)
    drawn = _drawn(table, rows)
    if 0 in columns.values():
        places = table.numbers("k" if "k" in table.columns else "samples")
        _refuse_k(table, places, rows)
        pairs = [(float(places[row]), float(shares[row, 0]), int(row)) for row in rows]
    else:
        pairs = [(float(k), float(shares[row, at]), int(row)) for at, k in enumerate(columns.values()) for row in rows]
    known = [one for one in pairs if not math.isnan(one[1])]
    if not known:
        raise DataError(f"{table.raw.source}: no pass@k is known of one of the models. Leave it out with --where.")
    problems = len(set(table.labels("problem")[rows])) if "problem" in table.columns else 1
    return _averaged(table, known, problems=problems, drawn=drawn, unit=unit)


def _averaged(
    table: Table, known: list[tuple[float, float, int]], *, problems: int, drawn: float, unit: float
) -> PassRates:
    k, of, many = np.unique([one[0] for one in known], return_inverse=True, return_counts=True)
    if problems == 1 and many.max() > 1:
        row = next(one[2] for one in known if many[np.searchsorted(k, one[0])] > 1)
        raise DataError(
            f"{table.raw.source}, row {table.raw.rows[table.kept[row]]}: pass@{k[np.argmax(many)]:g} of one model is "
            "there twice. Name what tells the rows apart (a column model, dataset or problem), or keep some: --where."
        )
    rates = np.bincount(of, [one[1] for one in known]) / many
    return PassRates(k, rates, float(problems) if problems > 1 else math.nan, drawn, unit if problems == 1 else 0.0)


def _drawn(table: Table, rows: NDArray[np.int64]) -> float:
    """Return the samples behind each mean, where a column of its own says them; nan where none does."""
    is_k = "k" not in table.columns and 0 in (rate_columns(table) or {}).values()
    if "samples" not in table.columns or is_k:
        return math.nan
    values = table.numbers("samples")[rows]
    known = values[np.isfinite(values)]
    return float(known.min()) if known.size else math.nan


def _refuse_k(table: Table, places: Array, rows: NDArray[np.int64]) -> None:
    for row in rows:
        if not 1 <= places[row] <= MOST_K or places[row] != round(places[row]):
            column = "k" if "k" in table.columns else "samples"
            raise table.refuse(column, int(row), "is no number of samples. Write a whole number such as 100.")
