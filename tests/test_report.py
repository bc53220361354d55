"""The report: one file whose numbers are Python's, in a real browser, whatever the runs are called."""

import json
import re
import shutil

import numpy as np
import pytest

import isoflop
from isoflop.report import page, report

pytest_plugins = ["commands"]

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def sweep():
    return isoflop.read("tinylm", where='role == "sweep"')


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    assert found, "Chromium is needed to open a report; leave these tests out with -m 'not browser'"
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=found, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def look(browser, tmp_path):
    """Give a function that opens a report and hands over the page; nothing may be said or asked for."""
    heard, contexts = [], []

    def look(source, **settings):
        path = report(source, tmp_path / "report.html")
        contexts.append(browser.new_context(**settings))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: heard.append(message.text))
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.on("request", lambda asked: heard.append(asked.url) if not asked.url.startswith("file:") else None)
        tab.goto(path.as_uri())
        return tab

    yield look
    for context in contexts:
        context.close()
    assert heard == []


def shown(tab, key):
    return float(tab.locator(f"#{key}").get_attribute("data-value"))


def budget(tab):
    return tab.evaluate("budgetAt(Number(document.getElementById('budget').value))")


@pytest.mark.browser
def test_the_slider_moves_by_keyboard_to_what_python_plans_by_one_law(sweep, look):
    one = isoflop.fit("chinchilla", sweep)
    tab = look(one)
    before = budget(tab)
    tab.focus("#budget")
    tab.keyboard.press("ArrowRight")
    assert budget(tab) > before
    wanted = isoflop.plan(one, flops=budget(tab))
    assert shown(tab, "loss") == pytest.approx(wanted.loss.value, rel=1e-9)
    assert shown(tab, "N") == pytest.approx(wanted.N.value, rel=1e-6)  # the floor of a valley is flat
    assert shown(tab, "D") == pytest.approx(wanted.D.value, rel=1e-6)


@pytest.mark.browser
def test_what_has_no_interval_is_not_given_one(sweep, look):
    tab = look(isoflop.fit("chinchilla", sweep, draws=50))
    tab.evaluate("data.plans.N.forEach((row) => { row[1] = null; row[2] = null; }); update()")
    assert tab.locator("#N + small").inner_text() == "no interval"
    assert tab.locator("#loss + small").inner_text().startswith("90% interval")


@pytest.mark.browser
def test_fifty_steps_of_the_slider_redraw_at_once(sweep, look):
    steps = look(sweep).evaluate("""() => [...Array(50).keys()].map((i) => {
        const slider = document.getElementById("budget"), began = performance.now();
        slider.value = i * 20;
        slider.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
        return performance.now() - began;
    })""")
    assert np.median(steps) <= 30


@pytest.mark.browser
def test_several_laws_weigh_in_the_browser_as_in_python(sweep, look):
    tab = look(sweep)
    for press in ("End", "Home"):
        tab.focus("#budget")
        tab.keyboard.press(press)
        flops = budget(tab)
        wanted = isoflop.plan(sweep, flops=flops)
        sizes = [wanted.N.value, wanted.N.value * 2]
        tokens = [flops / 6 / size for size in sizes]
        told = isoflop.forecast(sweep, N=np.array(sizes), D=np.array(tokens))
        at = "([N, D, C]) => lossAt(N, D, shares(C))"
        losses = [tab.evaluate(at, [*pair, flops]) for pair in zip(sizes, tokens, strict=True)]
        assert losses == pytest.approx([one.loss.value for one in told], rel=1e-9)
        assert shown(tab, "N") == pytest.approx(wanted.N.value, rel=0.01)  # Python looks at 400 sizes


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_sideways_scroll_in_light_and_dark(sweep, look, scheme):
    tab = look(sweep, color_scheme=scheme, viewport={"width": 375, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (scheme == "dark")


@pytest.mark.browser
def test_a_hostile_name_stays_text(sweep, look):
    columns = {key: sweep[key].tolist() for key in ("N", "D", "loss")}
    names = [f"{HOSTILE}{row}" for row in range(len(sweep))]
    tab = look(isoflop.fit("chinchilla", {**columns, "name": names, "tokenizer": [HOSTILE] * len(sweep)}))
    assert tab.title() != "taken"
    assert tab.locator("img").count() == 0
    assert HOSTILE in tab.inner_text("main")
    tab.locator("circle.run").last.hover()
    assert tab.inner_text("#point").startswith(f"{HOSTILE}{len(sweep) - 1}: loss ")


def test_the_page_is_small_and_its_data_cannot_close_its_script(sweep):
    text = page(sweep)
    assert len(text.encode()) <= 1_500_000
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", text.split("<main>")[0])
    held = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert not re.search("[<>&\u2028\u2029]", held)
    assert len(json.loads(held)["runs"]) == len(sweep)


def test_a_report_is_an_html_file_of_a_law_of_n_and_d(sweep, tmp_path):
    with pytest.raises(isoflop.UsageError, match=r"Say report\.html"):
        report(sweep, tmp_path / "report.pdf")
    with pytest.raises(isoflop.UsageError, match="a law of N and D"):
        report(isoflop.fit("E + A/N^alpha", sweep), tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_it_and_refuses_a_curve(run, tmp_path):
    path = tmp_path / "r.html"
    done = run("report", "tinylm", "--where", 'role == "sweep"', "-o", path)
    assert (done.code, done.out) == (0, f"{path}\n")
    assert "isoflop report tinylm --where" in path.read_text()
    assert run("report", "besiroglu2024", "-o", path).code == 2
