"""Which runs to train next: grids, ladders, replicates, brackets, and the runs that tell most for their compute.

>>> len(isoflop.design.grid([1e18, 1e19, 1e20], sizes=5).runs) >= 15
True
"""

from isoflop.experiments.design.belief import Prior
from isoflop.experiments.design.grid import grid, ladder
from isoflop.experiments.design.informative import informative
from isoflop.experiments.design.repeats import brackets, replicates
from isoflop.experiments.design.result import Design, Planned

__all__ = ["Design", "Planned", "Prior", "brackets", "grid", "informative", "ladder", "replicates"]
