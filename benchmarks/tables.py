"""Public tables of runs, by paper, and the frozen split: constants are chosen on one list and reported on the other.

Used by truth.py. Each table is every run of one experiment, to be cut at its budgets.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from holdouts import _tables

from isoflop.data.runs import Runs, table

CHOOSE = ("chinchilla", "porian", "gadre", "datablations", "tinylm")
"""Papers on which constants may be chosen."""
REPORT = ("gemstones", "pythia", "scanllm", "tabpfn", "quest")
"""Papers on which they are reported; tabpfn is not language."""


def tables(papers: tuple[str, ...]) -> Iterator[tuple[str, str, Runs]]:
    """Yield paper, table and runs."""
    for paper, name, runs in (*_ladders(), *_others()):
        if paper in papers:
            yield paper, name, runs


def _ladders() -> Iterator[tuple[str, str, Runs]]:
    for one, _ in _tables():
        paper = one.name.split()[0]
        if paper == "gemstones" and not one.name.endswith("run 0"):
            continue  # the same runs, held out in another way
        columns = {"N": one.N, "D": one.D, "loss": one.loss}
        yield paper, one.name, table(columns | ({"run": one.run} if paper == "gemstones" else {}))


def _others() -> Iterator[tuple[str, str, Runs]]:
    rows = _read("datablations/datablations_runs_corrected.csv")
    once = [row for row in rows if float(row["tokens"]) <= 1.001 * float(row["unique_tokens"])]
    yield "datablations", "datablations once", _runs(once, N="params", D="tokens", loss="loss")
    rows = _read("fresh/pythia_lambada.csv")
    yield "pythia", "pythia lambada", _runs(rows, N="N", D="D", loss="loss", run="model")
    for name in ("scanllm", "tabpfn"):
        yield name, name, _runs(_read(f"fresh/{name}_best.csv"), N="N", D="D", C="C", loss="loss")
    rows = _read("fresh/quest.csv")
    for bits in sorted({(row["w_bits"], row["a_bits"]) for row in rows}):
        some = [row for row in rows if (row["w_bits"], row["a_bits"]) == bits]
        if len(some) >= 10:
            yield "quest", f"quest {bits[0]} bits", _runs(some, N="N", D="D", loss="loss")


def _runs(rows: list[dict[str, str]], **columns: str) -> Runs:
    return table({
        key: [row[column] for row in rows] if key == "run" else np.array([float(row[column]) for row in rows])
        for key, column in columns.items()
    })  # fmt: skip


def _read(path: str) -> list[dict[str, str]]:
    with (Path(os.environ["ISOFLOP_DATA"]) / path).open(newline="") as file:
        return list(csv.DictReader(file))
