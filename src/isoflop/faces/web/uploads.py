"""Tables that were uploaded, in a private folder, each named by its SHA-256: no name of a user touches the disk."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from secrets import token_hex
from typing import IO

from isoflop.errors import IsoflopError
from isoflop.files.system import is_mine
from isoflop.files.system import lock as hold

LARGEST = 64 << 20
"""The most bytes of one table."""
MOST, MOST_BYTES = 64, 1 << 30
"""How many tables are kept, and how many bytes of them; the oldest go first."""
_FOLDER, _LOCK = "isoflop-web-", ".lock"
"""How the folders of servers are called, and the file in each that its server holds locked."""
_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".parquet", ".wandb"})
"""What may end a name on disk: the endings that tell readers more than the content does."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder for tables that only this user can read, gone when the server ends.

    What servers left that were killed is removed: theirs is a folder whose lock nobody holds.
    """
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_FOLDER}*/{_LOCK}"):
        if (held := _held(left)) is not None:
            shutil.rmtree(left.parent, ignore_errors=True)
            held.close()
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        held = _held(Path(folder, _LOCK), new=True)
        try:
            yield Path(folder)
        finally:
            if held is not None:
                held.close()


def _held(lock: Path, *, new: bool = False) -> IO[bytes] | None:
    """Return a lock that this process now holds, of one of this user's folders; None where another holds it."""
    with suppress(OSError):  # not every file system has locks
        if not new and (lock.is_symlink() or not is_mine(lock.parent)):
            return None
        stream = lock.open("wb" if new else "rb")
        if hold(stream.fileno()):
            return stream
        stream.close()
    return None


class Tables:
    """The tables in a folder, by id, which is the SHA-256 of their bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}

    def path(self, table: str) -> Path | None:
        """Return where a table is kept; None for an id that is not known, or no more."""
        return self._paths.get(table)

    async def receive(self, stream: AsyncIterator[bytes], name: str) -> tuple[str, Path]:
        """Return the id of what comes, and where it lies until it is kept or dropped; memory holds one piece at a time.

        name  what its user calls it, of which only a known ending is taken

        Raises IsoflopError where the disk is full; whatever ends it, nothing is left behind.
        """
        incoming = self._folder / token_hex(16)
        digest = hashlib.sha256()
        try:
            with incoming.open("xb") as file:
                async for piece in stream:
                    digest.update(piece)
                    file.write(piece)
            table = digest.hexdigest()
            return table, incoming.replace(self._place(table, name))
        except OSError as error:
            raise IsoflopError(f"the table cannot be kept ({error.strerror}). Make room for it.") from None
        finally:
            incoming.unlink(missing_ok=True)

    def take(self, content: bytes, name: str) -> str:
        """Keep a file of this machine, and give its id."""
        table = hashlib.sha256(content).hexdigest()
        path = self._place(table, name)
        path.write_bytes(content)
        self.keep(table, path)
        return table

    def _place(self, table: str, name: str) -> Path:
        suffix = PureWindowsPath(name).suffix.lower()
        return self._folder / f"{table}{suffix if suffix in _SUFFIXES else ''}"

    def keep(self, table: str, path: Path) -> None:
        """Keep what was received, as the newest; the oldest go where there are too many or too large ones."""
        before = self._paths.pop(table, path)
        if before != path:
            before.unlink(missing_ok=True)
        self._paths[table] = path
        while len(self._paths) > MOST or sum(one.stat().st_size for one in self._paths.values()) > MOST_BYTES:
            self._paths.pop(next(iter(self._paths))).unlink()

    def veiled(self, text: str) -> str:
        """Return a message without the paths of tables in it: what is where is nobody's business."""
        return re.sub(rf"{re.escape(str(self._folder))}[\\/]\w+(\.[a-z]+)?", "the table", text)

    def drop(self, path: Path) -> None:
        """Remove what was received and then refused, unless the same was kept before."""
        if path not in self._paths.values():
            path.unlink(missing_ok=True)
