"""Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, arXiv:1712.00409."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, ErrorRate, Exponent, Floor, Nats, Scale, Tokens

CITE = "Hestness et al. 2017, arXiv:1712.00409"


@law(cite=CITE, family="other domains")
def hestness_loss(D: Tokens, *, a: Scale, beta: Exponent) -> Nats:
    """Loss of the best model for D training words, characters or sentence pairs.

    Exponents beta whose constants are not at hand: characters 0.094, translation 0.128.
    """
    return a * D**-beta


@law(cite=CITE, family="other domains")
def hestness_error(x: Count, *, gamma: Floor, a: Scale, beta: Exponent) -> ErrorRate:
    """Error of the best model for x training images or seconds of speech, towards an irreducible error gamma.

    Exponents beta whose constants are not at hand: ImageNet 0.309 (top-1) and 0.488 (top-5), speech 0.299.
    """
    return gamma + a * x**-beta


hestness2017_word_lm = hestness_loss.at(
    "hestness2017-word-lm", a=11.9, beta=0.066, cite=f"{CITE}, word language models",
    caution="Nats per word of a vocabulary of words, not per token of subwords.",
    checks=[({"D": 1e9}, 3.030728)],
)  # fmt: skip
