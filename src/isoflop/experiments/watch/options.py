"""Ways to go on from here: as planned, stopping after a short decay, or letting the rate fall from now on.

A run that ends otherwise is foretold as a run of its own, with the tokens and the rates it would have had; what the run
was beside its expected curve it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from isoflop.compute.cost import Cost, cost
from isoflop.compute.devices import MFU, parse_devices
from isoflop.errors import UsageError
from isoflop.estimate import Estimate
from isoflop.experiments.watch.planned import Planned
from isoflop.experiments.watch.result import Option
from isoflop.forecasting.curves.collapse import Run, expect
from isoflop.forecasting.curves.deviation import Deviation
from isoflop.forecasting.curves.sized import PLACES, SizedCurve
from isoflop.formula.arrays import Array
from isoflop.quantities import settle_numbers

STOP = 0.1
"""The share of what was trained over which the rate falls before a run is stopped, unless another is asked for."""
FLOPS = 6.0
"""Training FLOPs for each parameter and token."""
_ALONG = np.arange(1, PLACES + 1) / PLACES


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What the run trains on, as `plan` takes it: gpus such as 8xH100, dollars for an hour of one, share of its peak.

    >>> isoflop.Machines(gpus="8xH100", price=2.0).cost(1e21).days > 0
    True
    """

    gpus: str
    price: float | None = None
    mfu: float = MFU

    def __post_init__(self) -> None:
        settle_numbers(self)

    def cost(self, flops: float) -> Cost:
        """Return what so many training FLOPs take."""
        count, device = parse_devices(self.gpus)
        return cost(flops, device=device, count=count, mfu=self.mfu, price=self.price)


@dataclass(frozen=True, eq=False, kw_only=True)
class Standing:
    """Where a run stands: its plan, its rows, what it lies beside its expected curve, and the end as planned."""

    ladder: Sequence[SizedCurve]
    plan: Planned
    curve: SizedCurve
    beside: Deviation
    end: Estimate


@dataclass(frozen=True, kw_only=True)
class Goals:
    """What the ways are asked for: the share of a last decay, the loss to reach, what the run trains on."""

    stop: float = STOP
    target: float | None = None
    machines: Machines | None = None


def options(standing: Standing, goals: Goals) -> tuple[Option, ...]:
    """Return the ways to go on from where a run stands; none where it has ended."""
    stop = goals.stop
    if not 0 < stop <= 1:
        raise UsageError(f"a last decay over {stop:g} of what was trained must be above 0 and at most 1, as in 0.1.")
    last, plan = standing.curve.last, standing.plan
    if last >= 1:
        return ()
    ways = [("go on as planned", 1.0, standing.end)]
    short = min(last * (1 + stop), 1.0)
    ways.append((f"stop now, decay over {stop:.0%}", short, _ended(standing, falling(plan.run.rates, last, short))))
    known = any(one.rates is not None for one in standing.ladder)
    if known and plan.run.rates is not None and _steady(plan.run.rates, last):
        ways.append(("decay from now on", 1.0, _ended(standing, falling(plan.run.rates, last, 1.0))))
    return tuple(_option(standing, goals, name=name, length=length, loss=loss) for name, length, loss in ways)


@dataclass(frozen=True, eq=False)
class Falling:
    """A run cut to a share of its plan, whose rate falls in a straight line from where it is: its rates (PLACES,)."""

    length: float
    rates: Array


def falling(planned: Array | None, last: float, length: float) -> Falling:
    """Return the rates of a run that falls from its share `last` to nothing at the share `length`."""
    places = _ALONG * length
    rates = np.interp(places, _ALONG, np.ones(PLACES) if planned is None else planned)
    here = float(np.interp(last, places, rates))
    down = here * np.clip((length - places) / max(length - last, 1e-9), 0.0, 1.0)
    return Falling(length, np.maximum(np.where(places > last, np.minimum(rates, down), rates), 1e-9 * rates.max()))


def _steady(rates: Array, last: float) -> bool:
    """Return whether the planned rate has not begun to fall in earnest: else another fall is no other way."""
    return bool(np.interp(last, _ALONG, rates) >= 0.9 * rates.max())


def _ended(standing: Standing, way: Falling) -> Estimate:
    """Return the loss at the end of a run that falls so, with the interval of one logged loss."""
    run, level = standing.plan.run, standing.end.level
    other = Run(run.N, run.D * way.length, run.steps * way.length, way.rates)
    off, error = standing.beside.at(np.array([way.length]))
    mean = float(expect(standing.ladder, other).log_loss(np.ones(1))[0] + off[0])
    widths = standing.beside.widths
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(np.hypot(error[0] + widths.wander, widths.noise))
    value, low, high = (float(np.exp(mean + side * reach)) for side in (0, -1, 1))
    return Estimate(value, low, high, level)


def _option(standing: Standing, goals: Goals, *, name: str, length: float, loss: Estimate) -> Option:
    run = standing.plan.run
    tokens = run.D * (length - standing.curve.last)
    bill = None if goals.machines is None else goals.machines.cost(FLOPS * run.N * tokens)
    return Option(
        name=name, at=standing.plan.total * length, loss=loss, tokens=tokens, reach=probability(loss, goals.target),
        days=float("nan") if bill is None else bill.days, dollars=float("nan") if bill is None else bill.dollars,
    )  # fmt: skip


def probability(loss: Estimate, target: float | None) -> float:
    """Return the probability that a loss lies at or below a target, by a normal distribution of its logarithm."""
    if target is None:
        return float("nan")
    if not target > 0:
        raise UsageError(f"a target of {target:g} is no loss. Say one above zero, as in --target 2.1.")
    sigma = np.log(loss.high / loss.low) / 2 / NormalDist().inv_cdf((1 + loss.level) / 2)
    return NormalDist(float(np.log(loss.value)), float(max(sigma, 1e-9))).cdf(float(np.log(target)))
