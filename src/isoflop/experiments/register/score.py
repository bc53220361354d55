"""score: runs that have ended → what came of the forecasts that were registered for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import shown
from isoflop.experiments.register.entry import Foretold, Scored
from isoflop.experiments.register.ledger import FILE, Ledger, add, open_ledger

if TYPE_CHECKING:
    from isoflop.data.runs import Runs

NEAR = 0.02
"""A run is the one that was foretold where each input lies within this share of it."""


def score(
    runs: Runs, path: str | os.PathLike[str] = FILE, *, named: Mapping[str, str] | None = None
) -> tuple[Scored, ...]:
    """Add to a register what came of its open forecasts, where these runs say it, and return that.

    A run is a forecast's by its name, or else by its inputs; of several the mean counts.

    named  forecast → the name of its run, where they differ
    """
    ledger = open_ledger(path)
    found = []
    for entry in open_forecasts(ledger):
        rows = _rows(runs, entry, (named or {}).get(entry.name, entry.name))
        if rows.size:
            came = Scored(name=entry.name, value=float(np.mean(runs[entry.metric][rows])), source=shown(runs.source),
                          digest=runs.digest)  # fmt: skip
            add(path, came)
            found.append(came)
    return tuple(found)


def open_forecasts(ledger: Ledger) -> list[Foretold]:
    """Return the forecasts of which nothing has come yet."""
    return [one for name, one in ledger.forecasts.items() if name not in ledger.scores]


def _rows(runs: Runs, entry: Foretold, name: str) -> np.ndarray:
    """Return the rows of the run that was foretold; none where there is no such run, or it has no such metric."""
    if entry.metric not in runs:
        return np.zeros(0, int)
    known = np.isfinite(np.asarray(runs[entry.metric], float))
    if "run" in runs:
        same = np.array([str(one) == name for one in runs["run"]])
        if (same & known).any():
            return np.flatnonzero(same & known)
    inputs = [key for key in entry.at if key in runs]
    if not inputs:
        return np.zeros(0, int)
    near = [np.abs(np.log(np.asarray(runs[key], float) / entry.at[key])) < NEAR for key in inputs]
    return np.flatnonzero(np.logical_and.reduce(near) & known)
