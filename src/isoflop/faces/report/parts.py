"""What stands in a report after the answer: tables of words, whatever they are written as."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from isoflop.display import interval, sentence
from isoflop.fitting.check.check import UNANSWERED
from isoflop.planning.result import Plan, run_rows
from isoflop.quantities import show, show_flops

EVERY = 4
"""Of the budgets that were planned, each so manyth is a row."""


class Part(NamedTuple):
    """A titled table. said: a sentence before it; formula: of a law; folded: whether it is opened only when wanted."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    said: str = ""
    formula: str = ""
    folded: bool = False


def parts(data: Mapping[str, Any], origin: Sequence[tuple[str, str]]) -> list[Part]:
    """Return the parts of a report from what `isoflop.pages.content` gives, nothing for laws that have no page.

    origin  where the report comes from
    """
    return [*(_answers(data) if data else ()), *(_behind(data) if data and data["law"] else ()),
            *(_published(data) if data and not data["law"] else ()),
            Part("Where it comes from", ("", ""), origin)]  # fmt: skip


def parts_of_plan(plan: Plan) -> list[Part]:
    """Return the tables of a plan: what the run is made of, what more of anything brings, other laws."""
    sheet = plan.sheet
    if sheet is None or math.isnan(plan.N.value):
        return []
    gains = [(one.of, f"{one.loss.value:+.2g}", interval(one.loss, 2), show_flops(one.flops)) for one in sheet.gains]
    lost = [(one.law, show(one.N), f"{one.loss:.2%}", f"{one.flops:.1%}") for one in sheet.regrets]
    found = [
        Part("The run", ("", ""), run_rows(sheet), " ".join(map(sentence, sheet.demand.told()))),
        Part("What 10 % more brings", ("10 % more", "loss", "interval", "FLOPs"), gains),
        Part("If one law alone is right", ("law", "best N", "loss given up", "budget wasted"), lost),
    ]
    return [one for one in found if one.rows]


def _answers(data: Mapping[str, Any]) -> list[Part]:
    """Return the best runs, how past forecasts did, and the laws."""
    ends = data["interval"].replace("the curves span", "what the curves span")
    found = [Part("The best run at each budget", ("FLOPs", "N", "", "D", "", "loss", ""), list(_frontier(data)),
                  f"By {data['by']}; beside each number, {ends}.")]  # fmt: skip
    if tested := data["backtests"]:
        told = f"{tested['tests']} forecasts of runs beyond those fitted: mean error, by times the compute."
        told = " ".join(filter(None, [told, tested["sizes"]]))
        found.append(Part("Backtests", ("", *tested["ratios"]), tested["errors"], told))
    if len(data["laws"]) > 1:
        formulas = [(one["name"], one["formula"]) for one in data["laws"]]
        found.append(Part("The laws that plan", ("law", "formula"), formulas))
    return found


def _published(data: Mapping[str, Any]) -> list[Part]:
    """Return the papers of published curves."""
    return [Part("The papers", ("curve", "paper", "mind"), data["cited"])]


def _behind(data: Mapping[str, Any]) -> list[Part]:
    """Return one law in detail, what a reader must know to repeat it, and the runs."""
    law, several = data["law"], len(data["laws"]) > 1
    runs = [(one["name"], *(f"{one[key]:.6g}" for key in ("N", "D", "C", "loss"))) for one in data["runs"]]
    return [
        Part(f"One law in detail: {law['name']}" if several else f"The law {law['name']}",
             ("parameter", "value", f"{law['level']:.0%} interval"), law["parameters"], formula=law["formula"]),
        Part("To repeat it", ("question", "answer"), _answered(data["checklist"]), _unanswered(data["checklist"])),
        Part("The runs", ("run", "N", "D", "FLOPs", "loss"), runs, counted(data), folded=True),
    ]  # fmt: skip


def _answered(checklist: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return [row for row in checklist if row[1] != UNANSWERED]


def _unanswered(checklist: Sequence[Sequence[str]]) -> str:
    """Say which questions the runs do not answer."""
    asked = [row[0] for row in checklist if row[1] == UNANSWERED]
    return f"The runs do not say: {'; '.join(asked)}." if asked else ""


def counted(data: Mapping[str, Any]) -> str:
    """Say how many runs there are, and how many of them stand here."""
    here, there = len(data["runs"]), data["of_runs"]
    return f"{there} runs" if here == there else f"{here} of {there} runs"


def _frontier(data: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for place in range(0, len(data["budgets"]), EVERY):
        cells = [show_flops(data["budgets"][place])]
        for key in ("N", "D", "loss"):
            value, *ends = (f"{one:.4f}" if key == "loss" else show(one) for one in data["plans"][key][place])
            known = math.isfinite(data["plans"][key][place][1])
            cells += [value, " – ".join(ends) if known else "no interval"]
        yield tuple(cells)
