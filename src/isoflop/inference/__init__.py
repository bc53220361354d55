"""Test-time compute: what more samples bring and cost, and when a larger model is the better buy."""

from isoflop.inference.answers import Choosing, majority, solved, verified
from isoflop.inference.attempts import Attempts, read_attempts
from isoflop.inference.difficulty import Difficulty, chances, difficulty
from isoflop.inference.joint import Lifetime, Sampling, lifetime, sampling
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
    "Lifetime",
    "PowerLaw",
    "Sampling",
    "Serving",
    "chances",
    "difficulty",
    "inference",
    "lifetime",
    "majority",
    "measured",
    "power_law",
    "read_attempts",
    "sampling",
    "solved",
    "verified",
]
