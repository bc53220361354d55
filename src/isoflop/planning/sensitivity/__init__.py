"""How much of a plan is the choice of method? One budget, planned by every defensible way from runs to N and D."""

from isoflop.planning.sensitivity.choices import FACTORS, OBJECTIVES, OUTLIERS, Choice
from isoflop.planning.sensitivity.result import Factor, Row, Sensitivity
from isoflop.planning.sensitivity.sensitivity import sensitivity

__all__ = ["FACTORS", "OBJECTIVES", "OUTLIERS", "Choice", "Factor", "Row", "Sensitivity", "sensitivity"]
