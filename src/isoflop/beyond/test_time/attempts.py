"""Attempts: how many samples of each problem a model drew, and how many of them were correct; read from tables."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.data.readers.source import read_text
from isoflop.data.readers.table import raw_table
from isoflop.data.runs.cells import Cells, RawTable, numbers, numbers_or_text
from isoflop.data.runs.columns import letter_of, missing, normal
from isoflop.errors import DataError, shown
from isoflop.estimate import median
from isoflop.formula.parse import parse_condition
from isoflop.laws.pass_at_k import pass_at_k
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST_SAMPLES = 1e9
_ALIASES = {
    "problem": "problem problemid task taskid question questionid item itemid index idx id promptid problemidx",
    "samples": "n samples nsamples numsamples attempts nattempts numattempts trials total numtrials completions",
    "correct": "c correct ncorrect numcorrect correctsamples successes nsuccesses passes numpassed passed npassed "
    "solved iscorrect success",
    "pass1": "pass@1 pass1 passat1 accuracy acc passrate",
    "model": "model modelname name",
    "active": "active activeparams activeparameters",
    "problems": "problems nproblems numproblems",
    "tokens": "tokens tokenspersample sampletokens outputtokens meantokens completiontokens",
    "D": "d trainingtokens traintokens tokenstrained",
    "price": "price pricepermillion dollarspermillion usdpermillion",
}
"""Column -> its names in normal form: lower case, without spaces, dashes and underscores."""
_OF_MODEL = ("N", "D", "active", "tokens", "price", "problems")
_WORDS = {"true": 1.0, "yes": 1.0, "pass": 1.0, "passed": 1.0, "false": 0.0, "no": 0.0, "fail": 0.0, "failed": 0.0}


@dataclass(frozen=True, eq=False)
class Attempts:
    """What one model did on the problems of a task; what nobody said is nan.

    problems  their names, with samples drawn and correct (problems,); empty where only pass@1 is known
    pass1     mean share of correct samples; known_problems, how many problems stand behind it
    N, active, D   parameters, those that a token uses, training tokens
    tokens    tokens of a sample; price, US dollars for a million of them
    """

    name: str
    problems: tuple[str, ...]
    samples: Array
    correct: Array
    pass1: float
    known_problems: float = math.nan
    N: float = math.nan
    active: float = math.nan
    D: float = math.nan
    tokens: float = math.nan
    price: float = math.nan

    @property
    def counted(self) -> bool:
        """Whether samples are counted problem by problem."""
        return bool(self.problems)

    @property
    def used(self) -> float:
        """Give the parameters that one token uses."""
        return self.N if math.isnan(self.active) else self.active

    @property
    def fewest(self) -> int:
        """Give the samples that every problem has at least, up to which pass@k is measured; 0 where none is counted."""
        return int(self.samples.min()) if self.counted else 0

    @property
    def usual(self) -> int:
        """Give the median number of samples of a problem; 0 where none is counted."""
        return int(median(self.samples)) if self.counted else 0

    @staticmethod
    def of(samples: Any, correct: Any, *, name: str = "model", **about: float) -> Attempts:
        """Give the attempts of one model from numbers: samples (one, or one for each problem) and correct ones."""
        n, c = np.broadcast_arrays(np.atleast_1d(np.asarray(samples, float)), np.atleast_1d(np.asarray(correct, float)))
        names = tuple(str(place) for place in range(1, n.size + 1))
        bad = _unsound(n, c)
        if bad.any():
            place = int(np.argmax(bad))
            raise DataError(f"problem {place + 1}: {c[place]:g} correct of {n[place]:g} samples. {_SOUND}")
        return Attempts(name, names, n, c, float((c / n).mean()), float(n.size), **about)


_SOUND = "Give whole numbers, at least 1 sample of a problem and no more correct than samples."


def read_attempts(
    source: str | os.PathLike[str], *, columns: Mapping[str, str] | None = None, where: str | None = None
) -> tuple[Attempts, ...]:
    """Give the attempts of each model in a table, small models first.

    A row is a problem with its samples and correct ones, one sample that is correct (1) or not (0), or a model with
    its pass@1. Columns are found by common names; `columns` maps ours to the file's: {"correct": "n_passed"}.
    Raises DataError, naming file, row, column and reason.
    """
    raw = raw_table(read_text(source))
    if not len(raw.rows):
        raise DataError(f"{raw.source}: 0 rows. Give a row for each problem, sample or model.")
    table = _Table(raw, _assigned(raw, columns or {}), _kept(raw, where))
    labels = table.labels("model") if "model" in table.columns else table.sizes()
    found = [_attempts(table, name, np.flatnonzero(labels == name)) for name in dict.fromkeys(labels.tolist())]
    return tuple(sorted(found, key=lambda one: (math.isnan(one.N), one.N)))


@dataclass(frozen=True, eq=False)
class _Table:
    raw: RawTable
    columns: Mapping[str, str]
    kept: NDArray[np.int64]

    def cells(self, column: str) -> Cells:
        name = self.columns[column]
        return Cells(self.raw.source, name, self.raw.rows, self.raw.columns[self.raw.names.index(name)])

    def numbers(self, column: str) -> Array:
        """Give the kept cells of a column as numbers, quantities such as 70B and words such as true among them."""
        cells = self.cells(column)
        words = [
            _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value for value in cells.values
        ]
        return numbers(Cells(cells.source, cells.column, cells.rows, words), quantities=True)[self.kept]

    def labels(self, column: str) -> NDArray[Any]:
        """Give the kept cells of a column as texts."""
        return np.array([shown(str(value).strip()) for value in self.cells(column).values], dtype=object)[self.kept]

    def sizes(self) -> NDArray[Any]:
        """Give each row the name of its model's size; all are one model where no size is told."""
        if "N" not in self.columns:
            return np.full(self.kept.size, "model", dtype=object)
        return np.array([show(size) for size in self.numbers("N")], dtype=object)

    def refuse(self, column: str, row: int, reason: str) -> DataError:
        return self.cells(column).refuse(int(self.kept[row]), reason)


