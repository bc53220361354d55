"""A file of any supported kind of table to a raw table, and to runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from isoflop.data.limits import MAX_COLUMNS, MAX_ROWS
from isoflop.data.readers import parquet
from isoflop.data.readers.address import is_address, local_copy
from isoflop.data.readers.delimited import delimited_table, refuse_large
from isoflop.data.readers.records import is_json_lines, json_lines_table, json_table
from isoflop.data.readers.source import Text, read_text
from isoflop.data.runs import ColumnMapping, Runs, build, raw_frame
from isoflop.data.runs.cells import RawTable
from isoflop.findings import Finding

_WESTERN = Finding(
    "D19", "INFO", "the file is no UTF-8: its letters are read as Western European, its numbers as they are",
    "save it as UTF-8, if names look wrong",
)  # fmt: skip


def read_table(
    source: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> Runs:
    """Return the runs of one file, or of standard input for "-".

    columns maps the names the runs shall have to the file's: {"N": "Model Size"}; allow is as in `read`.
    Raises DataError, naming file, row, column and reason, for anything that is not a clean table.
    """
    return build(raw_source(source), columns=columns, flop_rule=flop_rule, allow=allow)


def raw_source(source: str | os.PathLike[str] | ColumnMapping, *, growing: bool = False) -> RawTable:
    """Return the raw table in a file, on standard input for "-", or in memory; growing is as in `read_text`."""
    if not isinstance(source, str | os.PathLike):
        return raw_frame(source)
    if is_address(source):
        with local_copy(str(source)) as copy:
            return replace(raw_source(copy.path, growing=growing), source=copy.address)
    if parquet.recognises(Path(source)):
        return parquet.parquet_table(Path(source), (MAX_ROWS, MAX_COLUMNS))
    return raw_table(read_text(source, growing=growing))


def raw_table(text: Text) -> RawTable:
    """Return the raw table of a text, by its suffix and by what it starts with."""
    start = text.text.lstrip()[:1]
    if text.suffix in {".jsonl", ".ndjson"} or (start == "{" and is_json_lines(text.text)):
        raw = json_lines_table(text)
    elif text.suffix == ".json" or start in {"{", "["}:
        raw = json_table(text)
    else:
        raw = delimited_table(text)
    refuse_large(len(raw.rows), len(raw.names), text.source)
    return replace(raw, findings=(*raw.findings, _WESTERN)) if text.western else raw
