"""What a table of runs lacks, as one question: what to type for each letter, with the column that it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Runs
from isoflop.data.runs.columns import is_perplexity, listed, normal
from isoflop.errors import UsageError, shown
from isoflop.quantities import parse_quantity

_WANTED = ("N", "D", "loss")
_MOST = 12
"""Columns that a question lists; a table of benchmarks has hundreds."""
_LIKE = {
    "N": re.compile(r"param|model.?size|^size$|weights|^log.*\bN$|^log.*_N$", re.IGNORECASE),
    "D": re.compile(r"token|examples|samples|data.?size|^log.*\bD$|^log.*_D$", re.IGNORECASE),
    "loss": re.compile(r"loss|nll|entropy|bpb|perplexity|ppl", re.IGNORECASE),
}
"""How columns look that may be a letter without having a name of it."""
_NOT_LIKE = re.compile(r"per_?sec|/s$|ratio|rate|share_", re.IGNORECASE)
_STEPS = frozenset({"step", "iter", "iteration"})
_LOGARITHM = re.compile(r"(?P<ten>log_?10)|(?P<e>ln|log)(?=[\W_])", re.IGNORECASE)
"""How the name of a logarithm begins; one of no base is the natural one, and is asked about with both."""
_FACTORS = (
    re.compile(r"(num_?|n_?|max_?|train(ing)?_?|total_?)*(steps?|iters?|iterations?)$", re.IGNORECASE),
    re.compile(r"(global_?|total_?|train_?)*batch(_?size)?$", re.IGNORECASE),
    re.compile(r"(seq(uence)?_?len(gth)?|block_?size|context(_?len(gth)?)?|ctx(_?len)?|seq)$", re.IGNORECASE),
)
"""Columns whose product is tokens: steps, sequences a batch, tokens a sequence."""
_COUNTED_OTHERWISE = 0.05
"""By this share 6 N D may miss C where N and D are columns without a name of theirs."""
_METRIC = re.compile(r"acc(uracy)?|score|bleu|elo|reward|exact_?match|f1|pass@?\d*", re.IGNORECASE)
"""How columns look that measure success, of which there is no loss."""


def question(runs: Runs) -> str:
    """Return in one line what a table lacks, what there is, and what to type; empty if it lacks nothing."""
    lacking = [letter for letter in _WANTED if letter not in runs]
    if not lacking:
        return ""
    own = own_names(runs)
    verb = "is" if len(lacking) == 1 else "are"
    options = ", ".join(f"--{letter} {_likely(letter, runs, own)}" for letter in lacking)
    told = f"{' and '.join(lacking)} {verb} missing; there are {listed(own, _MOST)}. Say {options}."
    return " ".join(filter(None, (told, _instead(lacking, runs, own))))


def own_names(runs: Runs) -> list[str]:
    """Return the columns as the source calls them, without those that were worked out."""
    theirs = {column: name for name, (column, _) in runs.called.items()}
    return [theirs.get(name, name) for name in runs.columns if name not in runs.computed]


def _likely(letter: str, runs: Runs, own: Sequence[str]) -> str:
    """Return the columns of numbers that may be a letter, as one would type them; the word COLUMN for none."""
    if letter in (factors := _with_compute(runs, own)):
        return shown(factors[letter])
    if letter == "D" and (product := _product(own)):
        return product
    sizes = [name for name in own if name in runs.columns and _is_quantity(runs.columns[name])]
    found = [name for name in sizes if _LIKE[letter].search(name) and not _NOT_LIKE.search(name)]
    found = [name for name in found if letter != "loss" or "train" not in normal(name)] or found
    return " or ".join(shown(_typed(name)) for name in found[:3]) or "COLUMN"


def _typed(name: str) -> str:
    """Return a column as one would type it: of a perplexity the logarithm, of a logarithm the number."""
    if is_perplexity(name):
        return f"'ln({name})'"
    if log := _LOGARITHM.match(name):
        return f"'10^{name}'" if log["ten"] else f"'exp({name})'"
    return f"'{name}'" if " " in name else name


def _product(own: Sequence[str]) -> str:
    """Return steps times sequences times their length, as one would type it; empty where one is not there."""
    names = [[name for name in own if one.match(name.replace(" ", "_"))] for one in _FACTORS]
    return f"'{'*'.join(one[0] for one in names)}'" if all(len(one) == 1 for one in names) else ""


def _with_compute(runs: Runs, own: Sequence[str]) -> dict[str, str]:
    """Return N and D where two columns are the parameters and tokens of C: 6 times their product is C."""
    if "C" not in runs or {"N", "D"} & {*runs.columns}:
        return {}
    for first, second in combinations(_numbers(runs, own), 2):
        with np.errstate(all="ignore"):
            times = runs["C"] / (runs[first] * runs[second])
        if (np.abs(times / 6 - 1) < _COUNTED_OTHERWISE).all():
            return {"N": first, "D": second}
    return {}


def _numbers(runs: Runs, own: Sequence[str]) -> list[str]:
    """Return the columns of numbers that are no letter yet."""
    return [name for name in own if name in runs.columns and runs.columns[name].dtype.kind == "f"]


def _is_quantity(cells: NDArray[Any]) -> bool:
    """Return whether a column holds numbers, or quantities such as 70B."""
    if cells.dtype.kind == "f":
        return True
    try:
        return len(cells) > 0 and all(parse_quantity(str(cell)) > 0 for cell in cells[:_MOST])
    except UsageError:
        return False


def _instead(lacking: Sequence[str], runs: Runs, own: Sequence[str]) -> str:
    """Return what else may read such a table: another measure than a loss, or another command; empty for nothing."""
    names = {normal(name) for name in own}
    if {"n", "c"} <= names and names & {"problem", "task", "taskid"}:
        return "Counts of right answers a problem: isoflop test-time reads them."
    if sum(name.startswith("share") for name in names) > 1:
        return "Shares of sources, each run with its losses: isoflop mix reads them."
    steps = next((runs.columns[name] for name in _numbers(runs, own) if normal(name) in _STEPS), None)
    if {"N", "D"} <= {*lacking} and "loss" in runs and steps is not None and (np.diff(steps) > 0).all():
        return "If it is the log of one run, isoflop finish reads it."
    measures = [name for name in _numbers(runs, own) if "loss" in lacking and _METRIC.search(name)]
    if measures:
        best = 1 if float(max(runs.columns[measures[0]])) <= 1 else 100
        return f"A measure that is no loss is one by --metric: --metric '{measures[0]}:up:{best}'."
    return ""
