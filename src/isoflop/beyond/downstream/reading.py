"""Runs with scores as people have them: with a loss, with losses on tasks' answers alone, or with scores alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.beyond.downstream.long_tables import by_metric
from isoflop.beyond.downstream.scores import scores_in
from isoflop.beyond.downstream.tasks import answer_losses, with_answer_losses, with_mean_error
from isoflop.data.readers.source import read_text
from isoflop.data.readers.table import raw_table
from isoflop.data.runs import Runs
from isoflop.data.runs.cells import RawTable
from isoflop.errors import DataError

Reader = Callable[..., Runs]
"""What reads a source, with other options than those it has: loss="arc_bpb" or metric="arc:down"."""
_ANY = ":down:-1"
"""How scores pass for what runs are measured by until their mean error takes its place."""


def read_scored(read: Reader, source: str, *, tasks: Sequence[str] = (), lossless: bool = True) -> Runs:
    """Return the runs of a source; where no column is the loss, what the scores tell takes its place.

    That is the mean of the losses on tasks' answers, or else the mean error of the scores.
    lossless  whether a table may lack the loss: not where its column was named, or scores come from elsewhere
    """
    raw = raw_table(read_text(source)) if Path(source).is_file() else None
    made = None if raw is None else by_metric(raw)
    given: Any = source if made is None else made
    if made is not None:
        columns = tuple(made.values())
        raw = RawTable(source, tuple(made), columns, np.arange(2, len(columns[0]) + 2))
    try:
        runs = read(given)
        if "loss" not in runs and lossless and raw is not None:
            runs = _without_loss(read, given, raw, tasks=tasks) or runs
    except DataError:
        made_up = _without_loss(read, given, raw, tasks=tasks) if lossless and raw is not None else None
        if made_up is None:
            raise
        runs = made_up
    return runs if made is None else replace(runs, source=source)


def _without_loss(read: Reader, given: Any, raw: RawTable, *, tasks: Sequence[str]) -> Runs | None:
    """Return the runs with what takes the place of their loss; None where nothing does."""
    names = answer_losses(raw.names)
    if len(names) > 1:
        return with_answer_losses(read(given, loss=names[0]), names)
    scores = scores_in(raw, tasks)
    return None if names or not scores else with_mean_error(read(given, metric=scores[0] + _ANY), scores)
