"""What is checked when runs come in: unusable rows (D01) and the findings D03, D04, D06, D14.

A finding fires on a problem and stays quiet on sound runs, small ones included: nothing here looks
at one size alone, only at sizes that cannot belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.compute.flops import POWER, FlopRule, rule_named
from isoflop.data.runs.cells import Rows
from isoflop.data.runs.magnitudes import inspect_magnitudes
from isoflop.data.runs.metadata_columns import recorded
from isoflop.data.runs.names import Names
from isoflop.data.runs.names import listed as listed_names
from isoflop.errors import DataError
from isoflop.findings import Finding, Severity, json_of
from isoflop.formula.arrays import Array, median
from isoflop.quantities import PF_DAY

Columns = Mapping[str, NDArray[Any]]

MEASURED = ("N", "D", "C", "loss")
"""The columns in which every usable run has a finite, positive number."""

# 6ND/C off by more than this many decades is a matter of units, not of how FLOPs are counted: the
# sparsest mixtures of experts published so far (Clark et al. 2022, 512 experts) stay below a factor 200.
UNIT_DECADES = 2.3
_COUNTED_APART, OWN_LAW = 2.0, 10.0
"""Factors between C and its rule: up to the first, both may count the same things differently; from the second on, a
law that the runs' C obeys is the cost of something else than text, and no mistake."""
_LIKE_A_UNIT, _EXAMPLES_APART = 0.2, 1.5
"""Decades by which a ratio may miss a power of a thousand and still be one, and by which examples' costs may differ."""
_TREND = 1.1
_PERPLEXITY_LOSS = 12.0
"""Above the logarithm of any common vocabulary's size: a loss there is worse than guessing."""


@dataclass(frozen=True)
class Excluded:
    """One row that is left out of the runs, why, and what the run is called if that is known."""

    row: int
    reason: str
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.name or f'row {self.row}'} ({self.reason})"

    def as_dict(self) -> dict[str, Any]:
        """Return the row and the reason as they stand in the JSON."""
        return json_of(self, "row reason")


def unusable(columns: Columns, rows: Rows, names: Names, *, of_loss: bool = True) -> tuple[Excluded, ...]:
    """Return the rows (D01) in which N, D, C or, where the runs are read for it, the loss is no number above zero."""
    bad: dict[int, str] = {}
    for name in MEASURED if of_loss else MEASURED[:-1]:
        values = columns.get(name)
        if values is not None:
            for index in np.flatnonzero(~(np.isfinite(values) & (values > 0))):
                bad.setdefault(int(index), f"{name} is {values[index]:g}")
    places = sorted(bad)
    return tuple(Excluded(int(rows[row]), bad[row], name) for row, name in zip(places, names.of(places), strict=True))


def findings_on_unusable(excluded: Sequence[Excluded], total: int) -> tuple[Finding, ...]:
    """Return the finding D01 that lists the rows left out as unusable; none if there are none."""
    return left_out(excluded, total, f"{_rule(excluded)} Correct these rows or leave them out.")


def _rule(excluded: Sequence[Excluded]) -> str:
    """Return what a usable run has, and how a loss that may be negative is said."""
    rule = "N, D, C and loss must be finite and above zero."
    if any(one.reason.startswith("loss is -") for one in excluded):
        rule += " A quantity that falls below zero is --metric loss:fall, one that rises is loss:rise."
    return rule


def left_out(excluded: Sequence[Excluded], total: int, remedy: str) -> tuple[Finding, ...]:
    """Return the finding D01 on rows left out, with a remedy; none if there are none."""
    if not excluded:
        return ()
    shown = ", ".join(str(item) for item in excluded[:5])
    more = f" and {len(excluded) - 5} more" if len(excluded) > 5 else ""
    message = f"{len(excluded)} of {total} runs are left out: {shown}{more}."
    return (Finding("D01", "WARN", message, remedy),)


@np.errstate(all="ignore")  # numbers at the ends of float64 may overflow: they are no sizes of runs
def none_usable(source: str, excluded: Sequence[Excluded]) -> DataError:
    """Return the error for a table of which no run is left."""
    worst = excluded[0]
    return DataError(
        f"{source}: none of the {len(excluded)} runs is usable; row {worst.row}: {worst.reason}. {_rule(excluded)}"
    )


def inspect(columns: Columns, names: Names, rule: FlopRule, *, nats: bool = True) -> tuple[Finding, ...]:
    """Return the findings on usable runs: units, perplexity (nats), FLOP count, duplicates, swapped tokens."""
    found: list[Finding] = []
    if {"N", "D", "C"} <= columns.keys():
        found += _compute(columns, names, rule)
    if {"N", "D"} <= columns.keys():
        found += [] if found else _sizes(columns["N"], columns["D"], names)
    if not found:
        found += inspect_magnitudes(columns, nats=nats)
    if {"N", "D", "loss"} <= columns.keys():
        found += _repeats(columns)
    if nats and "loss" in columns and columns.keys() & {"N", "D", "C"}:
        found += _loss(columns["loss"], names)
    if {"U", "D"} <= columns.keys():
        found += _swapped(columns["U"], columns["D"])
    return tuple(found)


