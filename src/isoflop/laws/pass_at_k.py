"""How often one of k attempts succeeds: counted without bias, and forecast beyond the attempts made.

Schaeffer et al. 2025, arXiv:2502.17578: success rates of a benchmark's problems spread like a Beta distribution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import UsageError
from isoflop.formula.arrays import Array
from isoflop.formula.law import law
from isoflop.formula.tree import SHIFT, STIRLING, lgamma
from isoflop.quantities import Accuracy, Break, Count, Exponent


@law(cite="Schaeffer et al. 2025, arXiv:2502.17578", family="test-time compute")
def beta_pass_at_k(k: Count, *, a: Exponent, b: Break) -> Accuracy:
    """Share of problems solved in k attempts, 1 - B(a, b + k) / B(a, b): what remains unsolved falls as k^-a."""
    return 1 - np.exp(lgamma(b + k) - lgamma(b) + lgamma(a + b) - lgamma(a + b + k))


def pass_at_k(samples: ArrayLike, correct: ArrayLike, *, k: int) -> Array:
    """Return each problem's unbiased chance that one of k attempts succeeds, from how many of its samples did.

    1 - C(n - c, k) / C(n, k) for n samples of which c are correct (Chen et al. 2021, arXiv:2107.03374, eq. 1).

    >>> round(float(isoflop.pass_at_k(10, 3, k=5)), 6)
    0.916667
    """
    n, c = np.broadcast_arrays(np.asarray(samples, float), np.asarray(correct, float))
    if k < 1 or (c < 0).any() or (c > n).any() or (n < k).any():
        raise UsageError(f"pass@{k} needs at least {k} samples of every problem, and no more correct than samples.")
    attempt = np.arange(k).reshape(-1, *[1] * n.ndim)
    return np.asarray(1 - np.prod(np.maximum(n - c - attempt, 0) / (n - attempt), axis=0))


def solved_by_beta(a: ArrayLike, b: ArrayLike, *, k: ArrayLike, never: ArrayLike = 0.0) -> Array:
    """Return the share of problems solved in k samples where p is Beta(a, b), save a share `never` where it is 0.

    (1 - never) (1 - B(a, b + k) / B(a, b)), to 12 digits for any k: the law above loses digits as k grows.

    >>> round(float(isoflop.solved_by_beta(0.3, 5, k=1000)), 4)
    0.8005
    """
    one, two, many = (np.asarray(each, float) for each in (a, b, k))
    return np.asarray((1 - np.asarray(never, float)) * -np.expm1(_rise(two, one) - _rise(two + many, one)))


def _rise(z: Array, a: Array) -> Array:
    """Return lgamma(z + a) - lgamma(z) without cancellation: Stirling's series of the two, subtracted term by term."""
    steps = sum(np.log1p(a / (z + step)) for step in range(SHIFT))
    far = z + SHIFT
    series = sum(
        coefficient * ((far + a) ** (1.0 - 2 * power) - far ** (1.0 - 2 * power))
        for power, coefficient in enumerate(STIRLING, start=1)
    )
    return np.asarray((far - 0.5) * np.log1p(a / far) + a * np.log(far + a) - a + series - steps)
