"""Replicates for the noise, and brackets of learning rate and batch at two or more sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from isoflop.compute.flops import rule_named
from isoflop.errors import UsageError
from isoflop.experiments.design.result import Design, Planned, planned
from isoflop.findings import Finding

Points = Design | Mapping[str, Sequence[float]]
"""Runs to vary: a design, or columns N and D."""
APART = 4.0
"""Sizes nearer than this say little of how the best learning rate moves with size."""


def replicates(points: Points, *, seeds: int | Sequence[int] = 3, flop_rule: str = "6ND") -> Design:
    """Return each run once a seed: how far runs that differ in nothing else scatter is the noise no law can remove.

    seeds  how many, from 0, or which

    From f = points x (seeds - 1) differences the noise is known to about 1 / sqrt(2 f) of itself.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if len(set(chosen)) < 2 or len(set(chosen)) < len(chosen):
        raise UsageError(f"seeds={seeds}: noise needs two different seeds or more, as in seeds=3.")
    runs = _runs(points, flop_rule)
    rows = tuple(replace(one, settings={**one.settings, "seed": seed}) for one in runs for seed in chosen)
    known = 100 / math.sqrt(2 * len(runs) * (len(chosen) - 1))
    points_ = f"{len(runs)} point{'s' * (len(runs) != 1)}"
    return Design(
        "replicates",
        rows,
        notes=(f"{points_} with {len(chosen)} seeds each: the noise will be known to ±{known:.0f} %",),
    )


def brackets(
    points: Points,
    *,
    learning_rate: float | Sequence[float],
    factor: float = 2.0,
    count: int = 3,
    batches: Sequence[float] = (),
    flop_rule: str = "6ND",
) -> Design:
    """Return each run at learning rates a factor apart, and at each batch size, so that the best lies between others.

    learning_rate  the middle of the bracket, one for all points or one for each
    batches        tokens in a batch; each is tried with each learning rate, as the best rate moves with the batch

    A rate that is tuned at one size only is too high or too low elsewhere. The excess loss grows with distance in
    size and looks like part of the law: the best size moves, and no residual shows it (benchmarks/design.py).
    """
    runs = _runs(points, flop_rule)
    middle = np.broadcast_to(np.asarray(learning_rate, float), (len(runs),))
    if not (np.isfinite(middle).all() and (middle > 0).all() and factor > 1 and count >= 3):
        raise UsageError("a bracket needs rates above zero, a factor above 1 and a count of 3 or more: "
                         "learning_rate=3e-4, factor=2, count=3.")  # fmt: skip
    steps = factor ** np.linspace(-(count - 1) / 2, (count - 1) / 2, count)
    rows = tuple(
        replace(one, settings={**one.settings, "learning_rate": float(f"{rate * step:.6g}"), **batch})
        for one, rate in zip(runs, middle.tolist(), strict=True)
        for step, batch in product(steps.tolist(), [{"batch": float(size)} for size in batches] or [{}])
    )
    notes = (f"{count} learning rates a factor {factor:g} apart at each point; if the first or last is best, go on",)
    return Design("brackets", rows, notes=notes, findings=tuple(_one_size(runs)))


def _runs(points: Points, flop_rule: str) -> tuple[Planned, ...]:
    if isinstance(points, Design):
        found = points.runs
    else:
        N, D = np.broadcast_arrays(*(np.atleast_1d(np.asarray(points[key], float)) for key in ("N", "D")))
        found = planned(N, D, rule_named(flop_rule))
    if not found:
        raise UsageError('there is no run to vary. Give a design, or {"N": [1e8], "D": [2e9]}.')
    return found


def _one_size(runs: Sequence[Planned]) -> Iterator[Finding]:
    sizes = [one.N for one in runs]
    if max(sizes) < APART * min(sizes):
        yield Finding(
            "S05", "WARN",
            "learning rates are bracketed at one size, or at sizes less than a factor 4 apart: how the best rate moves "
            "with size remains unknown, and an untuned rate moves the best size without a trace in the residuals",
            "bracket at a size 4 times larger or more, too",
        )  # fmt: skip
