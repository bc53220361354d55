"""Which figure a result has: what its `plot()` draws, for whoever has the result in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoflop.errors import UsageError
from isoflop.faces.plot.allocation import allocation_figure, allocations_figure
from isoflop.faces.plot.backtest import backtest_figure
from isoflop.faces.plot.capabilities import capabilities_figure
from isoflop.faces.plot.contours import contours_figure
from isoflop.faces.plot.design import design_figure
from isoflop.faces.plot.downstream import downstream_figure
from isoflop.faces.plot.emergence import emergence_figure
from isoflop.faces.plot.finish import finish_figure
from isoflop.faces.plot.fitted import frontier_figure, isoflops_figure
from isoflop.faces.plot.forecasts import forecasts_figure
from isoflop.faces.plot.hyperparameters import hyperparameters_figure
from isoflop.faces.plot.inference import inference_figure
from isoflop.faces.plot.landmarks import landmarks_figure
from isoflop.faces.plot.law import law_figure
from isoflop.faces.plot.look import figure_bytes
from isoflop.faces.plot.mix import mix_figure
from isoflop.faces.plot.profiles import profiles_figure
from isoflop.faces.plot.quote import quote_figure
from isoflop.faces.plot.recipes import recipes_figure
from isoflop.faces.plot.residuals import residuals_figure
from isoflop.faces.plot.sensitivity import sensitivity_figure
from isoflop.faces.plot.solution import solution_figure
from isoflop.faces.plot.tiers import tiers_figure
from isoflop.faces.plot.tune import tune_figure
from isoflop.faces.plot.valley import plan_figure
from isoflop.faces.plot.values import values_figure
from isoflop.faces.plot.verify import verify_figure
from isoflop.faces.plot.watch import watch_figure
from isoflop.fitting.profile import profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    Drawn = Callable[[Any], Figure]

_OF_RUNS: Mapping[str, Drawn] = {
    "frontier": frontier_figure,
    "isoflops": isoflops_figure,
    "contours": contours_figure,
    "allocation": allocation_figure,
}
_OF_ONE_LAW: Mapping[str, Drawn] = {
    "residuals": residuals_figure,
    "profiles": lambda fit: profiles_figure([profile(fit, name) for name in fit.curve.law.parameters]),
}
KINDS: Mapping[str, Mapping[str, Drawn]] = {
    "Checked": {"residuals": lambda found: residuals_figure(found.fit)},
    "Curve": {"law": law_figure, "allocation": allocation_figure},
    "Design": {"design": design_figure},
    "Downstream": {"downstream": downstream_figure},
    "Emergence": {"emergence": emergence_figure},
    "Ensemble": _OF_RUNS,
    "Finish": {"finish": finish_figure},
    "Fit": {**_OF_RUNS, **_OF_ONE_LAW},
    "Forecasts": {"forecasts": forecasts_figure},
    "Frontier": {"allocation": allocations_figure},
    "Hyperparameters": {"hyperparameters": hyperparameters_figure},
    "Inference": {"inference": inference_figure},
    "Landmarks": {"landmarks": landmarks_figure},
    "Mix": {"mix": mix_figure},
    "Observed": {"capabilities": capabilities_figure},
    "Plan": {"valley": plan_figure},
    "Profile": {"profile": lambda found: profiles_figure([found])},
    "Quote": {"quote": quote_figure},
    "Recipes": {"recipes": recipes_figure},
    "Record": {"backtest": backtest_figure},
    "Sensitivity": {"sensitivity": sensitivity_figure},
    "Solution": {"solution": solution_figure},
    "Tiers": {"tiers": tiers_figure},
    "Tune": {"tune": tune_figure},
    "Values": {"values": values_figure},
    "Verification": {"verification": verify_figure},
    "Watched": {"watch": watch_figure},
}
"""A result's class → its figures by name, the one that is drawn unless another is named first."""


def draw(found: object, kind: str = "") -> Figure:
    """Return the figure of a result, which a notebook shows where it is the last line of a cell.

    Raises UsageError for a result that has no figure, or none of that kind, MissingExtraError without matplotlib.
    """
    name = type(found).__name__
    if name not in KINDS:
        raise UsageError(f"a {name} has no figure. These have one: {', '.join(KINDS)}.")
    kinds = KINDS[name]
    if kind and kind not in kinds:
        raise UsageError(f'a {name} has no figure "{kind}". Say one of {", ".join(kinds)}.')
    figure = kinds[kind or next(iter(kinds))](found)
    # a figure without pyplot is shown by no notebook else
    figure.__dict__["_repr_png_"] = lambda: figure_bytes(figure, "png", **{"savefig.dpi": _SHOWN})
    return figure


_SHOWN = 110
"""Dots an inch of a figure in a notebook."""
