"""W&B's offline files, run-ID.wandb: records of protocol buffers in the framing of LevelDB's log, checksums checked."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isoflop.data.readers.logs import Logged, damaged, flat, number, refuse_many, series, torn
from isoflop.data.readers.source import read_bytes
from isoflop.data.readers.wire import BYTES, fields, signed, varint
from isoflop.errors import DataError, shown
from isoflop.findings import Finding

TITLE = "W&B"
_HEADER = b":W&B\xe1\xbe\0"
_BLOCK = 32768
_FRAME = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_COUNT, _ITEM, _STEP, _VALUE = b"\x08", 0x0A, 0x12, b"\x82\1"
"""How fields begin: the number of a record (number 1), items and the step of a history (numbers 1 and 2), value_json of
an item (number 16)."""
_LEAST = 3
"""Bytes of an item before its value can begin: the length of its key may look like the beginning of a value."""
_OWN = frozenset({"_timestamp", "_runtime", "_step", "_wandb.runtime"})


def recognises(path: Path) -> bool:
    """Return whether this is an offline file of W&B."""
    return path.suffix == ".wandb" and path.is_file()


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run in an offline file; without an exit record it counts as unfinished."""
    log = _Log(str(path))
    try:
        doubts = _each_record(read_bytes(path), str(path), log.take)
    except (ValueError, IndexError) as error:
        raise DataError(f"{shown(str(path))}: holds a record that W&B does not write ({error}).") from None
    return (log.logged(path.stem.removeprefix("run-"), doubts),)


def _each_record(data: bytes, source: str, take: Callable[[bytes, int], None]) -> tuple[Finding, ...]:
    """Hand over each whole record with the byte it begins at, none of them kept; gives the finding on a torn end."""
    if data[: len(_HEADER)] != _HEADER[: len(data)]:
        raise damaged(source, 0, "no file of W&B begins so")
    parts: list[bytes] = []
    begun, place, end = 0, len(_HEADER), len(data)
    while place < end:
        room = _BLOCK - place % _BLOCK
        if room < _FRAME.size:
            place = _next_block(data, place, room, source=source)
            continue
        if place + _FRAME.size > end:
            return torn(source, "a record")
        checksum, length, kind = _FRAME.unpack_from(data, place)
        if not _WHOLE <= kind <= _LAST or length > room - _FRAME.size or (kind in {_MIDDLE, _LAST}) != bool(parts):
            raise damaged(source, place, "no record begins so")
        after = place + _FRAME.size + length
        if after > end:
            return torn(source, "a record")
        if zlib.crc32(data[place + 6 : after]) != checksum:  # of the kind and what follows it
            raise damaged(source, place, "the checksum does not hold")
        if kind == _WHOLE:
            take(data[place + _FRAME.size : after], place)
        else:
            begun = begun if parts else place
            parts.append(data[place + _FRAME.size : after])
        if kind == _LAST:
            take(b"".join(parts), begun)
            parts = []
        place = after
    return torn(source, "a record") if parts or end <= len(_HEADER) else ()


def _next_block(data: bytes, place: int, room: int, *, source: str) -> int:
    """Return where the next block begins; what is left of this one must be empty."""
    if data[place : place + room].strip(b"\0"):
        raise damaged(source, place, "the end of a block is not empty")
    return place + room


