"""The loop closed: a study's largest runs forecast from its smaller ones, then the best larger run, trained."""

from isoflop.experiments.verify.result import Trial, Verification
from isoflop.experiments.verify.verify import verify

__all__ = ["Trial", "Verification", "verify"]
