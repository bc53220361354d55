"""Files: written whole or not at all, read within limits; rows as CSV that is no formula, as TOML, as a DataFrame.

write_whole    the files of a study and the like, which are isoflop's own
write_once     the same, of which one writer of many wins
write_output   what a user names: "-" is standard output, and what isoflop did not write stays unless replacing
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from isoflop.errors import DataError, IsoflopError, MissingExtraError, UsageError, shown
from isoflop.files.system import BINARY, NO_WAIT, keep_owner, note, noted, readable

TEMPORARY = ".isoflop-"
"""How the names of files begin that are not yet whole."""
STANDARD = "-"
"""The name of standard input and output."""
_SEAL = "user.isoflop.sha256"
"""The attribute of a file that holds the SHA-256 of what isoflop wrote into it: any edit since shows."""
_MARK, _WITHIN = b"isoflop", 4096
"""What a file of ours has near its beginning, for file systems that keep no attributes."""

WRITER, SILENCE = 1.0, 60.0
"""Seconds in which somebody must begin to write to a pipe, and in which one who does must write something."""
_PIECE = 1 << 20
DAMAGED = (ValueError, TypeError, KeyError, AttributeError)
"""What comes of taking JSON of any kind for the one that was written."""

Pathish = str | os.PathLike[str]


@dataclass(frozen=True)
class _Leave:
    """What writing may do: replace what isoflop did not write, and where standard output is."""

    force: bool = False
    stdout: BinaryIO | None = None


_NONE = _Leave()
_leave: ContextVar[_Leave] = ContextVar("leave", default=_NONE)


@contextmanager
def replacing(*, force: bool = True, stdout: BinaryIO | None = None) -> Iterator[None]:
    """Let `write_output` replace, within here, what isoflop did not write; the old file is kept beside it as .bak.

    stdout  where "-" goes, if not to sys.stdout
    """
    token = _leave.set(_Leave(force, stdout))
    try:
        yield
    finally:
        _leave.reset(token)


def write_output(path: Pathish, content: bytes) -> None:
    """Write a file that the user named, whole or not at all; "-" is standard output.

    Raises UsageError, and writes nothing, where a file stands that isoflop did not write, or that was changed since;
    IsoflopError for what is no regular file and where nothing can be written.
    """
    if os.fspath(path) == STANDARD:
        stream = _leave.get().stdout or sys.stdout.buffer
        stream.write(content)
        stream.flush()
        return
    target = check_output(path, content)
    if _leave.get().force and target.exists() and not _is_ours(target, content):
        _back_up(target)
    _write(target, content, _replace, sealed=True)


def check_output(path: Pathish, content: bytes | None = None) -> Path:
    """Return the file that a name leads to, links followed; raises UsageError if it must not be written."""
    name = shown(os.fspath(path))
    target = _target(path)
    if not target.exists():
        return target
    if not os.access(target, os.W_OK):
        raise UsageError(f"{name}: is read-only. Say another name.")
    if not _leave.get().force and not _is_ours(target, content):
        raise UsageError(
            f"{name}: is there, and isoflop did not write it, or it was changed since. Say another name, or --force to "
            f"replace it; the old file is then kept as {shown(target.name)}.bak."
        )
    return target


def write_whole(path: Pathish, content: bytes) -> None:
    """Write a file by way of a neighbour and a rename, so that nobody ever sees half of it.

    A link is followed, the mode of a file that is there is kept, and a new one has what the umask leaves. Raises
    IsoflopError, with nothing left behind, if the folder cannot be written or the disk is full.
    """
    _write(_target(path), content, _replace)


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there; raises IsoflopError if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IsoflopError(f"{shown(str(folder))}: cannot be made ({error.strerror}).") from None


def write_once(path: Pathish, content: bytes) -> bool:
    """Write a file whole unless there is one of that name, and say whether it was written: of many, one wins.

    Raises IsoflopError like `write_whole`.
    """
    try:
        _write(Path(path), content, os.link)
    except FileExistsError:
        return False
    return True


def _target(path: Pathish) -> Path:
    """Return where a name leads, links followed; raises IsoflopError where that is no regular file."""
    name = os.fspath(path)
    if not name or name.endswith(("/", os.sep)):
        raise UsageError(f"{shown(name) or '-o'}: a file to write needs a name, as in -o fit.json.")
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - of pipes behind /dev/stdout, too, which have no path
    except (FileNotFoundError, NotADirectoryError):
        return Path(os.path.realpath(name))
    except (OSError, ValueError) as error:
        raise _unwritten(name, None, error) from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or a socket"
        raise IsoflopError(
            f"{shown(name)}: is {what}, and only files are written. Say the name of a file, or - for standard output."
        )
    return Path(os.path.realpath(name))


def _write(file: Path, content: bytes, place: Callable[[Path, Path], object], *, sealed: bool = False) -> None:
    temporary = file.with_name(f"{TEMPORARY}{token_hex(8)}")
    try:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)  # less the umask
            with os.fdopen(handle, "wb") as stream:
                with suppress(FileNotFoundError):
                    keep_owner(handle, file.stat())
                stream.write(content)
                stream.flush()
                if sealed:
                    note(handle, _SEAL, hashlib.sha256(content).hexdigest().encode())
                os.fsync(handle)
            place(temporary, file)
            _sync(file.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        raise _unwritten(str(file), content, error) from None


def _replace(temporary: Path, file: Path) -> None:
    temporary.replace(file)


def _unwritten(name: str, content: bytes | None, error: OSError | ValueError) -> IsoflopError:
    """Return the error that says which bytes cannot be written where, and why."""
    reason = error.strerror if isinstance(error, OSError) else error
    what = "it" if content is None else f"{len(content):,} bytes"
    return IsoflopError(
        f"{shown(name)}: {what} cannot be written ({reason}). Name a file in a folder that can be written and has room."
    )


def _is_ours(file: Path, content: bytes | None) -> bool:
    """Return whether nothing is lost with a file: it is empty, or as isoflop wrote it, or as it is to be."""
    try:
        with file.open("rb") as stream:
            begin = stream.read(_WITHIN)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return False
    if not begin or (content is not None and hashlib.sha256(content).hexdigest() == digest):
        return True
    seal = noted(file, _SEAL)
    if seal is None:
        return _MARK in begin and file.suffix != ".toml"
    return seal == digest.encode()


def _back_up(file: Path) -> None:
    """Keep a file beside itself as .bak, or .bak2 and so on where there are such."""
    names = (file.with_name(f"{file.name}.bak{number if number > 1 else ''}") for number in itertools.count(1))
    backup = next(one for one in names if not os.path.lexists(one))
    try:
        shutil.copy2(file, backup)
    except OSError as error:
        raise _unwritten(str(backup), None, error) from None


def _sync(folder: Path) -> None:
    """Make a rename last through a power cut, where the system lets a folder be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_limited(path: Pathish, most: int) -> bytes:
    """Return what a file, or a pipe that somebody writes to, holds: all of it, or its first `most` bytes and one more.

    Raises DataError for what would never end, such as a device or a pipe without a writer, and OSError or ValueError
    for what cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | NO_WAIT | BINARY)
    try:
        kind, name = os.fstat(handle).st_mode, shown(os.fspath(path))
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISDIR(kind)):
            raise DataError(f"{name}: is a device, not a file. Name a table of runs.")
        pieces: list[bytes] = []
        left, pipe = most + 1, stat.S_ISFIFO(kind)
        while left and (piece := _piece(handle, left, name, wait=SILENCE if pipe else 0.0, first=pipe and not pieces)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(handle)
    return b"".join(pieces)


def _piece(handle: int, most: int, name: str, *, wait: float, first: bool) -> bytes:
    """Return what comes next, empty at the end; of a pipe, `first` its beginning, for which a writer may yet come."""
    if first:
        readable(handle, WRITER)
    for patience in (0.0, wait):
        if patience:
            readable(handle, patience)
        with suppress(BlockingIOError):
            found = os.read(handle, min(most, _PIECE))
            if first and not found:
                raise DataError(f"{name}: is a pipe that nobody writes to. Start what writes to it, or name a file.")
            return found
    raise DataError(f"{name}: nothing came for {wait:g} s. Write it to a file first, and name that.")


def encoded(text: str) -> bytes:
    """Return text as UTF-8; a name of which the locale made no text as the bytes it has, or else escaped."""
    try:
        return text.encode(errors="surrogateescape").decode().encode()
    except UnicodeError:
        return text.encode(errors="backslashreplace")


def parse_json(text: str | bytes) -> Any:
    """Return what JSON holds; raises ValueError alone for what is not JSON, however deep it is nested."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d]")
