"""Chinchilla's approaches 1 (envelope) and 2 (a parabola per budget), as cross-checks on a fitted law.

Hoffmann et al. 2022, arXiv:2203.15556, sections 3.1 and 3.2. Neither assumes a law for the loss;
both say only how the best N and D grow with C, and both lean on runs that bracket the optimum.
"""

from isoflop.fitting.approaches.budgets import TOLERANCE, Budgets, group_by_budget
from isoflop.fitting.approaches.envelope import Envelope, approach1
from isoflop.fitting.approaches.frontier import Frontier, Optimum, PowerLaw, disagreement
from isoflop.fitting.approaches.parabolas import DRIFT, WINDOW, Minima, Minimum, approach2, isoflop_minima

__all__ = [
    "DRIFT", "TOLERANCE", "WINDOW", "Budgets", "Envelope", "Frontier", "Minima", "Minimum", "Optimum", "PowerLaw",
    "approach1", "approach2", "disagreement", "group_by_budget", "isoflop_minima",
]  # fmt: skip
