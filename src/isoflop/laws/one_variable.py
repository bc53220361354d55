"""Laws of one variable x: Alabdulmohsin et al. 2022, arXiv:2209.06640, their M1 to M4.

x is whatever grows (tokens, examples, parameters, compute); say which column it is with `x=COLUMN`.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.formula.tree import saturate
from isoflop.quantities import Count, Exponent, Floor, Nats, Scale, Size

CITE = "Alabdulmohsin et al. 2022, arXiv:2209.06640"


@law(cite=f"{CITE}, M1", family="general", name="M1")
def m1(x: Count, *, b: Scale, c: Exponent) -> Nats:
    """A power law without a floor."""
    return b * x**-c


@law(cite=f"{CITE}, M2", family="general", name="M2")
def m2(x: Count, *, e_inf: Floor, b: Scale, c: Exponent) -> Nats:
    """A power law towards a floor e_inf."""
    return e_inf + b * x**-c


@law(cite=f"{CITE}, M3", family="general", name="M3")
def m3(x: Count, *, b: Scale, gamma: Size, c: Exponent) -> Nats:
    """A power law of 1/x + 1/gamma: it bends to its floor once x passes gamma."""
    return b * (1 / x + 1 / gamma) ** c


@law(cite=f"{CITE}, M4", family="general", name="M4")
def m4(x: Count, *, e_inf: Floor, e_0: Floor, a: Exponent, d: Size, c: Exponent) -> Nats:
    """A sigmoid in log x from e_0 (untrained) to e_inf: (e - e_inf) / (e_0 - e)^a is a power of x."""
    return e_inf + (e_0 - e_inf) * saturate((d / x) ** c, a)
