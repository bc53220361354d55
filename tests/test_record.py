"""record and backtest: the table of what forecasts from these runs have been worth."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.errors import DataError, UsageError
from isoflop.forecasting.baselines import NAMES
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.record import RATIOS, record

pytest_plugins = ["commands"]

RUNS = chinchilla_runs(60, noise=0.005)
TOGETHER = combine(RUNS)
RECORD = record(TOGETHER)
LAWS = [one.label for one in TOGETHER.members]


def test_the_contenders_are_all_together_each_law_and_the_baselines():
    assert list(RECORD.errors) == ["together", *LAWS, *NAMES]
    assert list(isoflop.backtest(RUNS, laws=["chinchilla"]).errors) == ["chinchilla", *NAMES]


def test_each_number_is_the_mean_error_of_its_column():
    past, ratio = TOGETHER.backtest, 10**TOGETHER.backtest.decades
    for number, (low, high) in enumerate(RECORD.ratios):
        rows = (ratio >= low) & (ratio < high)
        for position, law in enumerate(LAWS):
            assert RECORD.errors[law][number] == pytest.approx(np.abs(past.error[position, rows]).mean())
        for name in NAMES:
            assert RECORD.errors[name][number] == pytest.approx(np.abs(past.baselines[name][rows]).mean())
        least, most = past.error[:, rows].min(axis=0).mean(), past.error[:, rows].max(axis=0).mean()
        assert least <= RECORD.bias[number] <= most


def test_the_columns_are_ratios_that_were_scored_and_all_of_them():
    ratio = 10**TOGETHER.backtest.decades
    assert RECORD.tests == ratio.size
    assert set(RECORD.ratios) <= set(RATIOS)
    counts = [np.count_nonzero((ratio >= low) & (ratio < high)) for low, high in RECORD.ratios]
    assert min(counts) > 0
    assert sum(counts) == RECORD.tests
    assert all(len(row) == len(RECORD.ratios) for row in (*RECORD.errors.values(), RECORD.bias))


def test_laws_beat_guesses_at_every_ratio_and_guesses_get_worse_with_it():
    for name in NAMES:
        assert (np.array(RECORD.errors["together"]) < RECORD.errors[name]).all()
        assert RECORD.errors[name][0] < RECORD.errors[name][-1]


def test_the_origins_are_what_was_fitted_last():
    assert len(RECORD.cuts) == len(TOGETHER.backtest.cuts)
    largest = [RUNS["C"][np.argmin(np.abs(np.log(RUNS["C"] / cut)))] for cut in RECORD.cuts]
    assert RECORD.cuts == pytest.approx(largest, rel=1e-9)


def test_the_share_inside_grows_with_the_level():
    shares = [list(record(TOGETHER, level=level).inside.values()) for level in (0.1, 0.5, 0.9, 0.9999)]
    assert (np.diff(shares, axis=0) >= 0).all()
    assert shares[0][0] < 0.5
    assert shares[-1][1] > 0.99


def test_without_origins_the_record_is_empty_and_prints():
    found = isoflop.backtest(chinchilla_runs(7, noise=0.005))
    assert (found.tests, found.cuts, found.ratios, found.inside) == (0, (), (), {})
    assert "none: too few runs" in str(found)


def test_one_fit_is_backtested_as_its_law_is():
    fit = isoflop.fit("coupled", RUNS, draws=0)
    assert isoflop.backtest(fit).errors == isoflop.backtest(RUNS, laws=["coupled"]).errors


def test_a_law_of_one_input_is_backtested_along_it():
    found = isoflop.backtest(RUNS, laws=["E + B/D^beta"])
    assert found.along == "D"
    assert max(found.cuts) < RUNS["D"].max()


@pytest.mark.parametrize("laws", [(), ("chinchilla",), ("chinchilla", "coupled")])
@pytest.mark.parametrize("along", ["N", "D", "C"])
def test_one_may_extrapolate_along_another_input(laws, along):
    found = isoflop.backtest(RUNS, laws=laws, along=along)
    assert found.along == along
    assert RUNS[along].min() < min(found.cuts) < max(found.cuts) < RUNS[along].max()


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"along": "U"}, DataError, '"U" is missing'),
        ({"laws": ["chinchilla"], "along": "U"}, DataError, '"U" is missing'),
        ({"level": 1.2}, UsageError, "between 0 and 1"),
        ({"laws": ["chinchilla", "E + B/D^b"]}, UsageError, "is not one of N and D"),
        ({"laws": ["chinchilla", "nosuch"]}, UsageError, "nosuch"),
    ],
)
def test_questions_that_mean_nothing_are_refused(options, error, told):
    with pytest.raises(error, match=told):
        isoflop.backtest(RUNS, **options)


def test_one_cannot_extrapolate_along_words():
    words = isoflop.Runs.of(N=RUNS["N"], D=RUNS["D"], loss=RUNS["loss"], name=[f"run {row}" for row in range(60)])
    with pytest.raises(UsageError, match="cannot extrapolate along name"):
        isoflop.backtest(words, along="name")


def test_it_prints_itself():
    text = str(RECORD)
    assert "times the compute" in text
    assert "together" in text
    assert "90% interval" in text
    assert "<table" in RECORD._repr_html_()


# The command.


def test_the_shape_of_backtest(good, table):
    found = good("backtest", table)
    assert list(found) == [
        "source",
        "along",
        "origins",
        "tests",
        "ratios",
        "errors",
        "bias",
        "inside",
        "level",
        "scored",
        "sizes",
    ]
    assert found["along"] == "C"
    assert found["level"] == 0.9
    assert list(found["errors"]) == ["together", *LAWS, *NAMES]
    columns = len(found["ratios"])
    assert all(len(row) == columns for row in (*found["errors"].values(), found["bias"]))
    assert found["inside"].keys() == {"statistical", "calibrated"}
    assert all(0 <= share <= 1 for share in found["inside"].values())
    assert len(found["origins"]) > 1


def as_json(record):
    return json.loads(re.sub(r"\bInfinity\b", "1e999", json.dumps(record.as_dict())))


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--law", "coupled"], {"laws": ["coupled"]}),
        (["--law", "chinchilla,coupled"], {"laws": ["chinchilla", "coupled"]}),
        (["--along", "D", "--level", "0.5"], {"along": "D", "level": 0.5}),
    ],
)
def test_the_command_gives_what_python_gives(good, table, words, *, options):
    assert good("backtest", table, *words) == as_json(isoflop.backtest(isoflop.read(table), **options))


def test_options_of_a_fit_are_those_of_the_fit_backtested(good, table):
    pinned, free = (good("backtest", table, "--law", "chinchilla", *more) for more in (["--fix", "E=1.9"], []))
    squares = good("backtest", table, "--law", "chinchilla", "--objective", "squares")
    named = [next(iter(one["errors"].items())) for one in (free, pinned, squares)]
    assert named[0][0] == "chinchilla"
    assert all(name.startswith("chinchilla") for name, _ in named)
    assert len({name for name, _ in named}) == 3  # each name says which options it was fitted with
    assert len({tuple(errors) for _, errors in named}) == 3


def test_ratios_without_an_end_read_back_as_infinity(good, table):
    assert good("backtest", table)["ratios"][-1][1] == math.inf
