"""What a sweep says: the best of each setting, the laws they follow, what being wrong costs, the best at new sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.beyond.tune.fitted import Fitted
from isoflop.beyond.tune.laws import TuningLaw
from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.quantities import show

MOST_ROWS = 24
"""So many settings stand in a terminal; the JSON has all."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The best of one setting of N and D.

    best    hyperparameter → its best value
    near    hyperparameter → the span within 0.3 % of the best loss, the others moved along
    loss    the bowl's level there: not the lowest run, which is low by luck
    edge    the hyperparameters whose best lies at or beyond the last value tried
    lowest  the lowest loss that a run had
    """

    N: float
    D: float
    C: float
    runs: int
    best: Mapping[str, Estimate]
    near: Mapping[str, tuple[float, float]]
    loss: Estimate
    edge: tuple[str, ...]
    lowest: float

    def as_dict(self) -> dict[str, Any]:
        """Return the setting as it stands in the JSON."""
        return json_of(self, "N D C runs best near loss=loss.value loss_low=loss.low loss_high=loss.high lowest edge")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The best values foretold at a new size, and how many decades beyond the sweep that is."""

    N: float
    D: float
    best: Mapping[str, Estimate]
    near: Mapping[str, tuple[float, float]]
    decades: float

    def as_dict(self) -> dict[str, Any]:
        """Return the target as it stands in the JSON."""
        return json_of(self, "N D best near decades")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """The share of the loss given up by missing the best value of one hyperparameter, at one size.

    half, twice  at half and at twice the best value, the others at their best
    """

    name: str
    N: float
    D: float
    half: float
    twice: float
    curve: tuple[tuple[float, ...], tuple[float, ...]] = field(default=((), ()), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return what being wrong costs as it stands in the JSON."""
        return json_of(self, "name N D half twice")


@dataclass(frozen=True, kw_only=True)
class Tune(Answer):
    """What a sweep says of its hyperparameters.

    >>> import numpy as np
    >>> N, D, lr = (one.ravel() for one in np.meshgrid([5e7, 2e8, 8e8], [2e9, 8e9], [3e-4, 6e-4, 1e-3, 2e-3, 4e-3]))
    >>> rise = 0.01 * np.log(lr / (1e-3 * (N / 1e8) ** -0.5)) ** 2
    >>> runs = isoflop.Runs.of(N=N, D=D, lr=lr, loss=(1.8 + 400 / N**0.34 + 410 / D**0.28) * np.exp(rise))
    >>> list(isoflop.tune(runs).laws)
    ['lr']
    """

    source: str
    settings: tuple[Setting, ...]
    laws: Mapping[str, TuningLaw]
    targets: tuple[Target, ...]
    wrong: tuple[Wrong, ...]
    noise: float
    fitted: Fitted = field(repr=False)
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the JSON."""
        return json_of(self, "settings laws targets wrong noise findings")

    def __rich__(self) -> View:
        """Return the result as it looks in a terminal."""
        parts: list[View] = [_laws(self)]
        if self.targets:
            parts += ["", _targets(self)]
        return group(*parts, "", _settings(self), "", _wrong(self), findings_list(self.findings))


def _laws(found: Tune) -> View:
    rows = []
    for law in found.laws.values():
        rows += [(law.formula, *_exponents(law), f"×÷ {show(law.spread)}", "")]
        rows += [(f"  {one.curve}", "", "", f"×÷ {show(one.factor)}", _share(one.given_up)) for one in law.published]
    runs = sum(one.runs for one in found.settings)
    head = heading("Best values", f"of {runs} runs of {found.source}, at {len(found.settings)} settings of N and D")
    return group(head, table(["law", "of N", "of D", "settings within", "gives up"], rows, gap=2))


def _share(given_up: float) -> str:
    """Return a share of the loss, and only that it is more than all of it where a law lies so far off."""
    return f"{given_up:.2%}" if given_up < 1 else "> 100%"


def _exponents(law: TuningLaw) -> tuple[str, str]:
    return tuple(f"{one.low:.2f} – {one.high:.2f}" if (one := law.parameters.get(key)) else "–" for key in "ab")  # type: ignore[return-value]


def _targets(found: Tune) -> View:
    rows = [
        (f"N = {show(one.N)}, D = {show(one.D)}", name, show(value.value), interval(value), show(one.decades, 2))
        for one in found.targets
        for name, value in one.best.items()
    ]
    return table(["at", "best", "value", "90% interval", "decades beyond"], rows)


def _settings(found: Tune) -> View:
    names = list(found.laws)
    rows = [
        (
            show(one.N), show(one.D), str(one.runs), f"{one.loss.value:.4f}",
            *(f"{show(one.best[name].value)} [{interval(one.best[name])}]" for name in names), ", ".join(one.edge),
        )
        for one in found.settings[-MOST_ROWS:]
    ]  # fmt: skip
    left = len(found.settings) - MOST_ROWS
    more = [dim(f"{left} smaller settings are in the JSON.")] if left > 0 else []
    return group(table(["N", "D", "runs", "loss at best", *names, "at the edge"], rows, gap=2), *more)


def _wrong(found: Tune) -> View:
    rows = [(one.name, show(one.N), show(one.D), f"{one.half:.2%}", f"{one.twice:.2%}") for one in found.wrong]
    return table(["loss given up with", "N", "D", "half the best", "twice the best"], rows)
