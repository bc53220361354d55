"""Design: the runs to train next, what each costs, and what it is for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from isoflop.compute.flops import FlopRule
from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.estimate import Estimate
from isoflop.files import as_csv
from isoflop.findings import Finding, Listed, json_of
from isoflop.formula.arrays import Array
from isoflop.quantities import show


@dataclass(frozen=True)
class Planned:
    """One run to train.

    settings  what else it is trained with: seed, learning_rate, batch, or columns of the candidates
    after     the interval of what is wanted that is expected once this run and those before it are in
    left      the share that is then left of the variance that runs can remove
    """

    N: float
    D: float
    C: float
    settings: Mapping[str, float | str] = field(default_factory=dict)
    after: Estimate | None = None
    left: float = math.nan

    def as_row(self) -> dict[str, float | str]:
        """Return the run as a row of a table: N, D, C and its settings."""
        return {"N": self.N, "D": self.D, "C": self.C, **self.settings}

    def as_dict(self) -> dict[str, Any]:
        """Return the row, with what is expected of the run where that is known."""
        if self.after is None:
            return dict(self.as_row())
        return {**self.as_row(), "after": self.after.as_dict(), "left": self.left}


@dataclass(frozen=True)
class Design(Listed[Planned]):
    """Runs to train, in the order in which to train them.

    kind    isoFLOP grid, ladder, replicates, brackets or next runs
    source  what centred or chose them: the name of a curve, a fit, or of laws on some runs
    notes   what the runs are good for and what limits them, a sentence each
    wanted  what the next runs are to tell, in words; `now` is its interval before any of them

    >>> len(isoflop.design.grid([1e17, 1e18], sizes=5).runs)
    10
    """

    kind: str
    runs: tuple[Planned, ...]
    source: str = ""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    wanted: str = ""
    now: Estimate | None = None

    def _parts(self) -> tuple[Planned, ...]:
        return self.runs

    @property
    def cost(self) -> float:
        """The training FLOPs of all runs together."""
        return math.fsum(one.C for one in self.runs)

    def as_rows(self) -> list[dict[str, float | str]]:
        """Return one dictionary a run, as a study or a table takes it."""
        return [one.as_row() for one in self.runs]

    def as_csv(self) -> str:
        """Return the runs as CSV, one a line: N, D, C and settings; whole numbers as such."""
        return as_csv(self.as_rows())

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        now = {} if self.now is None else {"wanted": self.wanted, "now": self.now.as_dict()}
        found = {"kind": self.kind, "source": self.source, "flops": self.cost, **now}
        return found | json_of(self, "runs notes findings")

    def __rich__(self) -> View:
        """Return the runs as they look in a terminal: a line a budget or a run, the whole cost, what to know."""
        return shown(self)


def planned(N: Array, D: Array, rule: FlopRule) -> tuple[Planned, ...]:
    """Return runs of whole parameters and whole tokens; tokens are rounded down, so that no budget is exceeded."""
    size, tokens = np.maximum(np.round(N), 1.0), np.maximum(np.floor(D), 1.0)
    compute = rule.flops(size, tokens)
    return tuple(Planned(*row) for row in zip(size.tolist(), tokens.tolist(), compute.tolist(), strict=True))


def show_flops(value: float) -> str:
    """Print FLOPs for people, as they are typed: 1e13, 6.36e21."""
    return f"{value:.3g}".replace("e+", "e")


SHORT = 24
"""More runs than this are not listed one by one."""
_SAME = 0.01


def shown(design: Design) -> View:
    """Return a design as it looks in a terminal."""
    runs = design.runs
    count = f"{len(runs)} run{'s' * (len(runs) != 1)}"
    head = heading(
        design.kind, f"{count}, {show_flops(design.cost)} FLOPs" + (f", by {design.source}" if design.source else "")
    )
    if design.now is not None:
        body = _next(design)
    elif design.kind == "isoFLOP grid":
        body = [_budgets(runs)]
    else:
        body = [_list(runs[:SHORT])]
        body += [dim(f"and {len(runs) - SHORT} more: -o runs.csv")] if len(runs) > SHORT else []
    return group(head, *body, *map(dim, design.notes), findings_list(design.findings))


def _budgets(runs: Sequence[Planned]) -> View:
    names = ["FLOPs", "runs", "smallest N", "largest N", "D", "D/N", "cost"]
    return table(names, _budget_rows(runs), gap=2)


def _budget_rows(runs: Sequence[Planned]) -> Iterator[list[str]]:
    for _, some in groupby(_marked(runs), key=lambda pair: pair[0]):
        row = [one for _, one in some]
        columns = [one.D for one in row], [one.D / one.N for one in row]
        ends = (f"{show(max(values))} – {show(min(values))}" for values in columns)
        sizes = [one.N for one in row]
        cost = sum(one.C for one in row)
        yield [show_flops(row[0].C), str(len(row)), show(min(sizes)), show(max(sizes)), *ends, show_flops(cost)]


def _marked(runs: Sequence[Planned]) -> Iterator[tuple[int, Planned]]:
    """Return each run the number of its budget: a new one begins where the compute changes by more than rounding."""
    number, last = 0, runs[0].C
    for one in runs:
        if abs(one.C / last - 1) > _SAME:
            number, last = number + 1, one.C
        yield number, one


def _list(runs: Sequence[Planned]) -> View:
    names = list(dict.fromkeys(name for one in runs for name in one.settings))
    rows = [
        [show(one.N), show(one.D), show(one.D / one.N), show_flops(one.C), *(_cell(one, name) for name in names)]
        for one in runs
    ]
    return table(["N", "D", "D/N", "FLOPs", *names], rows)


def _next(design: Design) -> list[View]:
    now = design.now
    assert now is not None  # noqa: S101 - for the type checker
    names = list(dict.fromkeys(name for one in design.runs for name in one.settings))
    digits = 4 if design.wanted.startswith("loss") else 3
    rows = [["now", "", "", "", *["" for _ in names], interval(now, digits), "100 %"]]
    rows += [
        [str(place), show(one.N), show(one.D), show_flops(one.C), *(_cell(one, name) for name in names),
         "–" if one.after is None else interval(one.after, digits), f"{100 * one.left:.0f} %"]
        for place, one in enumerate(design.runs, start=1)
    ]  # fmt: skip
    value = f"{now.value:.4f}" if digits == 4 else show(now.value)
    columns = ["after run", "N", "D", "FLOPs", *names, f"{now.level:.0%} interval", "variance left"]
    return [dim(f"{design.wanted}: {value}"), table(columns, rows, gap=2)]


def _cell(one: Planned, name: str) -> str:
    value = one.settings.get(name, "")
    return value if isinstance(value, str) else f"{value:g}" if abs(value) < 1e4 else show(value)
