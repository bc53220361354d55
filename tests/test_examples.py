"""Public names show an example in their docstrings, and every example prints what it says."""

import doctest

import pytest
from alike import alike

import isoflop

EXACTLY = doctest.OutputChecker()
SHOWN = [name for name in isoflop.__all__ if ">>>" in (getattr(isoflop, name).__doc__ or "")]


class Alike(doctest.OutputChecker):
    """Takes what is printed for what is shown where they differ in the last digit of a number alone."""

    def check_output(self, want, got, optionflags):
        return EXACTLY.check_output(want, got, optionflags) or alike(got, want)


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_of_a_name_prints_what_it_says(name):
    text = getattr(isoflop, name).__doc__
    example = doctest.DocTestParser().get_doctest(text, {"isoflop": isoflop}, name, name, 0)
    failed = []
    runner = doctest.DocTestRunner(Alike(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example, out=failed.append)
    assert not runner.failures, "".join(failed)


def test_every_public_name_shows_an_example():
    assert not set(isoflop.__all__) - set(SHOWN)
