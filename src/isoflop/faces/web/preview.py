"""What an uploaded file holds, before it is opened: first rows, which column is which, the cells that are no numbers.

A file with bad cells is kept, so that its user can mend them or leave their rows out; one that is no table is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isoflop.data.read import find_runs
from isoflop.data.readers.found import Found
from isoflop.data.readers.table import raw_source
from isoflop.data.runs.cells import Cells, RawTable, bad_cells, texts_of, without_commas
from isoflop.data.runs.columns import LETTERS, Origin, assign
from isoflop.errors import DataError, UsageError
from isoflop.faces.pages.content import told
from isoflop.faces.web.results import suited

SHOWN, MOST_BAD = 6, 50
"""Rows that are shown, and bad cells that are listed; of more, the first."""
_LONGEST = 60
"""Letters of a cell that are shown."""


@dataclass(frozen=True, kw_only=True)
class BadCell:
    """A cell that is no number where one must be: its row as a person counts, its column, what it says and why not."""

    row: int
    column: str
    cell: str
    why: str


def preview(path: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """Return what a file of runs holds; raises DataError for what is no table and no log.

    columns  which column is which, where its user says so: {"N": "Model Size"}
    """
    try:
        found, wrong = find_runs(path, columns=columns), ""
    except (DataError, UsageError) as error:
        found, wrong = None, str(error)
    if found is not None and found.kind != "table":
        return _of_logs(found)
    raw = raw_source(path)
    if len(set(raw.names)) < len(raw.names) or not len(raw.rows):
        raise DataError(wrong or f"{raw.source}: there are no runs in it.")
    named = _named(raw, columns)
    bad = [*_bad(raw, named)]
    runs = found.runs if found else None
    lacking = [letter for letter in ("N", "D", "loss") if letter not in (runs.columns if runs else named)]
    return {
        "kind": "runs", "runs": len(runs) if runs else len(raw.rows), "columns": list(raw.names),
        "guessed": {letter: one.expression.text for letter, one in named.items() if letter in LETTERS},
        "head": [[_text(cells[row]) for cells in raw.columns] for row in range(min(SHOWN, len(raw.rows)))],
        "bad": [vars(one) for one in bad[:MOST_BAD]], "of_bad": len({one.row for one in bad}), "lacking": lacking,
        "excluded": [[one.row, one.reason] for one in runs.excluded][:MOST_BAD] if runs else [],
        "suits": suited(runs) if runs else [],
        "wrong": "" if bad or lacking else wrong, "findings": told(runs.findings) if runs else [],
    }  # fmt: skip


def _of_logs(found: Found) -> dict[str, Any]:
    """Return what is known of logs, a study or one printed run."""
    rows = found.runs.as_rows()
    names = [*dict.fromkeys(key for row in rows[:SHOWN] for key in row)]
    return {
        "kind": found.kind, "runs": len(found.runs), "columns": names,
        "guessed": {one.letter: one.key for one in found.taken if one.letter in LETTERS},
        "head": [[_text(row.get(name, "")) for name in names] for row in rows[:SHOWN]],
        "bad": [], "of_bad": 0, "excluded": [[one.row, one.reason] for one in found.runs.excluded][:MOST_BAD],
        "lacking": [letter for letter in ("N", "D", "loss") if letter not in found.runs.columns],
        "suits": suited(found.runs), "wrong": found.missing, "findings": told(found.runs.findings),
    }  # fmt: skip


def mended(path: str, columns: Mapping[str, str], mend: Sequence[object]) -> str:
    """Return a table as CSV with cells that were mended, [row, column, cell], and without the rows that stay bad."""
    raw = without_commas(raw_source(path))
    cells = [list(values) for values in raw.columns]
    places, numbers = {name: place for place, name in enumerate(raw.names)}, raw.rows.tolist()
    for row, column, cell in map(_cell, mend):
        if column not in places or row not in numbers:
            raise UsageError(f"there is no row {row} with a column {column} in it.")
        cells[places[column]][numbers.index(row)] = cell
    bad = {one.row for one in _bad(replace(raw, columns=tuple(cells)), _named(raw, columns))}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(raw.names)
    writer.writerows(
        ["" if one is None else one for one in line]
        for row, line in zip(numbers, zip(*cells, strict=True), strict=True)
        if row not in bad
    )
    return stream.getvalue()


def _cell(said: object) -> tuple[int, str, str]:
    match said:
        case [int(row), str(column), str(cell)]:
            return row, column, cell
    raise UsageError('a cell that was mended is [row, column, cell], such as [4, "loss", "3.1"].')


def _named(raw: RawTable, columns: Mapping[str, str]) -> dict[str, Origin]:
    """Return which column is which letter; where several may be one, none of them is."""
    try:
        return dict(assign(raw.names, columns, raw.source, texts=texts_of(raw)))
    except DataError:
        found: dict[str, Origin] = {}
        for letter in LETTERS:
            name = columns.get(letter)
            if name in raw.names:
                found |= {letter: assign([name], {letter: name}, raw.source)[letter]}
        return found


def _bad(raw: RawTable, named: Mapping[str, Origin]) -> Iterator[BadCell]:
    """Yield the cells of N, D, C and loss that are no numbers."""
    cells = dict(zip(raw.names, raw.columns, strict=True))
    for letter, one in named.items():
        for key in one.expression.keys if letter in LETTERS else ():
            of = Cells(raw.source, key, raw.rows, cells[key])
            for index, why in bad_cells(of, quantities=letter != "loss"):
                yield BadCell(row=int(raw.rows[index]), column=key, cell=_text(of.values[index]), why=why)


def _text(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
