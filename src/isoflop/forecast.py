"""The loss of a run not yet trained, and its inverse: what it takes to reach a loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isoflop import dual
from isoflop.allocation import allocate
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws, refuse_level, student
from isoflop.findings import Finding
from isoflop.fit import Fit
from isoflop.flops import rule_named
from isoflop.law import Curve, Law
from isoflop.units import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from rich.console import RenderableType

    Array = NDArray[np.float64]

Source = Fit | Curve
"""What can be asked for a forecast: a fit, or a published curve."""

AMBER, RED = 1.0, 2.0
"""Decades of extrapolation from which a forecast is doubtful, and from which it is a guess."""
_LARGEST = 250.0  # the logarithm of what counts as out of reach
_POINTS = np.linspace(_LARGEST, -50.0, 301)
_HALVINGS = 48  # of 300 natural logarithms: 1e-12


@dataclass(frozen=True)
class Forecast:
    """The loss of one new run, with the interval a new run should fall into.

    decades  how far beyond the runs' largest compute (or input), in powers of ten; 0 inside
    """

    inputs: Mapping[str, float]
    loss: Estimate
    decades: float

    def as_dict(self) -> dict[str, float]:
        """Give the forecast as it stands in the JSON."""
        numbers = {"loss": self.loss.value, "low": self.loss.low, "high": self.loss.high}
        return {**self.inputs, **numbers, "level": self.loss.level, "decades": self.decades}


@dataclass(frozen=True)
class Forecasts(Sequence[Forecast]):
    """Forecasts of some new runs, from one fit or curve, and what to know about them."""

    rows: tuple[Forecast, ...]
    source: str
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - Sequence's overloads
        return self.rows[index]

    def __rich__(self) -> RenderableType:
        """Give the forecasts as they look in a terminal: inputs, loss and interval, how far each extrapolates."""
        from isoflop.tables import findings_list, group, heading, interval, table

        names = list(self[0].inputs) if self else []
        level = f"{self[0].loss.level:.0%} interval" if self else ""
        rows = [
            [*map(show, one.inputs.values()), f"{one.loss.value:.4f}", interval(one.loss, 4), show(one.decades, 2)]
            for one in self
        ]
        body = table([*names, "loss", level, "decades beyond"], rows)
        return group(heading(self.source), body, findings_list(self.findings))

    def __str__(self) -> str:
        from isoflop.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from isoflop.tables import html

        return html(self)


def curve_of(source: Source) -> Curve:
    """Give the curve of a fit, or the curve itself."""
    return source.curve if isinstance(source, Fit) else source


def values_of(source: Source) -> Array:
    """Give the best parameter values as one row (1, parameters)."""
    curve = curve_of(source)
    return np.array([[curve.values[key] for key in curve.law.parameters]])


def forecast(source: Source, *, level: float = LEVEL, **at: ArrayLike) -> Forecasts:
    """Give the loss at these inputs, say N=8e9, D=15e12 (numbers, or arrays of new runs).

    For a fit, the interval is for a new run: the delta method with the HC3 covariance, plus the
    runs' own noise, in log loss with Student's t. A published curve has no interval (nan).
    """
    curve = curve_of(source)
    _refuse(curve.law, level)
    missing = [key for key in curve.law.inputs if key not in at]
    if missing:
        raise UsageError(
            f"law {curve.law.name} needs {', '.join(missing)}. Say {missing[0]}=..., as in {missing[0]}=8e9."
        )
    _refuse_others(at, curve.law)
    columns = dict(
        zip(at, np.broadcast_arrays(*[np.atleast_1d(np.asarray(at[key], float)) for key in at]), strict=True)
    )
    for key, column in columns.items():
        _refuse_nonpositive(key, column)
    loss = np.broadcast_to(curve(**{key: columns[key] for key in curve.law.inputs}), next(iter(columns.values())).shape)
    reach = _reach(source, columns, level)
    far = decades(curve, columns)
    with np.errstate(over="ignore"):  # an interval may reach to infinity
        lows, highs = loss * np.exp(-reach), loss * np.exp(reach)
    rows = tuple(
        Forecast(
            {key: float(column[row]) for key, column in columns.items()},
            Estimate(float(value), float(lows[row]), float(highs[row]), level),
            float(far[row]),
        )
        for row, value in enumerate(loss)
    )
    return Forecasts(rows, curve.name, _findings(source, float(np.nanmax(far, initial=0.0))))


def _refuse(law: Law, level: float) -> None:
    """Refuse a law of something else than loss, and a level that is none."""
    if law.output.name != "Nats":
        raise UsageError(f"law {law.name} gives {law.output.unit or law.output.name}, not a loss.")
    refuse_level(level)


def _refuse_others(at: Mapping[str, object], law: Law) -> None:
    """Refuse inputs that the law does not take; N and D may stand beside a law of one of them."""
    others = [key for key in at if key not in {*law.inputs, "N", "D"}]
    if others:
        raise UsageError(f"law {law.name} takes {', '.join(law.inputs)}, not {', '.join(others)}.")


def _refuse_nonpositive(key: str, values: ArrayLike) -> None:
    numbers = np.atleast_1d(np.asarray(values, float))
    bad = numbers[~((numbers > 0) & np.isfinite(numbers))]
    if bad.size:
        raise UsageError(f"{key}={bad[0]:g} must be a finite number above zero.")


def decades(curve: Curve, columns: Mapping[str, Array]) -> Array:
    """Give how many decades beyond the fitted runs each row lies, by compute if it is known."""
    reach = dict(columns)
    if {"N", "D"} <= set(columns):
        reach["C"] = rule_named("6ND").flops(columns["N"], columns["D"])
    keys = [key for key in (["C"] if "C" in reach and "C" in curve.fitted_on else columns) if key in curve.fitted_on]
    if not keys:
        return np.full(next(iter(columns.values())).shape, np.nan)
    beyond = [np.log10(reach[key] / curve.fitted_on[key][1]) for key in keys]
    return np.asarray(np.maximum(np.max(beyond, axis=0), 0.0))


def _reach(source: Source, columns: Mapping[str, Array], level: float) -> Array:
    """Give half the interval's width in log loss, for each row."""
    shape = next(iter(columns.values())).shape
    if not isinstance(source, Fit):
        return np.full(shape, np.nan)
    law = source.curve.law
    given = {key: np.asarray(value) for key, value in source.curve.values.items()} | dict(columns)
    value, slopes = dual.gradient(law.formula, given, tuple(law.parameters))
    zero = np.zeros(shape)
    gradient = np.array([np.broadcast_to(slopes.get(key, zero) / value, shape) for key in law.parameters])
    with np.errstate(all="ignore"):
        variance = np.einsum("pn,pq,qn->n", gradient, source.covariance, gradient) + source.noise**2
    return np.asarray(student(level, source.freedom) * np.sqrt(np.maximum(variance, 0.0)))


