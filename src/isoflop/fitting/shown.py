"""How a fit looks: what it says on one screen, and everything that is known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from isoflop.display import View, dim, doubts, findings_list, group, heading, interval, more_of, table
from isoflop.fitting.summary import Described, in_words
from isoflop.quantities import show

if TYPE_CHECKING:
    from rich.table import Table

    from isoflop.fitting.optimise.objective import Objective


class Asked(Protocol):
    """How a fit was asked for."""

    @property
    def starts(self) -> int:
        """Starts of the search."""

    @property
    def level(self) -> float:
        """Level of the intervals."""


class Shown(Described, Protocol):
    """A fit, as far as it is shown."""

    @property
    def options(self) -> Asked:
        """How it was asked for."""

    @property
    def objective(self) -> Objective:
        """What was minimised."""

    @property
    def reached(self) -> float:
        """The objective at the optimum."""

    @property
    def agreement(self) -> float:
        """Share of starts that reached it."""

    @property
    def condition(self) -> float:
        """How unevenly the parameters are known."""

    @property
    def excluded(self) -> Sequence[object]:
        """Runs left out."""

    @property
    def whole_runs(self) -> int:
        """Runs whose checkpoints the rows are; 0 where rows are runs."""

    @property
    def source(self) -> str:
        """Where the runs come from."""


def one_screen(fit: Shown) -> View:
    """Return what a fit says: three sentences, its formula, each parameter with its interval, a line for each doubt."""
    return group(
        in_words(fit), "", _head(fit), _parameters(fit), doubts(fit.findings),
        more_of(fit.findings, "how it was fitted, and every remedy"),
    )  # fmt: skip


def everything(fit: Shown) -> View:
    """Return a fit with how it was fitted, and findings with their remedies."""
    left_out = f", {len(fit.excluded)} left out" if fit.excluded else ""
    used = f"{fit.used} checkpoints of {fit.whole_runs} runs" if fit.whole_runs else f"{fit.used} runs"
    how = f"objective {fit.objective.name} {fit.reached:.8g} · noise {fit.noise:.2%} of loss"
    trust = f"{fit.agreement:.0%} of {fit.options.starts} starts agree · condition {fit.condition:.1e}"
    about = dim(f"{used} of {fit.source}{left_out}\n{how}\n{trust}\n")
    return group(in_words(fit), "", _head(fit), about, _parameters(fit), findings_list(fit.findings))


def _head(fit: Shown) -> View:
    """Return the law's name and formula, which of a typed one are the same."""
    formula = str(fit.law.formula)
    return heading(fit.law.name if fit.law.cite else formula, formula if fit.law.cite else "")


def _parameters(fit: Shown) -> Table:
    rows = [
        (name, "unknown" if math.isnan(one.value) else show(one.value, 4), interval(one))
        for name, one in fit.parameters.items()
    ]
    return table(["parameter", "value", f"{fit.options.level:.0%} interval"], rows)
