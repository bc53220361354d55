"""A fit in three sentences, as a colleague would say it before any table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.data.runs.costs import largest_budget, own_terms
from isoflop.errors import shown
from isoflop.estimate import Estimate, from_draws
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.data.metric import Metric
    from isoflop.data.runs import Runs
    from isoflop.findings import Finding
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Curve, Law


_ENOUGH, _HALVINGS = 200, 24
_GRAVITY, _SAID_ELSEWHERE = ("BLOCK", "WARN"), ("D01", "D06")


class Described(Protocol):
    """What the sentences are about: a fit."""

    @property
    def curve(self) -> Curve:
        """The best curve."""

    @property
    def law(self) -> Law:
        """The law as asked for."""

    @property
    def draws(self) -> Array:
        """Other parameter values that the runs allow (draws, parameters)."""

    @property
    def used(self) -> int:
        """How many runs it was fitted to."""

    @property
    def noise(self) -> float:
        """Standard deviation of the residuals in log loss."""

    @property
    def parameters(self) -> Mapping[str, Estimate]:
        """Every parameter with its interval."""

    @property
    def unknown(self) -> Sequence[str]:
        """The parameters that the runs say nothing about."""

    @property
    def runs(self) -> Runs | None:
        """The runs it was fitted to, if they are at hand."""

    @property
    def metric(self) -> Metric | None:
        """What the loss was made of, if it is no loss."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found about it."""


_LEAST_BUDGET = 1e3
"""FLOPs below which no run can be: a C in PF-days, say, which are 8.64e19 FLOPs each."""


def in_words(fit: Described, findings: Sequence[Finding] | None = None) -> str:
    """Return three sentences: what was fitted and how closely, what it says, and where it is weakest.

    findings  those to choose the weakest point from; the fit's own unless said

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> isoflop.in_words(isoflop.fit("chinchilla", runs))[:7]
    '72 runs'
    """
    known = fit.findings if findings is None else findings
    units = any(one.code == "D03" and one.severity == "BLOCK" for one in fit.findings)  # then no size means anything
    meaning = "" if units else _meaning(fit)
    return " ".join(filter(None, (_closeness(fit), meaning, _weakness(fit, known))))


def _closeness(fit: Described) -> str:
    reach = fit.curve.fitted_on
    key = "C" if "C" in reach else next(iter(fit.curve.law.inputs))
    unit = {"C": "FLOPs", "N": "parameters", "D": "tokens"}.get(key, "")
    upto = f"up to {power_of_ten(reach[key][1]) if key == 'C' else show(reach[key][1])} {unit or f'of {key}'}"
    if all(math.isnan(one.low) for one in fit.parameters.values()):
        return f"{fit.used} runs {upto} are too few to say how closely a law describes them."
    named = fit.law.name if fit.law.name != str(fit.law.formula) else "the formula"
    return f"{fit.used} runs {upto} are described to {_percent(fit.noise)} by {named}."


def _meaning(fit: Described) -> str:
    """Say how the best size grows with compute or, for other laws, how the loss falls."""
    law = fit.curve.law
    if set(law.inputs) == {"N", "D"} and law.output.name == "Nats":
        return _allocation(fit)
    floors = [key for key, kind in law.parameters.items() if kind.role == "floor"]
    falls = [key for key, kind in law.parameters.items() if kind.role == "exponent"]
    if len(law.inputs) != 1 or len(falls) != 1:
        return ""
    way = "rises" if _rises(fit) else "falls"
    toward = f" towards {spanned(fit.parameters[floors[0]])}" if len(floors) == 1 else ""
    grows = way == "rises" and not toward
    power = spanned(_size(fit.parameters[falls[0]]))
    return f"{_subject(fit)} {way} as {next(iter(law.inputs))}^{'' if grows else '-'}{power}{toward}."


def _rises(fit: Described) -> bool:
    """Whether the fitted curve rises over its runs."""
    key = next(iter(fit.curve.law.inputs))
    low, high = fit.curve.fitted_on[key]
    return bool(fit.curve(**{key: high}) > fit.curve(**{key: low}))


def _subject(fit: Described) -> str:
    """Return what the law speaks of: the loss, the metric itself, or what the metric falls short by."""
    metric = fit.metric
    if metric is None:
        return "It"
    return shown(metric.name) if not metric.falls else metric.loss


def _size(one: Estimate) -> Estimate:
    """Return how large an exponent is, whichever way its law writes it."""
    return one if one.value >= 0 else Estimate(-one.value, -one.high, -one.low, one.level)


def _allocation(fit: Described) -> str:
    if fit.unknown:
        return f"How the best size grows is unknown: the runs say nothing about {', '.join(fit.unknown)}."
    law, reach, terms = fit.curve.law, fit.curve.fitted_on, own_terms(fit.runs)
    dearest = float(terms.cost(reach["N"][1], reach["D"][1]))
    budget = largest_budget(fit.runs) if fit.runs and "C" in fit.runs else reach.get("C", (0.0, dearest))[1]
    if budget < _LEAST_BUDGET:
        return (
            f"Its runs are said to have cost {budget:.3g} FLOPs at most, less than any training: look at the unit of C."
        )
    best = fit.curve.row
    values = np.vstack([best, fit.draws[:_ENOUGH]])
    low, middle, high = (
        allocate(law, values, budget * factor, terms=terms, halvings=_HALVINGS) for factor in (0.5, 1.0, 2.0)
    )
    slopes = np.log(high.N / low.N) / np.log(4.0)
    size, tokens = float(middle.N[0]), float(middle.D[0])
    if not (np.isfinite(slopes[0]) and size > 2 and tokens > 2):
        return "It sees no best size at equal compute: the loss only falls towards one end."
    exponent = from_draws(float(slopes[0]), slopes[1:], next(iter(fit.parameters.values())).level)
    return (
        f"Compute-optimal size grows as C^{spanned(exponent)}, "
        f"with about {show(tokens / size, 2)} tokens per parameter at {power_of_ten(budget)} FLOPs."
    )


def _weakness(fit: Described, findings: Sequence[Finding]) -> str:
    grave = [one for one in findings if one.severity in _GRAVITY and one.code not in _SAID_ELSEWHERE]
    grave.sort(key=lambda one: _GRAVITY.index(one.severity))
    if grave:
        return f"Weakest point: {grave[0].message.rstrip('.')} ({grave[0].code})."
    roles = {key: kind.role for key, kind in fit.law.parameters.items()}
    known = {
        key: one
        for key, one in fit.parameters.items()
        if roles[key] in ("exponent", "floor") and one.value > 0 and one.high > one.low
    }
    if not known:
        return ""
    loosest = max(known, key=lambda key: (known[key].high - known[key].low) / known[key].value)
    low, high = known[loosest].low, known[loosest].high
    return f"Weakest point: {loosest}, known only to lie between {show(low)} and {show(high)}."


def spanned(estimate: Estimate) -> str:
    """Return a value with its interval, in two digits."""
    if not estimate.high > estimate.low:
        return show(estimate.value, 2)
    return f"{show(estimate.value, 2)} ({show(estimate.low, 2)} – {show(estimate.high, 2)})"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def power_of_ten(value: float) -> str:
    """Print a compute as people say it: 1e21, 5.8e23."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
