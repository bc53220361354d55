"""The fixture that tests of the web app share."""

from urllib.parse import urlencode

import pytest
from served import serving

from isoflop.faces.web import work

EXAMPLE = f"#{urlencode(work.EXAMPLE)}"

PATIENT = """
from isoflop.faces.web import jobs, patience, requests
jobs.LIMIT = jobs.LONG = requests.PATIENCE = patience.ASKING = 3600.0
if __name__ == "__main__":
    from isoflop.faces.cli import main
    main()
"""
"""A server whose limits no busy machine reaches."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Give a server that all tests of a file share."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "patient.py").write_text(PATIENT)
    with serving(folder, [str(folder / "patient.py")]) as one:
        yield one


@pytest.fixture
def visit(tabs, served):
    """Give a function that opens the app, at a fragment, and waits for its first chart."""

    def visit(fragment=EXAMPLE, **settings):
        origin = f"http://{served.host}"
        tab = tabs(f"{origin}/open?token={served.token}{fragment}", origin, **settings)
        tab.wait_for_selector("#figure-frontier circle.now")
        return tab

    return visit
