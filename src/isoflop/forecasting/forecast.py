"""The loss of a run not yet trained: from several laws at once, from one fit, or from a published curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from isoflop.compute.flops import rule_named
from isoflop.data.question import question
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.forecasting.backtest import axis_of
from isoflop.forecasting.baselines import baselines
from isoflop.forecasting.doubts import elsewhere, guess_nearer, left_aside, narrow
from isoflop.forecasting.ensemble import Evidence, evidence
from isoflop.forecasting.extrapolation import decades, outside
from isoflop.forecasting.findings import concealed, strained, turned, untested
from isoflop.forecasting.intervals import headline, intervals
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.record import record
from isoflop.forecasting.result import Forecast, Forecasts
from isoflop.forecasting.source import Source, refuse, refuse_nonpositive, settle
from isoflop.formula.arrays import Array
from isoflop.quantities import as_numbers, is_date, show

AT_ONCE = 1_000
"""New runs looked at together, so that a long list of them takes little memory."""


def forecast(source: Source, *, level: float = LEVEL, **at: ArrayLike) -> Forecasts:
    """Return the loss at these inputs, say N=8e9, D=15e12 (numbers, or arrays of new runs).

    Runs are forecast by several laws together, with an interval for a new run that past errors on
    the same runs calibrate. For one fit, the interval is the widest of three: statistical (delta
    method, HC3 covariance, the runs' noise, Student's t), calibrated, and the spread of laws. A
    published curve has no interval (nan).

    >>> found = isoflop.forecast("besiroglu2024", N=[1e9, 1e10], D=2e11)
    >>> [round(one.loss.value, 2) for one in found]
    [2.33, 2.13]
    """
    settled = settle(source)
    return forecast_with(settled, evidence(settled), level=level, at=at)


def forecast_with(source: Predictor, behind: Evidence, *, level: float, at: Mapping[str, ArrayLike]) -> Forecasts:
    """Return the forecast of a source whose evidence is at hand."""
    refuse_level(level)
    if source.metric is None:
        refuse(source.curves[0].law, level)
    columns = _columns(at, source)
    count = len(next(iter(columns.values())))
    blocks = [{key: column[first : first + AT_ONCE] for key, column in columns.items()}
              for first in range(0, count, AT_ONCE)]  # fmt: skip
    rows = tuple(row for block in blocks for row in _rows(source, behind, block, level=level))
    hidden = concealed(source, columns)
    rows = tuple(one.unknown() if hide else one for one, hide in zip(rows, hidden.tolist(), strict=True))
    strayed = outside(source.name, source.fitted_on, columns)
    bent = [] if hidden.any() or not (source.metric is None or source.metric.falls) else turned(source, blocks[0])
    past = record(behind.own) if behind.own else None
    against = (*elsewhere(behind.own), *left_aside(behind.own), *guess_nearer(past), *narrow(rows, past))
    found = (*source.findings, *untested(source, behind), *strained(rows), *strayed, *bent, *against)
    return Forecasts(rows, source.name, found, past, source)


def _as_long(columns: Mapping[str, Array]) -> Sequence[Array]:
    """Return columns of one length: one number stands for as many as the others are."""
    try:
        return np.broadcast_arrays(*columns.values())
    except ValueError:
        told = ", ".join(f"{key} has {column.size}" for key, column in columns.items())
        raise UsageError(f"the new runs differ in length: {told}. Give each as many, or one for all.") from None


def _rows(source: Predictor, behind: Evidence, columns: Mapping[str, Array], *, level: float) -> tuple[Forecast, ...]:
    """Return the forecast of each row of the inputs."""
    far = decades(source.fitted_on, columns)
    value, kinds = intervals(source, behind, columns, level=level)
    low, high = headline(source, behind, kinds, count=len(far))
    guesses = _baselines(behind, columns)
    calibrated = behind.own is not None and behind.own.backtest.calibrates
    return tuple(
        Forecast(
            {key: float(column[row]) for key, column in columns.items()},
            Estimate(
                float(np.exp(value[row])), float(low[row]), float(high[row]), level,
                {kind: (float(ends[0][row]), float(ends[1][row])) for kind, ends in kinds.items()},
            ),
            float(far[row]),
            calibrated,
            {key: float(np.exp(guess[row])) for key, guess in guesses.items()},
            source.metric,
        )
        for row in range(len(far))
    )  # fmt: skip


def _split(at: Mapping[str, ArrayLike], source: Predictor) -> Mapping[str, ArrayLike]:
    """Return the inputs with D, where N and C are said, or N, where D and C are, by how the runs count compute."""
    given = {"N", "D"} & at.keys()
    if "C" not in at or "C" in source.inputs or not {"N", "D"} <= source.inputs.keys() or len(given) != 1:
        return at
    rule = rule_named(source.runs.flop_rule if source.runs is not None else "6ND")
    rest = {key: value for key, value in at.items() if key != "C"}
    if given == {"N"}:
        return {**rest, "D": rule.tokens(at["N"], at["C"])}
    return {**rest, "N": rule.params(at["D"], at["C"])}


def _columns(at: Mapping[str, ArrayLike], source: Predictor) -> dict[str, Array]:
    """Return the inputs asked for as columns of equal length; refuse what is missing, strange or no size."""
    inputs, at = tuple(source.inputs), _split(at, source)
    law, s = (f"law {source.curves[0].law.name}", "s") if len(source.curves) == 1 else ("these laws", "")
    if missing := [key for key in inputs if key not in at]:
        high = source.fitted_on.get(missing[0], (math.nan, math.nan))[1]
        example = "2027-07-01" if is_date(missing[0], np.array([high])) else "8e9"
        near = {key: name for key in at for name in missing if key.lower() == name.lower()}
        hint = f"Say {missing[0]}=..., as in {missing[0]}={example}."
        if near:
            hint = f"Did you mean {', '.join(f'{name}=..., not {key}=...' for key, name in near.items())}?"
        elif "C" in at and {"N", "D"} & {*missing}:
            budget = f"{float(np.ravel(as_numbers(at['C'], 'C'))[0]):g}"
            size = f"N={show(high)}" if missing[0] == "N" and math.isfinite(high) else "N=8e9"
            hint = (
                f"Which split of C? Type {size} C={budget} (D follows), isoflop plan RUNS --flops {budget} for the "
                'best split, or --law "E + A/C^alpha" for what these runs reached by C alone.'
            )
        raise UsageError(f"{law} need{s} {', '.join(missing)}. {hint}")
    if others := [key for key in at if key not in {*inputs, "N", "D"}]:
        raise UsageError(f"{law} take{s} {', '.join(inputs)}, not {', '.join(others)}.")
    columns = dict(zip(at, _as_long({key: as_numbers(at[key], key) for key in at}), strict=True))
    _refuse_unknown_sizes(at, source)
    for key, column in columns.items():
        refuse_nonpositive(key, column, source.inputs.get(key))
    for curve in source.curves:
        there = curve.law.defined({key: columns[key] for key in curve.law.inputs})
        if not np.all(there):
            row = int(np.argmin(there))
            told = ", ".join(f"{key}={float(column[row]):g}" for key, column in columns.items())
            raise UsageError(f"law {curve.law.name} is not defined at {told}.")
    return columns


def _refuse_unknown_sizes(at: Mapping[str, ArrayLike], source: Predictor) -> None:
    """Refuse N or D of new runs where the runs know none, so that no law can follow it."""
    runs = source.runs
    if runs is None:
        return
    if unknown := [f"{key}=..." for key in ("N", "D") if key in at and key not in source.inputs and key not in runs]:
        told = " and ".join(unknown)
        raise UsageError(f"{told} cannot be followed: {question(runs)} Or leave {told} out.")


def _baselines(behind: Evidence, columns: Mapping[str, Array]) -> dict[str, Array]:
    if behind.own is None:
        return {}
    runs, along = behind.own.runs, behind.own.backtest.along
    keys = [key for key in columns if key in runs]
    return baselines(
        {key: runs[key] for key in keys}, runs["loss"], axis_of(runs, along), at={key: columns[key] for key in keys}
    )
