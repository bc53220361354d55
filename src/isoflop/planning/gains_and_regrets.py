"""What more would bring, and what it costs if the law is wrong: gains, their price, and regret."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.compute.allocation import allocate
from isoflop.compute.terms import Terms
from isoflop.estimate import Estimate, from_draws
from isoflop.fitting.fit import Fit
from isoflop.forecasting.ensemble import Ensemble, drawn, shares, values
from isoflop.forecasting.source import Settled
from isoflop.formula.law import Curve, Law, Several
from isoflop.planning.optimum import best_sizes, budgets_reaching, log_losses, near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.forecasting.ensemble import Evidence

    Array = NDArray[np.float64]

MORE = 1.1
"""How much more of each thing is looked at."""
STEP = 0.01
"""The improvement of loss, in nats, that is priced."""
ROUNDING = 1e-9
"""The share of a budget that is no cost: two sums of the same FLOPs may differ by it."""
_DRAWS = 400


@dataclass(frozen=True)
class Gain:
    """What a tenth more of something does to the loss: below zero is better. flops: what it costs, in all."""

    of: str
    loss: Estimate
    flops: float

    def as_dict(self) -> dict[str, Any]:
        """Give the gain as it stands in the JSON."""
        return {"ten_percent_more": self.of, "loss": self.loss.as_dict(), "flops": self.flops}


@dataclass(frozen=True)
class Regret:
    """What planning by this source costs if another law is the true one.

    N      the size that the other law prefers
    loss   share of the loss given up
    flops  share of the budget wasted: with so much less, the other law's own best run is as good
    """

    law: str
    N: float
    loss: float
    flops: float

    def as_dict(self) -> dict[str, Any]:
        """Give the regret as it stands in the JSON."""
        return {"law": self.law, "N": self.N, "loss_given_up": self.loss, "flops_wasted": self.flops}


def gains(source: Settled, flops: float, N: float, *, terms: Terms, level: float) -> tuple[Gain, ...]:
    """Give what a tenth more compute, parameters, tokens and unique tokens would bring, each on every draw."""
    size, budget = np.array([N]), np.array([flops])
    tokens = float(terms.affordable(size, budget)[0])
    free = replace(terms, params=(1.0, math.inf), tokens=(1.0, math.inf), training=math.inf)
    tried = [("parameters", N * MORE, tokens, free), ("tokens", N, tokens * MORE, free)]
    if not terms.settled:
        richer = np.array([flops * MORE])
        wider = float(best_sizes(source, richer, terms=terms)[0])
        tried.insert(0, ("compute", wider, float(terms.affordable(np.array([wider]), richer)[0]), terms))
    if math.isfinite(terms.unique_tokens):
        fresh = replace(terms, unique_tokens=terms.unique_tokens * MORE)
        moved = float(best_sizes(source, budget, terms=fresh)[0])
        tried.append(("unique tokens", moved, float(fresh.affordable(np.array([moved]), budget)[0]), fresh))
    curves = _curves(source, flops)
    base, drawn_base = _loss(source, N, tokens, terms=terms), _losses(curves, N, tokens, terms=terms)
    found = []
    for what, more_n, more_d, under in tried:
        change = _loss(source, more_n, more_d, terms=under) - base
        with np.errstate(invalid="ignore"):  # a curve that the runs hardly hold may be infinite here and there
            draws = _losses(curves, more_n, more_d, terms=under) - drawn_base
        cost = float(under.cost(more_n, more_d)) - float(terms.cost(N, tokens))
        found.append(Gain(what, from_draws(change, draws, level), cost if abs(cost) > ROUNDING * flops else 0.0))
    return tuple(found)


def price_of_better(source: Settled, flops: float, N: float, *, terms: Terms) -> float:
    """Give how many more FLOPs a loss lower by 0.01 takes; inf if it is out of reach, nan if N and D are settled."""
    if terms.settled:
        return math.nan
    now = _loss(source, N, float(terms.affordable(np.array([N]), flops)[0]), terms=terms)
    if now <= STEP:
        return math.inf
    return float(budgets_reaching(source, np.array([now - STEP]), terms=terms)[0]) - flops


def regrets(source: Settled, behind: Evidence, flops: float, *, N: float, terms: Terms) -> tuple[Regret, ...]:
    """Give what each other law says of planning by this one; nothing where there was nothing to plan."""
    if terms.settled:
        return ()
    others: Sequence[Curve] = source.curves[1:] if isinstance(source, Several) else ()
    if behind.laws is not None:
        others = [
            law.at(law.name, **dict(zip(law.parameters, row[0].tolist(), strict=True)))
            for law, row in values(behind.laws)
        ]
    return tuple(_regret(other, flops, N=N, terms=terms) for other in others)


def _regret(other: Curve, flops: float, *, N: float, terms: Terms) -> Regret:
    best = allocate(other.law, other.row, flops, terms=terms, halvings=30)
    got = _loss(other, N, float(terms.affordable(np.array([N]), flops)[0]), terms=terms)
    enough = float(budgets_reaching(other, np.array([got]), terms=terms, most=flops)[0])
    return Regret(other.name, float(best.N[0]), max(got / float(best.loss[0]) - 1, 0.0), max(1 - enough / flops, 0.0))


def _loss(source: Settled, N: float, D: float, *, terms: Terms) -> float:
    return math.exp(float(log_losses(source, np.array([N]), np.array([D]), terms=terms)[0]))


def _curves(source: Settled, flops: float) -> list[tuple[Law, Array]]:
    """Give the laws with rows of parameter values that the runs or the papers allow."""
    if isinstance(source, Ensemble):
        return drawn(source, shares(source, near(source, np.array([flops])))[:, 0], count=_DRAWS, seed=0)
    if isinstance(source, Fit):
        return [(source.curve.law, source.draws)]
    return [(one.law, one.row) for one in source.curves] if isinstance(source, Several) else []


def _losses(curves: list[tuple[Law, Array]], N: float, D: float, *, terms: Terms) -> Array:
    found = []
    for law, rows in curves:
        named = {key: rows[:, place] for place, key in enumerate(law.parameters)}
        with np.errstate(all="ignore"):
            value = law.formula.evaluate({**named, **terms.worth(law, np.array(N), np.array(D))})
        found.append(np.broadcast_to(value, len(rows)))
    return np.concatenate(found) if found else np.zeros(0)
