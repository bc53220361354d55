"""A run in progress: from its curve so far, and its schedule if that is known, to its final loss."""

from isoflop.curves.curve import LossCurve, read_curve
from isoflop.curves.result import Finish
from isoflop.curves.schedules import Schedule
from isoflop.curves.verb import finish

__all__ = ["Finish", "LossCurve", "Schedule", "finish", "read_curve"]
