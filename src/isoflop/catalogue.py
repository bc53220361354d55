"""The catalogues as they are shown: the laws, one law explained, the datasets."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from rich.text import Text

from isoflop import datasets
from isoflop.laws import CURVES, LAWS, find_curve, find_law
from isoflop.tables import dim, group, heading, table
from isoflop.units import show

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from isoflop.datasets import Dataset
    from isoflop.law import Curve, Law
    from isoflop.runs import Runs

_ROLES = {
    "floor": "what remains however large the run; never negative",
    "scale": "how large its term is; never negative",
    "exponent": "how fast its term falls; never negative",
    "size": "a size at which its term has a given weight; positive",
    "break": "where one power law hands over to the next; positive",
    "real": "any number",
}


def overview() -> RenderableType:
    """Give every law with its formula and its published curves."""
    curves: dict[str, list[str]] = {}
    for curve in CURVES.values():
        curves.setdefault(curve.law.name, []).append(curve.name)
    rows = [(law.name, _short(str(law.formula)), ", ".join(curves.get(law.name, []))) for law in LAWS.values()]
    body = table(["law", "formula", "published curves"], rows, words=True)
    return group(body, dim("isoflop laws NAME explains one; any formula of your own is a law too."))


def explain(name: str) -> RenderableType:
    """Give one law or curve: formula, what each letter means, source, range, caution."""
    if name in CURVES:
        return _explain_curve(CURVES[name])
    law = _find(name)
    letters = [(key, "input", kind.unit) for key, kind in law.inputs.items()]
    letters += [(key, kind.role, _ROLES[kind.role]) for key, kind in law.parameters.items()]
    body = table(["letter", "kind", "meaning"], letters, words=True)
    names = ", ".join(curve.name for curve in CURVES.values() if curve.law is law)
    curves = dim(f"published curves: {names}" if names else "no published curve: fit it to your runs")
    return group(heading(law.name, str(law.formula)), Text(law.summary), dim(law.cite), body, curves)


def _explain_curve(curve: Curve) -> RenderableType:
    values = table(["parameter", "value"], [(key, f"{value:.7g}") for key, value in curve.values.items()])
    ranges = ", ".join(f"{key} {show(low)} to {show(high)}" for key, (low, high) in curve.fitted_on.items())
    head, summary = heading(curve.name, f"{curve.law.name}: {curve.law.formula}"), curve.summary or curve.law.summary
    fitted = dim(f"fitted on {ranges}" if ranges else "range of its runs unknown")
    return group(head, Text(summary), dim(curve.cite), values, fitted, Text(curve.caution, style="yellow"))


def as_dict(name: str | None = None) -> dict[str, Any]:
    """Give the laws and curves, or those of one name, as they stand in the JSON."""
    if name in CURVES:
        return {"laws": [], "curves": [_curve(CURVES[str(name)])]}
    laws = list(LAWS.values()) if name is None else [_find(name)]
    return {
        "laws": [_law(law) for law in laws],
        "curves": [_curve(curve) for curve in CURVES.values() if curve.law in laws],
    }


def _find(name: str) -> Law:
    if name not in LAWS and get_close_matches(name, CURVES, 1, 0.8):
        find_curve(name)  # says which curve may be meant
    return find_law(name)


def _law(law: Law) -> dict[str, Any]:
    return {
        "name": law.name, "formula": str(law.formula), "latex": law.formula.latex(), "javascript": law.javascript(),
        "inputs": {key: kind.unit for key, kind in law.inputs.items()},
        "parameters": {key: kind.role for key, kind in law.parameters.items()},
        "output": law.output.unit, "cite": law.cite, "summary": law.summary,
    }  # fmt: skip


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "name": curve.name, "law": curve.law.name, "values": dict(curve.values), "cite": curve.cite,
        "summary": curve.summary, "caution": curve.caution,
        "fitted_on": {key: list(ends) for key, ends in curve.fitted_on.items()},
        "checks": [{"inputs": dict(inputs), "value": value} for inputs, value in curve.checks],
    }  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def datasets_overview() -> Table:
    """Give the datasets with what each holds and its licence."""
    known = [datasets.describe(name) for name in datasets.NAMES]
    return table(["dataset", "what", "licence"], [(one.name, one.title, one.licence) for one in known], words=True)


def dataset(about: Dataset, runs: Runs, *, most: int = 20) -> RenderableType:
    """Give the first runs of a dataset, with its source."""
    names = [name for name in ("N", "D", "C", "loss") if name in runs] or list(runs.columns)[:4]
    rows = [[_cell(runs[name][row]) for name in names] for row in range(min(most, len(runs)))]
    more = f"… {len(runs) - most} more; " if len(runs) > most else ""
    source = "\n".join(part for part in (about.source, about.licence, about.note) if part)
    foot = dim(f"{more}--json prints all of it, with every column")
    return group(heading(about.name, about.title), dim(source), table(names, rows), foot)


def _cell(value: object) -> str:
    return show(value, 4) if isinstance(value, float) else str(value)
