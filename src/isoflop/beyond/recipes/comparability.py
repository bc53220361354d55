"""Are the recipes' runs to be compared at all? One evaluation set, one tokenizer, one way to count N and C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from isoflop.beyond.recipes.paths import price
from isoflop.beyond.recipes.result import UNITS, Contest
from isoflop.data.runs import Runs
from isoflop.data.runs.metadata import PADDING
from isoflop.data.runs.metadata_columns import number, words
from isoflop.findings import Finding
from isoflop.fitting.draws import FEW_RUNS
from isoflop.forecasting.extrapolation import AMBER, RED
from isoflop.formula.arrays import median
from isoflop.quantities import show_flops

SAME = ("tokenizer", "evaluation set")
"""What must be one for losses to be compared; how the runs were trained may be what the recipes differ in."""
APART, OVERLAP = 1.1, 0.3
"""How far two ways to count may differ; decades of compute that both recipes should have runs in."""


def alike(runs: Sequence[Runs], names: Sequence[str]) -> list[Finding]:
    """Return the findings on tables that differ in more than their recipe: R01 to R04."""
    looks = (_populations, _vocabularies, _counts, _compute, _few)
    return [finding for look in looks for finding in look(runs, names)]


def _populations(runs: Sequence[Runs], names: Sequence[str]) -> Iterator[Finding]:
    for meaning in SAME:
        said = {name: words(one.columns, meaning) for name, one in zip(names, runs, strict=True)}
        values = {name: set(found) - {""} for name, found in said.items() if found}
        if len({*map(frozenset, values.values())}) > 1:
            told = "; ".join(f"{name}: {', '.join(sorted(found))[:60]}" for name, found in values.items())
            yield Finding(
                "R01", "BLOCK", f"the recipes' runs do not share one {meaning} ({told}): losses cannot be compared",
                f"evaluate all on one {meaning}, or say --allow R01 if the names mean the same",
            )  # fmt: skip
        elif 0 < len(values) < len(runs):
            missing = ", ".join(name for name in names if name not in values)
            yield Finding(
                "R01", "INFO", f"the {meaning} is recorded for some recipes only, not for {missing}",
                "make sure that it is the same: otherwise the losses cannot be compared",
            )  # fmt: skip


def _vocabularies(runs: Sequence[Runs], names: Sequence[str]) -> Iterator[Finding]:
    """Yield R01 where vocabularies, or the bytes of a token, differ: losses per token are then of different tokens."""
    for meaning in () if all(one.per_byte for one in runs) else ("bytes per token", "vocabulary"):
        found = {name: number(one.columns, meaning) for name, one in zip(names, runs, strict=True)}
        middle = {name: float(median(values)) for name, values in found.items() if values is not None}
        if len(middle) > 1 and max(middle.values()) > (1 + PADDING) * min(middle.values()):
            told = "; ".join(f"{name}: {value:g}" for name, value in middle.items())
            yield Finding(
                "R01", "BLOCK", f"the recipes' tokens differ ({meaning}: {told}): losses per token cannot be compared",
                "compare bits per byte, if bytes are known: --loss 'COLUMN*1.4427/bytes_per_token'; or say --allow R01",
            )  # fmt: skip
            return


def _counts(runs: Sequence[Runs], names: Sequence[str]) -> Iterator[Finding]:
    """Yield R02 where N by layers and widths, 12 L d^2 (Kaplan et al. 2020), is counted differently at like sizes."""
    ratios = {}
    for name, one in zip(names, runs, strict=True):
        depth, width = (number(one.columns, what) for what in ("depth", "width"))
        if depth is not None and width is not None:
            ratios[name] = float(median(one["N"] / (12 * depth * width**2)))
    if len(ratios) > 1 and max(ratios.values()) / min(ratios.values()) > APART:
        told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        yield Finding(
            "R02", "WARN", f"N is not what the layers hold in the same way, by 12 · layers · width²: {told} times that",
            "count N alike in all tables (with or without embeddings), unless the blocks themselves differ",
        )  # fmt: skip


def _compute(runs: Sequence[Runs], names: Sequence[str]) -> Iterator[Finding]:
    factors = {name: price(one) for name, one in zip(names, runs, strict=True)}
    if max(factors.values()) / min(factors.values()) > 1 + (APART - 1) / 2:
        told = ", ".join(f"{name} {factor:.2f}" for name, factor in factors.items())
        yield Finding(
            "R02", "WARN", f"the recipes' compute differs at equal N and D: {told} times 6ND; the multiplier counts it",
            "make sure that one way to count FLOPs made all columns of compute",
        )  # fmt: skip
    low, high = max(one["C"].min() for one in runs), min(one["C"].max() for one in runs)
    if np.log10(high / low) < OVERLAP:
        yield Finding(
            "R03", "WARN", "the recipes' runs hardly share a range of compute: their difference rests on extrapolation",
            "train both at the same budgets; best at the same N and D",
        )  # fmt: skip


def _few(runs: Sequence[Runs], names: Sequence[str]) -> Iterator[Finding]:
    whole = {
        name: len(one) if one.clusters is None else int(one.clusters.max()) + 1
        for name, one in zip(names, runs, strict=True)
    }
    few = [f"{name} {count}" for name, count in whole.items() if count < FEW_RUNS]
    if few:
        yield Finding(
            "R04", "WARN", f"few runs: {', '.join(few)}; the interval leans on what other models' laws have been",
            f"train {FEW_RUNS} or more, at the same N and D in both recipes",
        )  # fmt: skip


def on_contests(contests: Sequence[Contest], beyond: float) -> list[Finding]:
    """Return the findings R05, far beyond the runs, and R06, a loss out of reach.

    beyond  where the first recipe stands for the prices, by its largest compute
    """
    found = []
    rows = [row for one in contests for row in one.rows]
    far = max([float(np.log10(beyond)), *(row.decades for row in rows if np.isfinite(row.decades))])
    if far > AMBER:
        found.append(Finding(
            "R05", "WARN" if far > RED else "INFO",
            f"a recipe is followed {far:.1f} decades beyond its runs" + (": a guess" if far > RED else ""),
            "train both recipes at a larger budget and compare again",
        ))  # fmt: skip
    for one in contests:
        out = [row for row in one.rows if np.isinf(row.multiplier.value)]
        if out:
            found.append(Finding(
                "R06", "WARN",
                f"from {show_flops(out[0].scale)} {UNITS[one.along]} on, {one.first} never reaches the loss "
                f"of {one.other}: the laws put its floor higher",
                "a floor is known poorly: say --floor shared, or pin it (--floor 1.7), and see what is left",
            ))  # fmt: skip
    return found
