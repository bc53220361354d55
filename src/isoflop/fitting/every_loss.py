"""One law fitted to several losses of the same runs: each as alone, and how far their errors go together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from isoflop.display import View, dim, doubts, group, heading, table
from isoflop.errors import UsageError, shown
from isoflop.estimate import LEVEL
from isoflop.findings import Answer, Finding
from isoflop.fitting.fit import Fit, fit
from isoflop.fitting.saved import fit_as_dict
from isoflop.quantities import show

if TYPE_CHECKING:
    from rich.table import Table

    from isoflop.data.runs import Runs
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Law

FEWEST_SHARED = 5
"""Runs with both losses from which it is said how far their errors go together."""
TOGETHER = "correlations of the runs' distances from their curves"
"""What `together_table` shows, in words."""


class Fitted(Protocol):
    """What was fitted to runs and says a loss, as far as it is compared with another."""

    @property
    def runs(self) -> Runs | None:
        """The runs behind it."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it takes."""

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss at inputs (points,)."""


@dataclass(frozen=True, kw_only=True)
class LossFits(Answer):
    """The fits of one law to several losses of the same runs.

    each          loss → its fit, the same as alone
    correlations  (losses, losses): of the runs' distances from their curves; nan where too few runs have both

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.fit_all("chinchilla", {"nats": runs, "again": runs}, draws=0)
    >>> list(found.each), found["nats"].used
    (['nats', 'again'], 72)
    """

    each: Mapping[str, Fit]
    correlations: Array = field(repr=False)

    def __getitem__(self, name: str) -> Fit:
        """Return the fit of one loss."""
        return self.each[name]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be known: once where every loss says it, else with the name of the loss."""
        return told_of({name: one.findings for name, one in self.each.items()})

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        return {
            "losses": {name: fit_as_dict(one) for name, one in self.each.items()},
            "correlations": dict(zip(self.each, self.correlations.tolist(), strict=True)),
            "findings": [one.as_dict() for one in self.findings],
        }

    def __rich__(self) -> View:
        """Return one table of all losses, a row each, and the correlations below."""
        first = next(iter(self.each.values()))
        rows = [
            [shown(name), *(_value(estimate.value) for estimate in one.parameters.values()), f"{one.noise:.2%}",
             str(one.used)]
            for name, one in self.each.items()
        ]  # fmt: skip
        body = table(["loss", *first.parameters, "noise", "runs"], rows)
        head = heading(f"{len(self.each)} losses", str(first.law.formula))
        errors = together_table([*self.each], self.correlations)
        return group(head, body, "", errors, dim(TOGETHER), doubts(self.findings))


def _value(value: float) -> str:
    return "unknown" if math.isnan(value) else show(value, 4)


def fit_all(
    law: str | Law,
    each: Mapping[str, Runs],
    *,
    objective: str = "robust",
    draws: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
    fix: Mapping[str, str | float] | None = None,
    allow: Sequence[str] = (),
) -> LossFits:
    """Fit a law to several losses, each to its own runs as `fit` would; `each_loss` gives those of one table.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> found = isoflop.fit_all("chinchilla", {"nats": runs, "again": runs}, draws=0)
    >>> found["nats"].curve.values == found["again"].curve.values
    True
    """
    if not each:
        raise UsageError('name the losses to fit, as in {"web": runs_of_web, "code": runs_of_code}.')
    options = {"objective": objective, "draws": draws, "seed": seed, "level": level, "fix": fix, "allow": allow}
    return together({name: fit(law, runs, **options) for name, runs in each.items()})  # type: ignore[arg-type]


def together(each: Mapping[str, Fit]) -> LossFits:
    """Return fits of several losses with what their errors have in common."""
    return LossFits(each=each, correlations=correlations_of(list(each.values())))


def correlations_of(fitted: Sequence[Fitted]) -> Array:
    """Return the correlations of the runs' distances from their curves, by Pearson, over the rows that both have."""
    found = np.full((len(fitted), len(fitted)), np.nan)
    np.fill_diagonal(found, 1.0)
    apart = [_distances(one) for one in fitted]
    for row, one in enumerate(apart):
        for column, other in enumerate(apart[:row]):
            shared = sorted(one.keys() & other.keys())
            pair = np.array([[side[key] for key in shared] for side in (one, other)])
            if len(shared) >= FEWEST_SHARED and (pair.std(axis=1) > 0).all():
                found[row, column] = found[column, row] = np.corrcoef(pair)[0, 1]
    return found


def _distances(one: Fitted) -> dict[int, float]:
    """Return row → log loss less the curve's, of the runs behind a source."""
    runs = one.runs
    if runs is None:
        return {}
    apart = np.log(runs["loss"]) - one.log_loss({key: runs[key] for key in one.inputs})
    return {row: value for row, value in zip(runs.rows.tolist(), apart.tolist(), strict=True) if math.isfinite(value)}


def together_table(names: Sequence[str], correlations: Array) -> Table:
    """Return the correlations as a table, a dash where they are not known."""
    rows = [
        [shown(name), *("–" if math.isnan(one) else f"{one:.2f}" for one in row)]
        for name, row in zip(names, correlations.tolist(), strict=True)
    ]
    return table(["errors together", *map(shown, names)], rows)


def told_of(said: Mapping[str, Iterable[Finding]]) -> tuple[Finding, ...]:
    """Return the findings of several losses: once what every loss says, the others with the name of the loss."""
    each = {name: tuple(found) for name, found in said.items()}
    shared = [one for one in next(iter(each.values())) if all(one in found for found in each.values())]
    own = [
        replace(one, message=f"{shown(name)}: {one.message}")
        for name, found in each.items() for one in found if one not in shared
    ]  # fmt: skip
    return tuple(dict.fromkeys([*shared, *own]))
