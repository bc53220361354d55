"""Surface: laws with numbers in them that say one loss at any inputs, each by its share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Curve, Find
    from isoflop.quantities import Kind


class Surface(Protocol):
    """What an allocation asks of a predictor: its laws, the loss they say, and how that may differ.

    `at` is always input → (points,); columns that no law takes are passed over.
    """

    @property
    def name(self) -> str:
        """What answers bear: which law, or laws, on which runs."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each law in tables; one label stands for one way to get its numbers, wherever it stands."""

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Each law at its best values."""

    @property
    def inputs(self) -> Mapping[str, Kind]:
        """What it takes."""

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss (points,): the laws' log losses, each by its share."""

    def each_law(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by each law (laws, points)."""

    def shares(self, at: Mapping[str, Array]) -> Array:
        """Return how much each law counts (laws, points); columns add up to 1."""

    def standard_error(self, at: Mapping[str, Array]) -> Array:
        """Return the standard error of a new run's log loss (points,), if the laws are right; nan where unknown."""

    def draws_of(self, find: Find, at: Mapping[str, Array]) -> Array:
        """Return how a quantity differs from its best over what the runs also allow, (draws, points).

        find  parameter values (rows, parameters) of a law → the quantity (rows, points)
        """
