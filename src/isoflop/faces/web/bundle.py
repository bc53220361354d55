"""Files that were dropped together, a folder of logs, as one file: a first line, a line that lists them, their bytes.

isoflop files 1
[["run-1/config.yaml", 612], ["run-1/history.jsonl", 48213]]
...
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from isoflop.errors import DataError

_FIRST = b"isoflop files 1\n"
_MOST, _DEEPEST, _LONGEST_LIST = 5000, 12, 2 << 20
"""Files, folders within one another, and bytes of the list."""
_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\0]{1,200}")


@contextmanager
def unpacked(path: str) -> Iterator[str]:
    """Give a path to read: a bundle's files in a folder that is gone afterwards, anything else as it is."""
    with Path(path).open("rb") as file:
        if file.read(len(_FIRST)) != _FIRST:
            yield path
            return
        listed = file.readline(_LONGEST_LIST)
        with TemporaryDirectory() as folder:
            for name, size in _files(listed):
                place = Path(folder, *name.split("/"))
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("xb") as one:
                    one.write(file.read(size))
            inside = [*Path(folder).iterdir()]
            yield str(inside[0] if len(inside) == 1 else folder)


def _files(listed: bytes) -> list[tuple[str, int]]:
    """Return the names and sizes; raises DataError for names that would leave the folder, twice, or too many."""
    try:
        found = [(str(name), int(size)) for name, size in json.loads(listed)]
    except (ValueError, TypeError, RecursionError):
        raise DataError("the list of the files that were sent cannot be read. Send them again.") from None
    parts = [name.split("/") for name, _ in found]
    wrong = any(len(one) > _DEEPEST or not all(map(_NAME.fullmatch, one)) for one in parts)
    if wrong or len({name for name, _ in found}) < len(found) or any(size < 0 for _, size in found):
        raise DataError("a file that was sent has a name that no folder can hold.")
    if not 0 < len(found) <= _MOST:
        raise DataError(f"{len(found)} files were sent. Send 1 to {_MOST:,}: the logs alone.")
    return found
