"""Whether a jump is in the model or in the metric, and where it lies."""

from isoflop.beyond.emergence.emergence import emergence
from isoflop.beyond.emergence.metrics import brier, detectable, edit_distance, exact_match, measured, token_probability
from isoflop.beyond.emergence.result import BREAK, METRIC, UNDECIDED, Emergence, Scoring, Threshold

__all__ = [
    "BREAK", "METRIC", "UNDECIDED", "Emergence", "Scoring", "Threshold", "brier", "detectable", "edit_distance",
    "emergence", "exact_match", "measured", "token_probability",
]  # fmt: skip
