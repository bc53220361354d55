"""What a comparison of recipes says: the multiplier at each scale, its trend, and what that means for a decision."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from isoflop.beyond.recipes.prices import Worth
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.estimate import Estimate
from isoflop.findings import Finding, Listed, json_of
from isoflop.quantities import show, show_flops

UNITS = {"C": "FLOPs", "D": "tokens", "N": "parameters"}
MEANT = {"C": "compute", "D": "tokens", "N": "parameters"}


@dataclass(frozen=True)
class Row:
    """Two recipes at one scale.

    scale       compute, tokens or parameters of the other recipe
    multiplier  how many times as much the first needs to reach the other's loss there; inf if it never does
    first, other  the losses of both at this scale
    decades     how far beyond its runs a recipe must be followed to say so
    """

    scale: float
    multiplier: Estimate
    first: Estimate
    other: Estimate
    decades: float

    def as_dict(self) -> dict[str, Any]:
        """Return the row as it stands in the JSON."""
        return json_of(self, "scale multiplier first_loss=first other_loss=other decades")


@dataclass(frozen=True)
class Contest:
    """One recipe beside the first.

    along       C, D or N: what the multiplier multiplies
    rows        the scales asked for; `curve` has many, for the figure
    settled     the row at the largest scale that both recipes' runs reach: the multiplier of the headline
    trend       the factor by which the multiplier changes with ten times the scale, over the runs of both
    points      of each recipe: scale and loss of its runs
    pairs, likeness   how many runs are paired, and the correlation of their errors
    """

    first: str
    other: str
    along: str
    rows: tuple[Row, ...]
    settled: Row
    trend: Estimate
    pairs: int = 0
    likeness: float = 0.0
    curve: tuple[Row, ...] = field(default=(), repr=False)
    points: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = field(default=(), repr=False)

    @property
    def multiplier(self) -> Estimate:
        """The multiplier at the largest scale that both recipes' runs reach."""
        return self.settled.multiplier

    @property
    def differs(self) -> bool:
        """Return whether the interval of the multiplier leaves out 1."""
        return not self.multiplier.low <= 1 <= self.multiplier.high

    @property
    def words(self) -> str:
        """Return two sentences: what the other recipe is worth, and whether that grows or fades."""
        return f"{self._worth()} {self._moves()}"

    def _worth(self) -> str:
        where, times = f"{show_flops(self.settled.scale)} {UNITS[self.along]}", self.multiplier
        told = f"{_number(times.value)} ({_span(times)})"
        if not self.differs:
            return f"No difference shows at {where}: to match {self.other}, {self.first} needs {told} times as many."
        if times.value < 1:
            return f"{self.other} is worse: its {where} do what {told} times as many do for {self.first}."
        if math.isinf(times.value):
            return (
                f"{self.first} never reaches what {self.other} does at {where}, if the laws are right about its floor."
            )
        return f"To match {self.other} at {where}, {self.first} needs {told} times the {MEANT[self.along]}."

    def _moves(self) -> str:
        if math.isnan(self.trend.value) or math.isnan(self.trend.low):
            return "The runs have too little in common to say whether that grows or fades with scale."
        told = f"times {_number(self.trend.value)} ({_span(self.trend)}) for every ten times the scale"
        if self.trend.low <= 1 <= self.trend.high:
            return f"Whether that grows or fades with scale, the runs do not say: {told}."
        if not self.differs:
            return f"It moves with scale: {told}."
        grows = (self.trend.value > 1) is (self.multiplier.value > 1)
        return f"The gap {'grows' if grows else 'fades'} with scale: {told}."

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as it stands in the JSON."""
        return json_of(
            self,
            "first other along words differs scale=settled.scale multiplier trend_per_decade=trend pairs likeness rows",
        )

    def __rich__(self) -> View:
        """Return the comparison as it looks in a terminal."""
        level = f"{self.multiplier.level:.0%} interval"
        rows = [
            (
                show_flops(row.scale), f"×{_number(row.multiplier.value)}", _span(row.multiplier),
                _span(row.multiplier, "statistical"), f"{row.first.value:.4f}", f"{row.other.value:.4f}",
                show(row.decades, 2),
            )
            for row in self.rows
        ]  # fmt: skip
        names = [UNITS[self.along], "multiplier", level, "if laws hold", self.first, self.other, "beyond"]
        paired = f"{self.pairs} runs are paired by N and D; their errors correlate by {self.likeness:.2f}"
        return group(
            heading(f"{self.other} against {self.first}", "beyond: decades past a recipe's runs"),
            table(names, rows, gap=2),
            *([dim(paired)] if self.pairs else []),
        )  # fmt: skip


@dataclass(frozen=True)
class Recipes(Listed[Contest]):
    """Recipes compared with the first of them, what the next 0.01 of loss costs by each way, and the findings.

    >>> one, three = isoflop.read("tinytables").split("recipe").values()
    >>> isoflop.recipes(one, three, names=("one", "three"))[0].multiplier.value > 1
    True
    """

    contests: tuple[Contest, ...]
    worth: Worth
    findings: tuple[Finding, ...] = ()
    settings: str = ""

    def _parts(self) -> tuple[Contest, ...]:
        return self.contests

    @property
    def words(self) -> str:
        """Return the answer in sentences: the multiplier, its trend, and what is the better buy."""
        return " ".join([*(one.words for one in self.contests), self.worth.words])

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the JSON."""
        return json_of(self, "words assumes=settings comparisons=contests worth findings")

    def __rich__(self) -> View:
        """Return the result as it looks in a terminal: the answer, the multipliers, the prices, the findings."""
        if any(one.severity == "BLOCK" for one in self.findings):
            return group(findings_list(self.findings))  # losses that cannot be compared give no multiplier
        parts: list[View] = [self.words]
        for one in self.contests:
            parts += ["", one]
        return group(*parts, "", self.worth, dim(self.settings), findings_list(self.findings))


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else show(value)


def _span(found: Estimate, kind: str = "") -> str:
    low, high = found.intervals[kind] if kind else (found.low, found.high)
    return "–" if math.isnan(low) else f"{show(low)} – {_number(high)}"
