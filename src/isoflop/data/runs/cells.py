"""The cells of a table as they came in, and the numbers or the text they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import DataError, UsageError, shown
from isoflop.quantities import parse_quantity

Rows = NDArray[np.int64]

# What people and programs write into a cell that has no number.
_MISSING = frozenset({"", "nan", "na", "n/a", "<na>", "null", "none"})
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+$")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table before anything is checked: names, cells, and the row each run stands in.

    rows  as a person counts them: in a delimited file the header is row 1 and the first run row
          2; in JSON, JSON lines and Python tables the first run is row 1.
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[Sequence[object] | NDArray[Any], ...]
    rows: Rows


@dataclass(frozen=True, eq=False)
class Cells:
    """One column of a raw table, with what an error needs to name a cell."""

    source: str
    column: str
    rows: Rows
    values: Sequence[object] | NDArray[Any]

    def refuse(self, index: int, reason: str) -> DataError:
        """Give the error that names file, row, column and reason for one cell."""
        cell = str(self.values[index])
        cell = shown(cell if len(cell) <= 40 else f"{cell[:37]}...")
        return DataError(f'{self.source}, row {self.rows[index]}, column "{shown(self.column)}": "{cell}" {reason}')


def numbers(cells: Cells, *, quantities: bool = False) -> NDArray[np.float64]:
    """Give the column as float64, with nan for an empty cell; a cell with text is refused.

    With quantities, "70B" and "1.4T" are numbers too.
    """
    fast = _fast_numbers(cells.values)
    if fast is not None:
        return fast
    return np.array([_number(cells, index, quantities=quantities) for index in range(len(cells.values))], np.float64)


def numbers_or_text(cells: Cells) -> NDArray[Any]:
    """Give the column as float64 if its cells are numbers or empty, otherwise as text.

    A column of numbers some of which have thousands separators is refused rather than made text.
    """
    fast = _fast_numbers(cells.values)
    if fast is not None:
        return fast
    texts = [value.strip() if isinstance(value, str) else _text(value) for value in cells.values]
    if _looks_numeric(texts):
        return numbers(cells)
    return np.array(texts, dtype=object)


def _fast_numbers(values: Sequence[object] | NDArray[Any]) -> NDArray[np.float64] | None:
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return values.astype(np.float64)
    for cells in (values, _filled(values)):
        try:
            return np.fromiter(map(float, cells), np.float64, len(values))
        except (TypeError, ValueError, OverflowError):
            continue
    return None


def _filled(values: Sequence[object] | NDArray[Any]) -> Iterator[Any]:
    """Yield the cells with "nan" for the empty ones."""
    return ("nan" if value is None or (isinstance(value, str) and not value) else value for value in values)


def _number(cells: Cells, index: int, *, quantities: bool) -> float:
    value = cells.values[index]
    text = _text(value)
    if text.lower() in _MISSING:
        return float("nan")
    try:
        return parse_quantity(text) if quantities and not is_number(text) else float(text)
    except (ValueError, UsageError):
        raise cells.refuse(index, _why_not(text)) from None


def _why_not(text: str) -> str:
    if _THOUSANDS.match(text):
        return f"has thousands separators. Write {text.replace(',', '')}."
    if _DECIMAL_COMMA.match(text):
        return f"has a decimal comma. Write {text.replace(',', '.')}."
    return "is not a number. Correct the cell, or name another column."


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _looks_numeric(texts: Sequence[str]) -> bool:
    """Say whether every cell is a number, with or without separators, or empty; and not all words."""
    found_number = False
    for text in texts:
        if text.lower() in _MISSING:
            continue
        if not (is_number(text) or _THOUSANDS.match(text)):
            return False
        found_number = True
    return found_number or not any(texts)


def is_number(text: str) -> bool:
    """Say whether text reads as one number: "1e9", " 3.2 ", "nan"."""
    try:
        float(text)
    except ValueError:
        return False
    return True
