"""Single runs, and budgets of a sweep, that do not belong or that decide the answer: codes F05, F06 and F16."""

from isoflop.fitting.bad_runs.bad_runs import CODES, bad_runs

__all__ = ["CODES", "bad_runs"]
