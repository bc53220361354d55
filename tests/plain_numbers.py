"""A fixture for all figures: no axis writes its numbers in TeX, which would stand there as it is ($10^{5}$)."""

import pytest
from matplotlib.ticker import LogFormatterMathtext


@pytest.fixture(autouse=True, scope="session")
def plain_numbers():
    def refused(*_):
        raise AssertionError("a logarithmic axis with matplotlib's own numbers: use look.decades")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LogFormatterMathtext, "__call__", refused)
        yield
