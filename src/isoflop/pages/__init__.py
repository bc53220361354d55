"""What the web app and the report are made of: a source's content, and the modules that draw it in a browser.

planner.js  the plan of a budget          figures.js  the figures, by Observable Plot (plot.js, vendored)
units.js    quantities as people write    desk.js     sliders, the answer, figures that follow
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from isoflop.cost import PRICES
from isoflop.demand import DEVICE
from isoflop.devices import DEVICES, MFU
from isoflop.landmarks import MODELS
from isoflop.pages.content import content, laws_script, told
from isoflop.pages.published import curves_script

__all__ = ["PLOT_STYLE", "asset", "content", "curves_script", "joined", "laws_script", "surroundings", "told"]

MODULES = ("units.js", "planner.js", "figures.js", "desk.js")
"""The modules of a page, each after those that it imports."""
PLOT_STYLE = "'sha256-+TfQir1nvDucAdvE6XUQBt4ayUjpAWkbw2kCdSfekHM='"
"""The one style element that Observable Plot writes into each figure, for a policy that allows no other."""


def asset(name: str) -> str:
    """Give the text of one of the files here."""
    return files("isoflop.pages").joinpath(name).read_text(encoding="utf-8")


def joined() -> str:
    """Give the modules as one script, for a page that must need no other file."""
    return "\n".join(re.sub(r"(?m)^(?:import .*\n|export )", "", asset(name)) for name in MODULES)


def surroundings() -> dict[str, Any]:
    """Give what every page knows besides its source: devices with peak and price, and published models."""
    return {
        "devices": {one.name: {"peak": one.flops_per_second(), "price": PRICES.get(one.name)}
                    for one in DEVICES.values() if "bf16" in one.peak},
        "money": {"device": DEVICE, "mfu": MFU, "price": PRICES[DEVICE], "count": 8},
        "models": [{"name": one.name, "year": one.year, "N": one.size, "D": one.D, "C": one.C}
                   for one in MODELS if one.known],
    }  # fmt: skip
