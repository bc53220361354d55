"""The web app in a real browser: what is opened, moved, compared, linked to and exported, by mouse and keyboard."""

import json
import re

import numpy as np
import pytest
from chromium import PATIENCE
from seen import MOVED, number, wait
from tabled import csv

import isoflop
from isoflop.faces.web import work
from isoflop.laws import CURVES

pytest_plugins = ["chromium", "web_fixtures"]
pytestmark = pytest.mark.browser

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
PAPERS = ["besiroglu2024", "hoffmann2022", "muennighoff2023-c4"]
SWEEP = 'role == "sweep"'
SETTLED = "#view pre"


@pytest.fixture(scope="module")
def sweep():
    return isoflop.read("tinylm", where=SWEEP)


def table_of(runs, names=None):
    return csv({"name": names or list(runs.names), **{key: runs[key].tolist() for key in ("N", "D", "loss")}}).encode()


def given(tab, name, content):
    tab.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})


def test_the_first_visit_shows_real_runs_and_the_plan_of_python(visit, sweep):
    tab = visit()
    assert tab.inner_text("h1") == "tinylm"
    tab.wait_for_selector(SETTLED)
    wanted = isoflop.plan(sweep, flops=float(sweep["C"].max()) * 10)
    assert number(tab, "N") == pytest.approx(wanted.N.value, rel=1e-7)
    assert number(tab, "loss") == pytest.approx(wanted.loss.value, rel=1e-9)
    told = tab.inner_text("#loss + small")
    assert told == f"90% interval {wanted.loss.low:.4f} – {wanted.loss.high:.4f}"
    assert {"D09", "F07", "D06"} <= set(re.findall(r"\b[A-Z]\d\d\b", tab.inner_text("#view")))
    before = number(tab, "N")
    for said in ("a lot", "-1", "0", "1e999"):  # what cannot be meant is marked and changes nothing
        tab.fill("#flops-box", said)
        tab.press("#flops-box", "Enter")
        assert tab.locator("#flops-box[aria-invalid]").count() == 1
        assert number(tab, "N") == before


def test_what_is_typed_and_dragged_moves_the_plan_and_the_sheet_follows(visit, sweep):
    tab = visit()
    tab.fill("#flops-box", "2e12")
    tab.press("#flops-box", "Enter")
    tab.fill("#unique-box", "1.5M")
    tab.press("#unique-box", "Enter")
    tab.fill("#serve-box", "50M")
    tab.press("#serve-box", "Enter")
    wanted = isoflop.plan(sweep, flops=2e12, unique_tokens=1.5e6, serve_tokens=5e7)
    for key, within in (("N", 1e-7), ("D", 1e-7), ("loss", 1e-9)):
        assert number(tab, key) == pytest.approx(getattr(wanted, key).value, rel=within)
    tab.wait_for_selector("#view pre:has-text('50.0M tokens served')")
    assert "about" not in tab.inner_text("#N + small")
    assert "P09" in tab.inner_text("#view")  # data are read again and again
    box = tab.locator("#flops").bounding_box()
    before = number(tab, "loss")
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    tab.mouse.up()
    assert number(tab, "loss") < before