"""How text begins that a spreadsheet would work out, or that has an apostrophe before such a beginning already."""
_SPECIAL = re.compile('[,"\r\n]')


def as_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Give rows as CSV: columns in the order of their first row, whole numbers as such, what a row lacks left empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [[guarded(name) for name in names], *([_cell(row.get(name)) for name in names] for row in rows)]
    text = "".join((",".join(map(_quoted, line)) or '""') + "\n" for line in lines)
    return text.encode(errors="backslashreplace").decode()  # the name of a folder may be no text at all


def guarded(text: str) -> str:
    """Return text with an apostrophe before it, if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Return text as it was before it was guarded."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def _quoted(cell: str) -> str:
    """Return a cell as it stands in the file: Python's csv would leave a carriage return bare, which ends a line."""
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def _cell(value: object) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def toml_key(text: str) -> str:
    """Return a key as TOML has it: bare where it may be."""
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else _toml_string(text)


def toml_value(value: Any) -> str:
    """Return a value as TOML has it; what is None is left out of lists and tables."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)  # TOML knows nan, inf and -inf
    if isinstance(value, Mapping):
        inner = (f"{toml_key(key)} = {toml_value(one)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(one) for one in value if one is not None) + "]"
    return str(value) if isinstance(value, int) else _toml_string(str(value))


def _toml_string(text: str) -> str:
    """Return a string as TOML has it: JSON's escapes are TOML's too, and TOML wants one for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# Rows of a DataFrame: neither pandas nor polars is loaded before one is asked for.

