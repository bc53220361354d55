"""A run beside the curve that smaller runs foretell for it, while it trains.

result    what one look found
planned   which run it is
changes   has it left its curve, and since when
judged    its state
own       the run's own laws
options   the ways to go on from here: loss, tokens, days, dollars
advice    go on, stop, or look first
findings  what is to be said of it
watch     log and ladder → a look
following look again as the log grows
"""

from isoflop.experiments.watch.options import Machines
from isoflop.experiments.watch.planned import Told
from isoflop.experiments.watch.result import Watched
from isoflop.experiments.watch.watch import watch

__all__ = ["Machines", "Told", "Watched", "watch"]
