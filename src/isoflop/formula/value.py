"""What a curve gives at some inputs, whatever it gives: a loss, a size, a batch, a rate, a score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.display import View, dim, group, heading, table
from isoflop.errors import UsageError
from isoflop.findings import Listed, json_of
from isoflop.formula.law import Curve
from isoflop.quantities import show

ALIASES = {"loss": "L"}
"""What people call an input → its letter."""
POSITIVE = frozenset({"N", "D", "C", "U", "S", "L"})
"""Inputs of which 0 means nothing; of others (a share, a sparsity) it may be a value."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """A curve's value at some inputs.

    unit    of the value; "" where it has none
    within  whether the inputs lie in the range that the curve was fitted on; None where that is not known
    outside  the inputs that do not
    """

    name: str
    value: float
    unit: str
    inputs: Mapping[str, float]
    within: bool | None
    outside: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the value as it stands in the JSON."""
        return json_of(self, "name value unit inputs within")


@dataclass(frozen=True, kw_only=True)
class Values(Listed[Value]):
    """Values of one curve or several, at one point or along a range."""

    rows: tuple[Value, ...]
    notes: tuple[str, ...] = ()

    def _parts(self) -> tuple[Value, ...]:
        return self.rows

    def as_dict(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Return one value as an object, several as a list of them."""
        return self.rows[0].as_dict() if len(self) == 1 else [one.as_dict() for one in self]

    def __rich__(self) -> View:
        """Return the values as they look in a terminal."""
        names = list(dict.fromkeys(one.name for one in self))
        letters = list(dict.fromkeys(key for one in self for key in one.inputs))
        units = dict.fromkeys(one.unit for one in self)
        rows = [
            (one.name, *(show(one.inputs[key], 4) if key in one.inputs else "" for key in letters),
             show(one.value, 4), _place(one))
            for one in self
        ]  # fmt: skip
        head = heading(", ".join(names), " or ".join(unit for unit in units if unit))
        return group(head, table(["curve", *letters, "value", "range"], rows), *(dim(note) for note in self.notes))


def evaluate(curve: Curve, inputs: Mapping[str, float | Sequence[float]]) -> Values:
    """Return what a curve gives at these inputs; lists of numbers give a row each, all combinations of them.

    C is taken as 6 N D where the curve asks for it and only N and D are given. Raises UsageError for an input that
    the curve does not take, or lacks, and where the curve is not defined.
    """
    given = {_letter(key, curve): values for key, values in inputs.items()}
    notes: tuple[str, ...] = ()
    missing = [key for key in curve.law.inputs if key not in given]
    if missing == ["C"] and {"N", "D"} <= set(given):
        grids = np.meshgrid(*(np.atleast_1d(given[key]) for key in ("N", "D")))
        given = {key: value for key, value in given.items() if key in curve.law.inputs}
        given["C"] = (6 * grids[0] * grids[1]).ravel().tolist()
        notes = ("C = 6 N D",)
    _refuse_inputs(curve, given)
    columns = np.meshgrid(*(np.atleast_1d(np.asarray(given[key], float)) for key in curve.law.inputs), indexing="ij")
    points = [
        dict(zip(curve.law.inputs, row, strict=True))
        for row in np.stack(columns, -1).reshape(-1, len(columns)).tolist()
    ]
    if curve.caution:
        notes = (*notes, curve.caution)
    return Values(rows=tuple(_value(curve, point) for point in points), notes=notes)


def _letter(key: str, curve: Curve) -> str:
    return ALIASES.get(key, key) if key not in curve.law.inputs else key


def _refuse_inputs(curve: Curve, given: Mapping[str, Any]) -> None:
    takes = ", ".join(f"{key} ({kind.unit})" if kind.unit else key for key, kind in curve.law.inputs.items())
    wrong = [key for key in given if key not in curve.law.inputs]
    missing = [key for key in curve.law.inputs if key not in given]
    if wrong or missing:
        said = f"{wrong[0]} is no input of {curve.name}" if wrong else f"{curve.name} needs {', '.join(missing)}"
        example = " ".join(f"{key}={_example(curve, key)}" for key in curve.law.inputs)
        raise UsageError(f"{said}. It takes {takes}: isoflop laws {curve.name} {example}.")
    for key, values in given.items():
        numbers = np.atleast_1d(np.asarray(values, float))
        bad = numbers[~np.isfinite(numbers) | (numbers < 0) | ((numbers == 0) & (key in POSITIVE))]
        if bad.size:
            raise UsageError(f"{key}={bad[0]:g}: expected a finite number above zero.")


def _example(curve: Curve, key: str) -> str:
    """Return a number to type for an input: of its published check, or of its fitted range."""
    if curve.checks and key in curve.checks[0][0]:
        return f"{curve.checks[0][0][key]:g}"
    low, high = curve.fitted_on.get(key, (1e9, 1e9))
    return f"{math.sqrt(low * high):.3g}" if low > 0 else f"{high:g}"


def _value(curve: Curve, point: dict[str, float]) -> Value:
    value = float(curve(**point))
    if math.isnan(value):
        told = ", ".join(f"{key}={number:g}" for key, number in point.items())
        raise UsageError(f"{curve.name} is not defined at {told}.")
    known = {key: curve.fitted_on[key] for key in point if key in curve.fitted_on}
    outside = tuple(key for key, (low, high) in known.items() if not low <= point[key] <= high)
    return Value(
        name=curve.name, value=value, unit=curve.law.output.unit, inputs=point,
        within=not outside if known else None, outside=outside,
    )  # fmt: skip


def _place(one: Value) -> str:
    if one.within is None:
        return "not known"
    return "inside" if one.within else f"outside in {', '.join(one.outside)}"
