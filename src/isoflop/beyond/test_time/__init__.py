"""Test-time compute: what more samples bring and cost, and when a larger model is the better buy."""

from isoflop.beyond.test_time.answers import Choosing, majority, solved, verified
from isoflop.beyond.test_time.attempts import Attempts, PowerLaw, power_law
from isoflop.beyond.test_time.difficulty import Difficulty, chances, difficulty
from isoflop.beyond.test_time.lifetime import Lifetime, Sampling, lifetime, sampling
from isoflop.beyond.test_time.result import Inference
from isoflop.beyond.test_time.serving import Serving
from isoflop.beyond.test_time.tables import read_attempts
from isoflop.beyond.test_time.test_time import Asked, test_time

inference = test_time
"""The name it had before."""

__all__ = [
    "Asked", "Attempts", "Choosing", "Difficulty", "Inference", "Lifetime", "PowerLaw", "Sampling", "Serving",
    "chances", "difficulty", "inference", "lifetime", "majority", "power_law", "read_attempts", "sampling", "solved",
    "test_time", "verified",
]  # fmt: skip
