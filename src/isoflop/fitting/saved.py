"""Results as JSON and back: a fit saved to one file loads to the same numbers, without the catalogue."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.data.metric import Metric, parse_metric
from isoflop.data.readers.address import at_hand
from isoflop.data.runs import Excluded, Runs
from isoflop.errors import DataError, UsageError, shown
from isoflop.files import read_limited, write_output
from isoflop.findings import Finding
from isoflop.fitting.fit import Fit
from isoflop.fitting.optimise.objective import Objective
from isoflop.fitting.options import Options
from isoflop.fitting.summary import in_words
from isoflop.formula import parse as formula
from isoflop.formula.law import Law
from isoflop.quantities import Kind

SCHEMA = 1
"""Version of the file format; raised when a reader must know."""
MAX_SAVED = 1 << 30
"""The most bytes of a saved fit that are read."""
MOST_SAVED = 10_000
"""Runs up to which a saved fit carries its table, so that its forecasts can be calibrated on it."""
_INFINITY = "\0infinity"
_SEAL = re.compile(rb'\{"isoflop": (\d+), "sha256": "([0-9a-f]{64})"')
"""How a saved fit begins: its format, and the SHA-256 of the file without this entry."""


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """Return strict JSON in which unknown (nan) is null and out of reach (inf) is 1e999.

    1e999 is a number to every parser, and one beyond all floats: Python, JavaScript and most
    others read it as infinity. A name that is no text, as that of a folder may be, has its bytes escaped.
    """
    text = json.dumps(_plain(value), indent=indent, allow_nan=False, ensure_ascii=False)
    text = text.encode(errors="backslashreplace").decode()
    return text.replace(json.dumps("-" + _INFINITY), "-1e999").replace(json.dumps(_INFINITY), "1e999")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else _INFINITY if value > 0 else "-" + _INFINITY
    return value


def fit_as_dict(fit: Fit) -> dict[str, Any]:
    """Return what `isoflop fit --json` prints."""
    return {
        **fit.as_dict(),
        "words": in_words(fit),
        "level": fit.options.level,
        "objective": {"name": fit.objective.name, "value": fit.reached, "delta": fit.objective.delta},
        "starts": {"total": fit.options.starts, "reached_best": fit.agreement},
        "condition": fit.condition,
        "noise": fit.noise,
        "runs": {
            "used": fit.used, "whole_runs": fit.whole_runs, "source": fit.source,
            "excluded": [asdict(item) for item in fit.excluded],
        },
        "allowed": list(fit.options.allow),
        "findings": [finding.as_dict() for finding in fit.findings],
    }  # fmt: skip


def save(fit: Fit, path: str | os.PathLike[str], *, command: str = "") -> None:
    """Write a fit to one JSON file, whole or not at all: formula, numbers, draws, options, provenance.

    The file carries its own SHA-256, so that `load` refuses one that was edited or damaged.

    >>> import tempfile, pathlib
    >>> runs = isoflop.Runs.of(N=[1e7, 2e7, 4e7, 8e7], loss=[4.2, 3.9, 3.65, 3.45])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "fit.json"
    >>> isoflop.save(isoflop.fit("A/N^alpha", runs, draws=20), path)
    >>> isoflop.load(path).used
    4
    """
    from importlib.metadata import version

    content = {
        "isoflop": SCHEMA, "version": version("isoflop"), "command": command, **fit_as_dict(fit), "digest": fit.digest,
        "options": asdict(fit.options), "inputs": {name: asdict(kind) for name, kind in fit.law.inputs.items()},
        "kinds": {name: asdict(kind) for name, kind in fit.law.parameters.items()}, "output": asdict(fit.law.output),
        "about": {"cite": fit.law.cite, "summary": fit.law.summary, "name": fit.curve.name},
        "curve": dict(fit.curve.values), "fitted_on": dict(fit.curve.fitted_on), "unknown": list(fit.unknown),
        "objective_used": asdict(fit.objective), "drawn_by": fit.drawn_by, "covariance": fit.covariance,
        "draws": fit.draws, "metric": None if fit.metric is None else str(fit.metric),
        "table": None if fit.runs is None or len(fit.runs) > MOST_SAVED else _table(fit.runs),
    }  # fmt: skip
    write_output(path, _sealed(to_json(content, indent=None)))


def load(path: str | os.PathLike[str]) -> Fit:
    """Return the fit in a file written by `save`, number for number; raises DataError if one byte has changed.

    path  a file, or an address: https://, s3://, gs://

    >>> import tempfile, pathlib
    >>> runs = isoflop.Runs.of(N=[1e7, 2e7, 4e7, 8e7], loss=[4.2, 3.9, 3.65, 3.45])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "fit.json"
    >>> isoflop.save(isoflop.fit("A/N^alpha", runs, draws=20), path)
    >>> isoflop.load(path).used
    4
    """
    name = shown(os.fspath(path))
    try:
        with at_hand(os.fspath(path)) as copy:
            return _fit(json.loads(_unsealed(read_limited(copy.path, MAX_SAVED))))
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}. Give a file written by isoflop fit -o fit.json.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as error:
        what = f"{type(error).__name__}: {error}" if isinstance(error, KeyError | RecursionError) else str(error)
        raise DataError(f"{name}: not a saved fit ({what}). Write one with isoflop fit -o fit.json.") from None


def _sealed(body: str) -> bytes:
    """Return the bytes of a saved fit: its JSON, which begins with the format, and the SHA-256 of that."""
    form, rest = body.encode().split(b",", maxsplit=1)
    return b'%s, "sha256": "%s",%s\n' % (form, hashlib.sha256(body.encode()).hexdigest().encode(), rest)


def _unsealed(data: bytes) -> bytes:
    """Return the JSON that was sealed; raises ValueError if it was edited, cut short or damaged."""
    seal = _SEAL.match(data)
    if not seal:
        raise ValueError("it does not begin as one")
    if int(seal[1]) != SCHEMA:
        raise ValueError(f"its format is {int(seal[1])}, and this isoflop reads format {SCHEMA}")
    body = b'{"isoflop": %s' % seal[1] + data[seal.end() :].rstrip()
    if hashlib.sha256(body).hexdigest().encode() != seal[2]:
        raise ValueError("it was edited, cut short or damaged: its SHA-256 does not match")
    return body


def is_fit(path: str | os.PathLike[str]) -> bool:
    """Return whether a file looks like a saved fit, whatever its name."""
    try:
        if not Path(path).is_file():  # a pipe can be read only once
            return False
        with Path(path).open("rb") as stream:
            return stream.read(64).lstrip().startswith(b'{"isoflop"')
    except (OSError, ValueError):  # a name that no file can have
        return False


def _fit(content: dict[str, Any]) -> Fit:
    kinds = {key: _kind(content[key]) for key in ("inputs", "kinds")}
    about = content["about"]
    law = Law(
        content["law"], formula.parse(content["formula"]), kinds["inputs"], kinds["kinds"],
        Kind(**{**content["output"], "search": tuple(content["output"]["search"])}), about["cite"], about["summary"],
    )  # fmt: skip
    options = content["options"]
    options["allow"] = tuple(options.get("allow", ()))
    options["bounds"] = {key: tuple(map(_number, ends)) for key, ends in options["bounds"].items()}
    free = law.pinned(options["fix"])
    strange = set(law.formula.names) - {*law.inputs, *law.parameters}
    if strange:
        raise ValueError(f"{', '.join(sorted(strange))} in the formula is neither input nor parameter")
    ranges = {key: (float(low), float(high)) for key, (low, high) in content["fitted_on"].items()}
    width, metric = len(free.parameters), _metric(content.get("metric"))
    curve = free.at(about["name"], cite=law.cite, fitted_on=ranges, **content["curve"])
    return Fit(
        curve=curve, law=law, draws=_numbers(content["draws"], width=width, count=len(content["draws"])),
        covariance=_numbers(content["covariance"], width=width, count=width),
        objective=Objective(**content["objective_used"]), reached=_number(content["objective"]["value"]),
        noise=_number(content["noise"]), used=int(content["runs"]["used"]),
        agreement=_number(content["starts"]["reached_best"]), condition=_number(content["condition"]),
        options=Options(**options), excluded=tuple(Excluded(**item) for item in content["runs"]["excluded"]),
        noted=tuple(Finding(**{**item, "runs": tuple(item["runs"])}) for item in content["findings"]),
        source=content["runs"]["source"], digest=content["digest"], drawn_by=content["drawn_by"],
        runs=_runs(content["table"], content["runs"]["source"], metric=metric),
        whole_runs=int(content["runs"].get("whole_runs", 0)), metric=metric, unknown=tuple(content.get("unknown", ())),
    )  # fmt: skip


def _table(runs: Runs) -> dict[str, Any]:
    columns = {name: runs[name] for name in runs.columns}
    return {
        "rows": runs.rows, "columns": columns, "flop_rule": runs.flop_rule, "run_named_by": runs.run_named_by,
        "computed": dict(runs.computed), "called": dict(runs.called),
    }  # fmt: skip


def _runs(content: dict[str, Any] | None, source: str, *, metric: Metric | None) -> Runs | None:
    """Return the saved table; None where it was too large to be saved."""
    if content is None:
        return None
    columns = {
        name: np.array(cells, dtype=object if any(isinstance(cell, str) for cell in cells) else np.float64)
        for name, cells in content["columns"].items()
    }
    rows = np.array(content["rows"], dtype=np.int64)
    if any(column.shape != rows.shape for column in columns.values()):
        raise ValueError("the columns of its table differ in length")
    named_by = tuple(content.get("run_named_by", ()))
    called = {key: (str(column), _number(factor)) for key, (column, factor) in content.get("called", {}).items()}
    return Runs(
        columns, source, rows, flop_rule=content["flop_rule"], run_named_by=named_by, metric=metric,
        computed=dict(content.get("computed", {})), called=called,
    )  # fmt: skip


def _metric(text: str | None) -> Metric | None:
    return None if text is None else parse_metric(text)


def _kind(content: dict[str, Any]) -> dict[str, Kind]:
    return {name: Kind(**{**kind, "search": tuple(kind["search"])}) for name, kind in content.items()}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _numbers(rows: list[list[float | None]], *, width: int, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else width)
    if found.shape != (count, width):
        raise ValueError(f"{found.shape[0]} x {found.shape[1]} numbers where {count} x {width} belong")
    return found
