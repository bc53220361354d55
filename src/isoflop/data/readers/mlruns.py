"""MLflow's old store of files: a folder for each run with meta.yaml, metrics/, params/; one line a value."""

from __future__ import annotations

from pathlib import Path

from isoflop.data.limits import files_below
from isoflop.data.readers.logs import Cell, Logged, Series, refuse_many, series, settings, whole_lines
from isoflop.data.readers.source import read_bytes
from isoflop.errors import DataError, shown
from isoflop.findings import Finding

TITLE = "MLflow"
_STATUS = {1: "running", 2: "scheduled", 3: "finished", 4: "failed", 5: "killed"}


def recognises(path: Path) -> bool:
    """Return whether this is the folder of a run."""
    return path.is_dir() and (path / "meta.yaml").is_file() and (path / "metrics").is_dir()


def takes(path: Path) -> bool:
    """Say that all there is in such a folder belongs to its run."""
    return path.exists()


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run, or nothing where it was deleted."""
    meta = settings(path / "meta.yaml")
    if meta.get("lifecycle_stage") == "deleted":
        return ()
    metrics: dict[str, Series] = {}
    doubts: tuple[Finding, ...] = ()
    points = 0
    for key, file in _files(path / "metrics"):
        metrics[key], found = _metric(file)
        doubts += found
        points += len(metrics[key].steps)
        refuse_many(points, str(path))
    params: dict[str, Cell] = {key: read_bytes(file).decode(errors="replace") for key, file in _files(path / "params")}
    status = meta.get("status")
    name = meta.get("run_name") or path.name
    known = _STATUS.get(int(status), "") if isinstance(status, float) and status.is_integer() else ""
    return (Logged(str(name), params, metrics, status=known, doubts=doubts),)


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Return each file with its key: val/loss is a file loss in a folder val."""
    files = sorted(one for one in files_below(folder) if one.is_file() and not one.is_symlink())
    return [(one.relative_to(folder).as_posix(), one) for one in files]


def _metric(file: Path) -> tuple[Series, tuple[Finding, ...]]:
    """Return a metric from lines of time, value and step, in the order of writing."""
    text, doubts = whole_lines(file)
    steps, values = [], []
    for row, line in enumerate(text.splitlines(), start=1):
        try:
            _, value, step = line.split()[:3] if line.count(" ") > 1 else (*line.split(), "0")
            values.append(float(value))
            steps.append(int(step))
        except ValueError:
            cell = shown(line[:40])
            raise DataError(f'{shown(str(file))}, line {row}: "{cell}" is not a time, a value and a step.') from None
    return series(steps, values), doubts
