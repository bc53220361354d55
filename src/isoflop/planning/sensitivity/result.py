"""Sensitivity: what each choice of method prescribes, and which choice matters most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.planning.sensitivity.choices import FACTORS, Choice
from isoflop.quantities import show

QUANTITIES = ("N", "D", "tokens_per_parameter", "loss")
UNKNOWN = Estimate(math.nan)


@dataclass(frozen=True)
class Row:
    """What one choice prescribes for the budget.

    changed  the factors in which it differs from the baseline, which is the first row
    counted  whether it is as defensible as the baseline, so that ranges and shares include it
    left_out  how many runs it leaves out
    note     why it does not count, or why there is no number
    """

    choice: Choice
    changed: tuple[str, ...] = ()
    N: Estimate = UNKNOWN
    D: Estimate = UNKNOWN
    tokens_per_parameter: Estimate = UNKNOWN
    loss: Estimate = UNKNOWN
    counted: bool = True
    left_out: int = 0
    note: str = ""

    @property
    def label(self) -> str:
        """Say in a few words what was chosen: all of the baseline, of another row what differs from it."""
        names = {
            "objective": self.choice.objective or "",
            "outliers": f"{self.choice.outliers} ({self.left_out})",
            "law": self.choice.law or "",
            "approach": {1: "1: envelope", 2: "2: parabolas"}.get(self.choice.approach, ""),
            "N_convention": self.choice.N_convention,
        }
        return ", ".join(names[one] for one in self.changed or ("law", "objective"))

    def as_dict(self) -> dict[str, Any]:
        """Return the row as it stands in the JSON."""
        return asdict(self.choice) | json_of(self, "N D tokens_per_parameter loss changed counted left_out note")


@dataclass(frozen=True)
class Factor:
    """How far one factor moves N.

    choices  how many there are, the baseline's own among them
    low, high  the least and the largest N when this factor alone is changed
    share    of the variance of log N over all combinations, by this factor alone; nan if it is not in them
    """

    name: str
    choices: int
    low: float
    high: float
    share: float

    @property
    def times(self) -> float:
        """Return the largest N over the least."""
        return self.high / self.low

    def as_dict(self) -> dict[str, Any]:
        """Return the factor as it stands in the JSON."""
        return {**json_of(self), "times": self.times}


@dataclass(frozen=True)
class Sensitivity(Answer):
    """How much of a plan is the choice of method.

    rows      the baseline first, then one factor changed at a time, then every combination of what counts
    factors   what each factor does alone, the strongest first
    together  share of the variance of log N that only combinations of factors explain
    range     quantity → least and largest over all counted rows

    >>> import numpy as np
    >>> C, place = (one.ravel() for one in np.meshgrid([1e18, 1e19, 1e20], np.geomspace(0.25, 4, 7)))
    >>> N = 0.1 * C**0.5 * place
    >>> runs = isoflop.Runs.of(N=N, C=C, loss=1.7 + 400 / N**0.34 + 410 / (C / (6 * N)) ** 0.34)
    >>> isoflop.sensitivity(runs, flops=1e21, draws=20, starts=4).rows[0].changed
    ()
    """

    flops: float
    rows: tuple[Row, ...] = field(repr=False)
    factors: tuple[Factor, ...]
    together: float
    range: dict[str, tuple[float, float]]
    source: str
    level: float = LEVEL
    findings: tuple[Finding, ...] = ()

    @property
    def baseline(self) -> Row:
        """Return what the choice that everything is compared with prescribes."""
        return self.rows[0]

    @property
    def single(self) -> tuple[Row, ...]:
        """Return the rows in which one factor is changed."""
        return tuple(row for row in self.rows if len(row.changed) == 1)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the JSON."""
        return json_of(self, "flops source level rows factors together range findings")

    def __rich__(self) -> View:
        """Return the result as it looks in a terminal: a row a choice, then each factor's part, then the range."""
        budget = f"{self.flops:.3g} training FLOPs".replace("e+", "e")
        head = heading(budget, f"how much of the plan is method, for {self.source}")
        columns = ["one choice changed", "N", f"{self.level:.0%} interval", "D", "D/N", "loss"]
        moved = [
            (FACTORS[one.name], str(one.choices), f"× {one.times:.2f}", _percent(one.share))
            for one in self.factors
            if one.choices > 1
        ]
        parts = table(["factor", "choices", "moves N", "share of variance"], [*moved, self._together()])
        return group(
            head, table(columns, self._lines()), dim("\n".join(self._asides())), parts, dim(self._summary()),
            findings_list(self.findings),
        )  # fmt: skip

    def _lines(self) -> Iterator[tuple[str, ...]]:
        before = ""
        for row in (self.baseline, *self.single):
            factor = FACTORS[row.changed[0]] if row.changed else "baseline"
            if not math.isnan(row.N.value):
                name = f"{factor if factor != before else '':<14}{row.label}{'' if row.counted else ' *'}"
                ratio, loss = show(row.tokens_per_parameter.value), row.loss.value
                told = "–" if math.isnan(loss) else f"{loss:.4f}"
                yield name, show(row.N.value), interval(row.N), show(row.D.value), ratio, told
                before = factor

    def _asides(self) -> Iterator[str]:
        """Say which rows do not count and which have no number, and why."""
        for row in self.single:
            if row.note:
                mark = "–" if math.isnan(row.N.value) else "" if row.counted else "*"
                yield f"{mark:<2}{FACTORS[row.changed[0]]} {row.label}: {row.note}"

    def _together(self) -> tuple[str, ...]:
        return ("together", "", "", _percent(self.together))

    def _summary(self) -> str:
        counted = [row for row in self.rows if row.counted and not math.isnan(row.N.value)]
        N, ratio = (self.range[name] for name in ("N", "tokens_per_parameter"))
        return (
            f"over {len(counted)} ways: N from {show(N[0])} to {show(N[1])}, "
            f"tokens per parameter from {show(ratio[0])} to {show(ratio[1])}"
        )


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.0%}"
