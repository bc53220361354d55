"""Standard input as a file for as long as it is read, so that whatever comes through a pipe is read as a file is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from isoflop.data.limits import MAX_BYTES
from isoflop.data.readers.address import Copy
from isoflop.errors import DataError, IsoflopError

_NAME = "standard input"


@contextmanager
def fetched(_: str) -> Iterator[Copy]:
    """Write what comes into a file of a folder of its own; raises DataError for too much of it."""
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError(f"{_NAME}: is larger than {MAX_BYTES >> 20} MiB. Keep one row a run and the columns needed.")
    with TemporaryDirectory(prefix="isoflop-") as folder:
        suffix = ".json" if data.lstrip()[:1] in {b"{", b"["} else ""  # such lines are a table, not a printed log
        copy = Copy(str(Path(folder) / f"{_NAME}{suffix}"), _NAME)
        Path(copy.path).write_bytes(data)
        try:
            yield copy
        except IsoflopError as error:
            raise type(error)(copy.named(str(error))) from None
