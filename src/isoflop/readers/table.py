"""Delimited text (comma, tab, semicolon) to a raw table, and a file of any supported kind to runs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from itertools import islice

import numpy as np

from isoflop.cells import RawTable, is_number
from isoflop.errors import DataError
from isoflop.readers.records import is_json_lines, json_lines_table, json_table
from isoflop.readers.source import Text, read_text
from isoflop.runs import Runs, build

MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_table(
    source: str | os.PathLike[str], *, columns: Mapping[str, str] | None = None, flop_rule: str = "6ND"
) -> Runs:
    """Give the runs of one file, or of standard input for "-".

    columns maps the names the runs shall have to the file's: {"N": "Model Size"}. Raises DataError,
    naming file, row, column and reason, for anything that is not a clean table.
    """
    return build(raw_table(read_text(source)), columns=columns, flop_rule=flop_rule)


def raw_table(text: Text) -> RawTable:
    """Give the raw table of a text, by its suffix and by what it starts with."""
    start = text.text.lstrip()[:1]
    if text.suffix in {".jsonl", ".ndjson"} or (start == "{" and is_json_lines(text.text)):
        raw = json_lines_table(text)
    elif text.suffix == ".json" or start in {"{", "["}:
        raw = json_table(text)
    else:
        raw = delimited_table(text)
    _refuse_large(len(raw.rows), len(raw.names), text.source)
    return raw


def delimited_table(text: Text) -> RawTable:
    """Give the raw table of delimited text with a header; blank lines are skipped but counted."""
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    # any() of cells: a line of separators alone, as spreadsheets leave behind, is as blank as a blank line.
    filled = [row for row, record in enumerate(records, start=1) if any(record)]
    header, kept = records[filled[0] - 1], [records[row - 1] for row in filled[1:]]
    names, rows = _header(header, text.source), filled[1:]
    _refuse_ragged(text, rows, kept, width=len(names), separator=_DELIMITERS[delimiter])
    columns = tuple(zip(*kept, strict=True)) if kept else ((),) * len(names)
    source = text.source if delimiter in {",", "\t"} else f"{text.source} (separated by semicolons)"
    return RawTable(source, names, columns, np.array(rows, dtype=np.int64))


def _refuse_ragged(
    text: Text, rows: list[int], records: list[list[str]], *, width: int, separator: str
) -> None:
    for row, record in zip(rows, records, strict=True):
        if len(record) != width:
            raise DataError(
                f"{text.source}, row {row}: {len(record)} cells where the header has {width} columns "
                f"(separated by {separator}s)."
            )


def _delimiter(text: Text) -> str:
    """Give the separator the header has most of; a comma if it has none."""
    header = text.text.lstrip("\r\n").partition("\n")[0]
    counts = {delimiter: header.count(delimiter) for delimiter in _DELIMITERS}
    _refuse_large(0, max(counts.values()), text.source)
    if text.suffix in {".tsv", ".tab"} and counts["\t"]:
        return "\t"
    return max(counts, key=lambda delimiter: counts[delimiter])


def _records(text: Text, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text.text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    try:
        records.extend(islice(reader, MAX_ROWS + 2))
    except csv.Error as error:
        begun = len(records) + 1
        raise DataError(
            f"{text.source}, row {begun}: {error} (read up to line {reader.line_num}). Is a quote left open?"
        ) from None
    _refuse_large(len(records) - 1, 0, text.source)
    return records


def _header(cells: list[str], source: str) -> tuple[str, ...]:
    """Give the column names; a column without one, such as a data frame's index, is "column 3"."""
    if all(is_number(cell) for cell in cells):
        raise DataError(
            f"{source}, row 1: holds numbers where the column names should be. Add a header: N,D,loss."
        )
    return tuple(cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1))


def _refuse_large(rows: int, columns: int, source: str) -> None:
    if rows > MAX_ROWS:
        raise DataError(f"{source}: has more than {MAX_ROWS:,} rows. Keep one row a run.")
    if columns > MAX_COLUMNS:
        raise DataError(
            f"{source}: has more than {MAX_COLUMNS:,} columns. Keep N, D, loss and what else is needed."
        )
