"""von Ruette et al. 2025, Scaling Behavior of Discrete Diffusion Language Models, arXiv:2512.10858.

The loss is a bound on the negative log-likelihood: never compare it with an autoregressive one. Sizes are M, training
FLOPs of one token (72 layers width^2 + 12 layers width context), not parameters; C = M D. Learning rate held: divide
by 1.0245 for a model whose rate was brought down.
"""

from __future__ import annotations

import math

from isoflop.formula.law import Curve, law
from isoflop.laws import deepseek
from isoflop.quantities import Exponent, Floor, Flops, FlopsPerToken, Nats, Scale, Tokens

CITE = "von Ruette et al. 2025, arXiv:2512.10858"
RANGE = {"C": (5e17, 2e20)}
COOLED = 1.0245
"""A held rate's loss over that of a rate brought down to zero: the authors' notebook."""


@law(cite=CITE, family="other domains", name="diffusion-language")
def diffusion_language(
    flops_per_token: FlopsPerToken, D: Tokens, *, E: Floor, A: Scale, alpha: Exponent, B: Scale, beta: Exponent
) -> Nats:
    """Bound on the loss of a discrete diffusion language model of so many FLOPs per token, trained on D tokens."""
    return E + A / flops_per_token**alpha + B / D**beta


@law(cite=CITE, family="other domains", name="diffusion-language-C")
def diffusion_language_c(C: Flops, *, k: Scale, p: Exponent) -> Nats:
    """Bound on the loss of the best discrete diffusion language model for C training FLOPs; without a floor."""
    return k / C**p


@law(cite=CITE, family="batch size", name="diffusion-language-batch")
def diffusion_language_batch(D: Tokens, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, of a discrete diffusion language model for D tokens."""
    return k * D**p


_TABLE = """
masked | loss | 2.17 222 0.292 1920 0.367 | 2.85402062
masked | C | 27.21883 0.04961 | 2.47206254
masked | flops-per-token | 0.01761 0.56629 | 1.37356544e10
masked | tokens | 56.78711 0.43371 | 7.28047588e10
low-uniform | loss | 2.25 477 0.335 1880 0.365 | 2.88262486
low-uniform | C | 29.12047 0.05088 | 2.48724393
low-uniform | flops-per-token | 0.06529 0.53541 | 1.14408072e10
low-uniform | tokens | 15.31607 0.46459 | 8.74052144e10
balanced | loss | 2.27 626 0.35 1520 0.353 | 2.9099937
balanced | C | 29.84096 0.05124 | 2.50479848
balanced | flops-per-token | 0.06918 0.53358 | 1.10958495e10
balanced | tokens | 14.4568 0.46642 | 9.01347322e10
high-uniform | loss | 2.21 303 0.307 1500 0.352 | 2.92407081
high-uniform | C | 30.19375 0.05141 | 2.51366301
high-uniform | flops-per-token | 0.01222 0.57298 | 1.31719843e10
high-uniform | tokens | 81.86373 0.42701 | 7.59104435e10
uniform | loss | 2.19 294 0.305 1340 0.346 | 2.91967282
uniform | C | 31.26171 0.05219 | 2.50624042
uniform | flops-per-token | 0.00618 0.58879 | 1.4307985e10
uniform | tokens | 161.92545 0.41121 | 6.9939917e10
"""
"""Noise | what | E, A, alpha, B, beta, or k and the power of C | value at M 3.4e9 and D 2e10, or at C 1e21."""
_PRINTED = {"masked": [(1e21, 11.3, 0.005)], "uniform": [(1e21, 11.7, 0.0055), (1e22, 9.15, 0.0202)]}
"""Noise → C, perplexity of the cooled model in the authors' README, how near."""
_BOUND = (
    "A bound at a held learning rate, not comparable with an autoregressive loss; divide by 1.0245 for a cooled one."
)


def _curves() -> list[Curve]:
    """Return the curves of the table, law by law."""
    found = [_curve(*(part.strip() for part in line.split("|"))) for line in _TABLE.strip().splitlines()]
    order = ("", "-C", "-flops-per-token", "-tokens")
    return sorted(found, key=lambda curve: order.index(curve.name.partition("noise")[2]))


def _curve(noise: str, what: str, constants: str, value: str) -> Curve:
    """Return one curve of the table."""
    name, cite = f"vonruette2025-{noise}-noise", f"{CITE}, {noise} noise"
    numbers = list(map(float, constants.split()))
    if what == "loss":
        letters = dict(zip(("E", "A", "alpha", "B", "beta"), numbers, strict=True))
        checks = [({"flops_per_token": 3.4e9, "D": 2e10}, float(value))]
        return diffusion_language.at(name, **letters, cite=cite, caution=f"{_BOUND} Three digits.", checks=checks)
    law_, caution = {
        "C": (diffusion_language_c, f"{_BOUND} No floor: not far beyond its range."),
        "flops-per-token": (deepseek.deepseek_flops_per_token, "C counts M D."),
        "tokens": (deepseek.deepseek_tokens, "C counts M D."),
    }[what]
    printed = [({"C": C}, COOLED * math.log(seen), near) for C, seen, near in _PRINTED.get(noise, []) if what == "C"]
    return law_.at(
        f"{name}-{what}", k=numbers[0], p=numbers[1], cite=cite, caution=caution, fitted_on=RANGE,
        checks=[({"C": 1e21}, float(value))], printed=printed,
    )  # fmt: skip


vonruette2025 = {curve.name: curve for curve in _curves()}
"""Every curve of the table, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in vonruette2025.items()})

vonruette2025_batch = diffusion_language_batch.at(
    "vonruette2025-batch", k=3.614098626e-3, p=0.8179, cite=f"{CITE}, the authors' notebook",
    caution="The exponent is twice that of autoregressive models.",
    checks=[({"D": 2.03e11}, 6403258.13)],
    printed=[({"D": 203.00e9}, 3127 * 2048, 0.0002), ({"D": 101.89e9}, 1779 * 2048, 0.0002),
             ({"D": 69.71e9}, 1304 * 2048, 0.0003)],
)  # fmt: skip
