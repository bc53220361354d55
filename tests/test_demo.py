"""The demo fits real runs, compares its forecasts with the truth, says where it is off, and needs no network."""

from __future__ import annotations

import re
import socket
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from isoflop import datasets
from isoflop.cli import app
from isoflop.demo import BUDGET, FLOORS, LAWS, SHOWN, demo
from isoflop.errors import UsageError
from isoflop.fit import fit
from isoflop.forecast import forecast
from isoflop.plan import plan
from isoflop.units import show

WIDTH, LINES = 80, 50


def printed(parts):
    """Give the demo's text as a terminal of 80 columns shows it."""
    from rich.console import Console

    console = Console(width=WIDTH, color_system=None, highlight=False)
    with console.capture() as caught:
        for part in parts:
            console.print(part)
    return caught.get()


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Give the folder, the text of the demo run without a network, and the text on one line."""

    def refuse(*_, **__):
        raise AssertionError("the demo reached for the network")

    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        text = printed(demo(str(folder / "figure.png")))
    return folder, text, " ".join(text.split())


@pytest.fixture(scope="module")
def ladder():
    runs = datasets.load("tinylm")
    sweep, targets = runs.where('role == "sweep"'), runs.where('role == "target"')
    return sweep, targets, {law: fit(LAWS[law], sweep) for law in SHOWN}


def row(text, start):
    """Give the first line of the text that starts so."""
    return next(line for line in text.splitlines() if line.startswith(start))


def test_it_fits_one_screen(shown):
    lines = shown[1].splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


def test_it_says_what_it_is_for_and_what_to_type_next(shown):
    assert shown[1].startswith("What do small training runs say about a larger one")
    assert "21 real runs" in shown[2]
    for verb in ("fit", "forecast", "plan"):
        assert f"isoflop {verb} " in shown[2].partition("Now with your own runs")[2]


def test_the_figure_is_written_where_it_was_asked_for(shown):
    assert [path.name for path in shown[0].iterdir()] == ["figure.png"]
    assert "figure.png" in shown[1].replace("\n", "")


def test_the_cheapest_budget_has_no_minimum_and_the_others_do(shown):
    assert "none inside 6144" in row(shown[1], "3e10")
    for budget in ("1e11", "3e11", "1e12"):
        assert re.search(r"\d+\.\dk +\d+\.\dk – \d+\.\dk +\d\d +1\.\d{3}", row(shown[1], budget))


def test_truths_come_from_the_table_and_forecasts_from_the_fits(shown, ladder):
    _, targets, fits = ladder
    for run, loss in enumerate(targets["loss"]):
        at = {key: float(targets[key][run]) for key in ("N", "D")}
        line = row(shown[1], f"{show(at['N'])} on {show(at['D'])}")
        assert f" {loss:.3f} " in line
        for found in fits.values():
            said = forecast(found, **at)[0].loss
            assert f"{said.low:.3f} – {said.high:.3f}" in line
            assert f"{100 * (said.value / loss - 1):+.1f} %".replace("-", "−") in line


def test_it_counts_the_truths_inside_the_intervals(shown, ladder):
    _, targets, fits = ladder
    for law, found in fits.items():
        said = forecast(found, N=targets["N"], D=targets["D"])
        inside = sum(one.loss.low <= loss <= one.loss.high for one, loss in zip(said, targets["loss"], strict=True))
        assert f"{inside} of {len(targets)} for {law}" in shown[2]


def test_a_law_that_misses_to_one_side_is_named(shown, ladder):
    _, targets, fits = ladder
    found = fits["chinchilla"]
    assert (found.curve(N=targets["N"], D=targets["D"]) > targets["loss"]).all()
    assert "Chinchilla is too high for all 3" in shown[2]


def test_it_says_why_the_floor_is_not_identified(shown, ladder):
    sweep, targets, _ = ladder
    last = int(np.argmax(targets["C"]))
    errors = []
    for floor in FLOORS:
        found = fit(LAWS["coupled"], sweep, fix={"E": floor}, draws=0)
        loss = found.curve(N=targets["N"][last], D=targets["D"][last])
        errors.append(f"{100 * (loss / targets['loss'][last] - 1):+.1f} %".replace("-", "−"))
    assert row(shown[1], "forecast of the largest run off by").split("by", 1)[1].split() == " ".join(errors).split()
    assert "E is not identified" in shown[2]
    assert errors[0].startswith("−")
    assert errors[-1].startswith("+")


def test_the_plan_is_the_plan(shown, ladder):
    text = shown[1].partition("5  Turn a budget")[2]
    for law, found in ladder[2].items():
        planned = plan(found, flops=BUDGET)
        for number in (planned.N, planned.loss):
            assert f"{show(number.low)} – {show(number.high)}" in row(text, law)
        assert " – ".join(map(show, planned.flat_range)) in row(text, law)


def test_without_matplotlib_it_says_what_to_install_and_ends_well(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = CliRunner().invoke(app, ["demo", "-o", str(tmp_path / "figure.png")])
    assert done.exit_code == 0
    assert 'pip install "isoflop[plot]"' in " ".join(done.output.split())
    assert "isoflop plan fit.json" in done.output
    assert not list(tmp_path.iterdir())


def test_a_wrong_suffix_is_refused_before_any_work():
    with pytest.raises(UsageError, match=r"Say figure\.png"):
        next(demo("figure.gif"))
