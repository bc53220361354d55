"""Several published curves looked at together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isoflop.errors import UsageError
from isoflop.findings import Finding
from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve, Find
from isoflop.quantities import Kind


@dataclass(frozen=True)
class Several:
    """Published curves looked at together: the first gives the value, all of them say how far they agree.

    >>> from isoflop.laws import find_curve
    >>> len(isoflop.several([find_curve("besiroglu2024"), find_curve("hoffmann2022")]).curves)
    2
    """

    curves: tuple[Curve, ...]

    runs = None
    metric = None
    freedom = math.inf

    @property
    def name(self) -> str:
        """The curves' names."""
        return ", ".join(self.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each curve."""
        return tuple(one.name for one in self.curves)

    @property
    def inputs(self) -> Mapping[str, Kind]:
        """The inputs of the first, which all take."""
        return self.curves[0].law.inputs

    @property
    def fitted_on(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest of each input that the first was fitted on."""
        return self.curves[0].fitted_on

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know of any answer by these curves."""
        text = "published curves without covariances: the interval spans them and knows nothing of their errors"
        return (Finding("P12", "INFO", text, "fit your own runs to get one"), *self.curves[0].cautions)

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by the first, (points,)."""
        return self.curves[0].log_loss(at)

    def each_law(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by each curve, (curves, points)."""
        return np.array([one.log_loss(at) for one in self.curves])

    def shares(self, at: Mapping[str, Array]) -> Array:
        """Return how much each curve counts, (curves, points): the first alone gives the value."""
        found = np.zeros((len(self.curves), np.size(next(iter(at.values())))))
        found[0] = 1.0
        return found

    def standard_error(self, at: Mapping[str, Array]) -> Array:
        """Return the standard error of log loss, (points,): unknown, as papers print no covariances."""
        return self.curves[0].standard_error(at)

    def draws_of(self, find: Find, at: Mapping[str, Array]) -> Array:  # noqa: ARG002 - one signature
        """Return how a quantity differs on the other curves from its value on the first, (curves, ...)."""
        each = np.concatenate([find(one.law, one.row) for one in self.curves])
        return np.asarray(each - each[:1])


def several(curves: Sequence[Curve]) -> Several:
    """Return several curves together, each once; raises UsageError if one takes other inputs than the first.

    >>> from isoflop.laws import find_curve
    >>> len(isoflop.several([find_curve("besiroglu2024"), find_curve("hoffmann2022")]).curves)
    2
    """
    if len({(one.name, one.row.tobytes()) for one in curves}) < len(curves):
        raise UsageError("a curve is named twice, and counts once. Say each curve once.")
    for one in curves[1:]:
        if set(one.law.inputs) != set(curves[0].law.inputs) or one.law.output.name != curves[0].law.output.name:
            takes = ", ".join(one.law.inputs)
            raise UsageError(f"{one.name} takes {takes} and gives {one.law.output.unit}; {curves[0].name} does not.")
    return Several(tuple(curves))
