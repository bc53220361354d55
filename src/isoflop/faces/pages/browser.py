"""The files that a page is made of, and what a policy must allow for them."""

from __future__ import annotations

import re
from importlib.resources import files

MODULES = ("units.js", "planner.js", "knobs.js", "inspect.js", "figures.js", "explain.js", "answer.js", "desk.js")
"""The modules of a page, each after those that it imports."""
PLOT_STYLE = "'sha256-+TfQir1nvDucAdvE6XUQBt4ayUjpAWkbw2kCdSfekHM='"
"""The one style element that Observable Plot writes into each figure, for a policy that allows no other."""


def asset(name: str) -> str:
    """Return the text of one of the files here."""
    return files("isoflop.faces.pages").joinpath(name).read_text(encoding="utf-8")


def joined() -> str:
    """Return the modules as one script, for a page that must need no other file."""
    return "\n".join(re.sub(r"(?m)^(?:import .*\n|export )", "", asset(name)) for name in MODULES)
