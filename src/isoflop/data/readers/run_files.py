"""A folder with one table per run: what home-made loggers leave, a CSV, JSON or JSON lines for each; Ray's trials.

A file with several rows is a run's log: a metric in each column of numbers, by the column of its steps. A file with one
row is a finished run. Settings that stand in a file of their own beside a log (params.json) belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.data.limits import MAX_DEPTH, Look
from isoflop.data.readers import lm_eval
from isoflop.data.readers.logs import Cell, Logged, flat, number, read_json, refuse_many
from isoflop.data.readers.restarts import standing
from isoflop.data.readers.source import head
from isoflop.data.readers.table import raw_source
from isoflop.data.runs.cells import RawTable, is_number
from isoflop.data.runs.columns import meaning, normal
from isoflop.data.runs.names import NAMED_BY
from isoflop.errors import DataError, shown

TITLE = "a table for each run"
SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"})
_SETTINGS = frozenset({"params", "config", "hparams", "args", "settings", "hyperparameters", "hyperparams"})
"""Files that hold the settings of the run whose log stands beside them."""
_NAMED = 5
"""So many files are named in a message."""
_GENERIC = re.compile(
    r"(?:result|metric|progress|history|log|train(?:ing)?|loss|eval|events?|tracker_metrics)s?", re.IGNORECASE
)
"""Names that every run's log may have: then its folder names the run."""
_FEWEST_RETURNS = 2
"""So often a log's steps may begin anew: a run that was restarted from nothing; beyond, each time is another run."""
_STEPS = ("step", "globalstep", "trainstep", "iteration", "iter", "trainingiteration", "update", "steps", "epoch")


def read(folder: Path, *, growing: bool = False) -> tuple[tuple[Logged, Path], ...]:
    """Return the runs in a folder and the folders in it, each with its file; none if there is no table of a run.

    growing  leaves out a last line that is not yet whole, and a table that has no whole line yet

    Raises DataError where tables of many runs stand there, too, unless one such table is all there is.
    """
    found, of_runs = [], []
    for file in _files(folder):
        if growing and not _begun(file):
            continue
        raw = raw_source(file, growing=growing)
        if _is_of_runs(raw):
            of_runs.append(file)
        elif len(raw.rows):
            found.append((_run(raw, file, _beside(file)), file))
    if of_runs and (found or len(of_runs) > 1):
        raise DataError(_several(folder, of_runs))
    _refuse_tables(found, folder)
    return tuple(found)


def only_table(folder: Path) -> Path | None:
    """Return the one table of runs that a folder holds; None where there is none, or other tables are beside it."""
    files = list(islice(_files(folder), 2)) if folder.is_dir() else []
    return files[0] if len(files) == 1 and _is_of_runs(raw_source(files[0])) else None


def _several(folder: Path, tables: Sequence[Path]) -> str:
    named = ", ".join(shown(str(file.relative_to(folder))) for file in tables[:_NAMED])
    more = f" and {len(tables) - _NAMED} more" if len(tables) > _NAMED else ""
    kind = "a folder with a table of runs" if len(tables) == 1 else f"a folder with {len(tables)} tables of runs"
    return f"{shown(str(folder))}: is {kind}, {named}{more}. Name {'it' if len(tables) == 1 else 'one of them'}."


def _files(folder: Path) -> Iterator[Path]:
    look = Look(shown(str(folder)))
    depth = len(folder.parts)
    for file in sorted(folder.rglob("*")):
        look.take()
        below = file.parts[depth:]
        wanted = _kind(file) in SUFFIXES and normal(file.stem) not in _SETTINGS and len(below) <= MAX_DEPTH
        if wanted and file.is_file() and not file.is_symlink() and not any(part.startswith(".") for part in below):
            yield file


def _begun(file: Path) -> bool:
    """Return whether a file has a line of its own yet: of documents and packed files nobody can say it so."""
    return _kind(file) in {".json", ".parquet"} or file.suffix.lower() == ".gz" or b"\n" in head(file)


def _kind(file: Path) -> str:
    """Return the suffix that says what a file holds, packed or not."""
    return next((one.lower() for one in reversed(file.suffixes) if one.lower() != ".gz"), "")


