"""The file of a register: lines are only ever added, each chained to those before it, by one writer at a time.

A line names the hashes of all lines that nothing followed yet, so that two branches of version control can be merged
by keeping the lines of both. A line that was changed, or taken away from between others, is seen at every reading. A
line is acknowledged when it is on the disk; half a line, of a writer that was killed, is taken off by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from isoflop.errors import DataError, IsoflopError, UsageError, shown
from isoflop.experiments.register.entry import Foretold, Line, Scored, parse_line
from isoflop.files.system import BINARY, lock
from isoflop.findings import Finding

FILE = "forecasts.jsonl"
"""The file of a register, in the folder where one works, unless another is named."""
LARGEST = 64 << 20
"""The most bytes of a register that are read."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """The lines of a register, and what is wrong with them."""

    path: Path
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def forecasts(self) -> dict[str, Foretold]:
        """Return the forecasts by name, in order."""
        return {one.entry.name: one.entry for one in self.lines if isinstance(one.entry, Foretold)}

    @property
    def scores(self) -> dict[str, Scored]:
        """Return what came, by name; what was scored last stands."""
        return {one.entry.name: one.entry for one in self.lines if isinstance(one.entry, Scored)}

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the hashes of lines that no other names."""
        followed = {one for line in self.lines for one in line.previous}
        return tuple(sorted(line.hash for line in self.lines if line.hash not in followed))


def open_ledger(path: str | os.PathLike[str] = FILE) -> Ledger:
    """Return a register as it stands; one that is not there yet is empty."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            return _ledger(file, stream.read(LARGEST + 1))
    except FileNotFoundError:
        return Ledger(file, ())
    except OSError as error:
        raise DataError(f"{shown(str(file))}: cannot be read ({error.strerror}). Name a file: --file.") from None


def add(path: str | os.PathLike[str], entry: Foretold | Scored) -> Foretold | Scored:
    """Add an entry to a register and return it as it stands there; one that is there already is not added again.

    Raises UsageError where another forecast has the name, IsoflopError where the disk is full: then nothing is added.
    """
    stamped = replace(entry, version=version("isoflop"), time=datetime.now(UTC).isoformat(timespec="seconds"))
    file = Path(path)
    with _locked(file) as handle:
        data = _whole(handle)
        ledger = _ledger(file, data)
        if ledger.findings:
            raise DataError(f"{shown(str(file))}: {ledger.findings[0].message}. {ledger.findings[0].remedy}.")
        if (there := _there(ledger, stamped)) is not None:
            return there
        line = Line(entry=stamped, previous=ledger.heads).sealed()
        _append(handle, (line.text() + "\n").encode(), end=len(data), file=file)
    return stamped


def _there(ledger: Ledger, entry: Foretold | Scored) -> Foretold | Scored | None:
    """Return the entry where it is there already; raises UsageError for a forecast that differs."""
    if isinstance(entry, Scored):
        old = ledger.scores.get(entry.name)
        return old if old is not None and (old.value, old.digest) == (entry.value, entry.digest) else None
    known = ledger.forecasts.get(entry.name)
    if known is not None and known.told != entry.told:
        raise UsageError(
            f'"{shown(entry.name)}" was registered on {known.time[:10]} and says {known.value:.6g}: what was foretold '
            "is not changed. Say another name."
        )
    return known


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """Open a file for one writer at a time: others wait. The lock ends with the process, however that ends."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | BINARY, 0o644)
    except OSError as error:
        raise IsoflopError(
            f"{shown(str(file))}: cannot be written ({error.strerror}). Name a file in a folder of yours: --file."
        ) from None
    try:
        lock(handle, wait=True)
        yield handle
    finally:
        os.close(handle)


def _whole(handle: int) -> bytes:
    """Return the whole lines of a file; half a line at its end, of a writer that was killed, is taken off."""
    os.lseek(handle, 0, os.SEEK_SET)
    parts = []
    while part := os.read(handle, 1 << 20):
        parts.append(part)
    data = b"".join(parts)
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.ftruncate(handle, whole)
    return data[:whole]


def _append(handle: int, line: bytes, *, end: int, file: Path) -> None:
    """Write a line at the end and have it on the disk; where that fails, nothing of it stays."""
    try:
        os.lseek(handle, end, os.SEEK_SET)
        written = 0
        while written < len(line):
            written += os.write(handle, line[written:])
        os.fsync(handle)
    except OSError as error:
        os.ftruncate(handle, end)
        raise IsoflopError(
            f"{shown(str(file))}: {len(line):,} bytes cannot be written ({error.strerror}): nothing was registered. "
            "Make room and type it again."
        ) from None


def _ledger(file: Path, data: bytes) -> Ledger:
    if len(data) > LARGEST:
        raise DataError(f"{shown(str(file))}: has more than {LARGEST:,} bytes. Begin another file: --file.")
    text = data.decode("utf-8", errors="replace")
    rows = [(number, row) for number, row in enumerate(text.split("\n")[:-1], start=1) if row.strip()]
    lines = tuple(parse_line(row, f"{shown(str(file))}, line {number}") for number, row in rows)
    return Ledger(file, lines, tuple(_doubts([number for number, _ in rows], lines)))


def _doubts(numbers: list[int], lines: tuple[Line, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the chain: lines that were changed, and lines that are gone."""
    before: set[str] = set()
    for number, line in zip(numbers, lines, strict=True):
        if not line.intact:
            yield Finding(
                "W14", "BLOCK", f'line {number} ("{shown(line.entry.name)}") was changed after it was written',
                "take the file back from version control",
            )  # fmt: skip
        elif not set(line.previous) <= before:
            yield Finding(
                "W14", "BLOCK", f'a line before line {number} ("{shown(line.entry.name)}") is gone, or was moved',
                "take the file back from version control",
            )  # fmt: skip
        before.add(line.hash)
