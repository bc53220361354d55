"""Is a column part in per cent and part in fractions? Then one of its two halves is a hundred times off (D03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import shown
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

_FEWEST = 2
"""Values of either kind from which there are two kinds."""
_APART = 5.0
"""How many times the least per cent is above the largest fraction: between them lies what neither has."""
_BETTER = 0.1
"""By so much the order of values goes with compute better once all are in one unit."""


def mixed_units(name: str, columns: Mapping[str, NDArray[Any]]) -> tuple[Finding, ...]:
    """Return the finding on a measure whose values are partly a hundred times others that belong with them."""
    if name not in columns or not are_mixed(columns[name], columns):
        return ()
    count = int(np.count_nonzero(columns[name] > 1))
    return (
        Finding(
            "D03", "BLOCK",
            f'"{shown(name)}" mixes per cent and fractions: {count} of {len(columns[name])} values are above 1 and the '
            "others are not, and times 100 these lie among them",
            "write one unit in the whole column, or keep one kind: "
            f"--where '{shown(name)} <= 1' or --where '{shown(name)} > 1'",
        ),
    )  # fmt: skip


def are_mixed(values: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether values are of two kinds, far apart, that lie together once the lower are a hundred times more."""
    if values.dtype.kind != "f":
        return False
    low, high = (values > 0) & (values <= 1), (values > 1) & (values <= 100)
    usable = np.isfinite(values) & (values > 0)
    if min(low.sum(), high.sum()) < _FEWEST or (usable & ~low & ~high).any():
        return False
    if values[high].min() < _APART * values[low].max():
        return False
    mended = np.where(low, 100 * values, values)
    if mended[low].max() <= values[high].min() or mended[low].min() >= values[high].max():
        return False
    return _goes_better(values[usable], mended[usable], _size(columns, usable))


def _size(columns: Mapping[str, NDArray[Any]], usable: NDArray[np.bool_]) -> Array | None:
    """Return how large each run is, by the first column that says so; None where none does."""
    name = next((one for one in ("C", "D", "N") if one in columns), None)
    return None if name is None else np.asarray(columns[name], float)[usable]


def _goes_better(found: Array, mended: Array, size: Array | None) -> bool:
    """Return whether values in one unit rise or fall with size more orderly than as they stand."""
    if size is None or np.ptp(size) == 0:
        return True
    return abs(_rank_correlation(mended, size)) > abs(_rank_correlation(found, size)) + _BETTER


def _rank_correlation(first: Array, second: Array) -> float:
    ranks = [np.argsort(np.argsort(one)).astype(float) for one in (first, second)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
