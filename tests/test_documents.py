"""A plan as a document: the decision first, its numbers the plan's, in HTML, PDF and Markdown."""

import re
import tomllib
from importlib import import_module
from urllib.parse import unquote

import pytest

import isoflop
from isoflop.faces.report import report
from isoflop.faces.report.decision import MOST_DOUBTS, decide, gravest
from isoflop.faces.report.document import Origin, document
from isoflop.faces.report.paper import width_of, wrapped
from isoflop.findings import Finding

pytest_plugins = ["chromium", "commands"]

MACHINES = {"gpus": "256xH100", "days": 21}
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def planned():
    return isoflop.plan(**MACHINES)


def test_a_decision_holds_the_numbers_of_its_plan(planned):
    found = decide(planned)
    assert found.question == "What should we train on 256 × H100 in 21 days?"
    assert [card.value for card in found.cards] == ["40.2B", "761B", "2.0100", "$258k"]
    assert found.answer in str(planned)
    row = next(row for row in found.choices if row[0] == "this plan")
    assert row[1:4] == ("40.2B", "761B", "2.0100")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dollars": 2e6}, "What should we train for $2M?"),
        ({"flops": 1e22, "serve_tokens": 1e12}, "What should we train with 1e22 FLOPs, to serve 1T tokens?"),
        ({"loss": 2.1}, "What is the cheapest run that reaches a loss of 2.1?"),
        ({"N": 8e9, "D": 15e12}, "What would 8B parameters on 15T tokens reach?"),
        ({"gpu_hours": 1e5, "N": 8e9}, "What should we train in 100k H100-hours, at N = 8B?"),
        ({"flops": 1e22, "unique_tokens": 1e11}, "What should we train with 1e22 FLOPs, with 100B tokens to read?"),
    ],
)
def test_the_question_is_what_was_asked(asked, said):
    assert decide(isoflop.plan("besiroglu2024", **asked)).question == said


@pytest.mark.parametrize("flops", [1e10, 1e13, 1e17, 1e24])  # below, amid and far beyond the runs
def test_what_moves_opens_at_the_budget_of_the_plan(flops):
    plan = isoflop.plan(isoflop.read("tinylm", where='role == "sweep"'), flops=flops)
    data = document(plan.answers, plan=plan, origin=Origin(), figures=False).data
    assert data["start"] == flops
    low, *_, high = data["budgets"]
    assert low * (1 - 1e-9) <= flops <= high * (1 + 1e-9)


def test_more_money_reaches_less_loss_and_another_size_more():
    rows = {row[0]: float(row[3]) for row in decide(isoflop.plan("besiroglu2024", flops=1e22)).choices}
    assert rows["twice the budget"] < rows["this plan"] < rows["half the budget"]
    assert rows["this plan"] < min(rows["half the size"], rows["twice the size"])


def test_the_first_page_lists_each_code_once_the_gravest_first_and_every_block():
    warned = [Finding(f"P{number:02}", "WARN", f"m{number}", "r") for number in range(9)]
    blocked = [Finding("D11", "BLOCK", f"b{number}", "r") for number in range(2)]
    found = gravest([*warned, warned[0], Finding("P01", "WARN", "again", "r"), *blocked])
    assert [one.message for one in found[:2]] == ["b0", "b1"]
    assert len(found) == MOST_DOUBTS
    assert len({one.message for one in found}) == len(found)


def test_markdown_begins_with_question_and_answer(planned, tmp_path):
    lines = report(planned, tmp_path / "p.md", author="A. N. Other", date="1 May 2026").read_text().split("\n\n")
    assert lines[0] == "# What should we train on 256 × H100 in 21 days?"
    assert lines[1] == "1 May 2026 · A. N. Other"
    assert "Train 40.2B parameters on 761B tokens" in lines[2]


def test_markdown_shows_the_figures_that_lie_beside_it(planned, tmp_path):
    text = report(planned, tmp_path / "the plan.md").read_text()
    shown = [unquote(name) for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)]
    assert shown == ["the plan_files/the-valley.svg", "the plan_files/what-each-budget-trains.svg"]
    assert all((tmp_path / name).read_bytes().startswith(b"<?xml") for name in shown)


