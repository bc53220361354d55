"""Results as flat rows, for a DataFrame of pandas or polars, neither of which is loaded before one is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from isoflop.errors import MissingExtraError

_DEEPEST = 8
_NOT_THE_RESULT = frozenset({"findings", "excluded", "taken", "command"})
"""Lists that say how a result came about."""
_ESTIMATE = frozenset({"value", "low", "high"})


def rows_of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a result's JSON as flat rows: its table, the first list of objects in it; or else itself, as one row.

    An estimate is three columns: loss, loss.low and loss.high. Of what begins with findings, they are the result.
    """
    if next(iter(found), None) == "findings":
        return _table(found["findings"])
    for name, value in found.items():
        if name not in _NOT_THE_RESULT and (rows := _table(value)):
            return rows
    return [_flat({name: value for name, value in found.items() if name not in _NOT_THE_RESULT})]


def _table(value: Any) -> list[dict[str, Any]]:
    """Return a list of objects, or objects by name, as rows; nothing for anything else."""
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return [_flat(one) for one in value]
    named = isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values())
    return [{"name": name, **_flat(one)} for name, one in value.items()] if named else []


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row: keys joined by dots, an estimate's value under its own name, lists as their JSON text."""
    cells = flattened(row)
    found = {}
    for key, value in cells.items():
        stem, _, last = key.rpartition(".")
        estimate = last == "value" and {f"{stem}.{part}".lstrip(".") for part in _ESTIMATE} <= cells.keys()
        plain = json.dumps(value, default=str) if isinstance(value, list | tuple | Mapping) else value
        found[stem if estimate and stem else key] = plain
    return found


def flattened(row: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Return a nested mapping as one, its keys joined by dots."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping) and depth < _DEEPEST:
            found |= flattened(value, f"{key}.", depth + 1)
        else:
            found[key] = value
    return found


def to_pandas(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return flat rows as a pandas DataFrame."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas is not installed. Type: pip install pandas") from None
    return pd.DataFrame(list(rows))


def to_polars(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return flat rows as a polars DataFrame."""
    try:
        import polars as pl
    except ImportError:
        raise MissingExtraError("polars is not installed. Type: pip install polars") from None
    return pl.DataFrame(list(rows), infer_schema_length=None)
