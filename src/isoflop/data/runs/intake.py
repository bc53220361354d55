"""From a raw table to columns: which rows a condition keeps, numbers read in base units or worked out from several."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.cells import Cells, RawTable, numbers, numbers_or_text
from isoflop.data.runs.checks import Excluded
from isoflop.data.runs.columns import LETTERS, Origin, missing
from isoflop.data.runs.expressions import UnknownKeyError, only_key, parse_filter
from isoflop.errors import DataError, UsageError, shown
from isoflop.formula.parse import parse_condition


def called(origins: Mapping[str, Origin]) -> dict[str, tuple[str, float]]:
    """Return the source's own name of each column that has another here, and how many base units one of it is."""
    keys = {name: origin.expression.key for name, origin in origins.items()}
    return {key: (name, origins[name].factor) for name, key in keys.items() if key is not None and key != name}


def kept_rows(
    raw: RawTable, origins: Mapping[str, Origin], where: Sequence[str]
) -> tuple[RawTable, tuple[Excluded, ...]]:
    """Return the table without the rows that conditions leave out, as far as its own columns can say so."""
    names = (*dict.fromkeys([*origins, *raw.names]),)
    dropped: list[Excluded] = []
    for condition in where:
        try:
            keys = parse_filter(condition, names).keys
            wanted = {key: origins.get(key, Origin(only_key(key))) for key in keys}
            read = read_columns(raw, wanted)
            keep = holds(condition, read, len(raw.rows), source=raw.source)
        except (UsageError, DataError):
            continue  # it needs what is only worked out later, or is refused then
        if keep.all() or not keep.any():
            continue
        dropped += [Excluded(int(row), f"{condition} is false") for row in raw.rows[~keep]]
        some = tuple(_rows_of(values, keep) for values in raw.columns)
        raw = replace(raw, columns=some, rows=raw.rows[keep])
    return raw, tuple(dropped)


def _rows_of(values: Sequence[object] | NDArray[Any], keep: NDArray[np.bool_]) -> Sequence[object] | NDArray[Any]:
    return values[keep] if isinstance(values, np.ndarray) else list(compress(values, keep.tolist()))


def holds(condition: str, columns: Mapping[str, NDArray[Any]], count: int, *, source: str) -> NDArray[np.bool_]:
    """Return for each row whether a condition holds; raises DataError for a column that is missing."""
    if not isinstance(condition, str):
        raise UsageError(f"a condition is a text such as 'D/N > 0.5'; {type(condition).__name__} came.")
    try:
        parsed = parse_filter(condition, columns)
    except UnknownKeyError as unknown:
        if not re.fullmatch(r"[^\W\d_]\w*", unknown.word) or f"{unknown.word}(" in condition:
            parse_condition(condition)  # which says what a formula may hold
            raise
        raise missing(unknown.word, list(columns), source) from None
    try:
        with np.errstate(all="ignore"):  # what is no number in a row is compared as such
            found = parsed.evaluate(columns)
    except TypeError:
        kinds = ", ".join(f"{name} is {_kind(columns[name])}" for name in parsed.keys)
        raise UsageError(f"{condition} mixes numbers and text: {kinds}.") from None
    return np.broadcast_to(np.asarray(found, dtype=np.bool_), (count,))


def read_columns(raw: RawTable, origins: Mapping[str, Origin]) -> dict[str, NDArray[Any]]:
    """Return each column as numbers or text: as it stands, in base units, or worked out from several."""
    cells = dict(zip(raw.names, raw.columns, strict=True))

    def of(key: str) -> Cells:
        return Cells(raw.source, key, raw.rows, cells[key])

    read: dict[str, NDArray[Any]] = {}
    for name, origin in origins.items():
        key = origin.expression.key
        if key is None:
            with np.errstate(all="ignore"):  # rows that divide by zero are excluded by the next step (D01)
                found = origin.expression.evaluate(
                    {one: numbers(of(one), quantities=True) for one in origin.expression.keys}
                )
            read[name] = np.broadcast_to(np.asarray(found, np.float64), (len(raw.rows),)).copy()
        elif name in LETTERS:
            if getattr(getattr(cells[key], "dtype", None), "kind", "") == "b":
                raise DataError(f'{raw.source}: column "{shown(key)}" holds truth values, not {LETTERS[name]}.')
            read[name] = numbers(of(key), quantities=name != "loss", factor=origin.factor)
        else:
            read[name] = numbers_or_text(of(key))
    return read


def equal_lengths(columns: Mapping[str, NDArray[Any]], source: str) -> tuple[NDArray[Any], ...]:
    """Return the columns at one length; a single number stands for all runs."""
    lengths = {name: len(values) for name, values in columns.items() if values.ndim}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise DataError(f"{source}: the columns differ in length: {told}.")
    length = next(iter(lengths.values()), 1)
    return tuple(values if values.ndim else np.repeat(values, length) for values in columns.values())


def _kind(values: NDArray[Any]) -> str:
    return "a number" if values.dtype.kind == "f" else "text"
