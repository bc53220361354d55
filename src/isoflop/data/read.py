"""read: a file, standard input, logs of training, a study or a named dataset → Runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from isoflop.data import datasets
from isoflop.data.question import question
from isoflop.data.readers import run_files, text_log
from isoflop.data.readers.address import is_address, local_copy
from isoflop.data.readers.catalogue import STUDY_MARK, find, find_lines, find_online, study_reader
from isoflop.data.readers.column_choice import Origin, Taken, choose, missing, sizes_of, table
from isoflop.data.readers.counted import Rule
from isoflop.data.readers.found import Found
from isoflop.data.readers.logs import Cell, Logged
from isoflop.data.readers.model_config import contradicted
from isoflop.data.readers.source import head
from isoflop.data.readers.table import raw_source
from isoflop.data.runs import Runs, build
from isoflop.data.runs import table as tabled
from isoflop.data.runs.cells import texts_of
from isoflop.data.runs.columns import LETTERS, assign
from isoflop.data.runs.frames import columns_of, is_table, wrong_type
from isoflop.errors import DataError, UsageError, shown

Source = Any
"""What runs are read from: a path, "-", a name, a DataFrame, a mapping of columns, a list of mappings, or Runs."""


def read(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    where: str | Sequence[str] | None = None,
    flop_rule: str = "6ND",
    cluster: str | None = None,
    metric: str | None = None,
    allow: Sequence[str] = (),
    final: str = "last",
    smooth: int = 1,
    curves: bool = False,
    per_run: str | os.PathLike[str] | None = None,
    line: str | Sequence[str] = (),
) -> Runs:
    """Return the runs of a file, of standard input ("-"), of what a training wrote, of a study, or of a dataset.

    source     a DataFrame (pandas, polars, Arrow), a mapping of columns, a list of mappings; or the name of
               CSV, TSV, semicolons, JSON or JSON lines, also gzipped, Parquet; a file or folder of W&B,
               TensorBoard, MLflow and the like (docs/readers.md); "wandb:ENTITY/PROJECT" on a W&B server;
               a folder with a study; what exists comes before a dataset of the same name
    columns    the names the runs shall have -> the file's: {"N": "Model Size"}; comes before aliases
    where      keeps the runs for which a condition holds, such as "D/N > 0.5"
    flop_rule  completes C from N and D, or D, or N
    cluster    the column that names the run of each row, where rows are checkpoints of runs
    metric     what was measured, if it is no loss: "accuracy:up:1", "BLEU:up:100", "FID:down", "Elo:odds"; the
               loss is then what it falls short by (docs/domains.md)
    allow      codes of findings to go on in spite of: ["D11"] makes of what would block a warning,
               and ["D02"] keeps runs that diverged or did not finish

    And of logs, in which a run has many evaluations:

    final      the loss of a run: its "last" one, the "best", or "mean:5" of the last 5
    smooth     takes for each evaluation the mean of it and those before it, so many in all
    curves     keeps every evaluation, a row each
    per_run    a table with a column run and what the logs lack, such as N
    line       how a line of a printed log looks: "step {step} | loss {loss}", one or several

    Raises DataError, naming file, row, column and reason, and UsageError for a broken condition.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> len(runs)
    72
    """
    found = find_runs(
        source, columns=columns, flop_rule=flop_rule, allow=allow, final=final, smooth=smooth, curves=curves,
        per_run=per_run, where=() if metric else _conditions(where), line=line, of_loss=metric is None,
    )  # fmt: skip
    runs = found.runs if metric is None else found.runs.measured(metric)
    runs = runs if cluster is None else runs.clustered(cluster)
    for condition in _conditions(where):
        runs = runs.where(condition)
    return runs


def _conditions(where: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if where is None else (where,) if isinstance(where, str) else tuple(where)


def find_runs(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    flop_rule: str = "6ND",
    allow: Sequence[str] = (),
    final: str = "last",
    smooth: int = 1,
    curves: bool = False,
    per_run: str | os.PathLike[str] | None = None,
    where: Sequence[str] = (),
    line: str | Sequence[str] = (),
    of_loss: bool = True,
) -> Found:
    """Return the runs of a source as `read` does, with which key each column comes from and what is still missing.

    where    conditions; rows that they leave out by the source's own columns are dropped before their cells are judged
    of_loss  whether a run needs a loss above zero, or something else of it is asked for

    >>> isoflop.find_runs("tinylm").kind
    'dataset'
    """
    rule = Rule(final, smooth, curves)
    if not isinstance(source, str | os.PathLike):
        return _in_memory(source, columns=columns, flop_rule=flop_rule, allow=allow, where=where, of_loss=of_loss)
    name = os.fspath(source)
    if is_address(name):
        with local_copy(name) as copy:
            found = find_runs(
                copy.path, columns=columns, flop_rule=flop_rule, allow=allow, final=final, smooth=smooth, curves=curves,
                per_run=per_run, where=where, line=line, of_loss=of_loss,
            )  # fmt: skip
        return replace(found, runs=replace(found.runs, source=copy.named(found.runs.source)))
    if not name:
        raise DataError("the name of the runs is empty. Name a file, a folder or a dataset.")
    study = _exists(os.path.join(name, STUDY_MARK))  # noqa: PTH118 - "" is no path
    if line:
        logs: tuple[str, tuple[Logged, ...]] | None = find_lines(Path(name), _conditions(line))
    else:
        logs = None if study else find(Path(name)) if _exists(name) else find_online(name)
    if logs is None and not study:
        logs = _printed(name)
    if logs is None and not study and _exists(name):
        name = os.fspath(run_files.only_table(Path(name)) or name)
    if logs is not None:
        kind, logged = logs
        logged = logged if per_run is None else _completed(logged, per_run)
        taken = choose(logged, columns or {}, shown(name))
        raw = table(logged, taken, rule, source=shown(name))
        runs = build(raw, flop_rule=flop_rule, allow=allow, where=where, of_loss=of_loss).clustered("run")
        doubts = tuple(dict.fromkeys(one for run in logged for one in run.doubts))
        doubts += () if "N" in (columns or {}) else contradicted(logged, sizes_of(logged, taken))
        runs = replace(runs, findings=(*doubts, *runs.findings))
        return Found(runs, kind, taken, str(rule), missing({*runs.columns}, logged))
    if rule != Rule() or per_run is not None:
        raise UsageError(f"{shown(name)} is no log of training: final, smooth, curves and per_run are for logs.")
    said = {"flop_rule": flop_rule, "allow": allow, "where": where, "of_loss": of_loss}
    runs, kind, taken = _of_rows(name, study=study, columns=columns, **said)
    return Found(runs, kind, taken, missing=question(runs))


def _printed(name: str) -> tuple[str, tuple[Logged, ...]] | None:
    """Return the run in a file that has a table's name and is what a training printed; None for anything else."""
    path = Path(name)
    if not _exists(name) or not path.is_file() or path.suffix.lower() not in {".csv", ".tsv", ".json"}:
        return None
    text = head(path)
    first = text.lstrip()[:1]
    if first == b"{" or text.partition(b"\n")[0].count(b",") > 1 or not text_log.is_log(text):
        return None
    return text_log.TITLE, text_log.read(path)


