"""The columns of a table of attempts: which is which, and their cells as numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.cells import Cells, RawTable, numbers, numbers_or_text
from isoflop.data.runs.columns import letter_of, missing, normal
from isoflop.errors import DataError, shown
from isoflop.formula.arrays import Array
from isoflop.formula.parse import parse_condition
from isoflop.quantities import show

_ALIASES = {
    "problem": "problem problemid task taskid question questionid item itemid index idx id promptid problemidx",
    "samples": "n samples nsamples numsamples attempts nattempts numattempts trials total numtrials completions",
    "correct": "c correct ncorrect numcorrect correctsamples successes nsuccesses passes numpassed passed npassed "
    "solved iscorrect success",
    "pass1": "pass@1 pass1 passat1 accuracy acc passrate",
    "rate": "passk pass@k passatk coverage solverate score scores pass solvedrate",
    "reward": "reward rewards rewardscore rmscore prmscore verifierscore ormscore rewardmodelscore logprob",
    "best": "bestofn bestofk bon bestofnaccuracy bonaccuracy rmbestofn rewardbestofn weightedbestofn rerankedaccuracy",
    "thinking": "thinkingtokens reasoningtokens thoughttokens thinkinglength thinkingbudget tokenbudget budgettokens",
    "k": "k nk ks scalingparameter samplesk numk",
    "dataset": "dataset benchmark suite",
    "model": "model modelname modelfamily name",
    "active": "active activeparams activeparameters",
    "problems": "problems nproblems numproblems",
    "tokens": "tokens tokenspersample sampletokens outputtokens meantokens completiontokens tokensperquery "
    "querytokens generatedtokens",
    "query": "flopsperquery queryflops inferenceflops testtimeflops flops",
    "method": "method strategy search searchmethod searchalgorithm decoding approach",
    "D": "d trainingtokens traintokens tokenstrained",
    "price": "price pricepermillion dollarspermillion usdpermillion",
}
"""Column -> its names in normal form: lower case, without spaces, dashes and underscores."""
_PASS_AT = re.compile(r"(?:(?:pass|coverage|solved|cov|oracle)(?:@|at)?|@|k=)(\d+)k?%?")
"""What names the column of pass@10 in normal form, brackets and the word "rate" left out: pass@10, k=10, @10."""
_FEWEST_BARE = 3
"""Columns called by numbers alone from which they are taken for pass@k at these numbers of samples."""
_MOST_DATASETS = 10
"""A column called "task" with no more values than this names benchmarks, with more it names problems."""
OF_MODEL = ("N", "D", "active", "tokens", "price", "problems")
_WORDS = {"true": 1.0, "yes": 1.0, "pass": 1.0, "passed": 1.0, "false": 0.0, "no": 0.0, "fail": 0.0, "failed": 0.0}


@dataclass(frozen=True, eq=False)
class Table:
    """The rows that are kept of a table, with our columns and the file's names of them."""

    raw: RawTable
    columns: Mapping[str, str]
    kept: NDArray[np.int64]

    def cells(self, column: str) -> Cells:
        """Return all cells of one of our columns, under the name the file has for it."""
        name = self.columns[column]
        return Cells(self.raw.source, name, self.raw.rows, self.raw.columns[self.raw.names.index(name)])

    def numbers(self, column: str) -> Array:
        """Return the kept cells of a column as numbers, quantities such as 70B and words such as true among them."""
        cells = self.cells(column)
        words = [
            _WORDS.get(value.strip().lower(), value.strip().rstrip("%").strip()) if isinstance(value, str) else value
            for value in cells.values
        ]
        return numbers(Cells(cells.source, cells.column, cells.rows, words), quantities=True)[self.kept]

    def labels(self, column: str) -> NDArray[Any]:
        """Return the kept cells of a column as texts."""
        return np.array([shown(str(value).strip()) for value in self.cells(column).values], dtype=object)[self.kept]

    def shares(self, *columns: str, tabled: bool) -> tuple[Array, float, bool]:
        """Return shares (rows, columns), their last printed digit, and whether they were written in per cent.

        They are per cents where a cell or a name says so, where most are above 1, or, of means at several k
        (`tabled`), where any is. Raises DataError for a cell that is neither.
        """
        values = np.stack([self.numbers(column) for column in columns], axis=1)
        known = values[np.isfinite(values)]
        marked = any("%" in self.columns[column] or _has_sign(self.cells(column)) for column in columns)
        above = float((known > 1).mean()) if known.size else 0.0
        percent = marked or above >= 0.5 or (tabled and above > 0)
        most = 100.0 if percent else 1.0
        for row, column in np.argwhere((values < 0) | (values > most)):
            raise self.refuse(columns[column], int(row), "is no share of correct samples. Write 0.42 for 42 %.")
        unit = 10.0 ** -min(max((_decimals(one) for one in known.tolist()), default=0), _DIGITS)
        return values / most, unit / most, percent

    def sizes(self) -> NDArray[Any]:
        """Return each row the name of its model's size; all are one model where no size is told."""
        if "N" not in self.columns:
            return np.full(self.kept.size, "model", dtype=object)
        return np.array([show(size) for size in self.numbers("N")], dtype=object)

    def refuse(self, column: str, row: int, reason: str) -> DataError:
        """Return the error that names a kept cell of a column."""
        return self.cells(column).refuse(int(self.kept[row]), reason)


