"""Long work shows how much of it is done: in a terminal, in a notebook; nowhere else, and never twice."""

import io
import threading

import pytest
from notebooks import executed

from isoflop import display


def count(what, steps=4):
    with display.Bar(what) as look:
        for done in range(steps):
            look(done, steps)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def impatient(monkeypatch):
    """Show every step, whatever the clock says."""
    monkeypatch.setattr(display, "PATIENCE", -1.0)
    monkeypatch.setattr(display, "_BETWEEN", -1.0)


def shown_on(stream, monkeypatch, work):
    monkeypatch.setattr("sys.stderr", stream)
    work()
    return stream.getvalue()


@pytest.mark.usefixtures("impatient")
def test_a_terminal_shows_each_share_and_is_left_clean(monkeypatch):
    said = shown_on(Terminal(), monkeypatch, lambda: count("counting"))
    assert [share for share in ("0%", "25%", "50%", "75%") if share in said] == ["0%", "25%", "50%", "75%"]
    *_, last, end = said.split("\r")
    assert (last.strip(), end) == ("", "")
    assert len(last) >= max(map(len, said.split("\r")))


@pytest.mark.usefixtures("impatient")
def test_a_pipe_shows_nothing_unless_one_line_is_asked_for(monkeypatch):
    assert not shown_on(io.StringIO(), monkeypatch, lambda: count("counting"))

    def talk():
        with display.Bar("planning", talks=True) as look:
            for done in range(3):
                look(done, 3)

    assert shown_on(io.StringIO(), monkeypatch, talk) == "isoflop: planning takes more than a moment\n"


@pytest.mark.usefixtures("impatient")
def test_of_works_within_works_the_outermost_shows_and_of_threads_the_main_one(monkeypatch):
    def nested():
        with display.Bar("outside") as look:
            look(1, 2)
            count("inside")
            raise InterruptedError

    terminal = Terminal()
    with pytest.raises(InterruptedError):
        shown_on(terminal, monkeypatch, nested)
    said = terminal.getvalue()
    assert "outside" in said
    assert "inside" not in said

    def apart():
        thread = threading.Thread(target=count, args=("apart",))
        thread.start()
        thread.join()

    assert not shown_on(Terminal(), monkeypatch, apart)
    assert "after" in shown_on(Terminal(), monkeypatch, lambda: count("after"))


def test_what_takes_no_time_shows_nothing(monkeypatch):
    monkeypatch.setattr(display, "PATIENCE", 1e9)
    assert not shown_on(Terminal(), monkeypatch, lambda: count("counting"))


def test_a_notebook_shows_a_bar_below_its_cell_and_takes_it_away():
    _, *shown = executed(
        "from isoflop import display; display.PATIENCE = display._BETWEEN = -1.0",
        "with display.Bar('counting') as look: look(1, 4)",
        "look = display.Bar('counting').__enter__(); look(0, 4); look(1, 4)",
    )
    ((done,), (half,)) = shown
    assert "counting <progress value=1 max=4>" in half.data["text/html"]
    assert done.data["text/html"] == ""
