"""Proxy runs with shares of several sources → the best mixture, and what each source is worth for each target."""

from isoflop.beyond.mix.backtest import Tested
from isoflop.beyond.mix.mix import mix
from isoflop.beyond.mix.result import Mix, Mixture

__all__ = ["Mix", "Mixture", "Tested", "mix"]
