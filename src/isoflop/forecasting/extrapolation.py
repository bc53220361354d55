"""How far an answer lies from the runs behind a curve: decades beyond them, and inputs outside their range."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from isoflop.compute.flops import rule_named
from isoflop.findings import Finding
from isoflop.formula.arrays import Array
from isoflop.quantities import decades_of, is_date, show

AMBER, RED = 1.0, 2.0
"""Decades of extrapolation from which a forecast is doubtful, and from which it is a guess."""
HALF = 2.0
"""Decades of compute for each decade of N, or of D, where both grow alike."""
OUTSIDE, FAR_OUTSIDE = 2.0, 10.0
"""Factors by which an input leaves its curve's range, from which that is said, and from which it is a warning."""


def decades(fitted_on: Mapping[str, tuple[float, float]], columns: Mapping[str, Array]) -> Array:
    """Return how many decades beyond the fitted runs each row lies, by compute if it is known."""
    reach, fitted_on = _with_compute(columns), _by_ratio(fitted_on, columns)
    keys = [key for key in (["C"] if "C" in reach and "C" in fitted_on else columns) if key in fitted_on]
    if not keys:
        return np.full(next(iter(columns.values())).shape, np.nan)
    beyond = [_apart(key, reach[key], fitted_on[key][1]) for key in keys]
    return np.asarray(np.maximum(np.max(beyond, axis=0), 0.0))


def distance(fitted_on: Mapping[str, tuple[float, float]], columns: Mapping[str, Array]) -> Array:
    """Return how far outside the fitted runs each row lies in any direction, as decades of compute; 0 inside.

    d = max(log C/C_max, log C_min/C, 2 log N/N_max, 2 log N_min/N, 2 log D/D_max, 2 log D_min/D, 0)

    A decade of compute is half a decade of parameters and half a decade of tokens. What is not known is passed over.
    """
    given, fitted_on = _with_compute(columns), _by_ratio(fitted_on, columns)
    found = np.zeros(next(iter(columns.values())).shape)
    for key, values in given.items():
        if key in fitted_on:
            low, high = fitted_on[key]
            outside_by = np.maximum(_apart(key, values, high), -_apart(key, values, low))
            found = np.fmax(found, (HALF if "C" in given and key in {"N", "D"} else 1.0) * outside_by)
    return found


def outside(name: str, fitted_on: Mapping[str, tuple[float, float]], columns: Mapping[str, Array]) -> list[Finding]:
    """Return the finding P15 where an input lies outside the range of the runs behind a source, above or below.

    What lies above no farther than the whole run does is left to `decades` and P01.
    """
    far, fitted_on = np.nan_to_num(decades(fitted_on, columns)), _by_ratio(fitted_on, columns)
    said, most = [], 1.0
    for key, values in _with_compute(columns).items():
        if key not in fitted_on:
            continue
        low, high = fitted_on[key]
        above = np.where(np.log10(values / high) <= far + 1e-9, 1.0, values / high)
        for times, side in ((above, "above"), (low / values, "below")):
            row = int(np.argmax(times))
            if times[row] > OUTSIDE:
                ends = f"{show(low)} – {show(high)}"
                said.append(f"{key} = {show(float(values[row]))} lies {show(float(times[row]), 2)} times {side} {ends}")
                most = max(most, float(times[row]))
    if not said:
        return []
    return [Finding(
        "P15", "WARN" if most > FAR_OUTSIDE else "INFO",
        f"outside the range that {name} was fitted on: {', '.join(said)}",
        "train runs there, choose a curve fitted there (isoflop laws), or take the answer for a guess",
    )]  # fmt: skip


def _apart(key: str, values: Array, end: float) -> Array:
    """Return how many decades values lie above one end of the runs."""
    ends = np.array([end])
    return np.asarray(decades_of(key, values) - decades_of(key, ends)) if is_date(key, ends) else np.log10(values / end)


def _by_ratio(
    fitted_on: Mapping[str, tuple[float, float]], columns: Mapping[str, Array]
) -> dict[str, tuple[float, float]]:
    """Return the ranges in which distance is a ratio: of what is above 0, among the runs and here."""
    return {key: ends for key, ends in fitted_on.items() if ends[0] > 0 and np.all(columns.get(key, ends[0]) > 0)}


def _with_compute(columns: Mapping[str, Array]) -> dict[str, Array]:
    if {"N", "D"} <= set(columns):
        return {**columns, "C": rule_named("6ND").flops(columns["N"], columns["D"])}
    return dict(columns)
