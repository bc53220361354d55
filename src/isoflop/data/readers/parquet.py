"""Parquet to a raw table, read by DuckDB (extra `io`), which reads only the file it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.data.limits import MAX_BYTES
from isoflop.data.readers.source import head
from isoflop.data.runs.cells import RawTable
from isoflop.errors import DataError, MissingExtraError, shown

if TYPE_CHECKING:
    import duckdb

_MAGIC = b"PAR1"
_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
                      "HUGEINT", "FLOAT", "DOUBLE"})  # fmt: skip
_OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1, "memory_limit": "2GB", "autoload_known_extensions": False, "autoinstall_known_extensions": False,
}  # fmt: skip


def recognises(path: Path) -> bool:
    """Return whether a file begins as Parquet does."""
    return head(path, len(_MAGIC)) == _MAGIC


def parquet_table(path: Path, most: tuple[int, int]) -> RawTable:
    """Return the raw table in a Parquet file of at most so many rows and columns."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError(f'{shown(str(path))} is a Parquet file. Say: pip install "isoflop[read]"') from None
    source = shown(str(path))
    if set("*?[") & set(str(path.absolute())):
        raise DataError(f"{source}: has one of * ? [ in its path, which means several files to DuckDB. Rename it.")
    try:
        with duckdb.connect(":memory:", config=_OPTIONS) as store:
            return _table(store, path, most, source=source)
    except (duckdb.Error, UnicodeDecodeError) as error:
        told = shown(str(error).partition("\n")[0][:200])
        raise DataError(f"{source}: DuckDB cannot read it ({told}). Write it again.") from None


def _table(store: duckdb.DuckDBPyConnection, path: Path, most: tuple[int, int], *, source: str) -> RawTable:
    name = str(path.absolute())
    kinds = {row[0]: row[1] for row in store.execute("DESCRIBE SELECT * FROM read_parquet(?)", [name]).fetchall()}
    (rows,) = store.execute("SELECT num_rows FROM parquet_file_metadata(?)", [name]).fetchone() or (0,)
    if rows > most[0] or len(kinds) > most[1]:
        raise DataError(f"{source}: has {rows:,} rows and {len(kinds):,} columns; at most {most[0]:,} and {most[1]:,} "
                        "are read. Keep one row a run and the columns needed.")  # fmt: skip
    _refuse_bomb(store, name, kinds, source=source)
    wanted = ", ".join(f"{_quoted(key)}::{'DOUBLE' if _number(kind) else 'VARCHAR'}" for key, kind in kinds.items())
    found = store.execute(f"SELECT {wanted} FROM read_parquet(?)", [name]).fetchnumpy()  # noqa: S608 - names are quoted
    columns = tuple(_cells(found[key]) for key in found)
    return RawTable(source, tuple(kinds), columns, np.arange(1, rows + 1))


def _refuse_bomb(store: duckdb.DuckDBPyConnection, name: str, kinds: dict[str, str], *, source: str) -> None:
    """Refuse a table that grows too large when unpacked: one text may stand for a million rows."""
    sizes = [f"8 * count({_quoted(key)})" for key, kind in kinds.items() if _number(kind)]
    sizes += [f"coalesce(sum(strlen({_quoted(key)}::VARCHAR)), 0)" for key, kind in kinds.items() if not _number(kind)]
    (size,) = store.execute(f"SELECT {' + '.join(sizes)} FROM read_parquet(?)", [name]).fetchone() or (0,)  # noqa: S608
    if size > MAX_BYTES:
        raise DataError(f"{source}: grows beyond {MAX_BYTES >> 20} MiB when unpacked. Keep the columns needed.")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _number(kind: str) -> bool:
    return kind in _NUMBERS or kind.startswith("DECIMAL")


def _cells(values: Any) -> Any:
    """Return a column without its mask: a number that is missing is nan, a text that is missing None."""
    if isinstance(values, np.ma.MaskedArray):
        return values.filled(np.nan) if values.dtype.kind == "f" else values.filled(None)
    return values
