"""Charles et al. 2025, Scaling Laws for DiLoCo, arXiv:2503.09799: training that communicates every 30 steps.

35M to 2.4B parameters on C4, 20 tokens per parameter. Without a floor, and it shows: at 10B the measured losses are
3.3 to 4.0 % above the laws. The paper's rates and batches have no printed value to test them, so they are not here.
"""

from __future__ import annotations

from isoflop.formula.law import Curve, law
from isoflop.laws import kaplan
from isoflop.quantities import Count, Exponent, Nats, Params, Scale

CITE = "Charles et al. 2025, arXiv:2503.09799"
RANGE = {"N": (35e6, 2.4e9)}


@law(cite=f"{CITE}, table 10", family="pre-training", name="replicas")
def replicas(N: Params, replicas: Count, *, A: Scale, a: Exponent, b: Exponent) -> Nats:
    """Loss of a model of N parameters and 20N tokens that so many replicas train apart, meeting every 30 steps."""
    return A * N**-a * replicas**b


_CAUTION = "20 tokens per parameter. Without a floor: at 10B the measured loss is 3.3 to 4.0 % above it."
charles2025_replicas = replicas.at(
    "charles2025-replicas", A=19.226, a=0.0985, b=0.0116, cite=f"{CITE}, table 10", caution=_CAUTION, fitted_on=RANGE,
    checks=[({"N": 2.4e9, "replicas": 1}, 2.29054132)],
    printed=[({"N": 2.4e9, "replicas": 1}, 2.317, 0.0115), ({"N": 2.4e9, "replicas": 2}, 2.323, 0.0061),
             ({"N": 2.4e9, "replicas": 4}, 2.332, 0.0019), ({"N": 2.4e9, "replicas": 8}, 2.351, 0.002)],
)  # fmt: skip

_TABLE = """
dp 18.129 0.0953 2.31440691 | 3.5e+07:3.485 1.8e+08:2.95 2.4e+09:2.326 4e+09:2.224
m1 18.363 0.0961 2.30412127 | 3.5e+07:3.482 1.8e+08:2.943 2.4e+09:2.317 4e+09:2.219
m2 18.768 0.0969 2.31459774 | 3.5e+07:3.508 1.8e+08:2.957 2.4e+09:2.323 4e+09:2.22
m4 19.762 0.0992 2.31907044 | 3.5e+07:3.554 1.8e+08:2.981 2.4e+09:2.332 4e+09:2.23
m8 21.051 0.1018 2.335432 | 3.5e+07:3.621 1.8e+08:3.019 2.4e+09:2.351
"""
"""Training (dp: plain data parallel; m4: DiLoCo, 4 replicas), A, a, value at 2.4B | printed N:loss (4B held out)."""


def _curves() -> list[Curve]:
    """Return the curves of the table, as Kaplan's law of N: A N^-a = (N_c / N)^a with N_c = A^(1/a)."""
    found = []
    for line in _TABLE.strip().splitlines():
        head, rows = line.split("|")
        name, *numbers = head.split()
        A, a, value = map(float, numbers)
        printed = [(float(N), float(loss)) for N, loss in (row.split(":") for row in rows.split())]
        found.append(kaplan.kaplan_N.at(
            f"charles2025-{name}", N_c=A ** (1 / a), alpha_N=a, cite=f"{CITE}, tables 4, 5 and 7", fitted_on=RANGE,
            summary="C4, plain data parallel." if name == "dp" else f"C4, DiLoCo, replicas: {name[1:]}.",
            caution=_CAUTION, checks=[({"N": 2.4e9}, value)],
            printed=[({"N": N}, loss, 0.0125) for N, loss in printed],
        ))  # fmt: skip
    return found


charles2025 = {curve.name: curve for curve in _curves()}
"""Loss without and with DiLoCo, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in charles2025.items()})
