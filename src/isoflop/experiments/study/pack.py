"""Packing: the files of runs that are done go into one zip file, and only the folder and DONE of each stay.

A file is removed only after its pack is whole, synced and read back: whoever is killed in between leaves both.
"""

from __future__ import annotations

import os
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from isoflop.data.packed import content, packed, packs
from isoflop.errors import DataError, IsoflopError, shown
from isoflop.experiments.study.claims import claims_in
from isoflop.experiments.study.planned import RUNS, Study, StudyRun
from isoflop.experiments.study.progress import folders
from isoflop.experiments.study.results import read_result
from isoflop.files import TEMPORARY, write_whole

_OURS = re.compile(r"(run|config|claim-\d+)\.json|(metrics|reported)(-\d+)?\.jsonl|(log|errors)\.txt")
"""What isoflop itself writes beside a result; a command's checkpoints stay where they are."""


@dataclass(frozen=True, kw_only=True)
class Packing:
    """What was packed, or unpacked: so many files of so many runs."""

    study: str
    runs: int
    files: int
    pack: str | None = None

    def __str__(self) -> str:
        """Return one sentence."""
        if self.pack is None:
            return f"{self.files} files of {self.runs} runs of {self.study} are where they were."
        return f"{self.files} files of {self.runs} runs of {self.study} are in {self.pack}."


def pack(study: Study) -> Packing:
    """Move the files of the runs that are done into one new pack; where there is nothing to move, none is made.

    Raises IsoflopError, with every file where it was, if the pack cannot be written.
    """
    begun = folders(study)
    found = {run.id: _files(study, run) for run in study.runs if run.id in begun}
    named = {f"{run}/{file.name}": file for run, files in found.items() for file in files}
    if not named:
        return Packing(study=study.settings.name, runs=0, files=0, pack="no pack: nothing was left to pack")
    number = int(packs(study.folder)[-1].stem.split("-")[1]) + 1 if packs(study.folder) else 1
    target = study.folder / f"packed-{number}.zip"
    _write(target, named)
    for file in named.values():
        file.unlink(missing_ok=True)
    return Packing(study=study.settings.name, runs=sum(map(bool, found.values())), files=len(named), pack=target.name)


def _files(study: Study, run: StudyRun) -> list[Path]:
    """Return what may be packed of a run: nothing while a worker has it, or unless its result is sound and DONE."""
    folder = study.folder_of(run)
    try:
        result = read_result(folder)
    except DataError:  # what would mend it stays at hand
        return []
    if result is None or result.ending != "DONE" or any(one.ended is None for one in claims_in(folder)[-1:]):
        return []
    return sorted(file for file in folder.iterdir() if _OURS.fullmatch(file.name) and file.is_file())


def _write(target: Path, named: dict[str, Path]) -> None:
    """Write a pack whole or not at all, and read it back."""
    temporary = target.with_name(f"{TEMPORARY}{token_hex(8)}")
    try:
        try:
            with temporary.open("xb") as stream:
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as found:
                    for name, file in named.items():
                        found.write(file, name)
                stream.flush()
                os.fsync(stream.fileno())
            with zipfile.ZipFile(temporary) as found:
                damaged = found.testzip()
            if damaged is not None or set(found.namelist()) != set(named):
                raise OSError(0, "what was written is not what is read")
            os.link(temporary, target)  # another that packs at the same time takes another number
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise IsoflopError(
            f"{shown(str(target))}: cannot be written ({error.strerror}). Nothing was packed. Make room, and say "
            "isoflop study pack again."
        ) from None


def unpack(study: Study, only: StudyRun | None = None) -> Packing:
    """Write what is packed of a study, or of one of its runs, back to where it was; packs of whole studies then go.

    Raises DataError for a damaged pack, which stays.
    """
    wanted = {one.id for one in ([only] if only else study.runs)}
    held = {name: pack for name, pack in packed(study.folder).items() if _is_of(name, wanted)}
    for name, pack in held.items():
        file = study.folder / RUNS / name
        if not file.exists():
            _restore(file, content(name, pack))
    if only is None:
        for path in packs(study.folder):
            path.unlink()
    return Packing(study=study.settings.name, runs=len({name.split("/")[0] for name in held}), files=len(held))


def _is_of(name: str, runs: set[str]) -> bool:
    run, _, file = name.partition("/")
    return run in runs and _OURS.fullmatch(file) is not None


def _restore(file: Path, held: bytes) -> None:
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, held)
