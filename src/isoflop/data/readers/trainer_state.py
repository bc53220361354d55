"""Hugging Face's trainer_state.json: log_history, in which loss is the training loss and eval_loss the other one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isoflop.data.readers.logs import Cell, Logged, flat, number, read_json, refuse_many, series
from isoflop.data.readers.model_config import NON_EMBEDDING, TOTAL, beside, counts, is_text
from isoflop.errors import DataError, shown
from isoflop.findings import Finding
from isoflop.quantities import show

TITLE = "Hugging Face Trainer"
_FILE = "trainer_state.json"
NOTHING = ""
"""No key: what the format says of a letter where none of its keys is that."""
_APART = 1.5
"""A factor between counts of one thing beyond which they are not of one thing."""
_CHECKPOINT = re.compile(r"checkpoint-(\d+)$")


def recognises(path: Path) -> bool:
    """Return whether this is a trainer_state.json, or a trainer's output folder with one or with checkpoints."""
    return path.name == _FILE if path.is_file() else path.is_dir() and _state(path) is not None


def takes(path: Path) -> bool:
    """Say that all there is in such a folder belongs to its run."""
    return path.exists()


def read(path: Path) -> tuple[Logged, ...]:
    """Return the run: of a folder, from its own file or else that of its last checkpoint, which holds it all."""
    file = path if path.is_file() else _state(path)
    if file is None:
        raise DataError(f"{shown(str(path))}: has no {_FILE}.")
    state = read_json(file)
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list) or not all(isinstance(one, dict) for one in history):
        raise DataError(f"{shown(str(file))}: has no log_history that is a list of objects, as the Trainer writes it.")
    folder = path if path.is_dir() else path.parent
    name = folder.parent.name if _CHECKPOINT.match(folder.name) else folder.name
    noted = {key: number(state.get(key)) for key in ("total_flos", "num_input_tokens_seen", "train_batch_size")}
    summary: dict[str, Cell] = {key: value for key, value in noted.items() if value}  # 0 where they were not counted
    model = beside(file)
    config = flat(model) | counts(model) | ({"max_steps": steps} if (steps := number(state.get("max_steps"))) else {})
    known, doubts = _meanings(summary, config, model)
    return (Logged(name, config, _metrics(history, str(file)), summary, known=known, doubts=doubts),)


def _meanings(
    summary: Mapping[str, Cell], config: Mapping[str, Cell], model: Mapping[str, Any]
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return what the Trainer's keys mean, and the finding (D24) where they do not count what they are taken for."""
    known = {"loss": "eval_loss", "D": "num_input_tokens_seen", "C": "total_flos"}
    if not is_text(model):
        kind = str(model.get("model_type", "this model"))
        positions = number(model.get("max_source_positions"))
        told = "total_flos is not taken for C: the Trainer counts every number of the input as a token"
        if positions and "train_batch_size" in summary:
            told += f"; D counts {positions:g} positions an example, of one device without accumulation"
            known["D"] = "step*train_batch_size*max_source_positions"
        known["C"] = NOTHING
        return known, (Finding("D24", "WARN", f"{kind} reads no text: {told}", "say --D or --C if you know better"),)
    flops, tokens, shape = (_number(cell) for cell in (
        summary.get("total_flos"), summary.get("num_input_tokens_seen"), config.get(NON_EMBEDDING)
    ))  # fmt: skip
    known["N"] = NON_EMBEDDING if flops else TOTAL  # total_flos counts no embeddings
    if not (flops and tokens and shape) or 1 / _APART < flops / (6 * tokens * shape) < _APART:
        return known, ()
    return known, (
        Finding(
            "D24", "WARN",
            f"total_flos / 6D is {show(flops / (6 * tokens))} parameters, and config.json has {show(shape)} without "
            "embeddings: one of the three counts something else",
            "say which is right: --N, --D or --C",
        ),
    )  # fmt: skip


def _number(cell: Cell) -> float:
    return cell if isinstance(cell, float) else 0.0


def _state(folder: Path) -> Path | None:
    """Return the file of a folder itself, or of its last checkpoint."""
    if (folder / _FILE).is_file():
        return folder / _FILE
    steps = {
        int(found[1]): one / _FILE
        for one in folder.iterdir()
        if (found := _CHECKPOINT.match(one.name)) and (one / _FILE).is_file() and not one.is_symlink()
    }
    return steps[max(steps)] if steps else None


def _metrics(history: list[dict[str, Any]], source: str) -> dict[str, Any]:
    points: dict[str, tuple[list[float], list[float]]] = {}
    for place, row in enumerate(history):
        step = number(row.get("step"))
        for key, value in row.items():
            found = number(value)
            if found is not None and key != "step":
                steps, values = points.setdefault("train_loss" if key == "loss" else key, ([], []))
                steps.append(float(place) if step is None else step)
                values.append(found)
    refuse_many(sum(len(values) for _, values in points.values()), source)
    return {key: series(*found) for key, found in points.items()}
