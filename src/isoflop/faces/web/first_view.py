"""What the page shows at first, as the fragment of its address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from isoflop.errors import DataError, UsageError, shown
from isoflop.faces.web.uploads import LARGEST, Tables
from isoflop.files import as_csv, read_limited


def first_view(tables: Tables, asked: Mapping[str, str]) -> str:
    """Give the fragment that opens a source, read as asked: a file or logs, put among the tables, a dataset or curves.

    Empty where no source is asked for. Raises UsageError if there is none of that name.
    """
    text, read = asked.get("source", ""), {key: value for key, value in asked.items() if key != "source" and value}
    if not text:
        if read:
            raise UsageError(f"--{min(read)} is of runs. Say which, as in isoflop web runs.csv.")
        return ""
    return f"#{urlencode({**_source(tables, text), **read})}"


def _source(tables: Tables, text: str) -> dict[str, str]:
    path = Path(text)
    try:
        if path.is_dir() or text.startswith("wandb:"):
            return _logs(tables, text)
        if path.exists():
            return {"table": tables.take(_content(path), path.name), "name": path.name}
    except OSError as error:
        raise DataError(f"{shown(text)} cannot be read ({error.strerror}).") from None
    from isoflop.data.datasets import NAMES, describe
    from isoflop.laws import CURVES, find_curve

    if text in NAMES:
        return {"dataset": text}
    names = text.split(",")
    if names[0] not in CURVES:
        describe(text)  # which says what there is instead
    return {"curves": json.dumps([find_curve(name).name for name in names])}


def _content(path: Path) -> bytes:
    """Return what a file holds; raises DataError for one that is too large, or has no end."""
    found = read_limited(path, LARGEST)
    if len(found) > LARGEST:
        raise DataError(f"{shown(str(path))} has more than {LARGEST >> 20} MiB. Keep one row a run: isoflop read.")
    return found


def _logs(tables: Tables, text: str) -> dict[str, str]:
    """Make one table of what a training wrote, or of a study."""
    from isoflop.data.read import find_runs

    found = find_runs(text)
    if found.missing:
        raise DataError(
            f"{shown(text)}: {found.missing} Make a table of it so: isoflop read {shown(text)} -o runs.csv."
        )
    name = f"{Path(text).resolve().name}.csv"
    return {"table": tables.take(as_csv(found.runs.as_rows()).encode(), name), "name": name}
