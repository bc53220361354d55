"""Test-time compute: what more samples bring and cost, and when a larger model is the better buy."""

from isoflop.inference.answers import Choosing, majority, solved, verified
from isoflop.inference.attempts import Attempts, read_attempts
from isoflop.inference.difficulty import Difficulty, chances, difficulty
from isoflop.inference.measured import PowerLaw, measured, power_law
from isoflop.inference.result import Inference
from isoflop.inference.serving import Serving
from isoflop.inference.verb import Asked, inference

__all__ = [
    "Asked",
    "Attempts",
    "Choosing",
    "Difficulty",
    "Inference",
    "PowerLaw",
    "Serving",
    "chances",
    "difficulty",
    "inference",
    "majority",
    "measured",
    "power_law",
    "read_attempts",
    "solved",
    "verified",
]
