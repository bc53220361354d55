"""Which columns hold scores, shares or per cents, and how many test items stand behind each."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.metric import items_of
from isoflop.data.runs import Runs
from isoflop.data.runs.cells import Cells, RawTable, numbers_or_text
from isoflop.data.runs.columns import LETTERS, letter_of, normal
from isoflop.errors import DataError
from isoflop.formula.arrays import Array, median

FEWEST = 5
"""The fewest runs with a score from which anything is said of a task."""
NO_SCORE = re.compile(
    r"(.*[_/ ])?(lr|learning_rate|loss|warm\w*|weight_decay|dropout|momentum|std|stderr|se|error|mfu|share|fraction"
    r"|bpb|bits_per_byte|nll|ce|ppl|perplexity|logprob|entropy|brier|epoch|progress|seed|temperature)([_/ ].*)?"
    r"|avg|average|mean|(avg|average|mean)[_ ](acc|accuracy|score)|(acc|accuracy|score)[_ ](avg|average|mean)",
    re.IGNORECASE,
)
"""Columns that hold shares and are no scores: what was set, how sure a number is, losses on answers, averages."""
SCORE_WORDS = re.compile(
    r"[_/ ]?(acc(uracy)?(_norm|_per_char|_per_byte|_raw|_uncond)?|score|em|exact_match|len_norm)?( ?\(?%\)?)?$",
    re.IGNORECASE,
)
"""What a name of a score says besides the task."""
SCORE_COLUMNS = (
    "accuracy", "acc", "score", "accnorm", "value", "result", "primaryscore", "primarymetric", "metricvalue", "scores",
    "accuracy(%)", "acc(%)", "score(%)", "acc,none", "passrate",
)  # fmt: skip
"""Names, in normal form, of the column of scores in a long table."""
ITEM_WORDS = (
    "n", "nitems", "items", "numitems", "numinstances", "ninstances", "instances", "nquestions", "questions",
    "numquestions", "nexamples", "examples", "numexamples", "ndocs", "count", "nsamples", "samples", "size",
)  # fmt: skip
"""What a name says that counts test items: arc_n, or n in a table with a row for each task."""
STDERR_WORDS = ("stderr", "se", "stderror", "accstderr", "accnormstderr", "standarderror", "accuracystderr")
_NOISY, _PER_CENT = 0.5, 100.0


def per_cent(name: str, values: NDArray[Any], *, named: bool = False) -> bool:
    """Return whether a column holds scores in per cent: all from 0 to 100 and some above 1.

    Its name says so, or it was `named` as a score, or most of its values are no whole numbers, as counts would be.
    """
    known = values[np.isfinite(values)]
    if known.size < FEWEST or known.min() < 0 or not 1 < known.max() <= _PER_CENT:
        return False
    return named or "%" in name or bool((known % 1 != 0).mean() > _NOISY)


def scores_in(raw: RawTable, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns of a table not yet read that may be scores: those asked for, or shares and per cents."""
    if asked:
        return tuple(asked) if {*asked} <= {*raw.names} else ()
    named = next((name for word in SCORE_COLUMNS for name in raw.names if normal(name) == word), None)
    if named is not None and _scores(named, _numbers(raw, named), named=True):
        return (named,)
    return tuple(name for name in raw.names if letter_of(name) is None and _scores(name, _numbers(raw, name)))


def scores_of(runs: Runs) -> tuple[str, ...]:
    """Return the columns of runs that hold scores."""
    names = [name for name in runs.columns if name not in LETTERS and not name.endswith(" (file)")]
    return tuple(name for name in names if _scores(name, runs[name]))


def _scores(name: str, values: NDArray[Any], *, named: bool = False) -> bool:
    if values.dtype.kind != "f" or NO_SCORE.fullmatch(name):
        return False
    known = values[np.isfinite(values)]
    shares = bool(known.size >= FEWEST and known.min() >= 0 and known.max() <= 1)
    return (shares and not _counts_items(name)) or per_cent(name, values, named=named)


def _counts_items(name: str) -> bool:
    return normal(re.split(r"[_/ ]", name, maxsplit=1)[-1]) in ITEM_WORDS


def _numbers(raw: RawTable, name: str) -> NDArray[Any]:
    """Return a column as numbers; as it is where it holds text."""
    cells = raw.columns[raw.names.index(name)]
    try:
        return numbers_or_text(Cells(raw.source, name, raw.rows, cells))
    except DataError:
        return np.array([str(one) for one in cells], dtype=object)


def as_shares(runs: Runs, asked: Sequence[str] = (), *, all_per_cent: bool = False) -> Runs:
    """Return the runs with every column of scores in per cent, and every one asked for, as shares."""
    names = asked or scores_of(runs)
    there = [name for name in names if name in runs and runs[name].dtype.kind == "f"]
    scaled = [name for name in there if all_per_cent or per_cent(name, runs[name], named=bool(asked))]
    return replace(runs, columns={**runs.columns, **{name: runs[name] / _PER_CENT for name in scaled}})


def items_behind(runs: Runs, task: str, accuracy: Array) -> float:
    """Return how many test items a score is a mean over: as a column says, as its standard error or its values tell.

    A standard error s of a share p is that of p (1 - p) / s² items. nan where nothing tells.
    """
    stem = normal(SCORE_WORDS.sub("", task))
    column = _beside(runs, stem, ITEM_WORDS)
    if column is not None and np.nanmin(column) >= 1:
        return float(median(column[np.isfinite(column)]))
    error = _beside(runs, stem, STDERR_WORDS)
    if error is not None:
        error = error / _PER_CENT if np.nanmedian(error) > 0.2 else error
        with np.errstate(all="ignore"):
            each = accuracy * (1 - accuracy) / error**2
        each = each[np.isfinite(each) & (each >= 1)]
        return float(median(each).round()) if each.size else math.nan
    return float(items_of(accuracy[np.isfinite(accuracy)])) or math.nan


def _beside(runs: Runs, stem: str, words: Sequence[str]) -> Array | None:
    """Return the column whose name is a task's and one of these words."""
    wanted = {stem + word for word in words}
    for name, values in runs.columns.items():
        if normal(name).replace("/", "").replace(",none", "") in wanted and values.dtype.kind == "f":
            return values if np.isfinite(values).any() else None
    return None