def _assigned(raw: RawTable, mapping: Mapping[str, str]) -> dict[str, str]:
    """Give our columns and the file's; a plain "tokens" of millions and more is what a model was trained on."""
    for name, column in mapping.items():
        if column not in raw.names:
            raise missing(column, raw.names, raw.source)
        if name not in {*_ALIASES, "N"}:
            raise DataError(f"{raw.source}: nothing here is called {name}. Say one of {', '.join([*_ALIASES, 'N'])}.")
    found = dict(mapping)
    for column in (name for name in raw.names if name not in mapping.values()):
        ours = next((one for one, names in _ALIASES.items() if normal(column) in names.split() and column != "N"), None)
        ours = "N" if ours is None and (letter_of(column) == "N" or normal(column) == "size") else ours
        if ours is None:
            continue
        if ours in found and ours not in mapping:
            raise DataError(
                f'{raw.source}: the columns "{found[ours]}" and "{column}" could each be {ours}. '
                f'Say which: --column {ours}="{column}".'
            )
        found.setdefault(ours, column)
    return found


def _kept(raw: RawTable, where: str | None) -> NDArray[np.int64]:
    if where is None:
        return np.arange(len(raw.rows))
    condition = parse_condition(where)
    for name in condition.names:
        if name not in raw.names:
            raise missing(name, raw.names, raw.source)
    columns = {
        name: numbers_or_text(Cells(raw.source, name, raw.rows, raw.columns[raw.names.index(name)]))
        for name in condition.names
    }
    kept = np.flatnonzero(np.broadcast_to(np.asarray(condition.evaluate(columns), bool), (len(raw.rows),)))
    if not kept.size:
        raise DataError(f"{raw.source}: {where} is false for all {len(raw.rows)} rows; none is left.")
    return kept


def _attempts(table: _Table, name: str, rows: NDArray[np.int64]) -> Attempts:
    """Give the attempts in these rows, by the columns there are."""
    about = {key: _one(table, key, rows) for key in _OF_MODEL if key in table.columns}
    if about.get("tokens", 0.0) >= 1e6 and "D" not in about:  # no sample is that long: it is what was trained on
        about["D"] = about.pop("tokens")
    behind = about.pop("problems", math.nan)
    if "correct" in table.columns:
        names, n, c = _counts(table, rows)
        return Attempts(name, names, n, c, float((c / n).mean()), float(len(names)), **about)
    if "pass1" not in table.columns:
        raise DataError(
            f"{table.raw.source}: a column of correct samples, or of pass@1, is missing; there are "
            f"{', '.join(map(shown, table.raw.names))}. Say --column correct=COLUMN or --column pass1=COLUMN."
        )
    rates = table.numbers("pass1")
    for row in rows:
        if not 0 <= rates[row] <= 1:
            raise table.refuse("pass1", int(row), "is no share of correct samples. Write 0.42 for 42 %.")
    if rows.size > 1 or "problem" in table.columns:
        return _of_rates(table, name, rows, rates=rates[rows], about=about)
    return Attempts(name, (), np.zeros(0), np.zeros(0), float(rates[rows[0]]), behind, **about)


