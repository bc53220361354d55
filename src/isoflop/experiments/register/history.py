"""How good the forecasts of a register have been: coverage, error and interval score, each with its own interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np

from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.errors import shown
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.experiments.register.entry import Foretold, Scored
from isoflop.experiments.register.ledger import Ledger
from isoflop.experiments.register.score import open_forecasts
from isoflop.findings import Answer, Finding, json_of

FAR = (0.5, 1.0, 2.0)
"""Decades of compute beyond the runs at which distances are told apart."""
DRAWS = 2000
FEW = 10
"""Scored forecasts below which a coverage says little."""


@dataclass(frozen=True, kw_only=True)
class Came:
    """A forecast and what came: error in percent of what came, whether inside, the interval score in percent."""

    foretold: Foretold
    scored: Scored

    @property
    def error(self) -> float:
        """Return how far the forecast was too high, as a share of what came."""
        return self.foretold.value / self.scored.value - 1

    @property
    def inside(self) -> bool:
        """Return whether what came lies in the interval."""
        return self.foretold.low <= self.scored.value <= self.foretold.high

    @property
    def score(self) -> float:
        """Return the interval score over what came: width + 2 / (1 - level) times what was missed."""
        one, came = self.foretold, self.scored.value
        missed = max(one.low - came, 0.0) + max(came - one.high, 0.0)
        return (one.high - one.low + 2 / (1 - one.level) * missed) / abs(came)


@dataclass(frozen=True, kw_only=True)
class Record:
    """Scored forecasts of one distance together: how many, the share inside, mean |error| and mean interval score."""

    distance: str
    count: int
    coverage: Estimate
    error: Estimate
    score: Estimate

    def cells(self) -> list[str]:
        """Return the record as a row of a table."""
        numbers = [_percent(self.coverage, 0), _percent(self.error, 2), _percent(self.score, 1)]
        return [self.distance, str(self.count), *numbers]

    def as_dict(self) -> dict[str, Any]:
        """Return the record as it stands in the JSON."""
        return json_of(self, "distance count coverage error score")


@dataclass(frozen=True, eq=False, kw_only=True)
class History(Answer):
    """What a register holds: what is open, what came, and how good the forecasts have been, by distance."""

    path: str
    open: tuple[Foretold, ...]
    came: tuple[Came, ...]
    records: tuple[Record, ...]
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the history as it stands in the JSON."""
        came = (
            "name=foretold.name value=foretold.value low=foretold.low high=foretold.high reached=scored.value error "
            "inside score decades=foretold.decades time=foretold.time scored=scored.time"
        )
        return json_of(
            self, "file=path open came records findings", came=[json_of(one, came) for one in self.came],
            open=[json_of(one, "name at metric value low high level time who") for one in self.open],
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the history as it looks in a terminal."""
        parts: list[View] = [heading(shown(self.path), f"{len(self.open)} open, {len(self.came)} came")]
        rows = [(shown(one.name), f"{one.value:.4g}", f"{one.low:.4g} – {one.high:.4g}", one.time[:10], "open")
                for one in self.open]  # fmt: skip
        rows += [(shown(one.foretold.name), f"{one.foretold.value:.4g}",
                  f"{one.foretold.low:.4g} – {one.foretold.high:.4g}", one.foretold.time[:10],
                  f"{one.scored.value:.4g}: {one.error:+.2%}, {'inside' if one.inside else 'outside'}")
                 for one in self.came]  # fmt: skip
        if rows:
            parts += [table(["forecast", "value", "interval", "registered", "came"], rows, gap=2), ""]
        told = [one.cells() for one in self.records]
        if told:
            parts += [table(["distance", "runs", "inside", "|error|", "interval score"], told, gap=2), ""]
            parts.append(dim("in brackets: the 90 % interval of the number itself"))
        return group(*parts, findings_list(self.findings))


def history(ledger: Ledger) -> History:
    """Return what a register holds, and how good its forecasts have been."""
    scores = ledger.scores
    came = tuple(Came(foretold=one, scored=scores[name]) for name, one in ledger.forecasts.items() if name in scores)
    return History(path=str(ledger.path), open=tuple(open_forecasts(ledger)), came=came,
                   records=tuple(_records(came)), findings=(*ledger.findings, *_few(came)))  # fmt: skip


def _records(came: Sequence[Came]) -> list[Record]:
    edges = (-math.inf, *FAR, math.inf)
    names = (f"up to {10 ** FAR[0]:.2g} times", *(f"{10**low:.2g} to {10**high:.2g} times"
                                                  for low, high in pairwise(FAR)),
             f"beyond {10 ** FAR[-1]:.2g} times")  # fmt: skip
    groups = [("all", list(came))]
    for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
        groups.append((name, [one for one in came if low < one.foretold.decades <= high]))
    return [_record(name, some) for name, some in groups if some]


def _record(distance: str, some: Sequence[Came]) -> Record:
    """Return the record of some forecasts: Wilson's interval for the share inside, a bootstrap for the means."""
    count, z = len(some), NormalDist().inv_cdf((1 + LEVEL) / 2)
    inside = sum(one.inside for one in some) / count
    middle = (inside + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * math.sqrt(inside * (1 - inside) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    means = [_mean([abs(one.error) for one in some]), _mean([one.score for one in some])]
    return Record(distance=distance, count=count, coverage=Estimate(inside, middle - reach, middle + reach),
                  error=means[0], score=means[1])  # fmt: skip


def _mean(values: Sequence[float]) -> Estimate:
    if len(values) < 3:
        return Estimate(float(np.mean(values)))
    picked = np.random.default_rng(0).choice(np.asarray(values), (DRAWS, len(values)))
    return from_draws(float(np.mean(values)), picked.mean(axis=1))


def _few(came: Sequence[Came]) -> list[Finding]:
    if not came or len(came) >= FEW:
        return []
    return [Finding("W15", "INFO", f"{len(came)} forecasts have been scored: the share inside says little yet",
                    "register more; ten say whether 90 % is nearer to 60 % or to 90 %")]  # fmt: skip


def _percent(estimate: Estimate, digits: int) -> str:
    value = f"{100 * estimate.value:.{digits}f} %"
    if math.isnan(estimate.low):
        return value
    return f"{value} [{100 * estimate.low:.{digits}f}, {100 * estimate.high:.{digits}f}]"