_DEEPEST = 8
_NOT_THE_RESULT = frozenset({"findings", "excluded", "taken", "command"})
"""Lists that say how a result came about."""
_ESTIMATE = frozenset({"value", "low", "high"})


def rows_of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a result's JSON as flat rows: its table, the first list of objects in it; or else itself, as one row.

    An estimate is three columns: loss, loss.low and loss.high. Of what begins with findings, they are the result.
    """
    if next(iter(found), None) == "findings":
        return _table(found["findings"])
    for name, value in found.items():
        if name not in _NOT_THE_RESULT and (rows := _table(value)):
            return rows
    return [_flat({name: value for name, value in found.items() if name not in _NOT_THE_RESULT})]


def _table(value: Any) -> list[dict[str, Any]]:
    """Return a list of objects, or objects by name, as rows; nothing for anything else."""
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return [_flat(one) for one in value]
    named = isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values())
    return [{"name": name, **_flat(one)} for name, one in value.items()] if named else []


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row: keys joined by dots, an estimate's value under its own name, lists as their JSON text."""
    cells = flattened(row)
    found = {}
    for key, value in cells.items():
        stem, _, last = key.rpartition(".")
        estimate = last == "value" and {f"{stem}.{part}".lstrip(".") for part in _ESTIMATE} <= cells.keys()
        plain = json.dumps(value, default=str) if isinstance(value, list | tuple | Mapping) else value
        found[stem if estimate and stem else key] = plain
    return found


def flattened(row: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Return a nested mapping as one, its keys joined by dots."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping) and depth < _DEEPEST:
            found |= flattened(value, f"{key}.", depth + 1)
        else:
            found[key] = value
    return found


def frame(rows: Sequence[Mapping[str, Any]], library: str) -> Any:
    """Return flat rows as a DataFrame of pandas or polars."""
    try:
        made = import_module(library).DataFrame
    except ImportError:
        raise MissingExtraError(f"{library} is not installed. Type: pip install {library}") from None
    return made(list(rows)) if library == "pandas" else made(list(rows), infer_schema_length=None)
