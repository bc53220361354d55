"""Figures for the README, a paper or the terminal's demo (needs matplotlib)."""

from isoflop.plot.backtest import backtest_figure
from isoflop.plot.emergence import emergence_figure
from isoflop.plot.landmarks import landmarks_figure
from isoflop.plot.law import law_figure
from isoflop.plot.look import figure_format, save_figure
from isoflop.plot.overview import overview
from isoflop.plot.sensitivity import sensitivity_figure
from isoflop.plot.transfer import transfer_figure

__all__ = [
    "backtest_figure",
    "emergence_figure",
    "figure_format",
    "landmarks_figure",
    "law_figure",
    "overview",
    "save_figure",
    "sensitivity_figure",
    "transfer_figure",
]
