"""The verb: hold out, forecast, plan the best larger run, train it, compare.

That run is one of the study's own command, in a study of its own in the study's folder: STUDY/verify. So it is as
durable as any, and never among the runs that are fitted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from isoflop.compute.flops import rule_named
from isoflop.compute.terms import Terms
from isoflop.data.read import read
from isoflop.data.runs import Runs
from isoflop.errors import IsoflopError
from isoflop.estimate import LEVEL
from isoflop.experiments.launchers import launch
from isoflop.experiments.register import Foretold, Scored, open_ledger
from isoflop.experiments.register.ledger import FILE, add
from isoflop.experiments.study.description import name_from
from isoflop.experiments.study.planned import DESCRIPTION, Study, StudyRun, open_study, plan_study
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.results import Result, read_result
from isoflop.experiments.study.sizing import Sized, sized
from isoflop.experiments.study.toml import toml
from isoflop.experiments.verify.result import Trial, Verification
from isoflop.files import encoded, make_folder, write_whole
from isoflop.forecasting.backtest import axis_of, budget_ends
from isoflop.forecasting.ensemble import FEWEST_RUNS, combine, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.result import Forecast
from isoflop.planning.plan import plan_with
from isoflop.quantities import show_flops

TIMES = 3.0
"""The budget of the larger run, in budgets of the study's largest, unless another is asked for."""
FOLDER = "verify"
"""The folder of the larger runs in the study's own."""


def verify(
    study: Study | str | os.PathLike[str],
    *,
    flops: float | None = None,
    settings: Mapping[str, str] | None = None,
    train: bool = True,
    where: str | None = None,
    level: float = LEVEL,
    **launched: Any,
) -> Verification:
    r"""Forecast a study's largest runs from its smaller ones; plan the best larger run, train it, and compare.

    flops     of the larger run; three times the study's largest unless said
    settings  of the larger run, where the study's runs do not show which give the N and D wanted
    train     train it, or go on with it, unless a finding says that the runs cannot be trusted; without, nothing is
              written
    where     keeps the runs for which a condition holds: no other is fitted or held out
    launched  what `launch` takes: workers, look

    What is foretold of the larger run is registered in STUDY/forecasts.jsonl before it is trained, and scored after.

    The run is trained once for each budget, in STUDY/verify: a later call compares it with what is forecast by then.
    Raises IsoflopError if it fails or diverges, UsageError where settings must be told.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> law = "1.6 + 2000 / N**0.4 + 1500 / D**0.36"
    >>> script = f"import sys; N, D = map(float, sys.argv[1:]); print('{{\"loss\": %f}}' % ({law}))"
    >>> (folder / "train.py").write_text(script) > 0
    True
    >>> said = 'name = "s"\ncommand = ["{python}", "-S", "train.py", "{N}", "{D}"]\n'
    >>> grid = [(C, N) for C in (1e16, 4e16, 1.6e17) for N in (10**7, 2 * 10**7, 4 * 10**7, 8 * 10**7)]
    >>> runs = [f'[[run]]\nname = "c{C / 1e16:g}-{N}"\nN = {N}\nD = {round(C / 6 / N)}\n' for C, N in grid]
    >>> (folder / "study.toml").write_text(said + "".join(runs)) > 0
    True
    >>> isoflop.launch(isoflop.open_study(folder), workers=2).count("done")
    12
    >>> found = isoflop.verify(folder, train=False)
    >>> bool(found.plan.N.value > 0)
    True
    """
    study = study if isinstance(study, Study) else open_study(study)
    rule = rule_named(study.settings.flop_rule)
    laws = combine(read(study.folder, where=where, flop_rule=rule.name))
    behind = evidence(laws)
    budget = TIMES * float(laws.runs["C"].max()) if flops is None else flops
    planned = plan_with(laws, behind, flops=budget, level=level, terms=Terms(rule))
    best = laws.runs["N"][int(laws.runs["loss"].argmin())]  # where a BLOCK stands before the plan, it has no size
    size = planned.N.value if math.isfinite(planned.N.value) else float(best)
    sizing = sized(study, size, budget, within=planned.flat_range, told=settings)
    name = _name(budget, settings or {})
    if train and not any(one.severity == "BLOCK" for one in laws.findings):
        _freeze(study, name, forecast_with(laws, behind, level=level, at={"N": sizing.N, "D": sizing.D})[0],
                digest=laws.runs.digest)  # fmt: skip
        _train(study, name, sizing, **launched)
    sizing, loss = _trained(study, name, sizing)
    expected = forecast_with(laws, behind, level=level, at={"N": sizing.N, "D": sizing.D})
    _score(study, name, loss)
    trial = Trial(name, float(rule.flops(sizing.N, sizing.D)), expected[0], loss)
    held_out, note = _hold_out(laws.runs, level)
    return Verification(
        study.settings.name, laws.runs, laws.name, planned, sizing, trial, held_out,
        (*_unfinished(study), note), expected.findings,
    )  # fmt: skip


