"""Packs: what finished runs of a study left, moved into zip files beside the study, so that few inodes are used.

A member's name is RUN/FILE, and nothing in a pack says where anything goes. Of a name in two packs the later counts.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from isoflop.data.limits import MAX_BYTES
from isoflop.errors import DataError, shown

PACK = re.compile(r"packed-([1-9][0-9]{0,8})\.zip")


def packs(study: Path) -> list[Path]:
    """Return the packs of a study, the oldest first."""
    found = [(int(name[1]), path) for path in study.glob("packed-*.zip") if (name := PACK.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def packed(study: Path) -> dict[str, Path]:
    """Return the name of everything that is packed, and its pack; raises DataError for a damaged one."""
    found: dict[str, Path] = {}
    for path in packs(study):
        with _opened(path) as pack:
            found |= dict.fromkeys(pack.namelist(), path)
    return found


def content(name: str, pack: Path) -> bytes:
    """Return what a packed file held; raises DataError if the pack is damaged or would grow too large."""
    with _opened(pack) as one:
        if one.getinfo(name).file_size > MAX_BYTES:
            raise DataError(f"{shown(str(pack))}: {shown(name)} has more than {MAX_BYTES >> 20} MiB.")
        return one.read(name)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as pack:
            yield pack
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(f"{shown(str(path))}: is no sound pack of runs ({shown(str(error))}).") from None


@contextmanager
def run_folders(study: Path, runs: Iterable[Path], names: tuple[str, ...]) -> Iterator[list[Path]]:
    """Give folders of runs, and in the place of one whose files of these names are packed another that holds them."""
    held = packed(study)
    with ExitStack() as stack:
        found = []
        for run in runs:
            wanted = [name for name in names if f"{run.name}/{name}" in held and not (run / name).exists()]
            if wanted:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()), run.name)
                folder.mkdir()
                for name in wanted:
                    (folder / name).write_bytes(content(f"{run.name}/{name}", held[f"{run.name}/{name}"]))
            found.append(folder if wanted else run)
        yield found