def _findings(source: Source, far: float) -> tuple[Finding, ...]:
    found = list(source_findings(source))
    if far > AMBER:
        found.append(Finding(
            "P01", "WARN" if far > RED else "INFO",
            f"{far:.1f} decades beyond the largest run" + (": a guess" if far > RED else ""),
            "train a run in between and refit",
        ))  # fmt: skip
    return tuple(found)


def source_findings(source: Source) -> tuple[Finding, ...]:
    """Give what to know about any answer from this fit or curve."""
    if isinstance(source, Fit):
        return (*source.findings, Finding(
            "P03", "INFO", "the interval is statistical: it holds if the law does, and is not calibrated by backtests",
            "compare several laws, and keep the largest runs out to see how far off the forecast is",
        ))  # fmt: skip
    found = [Finding("P12", "INFO", f"{source.name} is a published curve without a covariance, so there is no interval",
                     "fit your own runs to get one")]  # fmt: skip
    if source.caution:
        found.append(Finding("P11", "WARN", f"{source.name}: {source.caution}", "see isoflop laws for other curves"))
    return tuple(found)


def solve(unknown: str, source: Source, *, loss: float, level: float = LEVEL, **at: float) -> Estimate:
    """Give the tokens, parameters or compute that reach a loss, as in `solve("D", fit, loss=2.0, N=8e9)`.

    For "C" with neither N nor D given, the compute of the best allocation. Out of reach at any
    scale is inf.
    """
    curve = curve_of(source)
    draws = source.draws if isinstance(source, Fit) else np.zeros((0, len(curve.law.parameters)))
    _refuse(curve.law, level)
    for key, value in {"loss": loss, **at}.items():
        _refuse_nonpositive(key, value)
    find = _solver(unknown, curve, at)
    best = find(values_of(source), loss)[0]
    return from_draws(float(best), find(draws, loss) if len(draws) else np.array([]), level)


