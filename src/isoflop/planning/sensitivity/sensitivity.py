"""runs + a budget → Sensitivity: a baseline, one factor changed at a time, then every combination."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from isoflop.data.runs import ColumnMapping, Runs
from isoflop.errors import IsoflopError
from isoflop.estimate import LEVEL, Estimate
from isoflop.findings import Finding
from isoflop.fitting.approaches import Frontier, approach1, approach2
from isoflop.fitting.fit import Fit, fit, fit_at
from isoflop.fitting.options import Options
from isoflop.forecasting.ensemble import UNTESTED, combine, evidence
from isoflop.formula.arrays import Array
from isoflop.formula.law import Law
from isoflop.planning.plan import plan_with
from isoflop.planning.result import Plan
from isoflop.planning.sensitivity.choices import (
    ALL,
    FACTORS,
    OBJECTIVES,
    OUTLIERS,
    TOGETHER,
    Choice,
    Counts,
    counts,
    kept,
    laws,
)
from isoflop.planning.sensitivity.cross import cross, nearby
from isoflop.planning.sensitivity.result import QUANTITIES, Factor, Row, Sensitivity
from isoflop.quantities import show

OTHER_DRAWS, OTHER_STARTS = 100, 8
"""Draws and starts that all choices but the baseline make do with."""
NOISIER = 1.25
"""A law that leaves so many times the noise of the best one fits these runs too badly to count."""
WIDER = 1.5
"""P13 fires where the choice of method moves log N by so many times the baseline's interval: laws of another form
move it by about as much as the interval even on simulated ladders of which one law is right (benchmarks/LOG.md)."""
COUNT = "N_convention"
_INSIDE = 2.0  # parameters or tokens: below, an allocation stopped at its end


def sensitivity(
    runs: Runs | ColumnMapping,
    *,
    flops: float,
    law: str | Law = "chinchilla",
    objective: str = "robust",
    draws: int = 1000,
    seed: int = 0,
    starts: int = 32,
    level: float = LEVEL,
) -> Sensitivity:
    """Return what each choice of method prescribes for so many training FLOPs, and which choice matters most.

    The baseline is `plan(fit(law, runs, objective=…), flops=…)` with its statistical intervals. From there the
    objective, the runs left out, the law (among them several laws, the default plan), the approach (1, 2 or 3) and
    the count of N are changed, one at a time, in every combination of approach 3, and approaches 1 and 2 with runs
    left out. With another count, N is so counted, and C = 6ND with it.
    A choice that these runs cannot carry is a row that says why. Raises DataError when they cannot carry the baseline.

    >>> import numpy as np
    >>> C, place = (one.ravel() for one in np.meshgrid([1e18, 1e19, 1e20], np.geomspace(0.25, 4, 7)))
    >>> N = 0.1 * C**0.5 * place
    >>> runs = isoflop.Runs.of(N=N, C=C, loss=1.7 + 400 / N**0.34 + 410 / (C / (6 * N)) ** 0.34)
    >>> found = isoflop.sensitivity(runs, flops=1e21, draws=20, starts=4)
    >>> found.flops
    1e+21
    """
    base = fit(law, runs, objective=objective, draws=draws, seed=seed, starts=starts, level=level)
    planned = plan_with(base, UNTESTED, flops=flops, level=level)
    ways = _Ways(base, counts(base.own_runs), planned)
    single, cells = tuple(ways.single()), tuple(ways.combinations())
    rows = (*single, *(row for row in cells if len(row.changed) > 1), *ways.crossed(single))
    shares = _shares([row for row in cells if row.counted])
    factors = sorted((_factor(name, single, shares) for name in FACTORS), key=lambda one: -one.times)
    ranges = {name: _range(rows, name) for name in QUANTITIES}
    return Sensitivity(
        flops=planned.C, rows=rows, factors=tuple(factors),
        together=max(0.0, 1 - sum(shares.values())) if shares else math.nan, range=ranges, source=base.source,
        level=level, findings=(*_wider(rows, planned.N, factors), *planned.findings),
    )  # fmt: skip


@dataclass(frozen=True)
class _Ways:
    """The ways from runs to a plan, around a baseline fit and what it planned."""

    base: Fit
    counts: Counts
    planned: Plan

    def single(self) -> Iterator[Row]:
        """Return the baseline, then the rows in which one factor differs from it."""
        yield self._row(self._choice(), self.base)
        for objective in OBJECTIVES:
            if objective != self.base.options.objective:
                yield self._row(self._choice(objective=objective), self._near(objective=objective))
        for outliers in OUTLIERS[1:]:
            row = self._row(self._choice(outliers=outliers), self._near(outliers=outliers))
            yield replace(row, left_out=int((~kept(outliers, self.base)).sum()))
        yield self._default()
        for law in (self.base.law.name, *laws()):
            found = self._fits.get(law)
            if found is None:
                yield Row(self._choice(law=law), ("law",), counted=False, note=self._unfitted[law])
            elif found is not self.base and law != self.base.law.name:
                yield self._row(self._choice(law=law), found)
        for approach, verb in ((1, approach1), (2, approach2)):
            yield self._read_off(approach, verb)
        recounted = self.counts.problem or self._near(N=self.counts.N)
        yield self._row(self._choice(N_convention=self.counts.other), recounted)

    def combinations(self) -> Iterator[Row]:
        """Return a row for every combination of objective, runs left out, law and count of N, without intervals.

        Laws that fit the runs too badly to count are left out.
        """
        fits = [one for one in self._fits.values() if one is self.base or not self._worse(one)]
        sizes = {self.counts.given: self.base.own_runs["N"]}
        if self.counts.N is not None:
            sizes[self.counts.other] = self.counts.N
        objectives = dict.fromkeys((self.base.options.objective, *OBJECTIVES))
        for cell in cross(fits, sizes, flops=self.planned.C, objectives=objectives, outliers=OUTLIERS):
            N, D, ratio, loss = map(Estimate, (cell.N, cell.D, cell.D / cell.N, cell.loss))
            yield self._doubted(Row(cell.choice, cell.choice.differences(self._choice()), N, D, ratio, loss))

    def crossed(self, single: Sequence[Row]) -> Iterator[Row]:
        """Return what approaches without a law say with runs left out, if they say anything of all, intervals aside."""
        known = {row.choice.approach for row in single if not math.isnan(row.N.value)}
        for approach, verb in ((1, approach1), (2, approach2)):
            if approach not in known:
                continue
            for outliers in OUTLIERS[1:]:
                row = self._read_off(approach, verb, outliers=outliers)
                yield replace(row, left_out=int((~kept(outliers, self.base)).sum()))

    def _default(self) -> Row:
        """Return what plans where no law is asked for: `plan(runs, flops=…)`, intervals and all."""
        choice = self._choice(objective=None, law=TOGETHER)
        try:
            together = combine(self.base.own_runs)
        except IsoflopError as error:
            return Row(choice, ("law",), counted=False, note=_reason(error, self.base.source))
        planned = plan_with(together, evidence(together), flops=self.planned.C, level=self.base.options.level)
        return self._doubted(Row(choice, ("law",), **{name: getattr(planned, name) for name in QUANTITIES}))

    def _choice(self, **changed: Any) -> Choice:
        """Return the baseline's choice, but for what is changed."""
        asked = self.base.options.objective
        return replace(Choice(asked, ALL, self.base.law.name, 3, self.counts.given), **changed)

    @cached_property
    def _tried(self) -> tuple[dict[str, Fit], dict[str, str]]:
        """Each law's fit to the baseline's runs by its objective, and why the others have none."""
        fits, reasons, options = {self.base.law.name: self.base}, dict[str, str](), self._options(starts=OTHER_STARTS)
        for name in laws():
            if name not in fits:
                try:
                    fits[name] = fit(
                        name, self.base.own_runs, objective=options.objective, draws=options.draws, seed=options.seed,
                        starts=options.starts, level=options.level,
                    )  # fmt: skip
                except IsoflopError as error:
                    reasons[name] = _reason(error, self.base.source)
        return fits, reasons

    @property
    def _fits(self) -> dict[str, Fit]:
        return self._tried[0]

    @property
    def _unfitted(self) -> dict[str, str]:
        return self._tried[1]

    @cached_property
    def _least(self) -> float:
        return min(one.noise for one in self._fits.values())

    def _worse(self, found: Fit) -> bool:
        return found.noise > NOISIER * self._least

    def _options(self, **changed: Any) -> Options:
        asked = self.base.options
        return replace(asked, draws=min(asked.draws, OTHER_DRAWS), **changed)

    def _near(self, objective: str = "", outliers: str = ALL, *, N: Array | None = None) -> Fit | str:
        """Return the baseline's law fitted otherwise, from the baseline's own optimum, or say why that cannot be."""
        base, size = self.base, self.base.own_runs["N"] if N is None else N
        chosen = objective or base.options.objective
        try:
            problem, found, keep = nearby(base, chosen, outliers, N=size)
        except IsoflopError as error:
            return _reason(error, base.source)
        some = replace(base.own_runs, columns=MappingProxyType({**base.own_runs.columns, "N": size})).take(keep)
        name, log = OBJECTIVES.get(chosen, (chosen, True))
        return fit_at(problem, found, some, options=self._options(objective=name, log=log), law=base.law)

    def _row(self, choice: Choice, found: Fit | str) -> Row:
        changed = choice.differences(self._choice())
        if isinstance(found, str):
            return Row(choice, changed, counted=False, note=found)
        planned = (
            self.planned
            if found is self.base
            else plan_with(replace(found, judges=False), UNTESTED, flops=self.planned.C, level=found.options.level)
        )
        return self._doubted(Row(choice, changed, **{name: getattr(planned, name) for name in QUANTITIES}))

    def _doubted(self, row: Row) -> Row:
        """Return the row as one that does not count, if it is less defensible than the baseline."""
        found = self._fits.get(str(row.choice.law))
        if "law" in row.changed and found is not None and self._worse(found):
            note = f"fits these runs worse, with noise of {found.noise:.2%}; the best law leaves {self._least:.2%}"
            return replace(row, counted=False, note=note)
        if not min(row.N.value, row.D.value) > _INSIDE:
            return replace(row, counted=False, note="it has no best N: its loss only falls towards one end")
        return row

    def _read_off(self, approach: int, verb: Callable[..., Frontier[Any]], *, outliers: str = ALL) -> Row:
        """Return the row of approach 1 or 2, which fit no law; with runs left out it has no intervals."""
        choice, asked = self._choice(objective=None, law=None, approach=approach, outliers=outliers), self.base.options
        changed = ("approach",) if outliers == ALL else ("outliers", "approach")
        draws = min(asked.draws, OTHER_DRAWS) if outliers == ALL else 0
        some = self.base.own_runs.take(kept(outliers, self.base))
        try:
            found = verb(some, draws=draws, seed=asked.seed, level=asked.level)
        except IsoflopError as error:
            return Row(choice, changed, counted=False, note=_reason(error, self.base.source))
        if math.isnan(found.N.slope):
            return Row(choice, changed, counted=False, note=_reason(found.findings[-1].message, ""))
        best = found.at(self.planned.C)
        ratio = replace(
            found.D, height=found.D.height - found.N.height, slope=found.D.slope - found.N.slope,
            height_draws=found.D.height_draws - found.N.height_draws,
            slope_draws=found.D.slope_draws - found.N.slope_draws,
        )  # fmt: skip
        return Row(choice, changed, best.N, best.D, ratio(self.planned.C))


