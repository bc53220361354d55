"""From a path or standard input to text: size limits, refused formats, gzip, encoding."""

from __future__ import annotations

import os
import sys
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from isoflop.errors import DataError

MAX_BYTES = 200 * 2**20
"""The largest table read, after decompression."""
MAX_RATIO = 100
"""The most a .gz may grow; tables grow 3 to 30 times, a bomb 1000 times."""

_PICKLE_ADVICE = (
    "Reading it could run code, so isoflop never does. If you trust it, convert it:\n"
    "    import pandas\n"
    '    frame = pandas.read_pickle("FILE")\n'
    '    frame.to_csv("runs.csv", index=False)'
)
_EXPORT = "Export the table as CSV."
_MAGIC = (
    (b"\x93NUMPY", "a NumPy array file", _EXPORT),
    (
        b"PK\x03\x04",
        "a zip archive (xlsx, npz and PyTorch files are too)",
        "Unpack it, or export the table as CSV.",
    ),
    (b"PAR1", "a Parquet file", _EXPORT),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"SQLite format 3", "a SQLite database", _EXPORT),
    (b"\xfd7zXZ", "xz-compressed", "Unpack it, or compress it with gzip."),
    (b"BZh", "bzip2-compressed", "Unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it, or compress it with gzip."),
    (b"\x7fELF", "a program", "Name a table."),
    (b"%PDF", "a PDF", "Name a table."),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Text:
    """The text of a source, with the name that errors give it and the suffix that hints its format."""

    source: str
    suffix: str
    text: str


def read_text(source: str | os.PathLike[str]) -> Text:
    """Give the text of a file, or of standard input for "-".

    Raises DataError for a file that is missing, too large, of another format, or no UTF-8.
    """
    name = os.fspath(source)
    data = _standard_input() if name == "-" else _file(Path(name))
    shown = "standard input" if name == "-" else name
    if data.startswith(_GZIP):
        data = _gunzip(data, shown)
    _refuse_formats(data, shown)
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    return Text(shown, suffixes[-1] if suffixes else "", _decode(data, shown))


def _standard_input() -> bytes:
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    _refuse_size(len(data), "standard input")
    return data


def _file(path: Path) -> bytes:
    if path.suffix.lower() in {".pkl", ".pickle"}:
        raise DataError(f"{path}: is a pickle. {_PICKLE_ADVICE}")
    try:
        with path.open("rb") as stream:
            _refuse_size(os.fstat(stream.fileno()).st_size, str(path))
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.{_near(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder. Name the file with the runs.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None
    _refuse_size(len(data), str(path))
    return data


def _near(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f" Nor is there a folder {path.parent}."
    near = get_close_matches(path.name, names, n=3)
    return f" Did you mean {' or '.join(str(path.parent / name) for name in near)}?" if near else ""


def _refuse_size(size: int, shown: str) -> None:
    if size > MAX_BYTES:
        raise DataError(f"{shown}: is larger than {MAX_BYTES >> 20} MiB. Keep one row a run and the columns needed.")


def _gunzip(data: bytes, shown: str) -> bytes:
    limit = min(MAX_BYTES, max(2**20, MAX_RATIO * len(data)))
    parts: list[bytes] = []
    size = 0
    while data:
        stream = zlib.decompressobj(wbits=31)
        try:
            parts.append(stream.decompress(data, limit + 1 - size))
        except zlib.error as error:
            raise DataError(f"{shown}: is a damaged gzip file ({error}). Compress it again.") from None
        size += len(parts[-1])
        if size > limit:
            raise DataError(f"{shown}: grows beyond {limit >> 20} MiB when unpacked. Unpack it yourself and check it.")
        if not stream.eof:
            raise DataError(f"{shown}: the gzip file ends early. Compress or download it again.")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _refuse_formats(data: bytes, shown: str) -> None:
    if data[:1] == b"\x80" and data[1:2] in {b"\2", b"\3", b"\4", b"\5"}:
        raise DataError(f"{shown}: is a pickle, whatever its name says. {_PICKLE_ADVICE}")
    for magic, what, remedy in _MAGIC:
        if data.startswith(magic):
            raise DataError(f"{shown}: is {what}. {remedy}")
    if data.startswith(_GZIP):
        raise DataError(f"{shown}: is compressed twice. Unpack it once.")


def _decode(data: bytes, shown: str) -> str:
    if data.startswith(_UTF16):
        raise DataError(f"{shown}: is UTF-16. Save it as UTF-8.")
    null = data.find(b"\0")
    if null >= 0:
        row = data.count(b"\n", 0, null) + 1
        raise DataError(f"{shown}, line {row}: a NUL byte at byte {null}. Save it as plain UTF-8 text.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02x}"
        raise DataError(f"{shown}, line {row}: byte {error.start} ({byte}) is not UTF-8. Save it as UTF-8.") from None
    if not text.strip():
        raise DataError(f"{shown}: is empty. Give a header and one row for each run.")
    return text