@dataclass
class _Log:
    """What has been read of a file so far."""

    source: str
    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[bytes, bytes] = field(default_factory=dict)
    status: str = "unfinished"
    points: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    keys: dict[bytes, str] = field(default_factory=dict)
    rows: int = 0
    count: int = 0
    identity: str = ""

    def take(self, record: bytes, place: int) -> None:
        """Take in one record; those on output, files and the machine are passed over."""
        begin = varint(record, 1, len(record))[1] if record[:1] == _COUNT else 0
        for name, kind, start, stop in fields(record, begin):
            if kind == BYTES and name in _READERS:
                _READERS[name](self, record, start, stop)
        if self.count > 0 and not self.rows % 1024:
            refuse_many(self.count, f"{self.source}, byte {place:,}")

    def _history(self, record: bytes, start: int, stop: int) -> None:
        """Take in what was logged at once: items (field 1), and the step (field 2), whose field 1 is the number."""
        step, values, place, keys = self.rows, [], start, self.keys
        while place < stop:
            kind, size = record[place], record[place + 1]
            if kind not in {_ITEM, _STEP}:
                *_, place = next(fields(record, place, stop))
                continue
            place += 2
            if size > 127:
                size, place = varint(record, place - 1, stop)
            item, place = record[place : place + size], place + size
            if place > stop:
                raise ValueError("an item that is longer than its history")
            if kind == _ITEM:
                middle = item.find(_VALUE, _LEAST)
                head = item[:middle] if middle > 0 else b""
                key = keys.get(head)
                key = self._new_key(head) if key is None else key
                if key:
                    values.append((key, _value(item[middle + 2 :])))
            else:
                step = signed(varint(item, 1, size)[0]) if item[:1] == _COUNT else _first_number(item, 0, size)
        for key, value in values:
            if value is not None:
                steps, numbers = self.points.setdefault(key, ([], []))
                steps.append(step)
                numbers.append(value)
        self.rows, self.count = self.rows + 1, self.count + len(values)

    def _new_key(self, head: bytes) -> str:
        """Return the key of an item, and remember it; empty for W&B's own, which are not kept."""
        key = _key(head)
        self.keys[head] = key = "" if key in _OWN else key
        return key

    def _of_config(self, record: bytes, start: int, stop: int) -> None:
        _update(self.config, record, start, stop=stop)

    def _of_summary(self, record: bytes, start: int, stop: int) -> None:
        """Keep the last word on each key as it stands: there are two updates for each call, and few keys."""
        for name, _, begin, end in fields(record, start, stop):
            if name in {1, 2}:
                middle = record.find(_VALUE, begin + _LEAST, end)
                head = record[begin : end if middle < 0 else middle]
                self.summary.pop(head, None)
                if name == 1 and middle > 0:
                    self.summary[head] = record[middle + 2 : end]

    def _run(self, record: bytes, start: int, stop: int) -> None:
        for name, _, begin, end in fields(record, start, stop):
            if name == 4:
                _update(self.config, record, begin, stop=end)
            elif name == 8 or (name == 1 and not self.name):  # its display name, or else its id
                self.name = record[begin:end].decode(errors="replace")
            if name in {1, 3}:  # its id, in its project
                self.identity += f"/{record[begin:end].decode(errors='replace')}"

    def _exit(self, record: bytes, start: int, stop: int) -> None:
        self.status = "failed" if _first_number(record, start, stop) else "finished"

    def logged(self, name: str, doubts: tuple[Finding, ...]) -> Logged:
        """Return the run, with what it noted about itself beside what it logged."""
        refuse_many(self.count, self.source)
        metrics = {key: series(*found) for key, found in self.points.items()}
        summary = {_key(head): _cell(tail) for head, tail in self.summary.items()}
        noted = {key: cell for key, cell in flat(summary).items() if key not in metrics and key[0] != "_"}
        return Logged(
            self.name or name, flat(self.config), metrics, noted, status=self.status, doubts=doubts,
            identity=self.identity, counts_calls=True,
        )  # fmt: skip


_READERS: dict[int, Callable[[_Log, bytes, int, int], None]] = {
    2: _Log._history,  # noqa: SLF001 - its own methods, by the number of the record's field
    3: _Log._of_summary,  # noqa: SLF001
    5: _Log._of_config,  # noqa: SLF001
    17: _Log._run,  # noqa: SLF001
    18: _Log._exit,  # noqa: SLF001
}


def _update(target: dict[str, Any], record: bytes, start: int, *, stop: int) -> None:
    """Set what a record of config or summary updates (field 1) and drop what it removes (field 2)."""
    for name, _, begin, end in fields(record, start, stop):
        if name in {1, 2}:
            middle = record.find(_VALUE, begin + _LEAST, end)
            key = _key(record[begin : end if middle < 0 else middle])
            if name == 2:
                target.pop(key, None)
            elif middle > 0:
                target[key] = _cell(record[middle + 2 : end])


def _first_number(record: bytes, start: int, stop: int) -> int:
    """Return field 1 of a message, a number; 0, which is not written, where it is not there."""
    found = (varint(record, at, end)[0] for name, _, at, end in fields(record, start, stop) if name == 1)
    return signed(next(found, 0))


def _value(tail: bytes) -> float | None:
    """Return the value of an item from its length and its JSON; None for one that is no number."""
    size, begin = (tail[0], 1) if tail[0] < 128 else varint(tail, 0, len(tail))
    if begin + size != len(tail):
        raise ValueError("an item of another length than it says")
    try:
        return float(tail[begin:])
    except ValueError:
        return number(_json(tail[begin:]))


def _cell(tail: bytes) -> Any:
    """Return what the JSON of an item says, whatever it is; its length stands before it."""
    return _json(tail[varint(tail, 0, len(tail))[1] :])


def _key(head: bytes) -> str:
    """Return the key of an item: one text, or the parts of a nested one."""
    parts = [head[start:stop].decode() for name, _, start, stop in fields(head) if name in {1, 2}]
    if not parts:
        raise ValueError("an item without a key")
    return ".".join(parts)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        return None
