"""Anything with named columns, as one mapping of arrays: DataFrames, Arrow tables, mappings, lists of mappings.

No library is imported for it: pandas, polars, Arrow, DuckDB and NumPy all give their columns by name, and each column
becomes an array. A missing value, of whatever library, is nan in a column of numbers and an empty text elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import DataError, UsageError
from isoflop.files import flattened

Columns = dict[str, NDArray[Any]]
_EXPECTED = "a path, a DataFrame, a mapping of columns or a list of mappings"


def is_table(value: object) -> bool:
    """Return whether a value has named columns, so that it can be read as a table of runs."""
    return isinstance(value, Mapping) or _is_rows(value) or _names(value) is not None


def columns_of(value: object) -> Columns:
    """Return the columns of a table by name.

    Raises UsageError for what has none, and DataError for columns that are none.
    """
    if isinstance(value, Mapping):
        return {str(name): column_of(str(name), cells) for name, cells in value.items()}
    if _is_rows(value):
        return _of_rows(value)  # type: ignore[arg-type]  # a list of mappings, as was just seen
    frame: Any = _unindexed(value)
    names = _names(frame)
    if names is None:
        raise wrong_type(value)
    try:
        found = {name: column_of(name, frame[own]) for name, own in names.items()}
    except (KeyError, IndexError, TypeError):  # something that only looks like a frame
        raise wrong_type(value) from None
    index = _index(frame)
    return found if index is None or {"run", "name"} & found.keys() else {"run": index, **found}


def wrong_type(value: object) -> UsageError:
    """Return the error for a value that is no table of runs, which says what to pass."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    if hasattr(value, "collect") or hasattr(value, "compute"):
        step = "collect" if hasattr(value, "collect") else "compute"
        return UsageError(f"{name} is not worked out yet. Pass what its {step}() returns.")
    return UsageError(f"{name} is no table of runs. Pass {_EXPECTED}.")


def column_of(name: str, cells: object) -> NDArray[Any]:
    """Return one column as an array; a masked value is missing."""
    values = _unmasked(cells) if isinstance(cells, np.ma.MaskedArray) else _array(cells)
    if values.dtype.kind == "c":
        raise DataError(f'column "{name}" holds complex numbers. Give real ones.')
    if values.ndim > 1:
        raise DataError(f'column "{name}" has {values.ndim} dimensions. Give one number for each run.')
    return values


def _unmasked(cells: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    plain: Any = cells.astype(float) if cells.dtype.kind in "iufb" else cells.astype(object)
    return np.asarray(plain.filled(np.nan if plain.dtype.kind == "f" else None))


def _array(cells: object) -> NDArray[Any]:
    try:
        return np.asarray(cells)
    except (ValueError, TypeError):  # cells of different lengths
        return np.array(list(cells), dtype=object)  # type: ignore[call-overload]


def _is_rows(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _of_rows(rows: Sequence[Mapping[str, Any]]) -> Columns:
    flat = [flattened(row) for row in rows]
    names = dict.fromkeys(name for row in flat for name in row)
    return {name: _array_of([row.get(name) for row in flat]) for name in names}


def _array_of(cells: list[Any]) -> NDArray[Any]:
    """Return cells as numbers where all are, with nan where one is missing; else as they are."""
    numbers = all(cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in cells)
    if numbers and any(cell is not None for cell in cells):
        return np.array([math.nan if cell is None else float(cell) for cell in cells])
    return np.array(cells, dtype=object)


def _names(value: object) -> dict[str, Any] | None:
    """Return the columns of a frame by name, with what it calls each itself; None for what is no frame."""
    lazy = hasattr(value, "collect") and not hasattr(value, "to_pandas")
    if isinstance(value, str | bytes) or lazy or not hasattr(value, "__getitem__"):
        return None
    dtype = getattr(value, "dtype", None)
    found = getattr(dtype, "names", None)  # a structured array of NumPy
    for attribute in ("column_names", "columns", "keys"):
        if found is None:
            found = getattr(value, attribute, None)
            found = found() if callable(found) else found
    if found is None or not isinstance(found, Iterable):
        return None
    return {str(own): own for own in found}


def _unindexed(value: object) -> object:
    """Return a pandas table with the named levels of its index as columns, as groupby leaves N and D; else the value.

    An index of texts stays: it names the runs.
    """
    index: Any = getattr(value, "index", None)
    named = [name for name in getattr(index, "names", None) or () if isinstance(name, str)]
    if not named or _index(value) is not None or {*named} & {*map(str, getattr(value, "columns", ()))}:
        return value
    return value.reset_index()  # type: ignore[attr-defined]  # pandas alone has an index with names


def _index(frame: Any) -> NDArray[Any] | None:
    """Return the names of rows that a pandas index holds; None where it only counts them."""
    index = getattr(frame, "index", None)
    if index is None or callable(index):
        return None
    values = np.asarray(index)
    texts = values.dtype.kind in "OU" and values.ndim == 1 and all(isinstance(one, str) for one in values.tolist())
    return values if texts and values.size else None
