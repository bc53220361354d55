"""A table with several losses or scores → the runs of each, which everything else takes one at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from isoflop.data import datasets
from isoflop.data.datasets.fetch import locate
from isoflop.data.read import Source, read
from isoflop.data.readers.table import raw_source
from isoflop.data.runs import Runs
from isoflop.data.runs.columns import is_loss
from isoflop.data.runs.frames import columns_of
from isoflop.errors import UsageError, shown

ALL = "all"
"""What is typed for every loss there is."""
METRIC = ":"
"""What sets a metric apart from a column of losses in a list: loss_web,accuracy:up:1."""


def each_loss(
    source: Source,
    losses: str = ALL,
    *,
    columns: Mapping[str, str] | None = None,
    where: str | Sequence[str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> dict[str, Runs]:
    """Return the runs of each loss of a table, by its name, for `fit_all` and `forecast_all`.

    losses  "all", or names with commas between; what is no loss is said as a metric: "loss_web,accuracy:up:1"

    The other options are those of `read`. Raises UsageError where a table has no loss, or lacks one that is named.

    >>> table = {"N": [1e7, 1e8, 1e9], "D": [1e9] * 3, "loss_web": [4, 3.5, 3.2], "loss_code": [2, 1.7, 1.5]}
    >>> list(isoflop.each_loss(table))
    ['loss_web', 'loss_code']
    """
    named = options_of(losses_in(columns_in(source), losses))
    return {
        name: read(
            source, columns={**(columns or {}), **({"loss": loss} if loss else {})}, metric=metric, where=where,
            flop_rule=flop_rule, allow=allow,
        )
        for name, (loss, metric) in named.items()
    }  # fmt: skip


def options_of(named: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the column of the loss and the metric to read for each of several names.

    A metric is read beside the first loss of the list, so that a table with several has one.
    """
    first = next((name for name in named if METRIC not in name), None)
    return {name: (first, name) if METRIC in name else (name, None) for name in named}


def columns_in(source: Source) -> tuple[str, ...]:
    """Return the names of the columns of a table, as its source has them."""
    if isinstance(source, Runs):
        return tuple(source.columns)
    if not isinstance(source, str | os.PathLike):
        return tuple(columns_of(source))
    name = os.fspath(source)
    named = not os.path.exists(name) and name in datasets.NAMES  # noqa: PTH110 - "-" is no path
    return raw_source(locate(datasets.describe(name)) if named else name).names


def losses_in(names: Sequence[str], asked: str) -> tuple[str, ...]:
    """Return the columns of a table that are asked for as losses: "all", or names with commas between.

    Raises UsageError where a table has none, or lacks one.
    """
    if asked == ALL:
        found = tuple(name for name in names if is_loss(name))
        if not found:
            raise UsageError(f"no column is called a loss; there are {', '.join(map(shown, names))}. Say --loss A,B.")
        return found
    found = tuple(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))
    lacking = [name for name in found if name not in names and name.split(METRIC)[0] not in names]
    if lacking:
        raise UsageError(f'there is no column "{shown(lacking[0])}"; there are {", ".join(map(shown, names))}.')
    return found
