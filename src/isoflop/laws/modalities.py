"""Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, arXiv:2010.14701, table 1.

One transformer, ten kinds of data: text, images, video, images with text, mathematics. N counts non-embedding
parameters, about 1e4 to 1e10 of them; loss in nats per token. The paper's compute is in PF-days; here in FLOPs.
"""

from __future__ import annotations

from isoflop.formula.law import Curve, law
from isoflop.quantities import PF_DAY, Exponent, Floor, Flops, Nats, Params, Size

CITE = "Henighan et al. 2020, arXiv:2010.14701, table 1"


@law(cite=CITE, family="other domains", name="henighan-N")
def henighan_n(N: Params, *, E: Floor, N_c: Size, alpha: Exponent) -> Nats:
    """Loss of a converged model with N non-embedding parameters, on data of any kind."""
    return E + (N_c / N) ** alpha


@law(cite=CITE, family="other domains", name="henighan-C")
def henighan_c(C: Flops, *, E: Floor, C_c: Size, alpha: Exponent) -> Nats:
    """Loss of the best model for C training FLOPs, on data of any kind."""
    return E + (C_c / C) ** alpha


@law(cite=CITE, family="other domains", name="henighan-N-opt")
def henighan_n_opt(C: Flops, *, C_1: Size, p: Exponent) -> Params:
    """Best number of non-embedding parameters for C training FLOPs; at C_1 it is one."""
    return (C / C_1) ** p


_TABLE = """
video-vq     | 1.01 3.7e4   0.24  1.1600958  | 0.95 2.2e-5 0.14  1.1728123  | 1.13e-12 0.71 303608760
image-8x8    | 3.12 80      0.24  3.1544145  | 3.13 1.8e-8 0.19  3.1637677  | 5.3e-14  0.64 313663110
image-16x16  | 2.64 2.8e2   0.22  2.7000309  | 2.64 1.6e-8 0.16  2.6965795  | 4.8e-12  0.75 308367840
image-32x32  | 2.20 63      0.13  2.3562839  | 2.21 3.6e-9 0.1   2.3530969  | 1.6e-13  0.65 207645250
vq-16x16     | 3.99 2.7e4   0.13  4.3336191  | 4.09 6.1e-7 0.11  4.2971983  | 6.2e-14  0.64 283706520
vq-32x32     | 3.07 1.9e4   0.14  3.3713183  | 3.17 2.6e-6 0.12  3.3836962  | 9.4e-13  0.7  262307380
text-to-image      | 2.0 5.1e3  0.16  2.2056891 | 1.93 1.5e-6 0.15 2.0637869 | 9.4e-13 0.7 262307380
text-to-image-text | 0   5.6e8  0.037 1.0658178 |                            |
image-to-text      | 2.0 5.5e3  0.15  2.2296436 | 1.97 1.5e-6 0.16 2.0869970 | 3.3e-12 0.72 184786380
image-to-text-text | 0   7.0e8  0.039 1.0788444 |                            |
math         | 0.28 1.1e4   0.16  0.51260703 | 0.14 1.4e-5 0.17  0.28956906 | 2.3e-12  0.69 107252590
language     | 0    1.47e14 0.070 2.7021672  | 0    3.47e8 0.048 2.5700159  | 3.3e-13  0.73 1292661500
"""
"""Domain | L(N): floor, N_c, exponent, loss at N = 1e8 | L(C) in PF-days, loss at 1 | N_opt in PF-days, its N at 1.

Two rows more are the loss on the text of models of images with text.
"""


def _curves() -> list[Curve]:
    """Return the curves of the table, law by law."""
    found: dict[str, list[Curve]] = {"N": [], "C": [], "N-opt": []}
    for line in _TABLE.strip().splitlines():
        domain, *parts = (part.strip() for part in line.split("|"))
        for what, numbers in zip(found, (list(map(float, part.split())) for part in parts), strict=True):
            if numbers:
                found[what].append(_curve(domain, what, numbers))
    return [curve for curves in found.values() for curve in curves]


def _curve(domain: str, what: str, numbers: list[float]) -> Curve:
    name, cite = f"henighan2020-{domain}-{what}", f"{CITE}, {domain.replace('-', ' ')}"
    if what == "N":
        (E, size, alpha, value), caution = numbers, "N counts non-embedding parameters."
        return henighan_n.at(
            name, E=E, N_c=size, alpha=alpha, cite=cite, caution=caution, fitted_on={"N": (1e4, 1e10)},
            checks=[({"N": 1e8}, value)],
        )  # fmt: skip
    if what == "C":
        E, size, alpha, value = numbers
        return henighan_c.at(name, E=E, C_c=size * PF_DAY, alpha=alpha, cite=cite, checks=[({"C": PF_DAY}, value)])
    size, p, value = numbers
    caution = "Exponents near 0.7 are from before Hoffmann et al. 2022, who find 0.5 with schedules matched to runs."
    return henighan_n_opt.at(name, C_1=size * PF_DAY, p=p, cite=cite, caution=caution, checks=[({"C": PF_DAY}, value)])


henighan2020 = {curve.name: curve for curve in _curves()}
"""Every curve of the table, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in henighan2020.items()})
