"""From a path or standard input to text: size limits, refused formats, gzip, encoding."""

from __future__ import annotations

import csv
import io
import os
import re
import zlib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from isoflop.data.limits import MAX_BYTES, MAX_RATIO
from isoflop.data.readers.address import is_address, local_copy
from isoflop.errors import DataError, shown
from isoflop.files import read_limited

_PICKLE_ADVICE = (
    "Reading it could run code, so isoflop never does. If you trust it, convert it: "
    """python -c "import pandas; pandas.read_pickle('FILE').to_csv('runs.csv', index=False)\""""
)
_PICKLE = re.compile(rb"\x80[\2-\5]|[\]}]q\0|\([dl]p0\n|c[\w.]+\n\w+\n(?:p0\n|q\0|\()")
"""How a pickle starts, by protocol: 2 to 5, 1, and 0 with a list, a dictionary or a call."""
_PICKLED = frozenset({".pkl", ".pickle", ".joblib"})

_EXPORT = "Export the table as CSV."
_NO_TABLES = {
    ".toml": ("is TOML, as a study or a plan is described", "isoflop study reads a study; name a table of runs here."),
    ".yaml": ("is YAML, as settings are written", "Name what the run logged, or a table of runs."),
    ".yml": ("is YAML, as settings are written", "Name what the run logged, or a table of runs."),
    ".py": ("is a program", "Name what it wrote."),
    ".ipynb": ("is a notebook", "Name the table that it read or wrote."),
    ".pt": ("holds weights by its name", "Name a table of runs."),
    ".safetensors": ("holds weights by its name", "Name a table of runs."),
}
"""What files are by their suffix that hold no runs, and what to do instead."""
_WEIGHTS = "It holds weights, not runs. Name a table of runs."
_MAGIC = (
    (b"\x93NUMPY", "a NumPy array file", _EXPORT),
    (b"PAR1", "a Parquet file", "Name the file itself, not packed and not through a pipe."),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save the sheet as CSV."),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"SQLite format 3", "a SQLite database, and none of MLflow's", _EXPORT),
    (b"\xfd7zXZ", "xz-compressed", "Unpack it, or compress it with gzip."),
    (b"BZh", "bzip2-compressed", "Unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it, or compress it with gzip."),
    (b"\x7fELF", "a program", "Name a table."),
    (b"%PDF", "a PDF", "Name a table."),
    (b"\x89PNG", "an image", "Name a table."),
    (b"<!DOCTYPE", "a web page", "Download the table itself."),
    (b"<!doctype", "a web page", "Download the table itself."),
    (b"<html", "a web page", "Download the table itself."),
    (b"\\begin{tabular}", "a LaTeX table", _EXPORT),
    (b"\\documentclass", "a LaTeX document", "Name a table."),
)
_ZIPPED = (
    (b"xl/workbook.xml", "an Excel workbook", "Save the sheet as CSV."),
    (b"data.pkl", "a PyTorch file, a pickle inside a zip", _WEIGHTS),
    (b".npy", "a NumPy archive", _EXPORT),
    (b"", "a zip archive", "Unpack it and name the table."),
)
"""What kinds of zip archive are known by: a file inside."""
_WIDE = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
"""How a text in another encoding begins."""
_MARKS = tuple(mark for mark, _ in _WIDE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that stand in no text: what holds one and is no UTF-8 is a file of another kind."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Text:
    """The text of a source, with the name that errors give it and the suffix that hints its format.

    western  whether it was no UTF-8, and its letters were taken for Western European ones
    """

    source: str
    suffix: str
    text: str
    western: bool = False


def read_text(source: str | os.PathLike[str], *, growing: bool = False) -> Text:
    """Return the text of a file, or of standard input for "-".

    growing  leaves out a last line without its end: who writes the file may be in the middle of it

    Raises DataError for a file that is missing, too large, of another format, or no UTF-8.
    """
    name = os.fspath(source)
    if is_address(name):
        with local_copy(name) as copy:
            return replace(read_text(copy.path, growing=growing), source=copy.address)
    data, source = read_bytes(Path(name)), shown(name)
    if data.startswith(_GZIP):
        data = _gunzip(data, source)
    _refuse_formats(data, source)
    if said := _NO_TABLES.get(Path(name).suffix.lower()):
        raise DataError(f"{source}: {said[0]}, and holds no runs. {said[1]}")
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    data = _whole_lines(data) if growing and not data.startswith(_MARKS) else data
    return Text(source, suffixes[-1] if suffixes else "", *_decode(data, source))


def _whole_lines(data: bytes) -> bytes:
    """Return the lines that have an end; a document of JSON is whole or not by its own brackets."""
    first, end, _ = data.lstrip().partition(b"\n")
    if first[:1] == b"[" or (first[:1] == b"{" and not (end and first.rstrip().endswith(b"}"))):
        return data
    return data[: data.rfind(b"\n") + 1]


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; raises DataError for one that is missing, too large, or a pickle by its name."""
    source = shown(str(path))
    if _PICKLED & {suffix.lower() for suffix in path.suffixes}:
        raise DataError(f"{source}: is a pickle. {_PICKLE_ADVICE}")
    try:
        _refuse_size(path.stat().st_size, source)
        data = read_limited(path, MAX_BYTES)
    except FileNotFoundError:
        raise DataError(f"{source}: there is no such file.{near(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{source}: is a folder. Name the file with the runs.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{source}: cannot be read ({reason}). Name a table of runs.") from None
    _refuse_size(len(data), source)
    return data


def head(path: Path, size: int = 65536) -> bytes:
    """Give how a file begins; nothing for a folder, a pipe and what cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(size)
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return b""


def header(path: Path) -> list[str]:
    """Return the column names in the first line of a file of commas."""
    line = head(path, 1 << 20).partition(b"\n")[0]
    try:
        return next(csv.reader([line.decode("utf-8-sig", errors="replace").rstrip("\r")]), [])
    except csv.Error:
        return []


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")


def near(path: Path) -> str:
    """Return what may have been meant by the name of a file that is not there."""
    if _ADDRESS.match(str(path)):
        return " It looks like an address; only s3, gs, https and http are fetched. Download it, and name the file."
    if path.is_symlink():
        return f" It is a link to {shown(str(path.readlink()))}."
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f" Nor is there a folder {shown(str(path.parent))}."
    close = get_close_matches(path.name, names, n=3)
    return f" Did you mean {' or '.join(shown(str(path.parent / name)) for name in close)}?" if close else ""


def _refuse_size(size: int, source: str) -> None:
    if size > MAX_BYTES:
        raise DataError(f"{source}: is larger than {MAX_BYTES >> 20} MiB. Keep one row a run and the columns needed.")


def _gunzip(data: bytes, source: str) -> bytes:
    import gzip

    limit = min(MAX_BYTES, max(2**20, MAX_RATIO * len(data)))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            unpacked = stream.read(limit + 1)
    except EOFError:
        raise DataError(f"{source}: the gzip file ends early. Compress or download it again.") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"{source}: is a damaged gzip file ({error}). Compress it again.") from None
    if len(unpacked) > limit:
        raise DataError(f"{source}: grows beyond {limit >> 20} MiB when unpacked. Unpack it yourself and check it.")
    return unpacked


