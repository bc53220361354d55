"""Hold-outs from real tables: fit the small budgets, predict the larger ones. Used by backtests.py.

Every table of $ISOFLOP_DATA with more than one compute scale, and the bundled ladder. Each is cut at
some budgets; the runs beyond a cut, up to 17 times its compute, are to be predicted. Variants of a cut:

complete  all runs up to the cut
thin      four runs, evenly spread over N, from each of the last six budgets
thinner   the same from the last four
bad       complete, with one run 5 % too high
thin-bad  thin, with one run 5 % too high
"""

from __future__ import annotations

import csv
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FURTHEST = 17.0
"""How many times the compute of the largest fitted run is predicted."""
BAD = 1.05
WINDOW = 4.0
"""Porian et al.'s points within this factor in N of the best of their budget are kept: beyond lie barely begun runs."""
VARIANTS = ("complete", "thin", "thinner", "bad", "thin-bad")
C4 = "['training/eval_data/c4_val/shard-{0000000..0000010}.tar']"


@dataclass(frozen=True)
class Table:
    """Runs of one experiment: N, D, loss, the number of the budget, and the run each row is of."""

    name: str
    N: Array
    D: Array
    loss: Array
    budget: NDArray[np.int64]
    run: NDArray[np.str_]

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Table:
        """Give some of the rows."""
        parts = (self.N[keep], self.D[keep], self.loss[keep], self.budget[keep], self.run[keep])
        return Table(self.name, *parts)

    @property
    def compute(self) -> Array:
        """Give the training FLOPs."""
        return 6 * self.N * self.D


@dataclass(frozen=True)
class Holdout:
    """Runs to fit, and larger runs to predict."""

    table: str
    cut: int
    variant: str
    train: Table
    test: Table

    @property
    def name(self) -> str:
        """Give a name to find the hold-out by."""
        return f"{self.table}/{self.cut}/{self.variant}"

    def as_dict(self) -> dict[str, object]:
        """Give what another process needs to know."""
        parts = {"train": self.train, "test": self.test}
        columns = {
            key: {name: getattr(t, name).tolist() for name in ("N", "D", "loss", "run")} for key, t in parts.items()
        }
        return {"name": self.name, **columns}


def holdouts(variants: tuple[str, ...] = VARIANTS) -> list[Holdout]:
    """Give all hold-outs of all tables."""
    found = []
    for table, cuts in _tables():
        for cut in cuts:
            train, test = table.take(table.budget <= cut), table.take(table.budget > cut)
            test = test.take(FURTHEST * train.compute.max() * 1.01 >= test.compute)
            whole = Holdout(table.name, cut, "complete", train, test)
            found += [
                _variant(whole, name)
                for name in variants
                if name == "complete" or not name.startswith("thin") or len(set(train.budget)) >= 4
            ]
    return found


def _variant(whole: Holdout, name: str) -> Holdout:
    train = whole.train
    if name.startswith("thin"):
        last = np.unique(train.budget)[-4 if name == "thinner" else -6 :]
        train = train.take(np.concatenate([_four(train, number) for number in last]))
    if name.endswith("bad"):
        chosen = np.random.default_rng(zlib.crc32(whole.name.encode())).integers(len(train.N))
        train = replace(train, loss=np.where(np.arange(len(train.N)) == chosen, train.loss * BAD, train.loss))
    return replace(whole, variant=name, train=train)


def _four(train: Table, number: int) -> NDArray[np.int64]:
    rows = np.flatnonzero(train.budget == number)
    rows = rows[np.argsort(train.N[rows])]
    return rows[np.unique(np.round(np.linspace(0, len(rows) - 1, 4)).astype(int))]


def _tables() -> Iterator[tuple[Table, tuple[int, ...]]]:
    """Yield each table with the numbers of the budgets to cut at."""
    rows = _read("chinchilla/svg_extracted_data.csv")
    N, C, loss = (_floats(rows, key) for key in ("Model Size", "Training FLOP", "loss"))
    whole = _table("chinchilla", N, C / (6 * N), loss=loss, step=2.0)
    yield whole.take(whole.D / whole.N > 0.45), (3, 5, 7)
    rows = [row for row in _read("porian/porian_isoflop_points.csv") if row["loss"] not in ("", "nan")]
    keys = ("file", "dataset", "hparams", "warmup", "decay", "param_count", "val")
    for key in sorted({tuple(row[k] for k in keys) for row in rows}):
        some = [row for row in rows if tuple(row[k] for k in keys) == key]
        N, C, loss = (_floats(some, name) for name in ("n", "flops", "loss"))
        whole = _table("porian " + " ".join(key[1:]), N, C / (6 * N), loss=loss, step=1.9)
        yield whole.take(_near_best(whole)), (5, 8, 9)
    rows = [row for row in _read("gadre/gadre_runs_tidy.csv") if row["val"] == C4]
    for name in ("c4_original", "rpj", "rw_original"):
        some = [row for row in rows if row["train_ds"] == name]
        N, D, loss = (_floats(some, key) for key in ("params", "tokens", "loss"))
        yield _table(f"gadre {name}", N, D, loss=loss, step=4.0), (3, 4, 5)
    yield from _gemstones()
    tinylm = Path(__file__).parent.parent / "src/isoflop/data/datasets/tables/tinylm.csv"
    with tinylm.open() as file:
        some = list(csv.DictReader(file))
    N, D, loss = (_floats(some, name) for name in ("N", "D", "loss"))
    yield _table("tinylm", N, D, loss=loss, step=2.0), (1, 2, 3)


def _gemstones() -> Iterator[tuple[Table, tuple[int, ...]]]:
    """Yield the checkpoints cut by the size of the model, and by its width: whole runs are held out."""
    rows = _read("gemstones/gemstones_dclm_tidy.csv")[::5]
    N, D, loss = (_floats(rows, key) for key in ("params_active_precise", "tokens", "final_loss"))
    run = np.array([row["run_name"] for row in rows])
    for name, key, cuts in (("run", N, (3e8, 6e8)), ("width", _floats(rows, "width"), (768, 1280))):
        for index, cut in enumerate(cuts):
            whole = Table(f"gemstones {name}", N, D, loss, (key > cut).astype(int), run)
            yield replace(whole, name=f"gemstones {name} {index}"), (0,)


def _table(name: str, N: Array, D: Array, *, loss: Array, step: float) -> Table:
    """Give the table with its budgets numbered; a new one begins where C is `step` times the last one's first."""
    keep = np.isfinite(loss)
    N, D, loss = N[keep], D[keep], loss[keep]
    C = 6 * N * D
    order = np.argsort(C)
    budget, first, number = np.zeros(len(C), dtype=int), C[order[0]], 0
    for row in order:
        if C[row] > step * first:
            number, first = number + 1, C[row]
        budget[row] = number
    return Table(name, N, D, loss, budget, np.array([f"run{row}" for row in range(len(N))]))


def _near_best(table: Table) -> NDArray[np.bool_]:
    best = {number: table.N[rows][np.argmin(table.loss[rows])] for number, rows in _budgets(table)}
    centre = np.array([best[number] for number in table.budget])
    return np.abs(np.log(table.N / centre)) <= np.log(WINDOW)


def _budgets(table: Table) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    for number in np.unique(table.budget):
        yield int(number), table.budget == number


def _read(path: str) -> list[dict[str, str]]:
    with (Path(os.environ["ISOFLOP_DATA"]) / path).open(newline="") as file:
        return list(csv.DictReader(file))


def _floats(rows: list[dict[str, str]], key: str) -> Array:
    return np.array([float(row[key]) for row in rows])
