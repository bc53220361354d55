"""Documents to train on and documents to validate on, none of them in both."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from isoflop.errors import DataError, shown

SMALLEST, LARGEST_HELD_OUT = 200, 32_768
"""Bytes under which a file is left out; bytes over which it is too much training text to hold out."""
_LEFT_OUT = {"test", "tests", "idle_test", "encodings", "pydoc_data", "ensurepip", "site-packages", "__pycache__"}
"""Folders of the standard library that repeat themselves, or are none of its own."""


@dataclass(frozen=True)
class Corpus:
    """Documents as bytes, and the hash of all of them together."""

    training: tuple[bytes, ...]
    validation: tuple[bytes, ...]
    hash: str


def read_corpus(source: str, *, suffixes: tuple[str, ...], held_out: int) -> Corpus:
    """Return a corpus of the standard library (OWN) or of a folder, `held_out` documents of it for validation.

    Documents that differ in white space alone count as one. The order is that of their hashes: it depends on their
    content, not on names or places. Raises DataError where there are too few.
    """
    documents = _distinct(OWN[source]() if source in OWN else _folder(source, suffixes))
    keys = sorted(documents)
    chosen = frozenset([key for key in keys if len(documents[key]) <= LARGEST_HELD_OUT][:held_out])
    if len(chosen) < held_out or len(chosen) == len(documents):
        raise DataError(
            f"{shown(source)}: of {len(documents)} different files, {held_out} are to be held out for validation, "
            f"each up to {LARGEST_HELD_OUT} bytes. Give more files, or say a smaller --validation-files."
        )
    return Corpus(
        training=tuple(documents[key] for key in keys if key not in chosen),
        validation=tuple(documents[key] for key in keys if key in chosen),
        hash=hashlib.sha256("".join(keys).encode()).hexdigest()[:16],
    )


def _sources() -> Iterable[bytes]:
    root = Path(sysconfig.get_path("stdlib"))
    return _contents(path for path in root.rglob("*.py") if not _LEFT_OUT & set(path.relative_to(root).parts))


def _topics() -> Iterable[bytes]:
    from pydoc_data.topics import topics

    return (text.encode() for text in topics.values())


def _tables() -> Iterable[bytes]:
    return _contents((Path(sysconfig.get_path("stdlib")) / "encodings").glob("*.py"))


OWN = MappingProxyType({"python": _sources, "text": _topics, "tables": _tables})
"""What every Python has: its library's sources, the help texts of its language, its tables of characters."""


def _folder(source: str, suffixes: tuple[str, ...]) -> Iterable[bytes]:
    root = Path(source)
    if not root.is_dir():
        raise DataError(f"{shown(source)}: is no folder. Say --corpus {', '.join(OWN)}, or a folder of text.")
    return _contents(path for path in root.rglob("*") if path.suffix.lower() in suffixes and path.is_file())


def _contents(paths: Iterable[Path]) -> Iterable[bytes]:
    return (path.read_bytes() for path in paths)


def _distinct(contents: Iterable[bytes]) -> dict[str, bytes]:
    """Return each document once, by the hash of its words."""
    found = {}
    for content in contents:
        if len(content) >= SMALLEST:
            found[hashlib.sha256(b" ".join(content.split())).hexdigest()] = content
    return found