def test_dollars_and_compute_are_one_quantity(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    tab.fill("#dollars-box", "$2M")
    tab.press("#dollars-box", "Enter")
    wanted = isoflop.plan(dollars=2e6)
    assert number(tab, "N") == pytest.approx(wanted.N.value, rel=1e-7)
    assert number(tab, "cost") == pytest.approx(2e6, rel=1e-9)
    tab.select_option("#device", "A100 80GB" if "A100 80GB" in tab.inner_text("#device") else "H200")
    tab.fill("#price", "3")
    tab.press("#price", "Enter")
    assert tab.input_value("#flops-box") == tab.evaluate(
        "document.getElementById('flops').getAttribute('aria-valuetext')"
    )


def test_a_sweep_is_uploaded_and_fitted_by_the_law_that_is_chosen(visit, sweep):
    tab = visit()
    given(tab, "mine.csv", table_of(sweep))
    tab.wait_for_selector("h1:text-is('mine.csv')")
    tab.fill("#law", "chinchilla")
    tab.click("#open button")
    tab.wait_for_selector("#opened button[aria-current]:has-text('chinchilla')")
    wanted = isoflop.plan(isoflop.fit("chinchilla", sweep), flops=float(sweep["C"].max()) * 10)
    assert number(tab, "N") == pytest.approx(wanted.N.value, rel=1e-6)
    rows = tab.locator("#beside tbody tr").all_inner_texts()  # the example, several laws, one law: side by side
    assert len(rows) == 3
    assert rows[0].split("\t")[1:4] == rows[1].split("\t")[1:4] != rows[2].split("\t")[1:4]


def test_a_dropped_file_is_opened_and_a_bad_one_refused_in_words(visit, sweep):
    tab = visit(expected="Failed to load resource: the server responded with a status of 422")
    drop = """([name, text]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([text], name));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
    }"""
    tab.evaluate(drop, ["bad.csv", "N,D,loss\n1e6,1e8\n"])
    tab.wait_for_selector("#trouble:not([hidden])")
    assert "bad.csv" in tab.inner_text("#trouble")
    tab.evaluate(drop, ["good.csv", table_of(sweep).decode()])
    tab.wait_for_selector("h1:text-is('good.csv')")
    assert not tab.is_visible("#trouble")


def test_strange_columns_are_named_by_hand(visit, sweep):
    tab = visit()
    text = table_of(sweep).decode().replace("name,N,D,loss", "name,weights,words,badness")
    given(tab, "strange.csv", text.encode())
    tab.wait_for_selector("#preview .bad")
    for key, column in (("N", "weights"), ("D", "words"), ("loss", "badness")):
        tab.fill(f"#column-{key}", column)
        tab.press(f"#column-{key}", "Enter")
    tab.wait_for_selector("h1:text-is('strange.csv')")


def test_a_link_brings_back_the_same_question(visit):
    tab = visit()
    tab.fill("#flops-box", "3e12")
    tab.press("#flops-box", "Enter")
    tab.fill("#unique-box", "2M")
    tab.press("#unique-box", "Enter")
    tab.wait_for_url("**unique=2000000*")
    fragment, seen = tab.evaluate("location.hash"), [number(tab, key) for key in ("N", "D", "loss", "cost")]
    again = visit(fragment)
    assert [number(again, key) for key in ("N", "D", "loss", "cost")] == seen
    assert again.input_value("#unique-box") == "2.00M"
    assert again.evaluate("location.hash") == fragment


def test_a_broken_link_shows_what_the_published_curves_say(visit):
    tab = visit("#curves=[")
    assert number(tab, "loss") == pytest.approx(isoflop.plan(flops=1e24).loss.value, rel=1e-9)
    read = """async (links) => {
        const { unlinked } = await import("/pages/link.js");
        return links.map((one) => unlinked(one, {}));
    }"""
    assert tab.evaluate(read, ["#flops=x&serve=-1", "#%", "#where=&nothing=1", "#way=flops&said=1"]) == [None] * 4
    held = tab.evaluate(
        read, ["#dataset=tinylm&way=reach&said=-1&more=[&flops=0", "#dataset=tinylm&way=constructor&said=1"]
    )
    assert held == [{"request": {"dataset": "tinylm"}, "state": {}}] * 2


@pytest.mark.parametrize("link", [("#dataset=none", "tinylm"), ("#table=0123&name=gone.csv", "Give the file")])
def test_a_link_to_what_is_not_there_says_what_to_do(browser, served, link):
    fragment, said = link
    with browser.new_context() as fresh:
        tab = fresh.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"http://{served.host}/open?token={served.token}{fragment}")
        tab.wait_for_selector("#trouble:not([hidden])")
        assert said in tab.inner_text("#trouble")


def test_the_report_the_sheet_and_the_figures_are_saved(visit, tmp_path):
    tab = visit()
    for button, name, begins in (("Report", "report.html", b"<!doctype html>"), ("Run sheet", "plan.toml", b"budget"),
                                 ("frontier", "frontier.pdf", b"%PDF")):  # fmt: skip
        if button == "frontier":
            tab.click(".menu summary")
        with tab.expect_download() as found:
            tab.locator(".actions").get_by_role("button", name=button, exact=True).click()
        path = tmp_path / name
        found.value.save_as(path)
        assert found.value.suggested_filename == name
        assert path.read_bytes().startswith(begins) or begins in path.read_bytes()[:2000]
    with tab.expect_download() as found:
        tab.click("#figure-valley button")
    found.value.save_as(tmp_path / "valley.svg")
    drawing = (tmp_path / "valley.svg").read_text()
    assert drawing.startswith("<svg")
    assert "var(--" not in drawing


