"""Where published models lie against the compute-optimal frontier of a law, and what made one better than another."""

from isoflop.planning.landmarks.by_compute import ComputeComparison
from isoflop.planning.landmarks.compare import Comparison, compare_models
from isoflop.planning.landmarks.models import MODELS, Model, find_model
from isoflop.planning.landmarks.place import Landmark, Landmarks, best_runs, landmarks

__all__ = [
    "MODELS", "Comparison", "ComputeComparison", "Landmark", "Landmarks", "Model", "best_runs", "compare_models",
    "find_model", "landmarks",
]  # fmt: skip
