"""A table of one input and a loss is forecast as others are: laws together, backtests, intervals, solve."""

from __future__ import annotations

import json

import numpy as np
import pytest

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import UsageError
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.single_input import single_input

pytest_plugins = ["commands"]


def truth(x):
    return 1.7 + 1e3 / x**0.16


def runs(key="C", *, count=8, noise=0.002, seed=0):
    x = np.geomspace(1e18, 1e20, count)
    loss = truth(x) * np.exp(noise * np.random.default_rng(seed).standard_normal(count))
    return Runs.of(**{key: x, "loss": loss})


@pytest.mark.parametrize("key", ["C", "N", "D", "x"])
def test_one_input_is_forecast_with_backtests_and_an_interval(key):
    found = isoflop.forecast(runs(key), **{key: 1e21})
    assert found[0].loss.low < truth(1e21) < found[0].loss.high
    assert found[0].loss.value == pytest.approx(truth(1e21), rel=0.02)
    assert found.record.tests
    assert found[0].decades == pytest.approx(1.0)


def test_six_budgets_say_the_next():
    error = [
        isoflop.forecast(runs(count=6, seed=seed), C=2.5e20)[0].loss.value / truth(2.5e20) - 1 for seed in range(4)
    ]
    assert np.abs(error).mean() < 0.01


def test_what_has_two_of_n_d_and_c_is_no_table_of_one_input():
    assert single_input(runs()) == "C"
    assert not single_input(Runs.of(N=[1e8, 1e9], C=[1e18, 1e19], loss=[3.0, 2.5]))


def test_solve_undoes_forecast():
    together = combine(runs())
    loss = isoflop.forecast(together, C=1e21)[0].loss.value
    assert isoflop.solve("C", together, loss=loss).value == pytest.approx(1e21, rel=1e-3)


def test_a_plan_says_what_it_needs():
    with pytest.raises(UsageError, match="needs a law of N and D"):
        isoflop.plan(runs(), flops=1e22)


def test_the_command_gives_what_python_gives(good, tmp_path):
    table, some = tmp_path / "one.csv", runs()
    table.write_text("flops,loss\n" + "\n".join(f"{c},{loss}" for c, loss in zip(some["C"], some["loss"], strict=True)))
    found = good("forecast", str(table), "C=1e21")
    said = isoflop.forecast(isoflop.read(str(table)), C=1e21)[0].loss
    assert json.dumps(found).count("1e+21")
    assert found["forecasts"][0]["loss"] == pytest.approx(said.value)


def horizons(**inputs):
    rng = np.random.default_rng(1)
    years = np.linspace(2019.2, 2025.3, 12)
    minutes = 2 ** ((years - 2019) / 0.6) * 0.05 * np.exp(rng.normal(0, 0.2, 12))
    return years, minutes, inputs


def test_what_has_no_best_value_doubles_with_the_date_and_nears_no_floor(tmp_path):
    years, minutes, _ = horizons()
    days = [f"{int(year)}-{1 + int(year % 1 * 12):02d}-01" for year in years]
    table = tmp_path / "horizons.csv"
    table.write_text(
        "released,minutes\n" + "\n".join(f"{day},{value}" for day, value in zip(days, minutes, strict=True))
    )
    whole = isoflop.forecast(isoflop.read(str(table), metric="minutes:up"), released="2027-01-01")
    found, truth = whole[0].score, 0.05 * 2 ** (8 / 0.6)
    assert found.value == pytest.approx(truth, rel=0.3)
    assert found.low < found.value < found.high
    assert whole.record.tests
    assert all(2019 < cut < 2026 for cut in whole.record.cuts)
    assert "years ahead" in whole.record.told(0.5)


def test_compute_and_one_of_size_and_tokens_say_the_other():
    grid = Runs.of(N=np.repeat([1e8, 3e8, 1e9], 3), D=np.tile([1e10, 2e10, 4e10], 3), loss=np.linspace(3.2, 2.4, 9))
    together = combine(grid)
    whole = isoflop.forecast(together, N=2e9, D=5e10)[0].loss.value
    for at in ({"C": 6 * 2e9 * 5e10, "N": 2e9}, {"C": 6 * 2e9 * 5e10, "D": 5e10}):
        assert isoflop.forecast(together, **at)[0].loss.value == pytest.approx(whole)
    with pytest.raises(UsageError, match=r"Which split of C\? Type N=1.00B C=1e\+22 .*--flops 1e\+22"):
        isoflop.forecast(together, C=1e22)


def test_what_grows_without_end_has_no_floor_along_one_input_or_two():
    rng = np.random.default_rng(0)
    size = np.repeat([1e7, 3e7, 1e8, 3e8], 5)
    tokens = size * np.tile([5.0, 10, 20, 40, 80], 4)
    grown = 1e-9 * size**0.6 * tokens**0.5 * np.exp(rng.normal(0, 0.05, 20))
    two = isoflop.read({"N": size, "D": tokens, "minutes": grown}, metric="minutes:growth")
    one = isoflop.read({"D": tokens, "minutes": 1e-9 * tokens**0.8}, metric="minutes:growth")
    for runs_, at, truth in (
        (two, {"N": 3e9, "D": 6e10}, 1e-9 * 3e9**0.6 * 6e10**0.5),
        (one, {"D": 1e13}, 1e-9 * 1e13**0.8),
    ):
        found = isoflop.forecast(runs_, **at)[0].score
        assert found.value == pytest.approx(truth, rel=0.2)


def test_a_doubling_time_that_is_typed_is_found():
    years, minutes, _ = horizons()
    runs_ = isoflop.read({"released": years, "minutes": minutes}, metric="minutes:up")
    found = isoflop.fit("A*2^(-(released - 2019)/doubling)", runs_)
    assert found.curve.values["doubling"] == pytest.approx(0.6, rel=0.05)
    assert isoflop.forecast(found, released=2027.0)[0].score.value == pytest.approx(0.05 * 2 ** (8 / 0.6), rel=0.3)
