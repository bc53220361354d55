"""What trackers export: long tables with a row for each value of a metric, and ClearML's scalars.

A long table has columns for the metric's name, its step and its value, and mostly one for the run: Neptune's exporter,
Comet's metrics, Aim's data frames. TensorBoard's own CSV has Wall time, Step and Value, and the run and the tag in the
file's name. ClearML's scalars are lists x and y by title and series.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.data.readers import parquet
from isoflop.data.readers.logs import Cell, Logged, number, read_json, refuse_many, series
from isoflop.data.readers.restarts import Recorder
from isoflop.data.readers.source import head, header
from isoflop.data.readers.table import raw_source
from isoflop.data.runs.cells import RawTable, is_number
from isoflop.data.runs.columns import normal

TITLE = "export of metrics"
_TEXT = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_METRIC = ("metricname", "attributepath", "metric.name", "metric", "tag", "key", "name")
_VALUE = ("value", "metricvalue", "floatvalue", "metric.value", "val")
_STEP = ("step", "globalstep", "iteration", "iter")
_RUN = ("run", "runname", "run.name", "runid", "customrunid", "run.hash", "runhash", "experimentname", "experimentkey",
        "experimentid", "experiment", "sys/id", "trialname")  # fmt: skip
_TENSORBOARD = ("walltime", "step", "value")
_NAMED = re.compile(r"(?:run-(?P<run>.+?)-)?tag-(?P<tag>.+)$")


def recognises(path: Path) -> bool:
    """Return whether this is such an export, by the names of its columns."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".parquet":
        return parquet.recognises(path) and b"attribute_path" in path.read_bytes()[-65536:]
    if path.suffix.lower() not in _TEXT:
        return False
    names = header(path) if path.suffix in {".csv", ".tsv"} else _first_keys(path)
    return _is_long(names) or _is_tensorboard(names) or (path.suffix == ".json" and _is_clearml(path))


def read(path: Path) -> tuple[Logged, ...]:
    """Return the runs in an export."""
    if path.suffix == ".json" and _is_clearml(path):
        return (_of_clearml(read_json(path), path),)
    raw = raw_source(path)
    return (_of_tensorboard(raw, path),) if _is_tensorboard(list(raw.names)) else _of_long(raw, path)


def _named(names: list[str], wanted: tuple[str, ...]) -> str | None:
    there = {normal(name): name for name in reversed(names)}
    return next((there[one] for one in wanted if one in there), None)


def _is_long(names: list[str]) -> bool:
    found = [_named(names, wanted) for wanted in (_METRIC, _VALUE, _STEP)]
    return None not in found and len({*found}) == len(found)


def _is_tensorboard(names: list[str]) -> bool:
    return tuple(map(normal, names)) == _TENSORBOARD


def _first_keys(path: Path) -> list[str]:
    """Return the keys of the first object in a file of JSON: they stand within its first bytes."""
    text = head(path, 4096).decode(errors="replace").lstrip()
    if not text.startswith(("[", "{")):
        return []
    found = re.match(r"[\[\s]*\{(.*?)\}", text, re.DOTALL)
    return re.findall(r'"([^"\\]{1,80})"\s*:', found[1]) if found else []


def _of_long(raw: RawTable, path: Path) -> tuple[Logged, ...]:
    names = list(raw.names)
    columns = dict(zip(names, raw.columns, strict=True))
    metric, value, step = (columns[str(_named(names, wanted))] for wanted in (_METRIC, _VALUE, _STEP))
    run = _named([name for name in names if normal(name) != "name" or "metric" in normal(name)], _RUN)
    runs = [path.stem] * len(raw.rows) if run is None else columns[run]
    texts = columns.get("string_value", [None] * len(raw.rows))
    found: dict[str, Recorder] = {}
    config: dict[str, dict[str, Cell]] = {}
    for who, key, at, cell, text in zip(runs, metric, step, value, texts, strict=True):
        record = found.setdefault(str(who), Recorder())
        place, worth = _number(at), _number(cell)
        if worth is not None and place is not None and not math.isnan(place):
            record.add(str(key), place, worth)
        elif worth is not None or text:
            config.setdefault(str(who), {})[str(key)] = str(text) if worth is None or math.isnan(worth) else worth
    refuse_many(len(raw.rows), str(path))
    return tuple(Logged(who, config.get(who, {}), record.metrics()) for who, record in found.items())


def _of_tensorboard(raw: RawTable, path: Path) -> Logged:
    name = _NAMED.match(path.stem)
    tag = name["tag"] if name else path.stem
    run = (name["run"] if name else None) or path.resolve().parent.name
    _, steps, values = (np.array([_number(cell) or 0.0 for cell in cells]) for cells in raw.columns)
    return Logged(run, metrics={tag: series(steps, values)}, identity=f"tensorboard-csv/{path.parent}/{run}")


def _is_clearml(path: Path) -> bool:
    start = re.sub(r"\s", "", head(path, 65536).decode(errors="replace"))
    return bool(re.match(r'\{"[^"]*":\{"[^"]*":\{(?:"name":"[^"]*",)?"x":\[', start)) and '"y":[' in start


def _of_clearml(document: dict[str, Any], path: Path) -> Logged:
    metrics = {}
    for title, variants in document.items():
        for name, points in variants.items() if isinstance(variants, dict) else ():
            if isinstance(points, dict) and isinstance(points.get("x"), list) and isinstance(points.get("y"), list):
                pairs = [(x, y) for x, y in zip(points["x"], points["y"], strict=False) if number(y) is not None]
                key = title if title == name else f"{title}/{name}"
                metrics[key] = series([float(x) for x, _ in pairs], [float(y) for _, y in pairs])
    return Logged(path.stem, metrics=metrics)


def _number(cell: object) -> float | None:
    known = number(cell)
    if known is not None or not isinstance(cell, str):
        return known
    return float(cell) if is_number(cell) else None