def test_a_number_explains_itself_a_run_tells_its_row_and_runs_are_left_out_by_a_brush(visit, sweep):
    tab = visit()
    tab.wait_for_selector(SETTLED)
    tab.focus(".cards .named")  # by keyboard as by pointer
    told = tab.inner_text(".note:not([hidden])")
    assert f"= {7.5e12:.3g} FLOPs".replace("+", "") in told
    assert "72 runs of tinylm" in told
    tab.keyboard.press("Escape")
    assert tab.locator(".note:not([hidden])").count() == 0
    figure = tab.locator("#figure-frontier svg")
    figure.scroll_into_view_if_needed()
    box, run = figure.bounding_box(), tab.locator("#figure-frontier svg circle:not(.now)").nth(3).bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)
    tab.wait_for_selector("#figure-frontier .readout:has-text('coupled')")  # every curve at the pointer
    tab.mouse.click(run["x"] + run["width"] / 2, run["y"] + run["height"] / 2)
    tab.wait_for_selector(".picked td:text-is('sweep')")
    figure.scroll_into_view_if_needed()
    run = tab.locator("#figure-frontier svg circle:not(.now)").nth(40).bounding_box()
    tab.mouse.move(run["x"] + 25, run["y"] - 40)
    tab.mouse.down()
    tab.mouse.move(run["x"] - 20, run["y"] + 40, steps=3)
    tab.mouse.up()
    tab.locator("#figure-frontier .chosen button").first.click()
    tab.wait_for_selector("#opened [aria-current]:has-text('not (C')")
    kept = isoflop.read("tinylm", where=tab.input_value("#where"))
    assert 0 < len(kept) < len(sweep)
    tab.wait_for_selector("#figure-comparison svg")  # with and without them, in one figure
    assert tab.locator("#beside tbody tr").count() == 2
    tab.wait_for_selector("#session")


def test_the_page_is_kept_as_one_file_that_opens_without_a_server(visit, tabs, tmp_path):
    tab = visit()
    tab.fill("#reach-box", "1.25")
    tab.press("#reach-box", "Enter")
    with tab.expect_download() as found:
        tab.locator(".actions").get_by_role("button", name="This page, a file").click()
    found.value.save_as(tmp_path / "kept.html")
    address = (tmp_path / "kept.html").as_uri()
    again = tabs(address, address)
    assert [number(again, key) for key in ("N", "D", "loss")] == [number(tab, key) for key in ("N", "D", "loss")]
    assert "To reach a loss of 1.25" in again.inner_text("#answer")
    assert len(set(again.evaluate(MOVED, "flops"))) == 50


def test_everything_is_reached_by_keyboard(visit):
    tab = visit()
    tab.focus("#undo")
    reached = []
    for _ in range(100):
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 20)"))
        tab.keyboard.press("Tab")
    for wanted in (
        "source",
        "law",
        "where",
        "Fit",
        "flops",
        "dollars-box",
        "unique",
        "serve",
        "device",
        "price",
        "Report",
    ):
        assert wanted in reached, reached
    tab.focus("#serve")
    tab.keyboard.press("End")
    assert tab.get_attribute("#serve", "aria-valuetext") not in ("none", None)
    assert "FLOPs are left for serving" in tab.inner_text("#view")
    for knob in ("flops", "serve"):  # each step is a plan of its own, at once
        assert len(set(tab.evaluate(MOVED, knob))) == 50


@pytest.mark.parametrize("width", [375, 1280])
def test_it_fits_the_screen_and_keeps_to_the_rules_of_access(visit, width):
    tab = visit(viewport={"width": width, "height": 800})
    tab.wait_for_selector(SETTLED)
    tab.click("#catalogue summary")
    tab.wait_for_selector("#curve-value")
    tab.click(".more summary")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        looked_at(tab, width, scheme)