def listed(rows: NDArray[Any], limit: int = 5) -> str:
    """Return row numbers as people read them: "rows 3, 7 and 12", the first few if there are many."""
    shown = [str(row) for row in rows[:limit]]
    if len(rows) > limit:
        shown.append(f"{len(rows) - limit} more")
    head = ", ".join(shown[:-1])
    return f"row {shown[0]}" if len(rows) == 1 else f"rows {head} and {shown[-1]}"


def _compute(columns: Columns, names: Names, rule: FlopRule) -> list[Finding]:
    """D03 and D04: what N, D and C, all three measured, say about each other."""
    fitted, rule = rule.name.startswith(POWER), rule_named("6ND") if rule.name.startswith(POWER) else rule
    decades = np.log10(rule.flops(columns["N"], columns["D"]) / columns["C"])
    steps = np.where(np.abs(decades) > UNIT_DECADES, np.round(decades / 3), 0)
    middle = 10 ** float(median(decades))
    if fitted and not 1 / OWN_LAW <= middle <= OWN_LAW:
        return []  # D28 tells it
    if np.any(steps) and not _costly_examples(decades):
        return [_wrong_units(decades, steps, names=names, rule=rule)]
    trend = _trend(columns["N"], decades)
    if trend > _TREND:
        return [
            Finding(
                "D04",
                "WARN",
                f"{rule.formula} is {middle:.2g} times C, a factor changing {trend:.2f}x from "
                "the smallest N to the largest: N and C count different parts (output head, embeddings, attention).",
                "Say which count N is and which FLOP rule C follows; exponents differ between counts.",
            )
        ]
    if not 1 / _COUNTED_APART <= middle <= _COUNTED_APART:
        return [
            Finding(
                "D03", "WARN", f"{rule.formula} is {middle:.3g} times the C given (median of {len(decades)} runs).",
                "Check the units of N, D and C, and the FLOP rule behind C (mixtures of experts: active N).",
            )
        ]  # fmt: skip
    return []


def _costly_examples(decades: Array) -> bool:
    """Return whether C is many times 6ND, by no power of a thousand and by much the same in every run.

    So it is where D counts images, pairs or samples of many patches each, and models differ in how many.
    """
    middle = float(median(decades))
    is_unit = abs(middle - 3 * round(middle / 3)) < _LIKE_A_UNIT or abs(middle + np.log10(PF_DAY)) < _LIKE_A_UNIT
    return bool(middle < 0 and np.ptp(decades) < _EXAMPLES_APART and not is_unit)


def _wrong_units(decades: Array, steps: Array, *, names: Names, rule: FlopRule) -> Finding:
    remedy = "Give parameters, tokens and FLOPs in base units: 7e10, not 70 (billions) or 7e4 (millions)."
    if np.all(steps == steps[0]):
        factor = 10 ** float(median(decades))
        message = f"{rule.formula} is {factor:.1g} times the C given in every run: N, D or C is not in base units."
        if 0.3 < factor / PF_DAY < 3:
            message = (
                f"C looks like petaFLOP-days: {rule.formula} is {factor:.2g} times it, and a PF-day is 8.64e19 FLOPs."
            )
            remedy = "Say --C 'COLUMN*8.64e19'."
        return Finding("D03", "BLOCK", message, remedy)
    values, counts = np.unique(steps, return_counts=True)
    odd = names.of(steps != values[np.argmax(counts)])
    message = f"N, D or C changes its unit within the table: {rule.formula} holds differently in {listed_names(odd)}."
    return Finding("D03", "BLOCK", message, remedy)


def _trend(size: Array, decades: Array) -> float:
    """Return the factor by which the ratio changes with N along a fitted line; 1 for no clear line."""
    if 10 ** np.ptp(decades) < _TREND or len(np.unique(size)) < 3:
        return 1.0
    x, y = np.log10(size) - np.mean(np.log10(size)), decades - np.mean(decades)
    slope = np.sum(x * y) / np.sum(x * x)
    explained = slope * np.sum(x * y)
    if explained < 0.5 * np.sum(y * y):
        return 1.0
    return float(10 ** abs(slope * np.ptp(x)))


def _sizes(size: Array, tokens: Array, names: Names) -> list[Finding]:
    """D03 without a C to compare with: sizes that cannot belong together."""
    tiny = (size < 1e4) & (tokens > 1e5 * size)
    fractional = bool(np.any(tokens % 1))
    few = bool(np.all(tokens < 1e4))
    if np.all(tiny):
        return [_units("BLOCK", "N", f"all N are below 1e4 while every run has more than 1e5 {_PER_PARAMETER}")]
    if np.any(tiny) and np.min(size[~tiny]) >= 1e3 * np.max(size[tiny]):
        return [
            _units("BLOCK", "N", f"N changes its unit within the table: it is tiny in {listed_names(names.of(tiny))}")
        ]
    if few and np.all(size >= 1e6):
        severity: Severity = "BLOCK" if fractional else "WARN"
        return [_units(severity, "D", "all D are below 1e4 while every N is at least 1e6")]
    if few and np.all(size < 1e4) and (fractional or np.any(size % 1)):
        return [_units("WARN", "N and D", "all N and D are below 1e4 and some are fractions")]
    return []