def _of_rates(
    table: _Table, name: str, rows: NDArray[np.int64], *, rates: Array, about: Mapping[str, float]
) -> Attempts:
    """Give the attempts of problems whose share of correct samples is known, and how many samples it is of."""
    if "samples" not in table.columns:
        raise DataError(
            f"{table.raw.source}: {name} has {rows.size} rows with a pass@1 each; nothing says of how many samples. "
            "Give a column n of samples, or one row for each model."
        )
    n = table.numbers("samples")[rows]
    names = table.labels("problem")[rows] if "problem" in table.columns else np.arange(1, rows.size + 1)
    c = np.round(n * rates)
    for row, apart in zip(rows, np.abs(n * rates - c), strict=True):
        if not apart < 0.05:
            raise table.refuse("pass1", int(row), "is no whole number of its samples. Give a column of correct ones.")
    return Attempts(name, tuple(map(str, names)), n, c, float(rates.mean()), float(rows.size), **about)


def _one(table: _Table, column: str, rows: NDArray[np.int64]) -> float:
    """Give the one value of a model's column; tokens of samples may differ, and are averaged."""
    values = table.numbers(column)[rows]
    known = values[~np.isnan(values)]
    for row, value in zip(rows, values, strict=True):
        if value <= 0 or math.isinf(value):
            raise table.refuse(column, int(row), "must be a finite number above zero.")
        if column != "tokens" and known.size and value != known[0]:
            raise table.refuse(column, int(row), f"differs from {known[0]:g} in another row of the same model.")
    return float(known.mean()) if known.size else math.nan


def _counts(table: _Table, rows: NDArray[np.int64]) -> tuple[tuple[str, ...], Array, Array]:
    """Give problems, samples and correct ones; rows of one sample each are counted up."""
    correct = table.numbers("correct")[rows]
    each = "samples" not in table.columns
    samples = np.ones(rows.size) if each else table.numbers("samples")[rows]
    bad = _unsound(samples, correct)
    if bad.any():
        row, column = int(rows[np.argmax(bad)]), "correct"
        if each:
            raise table.refuse(column, row, "is not 0 or 1. Name the column of samples: --column samples=COLUMN.")
        raise table.refuse(column, row, f"of {samples[np.argmax(bad)]:g} samples is no count. {_SOUND}")
    if "problem" not in table.columns:
        if each:
            raise DataError(
                f"{table.raw.source}: a column that names the problem of each sample is missing. "
                "Say --column problem=COLUMN."
            )
        return tuple(str(place) for place in range(1, rows.size + 1)), samples, correct
    names, of = np.unique(table.labels("problem")[rows].astype(str), return_inverse=True)
    return tuple(names.tolist()), np.bincount(of, samples).astype(float), np.bincount(of, correct).astype(float)


def _unsound(samples: Array, correct: Array) -> NDArray[np.bool_]:
    """Say which pairs are no counts."""
    whole = (samples == np.round(samples)) & (correct == np.round(correct))
    return np.asarray(~(whole & (samples >= 1) & (samples <= MOST_SAMPLES) & (correct >= 0) & (correct <= samples)))


_POINTS = 16


class PowerLaw(NamedTuple):
    """-log pass@k = a k^-b, the form that Brown et al. 2024 (arXiv:2407.21787) find in coverage."""

    a: float
    b: float

    def __call__(self, k: float) -> float:
        """Give pass@k."""
        return math.exp(-self.a * k**-self.b)


def measured(attempts: Attempts, k: int) -> float:
    """Give the unbiased mean pass@k of the problems; nan where one of them has fewer samples."""
    if not 1 <= k <= attempts.fewest:
        return attempts.pass1 if k == 1 else math.nan
    return float(pass_at_k(attempts.samples, attempts.correct, k=k).mean())


def power_law(attempts: Attempts) -> PowerLaw:
    """Give the power law through the measured pass@k, by least squares in both logarithms; nan where there is none."""
    k = np.unique(np.geomspace(1, max(attempts.fewest, 1), _POINTS).round().astype(int))
    passed = np.array([measured(attempts, int(one)) for one in k])
    good = (passed > 0) & (passed < 1)
    if good.sum() < 3:
        return PowerLaw(math.nan, math.nan)
    slope, middle = np.polyfit(np.log(k[good]), np.log(-np.log(passed[good])), 1)
    return PowerLaw(math.exp(middle), -float(slope))
