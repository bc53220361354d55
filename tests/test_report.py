"""The report: one file whose numbers are Python's, in a real browser, whatever the runs are called."""

import json
import re
from importlib import import_module

import pytest
from seen import MOVED, number

import isoflop
from isoflop.faces.report import report, report_text

pytest_plugins = ["chromium", "commands"]

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def sweep():
    return isoflop.read("tinylm", where='role == "sweep"')


@pytest.fixture(scope="module")
def one(sweep):
    return isoflop.fit("chinchilla", sweep, draws=200)


@pytest.fixture(scope="module")
def pages(sweep, one, tmp_path_factory):
    """Give the report of several laws and that of one, which the tests only look at."""
    folder = tmp_path_factory.mktemp("reports")
    return {"several": report(sweep, folder / "several.html"), "one": report(one, folder / "one.html")}


@pytest.fixture
def look(tabs):
    """Give a function that opens a report and hands over the page."""

    def look(path, **settings):
        return tabs(path.as_uri(), path.as_uri(), **settings)

    return look


def budget(tab):
    return tab.evaluate("shown.get().flops")


@pytest.mark.browser
def test_the_slider_moves_by_keyboard_to_what_python_plans_by_one_law(one, pages, look):
    tab = look(pages["one"])
    before = budget(tab)
    tab.focus("#flops")
    tab.keyboard.press("ArrowRight")
    assert budget(tab) > before
    wanted = isoflop.plan(one, flops=budget(tab))
    for key, within in (("N", 1e-7), ("D", 1e-7), ("loss", 1e-9)):  # the floor of a valley is flat
        assert number(tab, key) == pytest.approx(getattr(wanted, key).value, rel=within)


@pytest.mark.browser
def test_what_has_no_interval_is_not_given_one(pages, look):
    tab = look(pages["one"])
    assert tab.locator("#N + small").inner_text().startswith("90% interval")
    tab.evaluate("shown.told({ N: [null, null], D: [1, 2], loss: [1, 2] })")
    assert tab.locator("#N + small").inner_text() == "no interval"
    assert tab.locator("#loss + small").inner_text().startswith("90% interval")


@pytest.mark.browser
def test_each_step_of_a_slider_is_a_plan_of_its_own_at_once(pages, look):
    tab = look(pages["several"])
    for knob in ("flops", "dollars", "serve"):
        assert len(set(tab.evaluate(MOVED, knob))) == 50


@pytest.mark.browser
def test_several_laws_plan_in_the_browser_as_in_python(sweep, pages, look):
    tab = look(pages["several"])
    for unique, serve in ((None, 0), (2e6, 0), (None, 1e8), (1e6, 3e7)):
        for flops in (1e11, 7e11, 4e13):
            asked = {"flops": flops, "unique": unique, "serve": serve}
            tab.evaluate("(asked) => shown.set({ ...asked, unique: asked.unique ?? Infinity })", asked)
            terms = {"serve_tokens": serve} | ({"unique_tokens": unique} if unique else {})
            wanted = isoflop.plan(sweep, flops=flops, **terms)
            for key, within in (("N", 1e-7), ("D", 1e-7), ("loss", 1e-9)):
                assert number(tab, key) == pytest.approx(getattr(wanted, key).value, rel=within), asked


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_sideways_scroll_in_light_and_dark(pages, look, scheme):
    tab = look(pages["several"], color_scheme=scheme, viewport={"width": 375, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (scheme == "dark")


@pytest.mark.browser
def test_a_hostile_name_stays_text(sweep, look, tmp_path):
    columns = {key: sweep[key].tolist() for key in ("N", "D", "loss")}
    names = [f"{HOSTILE}{row}" for row in range(len(sweep))]
    hostile = isoflop.fit("chinchilla", {**columns, "name": names, "tokenizer": [HOSTILE] * len(sweep)}, draws=50)
    tab = look(report(hostile, tmp_path / "r.html"))
    assert tab.title() != "taken"
    assert tab.locator("img[src=x]").count() == 0
    assert HOSTILE in tab.inner_text("main")
    tab.locator("#figure-frontier svg circle:not(.now)").last.hover()
    assert tab.locator("#figure-frontier [aria-label=tip]").text_content().lstrip("\u200b").startswith("</script>")
    tab.locator("summary").click()
    assert f"{HOSTILE}{len(sweep) - 1}" in tab.inner_text("details")


def test_the_page_is_small_and_its_data_cannot_close_its_script(sweep, pages):
    text = pages["several"].read_text()
    assert len(text.encode()) <= 1_500_000
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", text.split("<main>")[0])
    held = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert not re.search("[<>&\u2028\u2029]", held)
    assert len(json.loads(held)["runs"]) == len(sweep)


def test_markdown_holds_the_same_words_and_tables_and_no_markup_of_the_runs(sweep):
    columns = {key: sweep[key].tolist() for key in ("N", "D", "loss")}
    names = [f"{HOSTILE}|**x**`{row}" for row in range(len(sweep))]
    text = report_text(isoflop.fit("chinchilla", {**columns, "name": names}, draws=50), ".md")
    assert text.startswith("# ")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = re.compile(r"(?<!\\)\|")
    assert (
        sum(len(cells.findall(line)) == 6 for line in rows) == len(sweep) + 2
    )  # five columns: the runs, and no cell more
    assert not re.search(r"(?<!\\)[<>`*]", "".join(line for line in rows if "title" in line))
    for said in ("## What to doubt", "| chinchilla |", "E + A/N^alpha", "## The runs"):
        assert said in text


def test_a_report_is_an_html_file_of_a_law_of_n_and_d(sweep, tmp_path):
    with pytest.raises(isoflop.UsageError, match=r"Say report\.html"):
        report(sweep, tmp_path / "report.docx")
    with pytest.raises(isoflop.UsageError, match="a law of N and D"):
        report(isoflop.fit("E + A/N^alpha", sweep), tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_it_and_refuses_a_curve(run, tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("isoflop.faces.report.document"), "exhibits", lambda *_: ())  # they take long
    path = tmp_path / "r.md"
    done = run("report", "tinylm", "--where", 'role == "sweep"', "-o", path)
    assert (done.code, done.out) == (0, f"{path}\n")
    assert "isoflop report tinylm --where" in path.read_text()
    assert run("report", "besiroglu2024", "-o", path).code == 2
