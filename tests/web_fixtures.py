"""The fixture that tests of the web app share."""

from urllib.parse import urlencode

import pytest
from served import patient, serving

from isoflop.faces.web import work

EXAMPLE = f"#{urlencode(work.EXAMPLE)}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Give a server that all tests of a file share."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, patient(folder)) as one:
        yield one


@pytest.fixture
def visit(tabs, served):
    """Give a function that opens the app, at a fragment, and waits for its first chart."""

    def visit(fragment=EXAMPLE, **settings):
        return visited(tabs, served, fragment, **settings)

    return visit


def visited(tabs, served, fragment, **settings):
    """Give a tab on the app at a fragment, when it shows its first chart."""
    origin = f"http://{served.host}"
    tab = tabs(f"{origin}/open?token={served.token}{fragment}", origin, **settings)
    tab.wait_for_selector("#figure-frontier circle.now")
    return tab