_PER_PARAMETER = "tokens per parameter"


def _units(severity: Severity, letters: str, observed: str) -> Finding:
    return Finding(
        "D03", severity, f"{letters} in thousands, millions or billions? {observed[0].upper()}{observed[1:]}.",
        "Give parameters, tokens and FLOPs in base units: 7e10 or 70B, not 70.",
    )  # fmt: skip


def _loss(loss: Array, names: Names) -> list[Finding]:
    high = loss > _PERPLEXITY_LOSS
    if not np.any(high):
        return []
    middle = float(median(loss))
    if middle > _PERPLEXITY_LOSS:
        message = f"the median loss is {middle:.3g}: is this perplexity? 12 nats per token is worse than guessing."
        remedy = "Give the loss in nats per token: ln(perplexity). If it is no loss, say what: --metric BLEU:up:100."
        return [Finding("D03", "BLOCK", message, remedy)]
    message = f"the loss is above {_PERPLEXITY_LOSS:g} in {listed_names(names.of(high))}: diverged, or perplexity?"
    return [Finding("D03", "WARN", message, 'Leave such runs out: --where "loss < 12".')]


_SETTING = ("N", "D", "U", "experts", "granularity", "bits", "sparsity")


def copies(columns: Columns) -> list[int]:
    """Return the positions of the rows that are the same as an earlier row in every column."""
    sizes = [columns[name] for name in _SETTING if name in columns]
    if not sizes or "loss" not in columns:
        return []
    setting = _groups(sizes)
    shared = np.flatnonzero(np.bincount(setting)[setting] > 1)
    if not shared.size:
        return []
    _, first = np.unique(_groups([values[shared] for values in columns.values()]), return_index=True)
    return [int(row) for row in np.sort(np.delete(shared, first))]


def findings_on_copies(extra: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return the finding D25 on rows left out because they repeat an earlier one: the same evidence counts once."""
    if not extra:
        return ()
    verb = "repeats" if len(extra) == 1 else "repeat"
    message = f"{listed_names(extra)} {verb} an earlier row in every column, and {_were(len(extra))} left out."
    return (Finding("D25", "WARN", message, "Remove the copies, or keep them with --allow D25."),)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _repeats(columns: Columns) -> list[Finding]:
    """D06: runs that share N and D."""
    setting = _groups([columns[name] for name in _SETTING if name in columns])
    shared = np.flatnonzero(np.bincount(setting)[setting] > 1)
    return _replicates(columns, setting[shared], total=int(setting.max()) + 1) if shared.size else []


def _tuned(columns: Columns) -> list[str]:
    """Return the columns of learning rates and batches of which several were tried."""
    found = [name for kind in ("learning rate", "batch") for name in recorded(columns, kind)]
    return [name for name in found if columns[name].dtype.kind == "f" and len(np.unique(columns[name])) > 2]


def _replicates(columns: Columns, setting: NDArray[np.intp], *, total: int) -> list[Finding]:
    counts = np.bincount(setting)
    several = counts[counts > 1]
    if not several.size:
        return []
    message = f"{several.size} of {total} settings of N and D have more than one run, {several.sum()} runs in all."
    remedy = "Replicates show the noise between runs. If these are evaluations of one run, keep one kind: --where."
    if tuned := _tuned(columns):
        remedy = (
            f"Keep what each setting reaches at its best: --best-of {','.join(tuned)}; isoflop tune reads the sweep."
        )
    return [Finding("D06", "INFO", message, remedy)]


def _groups(columns: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """Return each row the number of its group: rows equal in all columns form one."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for values in columns:
        # Multiply-and-add hashing modulo 2^64; a collision among 1e6 rows has a chance below 1e-7.
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + _bits(values)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed, return_inverse=True)[1]


def _bits(values: NDArray[Any]) -> NDArray[np.uint64]:
    if values.dtype == np.float64:
        return np.ascontiguousarray(values).view(np.uint64)
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(text, len(codes)) for text in values], dtype=np.uint64)


def _swapped(unique: Array, tokens: Array) -> list[Finding]:
    above = float(np.mean(unique > tokens))
    if above <= 0.5:
        return []
    return [
        Finding(
            "D14", "WARN", f"there are more unique tokens than tokens in {above:.0%} of the runs: are U and D swapped?",
            "Swap them, or give as U the unique tokens a run has seen (at most D).",
        )
    ]  # fmt: skip
