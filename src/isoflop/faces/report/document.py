"""What a report holds, whatever it is written as: the decision, doubts, figures, tables, where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from isoflop.errors import MissingExtraError
from isoflop.faces.pages.content import content, told, unfit
from isoflop.faces.report.decision import Decision, decide
from isoflop.faces.report.figures import Exhibit, exhibits
from isoflop.faces.report.parts import Part, parts, parts_of_plan
from isoflop.fitting.check import Checked, check
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.source import ONE_LAW
from isoflop.planning.result import Plan


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a document comes from: the command that makes it again, who made it, when, the seed of its fits."""

    command: str = ""
    author: str = ""
    date: str = ""
    seed: int = 0

    @property
    def byline(self) -> str:
        """The line above a title."""
        return " · ".join(filter(None, [self.date, self.author]))


@dataclass(frozen=True, kw_only=True)
class Document:
    """A report: a decision where there is a plan, then what it rests on.

    words     what the runs say, in sentences
    doubts    findings as sentences, the worst first
    data      what moves on a page, None where the laws are not of N and D
    exhibits  figures, none where matplotlib is missing
    """

    name: str
    words: str
    source: Predictor
    origin: Origin
    plan: Plan | None
    decision: Decision | None
    doubts: Sequence[Mapping[str, str]]
    exhibits: tuple[Exhibit, ...]
    parts: tuple[Part, ...]
    data: Mapping[str, Any] | None
    missing: str = ""

    @property
    def runs(self) -> int:
        """How many runs stand behind it."""
        return 0 if self.source.runs is None else len(self.source.runs)

    @property
    def beside(self) -> tuple[Exhibit, ...]:
        """The figure that stands with the decision, if there is one."""
        return self.exhibits[:1] if self.decision else ()

    @property
    def evidence(self) -> tuple[Exhibit, ...]:
        """The other figures."""
        return self.exhibits[len(self.beside) :]

    @property
    def title(self) -> str:
        """What stands above everything."""
        return self.decision.question if self.decision else self.name


def document(source: Predictor, *, plan: Plan | None, origin: Origin, figures: bool = True) -> Document:
    """Return the report of what answers, and of a plan by it, with or without figures; see `isoflop.report`.

    Raises UsageError where there is no plan, and the laws are not of N and D, or no runs stand behind them.
    """
    checked = check(source, law=ONE_LAW, seed=origin.seed) if source.runs is not None else None
    asked = plan.budget.value if plan else math.nan
    data = None if plan and unfit(source) else content(source, seed=origin.seed, checked=checked, budget=asked)
    found = [*(plan.findings if plan else ()), *source.findings, *(checked.findings if checked else ())]
    shown, missing = _drawn(source, checked, plan) if figures else ((), "")
    return Document(
        name=data["name"] if data else source.name, words=data["words"] if data else "", source=source, origin=origin,
        plan=plan, decision=decide(plan) if plan else None, doubts=told(tuple(dict.fromkeys(found))), exhibits=shown,
        parts=(*(parts_of_plan(plan) if plan else ()), *parts(data or {}, _rows(origin, data))), data=data,
        missing=missing,
    )  # fmt: skip


def _drawn(source: Predictor, checked: Checked | None, plan: Plan | None) -> tuple[tuple[Exhibit, ...], str]:
    """Return the figures, or why there are none."""
    try:
        return exhibits(source, checked.fit if checked else None, plan), ""
    except MissingExtraError as error:
        return (), str(error)


def _rows(origin: Origin, data: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return where the document comes from, as rows of words."""
    rows = [("made by", f"isoflop {version('isoflop')}"), ("on", origin.date), ("author", origin.author)]
    if data and "digest" in data:
        rows += [("seed", str(data["seed"])), ("SHA-256 of the runs", data["digest"])]
    return [row for row in (*rows, ("to make it again", origin.command or "isoflop.report(...)")) if row[1]]
