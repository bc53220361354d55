"""Figures for the README, a paper or the terminal's demo (needs matplotlib)."""

from isoflop.faces.plot.allocation import allocation_figure
from isoflop.faces.plot.backtest import backtest_figure
from isoflop.faces.plot.capabilities import capabilities_figure
from isoflop.faces.plot.contours import contours_figure
from isoflop.faces.plot.downstream import downstream_figure
from isoflop.faces.plot.emergence import emergence_figure
from isoflop.faces.plot.finish import finish_figure
from isoflop.faces.plot.fitted import frontier_figure, isoflops_figure
from isoflop.faces.plot.inference import inference_figure
from isoflop.faces.plot.landmarks import landmarks_figure
from isoflop.faces.plot.law import law_figure
from isoflop.faces.plot.look import figure_bytes, figure_format, save_figure
from isoflop.faces.plot.mix import mix_figure
from isoflop.faces.plot.overview import overview
from isoflop.faces.plot.profiles import profiles_figure
from isoflop.faces.plot.recipes import recipes_figure
from isoflop.faces.plot.residuals import residuals_figure
from isoflop.faces.plot.sensitivity import sensitivity_figure
from isoflop.faces.plot.transfer import transfer_figure
from isoflop.faces.plot.tune import tune_figure
from isoflop.faces.plot.valley import plan_figure
from isoflop.faces.plot.values import values_figure
from isoflop.faces.plot.verify import verify_figure
from isoflop.faces.plot.watch import watch_figure

__all__ = [
    "allocation_figure", "backtest_figure", "capabilities_figure", "contours_figure", "downstream_figure",
    "emergence_figure", "figure_bytes", "figure_format", "finish_figure", "frontier_figure", "inference_figure",
    "isoflops_figure", "landmarks_figure", "law_figure", "mix_figure", "overview", "plan_figure", "profiles_figure",
    "recipes_figure", "residuals_figure", "save_figure", "sensitivity_figure", "transfer_figure", "tune_figure",
    "values_figure", "verify_figure", "watch_figure",
]  # fmt: skip
