"""LoggedRun: the rows of one run as a log or a table has them, of any tracker; many of them are a ladder.

A table has a row for each measurement: run, N, step, tokens, lr, loss (D and steps of the whole run where they differ
from the last row); without a column run, each size is one. A folder of logs is read by the same readers as runs are.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop.data.packed import run_folders
from isoflop.data.readers.address import is_address, local_copy
from isoflop.data.readers.catalogue import STUDY_MARK, find, find_online
from isoflop.data.readers.clock import planned_steps
from isoflop.data.readers.column_choice import choose
from isoflop.data.readers.logs import Logged, read_json
from isoflop.data.readers.source import Text, near, read_text
from isoflop.data.readers.table import raw_source, raw_table
from isoflop.data.runs import ColumnMapping
from isoflop.data.runs.cells import Cells, RawTable, numbers
from isoflop.data.runs.columns import normal
from isoflop.data.runs.frames import is_table
from isoflop.errors import DataError, UsageError, shown
from isoflop.forecasting.curves.sized import PLACES, SizedCurve, refuse_short
from isoflop.formula.arrays import Array
from isoflop.quantities import show

NAMES = {
    "run": ("run", "runname", "name", "runid", "model", "curve"),
    "N": ("n", "params", "parameters", "nparams", "modelsize", "numparams", "paramcount", "size"),
    "step": ("step", "steps", "globalstep", "iteration", "iterations", "iter", "update", "updates", "trainstep"),
    "tokens": ("tokens", "tokensseen", "consumedtokens", "traintokens", "trainedtokens", "ntokens", "numtokens"),
    "lr": ("lr", "learningrate", "rate", "trainlr"),
    "loss": ("loss", "valloss", "validationloss", "evalloss", "testloss", "trainloss", "trainingloss", "lmloss"),
    "D": ("d", "totaltokens", "dtotal", "plannedtokens"),
    "steps": ("totalsteps", "maxsteps", "trainsteps", "maxiters", "numsteps", "totaliterations"),
}
"""Columns by their names in normal form, and what they are; the first that is there is taken."""
BUNDLED = ("tinylm-curves", "tinylm-watched")
"""Whole curves that ship with isoflop, a ladder and larger runs, of its own trainer; what exists comes before them."""
_NO_NUMBERS = {"nan", "inf", "infinity"}


@dataclass(frozen=True, eq=False, kw_only=True)
class LoggedRun:
    """The rows of one run in order, each (rows,), and its size and length where the source says them.

    step, tokens  where a row stands; one of them may be missing
    lost          the places (in the unit of `at`) of rows whose loss is no number
    """

    name: str
    loss: Array
    step: Array | None = None
    tokens: Array | None = None
    rates: Array | None = None
    N: float = float("nan")
    D: float = float("nan")
    steps: float = float("nan")
    lost: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """Return what `at` counts."""
        return "tokens" if self.step is None else "steps"

    @property
    def at(self) -> Array:
        """Return where the rows stand."""
        found = self.tokens if self.step is None else self.step
        return np.zeros(0) if found is None else found

    @property
    def tokens_per_step(self) -> float:
        """Return the tokens of a step, nan where the rows do not say it."""
        if self.step is None or self.tokens is None or not len(self.step):
            return float("nan")
        return float(self.tokens[-1] / self.step[-1])


def read_runs(sources: Iterable[str | os.PathLike[str] | ColumnMapping]) -> tuple[LoggedRun, ...]:
    """Return the runs of tables and logs, in order; raises DataError, naming file, column and reason."""
    return tuple(run for source in sources for run in _logged(source, growing=False))


def read_log(source: str | os.PathLike[str] | ColumnMapping, name: str | None = None) -> LoggedRun:
    """Return the one run of a log, or the one of this name. It may grow: a last line not yet whole is left out."""
    found = _logged(source, growing=True)
    named = [one for one in found if name is None or one.name == name]
    if len(named) != 1:
        names = ", ".join(shown(one.name) for one in found[:8])
        place = f"the {type(source).__name__}" if is_table(source) else shown(str(source))
        raise DataError(f"{place}: holds {len(found)} run{'s' * (len(found) != 1)} ({names}); watch "
                        f"takes one. Say which: --run {shown(found[0].name) if found else 'NAME'}.")  # fmt: skip
    return named[0]


def ladder_of(runs: Sequence[LoggedRun], tokens_per_step: float = float("nan")) -> tuple[SizedCurve, ...]:
    """Return finished runs as curves; where no tokens are logged, a step has as many as is told."""
    found = tuple(_finished(run, tokens_per_step) for run in runs)
    if not found:
        raise DataError("the ladder has no run. Give a table of curves with run, N, step, tokens, lr, loss.")
    return found


def rates_at_places(share: Array, rates: Array) -> Array:
    """Return logged rates at PLACES places of a run, by straight lines; before the first row, rising or as it is."""
    places = np.arange(1, PLACES + 1) / PLACES
    found = np.interp(places, share, rates)
    if rates[0] < 0.9 * rates.max():
        found = np.where(places < share[0], rates[0] * places / share[0], found)
    return np.asarray(np.maximum(found, 1e-12 * max(float(rates.max()), 1e-300)))


def _finished(run: LoggedRun, tokens_per_step: float) -> SizedCurve:
    if not run.N > 0:
        raise DataError(f"{shown(run.name)}: its size is not known. Give the ladder a column N.")
    if run.tokens is not None:
        D = run.D if run.D > 0 else float(run.tokens[-1])
        share, each = run.tokens / D, run.tokens_per_step
        steps = D / each if each > 0 else run.steps
    else:
        steps = run.steps if run.steps > 0 else float(run.at[-1])
        share, D = run.at / steps, run.D if run.D > 0 else steps * tokens_per_step
        if not D > 0:
            raise DataError(f"{shown(run.name)}: its tokens are not known. Give the ladder a column tokens, or D.")
    share = np.minimum(share, 1.0)
    rates = None if run.rates is None else rates_at_places(share, run.rates)
    return refuse_short(
        SizedCurve(name=run.name, N=run.N, D=D, share=share, loss=run.loss, steps=steps, rates=rates)
    )  # fmt: skip


def _logged(source: str | os.PathLike[str] | ColumnMapping, *, growing: bool) -> list[LoggedRun]:
    if is_table(source):
        raw = raw_source(source)
        return _tabled(raw, raw.source)
    return _read(os.fspath(source), growing=growing)  # type: ignore[arg-type]  # no table: a path, or os says what


def _read(source: str, *, growing: bool) -> list[LoggedRun]:
    if is_address(source):
        with local_copy(source) as copy:
            return _read(copy.path, growing=growing)
    if source in BUNDLED and not Path(source).exists():
        source = os.fspath(Path(__file__).parents[2] / "data" / "datasets" / "tables" / f"{source}.csv")
    if (Path(source) / STUDY_MARK).is_file():
        return _studied(Path(source))
    if Path(source).exists() or ":" in source:
        logs = find(Path(source), growing=growing) if Path(source).exists() else find_online(source)
        if logs is not None:
            return _tracked(logs[1], source)
    if not Path(source).exists():
        raise DataError(f"{shown(source)}: there is no such file or folder.{near(Path(source))} "
                        "Name a log, a table or a folder of logs.")  # fmt: skip
    if Path(source).is_dir():
        files = [one for one in sorted(Path(source).iterdir()) if one.suffix in {".csv", ".jsonl", ".json", ".tsv"}]
        if not files:
            raise DataError(f"{shown(source)}: holds no logs that are known. Name a folder with a CSV or JSONL a run.")
        return [run for one in files for run in _read(os.fspath(one), growing=growing)]
    return _tabled(_raw(source, growing=growing), Path(source).name.partition(".")[0] or source)


def _studied(study: Path) -> list[LoggedRun]:
    """Return the finished runs of a study: what each reported on its way, under its name there."""
    done = sorted(one for one in (study / "runs").glob("*") if (one / "DONE").is_file())
    with run_folders(study, done, ("metrics.jsonl", "run.json")) as folders:
        found = [_reported(folder) for folder in folders if (folder / "metrics.jsonl").is_file()]
    if not found:
        raise DataError(f"{shown(os.fspath(study))}: no run of this study has ended. Run it: isoflop study run.")
    return found


def _reported(folder: Path) -> LoggedRun:
    about = read_json(folder / "run.json") if (folder / "run.json").is_file() else {}
    name = str(about.get("name") or folder.name) if isinstance(about, dict) else folder.name
    (run,) = _tabled(_raw(os.fspath(folder / "metrics.jsonl"), growing=True), name)[:1]
    config = about.get("config", about) if isinstance(about, dict) else {}
    N, D = (_number(config.get(key)) if isinstance(config, dict) else math.nan for key in ("N", "D"))
    return replace(run, N=run.N if run.N > 0 else N, D=run.D if run.D > 0 else D)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _raw(source: str, *, growing: bool) -> RawTable:
    if Path(source).suffix == ".parquet":
        return raw_source(source)
    return raw_table(_finite(read_text(source, growing=growing)))


def _finite(text: Text) -> Text:
    """Return JSON lines with NaN and Infinity, which trainers write, as text; other tables as they are."""
    if text.text.lstrip()[:1] != "{":
        return text
    found = text.text
    for word in ("-Infinity", "Infinity", "NaN"):
        found = found.replace(f": {word}", f': "{word}"').replace(f":{word}", f':"{word}"')
    return replace(text, text=found)


# Tables


def _tabled(raw: RawTable, name: str) -> list[LoggedRun]:
    named = {what: _named(raw, names) for what, names in NAMES.items()}
    if named["loss"] is None:
        named["loss"] = next((one for one in raw.names if normal(one.split("/")[-1]) in NAMES["loss"]), None)
    if named["loss"] is None or (named["step"] is None and named["tokens"] is None and named["D"] is None):
        there = ", ".join(map(shown, raw.names))
        raise DataError(
            f"{raw.source}: a curve needs a column loss, and step or tokens; there are {there}. Rename them."
        )
    columns = {what: _numbers(raw, one) for what, one in named.items() if one is not None and what != "run"}
    if named["run"] is None:
        sizes = columns.get("N", np.zeros(len(raw.rows)))
        several = np.unique(sizes[np.isfinite(sizes)])
        if len(several) < 2:
            return [_of_rows(name, columns, np.arange(len(raw.rows)))]
        return [_of_rows(f"{name} N={show(one)}", columns, np.flatnonzero(sizes == one)) for one in several.tolist()]
    labels = np.array([str(one).strip() for one in raw.columns[raw.names.index(named["run"])]], object)
    return [_of_rows(str(label), columns, np.flatnonzero(labels == label)) for label in dict.fromkeys(labels)]


def _of_rows(name: str, columns: dict[str, Array], rows: NDArray[np.int64]) -> LoggedRun:
    """Return the run that some rows of a table are; a column D that rises along the run counts its tokens."""
    of = {what: values[rows] for what, values in columns.items()}
    if "tokens" not in of and "D" in of and len(np.unique(of["D"][np.isfinite(of["D"])])) > 1:
        of["tokens"] = of.pop("D")
    one = {what: _only(of[what]) for what in ("N", "D", "steps") if what in of}
    return _cleaned(name, of["loss"], step=of.get("step"), tokens=of.get("tokens"), rates=of.get("lr"), **one)


def _cleaned(
    name: str, loss: Array, *, step: Array | None, tokens: Array | None, rates: Array | None = None, **size: float
) -> LoggedRun:
    """Return a run without rows that have no place or no loss; of rows at one place the last stands."""
    at = tokens if step is None or not np.isfinite(step).any() else step
    if at is None:
        raise DataError(f"{shown(name)}: no row says its step or its tokens. Log them.")
    step, tokens = (None if one is None or not np.isfinite(one).any() else one for one in (step, tokens))
    placed = np.flatnonzero(np.isfinite(at) & (at > 0))
    order = placed[np.argsort(at[placed], kind="stable")]
    order = order[np.append(np.diff(at[order]) > 0, True)] if len(order) else order
    lost = tuple(at[order][np.isinf(loss[order])].tolist())
    kept = order[np.isfinite(loss[order])]
    if tokens is not None and not np.isfinite(tokens[kept]).all():
        tokens = None if step is not None else tokens
    rates = None if rates is None or not np.isfinite(rates[kept]).all() or not len(kept) else rates[kept]
    step, tokens = (None if one is None else one[kept] for one in (step, tokens))
    if rates is not None and (rates.min() < 0 or rates.max() <= 0):
        raise DataError(f"{shown(name)}: a learning rate of {rates.min():g}; rates must not be below zero.")
    return LoggedRun(name=name, loss=loss[kept], step=step, tokens=tokens, rates=rates, lost=lost, **size)


def _only(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else float("nan")


def _named(raw: RawTable, names: Sequence[str]) -> str | None:
    by_name = {normal(name): name for name in reversed(raw.names)}
    return next((by_name[name] for name in names if name in by_name), None)


def _numbers(raw: RawTable, name: str) -> Array:
    """Return a column as numbers; a cell that says nan or inf is infinite, an empty one is nan."""
    cells = raw.columns[raw.names.index(name)]
    words = np.array([str(one).strip().lower().lstrip("+-") in _NO_NUMBERS for one in cells])
    plain = [None if word else cell for word, cell in zip(words, cells, strict=True)]
    found = numbers(Cells(raw.source, name, raw.rows, plain), quantities=True)
    return np.asarray(np.where(words, np.inf, found))


# Trackers


def _tracked(logged: Sequence[Logged], source: str) -> list[LoggedRun]:
    rate = next((key for run in logged for key in run.metrics if normal(key.split("/")[-1]) in NAMES["lr"]), None)
    taken = {one.letter: one for one in choose(logged, {}, shown(source))}
    if "loss" not in taken:
        raise UsageError(
            f"{shown(source)}: no key of its logs is a loss. Export a table with step, tokens, lr and loss."
        )
    found = []
    for run in logged:
        loss = taken["loss"].form_of(run)
        key = loss.parts[0][0]
        if key not in run.metrics:
            continue
        steps, losses = run.metrics[key].steps, loss.of(run, run.metrics[key].steps)
        losses = np.where(np.isnan(losses), np.inf, losses)
        counted = taken["D"].of(run, steps) if "D" in taken else np.full(len(steps), np.nan)
        rising = len(np.unique(counted[np.isfinite(counted)])) > 1
        size = {"N": float(taken["N"].of(run, steps[-1:])[0]) if "N" in taken else float("nan"),
                "D": float("nan") if rising or not len(counted) else float(counted[-1]),
                "steps": planned_steps(run)}  # fmt: skip
        rates = run.metrics[rate].at(steps) if rate is not None and rate in run.metrics else None
        found.append(_cleaned(run.name, losses, step=steps, tokens=counted if rising else None, rates=rates, **size))
    return found
