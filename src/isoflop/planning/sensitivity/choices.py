"""What one may choose on the way from runs to a plan: objectives, runs left out, laws, ways to count N."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Runs
from isoflop.data.runs.columns import letter_of
from isoflop.fitting.fit import Fit
from isoflop.forecasting.backtest import axis_of, budget_ends
from isoflop.formula.arrays import Array, median
from isoflop.laws import LAWS

FACTORS = {
    "objective": "objective",
    "outliers": "runs left out",
    "law": "law",
    "approach": "approach",
    "N_convention": "count of N",
}
"""What is varied: field of a Choice → what it is called on a screen."""

OBJECTIVES = {
    "robust": ("robust", True),
    "huber:1e-3": ("huber:1e-3", True),
    "squares": ("squares", True),
    "squares of loss": ("squares", False),
}
"""Objectives in use: ours, Hoffmann et al.'s, and least squares on log loss and, as curve fitters do, on the loss."""

ALL, LEAST_TRAINED, CHEAPEST, BEYOND, LARGEST = "none", "least trained", "cheapest", "outliers", "largest budget"
OUTLIERS = (ALL, LEAST_TRAINED, CHEAPEST, BEYOND, LARGEST)
"""Which runs are left out: those of the fewest tokens per parameter, of the least compute, beyond 3 sigma, of the
largest budget."""
TOGETHER = "several laws (the default)"
"""What plans where no law is asked for, as a choice of law."""

LEAST_TRAINED_SHARE, CHEAPEST_SHARE = 0.02, 0.1
"""Besiroglu et al. 2024 (arXiv:2404.10102) leave out 5 of Chinchilla's 245 runs: those of the fewest tokens per
parameter, which are also those of the highest loss."""

BLOCKS_APART = 0.05
"""How far N may lie from 12 * depth * width², the matrices of a transformer's blocks, to be that."""

_EMBEDDING = ("N_embedding", "n_embedding", "embedding_params", "embedding_parameters", "params_embedding")
_WIDTH, _DEPTH = ("width", "d_model", "hidden_size"), ("depth", "n_layers", "num_layers", "num_blocks")


@dataclass(frozen=True)
class Choice:
    """One way to get from runs to a plan; approaches 1 and 2 need no objective and no law."""

    objective: str | None
    outliers: str
    law: str | None
    approach: int
    N_convention: str

    def differences(self, other: Choice) -> tuple[str, ...]:
        """Name the factors in which two choices differ."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in FACTORS}
        return tuple(name for name, (here, there) in pairs.items() if None not in (here, there) and here != there)


@dataclass(frozen=True)
class Counts:
    """How the runs count N, how else it could be counted, and N so counted; or why that is not known."""

    given: str
    other: str
    N: Array | None
    problem: str = ""


def laws() -> tuple[str, ...]:
    """Name the laws of the catalogue that can split a budget."""
    known = {name: law for name, law in LAWS.items() if law.family in ("pre-training", "over-training")}
    return tuple(name for name, law in known.items() if set(law.inputs) == {"N", "D"} and law.output.name == "Nats")


def kept(outliers: str, fit: Fit) -> NDArray[np.bool_]:
    """Mark the runs of a fit that stay, by the name of a rule."""
    runs = fit.own_runs
    if outliers == LEAST_TRAINED:
        return _above_lowest(runs["D"] / runs["N"], LEAST_TRAINED_SHARE)
    if outliers == CHEAPEST:
        return _above_lowest(runs["C"], CHEAPEST_SHARE)
    if outliers == LARGEST:
        axis = axis_of(runs, "C")
        return np.asarray(axis <= max(budget_ends(axis), default=-math.inf))
    if outliers == BEYOND:
        expected = fit.curve(**{key: runs[key] for key in fit.law.inputs})
        return np.asarray(np.abs(np.log(runs["loss"] / expected)) <= 3 * fit.noise)
    return np.ones(len(runs), dtype=np.bool_)


def _above_lowest(values: Array, share: float) -> NDArray[np.bool_]:
    count = max(1, round(share * len(values)))
    return np.asarray(values > np.sort(values)[count - 1] * (1 + 1e-9))


def counts(runs: Runs) -> Counts:
    """Say how the runs count N, with embeddings or without, and count it the other way, if their columns allow.

    Another count of parameters decides by being larger or smaller. A count of the embeddings alone does
    if N is smaller than it, or if width and depth tell how large the blocks are.
    """
    N = runs["N"]
    numbers = [
        name
        for name, values in runs.columns.items()
        if values.dtype.kind == "f" and name != "N" and np.isfinite(values).all()
    ]
    for name in numbers:
        if name in ("N_total", "N_non_embedding") or letter_of(name) == "N":
            other = runs[name]
            if (other >= N).all() and (other > N).any():
                return Counts("non-embedding", "total", other)
            if (other <= N).all() and (other < N).any() and (other > 0).all():
                return Counts("total", "non-embedding", other)
    embedding = next((name for name in _EMBEDDING if name in numbers), "")
    if not embedding:
        told = "the runs have one count of parameters. Name another with --column N_total=COLUMN"
        return Counts("as given", "other", None, told)
    around = runs[embedding] + (runs["N_head"] if "N_head" in numbers else 0.0)
    blocks = _blocks(runs, numbers)
    if _near(N, blocks) or (runs[embedding] >= N).any():
        return Counts("non-embedding", "total", N + around)
    for extra in (around, runs[embedding]):
        if _near(N, blocks + extra):
            return Counts("total", "non-embedding", N - extra)
    told = f"whether N includes {embedding} is not said. Name the other count with --column N_total=COLUMN"
    return Counts("as given", "other", None, told)


def _blocks(runs: Runs, numbers: list[str]) -> Array:
    width, depth = (next((one for one in names if one in numbers), None) for names in (_WIDTH, _DEPTH))
    return 12 * runs[depth] * runs[width] ** 2 if width and depth else np.full(len(runs), np.nan)


def _near(N: Array, wanted: Array) -> bool:
    return bool(median(np.abs(N / wanted - 1)) <= BLOCKS_APART)
