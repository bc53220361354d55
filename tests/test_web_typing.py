"""An answer that arrives neither overwrites what was typed since its user asked, nor takes the focus away."""

import json
from contextlib import contextmanager

import pytest
from chromium import tabs_of
from seen import wait
from tabled import columns, csv
from web_fixtures import visited

pytest_plugins = ["chromium", "web_fixtures"]
pytestmark = pytest.mark.browser

ONE, OTHER = "besiroglu2024", "hoffmann2022"
POWERS = iter(range(20, 30))
FIELDS = {"flops-box": ("3e23", "3e23"), "reach-box": ("2.1", "2.1"),
          "unique-box": ("1T", "1T"), "price": ("7", "7"), "deadline-box": ("02032099", "2099-02-03"),
          "more-experts": ("6", "6")}  # fmt: skip
"""What is typed into fields of every kind, and what stands there then."""
STRANGE = csv(columns()).replace("N,D,loss", "weights,words,badness").encode()


@contextmanager
def held(tab, path, **answer):
    """Hold the answers to a path until the block is left; answer is what is given in place of the server's."""
    waiting, address = [], f"**/api/{path}"
    tab.route(address, lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright takes no built-in
    yield
    for one in waiting:
        one.fulfill(**answer) if answer else one.continue_()
    tab.unroute(address)


def begun(tab, path, act):
    """Do what asks a path, and wait until it is asked."""
    with tab.expect_request(f"**/api/{path}*"):
        act()


def answered(tab):
    """Wait until nothing is waited for."""
    wait(tab, "document.getElementById('busy').textContent === ''")


def typed(tab, field, text):
    """Type in place of what stands in a field, and stay there."""
    tab.locator(f"#{field}").focus()
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.type(text)


def at_work(tab):
    """Give the field that has the focus, and what stands there."""
    return tuple(tab.evaluate("[document.activeElement.id, document.activeElement.value]"))


def given(tab, name, content):
    tab.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})


@pytest.fixture(scope="module")
def page(browser, served):
    """Give the tab that all tests here use, one after the other."""
    with tabs_of(browser) as opened:
        yield visited(opened, served, f"#curves={json.dumps([ONE])}")


@pytest.fixture
def tab(page):
    """Give the tab when one curve stands there, asked at a budget of its own."""
    page.evaluate("(link) => { location.hash = link; }", f"#curves={json.dumps([ONE])}&flops=3e{next(POWERS)}")
    page.wait_for_selector(f"h1:has-text('({ONE})')")
    answered(page)
    return page


def test_another_source_arrives_while_a_field_is_typed_in(tab):
    for field in ("flops-box", "deadline-box", "price"):
        text, stands = FIELDS[field]
        other = next(one for one in (OTHER, ONE) if f"({one})" not in tab.inner_text("h1"))
        with held(tab, "views"):
            begun(tab, "views", lambda other=other: tab.select_option("#source", f"curves:{other}"))
            typed(tab, field, text)
        tab.wait_for_selector(f"h1:has-text('({other})')")
        assert at_work(tab) == (field, stands)


def test_a_plan_arrives_while_a_field_is_typed_in(tab):
    tab.evaluate("document.querySelector('.more').open = true")
    for field, (text, stands) in FIELDS.items():
        with held(tab, "plans"):
            begun(tab, "plans", lambda: tab.locator("#serve").press("ArrowRight"))
            typed(tab, field, text)
        answered(tab)
        assert at_work(tab) == (field, stands)


def test_the_last_words_count_whatever_was_asked_before(tab):
    with held(tab, "views"):
        begun(tab, "views", lambda: tab.select_option("#source", f"curves:{OTHER}"))
        typed(tab, "unique-box", "1T")
        tab.keyboard.press("Enter")
        typed(tab, "dollars-box", "2M")
    tab.wait_for_selector(f"h1:has-text('({OTHER})')")
    assert at_work(tab) == ("dollars-box", "2M")
    assert tab.input_value("#unique-box") == "1.00T"  # asked of the one, and so of the other
    tab.keyboard.press("Enter")
    tab.wait_for_selector(f"#repeat code:has-text('isoflop plan {OTHER} --budget 2000000')")
    assert "--unique-tokens 1000000000000" in tab.inner_text("#repeat")
    typed(tab, "dollars-box", "3M")
    tab.keyboard.press("Tab")  # left without Enter
    tab.wait_for_selector("#repeat code:has-text('--budget 3000000')")


