"""JSON and JSON lines to a raw table: a list of objects, an object of lists, or one object a line."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from isoflop.data.limits import refuse_cells, refuse_names
from isoflop.data.readers.source import Text
from isoflop.data.runs.cells import RawTable
from isoflop.data.runs.columns import meaning
from isoflop.errors import DataError, shown
from isoflop.files import flattened


def json_table(text: Text) -> RawTable:
    """Return the raw table of a JSON document.

    It is a list with an object for each run, an object with a list for each column, an object that holds one
    such list (what `isoflop data NAME --json` prints), or an object with the object of each run by its name.
    """
    document = _parse(text.text, text.source)
    if isinstance(document, dict):
        document = _list_inside(document) or _by_name(document) or document
    if isinstance(document, list):
        return _from_objects(document, range(1, len(document) + 1), text.source)
    if isinstance(document, dict) and {"formula", "parameters", "runs"} <= document.keys():
        raise DataError(f"{text.source}: is a printed fit, without its draws. Save fits with isoflop fit -o fit.json.")
    if isinstance(document, dict):
        return _from_columns(document, text.source)
    raise DataError(f"{text.source}: is {_kind(document)}. Give a list with an object for each run.")


def _list_inside(document: dict[str, Any]) -> list[Any] | None:
    """Return the rows, or the one list of objects, that stands beside facts about it; None for none or several."""
    if isinstance(document.get("rows"), list):
        return list(document["rows"])
    lists = [value for value in document.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 and lists[0] and all(isinstance(row, dict) for row in lists[0]) else None


def _by_name(document: dict[str, Any]) -> list[Any] | None:
    """Return the runs of an object that has one for each name: all of them know their loss and N or C."""
    if len(document) < 2 or not all(isinstance(run, dict) for run in document.values()) or _is_pandas(document):
        return None
    shared = set.intersection(*({*flattened(run)} for run in document.values()))
    letters = {found.letter for name in shared if (found := meaning(name)) is not None}
    if "loss" not in letters or not letters & {"N", "C"}:
        return None
    return [{"run": name, **run} for name, run in document.items()]


def json_lines_table(text: Text) -> RawTable:
    """Return the raw table of JSON lines: one object a line, blank lines skipped."""
    lines = [(row, line) for row, line in enumerate(text.text.split("\n"), start=1) if line.strip()]
    objects = [_parse(line, f"{text.source}, row {row}") for row, line in lines]
    return _from_objects(objects, [row for row, _ in lines], text.source)


def is_json_lines(text: str) -> bool:
    """Return whether text that starts with "{" is JSON lines: a whole object on line 1, more below."""
    first, _, rest = text.strip().partition("\n")
    return first.rstrip().endswith("}") and rest.lstrip().startswith("{")


def _from_objects(objects: Sequence[Any], rows: Sequence[int], source: str) -> RawTable:
    names: dict[str, None] = {}
    flat: list[dict[str, Any]] = []
    for row, found in zip(rows, objects, strict=True):
        if not isinstance(found, dict):
            raise DataError(f"{source}, row {row}: {_kind(found)} where a run's object should be.")
        flat.append(flattened(found))
        names.update(dict.fromkeys(flat[-1]))
        refuse_names(len(names), source)
    refuse_cells(len(objects), len(names), source)
    columns = tuple(
        [_cell(found.get(name), row, source) for row, found in zip(rows, flat, strict=True)] for name in names
    )
    return RawTable(source, tuple(names), columns, np.array(rows, dtype=np.int64))


def _from_columns(document: dict[str, Any], source: str) -> RawTable:
    if document and _is_pandas(document):
        document = {name: list(values.values()) for name, values in document.items()}
    elif not any(isinstance(values, list) for values in document.values()) or _is_nested_run(document):
        return _from_objects([document], [1], source)
    refuse_names(len(document), source)
    for name, values in document.items():
        if not isinstance(values, list):
            raise DataError(f'{source}: column "{name}" is {_kind(values)}. Give a list with one value for each run.')
    lengths = {name: len(values) for name, values in document.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise DataError(f"{source}: the columns differ in length: {told}.")
    rows = range(1, next(iter(lengths.values()), 0) + 1)
    columns = tuple(
        [_cell(value, row, source) for row, value in zip(rows, values, strict=True)] for values in document.values()
    )
    return RawTable(source, tuple(document), columns, np.array(rows, dtype=np.int64))


def _is_pandas(document: dict[str, Any]) -> bool:
    """Return whether each column is an object by row number, as pandas writes a table unless told otherwise."""
    cells = [values for values in document.values() if isinstance(values, dict)]
    rows = [list(values) for values in cells]
    return len(cells) == len(document) and all(one == rows[0] for one in rows) and all(key.isdigit() for key in rows[0])


def _is_nested_run(document: dict[str, Any]) -> bool:
    """Return whether an object is one run with nested settings, not a table of columns."""
    return any(isinstance(values, dict) for values in document.values())


def _cell(value: object, row: int, source: str) -> object:
    """Return a cell as it is, nested values as their JSON text; a number beyond float64 is refused."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    beyond = value.bit_length() > 1023 if isinstance(value, int) else isinstance(value, float) and math.isinf(value)
    if beyond:
        raise DataError(f"{source}, row {row}: a number beyond 1.8e308. Correct it.")
    return value


def _parse(text: str, source: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except RecursionError:
        raise DataError(f"{source}: is nested too deep. Give a list with an object for each run.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{source}: is not JSON at line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise DataError(f"{source}: a number has thousands of digits. Correct it.") from None
        raise DataError(f"{source}: {error}") from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON. Write null for a value that is missing.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f'"{shown(twice[:100])}" stands twice in one object. Rename or remove one.')
    return found


def _kind(value: object) -> str:
    words = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return words.get(type(value), "a number")
