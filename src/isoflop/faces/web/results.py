"""What else an uploaded table tells beside its scaling: a sweep of settings, mixtures of data, scores on tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from isoflop.data.read import read
from isoflop.data.runs import Runs
from isoflop.display import plain
from isoflop.errors import DataError, IsoflopError, UsageError, shown
from isoflop.faces.pages.content import told
from isoflop.quantities import parse_quantity


def _tune(runs: Runs, at: Mapping[str, Any]) -> Any:
    from isoflop.beyond.tune import tune

    return tune(runs, at=[at] if at else ())


def _mix(runs: Runs, at: Mapping[str, Any]) -> Any:
    from isoflop.beyond.mix import mix

    return mix(runs, **at)


def _downstream(runs: Runs, at: Mapping[str, Any]) -> Any:
    from isoflop.beyond.downstream import downstream

    return downstream(runs, **at)


KINDS: Mapping[str, Callable[[Runs, Mapping[str, Any]], Any]] = {
    "tune": _tune, "mix": _mix, "downstream": _downstream,
}  # fmt: skip
"""The tabs that a table may have, and what each shows of its runs and of a size asked for."""


def suited(runs: Runs) -> list[str]:
    """Return the tabs for which a table has the columns."""
    from isoflop.beyond.downstream.scores import scores_of
    from isoflop.beyond.mix.mixtures import mixtures_of
    from isoflop.beyond.tune.sweep import sweep_of

    found = []
    for kind, look in (("tune", sweep_of), ("mix", mixtures_of), ("downstream", scores_of)):
        with suppress(IsoflopError, KeyError, ValueError):
            if look(runs) != ():  # the others raise where there is nothing
                found.append(kind)
    return found


def result(path: str, kind: str, columns: Mapping[str, str], *, name: str, at: str) -> dict[str, Any]:
    """Return what a tab shows: the words and tables of a terminal, and the figure as SVG where there is one.

    name  what its user calls the file
    at    a size asked for, as it is typed: N=8B D=160B
    """
    if kind not in KINDS:
        raise UsageError(f'there is no tab "{shown(kind)}". Say one of {", ".join(KINDS)}.')
    found = KINDS[kind](replace(_runs(path, kind, columns), source=name), _size(at))
    return {"text": plain(found), "figure": _figure(kind, found), "findings": told(found.findings)}


def _runs(path: str, kind: str, columns: Mapping[str, str]) -> Runs:
    if kind != "downstream":
        return read(path, columns=columns)
    from isoflop.beyond.downstream.reading import read_scored

    return read_scored(partial(_with, columns=columns), path)


def _with(source: Any, *, columns: Mapping[str, str], **said: Any) -> Runs:
    named = {key: said.pop(key) for key in ("loss",) if key in said}
    return read(source, columns={**columns, **named}, **said)


def _size(text: str) -> dict[str, float]:
    found = {}
    for word in text.split():
        key, sign, value = word.partition("=")
        if not sign or key not in {"N", "D", "loss"}:
            raise UsageError(f'"{shown(word)}" is no size. Say N=8B D=160B.')
        found[key] = parse_quantity(value)
    return found


def _figure(kind: str, found: Any) -> str:
    from isoflop.faces import plot

    try:
        figure = getattr(plot, f"{kind}_figure")(found)
    except (DataError, UsageError):
        return ""  # not every result has something to draw
    return plot.figure_bytes(figure, "svg").decode()
