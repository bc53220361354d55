"""Other ways to go on: stopping now after a short decay, beside going on as planned."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from isoflop.errors import UsageError
from isoflop.estimate import Estimate
from isoflop.experiments.watch.planned import Planned
from isoflop.experiments.watch.result import Option
from isoflop.forecasting.curves.collapse import Run, expect
from isoflop.forecasting.curves.deviation import Deviation
from isoflop.forecasting.curves.sized import PLACES, SizedCurve


def options(
    ladder: Sequence[SizedCurve], plan: Planned, curve: SizedCurve, *, beside: Deviation, stop: float, level: float
) -> tuple[Option, ...]:
    """Return what stopping now brings, after a linear decay over a share of what was trained.

    The stopped run is foretold as a run of its own, with the tokens and the rates it would have had; what the run was
    beside its expected curve it keeps.
    """
    if not 0 < stop <= 1:
        raise UsageError(f"a last decay over {stop:g} of what was trained must be above 0 and at most 1, as in 0.1.")
    length = min(curve.last * (1 + stop), 1.0)
    places = np.arange(1, PLACES + 1) / PLACES * length
    planned = np.ones(PLACES) if plan.run.rates is None else plan.run.rates
    rates = np.interp(places, np.arange(1, PLACES + 1) / PLACES, planned)
    here = float(np.interp(curve.last, places, rates))
    down = here * np.clip((length - places) / max(length - curve.last, 1e-9), 0.0, 1.0)
    rates = np.maximum(np.where(places > curve.last, np.minimum(rates, down), rates), 1e-9 * rates.max())
    stopped = Run(plan.run.N, plan.run.D * length, plan.run.steps * length, rates)
    off, error = beside.at(np.array([curve.last]))
    mean = float(expect(ladder, stopped).log_loss(np.ones(1))[0] + off[0])
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(
        np.hypot(error[0] + beside.widths.wander, beside.widths.noise)
    )
    value, low, high = (float(np.exp(mean + way * reach)) for way in (0, -1, 1))
    loss = Estimate(value, low, high, level)
    return (Option(name=f"stop now, decay over {stop:.0%}", at=plan.total * length, loss=loss,
                   tokens=plan.run.D * (length - curve.last)),)  # fmt: skip
