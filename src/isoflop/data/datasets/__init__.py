"""Named public tables of real training runs, bundled or fetched with a checksum.

>>> "tinylm" in isoflop.datasets.NAMES
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from isoflop.data.datasets.catalogue import DATASETS, Dataset
from isoflop.data.datasets.fetch import locate
from isoflop.data.readers.table import read_table
from isoflop.data.runs import Runs
from isoflop.errors import UsageError

__all__ = ["NAMES", "Dataset", "describe", "load"]

NAMES = tuple(DATASETS)
"""The names of the datasets."""


def describe(name: str) -> Dataset:
    """Return what is known about a dataset: source, commit, licence, columns.

    Raises UsageError if there is no dataset of that name.
    """
    if not isinstance(name, str):
        raise UsageError(f"a dataset is named by a text; {type(name).__name__} came. Say one of {', '.join(NAMES)}.")
    if name not in DATASETS:
        near = get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f'"{name}" is not a dataset.{hint} Say one of {", ".join(NAMES)}.')
    return DATASETS[name]


def load(
    name: str,
    where: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
) -> Runs:
    """Return the runs of a dataset, those for which a condition holds.

    columns and allow are as in `read`; columns comes before the dataset's own naming. Raises DataError
    if the file is missing, is not what it should be or cannot be downloaded.
    """
    dataset = describe(name)
    path = locate(dataset)
    runs = read_table(path, columns={**dataset.columns, **(columns or {})}, flop_rule=flop_rule, allow=allow)
    runs = replace(runs, source=name)
    return runs if where is None else runs.where(where)
