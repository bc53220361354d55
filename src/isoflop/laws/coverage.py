"""Brown et al. 2024, Large Language Monkeys: Scaling Inference Compute with Repeated Sampling, arXiv:2407.21787."""

from __future__ import annotations

import numpy as np

from isoflop.formula.law import law
from isoflop.quantities import Accuracy, Count, Exponent, Size


@law(cite="Brown et al. 2024, arXiv:2407.21787", family="test-time compute")
def coverage(k: Count, *, k_0: Size, b: Exponent) -> Accuracy:
    """Share of problems that one of k samples solves: its logarithm, -(k_0/k)^b, is a power law (the paper's a k^b)."""
    return np.exp(-((k_0 / k) ** b))
