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
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import Finding
from isoflop.fit import Fit
from isoflop.flops import rule_named
from isoflop.law import Curve
from isoflop.units import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

Source = Fit | Curve
"""What can be asked for a forecast: a fit, or a published curve."""

AMBER, RED = 1.0, 2.0
"""Decades of extrapolation from which a forecast is doubtful, and from which it is a guess."""
_LARGEST = 250.0  # the logarithm of what counts as out of reach


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

    def __str__(self) -> str:
        from isoflop.tables import forecasts_text

        return forecasts_text(self)


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
    missing = [key for key in curve.law.inputs if key not in at]
    if missing:
        raise UsageError(
            f"law {curve.law.name} needs {', '.join(missing)}. Say {missing[0]}=..., as in {missing[0]}=8e9."
        )
    columns = dict(
        zip(at, np.broadcast_arrays(*[np.atleast_1d(np.asarray(at[key], float)) for key in at]), strict=True)
    )
    if not all((column > 0).all() for column in columns.values()):
        raise UsageError(f"{', '.join(columns)} must be above zero.")
    loss = np.broadcast_to(curve(**{key: columns[key] for key in curve.law.inputs}), next(iter(columns.values())).shape)
    reach = _reach(source, columns, level)
    far = decades(curve, columns)
    rows = tuple(
        Forecast(
            {key: float(column[row]) for key, column in columns.items()},
            Estimate(float(value), float(value * np.exp(-reach[row])), float(value * np.exp(reach[row])), level),
            float(far[row]),
        )
        for row, value in enumerate(loss)
    )
    return Forecasts(rows, curve.name, _findings(source, float(np.nanmax(far, initial=0.0))))


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
    from scipy.special import stdtrit

    law = source.curve.law
    given = {key: np.asarray(value) for key, value in source.curve.values.items()} | dict(columns)
    value, slopes = dual.gradient(law.formula, given, tuple(law.parameters))
    zero = np.zeros(shape)
    gradient = np.array([np.broadcast_to(slopes.get(key, zero) / value, shape) for key in law.parameters])
    variance = np.einsum("pn,pq,qn->n", gradient, source.covariance, gradient) + source.noise**2
    return np.asarray(stdtrit(max(source.freedom, 1), 0.5 + level / 2) * np.sqrt(np.maximum(variance, 0.0)))


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
    if not loss > 0:
        raise UsageError(f"loss={loss:g} must be above zero.")
    find = _solver(unknown, curve, at)
    best = find(values_of(source), loss)[0]
    return from_draws(float(best), find(draws, loss) if len(draws) else np.array([]), level)


_Find = Callable[["Array", float], "Array"]


def _solver(unknown: str, curve: Curve, at: Mapping[str, float]) -> _Find:
    """Give the function that solves for the unknown on rows of parameter values."""
    law, rule = curve.law, rule_named("6ND")
    wrong = [key for key, value in at.items() if key not in law.inputs or not value > 0]
    if wrong or unknown in at:
        raise UsageError(
            f"{', '.join(wrong) or unknown} cannot be given here; law {law.name} takes {', '.join(law.inputs)}."
        )
    open_inputs = [key for key in law.inputs if key not in at]

    def one(values: Array, loss: float) -> Array:
        def predicted(log_x: Array) -> Array:
            named = {key: values[:, column] for column, key in enumerate(law.parameters)}
            given = {key: np.asarray(value, float) for key, value in at.items()} | {open_inputs[0]: np.exp(log_x)}
            return np.asarray(law.formula.evaluate(named | given))

        return _falls_to(predicted, loss, batch=len(values))

    if unknown == "C" and set(law.inputs) == {"N", "D"} and not at:
        return lambda values, loss: _falls_to(
            lambda log_c: allocate(law, values, np.exp(log_c), rule=rule).loss,
            loss,
            batch=len(values),
            lowest=math.log(6.0),
        )
    if unknown == "C" and set(law.inputs) == {"N", "D"} and len(open_inputs) == 1:
        known = next(iter(at.values()))
        return lambda values, loss: rule.flops(one(values, loss), known)
    if open_inputs != [unknown]:
        need = [key for key in open_inputs if key != unknown]
        hint = f"give {', '.join(f'{key}=...' for key in need)}" if need else f"it takes {', '.join(law.inputs)}"
        raise UsageError(f"law {law.name} cannot be solved for {unknown} alone: {hint}.")
    return one


def _falls_to(predicted: Callable[[Array], Array], loss: float, *, batch: int, lowest: float = -50.0) -> Array:
    """Give the x at which a falling function of log x reaches the loss: 0 if everywhere, inf if nowhere."""
    low, high = np.full(batch, lowest), np.full(batch, _LARGEST)
    with np.errstate(all="ignore"):
        never, always = predicted(high) > loss, predicted(low) <= loss
        for _ in range(64):
            middle = (low + high) / 2
            above = predicted(middle) > loss
            low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(never, np.inf, np.where(always, 0.0, np.exp((low + high) / 2)))


def describe(at: Mapping[str, float]) -> str:
    """Give inputs in words: N 8.00B, D 15.0T."""
    return ", ".join(f"{key} {show(value)}" for key, value in at.items())