def looked_at(tab, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (scheme == "dark")
    found = Axe().run(tab).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []


def test_every_published_curve_has_pythons_value_in_the_browser(visit):
    tab = visit()
    vectors = {
        name: [[at[key] * times for key in one.law.inputs] for at, _ in one.checks for times in (1.0, 0.9, 0.5)]
        for name, one in CURVES.items()
    }
    every = """async (vectors) => {
        const { values } = await import("/api/catalogue.js"), at = ([name, rows]) => [name, rows.map(values[name])];
        return Object.fromEntries(Object.entries(vectors).map(at));
    }"""
    found = tab.evaluate(every, vectors)
    assert set(found) == set(CURVES)
    for name, rows in vectors.items():
        wanted = [CURVES[name](*row) for row in rows]
        assert found[name] == pytest.approx(wanted, rel=1e-9, nan_ok=True), name


def test_every_published_curve_that_plans_is_planned_by_as_in_python(visit):
    tab, planned = visit(), work.start()["curves"]
    assert len(planned) > 10
    for name in planned:
        curve, unique = CURVES[name], 3e11 if "U" in CURVES[name].law.inputs else None
        for flops in (1e20, 1e23):
            said = {"curves": json.dumps([name]), "flops": flops} | ({"unique": unique} if unique else {})
            tab.evaluate("(said) => { location.hash = new URLSearchParams(said); }", said)
            tab.wait_for_selector(f"h1:has-text('({name})')")
            try:
                wanted = isoflop.plan(curve, flops=flops, **({"unique_tokens": unique} if unique else {}))
                tab.wait_for_selector(f"#answer:has-text('With 1e{round(np.log10(flops))} FLOPs')")
            except isoflop.UsageError as refused:
                tab.wait_for_selector(f"#answer:has-text({json.dumps(str(refused))})")
                assert tab.inner_text("#loss") == "–"
                tab.click("#answer button")
                tab.wait_for_selector("#answer:has-text('With')")
                assert number(tab, "loss") > 0
                continue
            assert number(tab, "loss") == pytest.approx(wanted.loss.value, rel=1e-9), name
            assert number(tab, "N") == pytest.approx(wanted.N.value, rel=1e-6), name


def test_a_hostile_name_stays_text_wherever_it_is_shown(visit, sweep):
    tab = visit()
    names = [f"{HOSTILE}{row}" for row in range(len(sweep))]
    given(tab, f"{HOSTILE[9:60]}.csv", table_of(sweep, ['"' + one.replace('"', '""') + '"' for one in names]))
    tab.wait_for_selector("h1:has-text('.csv')")
    tab.wait_for_selector(SETTLED)
    tab.locator("#view section > details summary").last.click()
    assert f"{HOSTILE}{len(sweep) - 1}" in tab.inner_text("#view")
    assert tab.locator("img").count() == 0
    assert tab.title().endswith("· isoflop")
    tab.locator("#figure-frontier svg circle:not(.now)").last.hover()
    tab.wait_for_selector("#figure-frontier [aria-label=tip]:has-text('</script>')", state="attached")


def test_a_budget_is_also_days_on_devices_and_back_undoes_it(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    before = tab.input_value("#flops-box")
    tab.fill("#count", "256")
    tab.press("#count", "Enter")
    tab.fill("#days-box", "21")
    tab.press("#days-box", "Enter")
    wanted = isoflop.plan(gpus="256xH100", days=21)
    assert number(tab, "N") == pytest.approx(wanted.N.value, rel=1e-6)
    tab.wait_for_selector("#repeat code:has-text('days=21')")
    for key, said, asked in (
        ("reach", "2.05", {"loss": 2.05}),
        ("size", "8B", {"N": 8e9}),
        ("tokens", "1T", {"D": 1e12}),
    ):
        tab.fill(f"#{key}-box", said)  # a loss to reach, a size or tokens that are settled
        tab.press(f"#{key}-box", "Enter")
        found = isoflop.plan(**asked)
        assert number(tab, "N") == pytest.approx(found.N.value, rel=1e-6)
        assert number(tab, "loss") == pytest.approx(found.loss.value, rel=1e-7)
        tab.wait_for_selector(f"#repeat code:has-text('{next(iter(asked))}=')")
    tab.fill("#reach-box", "0.1")  # no budget reaches it
    tab.press("#reach-box", "Enter")
    assert tab.get_attribute("#reach-box", "aria-invalid") == "true"
    tab.click(".more summary")  # what the page leaves to Python
    for key, said in (("experts", "64"), ("tiers", "2")):
        tab.fill(f"#more-{key}", said)
        tab.press(f"#more-{key}", "Enter")
    tab.wait_for_selector("h2:text-is('Several sizes')")
    tab.wait_for_selector(".desk:not(.waits)")
    assert number(tab, "N") == pytest.approx(isoflop.plan(D=1e12, experts=64).N.value, rel=1e-6)
    asked = ["count", "days", "reach", "size", "tokens", "experts", "tiers"]  # a step each, however fast they came
    steps = [tab.input_value("#flops-box")]
    for _ in asked:
        tab.click("#undo")
        steps.append(tab.input_value("#flops-box"))
    assert steps[-1] == before
    assert tab.get_attribute("#undo", "aria-disabled") == "true"
    for was in steps[-2::-1]:
        tab.click("#redo")
        assert tab.input_value("#flops-box") == was
    tab.go_back()  # by the browser's own history: what was asked before the tiers
    wait(tab, "document.getElementById('more-tiers').value === ''")


def test_data_that_mix_corpora_are_mended_by_a_button(visit, sweep):
    tab = visit()
    text = table_of(sweep).decode().splitlines()
    mixed = [f"{text[0]},dataset", *(f"{row},{'rw' if at % 2 else 'owt'}" for at, row in enumerate(text[1:]))]
    given(tab, "mixed.csv", "\n".join(mixed).encode())
    tab.wait_for_selector(".doubted")
    tab.locator(".blocked button").first.click()
    tab.wait_for_selector(".desk:not(.doubted)")
    assert "dataset ==" in tab.input_value("#where")
