"""What others call their runs and columns is text wherever it is shown: never markup, never a link, never lost."""

import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from tabled import columns

import isoflop
from isoflop.data.runs import Runs
from isoflop.display import group, heading, html, plain, table
from isoflop.faces.report import report_text

NAMES = (
    "out[/mnt/a]", "exp[lr=3e-4]-a", "ckpt[v2]:up:7", "[link=javascript:alert(1)]x[/link]", "[red]a[/]", ":smile:",
    "<img src=x onerror=alert(1)>", "</script><script>x", "a|b`c`*d*_e_", r"\input{/etc/passwd}$x_1$&%", "[b",
)  # fmt: skip
pytest_plugins = ["commands"]


class Tags(HTMLParser):
    """The tags of a page, and what stands in their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def hostile_runs(bad):
    """Return runs whose names are all hostile, and of which one, so called, is far off the curve."""
    found = columns()
    count = len(found["N"])
    names = [f"{NAMES[row % len(NAMES)]}{row}" for row in range(count)]
    names[7] = bad
    loss = np.array(found["loss"], dtype=float)
    loss[7] *= 1.08
    return Runs.of(**{**found, "loss": loss, "run": names})


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_by_all_that_results_are_made_of(name):
    parts = group(name, heading(name, name), table((name, "b"), [(name, name)]))
    assert squeezed(plain(parts)).count(squeezed(name)) == 6
    page = html(parts)
    assert Tags(page).tags <= {"div", "table", "tr", "td", "th", "span", "pre", "b"}
    assert squeezed(unescape(re.sub("<[^>]*>", "", page))).count(squeezed(name)) == 6


@pytest.mark.parametrize("name", ["[red]out[/mnt/a]:up:7", NAMES[3], NAMES[6]])
def test_a_run_of_any_name_is_named_by_its_check_in_terminal_and_notebook(name):
    found = isoflop.check(isoflop.fit("chinchilla", hostile_runs(name), draws=20))
    assert squeezed(name) in squeezed(str(found))
    page = found._repr_html_()
    assert not Tags(page).tags & {"a", "img", "script"}
    assert squeezed(name) in squeezed(unescape(re.sub("<[^>]*>", "", page)))
    assert name in json.dumps(found.as_dict(), ensure_ascii=False).replace("\\\\", "\\")


def test_results_show_in_the_users_own_console_too(capsys):
    from rich.console import Console

    Console(width=200).print(group(*NAMES))  # which reads markup in strings
    said = capsys.readouterr().out
    assert all(name in said for name in NAMES)


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_a_report_holds_names_as_text(suffix):
    runs = hostile_runs(NAMES[3])
    text = report_text(isoflop.fit("chinchilla", runs, draws=50), suffix)
    if suffix == ".html":
        found = Tags(text)
        assert "iframe" not in found.tags
        assert all(value.startswith("data:image/") for key, value in found.attributes if key == "src")
        assert not [value for key, value in found.attributes if key.startswith("on") or "javascript:" in (value or "")]
    else:
        assert "](javascript:" not in text


@pytest.mark.parametrize("command", ["fit", "plan"])
def test_help_shows_what_can_be_typed(run, command):
    said = run(command, "--help").out
    assert "accuracy:up:1" in said
