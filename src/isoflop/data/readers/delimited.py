"""Delimited text to a raw table: commas, tabs, semicolons, bars or spaces; Markdown; a header that begins with #."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.limits import MAX_COLUMNS, MAX_ROWS
from isoflop.data.readers.prose import RULE, table_in_prose
from isoflop.data.readers.second_header import is_second_header, names_with_units
from isoflop.data.readers.source import Text
from isoflop.data.runs.cells import RawTable, fast_numbers, is_number
from isoflop.errors import DataError
from isoflop.files import restored

_CHUNK = 2_000
_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "spaces"}
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*(?:\n|$)", re.IGNORECASE)
"""What Excel is told the separator by."""
_LARGE = _BLOCK = 1 << 20
"""Characters from which a table is worth a faster way, which takes so many at once."""
_NOT_PLAIN = ('"', "'", "\n\n", "\r", "\0")
"""What the faster way leaves to the csv module."""

Records = Iterator[tuple[int, list[str]]]


def delimited_table(text: Text) -> RawTable:
    """Return the raw table of delimited text with a header; blank lines and comments are skipped but counted."""
    text, said = _without_comments(text)
    text = table_in_prose(text)
    separator = said or _separator(text)
    quick = _plain(text, separator)
    if quick is not None:
        return quick
    records = _records(text, separator)
    header_row, header = next(records, (1, []))
    names = _header(header, header_row, text.source)
    names, records, above = _below_the_header(names, records, text.source)
    rows: list[NDArray[np.int64]] = []
    chunks: list[list[NDArray[Any] | tuple[str, ...]]] = []
    while chunk := list(islice(records, _CHUNK)):
        numbers, cells = zip(*chunk, strict=True)
        if {*map(len, cells)} != {len(names)}:
            _refuse_ragged(chunk, text.source, width=len(names), separator=_NAMES[separator])
        rows.append(np.array(numbers))
        refuse_large(len(rows) * _CHUNK - _CHUNK, 0, text.source)
        # Numbers become an array at once: a million texts would take ten times the memory.
        chunks.append([_chunk_of(column) for column in zip(*cells, strict=True)])
    columns = [_joined(parts) for parts in zip(*chunks, strict=True)] or [()] * len(names)
    if mixed := [place for place, cells in enumerate(columns) if cells is None]:
        again = list(_column_texts(text, separator, mixed, above=above))
        for place, texts in zip(mixed, zip(*again, strict=True), strict=True):
            columns[place] = texts
    source = f"{text.source} (separated by semicolons)" if separator == ";" else text.source
    whole = tuple(cells for cells in columns if cells is not None)
    return RawTable(
        source, names, whole, np.concatenate(rows) if rows else np.zeros(0, np.int64), separator=separator
    )  # fmt: skip


def _without_comments(text: Text) -> tuple[Text, str]:
    """Return the text with blank lines for comments, and the separator that a first line such as "sep=;" states.

    A first comment with several names, in a table whose next line is numbers, is the header: np.savetxt writes it so.
    """
    separator = ""
    if stated := _SEPARATOR_LINE.match(text.text):
        separator = stated[1] if stated[1] in _NAMES else ""
        text = replace(text, text="\n" + text.text[stated.end() :])
    if not text.text.lstrip().startswith("#") and "\n#" not in text.text:
        return text, separator
    lines = text.text.split("\n")
    comments = [row for row, line in enumerate(lines) if line.lstrip().startswith("#")]
    first = next((row for row, line in enumerate(lines) if line.strip() and row not in {*comments}), len(lines))
    above = [row for row in comments if row < first]
    header = above[-1] if above and first < len(lines) and _has_names(lines[above[-1]], lines[first]) else None
    for row in comments:
        lines[row] = lines[row].lstrip().lstrip("#").strip() if row == header else ""
    return replace(text, text="\n".join(lines)), separator


def _has_names(comment: str, below: str) -> bool:
    """Return whether a comment is the header of the line of cells below it: as many words, none of them a number."""
    words, cells = (re.findall(r"[^\s,;|]+", line) for line in (comment.lstrip().lstrip("#"), below))
    fields = [max(len(line.split(sign)) for sign in ",;\t|") for line in (comment, below)]
    alike = len(words) == len(cells) or (fields[0] == fields[1] > 1)
    return alike and len(words) > 1 and not any(map(is_number, words)) and is_number(cells[0])


def _separator(text: Text) -> str:
    """Return the separator the header has most of; a bar in a Markdown table, a space where there is nothing else."""
    lines = [line for line in text.text.lstrip("\r\n").split("\n", 3)[:3] if line.strip()]
    header = lines[0] if lines else ""
    if header.lstrip().startswith("|") or (len(lines) > 1 and "|" in header and RULE.match(lines[1])):
        return "|"
    counts = {separator: header.count(separator) for separator in (",", "\t", ";", "|")}
    refuse_large(0, max(counts.values()), text.source)
    if text.suffix in {".tsv", ".tab"} and counts["\t"]:
        return "\t"
    if not any(counts.values()):
        words = [len(line.split()) for line in lines]
        return " " if len(lines) > 1 and words[0] > 1 and len(set(words)) == 1 else ","
    return max(counts, key=lambda separator: counts[separator])


def _records(text: Text, separator: str) -> Records:
    """Yield each record with its row, except blank ones; separators alone are blank too."""
    if separator in {" ", "|"}:
        yield from _lines(text, separator)
        return
    reader = csv.reader(io.StringIO(text.text, newline=""), delimiter=separator, strict=True)
    row = 0
    try:
        guarded = "'" in text.text
        for row, record in enumerate(reader, start=1):
            if any(record):
                yield (row, [restored(cell) for cell in record]) if guarded else (row, record)
    except csv.Error as error:
        raise DataError(
            f"{text.source}, row {row + 1}: {error} (at line {reader.line_num}). Is a quote left open?"
        ) from None


def _lines(text: Text, separator: str) -> Records:
    for row, line in enumerate(text.text.split("\n"), start=1):
        if not line.strip() or (separator == "|" and RULE.match(line.strip())):
            continue
        if separator == " ":
            yield row, line.split()
        elif "|" in line:
            yield row, [cell.strip().strip("*`") for cell in line.strip().strip("|").split("|")]


def _below_the_header(names: tuple[str, ...], records: Records, source: str) -> tuple[tuple[str, ...], Records, int]:
    """Return the names, with the units of a second line if there is one, the rows, and the lines above them."""
    first = list(islice(records, 2))
    if len(first) == 2 and len(first[0][1]) == len(names) and is_second_header(first[0][1], first[1][1]):
        names = names_with_units(names, first[0][1], f"{source}, row {first[0][0]}")
        return names, chain(first[1:], records), 2
    return names, chain(first, records), 1


def _chunk_of(cells: tuple[str, ...]) -> NDArray[Any] | tuple[str, ...]:
    found = None if "" in cells else fast_numbers(cells)  # an empty cell is not the word nan
    return cells if found is None else found


def _joined(parts: Sequence[NDArray[Any] | tuple[str, ...]]) -> Any:
    """Return one column; None where some parts became numbers and some did not, so that their texts are needed."""
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if len(arrays) == len(parts):
        return np.concatenate(arrays)
    return tuple(chain.from_iterable(parts)) if not arrays else None


def _column_texts(text: Text, separator: str, places: Iterable[int], *, above: int) -> Iterator[tuple[str, ...]]:
    records = islice(_records(text, separator), above, None)
    return (tuple(record[place] for place in places) for _, record in records)


def _plain(text: Text, separator: str) -> RawTable | None:
    """Return a large table without quotes and blank lines, a block of lines at once; None for any other."""
    body = text.text.lstrip("\n").replace("\r\n", "\n").rstrip("\n")
    if len(body) < _LARGE or separator not in {",", "\t", ";"} or any(sign in body for sign in _NOT_PLAIN):
        return None
    head, _, body = body.partition("\n")
    (_, header), *_ = _records(replace(text, text=head), separator)
    names = _header(header, 1, text.source)
    count = body.count("\n") + 1
    refuse_large(count, len(names), text.source)
    parts = [_block(block, separator, len(names)) for block in _blocks(body)]
    whole = [part for part in parts if part is not None]
    columns = [_joined(chunks) for chunks in zip(*whole, strict=True)] if len(whole) == len(parts) else [None]
    found = [column for column in columns if column is not None]
    if len(found) < len(names):
        return None
    first = 2 + len(text.text) - len(text.text.lstrip("\n"))
    source = f"{text.source} (separated by semicolons)" if separator == ";" else text.source
    return RawTable(source, names, tuple(found), np.arange(first, first + count), separator=separator)


def _blocks(body: str) -> Iterator[str]:
    start = 0
    while start < len(body):
        end = body.find("\n", start + _BLOCK)
        end = len(body) if end < 0 else end
        yield body[start:end]
        start = end + 1


def _block(block: str, separator: str, width: int) -> list[NDArray[Any] | tuple[str, ...]] | None:
    """Return the columns of a block of lines; None if a line is blank or has another number of cells."""
    lines = block.split("\n")
    if {line.count(separator) for line in lines} != {width - 1} or separator * (width - 1) in lines:
        return None
    cells = block.replace("\n", separator).split(separator)
    return [_chunk_of(tuple(cells[place::width])) for place in range(width)]


def _refuse_ragged(chunk: list[tuple[int, list[str]]], source: str, *, width: int, separator: str) -> None:
    for row, record in chunk:
        if len(record) != width:
            cells = "1 cell" if len(record) == 1 else f"{len(record)} cells"
            columns = "1 column" if width == 1 else f"{width} columns"
            raise DataError(f"{source}, row {row}: {cells} where the header has {columns} (separated by {separator}).")


def _header(cells: list[str], row: int, source: str) -> tuple[str, ...]:
    """Return the column names; a column without one, such as a data frame's index, is "column 3"."""
    if not cells:
        raise DataError(f"{source}: is empty but for separators. Give a header and one row for each run.")
    if all(is_number(cell) for cell in cells):
        raise DataError(f"{source}, row {row}: holds numbers where the column names should be. Add a header: N,D,loss.")
    return tuple(cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1))


def refuse_large(rows: int, columns: int, source: str) -> None:
    """Refuse a table of more rows or columns than are read."""
    if rows > MAX_ROWS:
        raise DataError(f"{source}: has more than {MAX_ROWS:,} rows. Keep one row a run.")
    if columns > MAX_COLUMNS:
        raise DataError(f"{source}: has more than {MAX_COLUMNS:,} columns. Keep N, D, loss and what else is needed.")
