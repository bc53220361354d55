"""A run in progress: from its curve so far, and its schedule if that is known, to its final loss."""

from isoflop.beyond.finish.finish import finish
from isoflop.beyond.finish.result import Finish
from isoflop.forecasting.curves.loss_curve import LossCurve, read_curve
from isoflop.forecasting.curves.schedules import Schedule

__all__ = ["Finish", "LossCurve", "Schedule", "finish", "read_curve"]
