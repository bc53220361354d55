"""isoflop: fit scaling laws to your training runs, forecast the next one, plan the budget.

Every name here is loaded when it is first used, so that `isoflop --help` need not wait for NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isoflop import laws
    from isoflop.beyond.downstream import Downstream, Observed, TaskForecast, observe
    from isoflop.beyond.downstream.downstream import downstream
    from isoflop.beyond.emergence import Emergence
    from isoflop.beyond.emergence.emergence import emergence
    from isoflop.beyond.finish import Finish
    from isoflop.beyond.finish.finish import finish
    from isoflop.beyond.mix import Mix
    from isoflop.beyond.mix.mix import mix
    from isoflop.beyond.recipes import Recipes
    from isoflop.beyond.recipes.recipes import recipes
    from isoflop.beyond.test_time import Attempts, Choosing, Inference, Serving, inference, read_attempts
    from isoflop.beyond.test_time.test_time import test_time
    from isoflop.beyond.tune import Tune, best_of
    from isoflop.beyond.tune.tune import tune
    from isoflop.compute.cost import Cost, Memory, cost, flops_for, training_memory
    from isoflop.compute.dense import dense_equivalent
    from isoflop.compute.devices import Device, find_device
    from isoflop.compute.quote import Quote, quote
    from isoflop.compute.shape import Shape, shape_for
    from isoflop.data import datasets
    from isoflop.data.each_loss import each_loss
    from isoflop.data.read import find_runs, read
    from isoflop.data.readers.found import Found
    from isoflop.data.runs import Runs
    from isoflop.errors import DataError, IsoflopError, MissingExtraError, UntrustedError, UsageError
    from isoflop.estimate import Estimate
    from isoflop.experiments import design
    from isoflop.experiments.design import Design
    from isoflop.experiments.launchers import launch
    from isoflop.experiments.study import Study, StudyRun, open_study
    from isoflop.experiments.verify import Trial, Verification
    from isoflop.experiments.verify.verify import verify
    from isoflop.experiments.watch import Machines, Told, Watched
    from isoflop.experiments.watch.watch import watch
    from isoflop.faces.report import report
    from isoflop.findings import Finding
    from isoflop.fitting.approaches import approach1, approach2
    from isoflop.fitting.check import Checked
    from isoflop.fitting.check.check import check
    from isoflop.fitting.every_loss import LossFits, fit_all
    from isoflop.fitting.fit import Fit, fit
    from isoflop.fitting.profile import Profile, profile
    from isoflop.fitting.saved import load, save
    from isoflop.fitting.summary import in_words
    from isoflop.forecasting.curves.loss_curve import LossCurve, read_curve
    from isoflop.forecasting.curves.schedule_law import ScheduleFit, fit_schedule
    from isoflop.forecasting.curves.schedules import Schedule
    from isoflop.forecasting.ensemble import Ensemble, combine
    from isoflop.forecasting.every_loss import LossForecasts, forecast_all
    from isoflop.forecasting.forecast import forecast
    from isoflop.forecasting.record import Record, backtest
    from isoflop.forecasting.result import Forecast, Forecasts
    from isoflop.forecasting.solve import solve
    from isoflop.formula.law import Curve, Law, law, parse_law
    from isoflop.formula.several import Several, several
    from isoflop.laws.inference import tokens_for_smaller
    from isoflop.laws.mccandlish import noise_scale
    from isoflop.laws.pass_at_k import pass_at_k, solved_by_beta
    from isoflop.laws.precision import best_bits, effective_params, precision_cost
    from isoflop.laws.vocabulary import best_vocabulary
    from isoflop.planning.demand import Demand
    from isoflop.planning.export import save_plan
    from isoflop.planning.frontier import Frontier, frontier
    from isoflop.planning.hyperparameters import Hyperparameters, hyperparameters
    from isoflop.planning.landmarks import Landmark, Landmarks, compare_models, landmarks
    from isoflop.planning.plan import plan
    from isoflop.planning.result import Plan, Sheet
    from isoflop.planning.sensitivity import Sensitivity
    from isoflop.planning.sensitivity.sensitivity import sensitivity

__version__ = "0.2.0"

_HOMES = {
    "beyond.downstream": "Downstream Observed TaskForecast downstream observe",
    "beyond.emergence": "Emergence emergence",
    "beyond.finish": "Finish finish",
    "beyond.mix": "Mix mix",
    "beyond.recipes": "Recipes recipes",
    "beyond.test_time": "Attempts Choosing Inference Serving inference read_attempts test_time",
    "beyond.tune": "Tune best_of tune",
    "compute.cost": "Cost Memory cost flops_for training_memory",
    "compute.dense": "dense_equivalent",
    "compute.devices": "Device find_device",
    "compute.quote": "Quote quote",
    "compute.shape": "Shape shape_for",
    "data.each_loss": "each_loss",
    "data.read": "find_runs read",
    "data.readers.found": "Found",
    "data.runs": "Runs",
    "errors": "DataError IsoflopError MissingExtraError UntrustedError UsageError",
    "estimate": "Estimate",
    "experiments.design": "Design",
    "experiments.launchers": "launch",
    "experiments.study": "Study StudyRun open_study",
    "experiments.verify": "Trial Verification verify",
    "experiments.watch": "Machines Told Watched",
    "experiments.watch.watch": "watch",
    "faces.report": "report",
    "findings": "Finding",
    "fitting.approaches": "approach1 approach2",
    "fitting.check": "Checked check",
    "fitting.every_loss": "LossFits fit_all",
    "fitting.fit": "Fit fit",
    "fitting.profile": "Profile profile",
    "fitting.saved": "load save",
    "fitting.summary": "in_words",
    "forecasting.curves.loss_curve": "LossCurve read_curve",
    "forecasting.curves.schedule_law": "ScheduleFit fit_schedule",
    "forecasting.curves.schedules": "Schedule",
    "forecasting.ensemble": "Ensemble combine",
    "forecasting.every_loss": "LossForecasts forecast_all",
    "forecasting.forecast": "forecast",
    "forecasting.record": "Record backtest",
    "forecasting.result": "Forecast Forecasts",
    "forecasting.solve": "solve",
    "formula.law": "Curve Law law parse_law",
    "formula.several": "Several several",
    "laws.inference": "tokens_for_smaller",
    "laws.mccandlish": "noise_scale",
    "laws.pass_at_k": "pass_at_k solved_by_beta",
    "laws.precision": "best_bits effective_params precision_cost",
    "laws.vocabulary": "best_vocabulary",
    "planning.demand": "Demand",
    "planning.export": "save_plan",
    "planning.frontier": "Frontier frontier",
    "planning.hyperparameters": "Hyperparameters hyperparameters",
    "planning.landmarks": "Landmark Landmarks compare_models landmarks",
    "planning.plan": "plan",
    "planning.result": "Plan Sheet",
    "planning.sensitivity": "Sensitivity sensitivity",
}
"""Module → the public names that it holds, each loaded when it is first used."""
_MODULES = {"datasets": "data.datasets", "design": "experiments.design", "laws": "laws"}
"""Public name → the module that it is."""
HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Attempts", "Checked", "Choosing", "Cost", "Curve", "DataError", "Demand", "Design", "Device", "Downstream",
    "Emergence", "Ensemble", "Estimate", "Finding", "Finish", "Fit", "Forecast", "Forecasts", "Found", "Frontier",
    "Hyperparameters", "Inference", "IsoflopError", "Landmark", "Landmarks", "Law", "LossCurve", "LossFits",
    "LossForecasts", "Machines", "Memory", "MissingExtraError", "Mix", "Observed", "Plan", "Profile", "Quote",
    "Recipes", "Record", "Runs", "Schedule", "ScheduleFit", "Sensitivity", "Serving", "Several", "Shape", "Sheet",
    "Study", "StudyRun", "TaskForecast", "Told", "Trial", "Tune", "UntrustedError", "UsageError", "Verification",
    "Watched", "approach1", "approach2", "backtest", "best_bits", "best_of", "best_vocabulary", "check", "combine",
    "compare_models", "cost", "datasets", "dense_equivalent", "design", "downstream", "each_loss", "effective_params",
    "emergence", "find_device", "find_runs", "finish", "fit", "fit_all", "fit_schedule", "flops_for", "forecast",
    "forecast_all", "frontier", "hyperparameters", "in_words", "inference", "landmarks", "launch", "law", "laws",
    "load", "mix", "noise_scale", "observe", "open_study", "parse_law", "pass_at_k", "plan", "precision_cost",
    "profile", "quote", "read", "read_attempts", "read_curve", "recipes", "report", "save", "save_plan", "sensitivity",
    "several", "shape_for", "solve", "solved_by_beta", "test_time", "tokens_for_smaller", "training_memory", "tune",
    "verify", "watch",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{_MODULES[name]}")
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{HOME[name]}"), name)
    if type(value).__name__ == "function":
        from isoflop.quantities import checked

        value = checked(value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
