"""The dense model that does as well as a sparse, routed or quantised one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import UsageError
from isoflop.formula.arrays import Array, bisect

if TYPE_CHECKING:
    from isoflop.formula.law import Curve

DENSE = {"experts": 1.0, "sparsity": 0.0, "bits": np.inf}
"""What these inputs are for a dense model at full precision."""


def dense_equivalent(curve: Curve, *, dense: Curve | None = None, **inputs: Any) -> Array:
    """Return the N of the dense model with the loss that the curve gives at these inputs, on the same tokens.

    `dense` is the curve of dense models; unless told, it is the curve itself with one expert, nothing pruned and all
    bits. 0 or infinite where no dense model has that loss.

    >>> curve = isoflop.laws.CURVES["kumar2024"]
    >>> bool(isoflop.dense_equivalent(curve, N=1e9, D=1e10, bits=4) < 1e9)
    True
    """
    if not hasattr(curve, "law"):
        raise UsageError(f"curve must be a curve such as laws.CURVES['kumar2024']; {type(curve).__name__} came.")
    if "N" not in curve.law.inputs or (dense is None and not set(DENSE) & set(curve.law.inputs)):
        raise UsageError(f"{curve.name} takes {', '.join(curve.law.inputs)}: nothing in it is sparse. Say dense=CURVE.")
    there = dense or curve
    given = {key: value for key, value in {**inputs, **DENSE}.items() if key in there.law.inputs}
    wanted = np.asarray(curve(**inputs))
    ends = (np.full(wanted.shape, np.log(end)) for end in (1e-3, 1e30))
    found = np.exp(bisect(lambda log_n: there(**{**given, "N": np.exp(log_n)}) > wanted, *ends))
    return np.asarray(np.where(found < 2e-3, 0.0, np.where(found > 5e29, np.inf, found)))
