"""Whether a jump is in the model or in the metric, and where it lies."""

from isoflop.emergence.metrics import brier, detectable, edit_distance, exact_match, measured, token_probability
from isoflop.emergence.result import BREAK, METRIC, UNDECIDED, Emergence, Scoring, Threshold
from isoflop.emergence.verb import emergence

__all__ = [
    "BREAK",
    "METRIC",
    "UNDECIDED",
    "Emergence",
    "Scoring",
    "Threshold",
    "brier",
    "detectable",
    "edit_distance",
    "emergence",
    "exact_match",
    "measured",
    "token_probability",
]
