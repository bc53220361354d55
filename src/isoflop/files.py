"""Files written whole or not at all; rows as CSV that no spreadsheet takes for a formula; values as TOML has them."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from isoflop.errors import IsoflopError, shown

TEMPORARY = ".isoflop-"
"""How the names of files begin that are not yet whole."""


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file by way of a neighbour and a rename, so that nobody ever sees half of it.

    Raises IsoflopError, with nothing left behind, if the folder cannot be written or the disk is full.
    """
    _write(Path(path), content, lambda temporary, file: temporary.replace(file))


def write_once(path: str | os.PathLike[str], content: bytes) -> bool:
    """Write a file whole unless there is one of that name, and say whether it was written: of many, one wins.

    Raises IsoflopError like `write_whole`.
    """
    try:
        _write(Path(path), content, os.link)
    except FileExistsError:
        return False
    return True


def _write(file: Path, content: bytes, place: Callable[[Path, Path], object]) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=TEMPORARY)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o644)
            place(temporary, file)
            _sync(file.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise IsoflopError(
            f"{shown(str(file))}: {len(content):,} bytes cannot be written ({reason}). "
            "Name a file in a folder that can be written and has room."
        ) from None


def _sync(folder: Path) -> None:
    """Make a rename last through a power cut, where the system lets a folder be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
    """Give text with an apostrophe before it, if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Give text as it was before it was guarded."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def _quoted(cell: str) -> str:
    """Give a cell as it stands in the file: Python's csv would leave a carriage return bare, which ends a line."""
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def _cell(value: object) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def toml_key(text: str) -> str:
    """Give a key as TOML has it: bare where it may be."""
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else _toml_string(text)


def toml_value(value: Any) -> str:
    """Give a value as TOML has it; what is None is left out of lists and tables."""
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
    """Give a string as TOML has it: JSON's escapes are TOML's too, and TOML wants one for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