def test_equal_plans_give_equal_files_where_the_day_is_fixed(planned, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764374400")
    folders = ("a", "b")
    for name in folders:
        (tmp_path / name).mkdir()
    one, other = (report(planned, tmp_path / name / "p.md") for name in folders)
    assert one.read_bytes() == other.read_bytes()
    pictures = [sorted(path.read_bytes() for path in (tmp_path / name / "p_files").iterdir()) for name in folders]
    assert pictures[0] == pictures[1]
    assert "29 November 2025" in one.read_text()


def test_the_pdf_has_letters_and_a_decision_on_its_first_page(planned, tmp_path):
    content = report(planned, tmp_path / "p.pdf", author="A. N. Other").read_bytes()
    assert content.startswith(b"%PDF")
    sizes = re.findall(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", content)
    assert len(sizes) >= 2
    assert {tuple(sorted(round(float(side)) for side in size)) for size in sizes} == {(595, 842)}  # A4, in points
    assert b"/FontFile2" in content  # TrueType, embedded
    assert b"(A. N. Other)" in content


def test_equal_plans_give_equal_pdfs(planned, tmp_path, monkeypatch):
    """Of the pages of text: figures are the same bytes by a test of their own."""
    monkeypatch.setattr(import_module("isoflop.faces.report.document"), "exhibits", lambda *_: ())
    one, other = (report(planned, tmp_path / f"{name}.pdf", date="1 May 2026").read_bytes() for name in "ab")
    assert one == other


@pytest.mark.browser
def test_the_page_opens_with_the_decision_on_one_sheet_and_the_desk_at_the_same_budget(tabs, tmp_path):
    planned = isoflop.plan(isoflop.read("tinylm", where='role == "sweep"'), flops=5e12)
    address = report(planned, tmp_path / "p.html", command=HOSTILE + "isoflop " * 30).as_uri()
    tab = tabs(address, address, viewport={"width": 688, "height": 1000})  # A4 within its margins, at 96 dots an inch
    assert tab.title() == "What should we train with 5e12 FLOPs?"
    assert f"Train {decide(planned).cards[0].value} parameters" in tab.locator(".verdict").inner_text()
    assert tab.evaluate("shown.get().flops") == pytest.approx(planned.budget.value)
    assert tab.locator("img[src=x]").count() == 0
    assert tab.evaluate("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
    tab.emulate_media(media="print")
    assert tab.locator(".decision").bounding_box()["height"] <= (297 - 14 - 16) / 25.4 * 96


def test_a_law_of_other_inputs_has_a_document_without_a_desk(tmp_path):
    found = isoflop.plan("frantar2023-t5", flops=1e20, sparsity=0.5, beyond=True)
    assert 'id="desk"' not in report(found, tmp_path / "p.html").read_text()


def test_the_toml_says_days_and_devices_where_the_screen_does(planned, tmp_path):
    isoflop.save_plan(planned, tmp_path / "machines.toml")
    isoflop.save_plan(isoflop.plan("besiroglu2024", dollars=2e6), tmp_path / "money.toml")
    machines, money = (tomllib.loads((tmp_path / f"{name}.toml").read_text())["sheet"]["cost"]
                       for name in ("machines", "money"))  # fmt: skip
    assert (machines["count"], machines["days"]) == (256, pytest.approx(21))
    assert machines["device_hours"] == pytest.approx(256 * 21 * 24)
    assert money["device_hours"] == pytest.approx(1e6)
    assert not {"days", "count"} & set(money)


def test_lines_are_no_wider_than_the_page():
    text = "word " * 40 + "x" * 300
    assert all(width_of(line, size=9) <= 3.0001 for line in wrapped(text, 3.0, size=9))
    assert re.sub(r"\s", "", "".join(wrapped(text, 3.0, size=9))) == re.sub(r"\s", "", text)


def test_the_commands_write_it(run, tmp_path):
    done = run("plan", "--gpus", "256xH100", "--days", "21", "-o", tmp_path / "p.md", "--author", "A. N. Other")
    assert done.code == 0, done.err
    done = run("report", "besiroglu2024", "--budget", "2M USD", "-o", tmp_path / "r.md")
    assert done.code == 0, done.err
    assert "to make it again | isoflop" in (tmp_path / "r.md").read_text()
    assert run("report", "-o", tmp_path / "x.md").code == 2
