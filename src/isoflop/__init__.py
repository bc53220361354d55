"""isoflop: fit scaling laws to your training runs, forecast the next one, plan the budget.

Every name here is loaded when it is first used, so that `isoflop --help` need not wait for NumPy.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isoflop import datasets, design, laws
    from isoflop.approaches import approach1, approach2
    from isoflop.check import Checked, check
    from isoflop.cost import Cost, Memory, cost, flops_for, training_memory
    from isoflop.curves import Finish, LossCurve, Schedule, finish, read_curve
    from isoflop.demand import Demand
    from isoflop.dense import dense_equivalent
    from isoflop.design import Design
    from isoflop.devices import Device, find_device
    from isoflop.downstream import Downstream, Observed, TaskForecast, downstream, observe
    from isoflop.emergence import Emergence, emergence
    from isoflop.ensemble import Ensemble, combine
    from isoflop.errors import DataError, IsoflopError, MissingExtraError, UntrustedError, UsageError
    from isoflop.estimate import Estimate
    from isoflop.findings import Finding
    from isoflop.fit import Fit, fit
    from isoflop.forecast import Forecast, Forecasts, forecast
    from isoflop.hyperparameters import Hyperparameters, hyperparameters
    from isoflop.inference import Attempts, Choosing, Inference, Serving, inference, read_attempts
    from isoflop.landmarks import Landmark, Landmarks, compare_models, landmarks
    from isoflop.launchers import launch
    from isoflop.law import Curve, Law, Several, law, parse_law, several
    from isoflop.laws.inference import tokens_for_smaller
    from isoflop.laws.mccandlish import noise_scale
    from isoflop.laws.pass_at_k import pass_at_k, solved_by_beta
    from isoflop.laws.precision import best_bits, effective_params, precision_cost
    from isoflop.laws.vocabulary import best_vocabulary
    from isoflop.plan import Frontier, Plan, Sheet, frontier, plan, save_plan
    from isoflop.profile import Profile, profile
    from isoflop.quote import Quote, quote
    from isoflop.read import find_runs, read
    from isoflop.readers.found import Found
    from isoflop.recipes import Recipes, recipes
    from isoflop.record import Record, backtest
    from isoflop.report import report
    from isoflop.runs import Runs
    from isoflop.saved import load, save
    from isoflop.sensitivity import Sensitivity, sensitivity
    from isoflop.shape import Shape, shape_for
    from isoflop.solve import solve
    from isoflop.study import Study, StudyRun, open_study
    from isoflop.verify import Trial, Verification, verify
    from isoflop.words import in_words

__version__ = "0.1.0"

_HOME = {
    "Attempts": "inference", "Checked": "check", "Choosing": "inference", "Cost": "cost", "Curve": "law",
    "DataError": "errors", "Demand": "demand", "Design": "design", "Device": "devices", "Downstream": "downstream",
    "Emergence": "emergence", "Ensemble": "ensemble", "Estimate": "estimate", "Finding": "findings", "Finish": "curves",
    "Fit": "fit", "Forecast": "forecast", "Forecasts": "forecast", "Found": "readers.found", "Frontier": "plan",
    "Hyperparameters": "hyperparameters", "Inference": "inference", "IsoflopError": "errors", "Landmark": "landmarks",
    "Landmarks": "landmarks", "Law": "law", "LossCurve": "curves", "Memory": "cost", "MissingExtraError": "errors",
    "Observed": "downstream", "Plan": "plan", "Profile": "profile", "Quote": "quote", "Recipes": "recipes",
    "Record": "record", "Runs": "runs", "Schedule": "curves", "Sensitivity": "sensitivity", "Serving": "inference",
    "Several": "law", "Shape": "shape", "Sheet": "plan", "Study": "study", "StudyRun": "study",
    "TaskForecast": "downstream", "Trial": "verify", "UntrustedError": "errors", "UsageError": "errors",
    "Verification": "verify", "approach1": "approaches", "approach2": "approaches", "backtest": "record",
    "best_bits": "laws.precision", "best_vocabulary": "laws.vocabulary", "check": "check", "combine": "ensemble",
    "compare_models": "landmarks", "cost": "cost", "datasets": "", "dense_equivalent": "dense", "design": "",
    "downstream": "downstream", "effective_params": "laws.precision", "emergence": "emergence",
    "find_device": "devices", "find_runs": "read", "finish": "curves", "fit": "fit", "flops_for": "cost",
    "forecast": "forecast", "frontier": "plan", "hyperparameters": "hyperparameters", "in_words": "words",
    "inference": "inference", "landmarks": "landmarks", "launch": "launchers", "law": "law", "laws": "",
    "load": "saved", "noise_scale": "laws.mccandlish", "observe": "downstream", "open_study": "study",
    "parse_law": "law", "pass_at_k": "laws.pass_at_k", "plan": "plan", "precision_cost": "laws.precision",
    "profile": "profile", "quote": "quote", "read": "read", "read_attempts": "inference", "read_curve": "curves",
    "recipes": "recipes", "report": "report", "save": "saved", "save_plan": "plan", "sensitivity": "sensitivity",
    "several": "law", "shape_for": "shape", "solve": "solve", "solved_by_beta": "laws.pass_at_k",
    "tokens_for_smaller": "laws.inference", "training_memory": "cost", "verify": "verify",
}  # fmt: skip
"""Public name → the module that holds it; "" is a module itself."""

__all__ = [
    "Attempts",
    "Checked",
    "Choosing",
    "Cost",
    "Curve",
    "DataError",
    "Demand",
    "Design",
    "Device",
    "Downstream",
    "Emergence",
    "Ensemble",
    "Estimate",
    "Finding",
    "Finish",
    "Fit",
    "Forecast",
    "Forecasts",
    "Found",
    "Frontier",
    "Hyperparameters",
    "Inference",
    "IsoflopError",
    "Landmark",
    "Landmarks",
    "Law",
    "LossCurve",
    "Memory",
    "MissingExtraError",
    "Observed",
    "Plan",
    "Profile",
    "Quote",
    "Recipes",
    "Record",
    "Runs",
    "Schedule",
    "Sensitivity",
    "Serving",
    "Several",
    "Shape",
    "Sheet",
    "Study",
    "StudyRun",
    "TaskForecast",
    "Trial",
    "UntrustedError",
    "UsageError",
    "Verification",
    "approach1",
    "approach2",
    "backtest",
    "best_bits",
    "best_vocabulary",
    "check",
    "combine",
    "compare_models",
    "cost",
    "datasets",
    "dense_equivalent",
    "design",
    "downstream",
    "effective_params",
    "emergence",
    "find_device",
    "find_runs",
    "finish",
    "fit",
    "flops_for",
    "forecast",
    "frontier",
    "hyperparameters",
    "in_words",
    "inference",
    "landmarks",
    "launch",
    "law",
    "laws",
    "load",
    "noise_scale",
    "observe",
    "open_study",
    "parse_law",
    "pass_at_k",
    "plan",
    "precision_cost",
    "profile",
    "quote",
    "read",
    "read_attempts",
    "read_curve",
    "recipes",
    "report",
    "save",
    "save_plan",
    "sensitivity",
    "several",
    "shape_for",
    "solve",
    "solved_by_beta",
    "tokens_for_smaller",
    "training_memory",
    "verify",
]


class _Package(ModuleType):
    """A package whose verbs are functions although files bear their names: `isoflop.fit` is the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and _HOME.get(name)):
            ModuleType.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _HOME[name]
        value = getattr(importlib.import_module(f"{__name__}.{home}"), name) if home else None
        value = value or importlib.import_module(f"{__name__}.{name}")
        ModuleType.__setattr__(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return [*__all__, "__version__"]


sys.modules[__name__].__class__ = _Package
