"""What the app draws and how it waits: lines of equal loss, runs left out without a mouse, work that is given up."""

import json
import re

import numpy as np
import pytest
from seen import wait

import isoflop
from isoflop.compute.allocation import Allocation
from isoflop.faces.web import work
from isoflop.laws import CURVES
from isoflop.planning.limits import OutsideError

pytest_plugins = ["chromium", "web_fixtures"]
pytestmark = pytest.mark.browser

PAPERS = ["besiroglu2024", "hoffmann2022", "muennighoff2023-c4"]
LINES = """async (terms) => {
    const { linesOf } = await import("/pages/levels.js");
    const { lossAt, modelOf, tokensFor } = await import("/pages/planner.js");
    const view = await (await fetch("/api/views", { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ curves: terms.curves }) })).json();
    const { laws, fresh } = await import(`/api/views/${view.id}/laws.js`), model = modelOf(view, laws, fresh);
    const bounds = { unique: terms.unique ?? Infinity, serving: 2 * (terms.serve ?? 0) };
    const worth = (N, D) => (D > 1 ? lossAt(model, N, D, bounds) : NaN);
    const at = (C, N) => worth(N, tokensFor(model, N, C, bounds));
    const levels = [2.1, 2.4, 3], lines = linesOf({ at, x: [1e19, 1e25], y: [1e8, 1e12], counts: [40, 30] }, levels);
    const middle = (one, other) => at(Math.sqrt(one.x * other.x), Math.sqrt(one.y * other.y));
    return lines.map((some) => some.map((line) => ({ level: line[0].level, ends: [line[0], line.at(-1)],
        points: line.map((one) => at(one.x, one.y)), between: line.slice(1).map((one, i) => middle(line[i], one)) })));
}"""
"""Gives the lines of three losses, what the loss is at each of their points and halfway between each two."""