def _refuse_formats(data: bytes, source: str) -> None:
    if _PICKLE.match(data):
        raise DataError(f"{source}: is a pickle, whatever its name says. {_PICKLE_ADVICE}")
    for magic, what, remedy in _MAGIC:
        if data.startswith(magic):
            raise DataError(f"{source}: is {what}. {remedy}")
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        what, remedy = next((what, remedy) for inside, what, remedy in _ZIPPED if inside in data)
        raise DataError(f"{source}: is {what}. {remedy}")
    if data[8:10] == b'{"' and (b"\0" in data[:8] or not data[:8].isascii()):  # a length, then its header
        raise DataError(f"{source}: is a safetensors file. {_WEIGHTS}")
    if data.startswith(_GZIP):
        raise DataError(f"{source}: is compressed twice. Unpack it once.")


def _decode(data: bytes, source: str) -> tuple[str, bool]:
    """Return the text, and whether it is neither UTF-8 nor what its mark says; its digits are plain all the same."""
    wide = next((name for mark, name in _WIDE if data.startswith(mark)), "")
    null = -1 if wide else data.find(b"\0")
    if null >= 0:
        row = data.count(b"\n", 0, null) + 1
        raise DataError(f"{source}, line {row}: a NUL byte at byte {null}. Save it as plain UTF-8 text.")
    western = False
    try:
        text = data.decode(wide or "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide or _CONTROL.search(data):
            row = data.count(b"\n", 0, error.start) + 1
            byte = f"byte {error.start} (0x{data[error.start]:02x})"
            raise DataError(f"{source}, line {row}: {byte} is not {wide or 'UTF-8'}. Save it as UTF-8.") from None
        text, western = data.decode("cp1252", errors="replace"), True
    if not text.strip():
        raise DataError(f"{source}: is empty. Give a header and one row for each run.")
    return text, western
