"""Rows as CSV in which a spreadsheet takes no text for a formula, and such text as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d]")
"""How text begins that a spreadsheet would work out, or that has an apostrophe before such a beginning already."""
_SPECIAL = re.compile('[,"\r\n]')


def as_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Give rows as CSV: columns in the order of their first row, whole numbers as such, what a row lacks left empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [[guarded(name) for name in names], *([_cell(row.get(name)) for name in names] for row in rows)]
    text = "".join((",".join(map(_quoted, line)) or '""') + "\n" for line in lines)
    return text.encode(errors="backslashreplace").decode()  # the name of a folder may be no text at all


def guarded(text: str) -> str:
    """Give text with an apostrophe before it, if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Give text as it was before it was guarded."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def _quoted(cell: str) -> str:
    """Give a cell as it stands in the file: Python's csv would leave a carriage return bare, which ends a line."""
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def _cell(value: object) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
