"""TensorBoard's event files: scalars and hparams of a folder of them, checksums checked, a torn end tolerated.

A record is its length (8 bytes), the masked CRC-32C of that (4), an Event (a protocol buffer), and its CRC (4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.readers.crc32c import checksums, masked
from isoflop.data.readers.logs import Cell, Logged, damaged, refuse_many, torn
from isoflop.data.readers.restarts import standing
from isoflop.data.readers.source import read_bytes
from isoflop.data.readers.wire import BYTES, EIGHT, FOUR, VARINT, fields, signed, varint
from isoflop.errors import DataError, shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

TITLE = "TensorBoard"
_AT_ONCE = 1 << 26
"""Bytes of records worked on together."""
_HPARAMS = "_hparams_/session_start_info"
_TRIAL = re.compile(r"\d{9,}(\.\d+)?$")
"""The folder in which torch's add_hparams writes: named after the second it was called in."""
_FORMATS = {1: "<f4", 2: "<f8", 19: "<f2"}
"""TensorFlow's codes of types that a scalar may have."""
_LOOKS = 400
"""After so many ways in which events of one length are built, the rest are decoded one by one."""

Points = tuple[NDArray[Any], Array, Array]
"""Where in the file, step, value."""


def recognises(path: Path) -> bool:
    """Return whether this is an event file, or a folder with some."""
    return bool(_events(path)) if path.is_dir() else "tfevents" in path.name and path.is_file()


def takes(path: Path) -> bool:
    """Say whether something in a run's folder belongs to it: its event files, and what torch wrote of its hparams."""
    return "tfevents" in path.name or bool(_TRIAL.match(path.name))


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run of an event file, or of all event files in a folder."""
    if path.is_file():
        return (_run(path.parent.name, [path]),)
    trials = [one for one in path.iterdir() if _TRIAL.match(one.name) and one.is_dir() and not one.is_symlink()]
    return (_run(path.name, [file for folder in (*sorted(trials), path) for file in _events(folder)]),)


def _events(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if "tfevents" in one.name and one.is_file() and not one.is_symlink())


def _run(name: str, files: list[Path]) -> Logged:
    config: dict[str, Cell] = {}
    points: dict[str, list[Points]] = {}
    doubts: tuple[Finding, ...] = ()
    restarts: list[tuple[float, float]] = []
    before = 0.0  # bytes of the files before this one: places go on from file to file
    for file in files:
        found, torn_end, size = _file(file)
        config |= found.config
        doubts += torn_end
        restarts += [(before + place, step) for place, step in found.restarts]
        for tag, parts in found.points.items():
            where, steps, values = _joined(parts)
            order = np.argsort(where)
            points.setdefault(tag, []).append((before + where[order], steps[order], values[order]))
        before += size
    refuse_many(sum(len(one[0]) for parts in points.values() for one in parts), name)
    written = {tag: _joined(parts) for tag, parts in sorted(points.items())}
    return Logged(name, config, standing(written, restarts), doubts=doubts)


def _file(path: Path) -> tuple[_Scan, tuple[Finding, ...], int]:
    """Return what is in an event file, the finding on a torn end, and its size."""
    data, source = read_bytes(path), str(path)
    starts, lengths, whole = _frames(data, source)
    scan = _Scan({}, {}, [])
    for length in np.unique(lengths).tolist():
        rows = starts[lengths == length]
        for part in np.array_split(rows, max(1, len(rows) * length // _AT_ONCE)):
            records = _cut(data, part, length)
            _check(data, part, records, source=source)
            try:
                scan.take(records, part)
            except ValueError as error:
                raise DataError(f"{shown(source)}: holds an event that TensorBoard does not write ({error}).") from None
    return scan, () if whole else torn(source, "an event"), len(data)


def _joined(parts: list[Points]) -> Points:
    where, steps, values = zip(*parts, strict=True)
    return np.concatenate(where), np.concatenate(steps), np.concatenate(values)


def _frames(data: bytes, source: str) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Return where each record's event begins, how long it is, and whether the file ends with a whole one."""
    starts, lengths, place, end = [], [], 0, len(data)
    while place + 12 <= end:
        length = int.from_bytes(data[place : place + 8], "little")
        if place + 16 + length > end:
            break
        starts.append(place + 12)
        lengths.append(length)
        place += 16 + length
    found = np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)
    begun = [*(found[0] - 12), *([place] if place + 12 <= end else [])]
    _hold(data, np.array(begun, dtype=np.int64), 8, source=source)
    return *found, place == end