def test_a_slider_that_is_held_stays_until_it_is_let_go(tab):
    tab.locator("#flops").scroll_into_view_if_needed()
    box = tab.locator("#flops").bounding_box()
    with tab.expect_response("**/api/views"), held(tab, "views"):
        begun(tab, "views", lambda: tab.select_option("#source", f"curves:{OTHER}"))
        tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
        tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    asked = tab.get_attribute("#flops", "aria-valuetext")
    assert OTHER not in tab.inner_text("h1")
    tab.mouse.up()
    tab.wait_for_selector(f"h1:has-text('({OTHER})')")
    assert tab.input_value("#flops-box") == asked


def test_columns_are_named_faster_than_they_are_read(tab):
    given(tab, "strange.csv", STRANGE)
    tab.wait_for_selector("#column-N[aria-invalid]")
    with held(tab, "previews"):
        begun(tab, "previews", lambda: (typed(tab, "column-N", "weights"), tab.keyboard.press("Enter")))
        typed(tab, "column-D", "wor")
    answered(tab)
    assert tab.input_value("#column-N") == "weights"
    assert at_work(tab) == ("column-D", "wor")
    tab.keyboard.type("ds")
    with held(tab, "previews"):  # the answer to an earlier question is none to a later one
        begun(tab, "previews", lambda: tab.keyboard.press("Tab"))
        begun(tab, "previews", lambda: (typed(tab, "column-loss", "badness"), tab.keyboard.press("Enter")))
    tab.wait_for_selector("h1:text-is('strange.csv')")
    assert at_work(tab) == ("column-loss", "badness")
    assert [tab.input_value(f"#column-{key}") for key in ("N", "D", "loss")] == ["weights", "words", "badness"]
    with held(tab, "previews"):
        begun(tab, "previews", lambda: (typed(tab, "column-C", "6*weights*words"), tab.keyboard.press("Enter")))
        typed(tab, "law", "chin")
        tab.keyboard.press("Tab")
        typed(tab, "where", "N >")
    answered(tab)
    assert tab.input_value("#law") == "chin"
    assert at_work(tab) == ("where", "N >")
    with held(tab, "views"):
        begun(tab, "views", lambda: tab.click("#door-budget"))
        typed(tab, "where", "N > 1")
    tab.wait_for_selector("#answer:has-text('With 1e24 FLOPs')")
    assert at_work(tab) == ("where", "N > 1")  # though curves are asked for no runs


def test_a_cell_that_is_being_mended_stays_as_it_was_typed(tab):
    given(tab, "bad.csv", STRANGE.replace(b"words,badness", b"D,loss") + b"1e6,many,3\n2e6,some,4\n")
    tab.wait_for_selector("#preview td input")
    one, other = (tab.locator("#preview td input").nth(place).get_attribute("id") for place in (0, 1))
    with held(tab, "previews"):
        typed(tab, one, "1e9")
        begun(tab, "previews", lambda: (typed(tab, "column-N", "weights"), tab.keyboard.press("Tab")))
        typed(tab, other, "2e9")
    answered(tab)
    assert tab.input_value(f"#{one}") == "1e9"
    assert at_work(tab) == (other, "2e9")
    with tab.expect_request("**/api/mended") as mended:
        tab.click("#preview .bad button")
    assert [cell for *_, cell in mended.value.post_data_json["cells"]] == ["1e9", "2e9"]


def test_words_that_were_taken_back_are_none(tab):
    given(tab, "plain.csv", csv(columns()).encode())
    tab.wait_for_selector("h1:text-is('plain.csv')")
    answered(tab)
    typed(tab, "law", "chinchilla")
    with tab.expect_response("**/api/views"):
        tab.keyboard.press("Enter")
    tab.wait_for_selector("#opened [aria-current=true]:text-is('plain.csv · chinchilla')")
    answered(tab)
    typed(tab, "law", "chinchillas")
    tab.keyboard.press("Backspace")
    tab.keyboard.press("Tab")
    tab.click("#opened button:text-is('plain.csv')")
    assert tab.input_value("#law") == ""


def test_a_size_is_typed_while_a_result_is_on_its_way(tab):
    none = {key: [] for key in ("head", "bad", "lacking", "excluded", "findings")}
    found = {"kind": "runs", "table": "0" * 64, "name": "lr.csv", "runs": 1, "columns": ["N"], "guessed": {},
             "of_bad": 0, "suits": ["tune"], "wrong": "say so", **none}  # fmt: skip
    tab.route("**/api/tables*", lambda route: route.fulfill(json=found))
    given(tab, "lr.csv", b"")
    with held(tab, "results", json={"text": "the best", "figure": "", "findings": []}):
        begun(tab, "results", lambda: tab.click("[role=tab]"))
        typed(tab, "beyond-at", "N=8B")
    tab.wait_for_selector("#beyond pre")
    assert at_work(tab) == ("beyond-at", "N=8B")
