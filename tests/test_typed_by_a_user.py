"""What a user types, as a strict type checker sees it: every result has its type, a misspelt keyword is an error.

`make lint` checks this file's types: assert_type fails where a result is Any, and an ignore that is not needed
where a mistake goes unseen.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, assert_type

import pytest

import isoflop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVE = "besiroglu2024"


def test_runs_are_read_fitted_and_drawn() -> None:
    runs = isoflop.read("tinylm", where='role == "sweep"')
    assert_type(runs, isoflop.Runs)
    fitted = isoflop.fit("chinchilla", runs, draws=0)
    assert_type(fitted, isoflop.Fit)
    assert_type(fitted.parameters["alpha"], isoflop.Estimate)
    assert fitted.parameters["alpha"] > 0
    assert len(runs.to_pandas()) == len(runs)


def test_parts_of_a_forecast_have_their_type() -> None:
    found = isoflop.forecast(CURVE, N=[1e9, 1e10], D=2e11)
    assert_type(found, isoflop.Forecasts)
    assert_type(found[0], isoflop.Forecast)
    assert_type(found[-1:], tuple[isoflop.Forecast, ...])
    assert_type([one.loss for one in found], list[isoflop.Estimate])
    assert_type(found[0].loss - found[1].loss, float)
    assert found[0].loss > found[1].loss > 1.8
    assert found[-1:] == (found[1],)
    assert len(found.to_pandas()) == 2


def test_a_plan_is_numbers_to_reckon_with() -> None:
    plan = isoflop.plan(CURVE, flops=1e21)
    assert_type(plan, isoflop.Plan)
    assert_type(plan.N, isoflop.Estimate)
    assert_type(plan.N.high, float)
    assert_type(plan.D / plan.N, float)
    assert_type(6 * plan.N, float)
    assert 6 * plan.N * float(plan.D) == pytest.approx(1e21)
    if TYPE_CHECKING:
        assert_type(plan.plot(), Figure)


def test_a_misspelt_keyword_is_an_error_before_and_when_it_runs() -> None:
    with pytest.raises(isoflop.UsageError, match="flops="):
        isoflop.plan(CURVE, flop=1e21)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="draw"):
        isoflop.fit("chinchilla", CURVE, draw=3)  # type: ignore[call-arg]


def test_the_package_says_that_it_is_typed() -> None:
    assert (files("isoflop") / "py.typed").is_file()
