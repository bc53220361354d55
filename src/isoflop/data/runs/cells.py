"""The cells of a table as they came in, and the numbers or the text they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import DataError, UsageError, shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array
from isoflop.quantities import parse_quantity, year_of

Rows = NDArray[np.int64]

_MISSING = frozenset(
    [
        "nan",
        "na",
        "n/a",
        "n.a.",
        "<na>",
        "null",
        "none",
        "#n/a",
        "#na",
        "-",
        "--",
        "–",
        "—",
        "?",
        "??",
        "tbd",
        "tba",
        "…",
        "...",
        "pending",
        "missing",
    ]
) | {""}
"""What people and programs write into a cell that has no number."""
_NO_RESULT = frozenset(
    {"oom", "failed", "fail", "error", "diverged", "crashed", "crash", "killed", "timeout", "running"}
)
"""What stands in a column of numbers for a run that reached none; its row is left out by name (D01)."""
_WITHOUT = _MISSING | _NO_RESULT
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?$", re.ASCII)
_ONE_COMMA = re.compile(r"[+-]?(\d+),(\d+)([eE][+-]?\d+)?$", re.ASCII)
_GROUPED_POINT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+$", re.ASCII)
_DECIMAL, _SEPARATORS = "decimal points", "thousands separators"
"""What commas in numbers may be."""
_WORD, _LOOKED = re.compile(r"[A-Za-z][A-Za-z]+"), 50
"""How a cell begins that is a word, and how many cells tell of what kind a column is."""
_UNDERSCORES = re.compile(r"[+-]?\d{1,3}(_\d{3})+(\.\d*)?$", re.ASCII)


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table before anything is checked: names, cells, and the row each run stands in.

    rows       as a person counts them: in a delimited file the header is row 1 and the first run row
               2; in JSON, JSON lines and Python tables the first run is row 1.
    separator  what stands between cells, where they were text
    logged     whether the rows are evaluations in a tracker's log, whose steps may be its own count
    findings   what was noticed when the cells were read
    called     the source's own key of a column that has another name already, and how many base units one is
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[Sequence[object] | NDArray[Any], ...]
    rows: Rows
    separator: str = ""
    logged: bool = False
    findings: tuple[Finding, ...] = ()
    called: Mapping[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Cells:
    """One column of a raw table, with what an error needs to name a cell."""

    source: str
    column: str
    rows: Rows
    values: Sequence[object] | NDArray[Any]

    def refuse(self, index: int, reason: str) -> DataError:
        """Return the error that names file, row, column and reason for one cell."""
        cell = str(self.values[index]).removesuffix(".0")
        cell = shown(cell if len(cell) <= 40 else f"{cell[:37]}...")
        return DataError(f'{self.source}, row {self.rows[index]}, column "{shown(self.column)}": "{cell}" {reason}')


def numbers(cells: Cells, *, quantities: bool = False, factor: float = 1.0) -> Array:
    """Return the column as float64, with nan for an empty cell; a cell with text is refused. Cells of 41.2% are shares.

    quantities  "70B" and "1.4T" are numbers too
    factor      how many base units one of the column's is; a cell with a suffix of its own is not multiplied
    """
    fast = fast_numbers(cells.values)
    if fast is not None:
        return fast if factor == 1 else fast * factor
    shares = _shares(list(map(_text, cells.values)))
    if shares is not None:
        return shares
    found = [_number(cells, row, quantities=quantities, factor=factor) for row in range(len(cells.values))]
    return np.array(found, np.float64)


def bad_cells(cells: Cells, *, quantities: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the place of each cell that `numbers` would refuse, and why."""
    if fast_numbers(cells.values) is not None or _shares(list(map(_text, cells.values))) is not None:
        return
    for place in range(len(cells.values)):
        try:
            _number(cells, place, quantities=quantities, factor=1.0)
        except DataError:
            yield place, _why_not(_text(cells.values[place]))


def numbers_or_text(cells: Cells) -> NDArray[Any]:
    """Return the column as float64 if its cells are numbers or empty, otherwise as text.

    Dates are years, as 2027.5, and 41.2% is a share.

    A column of numbers some of which have thousands separators is refused rather than made text.
    """
    fast = fast_numbers(cells.values)
    if fast is not None:
        return fast
    texts = [value.strip() if isinstance(value, str) else _text(value) for value in cells.values]
    if _looks_numeric(texts):
        return numbers(cells)
    found = _shares(texts)
    found = _years(texts) if found is None else found
    return np.array(texts, dtype=object) if found is None else found


def _shares(texts: Sequence[str]) -> Array | None:
    """Return cells such as 41.2% as shares, nan for an empty cell; None where one is no per cent, or all are empty."""
    known = [text for text in texts if text.lower() not in _MISSING]
    if not known or not all(text.endswith("%") and is_number(text[:-1]) for text in known):
        return None
    return np.array([float("nan") if text.lower() in _MISSING else float(text[:-1]) / 100 for text in texts])


