"""MLflow's SQLite store: opened for reading only, its integrity checked, deleted runs left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from isoflop.data.limits import MAX_POINTS
from isoflop.data.readers.logs import Cell, Logged, refuse_many, series
from isoflop.data.readers.source import head
from isoflop.errors import DataError, shown

if TYPE_CHECKING:
    import sqlite3

TITLE = "MLflow"
_MAGIC = b"SQLite format 3\0"
_TABLES = {
    "runs": {"run_uuid", "name", "status", "lifecycle_stage", "experiment_id"},
    "metrics": {"key", "value", "run_uuid", "step", "is_nan"},
    "params": {"key", "value", "run_uuid"},
    "experiments": {"experiment_id", "name", "lifecycle_stage"},
}
"""What is read, and the columns it needs."""
_INFINITE = 1.7976931348623157e308
"""What MLflow stores for infinity."""
_STEPS = 500_000_000
"""Instructions of its machine after which SQLite gives up; a store of 2e6 values takes a third of them."""


def recognises(path: Path) -> bool:
    """Return whether this is a SQLite file with MLflow's table of runs."""
    if head(path, len(_MAGIC)) == _MAGIC:
        import sqlite3

        with suppress(sqlite3.Error), closing(_open(path)) as store:
            return {"runs", "metrics"} <= set(_columns(store))
    return False


def read(path: Path) -> tuple[Logged, ...]:
    """Return the runs of a store that are not deleted, each with its metrics and parameters."""
    import sqlite3

    try:
        with closing(_open(path)) as store:
            _check(store, str(path))
            return tuple(_runs(store, str(path)))
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise DataError(
            f"{shown(str(path))}: SQLite cannot read it ({error}). Copy it again while nothing writes to it."
        ) from None


def _open(path: Path) -> sqlite3.Connection:
    """Return the store, which nothing can change; where no write is under way, without a lock or a file beside it."""
    import sqlite3

    under_way = any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal"))
    address = f"file:{quote(str(path.absolute()))}?mode=ro{'' if under_way else '&immutable=1'}"
    store = sqlite3.connect(address, uri=True, timeout=10)
    left = iter(range(_STEPS // 100_000))
    store.set_progress_handler(lambda: next(left, None) is None, 100_000)
    store.execute("PRAGMA trusted_schema = OFF")
    store.execute("PRAGMA cell_size_check = ON")
    return store


def _columns(store: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the columns of the tables that are read; views and virtual tables, which can compute, do not count."""
    listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    tables = [name for (name,) in store.execute(listed) if name in _TABLES]
    return {name: {row[1] for row in store.execute(f"PRAGMA table_info({name})")} for name in tables}


def _check(store: sqlite3.Connection, source: str) -> None:
    found = _columns(store)
    for name, needed in _TABLES.items():
        if name not in found:
            raise DataError(f"{shown(source)}: has no table {name}, as MLflow's store has.")
        if missing := sorted(needed - found[name]):
            raise DataError(f"{shown(source)}: table {name} has no column {missing[0]}, as MLflow's store has.")
    for name in found:
        (told,) = store.execute(f"PRAGMA integrity_check({name})").fetchone()
        if told != "ok":
            raise DataError(
                f"{shown(source)}: is damaged: {shown(told[:200])}. Copy it again while nothing writes to it."
            )


def _runs(store: sqlite3.Connection, source: str) -> Iterator[Logged]:
    rows = store.execute(
        "SELECT r.run_uuid, r.name, r.status, e.name FROM runs r JOIN experiments e USING (experiment_id) "
        "WHERE r.lifecycle_stage = 'active' AND e.lifecycle_stage = 'active' ORDER BY r.rowid"
    ).fetchall()
    metrics, params = _metrics(store, source), _params(store)
    experiments = {experiment for *_, experiment in rows}
    for run, name, status, experiment in rows:
        called = name or run
        yield Logged(
            f"{experiment}/{called}" if len(experiments) > 1 else called, params[run],
            {key: series(*points) for key, points in metrics[run].items()}, status=(status or "").lower(),
        )  # fmt: skip


def _metrics(store: sqlite3.Connection, source: str) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    refuse_many(store.execute("SELECT count(*) FROM metrics").fetchone()[0], source)
    found: dict[str, dict[str, tuple[list[float], list[float]]]] = defaultdict(dict)
    wanted = "SELECT run_uuid, key, step, CASE WHEN is_nan THEN NULL ELSE value END FROM metrics ORDER BY rowid LIMIT ?"
    for run, key, step, value in store.execute(wanted, (MAX_POINTS,)):
        points = found[run].get(key)
        if points is None:
            points = found[run][key] = ([], [])
        points[0].append(step)
        points[1].append(_value(value, source))
    return found


def _value(value: object, source: str) -> float:
    if isinstance(value, float | int):
        return value if abs(value) < _INFINITE else float("inf") if value > 0 else float("-inf")
    if value is None:
        return float("nan")
    raise DataError(f"{shown(source)}: table metrics holds something that is no number.")


def _params(store: sqlite3.Connection) -> dict[str, dict[str, Cell]]:
    found: dict[str, dict[str, Cell]] = defaultdict(dict)
    for run, key, value in store.execute("SELECT run_uuid, key, value FROM params"):
        found[run][key] = value
    return found
