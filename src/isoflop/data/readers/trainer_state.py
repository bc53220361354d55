"""Hugging Face's trainer_state.json: log_history, in which loss is the training loss and eval_loss the other one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from isoflop.data.readers.logs import Cell, Logged, flat, number, read_json, refuse_many, series
from isoflop.errors import DataError, shown

TITLE = "Hugging Face Trainer"
_FILE = "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)$")


def recognises(path: Path) -> bool:
    """Say whether this is a trainer_state.json, or a trainer's output folder with one or with checkpoints."""
    return path.name == _FILE if path.is_file() else path.is_dir() and _state(path) is not None


def takes(path: Path) -> bool:
    """Say that all there is in such a folder belongs to its run."""
    return path.exists()


def read(path: Path) -> tuple[Logged, ...]:
    """Give the run: of a folder, from its own file or else that of its last checkpoint, which holds it all."""
    file = path if path.is_file() else _state(path)
    if file is None:
        raise DataError(f"{shown(str(path))}: has no {_FILE}.")
    state = read_json(file)
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list) or not all(isinstance(one, dict) for one in history):
        raise DataError(f"{shown(str(file))}: has no log_history that is a list of objects, as the Trainer writes it.")
    folder = path if path.is_dir() else path.parent
    name = folder.parent.name if _CHECKPOINT.match(folder.name) else folder.name
    noted = {key: number(state.get(key)) for key in ("total_flos", "num_input_tokens_seen")}
    summary = {key: value for key, value in noted.items() if value}  # 0 where they were not counted
    config = _model(file.parent) | ({"max_steps": steps} if (steps := number(state.get("max_steps"))) else {})
    known = {"loss": "eval_loss", "D": "num_input_tokens_seen", "C": "total_flos"}
    return (Logged(name, config, _metrics(history, str(file)), summary, known=known),)


def _state(folder: Path) -> Path | None:
    """Give the file of a folder itself, or of its last checkpoint."""
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


def _model(folder: Path) -> dict[str, Cell]:
    """Give the settings of the model, from the config.json that a checkpoint has beside its state."""
    file = folder / "config.json"
    found = read_json(file) if file.is_file() and not file.is_symlink() else {}
    return flat(found) if isinstance(found, dict) else {}
