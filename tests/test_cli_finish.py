"""isoflop finish: what it prints, draws and refuses, and how it follows a growing log."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from isoflop.beyond.finish import Schedule, finish, read_curve
from isoflop.faces.cli import finishing, main
from isoflop.faces.plot import finish_figure, save_figure


def run(words, *, monkeypatch, capsys):
    """Give exit code, stdout and stderr of a command line."""
    monkeypatch.setattr(sys, "argv", ["isoflop", *words])
    with pytest.raises(SystemExit) as done:
        main()
    printed = capsys.readouterr()
    return done.value.code or 0, printed.out, printed.err


PLAN = ["finish", "tinylm-4m", "--until", "5200", "--steps", "7812", "--schedule", "wsd", "--warmup", "100"]


def test_our_own_run_ends_inside_its_interval(monkeypatch, capsys):
    code, out, _ = run([*PLAN, "--like", "tinylm-2m", "--json"], monkeypatch=monkeypatch, capsys=capsys)
    found, reached = json.loads(out), read_curve("tinylm-4m").loss[-1]
    assert code == 0
    assert found["loss"]["low"] < reached < found["loss"]["high"]
    assert found["loss"]["value"] == pytest.approx(reached, rel=0.01)
    assert found["baselines"]["last loss"] > 1.1 * reached
    assert found["now"] < 5200 < found["end"] == 7812


def test_the_table_compares_every_way_to_go_on(monkeypatch, capsys):
    words = [*PLAN, "--what-if", "constant", "--what-if", "cosine", "--stop", "10%"]
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    names = [line[:15].strip() for line in out.splitlines()[2:6]]
    assert names == ["as planned", "constant", "cosine", "stop, decay 10%"]
    assert "S09" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_figure_is_drawn_and_equal_forecasts_give_equal_bytes(tmp_path):
    found = finish(
        read_curve("tinylm-4m").until(5200), schedule=Schedule("wsd", 7812, 100), what_if=["cosine"], stop=0.1
    )
    first, second = (save_figure(finish_figure(found), tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    figure = finish_figure(found)
    (axes,) = figure.axes
    said = [text.get_text() for text in axes.texts]
    assert any(text.startswith("cosine") for text in said)
    assert axes.get_title(loc="left") == f"tinylm-4m: forecast to end at {found.loss.value:#.4g}"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["finish", "nothing.csv", "--steps", "10"], 3, "there is no such file"),
        (["finish", "tinylm-4m", "--steps", "many"], 2, "is not a quantity"),
        (["finish", "tinylm-4m", "--steps", "7812", "--schedule", "dance"], 2, "is no schedule"),
        (["finish", "tinylm-4m", "--steps", "8000.5", "--schedule", "wsd"], 2, "whole numbers"),
        ([*PLAN, "-o", "finish.gif"], 2, "a figure is saved as"),
        ([*PLAN, "--loss", "\x1b[31mred"], 3, r"\x1b[31mred"),
        (["finish", "-", "--steps", "10", "--follow"], 2, "Name the file"),
        ([*PLAN, "--stop", "half"], 2, "is not a quantity"),
        ([*PLAN, "--decay", "120%"], 2, "are shares"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_type(words, code, says, *, monkeypatch, capsys):
    found, _, err = run(words, monkeypatch=monkeypatch, capsys=capsys)
    assert (found, says in err) == (code, True), err
    assert "\x1b" not in err


def test_a_printed_log_says_itself_where_it_ends_and_may_come_through_a_pipe(tmp_path, monkeypatch, capsys):
    lines = [f"iteration {step}/ 1000 | lm loss: {2 + 8 / step**0.5:.6E} |" for step in range(25, 801, 25)]
    (tmp_path / "job.log").write_text("\n".join(lines) + "\n")
    _, named, _ = run(["finish", str(tmp_path / "job.log"), "--json"], monkeypatch=monkeypatch, capsys=capsys)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO((tmp_path / "job.log").read_bytes())))
    _, piped, _ = run(["finish", "-", "--steps", "1000", "--json"], monkeypatch=monkeypatch, capsys=capsys)
    assert json.loads(named)["end"] == 1000
    assert json.loads(named)["loss"] == json.loads(piped)["loss"]
    (tmp_path / "job.log").write_text("\n".join([*lines, "iteration 1000/ 1000 | lm loss: 2.2 |"]) + "\n")
    code, _, err = run(["finish", str(tmp_path / "job.log")], monkeypatch=monkeypatch, capsys=capsys)
    assert (code, "has ended" in err) == (2, True)


def test_a_growing_log_is_followed_to_its_end(tmp_path, monkeypatch, capsys):
    log, steps = tmp_path / "log.csv", np.arange(10, 210, 10)
    lines = [f"{step},{2 + 3 * step**-0.5:.5f}\n" for step in steps]
    looks = iter(["".join(lines[:12]) + "2", None, "".join(lines[:16]) + "170", "".join(lines[:20]) + "2"])
    log.write_text("step,loss\n" + "".join(lines[:3]))

    def wait(_):
        """Stand for the seconds between two looks: the training writes; None is a log that is just being replaced."""
        rows = next(looks)
        log.write_text("" if rows is None else "step,loss\n" + rows)

    monkeypatch.setattr(finishing, "time", SimpleNamespace(sleep=wait))
    words = ["finish", str(log), "--steps", "200", "--follow", "--every", "0.05"]
    code, out, err = run(words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0, err
    assert "120 of 200 steps" in out
    assert "160 of 200 steps" in out
    assert "log has ended at a loss of 2.2121" in out
    assert next(looks, "all") == "all"


def test_a_log_that_stays_broken_is_not_followed_for_ever(tmp_path, monkeypatch, capsys):
    log = tmp_path / "log.csv"
    log.write_text("step,loss\n" + "".join(f"{step},{3 + 1 / step:.3f}\n" for step in range(1, 11)))
    monkeypatch.setattr(finishing, "time", SimpleNamespace(sleep=lambda _: log.write_text("step,loss\n1,2,3\n")))
    code, _, err = run(["finish", str(log), "--steps", "200", "--follow"], monkeypatch=monkeypatch, capsys=capsys)
    assert (code, "row 2: 3 cells" in err) == (3, True), err
