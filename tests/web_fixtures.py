"""The fixture that tests of the web app share."""

import pytest
from served import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Give a server that all tests of a file share."""
    with serving(tmp_path_factory.mktemp("served")) as one:
        yield one
