"""Launchers: every way to get from a study to its results."""

from isoflop.experiments.launchers.local import launch
from isoflop.experiments.launchers.script import script

__all__ = ["launch", "script"]
