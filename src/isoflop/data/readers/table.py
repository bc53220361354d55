"""Delimited text (comma, tab, semicolon) to a raw table, and a file of any supported kind to runs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from isoflop.data.limits import MAX_COLUMNS, MAX_ROWS
from isoflop.data.readers import parquet
from isoflop.data.readers.records import is_json_lines, json_lines_table, json_table
from isoflop.data.readers.source import Text, read_text
from isoflop.data.runs import Runs, build
from isoflop.data.runs.cells import RawTable, is_number
from isoflop.errors import DataError
from isoflop.files import restored

_CHUNK = 500
_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_table(
    source: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> Runs:
    """Give the runs of one file, or of standard input for "-".

    columns maps the names the runs shall have to the file's: {"N": "Model Size"}; allow is as in `read`.
    Raises DataError, naming file, row, column and reason, for anything that is not a clean table.
    """
    return build(raw_source(source), columns=columns, flop_rule=flop_rule, allow=allow)


def raw_source(source: str | os.PathLike[str]) -> RawTable:
    """Give the raw table in a file, or on standard input for "-"."""
    if source != "-" and parquet.recognises(Path(source)):
        return parquet.parquet_table(Path(source), (MAX_ROWS, MAX_COLUMNS))
    return raw_table(read_text(source))


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
    header_row, header = next(records, (1, []))
    names = _header(header, header_row, text.source)
    rows: list[int] = []
    # Chunks become tuples of texts at once: the garbage collector walks through lists again and again.
    chunks: list[tuple[tuple[str, ...], ...]] = []
    while chunk := list(islice(records, _CHUNK)):
        _refuse_ragged(chunk, text.source, width=len(names), separator=_DELIMITERS[delimiter])
        rows.extend(row for row, _ in chunk)
        _refuse_large(len(rows), 0, text.source)
        chunks.append(tuple(zip(*(record for _, record in chunk), strict=True)))
    columns = tuple(tuple(chain.from_iterable(parts)) for parts in zip(*chunks, strict=True))
    source = text.source if delimiter in {",", "\t"} else f"{text.source} (separated by semicolons)"
    return RawTable(source, names, columns or ((),) * len(names), np.array(rows, dtype=np.int64))


def _refuse_ragged(chunk: list[tuple[int, list[str]]], source: str, *, width: int, separator: str) -> None:
    for row, record in chunk:
        if len(record) != width:
            raise DataError(
                f"{source}, row {row}: {len(record)} cells where the header has {width} columns "
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


def _records(text: Text, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its row, except blank ones; separators alone are blank too."""
    reader = csv.reader(io.StringIO(text.text, newline=""), delimiter=delimiter, strict=True)
    row = 0
    try:
        guarded = "'" in text.text
        for row, record in enumerate(reader, start=1):
            if any(record):
                yield row, [restored(cell) for cell in record] if guarded else record
    except csv.Error as error:
        raise DataError(
            f"{text.source}, row {row + 1}: {error} (at line {reader.line_num}). Is a quote left open?"
        ) from None


def _header(cells: list[str], row: int, source: str) -> tuple[str, ...]:
    """Give the column names; a column without one, such as a data frame's index, is "column 3"."""
    if not cells:
        raise DataError(f"{source}: is empty but for separators. Give a header and one row for each run.")
    if all(is_number(cell) for cell in cells):
        raise DataError(f"{source}, row {row}: holds numbers where the column names should be. Add a header: N,D,loss.")
    return tuple(cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1))


def _refuse_large(rows: int, columns: int, source: str) -> None:
    if rows > MAX_ROWS:
        raise DataError(f"{source}: has more than {MAX_ROWS:,} rows. Keep one row a run.")
    if columns > MAX_COLUMNS:
        raise DataError(f"{source}: has more than {MAX_COLUMNS:,} columns. Keep N, D, loss and what else is needed.")