_Find = Callable[["Array", float], "Array"]


def _solver(unknown: str, curve: Curve, at: Mapping[str, float]) -> _Find:
    """Give the function that solves for the unknown on rows of parameter values."""
    law, rule = curve.law, rule_named("6ND")
    wrong = [key for key in at if key not in law.inputs or key == unknown]
    if wrong:
        raise UsageError(f"{', '.join(wrong)} cannot be given when solving for {unknown}. {_solvable(law)}")
    open_inputs = [key for key in law.inputs if key not in at]

    def one(values: Array, loss: float) -> Array:
        def predicted(log_x: Array) -> Array:
            named = {key: values[:, column] for column, key in enumerate(law.parameters)}
            given = {key: np.asarray(value, float) for key, value in at.items()} | {open_inputs[0]: np.exp(log_x)}
            return np.asarray(law.formula.evaluate(named | given))

        return _falls_to(predicted, loss, batch=len(values))

    if unknown == "C" and set(law.inputs) == {"N", "D"} and not at:
        return lambda values, loss: _falls_to(
            lambda log_c: allocate(law, values, np.exp(log_c), rule=rule, halvings=20).loss,
            loss,
            batch=len(values),
            points=np.linspace(_LARGEST, math.log(6.0), 41),  # a best allocation is costly to find
        )
    if unknown == "C" and set(law.inputs) == {"N", "D"} and len(open_inputs) == 1:
        known = next(iter(at.values()))
        return lambda values, loss: rule.flops(one(values, loss), known)
    if open_inputs != [unknown]:
        need = [key for key in open_inputs if key != unknown]
        if unknown in law.inputs:
            raise UsageError(f"solving for {unknown} also needs {', '.join(need)}. Say it, as in {need[0]}=8e9.")
        raise UsageError(f"law {law.name} cannot be solved for {unknown}. {_solvable(law)}")
    return one


def _solvable(law: Law) -> str:
    inputs = (*law.inputs, "C") if set(law.inputs) == {"N", "D"} else tuple(law.inputs)
    return f"It takes {', '.join(law.inputs)} and can be solved for {', '.join(inputs)}."


def _falls_to(predicted: Callable[[Array], Array], loss: float, *, batch: int, points: Array = _POINTS) -> Array:
    """Give the least x at which a function of log x falls to the loss: 0 if it starts below, inf if never.

    points  from the largest log x to the smallest: where to look for a valley
    """
    low, high = np.full(batch, points[-1]), np.full(batch, points[0])
    with np.errstate(all="ignore"):
        reached, always = predicted(high) <= loss, predicted(low) <= loss
        if not reached.all():  # a law may fall and rise again, as a quadratic does
            valley = _valley(predicted, loss, batch=batch, points=points)
            reached |= np.isfinite(valley)
            high = np.where(np.isfinite(valley), valley, high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = predicted(middle) > loss
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(always, 0.0, np.where(reached, np.exp((low + high) / 2), np.inf))


def _valley(predicted: Callable[[Array], Array], loss: float, *, batch: int, points: Array) -> Array:
    """Give the least of the points at which each row is at or below the loss, inf if none is."""
    found = np.full(batch, np.inf)
    for point in points:
        found = np.where(predicted(np.full(batch, point)) <= loss, point, found)
    return found
