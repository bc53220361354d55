"""Is this fit to be trusted? Every finding about runs and fit, and the checklist for whoever reads the answer."""

from isoflop.fitting.check.check import Checked, check

__all__ = ["Checked", "check"]
