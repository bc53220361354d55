"""Three sentences about a fit: true for every law, and short."""

import numpy as np
from simulated import chinchilla_runs

import isoflop

FIT = isoflop.fit("chinchilla", chinchilla_runs(60, noise=0.005), draws=300)


def test_a_law_of_size_and_tokens_says_how_the_best_size_grows():
    words = isoflop.in_words(FIT)
    plan = isoflop.plan(FIT, flops=FIT.curve.fitted_on["C"][1])
    assert words.startswith("60 runs up to 3.4e22 FLOPs are described to 0.")
    assert "Compute-optimal size grows as C^0.5" in words
    assert f"about {plan.tokens_per_parameter.value:.2g}" in words
    assert words.count(". ") == 2
    assert len(words) < 350


def test_the_gravest_finding_is_the_weakest_point():
    runs = chinchilla_runs(12, noise=0.005)
    assert "leave 7 to judge the fit by (F04)." in isoflop.in_words(isoflop.fit("chinchilla", runs, draws=0))


def test_without_a_finding_the_loosest_parameter_is():
    low, high = FIT.parameters["alpha"].low, FIT.parameters["alpha"].high
    assert isoflop.in_words(FIT).endswith(f"Weakest point: alpha, known only to lie between {low:.3f} and {high:.3f}.")


def test_a_law_of_one_variable_says_how_it_falls():
    x = np.geomspace(1e6, 1e9, 30)
    random = np.random.default_rng(0)
    loss = (1.5 + 40 * x**-0.3) * np.exp(0.002 * random.standard_normal(30))
    words = isoflop.in_words(isoflop.fit("M2", {"x": x, "loss": loss}))
    assert words.startswith("30 runs up to 1.00B of x are described to 0.")
    assert "It falls as x^-0.3" in words
    assert "towards 1.5" in words


def test_every_law_of_the_catalogue_has_words():
    for fit in (isoflop.fit(law, chinchilla_runs(60, noise=0.005), draws=20) for law in ("log-quadratic", "gadre")):
        words = isoflop.in_words(fit)
        assert "nan" not in words
        assert "inf" not in words
        assert words.endswith(".")


def test_a_fit_begins_with_its_words():
    assert str(FIT).startswith("60 runs up to")