def _years(texts: Sequence[str]) -> Array | None:
    """Return dates as years, nan for an empty cell; None where a text is no date, or all are empty."""
    found = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        if text.lower() not in _MISSING:
            year = year_of(text)
            if year is None:
                return None
            found[place] = year
    return None if np.isnan(found).all() else found


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no number: nan, n/a, -, or nothing at all."""
    return cell.strip().lower() in _MISSING


def texts_of(raw: RawTable) -> frozenset[str]:
    """Return the columns whose first cells are all words: no number, no quantity, nothing missing."""
    return frozenset(
        name for name, cells in zip(raw.names, raw.columns, strict=True)
        if not isinstance(cells, np.ndarray) or cells.dtype.kind in "OU"
        if len(cells) > 1 and all(isinstance(cell, str) and _is_word(cell.strip()) for cell in cells[:_LOOKED])
    )  # fmt: skip


def _is_word(cell: str) -> bool:
    return bool(_WORD.match(cell)) and cell.lower() not in _MISSING and not is_number(cell)


def without_commas(raw: RawTable) -> RawTable:
    """Return a table with plain numbers where the file as a whole says what its commas are.

    4,102 may mean 4.102 or 4102. A cell such as 0,003 or 51,25 says that commas are decimal, one such as 1,234,567 or
    1,234.5 that they part thousands; between semicolons they are decimal unless a cell says otherwise.
    """
    written = {place: _written(cells) for place, cells in enumerate(raw.columns)}
    commas = {place: texts for place, texts in written.items() if texts}
    meant = _meant([text for texts in commas.values() for text in texts], raw.separator)
    changed = [place for place in commas if meant and _all_numbers(raw.columns[place])]
    if not changed:
        return raw
    plain, remedy = (_pointed, "thousands") if meant == _DECIMAL else (_joined, "decimal")
    columns = [
        [plain(cell) for cell in cells] if place in changed else cells for place, cells in enumerate(raw.columns)
    ]
    names = ", ".join(f'"{shown(raw.names[place])}"' for place in changed[:4]) + ", …" * (len(changed) > 4)
    said = Finding(
        "D19", "INFO", f"commas are read as {meant} in {names}", f"write plain numbers, if these are {remedy}"
    )
    return replace(raw, columns=tuple(columns), findings=(*raw.findings, said))


def _written(cells: Sequence[object] | NDArray[Any]) -> list[str]:
    """Return the texts of a column that are numbers with commas; none for a column of other texts."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return []
    found = [cell for cell in cells if isinstance(cell, str) and "," in cell]
    texts = [text for text in map(str.strip, found) if _with_comma(text)]
    return texts if len(texts) == len(found) else []


def _with_comma(text: str) -> bool:
    return bool(_ONE_COMMA.match(text) or _THOUSANDS.match(text) or _GROUPED_POINT.match(text))


def _meant(texts: Sequence[str], separator: str) -> str:
    """Return what commas are in these texts, all those of a file; empty where they may be either."""
    one = [found for text in texts if (found := _ONE_COMMA.match(text))]
    decimal = any(len(found[2]) != 3 or len(found[1]) > 3 or found[1].startswith("0") or found[3] for found in one)
    decimal |= any(_GROUPED_POINT.match(text) for text in texts)
    thousands = any(_THOUSANDS.match(text) and not _ONE_COMMA.match(text) for text in texts)
    if thousands:
        return "" if decimal else _SEPARATORS
    return _DECIMAL if decimal or (texts and separator == ";") else ""


def _all_numbers(cells: Iterable[object]) -> bool:
    texts = [_text(cell) for cell in cells]
    return all(text.lower() in _WITHOUT or is_number(text) or _with_comma(text) for text in texts)


def _pointed(cell: object) -> object:
    if not isinstance(cell, str) or "," not in cell:
        return cell
    return cell.replace(".", "").replace(",", ".")


def _joined(cell: object) -> object:
    return cell.replace(",", "") if isinstance(cell, str) else cell


def fast_numbers(values: Sequence[object] | NDArray[Any]) -> Array | None:
    """Return cells as float64 where all are plain numbers or empty; None for any others."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return values.astype(np.float64)
    if _unusual(values):
        return None
    for cells in (values, _filled(values)):
        try:
            return np.fromiter(map(float, cells), np.float64, len(values))
        except (TypeError, ValueError, OverflowError):
            continue
    return None


def _unusual(values: Sequence[object] | NDArray[Any]) -> bool:
    """Return whether a text has an underscore or a sign of another script, of which Python would make a number."""
    try:
        joined = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        joined = "".join(value for value in values if isinstance(value, str))
    return "_" in joined or not joined.isascii()


def _filled(values: Sequence[object] | NDArray[Any]) -> Iterator[Any]:
    """Yield the cells with "nan" for the empty ones."""
    return ("nan" if value is None or (isinstance(value, str) and not value) else value for value in values)


def _number(cells: Cells, index: int, *, quantities: bool, factor: float) -> float:
    value = cells.values[index]
    text = _text(value)
    if text.lower() in _WITHOUT:
        return float("nan")
    try:
        if is_number(text):
            return float(text) * factor
        if _UNDERSCORES.match(text):
            return float(text.replace("_", "")) * factor
        if quantities and text.isascii() and "_" not in text:
            return parse_quantity(text)
    except (ValueError, UsageError):
        pass
    raise cells.refuse(index, _why_not(text))


def _why_not(text: str) -> str:
    if _ONE_COMMA.match(text):
        point, plain = text.replace(",", "."), text.replace(",", "")
        if not _THOUSANDS.match(text):
            return f"has a decimal comma. Write {point}."
        return f"has thousands separators, or a decimal comma. Write {plain} or {point}."
    if _THOUSANDS.match(text):
        return f"has thousands separators. Write {text.replace(',', '')}."
    if any(sign.isdigit() and not sign.isascii() for sign in text):
        return "has digits that are not 0 to 9. Write it with those."
    return "is not a number. Correct the cell, or name another column."


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _looks_numeric(texts: Sequence[str]) -> bool:
    """Return whether every cell is a number, with or without separators, or empty; and not all words."""
    found_number = False
    for text in texts:
        if text.lower() in _MISSING:
            continue
        if not (is_number(text) or _THOUSANDS.match(text)):
            return False
        found_number = True
    return found_number or not any(texts)


def is_number(text: str) -> bool:
    """Return whether text reads as one number: "1e9", " 3.2 ", "nan"; 2_5 and digits of other scripts do not."""
    if "_" in text or not text.isascii():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