def test_lines_of_equal_loss_lie_where_the_loss_is_and_end_at_the_frame_or_nowhere(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    for terms in ({}, {"serve": 1e12}, {"unique": 1e11}):
        for level, lines in zip((2.1, 2.4, 3.0), tab.evaluate(LINES, {"curves": PAPERS, **terms}), strict=True):
            assert lines
            for line in lines:
                check(level, line)


def check(level, line):
    assert line["points"] == pytest.approx([level] * len(line["points"]), rel=1e-8)
    assert sorted(line["between"])[len(line["between"]) // 2] == pytest.approx(level, rel=2e-3)
    for end in line["ends"]:  # a line that ends inside the frame would be a lie
        edges = ((end["x"], 1e19), (end["x"], 1e25), (end["y"], 1e8), (end["y"], 1e12))
        closed = line["ends"][0] == line["ends"][1]
        assert closed or any(one == pytest.approx(edge, rel=1e-6) for one, edge in edges)


LABELS = """() => [...document.querySelectorAll("#figure-contours .losses text, #figure-contours text")]
    .filter((one) => /^[0-9][.][0-9]{2}$/.test(one.textContent)).map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return { text: one.textContent, box: [x, y, x + width, y + height] };
    })"""


def test_the_lines_are_labelled_with_their_losses_which_do_not_overlap(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}&serve=1e13")
    found = tab.evaluate(LABELS)
    assert len(found) > 4
    assert len({one["text"] for one in found}) == len(found)
    for k, one in enumerate(found):
        for other in found[:k]:
            (a, b, c, d), (e, f, g, h) = one["box"], other["box"]
            assert c <= e or g <= a or d <= f or h <= b, (one, other)


def never(_route):
    """Leave a request without an answer."""


def test_a_load_that_is_given_up_leaves_the_answer_that_stood(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    tab.wait_for_selector("#view pre")
    before = tab.inner_text("#answer")
    tab.route("**/api/views", never)  # an answer that never comes
    tab.click("#door-show")
    tab.wait_for_selector("#view.stale")
    tab.click("#busy button")
    assert tab.locator("#view.stale").count() == 0
    assert tab.inner_text("#busy") == ""
    assert not tab.is_visible("#trouble")
    assert tab.inner_text("#answer") == before
    tab.unroute("**/api/views")
    tab.route("**/api/plans", never)  # a plan that only Python makes is given up: the question before it
    tab.click(".more summary")
    tab.fill("#more-experts", "64")
    tab.press("#more-experts", "Enter")
    tab.wait_for_selector(".desk.waits")
    tab.click("#busy button")
    tab.wait_for_selector(".desk:not(.waits)")
    assert tab.input_value("#more-experts") == ""
    assert tab.inner_text("#answer").partition(":")[0] == before.partition(":")[0]


def test_runs_are_left_out_and_told_of_by_keyboard(visit):
    tab = visit()
    figure = tab.locator("#figure-frontier svg.picks")
    figure.focus()
    for key, times in (("ArrowDown", 40), ("ArrowLeft", 60)):  # into the corner
        for _ in range(times):
            tab.keyboard.press(key)
    assert "FLOPs" in tab.inner_text("#figure-frontier .readout")
    for key, times in (("Shift+ArrowUp", 40), ("Shift+ArrowRight", 8)):
        for _ in range(times):
            tab.keyboard.press(key)
    drawn = tab.get_attribute("#figure-frontier svg", "width")
    tab.set_viewport_size({"width": 1000, "height": 720})  # the figure is drawn again, the box on it stays
    wait(tab, f"document.querySelector('#figure-frontier svg').getAttribute('width') !== {json.dumps(drawn)}")
    assert tab.locator("#figure-frontier .brush[visibility=visible]").count() == 1
    tab.keyboard.press("Enter")
    assert re.match(r"Leave these \d+ runs out", tab.evaluate("document.activeElement.textContent"))
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#opened [aria-current]:has-text('not (C')")
    assert 0 < len(isoflop.read("tinylm", where=tab.input_value("#where"))) < 72


def test_a_loss_out_of_reach_is_said_with_the_laws_that_reach_it(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    out = {one: float(np.exp(Allocation(CURVES[one]).best_loss(np.array([1e30]))[0])) for one in PAPERS}
    for loss in (0.1, min(out.values()) + 0.01):
        tab.fill("#reach-box", str(loss))
        tab.press("#reach-box", "Enter")
        told = tab.inner_text("#unanswered")
        assert [one for one in PAPERS if f"{one} with " in told] == [one for one in PAPERS if out[one] < loss]
    tab.fill("#flops-box", "1e24")
    tab.press("#flops-box", "Enter")
    assert not tab.is_visible("#unanswered")
    tab.evaluate("location.hash += '&way=reach&said=0.1'")  # a link says why not, and shows what can be asked
    tab.wait_for_selector("#trouble:has-text('No budget up to')")
    tab.wait_for_selector("#answer:has-text('With 1e24 FLOPs')")


def test_a_curve_that_refuses_names_curves_that_plan_it(visit):
    refusing = next(one for one in work.start()["curves"] if refuses(one))
    tab = visit(f"#curves={json.dumps([refusing])}&flops=1e26")
    tab.click("#answer button:has-text('Ask ')")
    tab.wait_for_selector("#answer:has-text('With 1e26 FLOPs')")
    assert refusing not in tab.inner_text("h1")


def refuses(name):
    unique = {"unique_tokens": 3e11} if "U" in CURVES[name].law.inputs else {}
    try:
        isoflop.plan(name, flops=1e26, **unique)
    except isoflop.UsageError as error:
        return isinstance(error, OutsideError) and not unique
    return False


def test_the_figures_show_a_question_that_only_python_answers(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}&flops=1e24&more={json.dumps({'experts': '64'})}")
    tab.wait_for_selector(".desk:not(.waits):not(.draws)")
    wait(tab, f"{DOT} < 3")
    found = work.figures({"curves": PAPERS}, {"flops": 1e24, "experts": "64"}, 1e24)
    wanted = isoflop.plan(flops=1e24, experts=64)
    lowest = min(found["valley"], key=lambda one: one["loss"])
    assert lowest["N"] == pytest.approx(wanted.N.value, rel=0.05)
    assert lowest["loss"] == pytest.approx(wanted.loss.value, rel=1e-4)
    assert [round(one["C"]) for one in found["path"]] == sorted({round(one["C"]) for one in found["path"]})
    grid, plain = np.array(found["grid"]["losses"], float), isoflop.plan(flops=1e24)
    assert np.nanmin(grid) < wanted.loss.value < plain.loss.value
    drawn = tab.evaluate(f"{LINE}.getAttribute('d')")
    tab.fill("#more-experts", "")
    tab.press("#more-experts", "Enter")
    wait(tab, f"{LINE}.getAttribute('d') !== {json.dumps(drawn)} && {DOT} < 3")


LINE = """[...document.querySelectorAll("#figure-valley svg path")].find((one) => one.getBBox().width > 200)"""
DOT = f"""(() => {{
    const dot = document.querySelector("#figure-valley svg circle.now").getBoundingClientRect();
    return Math.abs(dot.y + dot.height / 2 - {LINE}.getBoundingClientRect().bottom);
}})()"""
"""Gives how far the dot of the run lies from the valley's lowest point, in pixels."""


def test_a_figure_as_it_stands_is_a_pdf_of_its_own_size(visit):
    tab = visit(f"#curves={json.dumps(PAPERS)}")
    tab.evaluate("window.print = () => { window.printed = true; }")
    box = tab.locator("#figure-contours svg").bounding_box()
    tab.click("#figure-contours button:has-text('PDF')")
    assert tab.evaluate("window.printed")
    paper = tab.pdf(prefer_css_page_size=True)
    (sheet,) = re.findall(rb"/MediaBox *\[([^\]]*)\]", paper)
    points = [float(one) * 4 / 3 for one in sheet.split()[2:]]
    assert points == pytest.approx([box["width"], box["height"]], abs=1.5)
    assert b"/FontName" in paper  # letters are letters
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.locator(".alone").count() == 0
    assert not tab.title().startswith("Lines")
