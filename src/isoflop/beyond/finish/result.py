"""Finish: where a run in progress will end, what another schedule would give, and what stopping now would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.curves.loss_curve import LossCurve
from isoflop.formula.arrays import Array
from isoflop.quantities import show


@dataclass(frozen=True, eq=False)
class Path:
    """The loss at places from now to an end, with the interval that a logged loss should fall into."""

    at: Array
    loss: Array
    low: Array
    high: Array

    def end(self, level: float) -> Estimate:
        """Return the loss at the end."""
        return Estimate(float(self.loss[-1]), float(self.low[-1]), float(self.high[-1]), level)

    def as_dict(self) -> dict[str, Any]:
        """Return the path as it stands in the JSON."""
        return json_of(self)


@dataclass(frozen=True, eq=False)
class Other:
    """Another way to go on from here: its path, and how much higher it ends than the plan."""

    name: str
    path: Path
    loss: Estimate
    above: Estimate

    @property
    def end(self) -> float:
        """Return where it ends."""
        return float(self.path.at[-1])

    def as_dict(self) -> dict[str, Any]:
        """Return the other way as it stands in the JSON."""
        return json_of(self, "name end loss above_plan=above path")


@dataclass(frozen=True, eq=False)
class Finish(Answer):
    """The forecast of a run's final loss.

    loss       at the end: the interval holds one logged loss, noise included
    weights    how much each law, or each trend, counts
    baselines  what guesses would say: the last loss, and where the schedule is known the trend without it
    origins    how many earlier forecasts of the same run stand behind the interval
    others     other schedules from here on, and stopping now

    >>> found = isoflop.finish(isoflop.read_curve("tinylm-2m"), end=1.2 * isoflop.read_curve("tinylm-2m").last)
    >>> found.loss.low < found.loss.value < found.loss.high
    True
    """

    run: LossCurve
    end: float
    loss: Estimate
    path: Path
    schedule: str
    weights: Mapping[str, float]
    baselines: Mapping[str, float]
    origins: int
    others: tuple[Other, ...] = ()
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast as it stands in the JSON."""
        return json_of(
            self, "run=run.name unit=run.unit rows now=run.last end schedule loss level=loss.level weights baselines "
            "backtests=origins path others findings", rows=len(self.run),
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the forecast as it looks in a terminal."""
        now = f"{show(self.run.last)} of {show(self.end)} {self.run.unit}, {self.run.last / self.end:.0%}"
        rows = [_row("as planned" if self.others else "at the end", self.end, self.loss, compared=("", ""))]
        rows += [_row(one.name, one.end, one.loss, compared=(f"{one.above.value:+.4f}", interval(one.above, 2)))
                 for one in self.others]  # fmt: skip
        level = f"{self.loss.level:.0%} interval"
        columns = ["", self.run.unit, "loss", level]
        compared = ["above plan", "interval"] if self.others else []
        body = table([*columns, *compared], [row[: len(columns) + len(compared)] for row in rows], gap=2)
        by = ", ".join(f"{name} {weight:.0%}" for name, weight in self.weights.items())
        guesses = "   ".join(f"{name} {value:.4f}" for name, value in self.baselines.items())
        said = [dim(f"by {by}"), dim(f"{self.origins} earlier forecasts of this run stand behind it"), dim(guesses)]
        return group(heading(self.run.name, f"{now}, {self.schedule}"), body, "", *said, findings_list(self.findings))


def _row(name: str, end: float, loss: Estimate, *, compared: tuple[str, str]) -> list[str]:
    return [name, show(end), f"{loss.value:.4f}", interval(loss, 4), *compared]
