"""Predictor: what can say a loss at any inputs, with its errors. Every step that answers takes one.

A Curve, several Curves, a Fit and an Ensemble are predictors. What differs between them (who counts, what is known of
the errors, what runs stand behind) is said by each of them, so that no step needs to ask which of them it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from isoflop.formula.surface import Surface

if TYPE_CHECKING:
    from isoflop.data.metric import Metric
    from isoflop.data.runs import Runs
    from isoflop.findings import Finding


class Predictor(Surface, Protocol):
    """What can say a loss (or a metric, as a loss) at any inputs, and what stands behind it."""

    @property
    def fitted_on(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest of each input behind it, as far as they are known."""

    @property
    def runs(self) -> Runs | None:
        """The runs behind it; None where there are none, or none was saved."""

    @property
    def metric(self) -> Metric | None:
        """What its loss was made of, if it is no loss."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know of any answer by it."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom of its standard error, for Student's t; infinite for a normal."""
