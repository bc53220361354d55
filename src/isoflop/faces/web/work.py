"""What a process of the web app does: a request as plain data in, plain data, text or bytes out.

A request names one source: a table (a file on disk) with the name that the user knows it by, a dataset, or curves; and
how it is read: law, where, columns. The last few sources are kept: plans and exports of a view need no new fit.
"""

from __future__ import annotations

import inspect
import json
import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isoflop.compute.devices import DEVICES
from isoflop.data.datasets import NAMES
from isoflop.data.datasets.catalogue import DATASETS
from isoflop.display import plain
from isoflop.errors import IsoflopError, UsageError, shown
from isoflop.faces.pages.codes import explanations
from isoflop.faces.pages.content import budgets_shown, content, curves_script, known, laws_script, surroundings, told
from isoflop.faces.web.bundle import unpacked
from isoflop.faces.web.drawn import drawn
from isoflop.faces.web.kept import kept_page
from isoflop.faces.web.preview import mended, preview
from isoflop.faces.web.results import result
from isoflop.fitting.saved import is_fit, load
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.source import open_source
from isoflop.formula.several import several
from isoflop.laws import CURVES, LAWS, find_curve
from isoflop.planning.demand import BITS, TIERS, Demand, flag_of, questions
from isoflop.planning.export import save_plan
from isoflop.planning.limits import OutsideError
from isoflop.planning.plan import PUBLISHED
from isoflop.planning.plan import plan as planned
from isoflop.planning.tiers import BATCH, tiers_for
from isoflop.quantities import parse_quantity, show

EXAMPLE = {"dataset": "tinylm", "where": 'role == "sweep"'}
"""What the page opens by itself."""
FIGURES = ("frontier", "isoflops", "contours", "allocation")
"""The figures of `isoflop plot` that are exported."""
EXPORTS = ("report.html", *(f"{figure}.{suffix}" for figure in FIGURES for suffix in ("pdf", "svg", "png")))
"""The files that can be had of runs; of a curve, only its plan."""
_FAMILY = {"tiers": 3, "serve_batch": BATCH}
"""How many sizes, and sequences answered at once, unless said."""
_KEPT = 8
_OTHERS = 3
"""Curves that are offered in place of one that refuses."""
_MOST_FLOPS = 1e45
_TAKEN = {"N", "D", "U", "bits"}


def start() -> dict[str, Any]:
    """Return what the page knows before a source is opened."""
    return {
        **surroundings(),
        "datasets": [{"name": one.name, "title": one.title} for one in DATASETS.values() if one.bundled],
        "curves": [name for name, one in CURVES.items()
                   if {"N", "D"} <= set(one.law.inputs) <= _TAKEN and one.law.output.name == "Nats"],
        "laws": [name for name, one in LAWS.items() if set(one.inputs) == {"N", "D"} and one.output.name == "Nats"],
        "example": EXAMPLE, "published": PUBLISHED, "figures": FIGURES, "fields": _fields(), "codes": explanations(),
        "papers": {name: _paper(one.cite or one.law.cite) for name, one in CURVES.items()},
    }  # fmt: skip


def _fields() -> list[dict[str, Any]]:
    """Return what a plan can be asked, as the command line's options: the page makes its form of it."""
    usual = {one.name: one.default for one in fields(Demand)}
    choices = {"precision": list(BITS), "hardware": list(DEVICES)}
    return [
        {"key": key, "help": said.help, "panel": said.panel, "unit": said.unit, "choices": choices.get(key, []),
         "option": flag_of(key, said), "flag": isinstance(usual.get(key), bool), "usual": _usual(usual.get(key))}
        for key, said in (questions() | TIERS).items()
    ]  # fmt: skip


def _usual(value: object) -> str:
    """Return what holds where nothing is said, as text; nothing for what is then unknown or without bound."""
    if isinstance(value, float):
        return show(value) if math.isfinite(value) else ""
    return value if isinstance(value, str) else ""


def _paper(cite: str) -> str:
    """Return authors and year, as people name a paper."""
    return cite.partition(",")[0]


def catalogue() -> str:
    """Return the published curves as a JavaScript module."""
    return curves_script()


