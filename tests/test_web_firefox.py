"""The web app in Firefox: it opens, answers as Python does, goes back, and nothing is said on the console."""

import json

import pytest
from firefox import firefox
from served import until

import isoflop

pytest_plugins = ["web_fixtures"]
pytestmark = pytest.mark.browser

PAPERS = ["besiroglu2024", "hoffmann2022", "muennighoff2023-c4"]


@pytest.fixture
def window(tmp_path):
    with firefox(tmp_path) as one:
        yield one


def test_firefox_opens_the_page_and_answers_as_python_does(window, served):
    window.open(f"http://{served.host}/open?token={served.token}#curves={json.dumps(PAPERS)}")
    window.wait("document.querySelector('#figure-frontier circle.now')")
    first = window.run("return document.getElementById('flops-box').value")
    window.type("#dollars-box", "$2M")
    wanted, found = isoflop.plan(dollars=2e6), {}
    for key in ("N", "D", "loss"):
        found[key] = float(window.run("return document.getElementById(arguments[0]).dataset.value", key))
        assert found[key] == pytest.approx(getattr(wanted, key).value, rel=1e-7), key
    window.wait("document.querySelector('#repeat')?.textContent.includes('dollars')")  # Python's answer has come
    assert "dollars" in window.run("return location.hash")
    drawn = "[...document.querySelectorAll('figure svg path')].filter((one) => one.getBBox().width > 50).length"
    assert window.run(f"return {drawn}") > 4
    window.run("document.getElementById('undo').click()")
    assert window.run("return document.getElementById('flops-box').value") == first
    assert [one for one in window.said() if served.host in one] == []
    window.run("document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))")
    until(lambda: any(served.host in one for one in window.said()))  # what the page's own rules refuse is heard
