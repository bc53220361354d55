"""What the app draws and how it waits: lines of equal loss, runs left out without a mouse, work that is given up."""

import json

import pytest

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
