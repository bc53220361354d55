"""terms: under any bound, price and data limit, the optimum is the one that brute force finds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from examples import UNPUBLISHED
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from isoflop.compute.allocation import allocate
from isoflop.compute.flops import rule_named
from isoflop.compute.terms import Terms
from isoflop.errors import UsageError
from isoflop.laws import CURVES, LAWS

INPUTS = {"N", "D", "U", "bits", "experts"}
FAMILIES = {"pre-training", "over-training", "flexible", "unique data", "mixture of experts", "precision"}


def planned(law):
    """Say whether a plan can be made by a law: it gives a loss of N and D, and of nothing that is not told."""
    if law.name == "farseer":  # at a parameter or two it falls to nothing: brute force finds that, as does the search
        return False
    return {"N", "D"} <= set(law.inputs) <= INPUTS and law.output.name == "Nats" and law.family in FAMILIES


PLANNED = [
    *(curve for curve in CURVES.values() if planned(curve.law)),
    *(LAWS[name].at(name, **values) for name, values in UNPUBLISHED.items() if planned(LAWS[name])),
]
"""Every curve that a plan can be made from."""

ROUNDING = 1e-13
"""Losses that differ by so little are equal: a floor that nearly all of the loss lies on hides where it is least."""
AMOUNTS = st.floats(0, 1)
BOUNDS = st.fixed_dictionaries(
    {},
    optional={
        "serve": AMOUNTS, "unique": AMOUNTS, "bits": st.sampled_from([4.0, 8.0]), "most": AMOUNTS, "least": AMOUNTS,
        "time": AMOUNTS, "rule": st.sampled_from(["kaplan", "palm"]),
    },
)  # fmt: skip


def terms_of(bounds, curve, budget):
    """Give terms whose bounds bite near the unbounded optimum; 0 and 1 are the ends of what each may be."""
    best = allocate(curve.law, curve.row, budget, terms=told(curve))
    size, tokens = float(best.N[0]), float(best.D[0])
    return told(
        curve,
        rule=rule_named(bounds.get("rule", "6ND")),
        serving=2 * tokens * 10 ** (2 * bounds["serve"] - 1) if "serve" in bounds else 0.0,
        training=budget * (0.1 + bounds["time"]) if "time" in bounds else math.inf,
        unique_tokens=tokens * 10 ** (1.5 * bounds["unique"] - 1.5) if "unique" in bounds else math.inf,
        bits=bounds.get("bits", 16.0),
        params=(1.0, size * 10 ** (2 * bounds["most"] - 1)) if "most" in bounds else (1.0, math.inf),
        tokens=(tokens * 10 ** (2 * bounds["least"] - 1) * 0.05, math.inf) if "least" in bounds else (1.0, math.inf),
    )


def told(curve, **more):
    held = {"experts": 8.0} if "experts" in curve.law.inputs else {}
    return Terms(held=held, **more)


def brute_force(curve, terms, budget):
    """Give log N of the least loss among all sizes that keep the bounds, a hair's breadth apart."""
    low, high = 0.0, math.log(budget)
    for _ in range(3):
        size = np.exp(np.linspace(low, high, 4001))
        left = np.minimum(budget - terms.serving * size, terms.training)
        tokens = np.where(left > 0, left / terms.rule.per_token(size), 0.0)
        allowed = (size <= terms.params[1] * (1 + 1e-12)) & (tokens >= terms.tokens[0])
        with np.errstate(all="ignore"):
            loss = np.where(allowed, curve(**terms.effective_inputs(curve.inputs, size, tokens)), np.inf)
        best, step = math.log(size[np.argmin(np.where(np.isnan(loss), np.inf, loss))]), (high - low) / 4000
        low, high = best - 2 * step, best + 2 * step
    return best, float(loss.min())


@pytest.mark.parametrize("curve", PLANNED, ids=[curve.name for curve in PLANNED])
@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
@given(exponent=st.floats(18, 26), bounds=BOUNDS)
def test_the_optimum_is_the_one_that_brute_force_finds(curve, exponent, bounds):
    budget = 10**exponent
    terms = terms_of(bounds, curve, budget)
    best, loss = brute_force(curve, terms, budget)
    if not np.isfinite(loss):
        with pytest.raises(UsageError, match="Raise the budget"):
            allocate(curve.law, curve.row, budget, terms=terms)
        return
    found = allocate(curve.law, curve.row, budget, terms=terms)
    # Where two limits meet the slope jumps, and differences see it a hair too early.
    assert float(found.loss[0]) <= loss * (1 + 1e-6)
    if abs(found.loss[0] / loss - 1) > ROUNDING:
        assert math.log(found.N[0]) == pytest.approx(best, abs=1e-3)
