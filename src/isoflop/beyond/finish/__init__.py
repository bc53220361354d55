"""A run in progress: from its curve so far, and its schedule if that is known, to its final loss."""

from isoflop.beyond.finish.finish import finish
from isoflop.beyond.finish.loss_curve import LossCurve, read_curve
from isoflop.beyond.finish.result import Finish
from isoflop.beyond.finish.schedules import Schedule

__all__ = ["Finish", "LossCurve", "Schedule", "finish", "read_curve"]