def _has_sign(cells: Cells) -> bool:
    return any(isinstance(one, str) and one.rstrip().endswith("%") for one in cells.values)


_DIGITS = 9


def _decimals(value: float) -> int:
    """Return how many digits after the point a number needs."""
    text = f"{value:.{_DIGITS}f}".rstrip("0")
    return len(text) - text.index(".") - 1


def pass_at(column: str) -> int:
    """Return k where a column's name means pass@k, such as pass@10, pass_at_10 or "coverage@100 (%)"; else 0."""
    found = _PASS_AT.fullmatch(re.sub(r"[()\[\]]|rate", "", normal(column)))
    return int(found[1]) if found else 0


def columns_at(names: Sequence[str]) -> dict[str, int]:
    """Return the columns that hold pass@k, with k: by what each is called, or where several are called by numbers."""
    named = {name: pass_at(name) for name in names if pass_at(name)}
    bare = {name: int(name) for name in names if name.strip().isdecimal() and int(name) > 0}
    return named or (bare if len(bare) >= _FEWEST_BARE else {})


def assigned(raw: RawTable, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return our columns and the file's; a plain "tokens" of millions and more is what a model was trained on."""
    for name, column in mapping.items():
        if column not in raw.names:
            raise missing(column, raw.names, raw.source)
        if name not in {*_ALIASES, "N"}:
            raise DataError(f"{raw.source}: nothing here is called {name}. Say one of {', '.join([*_ALIASES, 'N'])}.")
    found = dict(mapping)
    for column in (name for name in raw.names if name not in mapping.values()):
        if pass_at(column) > 1:
            continue
        ours = next((one for one, names in _ALIASES.items() if normal(column) in names.split() and column != "N"), None)
        ours = "N" if ours is None and (letter_of(column) == "N" or normal(column) == "size") else ours
        if ours is None:
            continue
        if ours == "problem" and normal(column) in {"task", "taskname"} and _is_few(raw, column):
            ours = "dataset"
        if ours in found and ours not in mapping:
            raise DataError(
                f'{raw.source}: the columns "{found[ours]}" and "{column}" could each be {ours}. '
                f'Say which: --column {ours}="{column}".'
            )
        found.setdefault(ours, column)
    return found


def _is_few(raw: RawTable, column: str) -> bool:
    """Return whether a column called "task" names benchmarks: few, each in several rows."""
    texts = [str(one).strip() for one in raw.columns[raw.names.index(column)]]
    return len(set(texts)) <= min(_MOST_DATASETS, len(texts) // 2)


def kept_rows(raw: RawTable, where: str | None) -> NDArray[np.int64]:
    """Return the numbers of the rows for which a condition holds."""
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
