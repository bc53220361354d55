"""Hoffmann et al. 2022, arXiv:2203.15556: the best size and tokens for a budget by the paper's three approaches.

Power laws through tables 3 and A3 (nine sizes, 400M to 10T), by least squares in logs; tokens are C / 6N. Table A3
prints 1.26e24 FLOPs for 175B by approach 3; on its 12.0T tokens it is 1.26e25, which is what is fitted here.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Flops, Params, Scale, Tokens

CITE = "Hoffmann et al. 2022, arXiv:2203.15556"
RANGE = {"C": (6e18, 1e22)}
ISOFLOP_RANGE = {"C": (6e18, 3e21)}


@law(cite=f"{CITE}, table 2", family="allocation", name="hoffmann-N-opt")
def hoffmann_n_opt(C: Flops, *, k: Scale, a: Exponent) -> Params:
    """Best number of parameters for C training FLOPs."""
    return k * C**a


@law(cite=f"{CITE}, table 2", family="allocation", name="hoffmann-D-opt")
def hoffmann_d_opt(C: Flops, *, k: Scale, b: Exponent) -> Tokens:
    """Best number of tokens for C training FLOPs."""
    return k * C**b


_1, _2, _3 = (
    f"{CITE}, through its table {table}"
    for table in ("3 (approach 1)", "A3 (approach 2)", "A3 (approach 3, a misprint put right)")
)
_ODD = "Neither set of coefficients that the paper gives for approach 3 gives this table."
hoffmann2022_approach1_N = hoffmann_n_opt.at(
    "hoffmann2022-approach1-N", k=0.0991589, a=0.498099, cite=_1, fitted_on=RANGE,
    checks=[({"C": 1e21}, 2.860294166e09), ({"C": 5.76e23}, 6.782259131e10)],
)  # fmt: skip
hoffmann2022_approach1_D = hoffmann_d_opt.at(
    "hoffmann2022-approach1-D", k=1.6808, b=0.501901, cite=_1, fitted_on=RANGE,
    checks=[({"C": 1e21}, 5.826892950e10), ({"C": 5.76e23}, 1.415454274e12)],
)  # fmt: skip
hoffmann2022_approach2_N = hoffmann_n_opt.at(
    "hoffmann2022-approach2-N", k=0.144877, a=0.489942, cite=_2, fitted_on=ISOFLOP_RANGE,
    checks=[({"C": 1e21}, 2.816964957e09), ({"C": 5.76e23}, 6.342030945e10)],
)  # fmt: skip
hoffmann2022_approach2_D = hoffmann_d_opt.at(
    "hoffmann2022-approach2-D", k=1.1504, b=0.510058, cite=_2, fitted_on=ISOFLOP_RANGE,
    checks=[({"C": 1e21}, 5.916527304e10), ({"C": 5.76e23}, 1.513709178e12)],
)  # fmt: skip
hoffmann2022_approach3_N = hoffmann_n_opt.at(
    "hoffmann2022-approach3-N", k=0.534622, a=0.458657, cite=_3, caution=_ODD, fitted_on=RANGE,
    checks=[({"C": 1e21}, 2.290043997e09), ({"C": 5.76e23}, 4.226013901e10)],
)  # fmt: skip
hoffmann2022_approach3_D = hoffmann_d_opt.at(
    "hoffmann2022-approach3-D", k=0.311747, b=0.541343, cite=_3, caution=_ODD, fitted_on=RANGE,
    checks=[({"C": 1e21}, 7.277886575e10), ({"C": 5.76e23}, 2.271646088e12)],
)  # fmt: skip
