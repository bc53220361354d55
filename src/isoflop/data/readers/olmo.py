"""OLMo-core's metrics_step*.json: the latest value of every metric at each step that was saved."""

from __future__ import annotations

import re
from pathlib import Path

from isoflop.data.readers.logs import Cell, Logged, flat, number, read_json, refuse_many, series
from isoflop.errors import DataError, shown

TITLE = "OLMo-core"
_FILE = re.compile(r"metrics_step(\d+)\.json$")


def recognises(path: Path) -> bool:
    """Return whether this is a folder in which OLMo-core saved metrics."""
    return path.is_dir() and any(_FILE.match(one.name) for one in path.iterdir())


def takes(path: Path) -> bool:
    """Say that all there is in such a folder belongs to its run."""
    return path.exists()


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run of a folder; its settings are those of a config.json there."""
    files = {int(found[1]): one for one in path.iterdir() if (found := _FILE.match(one.name)) and not one.is_symlink()}
    points: dict[str, tuple[list[float], list[float]]] = {}
    count = 0
    for step in sorted(files):
        saved = read_json(files[step])
        if not isinstance(saved, dict):
            raise DataError(f"{shown(str(files[step]))}: is no object of metrics, as OLMo-core writes it.")
        for key, value in saved.items():
            if (known := number(value)) is not None:
                steps, values = points.setdefault(key, ([], []))
                steps.append(step)
                values.append(known)
                count += 1
        refuse_many(count, str(path))
    metrics = {key: series(*found) for key, found in points.items()}
    return (Logged(path.name, _config(path), metrics, known={"D": "throughput/total tokens"}),)


def _config(folder: Path) -> dict[str, Cell]:
    file = folder / "config.json"
    found = read_json(file) if file.is_file() and not file.is_symlink() else {}
    return flat(found) if isinstance(found, dict) else {}
