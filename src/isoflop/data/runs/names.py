"""What each run is called, in tables, messages and findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    return Names(columns, rows).of(np.arange(len(rows)))


@dataclass(frozen=True, eq=False)
class Names:
    """What names the rows of a table. Names are made for the rows asked for: there may be a million."""

    columns: Mapping[str, NDArray[Any]]
    rows: Rows

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | Iterable[int]) -> tuple[str, ...]:
        """Return the names of some rows, by their positions or a mask."""
        chosen = chosen if isinstance(chosen, np.ndarray) else np.array([*chosen], dtype=np.int64)
        rows = self.rows[chosen].tolist()
        if not rows:
            return ()
        column, unique = self._column()
        if column is None:
            return tuple(f"row {row}" for row in rows)
        named = zip(self.columns[column][chosen].tolist(), rows, strict=True)
        if unique:
            return tuple(shown(value) if isinstance(value, str) else f"{column} {value:g}" for value, _ in named)
        return tuple(f"{shown(text)} (row {row})" if text else f"row {row}" for text, row in named)

    def _column(self) -> tuple[str | None, bool]:
        """Return the column that names the rows, and whether it has another name for each."""
        there = {normal(name): name for name in list(self.columns)[::-1]}
        found = [there[name] for name in NAMED_BY if name in there]
        for column in found:
            if len(set(self.columns[column].tolist())) == len(self.rows):
                return column, True
        texts = next((column for column in found if self.columns[column].dtype.kind == "O"), None)
        return texts if texts is not None and any(self.columns[texts].tolist()) else None, False


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
