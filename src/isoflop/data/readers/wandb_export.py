"""W&B's export of a chart: a column of steps, and for each run "NAME - KEY" with its minimum and maximum."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from isoflop.data.readers.logs import Logged, Series, refuse_many, series, whole_lines
from isoflop.data.readers.source import header
from isoflop.errors import DataError, shown

TITLE = "W&B export"
_BETWEEN = " - "
_ENDS = ("__MIN", "__MAX")


def recognises(path: Path) -> bool:
    """Return whether this is such an export: its columns come in threes, one of them with __MIN and one with __MAX."""
    return path.suffix == ".csv" and path.is_file() and bool(_values(header(path)))


def read(path: Path) -> tuple[Logged, ...]:
    """Return the runs in a chart, each with the one metric that it shows."""
    text, doubts = whole_lines(path)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(rows, [])
        columns: dict[int, tuple[list[float], list[float]]] = {place: ([], []) for place in _values(names)}
        for cells in rows:
            if len(cells) != len(names):
                raise ValueError(f"{len(cells)} cells where the header has {len(names)}")  # noqa: TRY301
            for place, (steps, values) in columns.items():
                if cells[place]:
                    steps.append(float(cells[0]))
                    values.append(float(cells[place]))
        refuse_many(sum(len(values) for _, values in columns.values()), str(path))
    except (ValueError, csv.Error) as error:
        raise DataError(f"{shown(str(path))}, line {rows.line_num}: {shown(str(error))}. Correct the line.") from None
    runs: dict[str, dict[str, Series]] = {}
    for place, points in columns.items():
        name, _, key = names[place].rpartition(_BETWEEN)
        runs.setdefault(name, {})[key] = series(*points)
    return tuple(Logged(name, metrics=metrics, doubts=doubts, counts_calls=True) for name, metrics in runs.items())


def _values(names: list[str]) -> list[int]:
    """Return the columns that hold a run's values."""
    known = set(names)
    return [
        place
        for place, name in enumerate(names)
        if _BETWEEN in name and place and all(name + end in known for end in _ENDS)
    ]
