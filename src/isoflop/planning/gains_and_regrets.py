"""What more would bring, and what it costs if the law is wrong: gains, their price, and regret."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.estimate import Estimate, from_draws
from isoflop.findings import json_of

if TYPE_CHECKING:
    from isoflop.compute.terms import Terms
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Law
    from isoflop.formula.surface import Surface

MORE = 1.1
"""How much more of each thing is looked at."""
STEP = 0.01
"""The improvement of loss, in nats, that is priced."""
ROUNDING = 1e-9
"""The share of a budget that is no cost: two sums of the same FLOPs may differ by it."""


@dataclass(frozen=True)
class Gain:
    """What a tenth more of something does to the loss: below zero is better. flops: what it costs, in all."""

    of: str
    loss: Estimate
    flops: float

    def as_dict(self) -> dict[str, Any]:
        """Return the gain as it stands in the JSON."""
        return json_of(self, "ten_percent_more=of loss flops")


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
        """Return the regret as it stands in the JSON."""
        return json_of(self, "law N loss_given_up=loss flops_wasted=flops")


def gains(line: Allocation, flops: float, N: float, *, level: float) -> tuple[Gain, ...]:
    """Return what a tenth more compute, parameters, tokens and unique tokens would bring, each on every draw."""
    size, budget = np.log(np.array([N])), np.array([flops])
    tokens = float(line.tokens(size, budget)[0])
    tried = list(_more(line, flops, N))
    under = [line.terms, *(one[-1] for one in tried)]
    sizes, reads = np.array([N, *(one[1] for one in tried)]), np.array([tokens, *(one[2] for one in tried)])

    def changes(law: Law, rows: Array) -> Array:
        asked = zip(under, sizes, reads, strict=True)
        each = np.stack([_losses(law, rows, terms, N=size, D=read) for terms, size, read in asked], axis=1)
        with np.errstate(invalid="ignore"):  # a curve that the runs hardly hold may be infinite here and there
            return each[:, 1:] - each[:, :1]

    log_losses = [replace(line, terms=one).log_loss_of(sizes[[row]], reads[[row]])[0] for row, one in enumerate(under)]
    losses = np.exp(np.array(log_losses))
    draws = line.by.draws_of(changes, line.inputs(size, budget))
    laws = line.by.curves if len(line.by.curves) > 1 else ()
    others = np.concatenate([draws[:0], *(changes(one.law, one.row) for one in laws)])
    found = []
    for place, (what, more_n, more_d, less) in enumerate(tried):
        change = float(losses[place + 1] - losses[0])
        cost = float(less.cost(more_n, more_d)) - float(line.terms.cost(N, tokens))
        known = from_draws(change, change + draws[:, place], level)
        low, high = others[:, place].min(initial=known.low), others[:, place].max(initial=known.high)
        known = replace(known, low=float(low), high=float(high))
        found.append(Gain(what, known, cost if abs(cost) > ROUNDING * flops else 0.0))
    return tuple(found)


def _more(line: Allocation, flops: float, N: float) -> Iterator[tuple[str, float, float, Terms]]:
    """Yield what there is a tenth more of, and the run that makes best use of it: N, D and its terms."""
    terms, budget = line.terms, np.array([flops])
    tokens = float(line.tokens(np.log(np.array([N])), budget)[0])
    if not terms.settled:
        wider = line.best(budget * MORE)
        yield "compute", float(np.exp(wider[0])), float(line.tokens(wider, budget * MORE)[0]), terms
    free = replace(terms, params=(1.0, math.inf), tokens=(1.0, math.inf), training=math.inf)
    yield "parameters", N * MORE, tokens, free
    yield "tokens", N, tokens * MORE, free
    if math.isfinite(terms.unique_tokens):
        fresh = replace(line, terms=replace(terms, unique_tokens=terms.unique_tokens * MORE))
        moved = fresh.best(budget)
        yield "unique tokens", float(np.exp(moved[0])), float(fresh.tokens(moved, budget)[0]), fresh.terms


def price_of_better(line: Allocation, flops: float, N: float) -> float:
    """Return how many more FLOPs a loss lower by 0.01 takes; inf if it is out of reach, nan if N and D are settled."""
    if line.terms.settled:
        return math.nan
    now = _loss(line, flops, N)
    if now <= STEP:
        return math.inf
    return float(line.reaching(np.array([now - STEP]))[0]) - flops


def regrets(line: Allocation, laws: Surface | None, flops: float, *, N: float) -> tuple[Regret, ...]:
    """Return what each other law says of planning by this one; nothing where there was nothing to plan.

    laws  those on the same runs; without them, the other curves of the source
    """
    if line.terms.settled:
        return ()
    others = line.by.curves[1:] if laws is None else laws.curves
    return tuple(_regret(replace(line, by=other), flops, N) for other in others)


def _regret(line: Allocation, flops: float, N: float) -> Regret:
    """Return what is lost if another law is right: its best loss against that of N, and the budget that would do."""
    best = line.best(np.array([flops]))
    least = math.exp(float(line.log_loss(best, np.array([flops]))[0]))
    got = _loss(line, flops, N)
    enough = float(line.reaching(np.array([got]), most=flops)[0])
    return Regret(line.by.name, float(np.exp(best[0])), max(got / least - 1, 0.0), max(1 - enough / flops, 0.0))


def _loss(line: Allocation, flops: float, N: float) -> float:
    return math.exp(float(line.log_loss(np.log(np.array([N])), np.array([flops]))[0]))


def _losses(law: Law, rows: Array, terms: Terms, *, N: float, D: float) -> Array:
    """Return the loss of one run on each row of a law's parameter values, (rows,)."""
    named = {key: rows[:, place] for place, key in enumerate(law.parameters)}
    with np.errstate(all="ignore"):
        value = law.formula.evaluate({**named, **terms.effective_inputs(law.inputs, np.array(N), np.array(D))})
    return np.broadcast_to(value, len(rows))
