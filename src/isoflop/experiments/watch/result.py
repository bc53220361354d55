"""Watched: a run beside its expected curve, what is wrong with it, since when, and where it will end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.errors import shown
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.formula.arrays import Array
from isoflop.quantities import show

State = Literal["on track", "above", "below", "spike", "diverging", "stalled", "ended"]
Do = Literal["go on", "stop", "look first", "go back", "do not start"]
ALARMS: frozenset[State] = frozenset({"above", "spike", "diverging", "stalled"})
"""States in which somebody should look."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Band:
    """Losses at places of a run, with the interval that one logged loss should fall into."""

    at: Array
    loss: Array
    low: Array
    high: Array

    def as_dicts(self) -> list[dict[str, float]]:
        """Return a row for each place, as it stands in the JSON."""
        rows = zip(self.at.tolist(), self.loss.tolist(), self.low.tolist(), self.high.tolist(), strict=True)
        return [dict(zip(("step", "loss", "low", "high"), row, strict=True)) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Option:
    """A way to go on: its name, where it ends (in the unit of the rows), its loss, and what is still to pay for it.

    reach          the probability that it ends at or below the target; nan without one
    days, dollars  nan where nobody said what it trains on
    """

    name: str
    at: float
    loss: Estimate
    tokens: float
    reach: float = float("nan")
    days: float = float("nan")
    dollars: float = float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Return the option as it stands in the JSON."""
        return json_of(self, "name at loss tokens reach days dollars")


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to do, why, and what that rests on."""

    do: Do
    because: str
    rests_on: str

    def as_dict(self) -> dict[str, Any]:
        """Return the advice as it stands in the JSON."""
        return json_of(self, "do because rests_on")

    def __str__(self) -> str:
        return f"{self.do}: {self.because} ({self.rests_on})"


@dataclass(frozen=True, eq=False, kw_only=True)
class Watched(Answer):
    r"""A run at one look.

    since      where the state began, in the unit of the rows; None while on track
    step       the last row; 0 before the run starts
    end        the loss at the end: the interval holds one logged loss
    before     what the end was expected to be before the run started
    expected   the band, at the places asked for
    band       the same along the whole run, for figures
    first      that band as it was before the run started
    residual   how far the last rows lie above the expected curve: as a share of the loss, and in standard errors
    reach      the probability that the run ends at or below the target; nan without one
    weights    how much the ladder's curves and the run's own laws count at the end
    options    ways to go on, where they were asked for: as planned first
    advice     what follows from all this; None where nothing does

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> path, share = pathlib.Path(tempfile.mkdtemp()) / "ladder.csv", np.linspace(0.02, 1, 50)
    >>> rows = [f"{N},{round(2e4 * s)},{20 * N * s},{1.7 + 400 / N**0.34 + 410 / (20 * N * s) ** 0.28}"
    ...         for N in (20_000_000, 40_000_000, 80_000_000, 160_000_000) for s in share]
    >>> path.write_text("\n".join(["N,step,tokens,loss", *rows])) > 0
    True
    >>> isoflop.watch(None, path, told=isoflop.Told(N=320e6, D=6.4e9)).step
    0.0
    """

    name: str
    N: float
    D: float
    total: float
    unit: str
    state: State
    since: float | None
    step: float
    end: Estimate
    before: Estimate
    expected: Band
    band: Band
    first: Band
    rows: tuple[Array, Array]
    residual: tuple[float, float]
    weights: Mapping[str, float]
    ladder: tuple[str, ...]
    reach: float = float("nan")
    target: float = float("nan")
    options: tuple[Option, ...] = ()
    advice: Advice | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def alarming(self) -> bool:
        """Return whether somebody should look."""
        return self.state in ALARMS

    def as_dict(self) -> dict[str, Any]:
        """Return the look as it stands in the JSON."""
        return json_of(
            self, "run=name state since step unit total N D end level=end.level before expected residual weights "
            "target reach options advice ladder findings",
            expected=self.expected.as_dicts(), residual={"share": self.residual[0], "errors": self.residual[1]},
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the look as it stands in a terminal."""
        far = f"{show(self.step)} of {show(self.total)} {self.unit}, {self.step / self.total:.0%}"
        since = "" if self.since is None else f" since {show(self.since)}"
        rows = [("at the end", f"{self.end.value:.4f}", interval(self.end, 4))]
        if self.step:
            rows.append(("as expected before it began", f"{self.before.value:.4f}", interval(self.before, 4)))
        lines: list[View] = [dim(f"{len(self.ladder)} curves stand behind it: {_listed(self.ladder)}")]
        if self.step:
            share, errors = self.residual
            lines.insert(
                0, dim(f"the last rows lie {share:+.2%} from the expected curve, {errors:+.1f} standard errors")
            )
        if np.isfinite(self.reach):
            lines.append(dim(f"it ends at or below {self.target:g} with a probability of {self.reach:.0%}"))
        if self.advice is not None:
            lines.append(str(self.advice))
        body = table(["", "loss", f"{self.end.level:.0%} interval"], rows, gap=2)
        return group(heading(self.name, f"{self.state}{since}   {far}"), body, *self._ways(), "", *lines,
                     findings_list(self.findings))  # fmt: skip

    def _ways(self) -> list[View]:
        """Return the ways to go on as a table; its columns are those that something is known of."""
        if not self.options:
            return []
        more = [(head, [value(one) for one in self.options]) for head, value in _COLUMNS.items()]
        more = [(head, cells) for head, cells in more if any(cells)]
        rows = [(one.name, f"{one.loss.value:.4f}", interval(one.loss, 4), *cells)
                for one, *cells in zip(self.options, *(cells for _, cells in more), strict=True)]  # fmt: skip
        return ["", table(["from here", "loss", "interval", *(head for head, _ in more)], rows, gap=2)]

    def line(self) -> str:
        """Return the look as one line for a log or a pipe."""
        since = "" if self.since is None else f" since {show(self.since)}"
        return (f"{self.name}: {show(self.step)} of {show(self.total)} {self.unit}, {self.state}{since}, ends at "
                f"{self.end.value:.4f} [{self.end.low:.4f}, {self.end.high:.4f}]")  # fmt: skip


def _known(value: float, text: str) -> str:
    return "" if np.isnan(value) else text


_COLUMNS: Mapping[str, Callable[[Option], str]] = {
    "target": lambda one: _known(one.reach, f"{one.reach:.0%}"),
    "tokens": lambda one: show(one.tokens),
    "days": lambda one: _known(one.days, show(one.days)),
    "dollars": lambda one: _known(one.dollars, show(one.dollars)),
}
"""Columns of a table of options that stand there where something is known."""


def _listed(names: tuple[str, ...]) -> str:
    first = ", ".join(shown(one) for one in names[:6])
    return first if len(names) <= 6 else f"{first}, …"
