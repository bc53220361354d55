"""A notebook: what is printed is there, a result shows once, as a table, from the first line to a plan."""

from __future__ import annotations

import io

import nbformat
import pytest
from nbclient import NotebookClient

SETUP = "import io, isoflop; runs = isoflop.read('tinylm', where='role == \"sweep\"')"


def executed(*cells: str) -> list[list[nbformat.NotebookNode]]:
    """Run cells in a kernel of their own and return what each put out."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (SETUP, *cells)])
    NotebookClient(book, timeout=300, kernel_name="python3").execute()
    return [cell.outputs for cell in book.cells[1:]]


@pytest.fixture(scope="module")
def outputs():
    return executed(
        "fit = isoflop.fit('chinchilla', runs, draws=20); fit",
        "print(fit)",
        "file = io.StringIO(); print(fit, file=file); len(file.getvalue()) > 100",
        "f'{fit}' == str(fit) != ''",
        "isoflop.find_runs('tinylm')",
    )


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
