"""How much is read of anything: beyond these, a source is refused before anything is built of it.

A limit stands far above what runs need (the largest public sweep has 6,000 runs) and far below what hurts a laptop.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from isoflop.errors import DataError, shown

MAX_BYTES = 200 * 2**20
"""Bytes of a file, after decompression."""
MAX_RATIO = 100
"""The most a .gz may grow; tables grow 3 to 30 times, a bomb 1000 times."""
MAX_ROWS = 2_000_000
"""Rows of a table."""
MAX_COLUMNS = 1_000
"""Columns of a table, and names in the objects of a JSON file."""
MAX_CELLS = 50_000_000
"""Rows times columns: 0.4 GB of references."""
MAX_POINTS = 2_000_000
"""Values of metrics in one log."""
MAX_KEYS = 900
"""Settings or metrics of one run."""
MAX_FILES, MAX_DEPTH = 100_000, 12
"""Files and folders that are looked at in a folder, and how deep."""
MAX_RESULTS = 10_000
"""Files of lm_eval's results."""
LOOKING, AT_LEAST = 10.0, 1_000
"""Seconds in which a folder must have been looked through; one of 10,000 runs takes 2. So many files and folders are
looked at however long it takes: the machine may have slept, or be busy."""


def refuse_names(count: int, source: str) -> None:
    """Refuse a table of more columns than are read."""
    if count > MAX_COLUMNS:
        raise DataError(f"{source}: has more than {MAX_COLUMNS:,} columns. Keep one row a run and the columns needed.")


def refuse_cells(rows: int, columns: int, source: str) -> None:
    """Refuse a table that would be too large in memory."""
    refuse_names(columns, source)
    if rows * columns > MAX_CELLS:
        raise DataError(f"{source}: has {rows * columns:,} cells; at most {MAX_CELLS:,} are read. Keep one row a run.")


class Look:
    """One look through a folder, which ends in an error where there is too much in it."""

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._seen, self._began = 0, clock()

    def take(self) -> None:
        """Count one more file or folder; raises DataError for one too many, or where it takes too long."""
        self._seen += 1
        if self._seen > MAX_FILES:
            raise DataError(f"{self._source}: holds more than {MAX_FILES:,} files. Name the folder of the runs.")
        if self._seen > AT_LEAST and self._clock() - self._began > LOOKING:
            raise DataError(
                f"{self._source}: after {LOOKING:g} s and {self._seen:,} files there is no end of it. Name the folder "
                "of the runs."
            )


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and in the folders in it; links to other folders are not followed."""
    look = Look(shown(str(folder)))
    for place, _, names in os.walk(folder):
        look.take()
        for name in names:
            look.take()
            yield Path(place, name)
