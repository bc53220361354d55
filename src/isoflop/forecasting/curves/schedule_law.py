"""A law of a whole schedule fitted to named curves: its parameters in the law's own units, and how well it foretells.

Fits are in shares of the peak rate p (schedule_fit). In the law's own units

    A = A' p^alpha,   B = B' / p,   C = C' p^(gamma - 1)   (multi-power),   C = B' (1 - momentum) / p   (annealing)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.display import View, dim, group, heading, table
from isoflop.errors import UsageError, shown
from isoflop.findings import Answer, json_of
from isoflop.forecasting.curves.known_schedule import seen
from isoflop.forecasting.curves.loss_curve import LossCurve
from isoflop.forecasting.curves.schedule_fit import FORMS, Fitted, fit_jointly
from isoflop.forecasting.curves.schedules import logged_rates, targets
from isoflop.formula.arrays import Array
from isoflop.formula.schedule import ScheduleCurve
from isoflop.laws.schedules import SCHEDULE_LAWS

SAME = 0.01
"""Peaks of the rate that differ by less than this share are one."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """How a curve is told by the law: the share of its variance, and its mean |error| as a share of the loss."""

    name: str
    fitted: bool
    r2: float
    error: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return json_of(self, "curve=name fitted r2 error")


@dataclass(frozen=True, eq=False, kw_only=True)
class ScheduleFit(Answer):
    """A law of schedules fitted to curves; `curve` is the law with its numbers: call it with the rate of each step.

    >>> import numpy as np
    >>> from isoflop.formula.schedule import constant, cosine
    >>> from isoflop.laws.schedules import SCHEDULE_CURVES
    >>> at, curves = np.arange(100, 6001, 100), []
    >>> for name, rates in (("cosine", cosine(6000, peak=3e-4, final=3e-5)), ("constant", constant(6000, peak=3e-4))):
    ...     loss = SCHEDULE_CURVES["luo2025-100m"](rates, after=at)
    ...     curves.append(isoflop.LossCurve(name, at.astype(float), loss, rates[at - 1]))
    >>> isoflop.fit_schedule("annealing", curves).law
    'annealing'
    """

    law: str
    curve: ScheduleCurve
    peak: float
    curves: tuple[Explained, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as it stands in the JSON."""
        return json_of(self, "law formula=curve.law.text parameters=curve.values peak curves")

    def __rich__(self) -> View:
        """Return the fit as it looks in a terminal."""
        values = [(name, f"{value:.5g}") for name, value in self.curve.values.items()]
        rows = [(shown(one.name), "fitted" if one.fitted else "foretold", f"{one.r2:.5f}", f"{one.error:.3%}")
                for one in self.curves]  # fmt: skip
        return group(heading(self.law, dim(self.curve.law.text).plain), table(["parameter", "value"], values), "",
                     table(["curve", "", "R²", "mean |error|"], rows, gap=2))  # fmt: skip


def fit_schedule(law: str, curves: Sequence[LossCurve], *, on: Sequence[LossCurve] = ()) -> ScheduleFit:
    """Return a law of schedules fitted to curves of one model and data, and how it tells them, and others.

    Every curve logs its learning rate; the rises of a warm-up count as they are logged. Parameters are held loosely
    where published runs had them, so that few curves are enough.

    >>> import numpy as np
    >>> from isoflop.formula.schedule import constant, cosine
    >>> from isoflop.laws.schedules import SCHEDULE_CURVES
    >>> at, curves = np.arange(100, 6001, 100), []
    >>> for name, rates in (("cosine", cosine(6000, peak=3e-4, final=3e-5)), ("constant", constant(6000, peak=3e-4))):
    ...     loss = SCHEDULE_CURVES["luo2025-100m"](rates, after=at)
    ...     curves.append(isoflop.LossCurve(name, at.astype(float), loss, rates[at - 1]))
    >>> found = isoflop.fit_schedule("annealing", curves)
    >>> [one.r2 > 0.9 for one in found.curves]
    [True, True]
    """
    form = next((one for one in FORMS if one.name == law), None)
    if form is None:
        raise UsageError(f'"{shown(law)}" is no law of schedules. Say {" or ".join(SCHEDULE_LAWS)}.')
    if not curves:
        raise UsageError("a law of schedules is fitted to curves: name logs with step, lr and loss.")
    rates = {id(one): _rates(one) for one in (*curves, *on)}
    peaks = [float(one.max()) for one in rates.values()]
    if max(peaks) > (1 + SAME) * min(peaks):
        raise UsageError(f"the curves peak at rates from {min(peaks):g} to {max(peaks):g}: give curves of one peak.")
    fitted = fit_jointly(form, [seen(one, rates[id(one)]) for one in curves])
    found = SCHEDULE_LAWS[law].at("fitted", **_own_units(fitted, peaks[0]))
    told = [_explained(one, found, rates[id(one)], fitted=number < len(curves))
            for number, one in enumerate((*curves, *on))]  # fmt: skip
    return ScheduleFit(law=law, curve=found, peak=peaks[0], curves=tuple(told))


def _rates(curve: LossCurve) -> Array:
    if curve.rates is None:
        raise UsageError(f"{shown(curve.name)} logs no learning rate: a law of schedules needs it. Log lr.")
    if curve.unit != "steps":
        raise UsageError(f"{shown(curve.name)} counts {curve.unit}, and a schedule goes by steps. Log steps.")
    return logged_rates(curve)


def _own_units(fitted: Fitted, peak: float) -> Mapping[str, float]:
    """Return the parameters in the units of the law as its paper has it."""
    named = dict(zip(fitted.form.held, fitted.values[:-3].tolist(), strict=True))
    floor, falls, brought = fitted.values[-3:].tolist()
    shared = {"L0": floor, "A": falls * peak ** named["alpha"], "alpha": named["alpha"]}
    if fitted.form.name == "annealing":
        momentum = float(np.exp(-np.exp(-named["log_steps"])))
        return {**shared, "C": brought * (1 - momentum) / peak, "momentum": momentum}
    speed = float(np.exp(named["log_C"])) * peak ** (named["gamma"] - 1)
    return {**shared, "B": brought / peak, "C": speed, "beta": named["beta"], "gamma": named["gamma"]}


def _explained(curve: LossCurve, law: ScheduleCurve, rates: Array, *, fitted: bool) -> Explained:
    after = targets(curve.at, rates.size)
    told = law(rates, after=after)
    off = told - curve.loss
    spread = float(np.sum((curve.loss - curve.loss.mean()) ** 2))
    return Explained(name=curve.name, fitted=fitted, r2=1 - float(np.sum(off**2)) / max(spread, 1e-300),
                     error=float(np.mean(np.abs(off / curve.loss))))  # fmt: skip
