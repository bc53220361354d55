"""What backtests showed is told in few words: a table whose best stands out, one line under a plan, a figure."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from isoflop import datasets
from isoflop.compute.allocation import Allocation
from isoflop.fitting.fit import fit
from isoflop.forecasting.ensemble import combine, evidence
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.record import backtest, percent
from isoflop.forecasting.weights import look_back
from isoflop.planning.plan import plan, plan_with

pytest_plugins = ["commands"]


@pytest.fixture(scope="module")
def together():
    return combine(datasets.load("tinylm", 'role == "sweep" and order == 0 and S >= 1000'))


@pytest.fixture(scope="module")
def told(together):
    return backtest(together.runs)


def lines(shown, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, highlight=False).print(shown)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.00496, "0.50 %"), (0.00994, "0.99 %"), (0.00996, "1.0 %"), (0.0512, "5.1 %"), (0.0996, "10 %"), (0.21, "21 %")],
)
def test_an_error_has_two_digits(share, written):
    assert percent(share) == written
    assert percent(math.nan) == ""


def test_nothing_wraps_at_80_columns(together, told):
    found = forecast(together, N=98304, D=5086208), plan_with(together, evidence(together), flops=1e13)
    for shown in (told, *(one.full() for one in found)):
        assert lines(shown, 80) == [line.ljust(len(other)) for line, other in zip(lines(shown, 80), lines(shown, 120),
                                                                                  strict=True)]  # fmt: skip


def test_the_best_of_each_column_is_bold_and_no_other(told):
    stream = io.StringIO()
    Console(file=stream, width=100, force_terminal=True, color_system="standard", highlight=False).print(told)
    rows = {name: line for line in stream.getvalue().splitlines() for name in told.errors if line.startswith(name)}
    columns = np.array(list(told.errors.values()))
    for name, best in zip(told.errors, columns == columns.min(axis=0), strict=True):
        assert rows[name].count("\x1b[1m") == best.sum(), name


def test_every_forecast_that_was_scored_is_kept(together, told):
    past, seen = together.backtest, look_back(together.backtest, level=0.9)
    assert [one.error for one in told.scored] == pytest.approx(seen.error)
    assert [one.times for one in told.scored] == pytest.approx(10**past.decades)
    assert [one.origin for one in told.scored] == past.origin.tolist()
    assert [one.reach for one in told.scored] == pytest.approx(seen.factor * seen.width)
    assert told.as_dict()["scored"][0] == told.scored[0]._asdict()


@pytest.mark.parametrize(("decades", "ratio"), [(0.0, "2–4×"), (0.5, "2–4×"), (1.0, "4–8×"), (3.0, "4–8×")])
def test_one_line_says_the_error_about_as_far_out(told, decades, ratio):
    number = ["2–4×", "4–8×"].index(ratio)
    assert f"at {ratio} the compute were {percent(told.errors['together'][number])} off" in told.told(decades)


def test_without_any_backtest_the_table_says_so(told):
    assert "too few runs" in str(replace(told, tests=0))


def test_best_sizes_are_those_of_plans(together):
    budgets = np.array([1e12, 1e13, 1e14])
    for source in (together, fit("chinchilla", together.runs)):
        planned = [plan(source, flops=budget).N.value for budget in budgets.tolist()]
        assert np.exp(Allocation(source).best(budgets)) == pytest.approx(planned, rel=1e-6)


def test_the_figure_is_written_by_the_command(good, refused, table, *, tmp_path):
    good("backtest", table, "-o", tmp_path / "errors.svg")
    assert (tmp_path / "errors.svg").read_text().startswith("<?xml")
    assert "overwrite the runs" in refused(2, "backtest", table, "-o", table, "--force")
    assert "Say figure.png" in refused(2, "backtest", table, "-o", tmp_path / "errors.jpg")
