"""plan N=1B answers how many tokens: those of the budget of which that size is the best."""

import pytest

from isoflop import UsageError, plan
from isoflop.laws import CURVES


def test_a_size_alone_gets_the_tokens_of_the_budget_of_which_it_is_the_best():
    found = plan(CURVES["besiroglu2024"], N=1e9)
    again = plan(CURVES["besiroglu2024"], flops=found.budget.value)
    assert found.N.value == pytest.approx(1e9)
    assert again.N.value == pytest.approx(1e9, rel=1e-4)
    assert found.D.value == pytest.approx(again.D.value, rel=1e-4)


def test_tokens_alone_get_their_size():
    found = plan(CURVES["besiroglu2024"], D=2e10)
    assert plan(CURVES["besiroglu2024"], N=found.N.value).D.value == pytest.approx(2e10, rel=1e-3)


def test_a_size_that_is_served_is_trained_on_more_tokens():
    alone, served = plan(CURVES["besiroglu2024"], N=1e9), plan(CURVES["besiroglu2024"], N=1e9, serve_tokens=1e12)
    assert served.D.value > 2 * alone.D.value


def test_a_budget_beside_the_size_has_the_word():
    assert plan(CURVES["besiroglu2024"], N=1e9, flops=6e20).D.value == pytest.approx(1e11, rel=1e-6)


def test_a_size_that_no_budget_makes_the_best_is_refused():
    with pytest.raises(UsageError, match="the best for no budget"):
        plan(CURVES["besiroglu2024"], N=1e35)
