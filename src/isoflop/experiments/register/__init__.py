"""A register of forecasts: frozen before their runs, scored when these have ended.

entry     one line: what was foretold, or what came of it
ledger    the file of lines, chained by their hashes
score     what came, beside what was foretold
history   how good the forecasts of a register have been
"""

from isoflop.experiments.register.entry import Foretold, Scored
from isoflop.experiments.register.history import History, history
from isoflop.experiments.register.ledger import Ledger, open_ledger
from isoflop.experiments.register.score import score

__all__ = ["Foretold", "History", "Ledger", "Scored", "history", "open_ledger", "score"]