def describe(path: str, name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """Say what an uploaded file is: a saved fit, or runs with which columns and which bad cells."""
    with _called(path, name), unpacked(path) as opened:
        if not Path(opened).is_dir() and is_fit(opened):
            one = load(opened)
            runs = 0 if one.runs is None else len(one.runs)
            return {"kind": "fit", "law": one.law.name, "runs": runs, "findings": told(one.findings)}
        return preview(opened, columns)


def mend(path: str, name: str, asked: Mapping[str, Any]) -> str:
    """Return a table as CSV with some cells mended and without the rows that stay bad."""
    with _called(path, name):
        return mended(path, asked["columns"], asked["cells"])


def view(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a source."""
    return content(_settled(request))


def laws(request: Mapping[str, Any]) -> str:
    """Return a source's laws as a JavaScript module."""
    return f"{laws_script(_settled(request))}export {{ laws, fresh }};\n"


def beyond(path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a tab shows of an uploaded table: tune, mix or downstream."""
    with _called(path, asked["name"]), unpacked(path) as opened:
        return result(opened, asked["kind"], asked["columns"], name=asked["name"], at=asked["at"])


def row(request: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return all that the table says of one run of a view, as text."""
    runs = _settled(request).runs
    if runs is None or not 0 <= place < len(runs):
        raise UsageError(f"there is no run {place} in this view.")
    return {name: value if isinstance(value, str) else f"{value:.10g}" for name, value in (
        (name, values[place]) for name, values in runs.columns.items())}  # fmt: skip


def plan(request: Mapping[str, Any], demand: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of a demand, with every interval, as data and as the run sheet that a terminal shows.

    With several sizes asked for, these too. Beyond the limits of a published curve: why there is none, and the nearest
    budget that has one.
    """
    source, asked = _settled(request), _asked(demand)
    family = {key: value for key, value in demand.items() if key in TIERS}
    try:
        found = planned(source, **asked)
    except OutsideError as error:
        return {"refused": str(error), "nearest": known(error.nearest), "others": _planning(source, asked)}
    sizes = {"family": _family(source, asked, family)} if family else {}
    return {**found.as_dict(), **sizes, "findings": told(found.findings), "text": plain(found.full())}


def figures(request: Mapping[str, Any], demand: Mapping[str, Any], flops: float) -> dict[str, Any]:
    """Return what the page's figures show of a demand that it leaves to Python; flops: the budget of its plan."""
    source = _settled(request)
    if not 1 < flops < _MOST_FLOPS:
        raise UsageError(f"{flops:g} FLOPs are no budget.")
    return drawn(source, Demand(**_asked(demand)), flops=flops, budgets=budgets_shown(source.runs))


def _planning(refused: Predictor, asked: Mapping[str, Any]) -> list[str]:
    """Return published curves that plan what a curve was refused for, those fitted on the largest runs first."""
    found = [CURVES[name] for name in start()["curves"] if CURVES[name] not in refused.curves]
    far = sorted(found, key=lambda one: -one.fitted_on.get("C", (0.0, 0.0))[1])
    return [one.name for one in far if _plans(one, asked)][:_OTHERS]


def _plans(curve: Predictor, asked: Mapping[str, Any]) -> bool:
    try:
        planned(curve, **asked)
    except UsageError:
        return False
    return True


def _family(source: Predictor, asked: Mapping[str, Any], family: Mapping[str, Any]) -> str:
    """Return several sizes from the budget that is asked for, or why there are none."""
    try:
        count, batch = (parse_quantity(str(family.get(key, usual))) for key, usual in _FAMILY.items())
        prices = str(family.get("prices", ""))
        return plain(tiers_for(source, Demand(**asked), prices=prices, count=int(count), batch=batch))
    except UsageError as error:
        return str(error)


def export(request: Mapping[str, Any], what: str, demand: Mapping[str, Any]) -> bytes:
    """Return a file: plan.toml, or of runs one of `EXPORTS`."""
    source = _settled(request)
    if what == "page.html":
        return kept_page(source, demand).encode()
    if what == "plan.toml":
        return _written(what, lambda path: save_plan(planned(source, **_asked(demand)), path))
    if source.runs is None or what not in EXPORTS:
        raise UsageError(f"{what} cannot be had. Say plan.toml, or of runs {', '.join(EXPORTS)}.")
    if what == "report.html":
        from isoflop.faces.report import report

        return _written(what, lambda path: report(source, path, command=_command(request)))
    from isoflop.faces import plot

    figure = getattr(plot, f"{what.partition('.')[0]}_figure")
    return plot.figure_bytes(figure(source), plot.figure_format(what))


def _asked(demand: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a plan is asked for, all of it numbers and texts; raises UsageError for anything else."""
    others = inspect.signature(planned).parameters.keys() - {one.name for one in fields(Demand)}
    for key, value in demand.items():
        if key in others or not isinstance(value, str | int | float | None):
            raise UsageError(f"a demand holds numbers and texts by their names; {shown(key[:40])} is none of them.")
    return {key: value for key, value in demand.items() if key not in TIERS}


def _settled(request: Mapping[str, Any]) -> Predictor:
    return _opened(json.dumps(request, sort_keys=True))


@lru_cache(_KEPT)
def _opened(request: str) -> Predictor:
    """Return what answers for a request: the curves it names, an uploaded table or saved fit, or a dataset."""
    asked = json.loads(request)
    if asked.get("curves"):
        return several([find_curve(name) for name in asked["curves"]]) if len(asked["curves"]) > 1 else (
            find_curve(asked["curves"][0]))  # fmt: skip
    how = {"law": asked.get("law") or None, "where": asked.get("where") or None, "columns": asked.get("columns")}
    if "table" in asked:
        with _called(asked["table"], asked.get("name", "table")), unpacked(asked["table"]) as opened:
            return open_source(opened, called=asked.get("name", "table"), **how)
    if asked.get("dataset") not in NAMES:
        raise UsageError(f'there is no dataset "{asked.get("dataset")}". Say one of {", ".join(NAMES)}.')
    return open_source(asked["dataset"], **how)


@contextmanager
def _called(path: str, name: str) -> Iterator[None]:
    """Say in errors the name that the user knows a file by, not where it is kept."""
    try:
        yield
    except IsoflopError as error:
        raise type(error)(str(error).replace(path, name).replace(Path(path).name, name)) from None


def _command(asked: Mapping[str, Any]) -> str:
    """Return the command that writes the same report."""
    words = ["isoflop", "report", asked.get("name") or asked["dataset"]]
    for key in ("law", "where"):
        words += [f"--{key}", asked[key]] if asked.get(key) else []
    for key, column in (asked.get("columns") or {}).items():
        words += [f"--{key}", column]
    return shlex.join(words)


def _written(name: str, write: Callable[[str], object]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(str(path))
        return path.read_bytes()
