"""The loop closed: a study's largest runs forecast from its smaller ones, then the best larger run, trained."""

from isoflop.verify.result import Trial, Verification
from isoflop.verify.verb import verify

__all__ = ["Trial", "Verification", "verify"]
