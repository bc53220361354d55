"""nanochat's results.csv: a row for each run of a sweep; a CORE score that was not found stands there as 0.0.

A token embedding and nanochat's value embeddings are look-ups, which cost no FLOPs and are most of a small model's
parameters. N is therefore what nanochat scales itself: the blocks and the output head. C is its own flops_budget, which
counts attention too.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from isoflop.data.readers.logs import Cell, Logged, series, whole_lines
from isoflop.data.readers.source import header
from isoflop.errors import DataError, shown
from isoflop.findings import Finding

TITLE = "nanochat"
_NEEDED = {"tokens_trained", "num_iterations", "val_bpb", "core_score"}
_NAMED_BY = ("flops_budget", "depth", "seed")
_SCALING, _TOTAL = "num_scaling_params", ("params_total", "num_params")
_PARTS = ("params_transformer", "params_lm_head")
_BUDGET = "flops_budget"


def recognises(path: Path) -> bool:
    """Return whether this is a table with the columns of nanochat's results.csv."""
    return path.suffix == ".csv" and path.is_file() and set(header(path)) >= _NEEDED


def read(path: Path) -> tuple[Logged, ...]:
    """Return the runs; the loss is val_bpb, in bits per byte, and N counts all parameters."""
    text, doubts = whole_lines(path)
    try:
        names, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (ValueError, csv.Error) as error:
        raise DataError(f"{shown(str(path))}: is no table of commas ({error}). Correct it.") from None
    if missing := sorted(_NEEDED - {*names}):
        raise DataError(f"{shown(str(path))}: has no column {missing[0]}, as nanochat's results have.")
    found, without = [], 0
    for line, cells in enumerate(rows, start=2):
        if len(cells) != len(names):
            raise DataError(f"{shown(str(path))}, line {line}: {len(cells)} cells where the header has {len(names)}.")
        row: dict[str, Cell] = {name: _cell(text) for name, text in zip(names, cells, strict=True)}
        if row["core_score"] == 0:
            row["core_score"] = None
            without += 1
        found.append(_run(row, names))
    if not found:
        raise DataError(f"{shown(str(path))}: 0 runs. nanochat writes one line for each.")
    doubts += _missing_scores(str(path), without)
    return tuple(Logged(one.name, one.config, one.metrics, known=one.known, doubts=doubts) for one in found)


def _run(row: dict[str, Cell], names: list[str]) -> Logged:
    name = " ".join(f"{key.split('_')[0]} {_shown(row[key])}" for key in _NAMED_BY if key in row)
    step, loss = row.pop("num_iterations"), row.pop("val_bpb")
    point = [one if isinstance(one, float) else np.nan for one in (step, loss)]
    known = {"loss": "val_bpb", "D": "tokens_trained"} | _size(names) | ({"C": _BUDGET} if _BUDGET in names else {})
    return Logged(name, row, {"val_bpb": series([point[0]], [point[1]])}, known=known)


def _size(names: list[str]) -> dict[str, str]:
    """Return what N is: nanochat's own count for scaling, the parts that it is made of, or else all parameters."""
    if _SCALING in names or not {*_PARTS} <= {*names}:
        found = next((key for key in (_SCALING, *_TOTAL) if key in names), None)
        return {} if found is None else {"N": found}
    return {"N": "+".join(_PARTS)}


def _missing_scores(source: str, count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (
        Finding(
            "D17", "WARN",
            f"the CORE score of {count} run{'s' * (count != 1)} in {shown(source)} is 0.0, which nanochat writes where "
            "it found none: read as missing",
            "evaluate these runs, or leave them out (--where)",
        ),
    )  # fmt: skip


def _cell(text: str) -> Cell:
    try:
        return float(text)
    except ValueError:
        return text or None


def _shown(value: Cell) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
