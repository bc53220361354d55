"""Lightning's metrics.csv: a row each time something was logged, empty cells where it was something else."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from isoflop.data.readers.logs import Cell, Logged, refuse_many, series, settings, whole_lines
from isoflop.data.readers.source import header
from isoflop.errors import DataError, shown

TITLE = "Lightning"
RESUMES = True
"""A version may go on where another of the same settings stopped."""
_FILE, _SETTINGS = "metrics.csv", "hparams.yaml"


def recognises(path: Path) -> bool:
    """Return whether this is a metrics.csv with a step in each row."""
    return path.name == _FILE and path.is_file() and "step" in header(path)


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run, with the plain settings of an hparams.yaml beside it."""
    text, doubts = whole_lines(path)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(rows, [])
        points: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in names}
        count, step = 0, names.index("step")
        others = [(place, *points[name]) for place, name in enumerate(names) if place != step]
        for cells in rows:
            if len(cells) != len(names):
                raise ValueError(f"{len(cells)} cells where the header has {len(names)}")  # noqa: TRY301
            if not cells[step].strip():
                raise ValueError('column "step" is empty')  # noqa: TRY301
            at = float(cells[step])
            for place, steps, values in others:
                if cells[place]:
                    steps.append(at)
                    values.append(float(cells[place]))
                    count += 1
            refuse_many(count, str(path))
    except (ValueError, csv.Error) as error:
        raise DataError(f"{shown(str(path))}, line {rows.line_num}: {shown(str(error))}. Correct the line.") from None
    beside = path.parent / _SETTINGS
    config: dict[str, Cell] = settings(beside) if beside.is_file() and not beside.is_symlink() else {}
    metrics = {name: series(*found) for name, found in points.items() if found[0]}
    return (Logged(_name(path.parent), config, metrics, doubts=doubts),)


def _name(folder: Path) -> str:
    """Return lightning_logs/version_3 by both names: there is a version_3 in every project."""
    return f"{folder.parent.name}/{folder.name}" if folder.name.startswith("version_") else folder.name