def _check(data: bytes, starts: NDArray[np.int64], records: NDArray[np.uint8], *, source: str) -> None:
    """Refuse a file in which one of these events does not have its checksum."""
    length = records.shape[1]
    bad = np.flatnonzero(masked(checksums(records)) != _cut(data, starts + length, 4).view("<u4")[:, 0])
    if bad.size:
        raise damaged(source, int(starts[bad[0]]), "the checksum of an event does not hold")


def _hold(data: bytes, starts: NDArray[np.int64], length: int, *, source: str) -> None:
    for part in np.array_split(starts, max(1, len(starts) * length // _AT_ONCE)):
        _check(data, part, _cut(data, part, length), source=source)


def _cut(data: bytes, starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Return the bytes from each start (starts, length)."""
    if not length or not len(starts):
        return np.zeros((len(starts), length), dtype=np.uint8)
    return np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, dtype=np.uint8), length)[starts]


@dataclass(frozen=True)
class _Look:
    """How one event is built: where its step and its value stand, and up to where others like it are the same."""

    tag: str
    step: slice
    value: slice
    form: str
    same: int


@dataclass
class _Scan:
    """What has been read of a file's events so far."""

    points: dict[str, list[Points]]
    config: dict[str, Cell]
    restarts: list[tuple[float, float]]

    def take(self, records: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        """Take in events of one length: one is decoded, and all that look like it are read as it was."""
        for _ in range(_LOOKS):
            if not len(records):
                return
            event = records[0].tobytes()
            found = list(_looks(event))
            if len(found) > 1:
                break
            like = np.zeros(len(records), dtype=bool)
            like[0] = True
            for look in found:
                like = _alike(records, look)
                self._points(look, records[like], starts[like])
                if look.tag == _HPARAMS:
                    like[1:] = False
                    self.config |= dict(_hparams(event[look.value]))
            if not found:
                like = (records == records[0])[:, 9:].all(axis=1) if records.shape[1] > 9 else like
                step = _restart(event)
                self.restarts += [] if step is None else [(float(place), step) for place in starts[like]]
            records, starts = records[~like], starts[~like]
        for row, start in zip(records, starts, strict=True):
            for look in _looks(row.tobytes()):
                self._points(look, row[None], start[None])

    def _points(self, look: _Look, records: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        if look.form:
            values = np.ascontiguousarray(records[:, look.value]).view(look.form)[:, 0].astype(np.float64)
            self.points.setdefault(look.tag, []).append((starts, _steps(records[:, look.step]), values))


def _alike(records: NDArray[np.uint8], look: _Look) -> NDArray[np.bool_]:
    """Say which records are built like the first: the same but for the time, the step and the value."""
    fixed = np.arange(records.shape[1]) < look.same
    fixed[1:9] = False  # the time
    fixed[look.step] = False
    if look.form:
        fixed[look.value] = False
    alike = (records[:, fixed] == records[0, fixed]).all(axis=1)
    more = records[:, look.step] & 0x80  # where a number of variable length goes on
    return np.asarray(alike & (more == more[0]).all(axis=1))


def _steps(digits: NDArray[np.uint8]) -> Array:
    found = np.zeros(len(digits), dtype=np.uint64)
    for place, column in enumerate(np.ascontiguousarray(digits.T)):
        found |= (column & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
    return found.view(np.int64).astype(np.float64)


def _looks(event: bytes) -> Iterator[_Look]:
    """Yield how each value of an event is built; none for an event without a summary."""
    step, summary = slice(0, 0), None
    for place, (name, kind, start, stop) in enumerate(fields(event)):
        if place == 0 and (name, kind) != (1, EIGHT):
            raise ValueError("an event without its time")
        if (name, kind) == (2, VARINT):
            step = slice(start, stop)
        elif (name, kind) == (5, BYTES):
            summary = start, stop
    if summary is not None:
        for name, kind, start, stop in fields(event, *summary):
            if (name, kind) == (1, BYTES):
                yield _look(event, start, stop, step=step)


def _restart(event: bytes) -> float | None:
    """Return the step at which an event says that the writer starts again (purge_step); None for another event."""
    step, starts = 0, False
    for name, kind, begin, end in fields(event):
        if (name, kind) == (2, VARINT):
            step = signed(varint(event, begin, end)[0])
        elif (name, kind) == (7, BYTES):  # SessionLog, whose status START is 1
            status = (
                varint(event, at, stop)[0]
                for one, form, at, stop in fields(event, begin, end)
                if form == VARINT and one == 1
            )
            starts = next(status, 0) == 1
    return float(step) if starts else None


def _look(event: bytes, start: int, stop: int, *, step: slice) -> _Look:
    tag, value, form, same = "", slice(0, 0), "", len(event)
    for name, kind, begin, end in fields(event, start, stop):
        if (name, kind) == (1, BYTES):
            tag = event[begin:end].decode()
        elif (name, kind) == (2, FOUR):
            value, form = slice(begin, end), "<f4"
        elif (name, kind) == (8, BYTES):
            value, form = _tensor(event, begin, end)
        elif (name, kind) == (9, BYTES) and tag == _HPARAMS:
            value = slice(begin, end)
        if not form and name in {4, 5, 6, 8} and same == len(event):  # an image, a histogram, sound, text
            same = begin - 1
    return _Look(tag, step, value, form, same)


def _tensor(event: bytes, start: int, stop: int) -> tuple[slice, str]:
    """Return where the one number of a tensor stands, and its format; nothing for text and for more than one."""
    code, places = 0, []
    for name, kind, begin, end in fields(event, start, stop):
        if (name, kind) == (1, VARINT):
            code = varint(event, begin, end)[0]
        elif (name in {4, 5, 6} and kind == BYTES) or (name, kind) in {(5, FOUR), (6, EIGHT)}:
            places.append(slice(begin, end))
    form = _FORMATS.get(code, "")
    fits = len(places) == 1 and form and places[0].stop - places[0].start == int(form[2:])
    return (places[0], form) if fits else (slice(0, 0), "")


def _hparams(metadata: bytes) -> Iterator[tuple[str, Cell]]:
    """Yield the settings in the metadata of a session's start: plugin data, its content, session_start_info."""
    for start, stop in _inside(metadata, (1, 2, 3, 1), (0, len(metadata))):
        entry = {name: (begin, end) for name, _, begin, end in fields(metadata, start, stop)}
        if entry.keys() >= {1, 2}:
            key = metadata[slice(*entry[1])].decode()
            yield from ((key, cell) for cell in _value(metadata, *entry[2]))


def _inside(data: bytes, path: tuple[int, ...], span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield where the messages stand that lie inside one another by these numbers."""
    if not path:
        yield span
        return
    for name, kind, start, stop in fields(data, *span):
        if (name, kind) == (path[0], BYTES):
            yield from _inside(data, path[1:], (start, stop))


def _value(data: bytes, start: int, stop: int) -> Iterator[Cell]:
    """Yield what a google.protobuf.Value holds: a number, a text or a truth value."""
    for name, _, begin, end in fields(data, start, stop):
        if name == 2:
            yield float(np.frombuffer(data[begin:end], dtype="<f8")[0])
        elif name == 3:
            yield data[begin:end].decode()
        elif name == 4:
            yield bool(signed(varint(data, begin, end)[0]))
