"""What each run is called, in tables, messages and findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.cells import Rows
from isoflop.data.runs.columns import normal
from isoflop.errors import shown

NAMED_BY = (
    "run", "runname", "name", "displayname", "runid", "trainingrunid", "trainingrun", "id", "uid", "experiment",
    "experimentname", "expname", "jobname", "trial", "trialname", "trialid", "model", "modelname", "configname",
)  # fmt: skip
"""Columns that may name the runs, in normal form, the first that does."""


def run_names(columns: Mapping[str, NDArray[Any]], rows: Rows) -> tuple[str, ...]:
    """Return each row's name: from the first column that has another for each, or from one of texts, with the row."""
    there = {normal(name): name for name in list(columns)[::-1]}
    found = [there[name] for name in NAMED_BY if name in there]
    for column in found:
        values = columns[column].tolist()
        if len(set(values)) == len(rows):
            return tuple(shown(value) if isinstance(value, str) else f"{column} {value:g}" for value in values)
    texts = next((columns[column].tolist() for column in found if columns[column].dtype.kind == "O"), None)
    if texts is None or not any(texts):
        return tuple(f"row {row}" for row in rows.tolist())
    return tuple(
        f"{shown(text)} (row {row})" if text else f"row {row}" for text, row in zip(texts, rows.tolist(), strict=True)
    )


class Names:
    """The names of a table's rows, worked out when they are first asked for: there may be a million."""

    def __init__(self, columns: Mapping[str, NDArray[Any]], rows: Rows) -> None:
        self.columns, self.rows = columns, rows
        self._found: tuple[str, ...] | None = None

    def __call__(self) -> tuple[str, ...]:
        """Return the names of all rows."""
        if self._found is None:
            self._found = run_names(self.columns, self.rows)
        return self._found

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> tuple[str, ...]:
        """Return the names of some rows."""
        names = self()
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return tuple(names[place] for place in places.tolist())


def listed(names: tuple[str, ...], limit: int = 5) -> str:
    """Return names as people read them: "a, b and c", the first few of many."""
    rows = all(name.startswith("row ") and name[4:].isdigit() for name in names)
    told = [name[4:] if rows else middle(name) for name in names[:limit]]
    if len(names) > limit:
        told.append(f"{len(names) - limit} more")
    start = ("row " if len(told) == 1 else "rows ") if rows else ""
    return start + (told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}")


def middle(name: str, most: int = 40) -> str:
    """Return a name shortened in its middle: what tells runs apart stands at either end."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"
