"""How much of a plan is the choice of method? One budget, planned by every defensible way from runs to N and D."""

from isoflop.sensitivity.choices import FACTORS, OBJECTIVES, OUTLIERS, Choice
from isoflop.sensitivity.result import Factor, Row, Sensitivity
from isoflop.sensitivity.verb import sensitivity

__all__ = ["FACTORS", "OBJECTIVES", "OUTLIERS", "Choice", "Factor", "Row", "Sensitivity", "sensitivity"]