def _beside(file: Path) -> dict[str, Cell]:
    """Return the settings in a JSON file beside a log."""
    for stem in sorted(_SETTINGS):
        there = file.parent / f"{stem}.json"
        if there.is_file() and not there.is_symlink():
            found = read_json(there)
            return flat(found) if isinstance(found, dict) else {}
    return {}


def _run(raw: RawTable, file: Path, config: dict[str, Cell]) -> Logged:
    stem = file.name.removesuffix(".gz").removesuffix(Path(file.name.removesuffix(".gz")).suffix)
    name = file.parent.name if _GENERIC.fullmatch(stem) else stem
    columns = dict(zip(raw.names, raw.columns, strict=True))
    if len(raw.rows) == 1:
        said = {key: _cell(values[0]) for key, values in columns.items()}
        losses = {key for key in said if (one := meaning(key)) is not None and one.letter == "loss"}
        noted = {key: cell for key, cell in said.items() if key in losses}
        return Logged(name, {**config, **{key: said[key] for key in said if key not in losses}}, summary=noted)
    steps = _steps(columns)
    same: dict[str, Cell] = {}
    written = {}
    for key, values in columns.items():
        logged_cells = [_cell(value) for value in values]
        numbers = np.array([cell if isinstance(cell, float) else np.nan for cell in logged_cells])
        if len({*logged_cells}) == 1:
            same[key] = logged_cells[0]
        elif np.isfinite(numbers).any() and key != steps[0]:
            logged = np.flatnonzero([cell is not None and not isinstance(cell, str) for cell in logged_cells])
            written[key] = (logged.astype(float), steps[1][logged], numbers[logged])
    refuse_many(sum(len(one) for one, _, _ in written.values()), str(file))
    return Logged(name, {**config, **same}, standing(written))


def _steps(columns: dict[str, Any]) -> tuple[str, np.ndarray[Any, Any]]:
    """Return the column of steps and its values; where there is none, the rows are counted."""
    named = {normal(re.split(r"[/.]", key)[-1]): key for key in reversed(list(columns))}
    for step in _STEPS:
        if step in named:
            cells = [_cell(value) for value in columns[named[step]]]
            values = np.array([cell if isinstance(cell, float) else np.nan for cell in cells])
            if np.isfinite(values).all():
                return named[step], values
    return "", np.arange(1.0, 1 + len(next(iter(columns.values()))))


def _cell(value: object) -> Cell:
    known = number(value)
    if known is not None:
        return known
    if isinstance(value, bool) or value is None:
        return value
    text = str(value).strip()
    return float(text) if is_number(text) else text or None


def _is_of_runs(raw: RawTable) -> bool:
    """Return whether a table's rows are several runs: of several sizes or names, or with steps that begin anew."""
    columns = dict(zip(raw.names, raw.columns, strict=True))
    for key, cells in columns.items():
        found = meaning(key)
        names_runs = normal(key) in NAMED_BY or (found is not None and found.letter == "N")
        if names_runs and len({str(cell) for cell in cells}) > 1:
            return True
    steps = _steps(columns)[1] if len(raw.rows) else np.zeros(0)
    return int(np.count_nonzero((np.diff(steps) < 0) & (steps[1:] <= steps[:1]))) > _FEWEST_RETURNS


def _refuse_tables(found: Sequence[tuple[Logged, Path]], folder: Path) -> None:
    """Refuse a folder whose files are tables of runs themselves: nothing tells their rows from a run's log."""
    if found and not any(run.metrics or run.summary for run, _ in found):
        names = ", ".join(shown(file.name) for _, file in found[:_NAMED])
        if any(lm_eval.recognises(file) for _, file in found[:_NAMED]):
            raise DataError(
                f"{shown(str(folder))}: holds results of evaluations ({names}), which give scores of models and no "
                "loss. isoflop downstream RUNS --evals FOLDER reads them."
            )
        raise DataError(
            f"{shown(str(folder))}: none of its tables has a loss of a run ({names}). Name the file with the runs."
        )
