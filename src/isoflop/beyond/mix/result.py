"""What a table of mixtures says: the best shares, losses foretold, each law's error, what more of a source brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoflop.beyond.mix.backtest import Tested
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, json_of
from isoflop.quantities import show

MOST_ROWS = 20


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """A mixture and the losses foretold with it; `objective` is the weighted mean of them."""

    shares: Mapping[str, float]
    losses: Mapping[str, Estimate]
    objective: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the mixture as it stands in the JSON."""
        return json_of(self)


@dataclass(frozen=True, kw_only=True)
class Mix(Answer):
    """What a table of mixtures says.

    best       the best shares, within those tried and the limits; `near` the span of shares not to be told from them
    gains      by which share the weighted loss changes with 1 % more of a source, taken from all others alike
    lowest     the mixture of the table with the lowest weighted loss, as measured
    worths     target → what a token of each source is worth for it, the most worthy 1
    following  mixtures to run next

    >>> import numpy as np
    >>> code = np.linspace(0.05, 0.95, 12)
    >>> loss = {"loss_code": 1 + code**-0.3, "loss_text": 1 + (1 - code) ** -0.3}
    >>> runs = isoflop.Runs.of(share_code=code, share_text=1 - code, N=[1e7] * 12, D=[2e8] * 12, **loss)
    >>> isoflop.mix(runs).runs
    12
    """

    source: str
    runs: int
    scale: str
    best: Mixture
    near: Mapping[str, tuple[float, float]]
    gains: Mapping[str, float]
    lowest: Mapping[str, float]
    worths: Mapping[str, Mapping[str, float]]
    forecasts: tuple[Mixture, ...]
    following: tuple[Mapping[str, float], ...]
    laws: tuple[Tested, ...]
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it stands in the JSON."""
        best = json_of(self.best) | {"near": {name: list(ends) for name, ends in self.near.items()}}
        return json_of(self, "best forecasts laws gains lowest worths next=following runs scale findings", best=best)

    def __rich__(self) -> View:
        """Return the result as it looks in a terminal."""
        parts: list[View] = [_best(self), "", _losses(self)]
        if self.forecasts:
            parts += ["", _forecasts(self)]
        return group(*parts, "", _laws(self), findings_list(self.findings))


def _best(found: Mix) -> View:
    order = sorted(found.best.shares, key=lambda name: -found.best.shares[name])
    rows = [
        (
            name, f"{found.best.shares[name]:.3f}", "{:.3f} – {:.3f}".format(*found.near[name]),
            f"{found.lowest[name]:.3f}", f"{found.gains[name]:+.2%}",
        )
        for name in order[:MOST_ROWS]
    ]  # fmt: skip
    head = heading("Best mixture", f"from {found.runs} mixtures of {found.source}{found.scale}")
    columns = ["source", "share", "not told apart", "best of the table", "1% more brings"]
    left = [dim(f"{len(order) - MOST_ROWS} smaller shares are in the JSON.")] if len(order) > MOST_ROWS else []
    return group(head, table(columns, rows), *left)


def _losses(found: Mix) -> View:
    rows = [
        (name, show(one.value, 4), f"{show(one.low, 4)} – {show(one.high, 4)}")
        for name, one in list(found.best.losses.items())[:MOST_ROWS]
    ]
    rows.append(("weighted", show(found.best.objective.value, 4), _ends(found.best.objective)))
    return table(["loss at the best", "foretold", f"{found.best.objective.level:.0%} interval"], rows)


def _forecasts(found: Mix) -> View:
    order = sorted(range(len(found.forecasts)), key=lambda row: found.forecasts[row].objective.value)
    rows = [
        (f"{row + 1}", show((one := found.forecasts[row].objective).value, 4), _ends(one)) for row in order[:MOST_ROWS]
    ]
    return table(["mixture, the best first", "weighted loss", "interval"], rows)


def _ends(one: Estimate) -> str:
    return f"{show(one.low, 4)} – {show(one.high, 4)}"


def _laws(found: Mix) -> View:
    rows = [(one.name, f"{one.error:.2%}", f"{one.rank:.2f}", one.formula) for one in found.laws]
    return table(["law, on held-out mixtures", "error", "rank", "formula"], rows, words=True)
