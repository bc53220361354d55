"""The coupled law: parameters and tokens share one power, so that each limits what the other gains.

The form L = E + A (N^-a + R D^-b)^k is the law "skaling" of Videau et al. 2026, as the documentation of
simple-scaling-laws 0.2.0 quotes it (we have not seen the paper). Below it is written with a = alpha/k,
b = beta/k, so that alpha and beta are what the loss follows where one of N and D is plenty, as in
Chinchilla's law, which is the case k = 1. Kaplan et al. 2020, arXiv:2001.08361, eq. 1.5, is the case
E = 0, k = beta. It is also the generalised nesting family, E + [(A N^-alpha)^(1/q) + (B D^-beta)^(1/q)]^q, with
q = k, A = N0^alpha and B = D0^beta.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Size, Tokens


@law(cite="Videau et al. 2026, as quoted by simple-scaling-laws 0.2.0", family="pre-training")
def coupled(
    N: Params, D: Tokens, *, E: Floor, N0: Size, alpha: Exponent, D0: Size, beta: Exponent, k: Exponent
) -> Nats:
    """Chinchilla's law with its two terms joined by a power k: the scarcer of N and D counts for more if k < 1."""
    return E + ((N0 / N) ** (alpha / k) + (D0 / D) ** (beta / k)) ** k
