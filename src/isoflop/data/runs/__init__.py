"""Runs: the one table every step reads, and how it is made from raw columns."""

from isoflop.data.runs.checks import Excluded
from isoflop.data.runs.runs import ColumnMapping, Runs, build, raw_frame, table

__all__ = ["ColumnMapping", "Excluded", "Runs", "build", "raw_frame", "table"]
