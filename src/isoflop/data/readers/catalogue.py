"""Which reader reads what: the readers of trackers' logs, those that others installed, and folders of such logs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from isoflop.data.limits import MAX_DEPTH, Look
from isoflop.data.readers import line_pattern, run_files, text_log
from isoflop.data.readers.clock import on_own_clock
from isoflop.data.readers.logs import Logged
from isoflop.data.readers.model_config import TOTAL, beside, counts
from isoflop.data.readers.restarts import goes_on, one_run
from isoflop.errors import DataError, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from isoflop.data.runs import Runs

OWN = (
    "wandb", "tensorboard", "mlflow", "mlruns", "trainer_state", "olmo", "lightning", "nanochat", "wandb_export",
    "exports",
)  # fmt: skip
"""The readers of this folder, each a file of its name. Tables (CSV, JSON, Parquet) are read by `table`."""
ONLINE = {"wandb": "wandb_online"}
"""What stands before the colon of a source on a server, and its reader, a file of this folder."""
GROUP = "isoflop.readers"
"""The group of entry points by which a package adds a reader."""
STUDY, STUDY_MARK = "isoflop.experiments.study.as_runs", "plan.jsonl"
"""The module that reads studies, loaded by its name as it stands in a later wing, and the file that makes a study."""
TABLES = frozenset({".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".gz", ".parquet"})
"""Suffixes of tables, for which no installed reader is asked."""


class Reader(Protocol):
    """A reader: says what it reads, and gives the runs in it.

    One that reads folders may have a third function, takes(path): whether something in such a folder is read
    with it; what is not is looked at on its own.
    """

    TITLE: str

    def recognises(self, path: Path) -> bool:
        """Return whether this file or folder is one that it reads."""

    def read(self, path: Path) -> Iterable[Logged]:
        """Return the runs in it; raises DataError for what is damaged."""


def find(path: Path, *, growing: bool = False) -> tuple[str, tuple[Logged, ...]] | None:
    """Return what the logs in a file or folder are called, and the runs in them; None if no reader knows it.

    growing  leaves out a last line without its end in a table of one run: who writes it may be in the middle of it

    Raises DataError for a folder with logs of several kinds: they may hold the same runs twice.
    """
    try:
        return _find(path, growing=growing)
    except OSError as error:
        place = shown(str(error.filename or path))
        raise DataError(f"{place}: cannot be read ({error.strerror}). Name a folder that you may read.") from None


def find_lines(path: Path, patterns: Sequence[str]) -> tuple[str, tuple[Logged, ...]]:
    """Return what lines of these patterns say in a file, or in each file of a folder."""
    found = [(_with_model(run, place), place) for run, place in line_pattern.read_lines(path, patterns)]
    return line_pattern.TITLE, _distinct(found, path)


def find_online(source: str) -> tuple[str, tuple[Logged, ...]] | None:
    """Return what a source on a server is called, and the runs in it; None for one that is not named so: wandb:…."""
    scheme, colon, place = source.partition(":")
    if not colon or scheme not in ONLINE:
        return None
    reader = import_module(f"isoflop.data.readers.{ONLINE[scheme]}")
    return reader.TITLE, _distinct([(on_own_clock(run), Path(source)) for run in reader.read(place)], Path(source))


def _find(path: Path, *, growing: bool) -> tuple[str, tuple[Logged, ...]] | None:
    own: Mapping[str, Reader] = {name: import_module(f"isoflop.data.readers.{name}") for name in OWN}
    found = list(_walk(path, own, path.resolve()))
    if not found and path.suffix.lower() not in TABLES and (others := _installed()):
        found = list(_walk(path, others, path.resolve()))
    if not found:  # what a job prints stands beside the logs of trackers, too: it counts where there are none
        found = list(_walk(path, {"text_log": text_log}, path.resolve()))
    titles = list(dict.fromkeys(reader.TITLE for reader, _ in found))
    if len(titles) > 1:
        one = "; ".join(f"{reader.TITLE}: {shown(str(place))}" for reader, place in _first_of_each(found))
        raise DataError(
            f"{shown(str(path))}: holds logs of {len(titles)} kinds, maybe of the same runs ({one}). "
            "Name a folder with one kind."
        )
    if not found and path.is_dir():
        runs = run_files.read(path, growing=growing)
        return (
            (run_files.TITLE, _distinct([(_with_model(run, place), place) for run, place in runs], path))
            if runs
            else None
        )
    if not found:
        return None
    return titles[0], _distinct(
        _whole([(reader, run, place) for reader, place in found for run in reader.read(place)]), path
    )


def study_reader() -> Callable[..., Runs]:
    """Return the function that reads the folder of a study."""
    reader: Callable[..., Runs] = import_module(STUDY).read_study
    return reader


def _installed() -> dict[str, Reader]:
    """Return the readers that other packages bring, by name."""
    from importlib.metadata import entry_points  # takes long to load

    return {one.name: _load(one) for one in entry_points(group=GROUP)}


def _first_of_each(found: list[tuple[Reader, Path]]) -> list[tuple[Reader, Path]]:
    return list({reader.TITLE: (reader, place) for reader, place in reversed(found)}.values())[::-1]


def _walk(
    path: Path, readers: Mapping[str, Reader], root: Path, *, look: Look | None = None, depth: int = 0
) -> Iterator[tuple[Reader, Path]]:
    """Yield each file or folder in here that a reader recognises, with the reader; not what it reads along with it."""
    look = look or Look(shown(str(root)))
    reader = next((one for one in readers.values() if one.recognises(path)), None)
    if reader is not None:
        yield reader, path
    if not path.is_dir() or depth > MAX_DEPTH:
        return
    for child in sorted(path.iterdir()):
        look.take()
        if child.is_symlink():
            _refuse_outside(child, readers, root)  # what it leads to inside is met on its own
        elif not child.name.startswith(".") and not (reader and getattr(reader, "takes", _nothing)(child)):
            yield from _walk(child, readers, root, look=look, depth=depth + 1)


def _nothing(_: Path) -> bool:
    return False


def _refuse_outside(link: Path, readers: Mapping[str, Reader], root: Path) -> None:
    """Refuse a link out of the folder, if it leads to a folder or to something that would be read."""
    read = link.is_dir() or any(reader.recognises(link) for reader in readers.values())
    if read and not link.resolve().is_relative_to(root):
        raise DataError(
            f"{shown(str(link))}: is a link that leads out of {shown(str(root))}. Remove it, or name what it leads to."
        )


def _load(one: EntryPoint) -> Reader:
    try:
        reader: Reader = one.load()
    except Exception as error:
        raise DataError(f"the reader {one.name} of {one.value} cannot be loaded ({error}). Uninstall it.") from error
    return reader


def _whole(found: list[tuple[Reader, Logged, Path]]) -> list[tuple[Logged, Path]]:
    """Return each run once: pieces with one identity, or that go on where another stopped, are joined."""
    pieces: list[list[tuple[Logged, Path]]] = []
    by_identity: dict[str, int] = {}
    for reader, run, place in found:
        known = by_identity.get(run.identity) if run.identity else None
        if known is None and getattr(reader, "RESUMES", False):
            known = next((number for number, parts in enumerate(pieces) if _resumes(run, place, parts[-1])), None)
        if known is None:
            known = len(pieces)
            pieces.append([])
            by_identity[run.identity] = known
        pieces[known].append((run, place))
    return [
        (_with_model(one_run([on_own_clock(run) for run, _ in parts]), parts[-1][1]), parts[-1][1]) for parts in pieces
    ]


def _with_model(run: Logged, place: Path) -> Logged:
    """Return a run with its parameters by the shape in its config, or in a config.json beside it; both counts."""
    found = {} if TOTAL in run.config else counts(run.config) or counts(beside(place))
    return replace(run, config={**run.config, **found}) if found else run


def _resumes(run: Logged, place: Path, before: tuple[Logged, Path]) -> bool:
    earlier, there = before
    return place.parent.parent == there.parent.parent and run.config == earlier.config and goes_on(run, earlier)


def _distinct(found: list[tuple[Logged, Path]], root: Path) -> tuple[Logged, ...]:
    """Return the runs with a name of their own each: of two with one name, each is called by its place, too."""
    if not found:
        raise DataError(f"{shown(str(root))}: 0 runs. All that is here was deleted, or is empty.")
    names = Counter(run.name for run, _ in found)
    taken: dict[str, int] = {}
    runs = []
    for run, place in found:
        name = run.name
        if names[name] > 1:
            where = "" if place == root else os.path.relpath(place, root)
            name = f"{name} ({where})" if where else name
        taken[name] = taken.get(name, 0) + 1
        name = name if taken[name] == 1 else f"{name} #{taken[name]}"
        runs.append(replace(run, name=name))
    return tuple(runs)
