"""plan.jsonl: the settings of a study and its runs, each with an id made from what it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoflop.errors import DataError, IsoflopError, shown
from isoflop.experiments.study.description import Look, read_description, unseen
from isoflop.experiments.study.settings import Settings, Value
from isoflop.files import DAMAGED, encoded, parse_json, read_limited, write_whole

DESCRIPTION, PLAN, RUNS = "study.toml", "plan.jsonl", "runs"
_FORMAT = 1
_DIGITS = 16
_LARGEST = 1 << 30
"""The most bytes of a plan; one of 100,000 runs has 20 million."""


@dataclass(frozen=True)
class StudyRun:
    """One planned run: its name, its configuration, and the id by which its folder goes.

    The id is the beginning of the SHA-256 of configuration, code and data as declared: a run that has
    another name is the same run, and a run that has another value is not.

    >>> isoflop.StudyRun(id="0a1b", name="w64", config={"width": 64}).config["width"]
    64
    """

    id: str
    name: str
    config: Mapping[str, Value]


@dataclass(frozen=True)
class Study:
    r"""A sweep on disk: planned runs, and their results in one folder each.

    described  SHA-256 of the study.toml that the plan was made from

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> said = 'name = "s"\ncommand = ["{python}", "train.py"]\n[[run]]\nname = "a"\nN = 1000\nD = 20000\n'
    >>> (folder / "study.toml").write_text(said) > 0
    True
    >>> len(isoflop.open_study(folder).runs)
    1
    """

    folder: Path
    settings: Settings
    runs: tuple[StudyRun, ...]
    described: str

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        return f"Study({self.settings.name}: {len(self)} runs in {self.folder})"

    def folder_of(self, run: StudyRun) -> Path:
        """Return the folder of a run."""
        return Path(self.folder, RUNS, run.id)

    def run_called(self, name: str) -> StudyRun:
        """Return the run of that id or name; raises DataError if there is none."""
        for run in self.runs:
            if name in (run.id, run.name):
                return run
        raise DataError(f'{self.folder}: no run is called "{shown(name)}". isoflop study status --all lists them.')


def study_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a study from itself or from the path of its study.toml."""
    found = Path(path)
    return found.parent if found.name == DESCRIPTION else found


def open_study(path: str | os.PathLike[str]) -> Study:
    r"""Return the study of a folder; where study.toml changed or the plan is damaged, it is planned again.

    Raises DataError for a folder without a study and for a study.toml that is refused.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> said = 'name = "s"\ncommand = ["{python}", "train.py"]\n[[run]]\nname = "a"\nN = 1000\nD = 20000\n'
    >>> (folder / "study.toml").write_text(said) > 0
    True
    >>> [run.name for run in isoflop.open_study(folder).runs]
    ['a']
    """
    folder = study_folder(path)
    try:
        study = read_plan(folder)
    except DataError:
        return plan_study(folder)
    text = _bytes(folder / DESCRIPTION)
    changed = text is not None and hashlib.sha256(text).hexdigest() != study.described
    return plan_study(folder) if changed else study


def plan_study(path: str | os.PathLike[str], *, look: Look = unseen) -> Study:
    """Return the study that study.toml describes, and write its plan; results that are there stay.

    look  called now and then with how much is done, of how much
    """
    folder = study_folder(path)
    source = folder / DESCRIPTION
    content = _bytes(source)
    if content is None:
        raise DataError(
            f"{shown(str(source))}: there is no such file. isoflop study new {shown(str(folder))} makes one."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(str(source))}: byte {error.start} is not UTF-8. Save it as UTF-8.") from None
    settings, configs = read_description(text, shown(str(source)), look=look)
    runs: dict[str, StudyRun] = {}
    for number, (name, config) in enumerate(configs.items(), start=len(configs)):
        look(number, 2 * len(configs))
        run = StudyRun(run_id(config, settings), name, config)
        if run.id in runs:
            twin = runs[run.id].name
            raise DataError(
                f"{shown(str(source))}: {twin} and {name} are the same run. Replicates need a seed of their own."
            )
        runs[run.id] = run
    study = Study(folder, settings, tuple(runs.values()), hashlib.sha256(content).hexdigest())
    _write_plan(study)
    return study


def run_id(config: Mapping[str, Value], settings: Settings) -> str:
    """Return the id of a run: the order of its keys does not count, code and data as declared do."""
    content = {"config": dict(config), "code": settings.code, "data": settings.data}
    return hashlib.sha256(_line(content)).hexdigest()[:_DIGITS]


def read_plan(folder: Path) -> Study:
    """Return the study as it was planned; raises DataError if there is no plan or it is damaged."""
    source = folder / PLAN
    content = _bytes(source)
    if content is None:
        raise DataError(f"{shown(str(source))}: there is no such file. Say isoflop study new {shown(str(folder))}.")
    head, _, body = content.partition(b"\n")
    try:
        header = parse_json(head)
        if header["format"] != _FORMAT or header["sha256"] != hashlib.sha256(body).hexdigest():
            raise ValueError
        listed = b"[" + b",".join(body.splitlines()) + b"]"  # read at once, which takes half as long
        runs = tuple(StudyRun(**one) for one in parse_json(listed))
        return Study(folder, Settings.from_dict(header["settings"]), runs, header["described"])
    except DAMAGED:
        raise DataError(f"{shown(str(source))}: is damaged. Say isoflop study repair {shown(str(folder))}.") from None


def _write_plan(study: Study) -> None:
    body = b"".join(_line({"id": run.id, "name": run.name, "config": dict(run.config)}) for run in study.runs)
    header = {
        "format": _FORMAT, "settings": study.settings.as_dict(), "described": study.described,
        "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    content = _line(header) + body
    if _bytes(study.folder / PLAN) != content:
        write_whole(study.folder / PLAN, content)


def _line(content: dict[str, Any]) -> bytes:
    return encoded(json.dumps(content, sort_keys=True, ensure_ascii=False)) + b"\n"


def _bytes(path: Path) -> bytes | None:
    try:
        return read_limited(path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise IsoflopError(f"{shown(str(path))}: cannot be read ({error.strerror}).") from None