def _reason(error: object, source: str) -> str:
    """Return the first sentence of what was refused."""
    return str(error).removeprefix(f"{source}: ").split(". ")[0].rstrip(".")


def _known(row: Row) -> bool:
    return row.counted and math.isfinite(row.N.value)


def _range(rows: Sequence[Row], name: str) -> tuple[float, float]:
    """Return the least and largest value of a quantity over the rows that count."""
    values = [getattr(row, name).value for row in rows if row.counted]
    values = [value for value in values if math.isfinite(value)]
    return min(values), max(values)


def _factor(name: str, rows: Sequence[Row], shares: Mapping[str, float]) -> Factor:
    """Say how far N moves when one factor alone is changed; the first row is the baseline."""
    here = [row for row in rows if row.changed in {(), (name,)} and _known(row)]
    return Factor(name, len(here), *_range(here, "N"), shares.get(name, math.nan))


def _shares(rows: Sequence[Row]) -> dict[str, float]:
    """Return the share of the variance of log N over all combinations that each factor explains alone."""
    y = np.log([row.N.value for row in rows])
    total = float(((y - y.mean()) ** 2).sum())
    if not total > 0:
        return {}
    found = {}
    for name in FACTORS:
        levels = np.array([str(getattr(row.choice, name)) for row in rows])
        groups = [y[levels == level] for level in dict.fromkeys(levels.tolist())]
        if len(groups) > 1:
            found[name] = float(sum(len(group) * (group.mean() - y.mean()) ** 2 for group in groups) / total)
    return found


def _wider(rows: Sequence[Row], stated: Estimate, factors: Sequence[Factor]) -> tuple[Finding, ...]:
    """Return P13 if the choice of method moves N, counted one way, further than the baseline's interval reaches."""
    low, high = _range([row for row in rows if COUNT not in row.changed], "N")
    if not math.log(high / low) > WIDER * math.log(stated.high / stated.low):
        return ()
    most = next(one for one in factors if one.name != COUNT)
    return (
        Finding(
            "P13",
            "WARN",
            f"the choice of method moves N from {show(low)} to {show(high)}, {high / low:.1f} times, while the "
            f"{stated.level:.0%} interval of the baseline spans {stated.high / stated.low:.1f} times. Changed alone, "
            f"the {FACTORS[most.name]} moves it most, {most.times:.1f} times",
            "quote the range, and say with a number which objective, runs, law and approach gave it",
        ),
    )
