"""What a table does not say itself: C from N and D, D from steps and batch or from tokens per parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.compute.flops import FlopRule
from isoflop.data.runs.columns import Origin, is_per_byte
from isoflop.data.runs.metadata_columns import number, recorded
from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

Arrays = dict[str, NDArray[Any]]


def complete(columns: Arrays, rule: FlopRule, *, steps_count: bool) -> tuple[Arrays, dict[str, str]]:
    """Return the columns with D, C or N where others make them up, and what each was made of.

    A column without any number counts as absent.
    steps_count  whether a column step counts optimiser steps, not a tracker's own calls
    """
    there = {
        name: values for name, values in columns.items() if name not in {"N", "D", "C"} or not np.all(np.isnan(values))
    }
    made: dict[str, str] = {}
    with np.errstate(all="ignore"):  # rows that divide by zero or overflow are excluded by the next step (D01)
        if "D" not in there and not {"N", "C"} <= there.keys() and (tokens := _tokens(there, steps_count=steps_count)):
            there["D"], made["D"] = tokens
        given = there.keys() & {"N", "D", "C"}
        if given == {"N", "D"}:
            there["C"] = rule.flops(there["N"], there["D"])
        elif given == {"N", "C"}:
            there["D"] = rule.tokens(there["N"], there["C"])
        elif given == {"D", "C"}:
            there["N"] = rule.params(there["D"], there["C"])
    made |= {name: rule.name for name in "NDC" if name in there and name not in given and len(given) == 2}
    return there, made


def _tokens(columns: Mapping[str, NDArray[Any]], *, steps_count: bool) -> tuple[Array, str] | None:
    """Return D as parameters times tokens per parameter, or steps times tokens per batch, with that as text."""
    ratio = number(columns, "tokens per parameter")
    if ratio is not None and "N" in columns:
        return columns["N"] * ratio, f"N*{recorded(columns, 'tokens per parameter')[0]}"
    steps = columns.get("S", number(columns, "step")) if steps_count else columns.get("S")
    if steps is not None and "B" in columns:
        return steps * columns["B"], f"{'S' if 'S' in columns else recorded(columns, 'step')[0]}*B"
    return None


def findings_on_origins(origins: Mapping[str, Origin], called: Mapping[str, tuple[str, float]]) -> tuple[Finding, ...]:
    """Return the findings on the units in which columns came: those that names state (D19), and bits per byte (D20).

    called  the source's own key of what has another name by now, as in a log
    """
    units = [
        f'"{shown(origin.expression.text)}" in {origin.unit.word}'
        for origin in origins.values() if origin.unit is not None and origin.unit.factor != 1
    ]  # fmt: skip
    found = []
    if units:
        found.append(Finding(
            "D19", "INFO", f"units are taken from the names of columns: {', '.join(units)}",
            "say otherwise with a product, as in --N 'COLUMN*1'",
        ))  # fmt: skip
    loss = origins.get("loss")
    own = next((key for key, (name, _) in called.items() if name == "loss"), None)
    key = own or (None if loss is None else loss.expression.key)
    if key is not None and is_per_byte(key):
        found.append(Finding(
            "D20", "INFO", f'the loss, "{shown(key)}", is in bits per byte, not nats per token',
            "compare it with other runs in bits per byte only; published curves are in nats per token",
        ))  # fmt: skip
    return tuple(found)