def _in_memory(source: Source, **said: Any) -> Found:
    """Return the runs of a table that Python holds: a DataFrame, a mapping, a list of mappings, Runs."""
    if isinstance(source, Runs):
        kept = source
        for condition in said["where"]:
            kept = kept.where(condition)
        if said["columns"]:
            kept = tabled(kept.columns, source=source.source, **said)
        return Found(kept, "runs", ())
    if not is_table(source):
        raise wrong_type(source)
    runs = tabled(source, source=f"the {type(source).__name__}", **said)
    named = assign([*columns_of(source)], said["columns"] or {}, runs.source)
    taken = tuple(Taken(letter, ((named[letter].text, "column"),)) for letter in LETTERS if letter in named)
    return Found(runs, "table", taken, missing=question(runs))


def has_runs(name: str) -> bool:
    """Return whether a name is that of a file or folder that exists, or of a dataset."""
    return is_address(name) or _exists(name) or name in datasets.NAMES


def as_runs(source: Source, *, allow: Sequence[str] = ()) -> Runs:
    """Return runs as they are, and what anything else that can be read as runs says."""
    return source if isinstance(source, Runs) else read(source, allow=allow)


def _of_rows(
    name: str, *, study: bool, columns: Mapping[str, str] | None, **said: Any
) -> tuple[Runs, str, tuple[Taken, ...]]:
    """Return the runs of a source of rows, what it is, and which column each letter is."""
    if not study and (_exists(name) or name not in datasets.NAMES):
        if not _exists(name) and (near := get_close_matches(name, datasets.NAMES, n=1)):
            raise DataError(f'{name}: there is no such file or dataset. Did you mean the dataset "{near[0]}"?')
        raw = raw_source(name)
        named = assign(raw.names, columns or {}, raw.source, texts=texts_of(raw))
        taken = tuple(Taken(letter, ((named[letter].text, "column"),)) for letter in LETTERS if letter in named)
        return build(raw, columns=columns, **said), "table", taken
    said = {name: said[name] for name in ("flop_rule", "allow")}
    runs = study_reader()(name, columns=columns, **said) if study else datasets.load(name, columns=columns, **said)
    kind: Origin = "study" if study else "dataset"
    return runs, kind, tuple(Taken(letter, ((letter, kind),)) for letter in LETTERS if letter in runs)


def _completed(runs: tuple[Logged, ...], per_run: str | os.PathLike[str]) -> tuple[Logged, ...]:
    """Return the runs with the settings that a table has for them, by their name in its column run."""
    raw = raw_source(per_run)
    if "run" not in raw.names:
        there = ", ".join(raw.names)
        raise DataError(f'{raw.source}: column "run" is missing; there are {there}. Name the runs in it.')
    rows = list(zip(*raw.columns, strict=True))
    named = {str(row[raw.names.index("run")]).strip(): row for row in rows}
    if not named.keys() & {run.name for run in runs}:
        listed = ", ".join(shown(run.name) for run in runs[:5])
        raise DataError(f"{raw.source}: column run names none of the runs; they are called {listed}. Correct it.")
    return tuple(
        replace(run, config={**run.config, **_cells(raw.names, named[run.name])}) if run.name in named else run
        for run in runs
    )


def _cells(names: Sequence[str], row: Sequence[object]) -> dict[str, Cell]:
    pairs = zip(names, row, strict=True)
    plain = (str, float, bool, type(None))
    return {name: cell if isinstance(cell, plain) else str(cell) for name, cell in pairs if name != "run"}


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # a name too long for this file system, or with a NUL byte
        return False