def _freeze(study: Study, name: str, found: Forecast, *, digest: str) -> None:
    """Register what is foretold of the larger run, once, before it is trained."""
    path = study.folder / FILE
    if name in open_ledger(path).forecasts:
        return
    loss = found.loss
    add(path, Foretold(name=name, verb="verify", at=dict(found.inputs), metric="loss", value=loss.value, low=loss.low,
                       high=loss.high, level=loss.level, decades=found.decades, digest=digest))  # fmt: skip


def _score(study: Study, name: str, loss: float) -> None:
    """Add to the study's register what came of the larger run, if it was foretold there and has ended."""
    path = study.folder / FILE
    if math.isfinite(loss) and name in (ledger := open_ledger(path)).forecasts and name not in ledger.scores:
        add(path, Scored(name=name, value=loss, source=str(FOLDER)))


def _hold_out(runs: Runs, level: float) -> tuple[tuple[Trial, ...], str]:
    """Return the runs of the largest budget beside what the smaller ones forecast of them, and a note on it."""
    compute = axis_of(runs, "C")
    end = max(budget_ends(compute), default=-math.inf)
    fitted = compute <= end + 1e-9
    count = int(fitted.sum())
    if count < FEWEST_RUNS:
        many = f"{count} run{'s' * (count != 1)}"
        return (), f"nothing is held out: there are {many} below the largest budget, and a forecast needs {FEWEST_RUNS}"
    laws, larger = combine(runs.take(fitted)), runs.take(~fitted)
    found = forecast_with(laws, evidence(laws), level=level, at={"N": larger["N"], "D": larger["D"]})
    columns = larger.names, larger["C"].tolist(), found.rows, larger["loss"].tolist()
    many = f"{len(larger)} run{'s' * (len(larger) != 1)}"
    note = f"held out: {many}, forecast from the {count} up to {show_flops(10.0**end)} FLOPs"
    return tuple(Trial(*row) for row in zip(*columns, strict=True)), note


def _unfinished(study: Study) -> tuple[str, ...]:
    left = len(study) - progress(study).count("done")
    verbs = "has no loss and is" if left == 1 else "have no loss and are"
    return (f"{left} of {len(study)} runs {verbs} not fitted",) if left else ()


def _name(budget: float, told: Mapping[str, str]) -> str:
    name = f"c{show_flops(budget)}"
    return f"{name}-{name_from(told)}" if told else name


def _larger(study: Study) -> Study | None:
    """Return the study of the larger runs; None before there is one."""
    folder = study.folder / FOLDER
    return open_study(folder) if (folder / DESCRIPTION).exists() else None


def _result(study: Study | None, name: str) -> tuple[StudyRun, Result] | None:
    """Return the run of that name and how it ended; None if there is none, or it has not ended."""
    if study is None:
        return None
    results = ((run, read_result(study.folder_of(run))) for run in study.runs if run.name == name)
    return next(((run, result) for run, result in results if result is not None), None)


def _train(study: Study, name: str, sizing: Sized, **launched: Any) -> None:
    """Train the larger run, or go on with it, unless one of its name has ended."""
    larger = _larger(study)
    if _result(larger, name) is None:
        others = {run.name: run.config for run in larger.runs if run.name != name} if larger else {}
        settings = replace(study.settings, name=FOLDER, directory=str(Path("..", study.settings.directory)))
        make_folder(study.folder / FOLDER)
        described = toml(settings, {**others, name: sizing.config})
        write_whole(study.folder / FOLDER / DESCRIPTION, encoded(described))
        larger = plan_study(study.folder / FOLDER)
        launch(larger, **launched)
    ended = _result(larger, name)
    if ended is None or ended[1].loss is None:
        why = f"{ended[1].ending.lower()}: {ended[1].reason}" if ended else "has not ended"
        raise IsoflopError(
            f"{name} {why}, so there is nothing to compare. Mend the cause and say isoflop study repair --retry "
            f"{study.folder / FOLDER}, or choose other settings with --set."
        )


def _trained(study: Study, name: str, sizing: Sized) -> tuple[Sized, float]:
    """Return the larger run as it was trained, and its loss; as it is planned, and nan, where it was not."""
    ended = _result(_larger(study), name)
    if ended is None:
        return sizing, math.nan
    run, result = ended
    loss = math.nan if result.loss is None else result.loss
    chosen = {key: run.config.get(key, value) for key, value in sizing.chosen.items()}
    N, D = result.N or sizing.N, result.D or sizing.D
    return replace(sizing, config=dict(run.config), N=N, D=D, chosen=chosen), loss
