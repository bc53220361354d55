"""The demo fits real runs, compares its forecasts with the truth, says where it is off, and needs no network."""

from __future__ import annotations

import re
import socket
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from isoflop import datasets
from isoflop.errors import UsageError
from isoflop.faces.cli import application
from isoflop.faces.demo import BUDGET, CHECKED, LAWS, TOGETHER, demo
from isoflop.fitting.check import check
from isoflop.fitting.fit import fit
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.forecast import forecast
from isoflop.forecasting.record import backtest
from isoflop.planning.plan import plan
from isoflop.quantities import show

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
    return sweep, targets, {TOGETHER: combine(sweep)} | {law: fit(law, sweep) for law in LAWS}


def row(text, start):
    """Give the first line of the text that starts so."""
    return next(line for line in text.splitlines() if line.startswith(start))


def test_it_fits_one_screen(shown):
    lines = shown[1].splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


def test_it_says_what_it_is_for_and_what_to_type_next(shown):
    assert shown[1].startswith("What do small training runs say about a larger one")
    assert "72 real runs" in shown[2]
    for verb in ("forecast", "plan", "check"):
        assert f"isoflop {verb} " in shown[2].partition("Now with your own runs")[2]


def test_the_figure_is_written_where_it_was_asked_for(shown):
    assert [path.name for path in shown[0].iterdir()] == ["figure.png"]
    assert "figure.png" in shown[1].replace("\n", "")


def test_the_backtests_are_the_backtests(shown, ladder):
    table = str(backtest(ladder[0])).splitlines()
    assert len(table) > 8
    for line in table:
        assert line in shown[1]


def test_truths_come_from_the_table_and_forecasts_from_their_sources(shown, ladder):
    _, targets, sources = ladder
    head = row(shown[1], "parameters on tokens")
    assert head.split()[-2:] == list(LAWS)
    settings = dict.fromkeys(zip(targets["N"].tolist(), targets["D"].tolist(), strict=True))
    assert len(settings) == 5
    for size, tokens in settings:
        reached = targets.where(f"N == {size} and D == {tokens}")["loss"]
        said = {name: forecast(one, N=size, D=tokens)[0].loss for name, one in sources.items()}
        line = row(shown[1], f"{show(size)} on {show(tokens)}")
        assert f" {reached.mean():.3f} " in line
        assert f"{said[TOGETHER].low:.3f} – {said[TOGETHER].high:.3f}" in line
        written = [float(word) for word in re.findall(r"[+-][\d.]+", line.replace("−", "-"))]
        off = [100 * np.mean(said[name].value / reached - 1) for name in (TOGETHER, *LAWS)]
        assert written == pytest.approx(off, abs=0.051)


def test_together_comes_nearer_to_the_larger_runs_than_chinchillas_law(ladder):
    _, targets, sources = ladder
    off = {
        name: np.mean([
            abs(one.loss.value / loss - 1)
            for one, loss in zip(forecast(source, N=targets["N"], D=targets["D"]), targets["loss"], strict=True)
        ])
        for name, source in sources.items()
    }  # fmt: skip
    assert off[TOGETHER] < 0.5 * off["chinchilla"]
    assert off[TOGETHER] < 0.015


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
    assert "chinchilla is too high for all 15" in shown[2].lower()


def test_what_a_check_finds_is_said_with_its_remedy(shown, ladder):
    found = check(ladder[2][CHECKED]).findings
    assert found
    for one in found:
        assert f"{one.code} {one.message.rstrip('.')}" in shown[2]


def test_the_plan_is_the_plan(shown, ladder):
    text = shown[1].partition("4  Turn a budget")[2]
    for law, found in ladder[2].items():
        planned = plan(found, flops=BUDGET)
        for number in (planned.N, planned.loss):
            assert f"{show(number.low)} – {show(number.high)}" in row(text, law)
        assert " – ".join(map(show, planned.flat_range)) in row(text, law)


def test_without_matplotlib_it_says_what_to_install_and_ends_well(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = CliRunner().invoke(application(), ["demo", "-o", str(tmp_path / "figure.png")])
    assert done.exit_code == 0
    assert 'pip install "isoflop[plot]"' in " ".join(done.output.split())
    assert "isoflop plan runs.csv" in done.output
    assert not list(tmp_path.iterdir())


def test_a_wrong_suffix_is_refused_before_any_work():
    with pytest.raises(UsageError, match=r"Say figure\.png"):
        next(demo("figure.gif"))
