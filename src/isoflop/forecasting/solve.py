"""What it takes to reach a loss: the inverse of a forecast, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.compute.flops import rule_named
from isoflop.data.runs.costs import own_terms
from isoflop.display import View, findings_list, group
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.findings import Answer, Finding
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.source import Source, refuse, refuse_nonpositive, settle
from isoflop.formula.arrays import Array, bisect
from isoflop.quantities import as_number, show

_POINTS = np.linspace(-50.0, 250.0, 301)
"""Natural logarithms of an input at which the loss is looked at first; what lies beyond is out of reach."""
_LEAST_BUDGET = 6.0001
"""FLOPs of one parameter on one token, to rounding: a loss reached there is reached by anything."""


@dataclass(frozen=True, kw_only=True)
class Solution(Answer):
    """What reaches a loss, and what to know about it.

    unknown   what was solved for: D, N, C or another input
    estimate  its value: 0 where anything reaches the loss, inf where nothing does
    source    who says so
    loss      the loss to be reached; given: what is held fixed
    answers   what says so, for figures
    """

    unknown: str
    estimate: Estimate
    source: str
    loss: float
    given: Mapping[str, float]
    findings: tuple[Finding, ...] = ()
    answers: Predictor | None = field(default=None, repr=False, compare=False)

    @property
    def value(self) -> float:
        """The value at which the forecast is the loss asked for."""
        return self.estimate.value

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.estimate.low

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.estimate.high

    @property
    def level(self) -> float:
        """The level of the interval."""
        return self.estimate.level

    @property
    def intervals(self) -> Mapping[str, tuple[float, float]]:
        """Each kind of interval, as a forecast has them."""
        return self.estimate.intervals

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return {self.unknown: self.estimate.as_dict(), "findings": [one.as_dict() for one in self.findings]}

    def __rich__(self) -> View:
        """Return the answer as it looks in a terminal: one line, and what to know about it."""
        return group(f"{self.unknown} = {self.estimate}", findings_list(self.findings))


def solve(
    unknown: str, source: Source, *, loss: float | None = None, level: float = LEVEL, **at: float | str
) -> Solution:
    """Return the tokens, parameters or compute that reach a loss, as in `solve("D", fit, loss=2.0, N=8e9)`.

    For "C" with neither N nor D given, the compute of the best allocation. A metric is given by its name:
    accuracy=0.7. The interval is the forecast's: where a run of the predicted loss L may end between l and h, the
    value for h to be low enough is the one that predicts loss · L / h, and the luck of l would do with loss · L / l.
    Out of reach at any scale is inf, and a finding says why.

    >>> round(float(isoflop.solve("D", "besiroglu2024", loss=2.0, N=70e9).value) / 1e12, 1)
    0.6
    """
    answers, given = settle(source), {key: as_number(value, key) for key, value in at.items()}
    metric = answers.metric
    if loss is None and metric is not None and metric.name in given:
        loss = metric.reached(given.pop(metric.name))
    if loss is None:
        raise UsageError("say which loss to reach, as in loss=2.0.")
    loss = as_number(loss, "loss")
    for key, value in {"loss": loss, **given}.items():
        refuse_nonpositive(key, value)
    refuse_level(level)
    if metric is None or not metric.falls:
        refuse(answers.curves[0].law, level)
    inverse = inverse_of(unknown, answers, given)
    best = float(inverse.reaching(np.array([loss]))[0])
    if not 0 < best < math.inf:
        if any(one.severity == "BLOCK" for one in answers.findings):  # where no forecast is given, nothing undoes it
            best = math.nan
        found = (*answers.findings, *([_out_of_reach(inverse, answers, loss)] if math.isinf(best) else []))
        return Solution(
            unknown=unknown, estimate=Estimate(best, level=level), source=answers.name, loss=loss, given=given,
            findings=found, answers=answers,
        )  # fmt: skip
    there = forecast_with(answers, evidence(answers), level=level, at=inverse.inputs(best))
    known = _estimate(inverse, best, loss, there=there[0].loss)
    if set(there[0].loss.intervals) == {"laws"}:  # published curves: each has an answer of its own
        each = [float(inverse_of(unknown, one, given).reaching(np.array([loss]))[0]) for one in answers.curves]
        known = Estimate(best, min(each), max(each), level, {"laws": (min(each), max(each))})
    return Solution(
        unknown=unknown, estimate=known, source=answers.name, loss=loss, given=given, findings=there.findings,
        answers=answers,
    )  # fmt: skip


def _estimate(inverse: Inverse, best: float, loss: float, *, there: Estimate) -> Estimate:
    """Return the value with the intervals that the forecast there has, turned into the unknown."""
    if not there.intervals:  # where no forecast is given, neither is what undoes it
        return Estimate(math.nan if math.isnan(there.value) else best, level=there.level)
    ends = np.array([*there.intervals.values(), (there.low, there.high)])
    found = inverse.reaching((loss * there.value / ends).ravel()).reshape(-1, 2)
    found[np.isnan(ends)] = math.nan
    kinds = {kind: (float(low), float(high)) for kind, (low, high) in zip(there.intervals, found, strict=False)}
    return Estimate(best, float(found[-1, 0]), float(found[-1, 1]), there.level, kinds)


@dataclass(frozen=True)
class Inverse:
    """From losses to an unknown.

    reaching  losses (k,) → the unknown (k,): 0 if all reach a loss, inf if nothing does
    inputs    a value of the unknown → the inputs of the run that has it
    least     the least log loss within reach
    """

    reaching: Callable[[Array], Array]
    inputs: Callable[[float], dict[str, float]]
    least: Callable[[], float]


def inverse_of(unknown: str, source: Predictor, at: Mapping[str, float]) -> Inverse:
    """Return the inverse of a source for what is unknown; raises UsageError where it cannot be."""
    takes, rule = source.inputs, rule_named(source.runs.flop_rule if source.runs is not None else "6ND")
    if wrong := [key for key in at if key not in takes or key == unknown]:
        raise UsageError(f"{', '.join(wrong)} cannot be given when solving for {unknown}. {_solvable(source)}")
    free = [key for key in takes if key not in at]
    if unknown == "C" and set(takes) == {"N", "D"} and not at:
        return _best_compute(source)
    if unknown == "C" and set(takes) == {"N", "D"} and len(free) == 1:
        known, inner = next(iter(at.values())), _along(free[0], source, at)
        return Inverse(
            lambda losses: rule.flops(inner.reaching(losses), known),
            lambda flops: inner.inputs(float(rule.tokens(known, flops))), inner.least,
        )  # fmt: skip
    if free != [unknown]:
        need = [key for key in free if key != unknown]
        if unknown in takes:
            raise UsageError(f"solving for {unknown} also needs {', '.join(need)}. Say it, as in {need[0]}=8e9.")
        raise UsageError(f"{source.curves[0].law.name} cannot be solved for {unknown}. {_solvable(source)}")
    return _along(unknown, source, at)


def _best_compute(source: Predictor) -> Inverse:
    line = Allocation(source, own_terms(source.runs))

    def reaching(losses: Array) -> Array:
        found = line.reaching(losses)
        return np.where(found <= _LEAST_BUDGET, 0.0, found)

    def run(flops: float) -> dict[str, float]:
        budget = np.array([flops])
        return {key: float(value[0]) for key, value in line.inputs(line.best(budget), budget).items()}

    return Inverse(reaching, run, lambda: float(np.nanmin(line.best_loss(np.geomspace(1e20, 1e50, 31)))))


def _along(key: str, source: Predictor, at: Mapping[str, float]) -> Inverse:
    """Return the inverse along one input, the others given."""

    def log_loss(log_x: Array) -> Array:
        given = {name: np.full(log_x.shape, value) for name, value in at.items()}
        with np.errstate(all="ignore"):
            found = source.log_loss({**given, key: np.exp(log_x)})
        return np.where(np.isnan(found), np.inf, found)

    def reaching(losses: Array) -> Array:
        """Find the least x at which the loss falls to each: a law may fall and rise again, as a quadratic does."""
        wanted = np.log(losses)
        reached = log_loss(_POINTS) <= wanted[:, None]
        falls = ~reached[:, :-1] & reached[:, 1:]
        place = np.argmax(falls, axis=1)
        found = np.exp(bisect(lambda log_x: log_loss(log_x) > wanted, _POINTS[place], _POINTS[place + 1]))
        return np.where(falls.any(axis=1), found, np.where(reached.all(axis=1), 0.0, np.inf))

    return Inverse(reaching, lambda value: {**at, key: value}, lambda: float(np.min(log_loss(_POINTS))))


def _solvable(source: Predictor) -> str:
    inputs = (*source.inputs, "C") if set(source.inputs) == {"N", "D"} else tuple(source.inputs)
    return f"It takes {', '.join(source.inputs)} and can be solved for {', '.join(inputs)}."


def _out_of_reach(inverse: Inverse, source: Predictor, loss: float) -> Finding:
    """Return the finding P20: no value of the unknown reaches the loss, and what the least loss is."""
    least = math.exp(inverse.least())
    return Finding(
        "P20", "WARN",
        f"loss {loss:.5g} is out of reach: whatever is spent, {source.name} ends at {show(least, 5)}",
        "ask for a loss above it, or give more of what is held fixed",
    )  # fmt: skip
