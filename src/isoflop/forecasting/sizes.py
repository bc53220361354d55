"""How far off a planned size is: what plans from a part of the runs said of the lowest point of each budget beyond."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from isoflop.compute.allocation import FOR_DRAWS, Allocation
from isoflop.data.runs.costs import own_terms
from isoflop.errors import DataError
from isoflop.fitting.approaches.parabolas import Minimum, isoflop_minima
from isoflop.forecasting.constants import SIZE_APART, SIZE_DRIFT, SIZE_OFF
from isoflop.forecasting.ensemble import Ensemble, before, shares
from isoflop.formula.arrays import Array

_DRAWS = 200
"""Redrawn parabolas that say how well a budget's lowest point is known."""
_LEVEL = 0.9


class SizeTest(NamedTuple):
    """A plan made from the runs up to an origin, beside the lowest point of a budget beyond them.

    origin    the number of the part of the runs that was fitted
    C, N      the budget in FLOPs, and the size at its lowest point
    times     how many times the largest compute fitted
    error     log N planned minus measured
    measured  standard error of log N at the lowest point
    reach     half the width in log N of the interval that the plan gave
    """

    origin: int
    C: float
    N: float
    times: float
    error: float
    measured: float
    reach: float

    @property
    def inside(self) -> bool:
        """Return whether the lowest point lies in the interval, as far as it is known itself."""
        return abs(self.error) <= math.hypot(self.reach, NormalDist().inv_cdf((1 + _LEVEL) / 2) * self.measured)


def size_error(statistical: Array, apart: Array, decades: Array) -> Array:
    """Return the standard error of log N of a plan at each budget (budgets,).

    sd² = max(.08, statistical)² + (.25 · decades)² + ½ · apart

    statistical  what the runs' noise does to it, if the laws are right
    apart        the laws' own mean squared distance from it
    decades      of compute beyond the runs
    """
    return np.asarray(
        np.sqrt(np.maximum(SIZE_OFF, statistical) ** 2 + (SIZE_DRIFT * decades) ** 2 + SIZE_APART * apart)
    )


def size_tests(ensemble: Ensemble, *, level: float = _LEVEL) -> tuple[SizeTest, ...]:
    """Plan every budget beyond each origin whose lowest point lies inside its runs, from the runs up to the origin.

    Nothing where runs are no sweep at equal compute, or are checkpoints that share runs.
    """
    runs, past = ensemble.runs, ensemble.backtest
    if not {"N", "D"} <= set(ensemble.inputs) or past.along != "C" or runs.clusters is not None:
        return ()
    try:
        known = [one for one in isoflop_minima(runs, draws=_DRAWS).budgets if one.usable]
    except DataError:
        return ()
    largest = 10**past.cuts
    found = []
    for origin, cut in enumerate(largest.tolist()):
        beyond = [one for one in known if cut * (1 + 1e-6) < one.C]
        if beyond:
            found += _planned(before(ensemble, origin), beyond, origin=origin, level=level)
    return tuple(found)


def _planned(part: Ensemble, minima: list[Minimum], *, origin: int, level: float) -> list[SizeTest]:
    """Return the tests of one part of the runs."""
    size = np.array([one.N.value for one in minima])
    flops = 6 * size * np.array([one.D.value for one in minima])
    line = Allocation(part, own_terms(part.runs))
    budgets = line.terms.cost(size, flops / 6 / size)
    best = line.best(budgets, halvings=FOR_DRAWS)
    largest = part.fitted_on["C"][1]
    decades = np.maximum(np.log10(flops / largest), 0.0)
    each = np.array([np.log(line.sizes(one.law, one.row, budgets))[0] for one in part.curves])
    apart = (shares(part) * (each - best) ** 2).sum(axis=0)
    drawn = part.draws_of(lambda law, rows: np.log(line.sizes(law, rows, budgets)), line.inputs(best, budgets))
    reach = NormalDist().inv_cdf((1 + level) / 2) * size_error(drawn.std(axis=0), apart, decades)
    z = 2 * NormalDist().inv_cdf((1 + minima[0].N.level) / 2)
    return [
        SizeTest(origin, one.C, one.N.value, one.C / largest, float(log_n) - math.log(one.N.value),
                 math.log(one.N.high / one.N.low) / z, float(half))
        for one, log_n, half in zip(minima, best, reach, strict=True)
    ]  # fmt: skip
