"""What stands in a report after the answer: tables of words, whatever they are written as."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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


def parts(data: Mapping[str, Any], command: str) -> list[Part]:
    """Return the parts of a report from what `isoflop.pages.content` gives; command: what makes it again."""
    law, several, tested = data["law"], len(data["laws"]) > 1, data["backtests"]
    origin = [
        ("made by", f"isoflop {data['version']}"), ("seed", str(data["seed"])),
        ("SHA-256 of the runs", data["digest"]), ("to make it again", command or "isoflop.report(...)"),
    ]  # fmt: skip
    found = [Part("The best run at each budget", ("FLOPs", "N", "", "D", "", "loss", ""), list(_frontier(data)),
                  f"By {data['by']}, each with its {data['interval']}.")]  # fmt: skip
    if tested:
        told = f"{tested['tests']} forecasts of runs beyond those fitted: mean error, by times the compute."
        told = " ".join(filter(None, [told, tested["sizes"]]))
        found.append(Part("Backtests", ("", *tested["ratios"]), tested["errors"], told))
    if several:
        formulas = [(one["name"], one["formula"]) for one in data["laws"]]
        found.append(Part("The laws that plan", ("law", "formula"), formulas))
    runs = [(one["name"], *(f"{one[key]:.6g}" for key in ("N", "D", "C", "loss"))) for one in data["runs"]]
    return [
        *found,
        Part(f"One law in detail: {law['name']}" if several else f"The law {law['name']}",
             ("parameter", "value", f"{law['level']:.0%} interval"), law["parameters"], formula=law["formula"]),
        Part("To repeat it", ("question", "answer"), data["checklist"]),
        Part("The runs", ("run", "N", "D", "FLOPs", "loss"), runs, counted(data), folded=True),
        Part("Where it comes from", ("", ""), origin),
    ]  # fmt: skip


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
