"""A sweep of hyperparameters → the best at each size, the laws they follow, and what being wrong costs."""

from isoflop.beyond.tune.best_runs import best_of
from isoflop.beyond.tune.laws import Published, TuningLaw
from isoflop.beyond.tune.result import Setting, Target, Tune, Wrong
from isoflop.beyond.tune.tune import tune

__all__ = ["Published", "Setting", "Target", "Tune", "TuningLaw", "Wrong", "best_of", "tune"]
