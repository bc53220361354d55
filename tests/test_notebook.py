"""A notebook: what is printed is there, a result shows once, as a table, from the first line to a plan."""

from __future__ import annotations

import io

import pytest
from notebooks import executed

SETUP = (
    "import io, isoflop; runs = isoflop.read('tinylm', where='role == \"sweep\"')\n"
    "from isoflop import display; display.PATIENCE = 1e9"  # a busy machine shows no bar
)


@pytest.fixture(scope="module")
def outputs():
    return executed(
        SETUP,
        "fit = isoflop.fit('chinchilla', runs, draws=20); fit",
        "print(fit)",
        "file = io.StringIO(); print(fit, file=file); len(file.getvalue()) > 100",
        "f'{fit}' == str(fit) != ''",
        "isoflop.find_runs('tinylm')",
    )[1:]


def test_a_result_shows_once_and_as_a_table(outputs):
    for shown in (outputs[0], outputs[4]):
        assert [one.output_type for one in shown] == ["execute_result"]
        assert "<table" in shown[0].data["text/html"]
        assert "monospace" in shown[0].data["text/html"]


def test_what_is_printed_is_printed(outputs):
    assert [one.output_type for one in outputs[1]] == ["stream"]
    assert "chinchilla" in outputs[1][0].text
    assert outputs[2][0].data["text/plain"] == "True"
    assert outputs[3][0].data["text/plain"] == "True"


def test_an_html_table_has_its_header_and_every_row():
    from isoflop.display import bold, group, html, table

    found = html(group(bold("A <b>"), table(["name", "value"], [["x & y", "1"], ["z", "2"]])))
    assert found.count("<tr") == 3
    assert found.count("<th") == 2
    assert "x &amp; y" in found
    assert "&lt;b&gt;" in found
    assert io.StringIO(found).read().count("<b>") == 0
