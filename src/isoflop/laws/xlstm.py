"""Beck et al. 2025, xLSTM Scaling Laws, arXiv:2510.02228: transformers and recurrent xLSTMs, side by side.

Compute is counted exactly, attention included, not as 6ND. N-opt and D-opt were fitted apart, so that their exponents
do not add up to 1: never take one from the other. The loss surface is the coupled law; its constants move much with
the fit's settings.
"""

from __future__ import annotations

import math

from isoflop.formula.law import Curve
from isoflop.laws import approaches, coupled

CITE = "Beck et al. 2025, arXiv:2510.02228"
RANGE = {"C": (5e18, 5e19)}
MAIN_RANGE = {"C": (5e18, 2e20)}

_CAUTION = "C counts attention exactly, not 6ND. Fitted to the lowest points of 3 or 4 budgets only."
_TABLE = """
transformer 8k-main N | 0.002281 0.574909 2.69907085e09 | 1.78e20 1e9 | 1.42e24 175e9
transformer 8k-main D | 58.460259 0.424271 4.74844853e10 | 1.78e20 2.28e10 | 1.42e24 1.03e12
transformer 2k N | 0.006899 0.553549 2.90613072e09 | 1.46e20 1e9 | 1.64e24 175e9
transformer 2k D | 74.029313 0.422606 5.54791398e10 | 1.46e20 2.46e10 | 1.64e24 1.27e12
transformer 8k N | 0.002052 0.577327 2.72925652e09 | 1.76e20 1e9 | 1.35e24 175e9
transformer 8k D | 64.961801 0.42186 4.69589153e10 | 1.76e20 2.25e10 | 1.35e24 9.82e11
transformer 16k N | 0.0025 0.569337 2.25952426e09 | 2.39e20 1e9 | 2.08e24 175e9
transformer 16k D | 34.477426 0.432544 4.17790764e10 | 2.39e20 2.25e10 | 2.08e24 1.14e12
xlstm 8k-main N | 0.012045 0.547253 3.74213805e09 | 8.97e19 1e9 | 1.13e24 175e9
xlstm 8k-main D | 77.747576 0.417166 4.47891538e10 | 8.97e19 1.64e10 | 1.13e24 8.4e11
xlstm 2k N | 0.008587 0.555534 3.98158015e09 | 8.32e19 1e9 | 9.07e23 175e9
xlstm 2k D | 140.611535 0.403072 4.09763197e10 | 8.32e19 1.5e10 | 9.07e23 6.38e11
xlstm 8k N | 0.016094 0.540627 3.62936793e09 | 9.21e19 1e9 | 1.3e24 175e9
xlstm 8k D | 46.804395 0.428769 4.725368e10 | 9.21e19 1.7e10 | 1.3e24 1.02e12
xlstm 16k N | 0.004999 0.56604 3.85232693e09 | 9.23e19 1e9 | 8.47e23 175e9
xlstm 16k D | 336.097166 0.38523 4.13328023e10 | 9.23e19 1.65e10 | 8.47e23 5.55e11
"""
"""Model, context, what is best | k, power of C, value at 1e21 | printed: FLOPs and N or D, for 1B and for 175B.

"main" is the paper's main fit, to four budgets.
"""
_NEAR = 0.004
"""Relative: how near the curves come to the table of best FLOPs and tokens, which has three digits."""


def _curves() -> list[Curve]:
    """Return the curves of the table: best sizes first, then best tokens."""
    sizes, tokens = [], []
    for line in _TABLE.strip().splitlines():
        (model, context, what), numbers, *rows = (part.split() for part in line.split("|"))
        k, power, value = map(float, numbers)
        name = f"beck2025-{model}-{context}-{what}"
        about = {
            "cite": f"{CITE}, {model}, context {context.removesuffix('-main')}", "caution": _CAUTION,
            "fitted_on": MAIN_RANGE if "main" in context else RANGE, "checks": [({"C": 1e21}, value)],
            "printed": [({"C": float(C)}, float(best), _NEAR) for C, best in rows],
        }  # fmt: skip
        if what == "N":
            sizes.append(approaches.hoffmann_n_opt.at(name, k=k, a=power, **about))
        else:
            tokens.append(approaches.hoffmann_d_opt.at(name, k=k, b=power, **about))
    return sizes + tokens


beck2025 = {curve.name: curve for curve in _curves()}
"""Every allocation of the table, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in beck2025.items()})


def _surface(
    name: str, *, a: float, alpha: float, b: float, beta: float, gamma: float, e: float, check: float
) -> Curve:
    """Return exp(e) + (exp(a) N^-alpha + exp(b) D^-beta)^gamma, natural logarithms, as a curve of the coupled law."""
    return coupled.coupled.at(
        f"beck2025-{name}", E=math.exp(e), N0=math.exp(a / alpha), alpha=alpha * gamma, D0=math.exp(b / beta),
        beta=beta * gamma, k=gamma, cite=f"{CITE}, the authors' fit", summary=f"{name}, loss on DCLM, context 8192.",
        caution="The paper prints no loss to test these constants; they move much with the fit's settings.",
        fitted_on={"N": (80e6, 7e9), "D": (2e9, 2e12)}, checks=[({"N": 1e9, "D": 2e10}, check)],
    )  # fmt: skip


beck2025_transformer = _surface(
    "transformer", a=14.445072, alpha=0.644827, b=16.329536, beta=0.625879, gamma=0.253203, e=0.090102, check=2.7521167
)
beck2025_xlstm = _surface(
    "xlstm", a=15.457385, alpha=0.705822, b=16.52583, beta=0.653441, gamma=0.2578, e=0.176768, check=2.7143150
)
