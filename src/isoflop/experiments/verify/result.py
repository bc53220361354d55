"""Trial: a run beside its forecast. Verification: what a study's forecasts were worth, as it is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from isoflop.data.runs import Runs
from isoflop.display import View, bold, dim, findings_list, group, heading, interval, table
from isoflop.errors import shown
from isoflop.experiments.study.sizing import Sized
from isoflop.findings import Answer, Finding, json_of
from isoflop.forecasting.result import Forecast
from isoflop.planning.result import Plan
from isoflop.quantities import show, show_flops


@dataclass(frozen=True)
class Trial:
    """A run beside what was forecast of it.

    loss  what it reached; nan until it has been trained

    >>> (expected,) = isoflop.forecast("besiroglu2024", N=1e9, D=2e10)
    >>> isoflop.Trial("large", 1.2e20, expected, loss=2.51).loss
    2.51
    """

    run: str
    C: float
    forecast: Forecast
    loss: float = math.nan

    @property
    def error(self) -> float:
        """Return the forecast's error as a share of the loss."""
        return self.forecast.loss.value / self.loss - 1

    @property
    def held(self) -> bool | None:
        """Return whether the loss fell into the interval; None until it is known, or where there is no interval."""
        low, high = self.forecast.loss.low, self.forecast.loss.high
        return None if math.isnan(self.loss + low + high) else low <= self.loss <= high

    def as_dict(self) -> dict[str, Any]:
        """Return the trial as it stands in the JSON."""
        return json_of(self, "run C forecast loss error held")


@dataclass(frozen=True)
class Verification(Answer):
    r"""What a study's forecasts are worth: its largest runs held out, and the best larger run.

    runs      those that were fitted
    plan      the best N and D for the larger budget
    sizing    the settings that come nearest to it, or those that were trained
    trial     that larger run
    held_out  the runs of the largest budget, forecast from the smaller ones alone

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
    >>> len(isoflop.verify(folder, train=False).held_out)
    4
    """

    study: str
    runs: Runs
    source: str
    plan: Plan
    sizing: Sized
    trial: Trial
    held_out: tuple[Trial, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def held(self) -> bool | None:
        """Return whether the larger run's loss fell into its interval; None until it has been trained."""
        return self.trial.held

    def as_dict(self) -> dict[str, Any]:
        """Return the verification as it stands in the JSON."""
        return json_of(
            self, "study source held_out flops=plan.budget.value best_N=plan.N N_within_0.1_percent=plan.flat_range "
            "settings=sizing.chosen tried=sizing.tried target=trial held notes findings"
        )  # fmt: skip

    def __rich__(self) -> View:
        """Return the verification as it looks in a terminal."""
        count = f"{len(self.runs)} runs up to {show_flops(float(self.runs['C'].max()))} FLOPs"
        parts: list[View] = [heading(self.study, f"{count}, by {self.source}"), *map(dim, self.notes)]
        if self.held_out:
            parts += ["", _table(self.held_out), dim(_tally(self.held_out))]
        parts += ["", _planned(self.plan, self.sizing), "", _table((self.trial,)), bold(_verdict(self.trial))]
        return group(*parts, findings_list(self.findings))


def _table(trials: tuple[Trial, ...]) -> View:
    level = f"{trials[0].forecast.loss.level:.0%} interval"
    rows = [
        [
            one.run, show(one.forecast.inputs["N"]), show(one.forecast.inputs["D"]), f"{one.forecast.loss.value:.4f}",
            interval(one.forecast.loss, 4), "–" if math.isnan(one.loss) else f"{one.loss:.4f}",
            "–" if math.isnan(one.loss) else f"{one.error:+.2%}", _WORDS[one.held],
        ]
        for one in trials
    ]  # fmt: skip
    return table(["run", "N", "D", "forecast", level, "loss", "error", "held"], rows, gap=2)


_WORDS = {True: "yes", False: "no", None: "–"}


def _tally(trials: tuple[Trial, ...]) -> str:
    held = sum(one.held is True for one in trials)
    mean = math.fsum(abs(one.error) for one in trials) / len(trials)
    return f"{held} of {len(trials)} fell inside; mean error {mean:.2%}".replace("%", " %")


def _planned(plan: Plan, sizing: Sized) -> View:
    low, high = map(show, plan.flat_range)
    size = f"N = {show(plan.N.value)}, and {low} to {high} within 0.1 %"
    settings = ", ".join(f"{name} = {shown(str(value))}" for name, value in sizing.chosen.items())
    return group(heading(f"the best run for {show_flops(plan.budget.value)} FLOPs", size), dim(f"settings: {settings}"))


def _verdict(trial: Trial) -> str:
    if math.isnan(trial.loss):
        return "not trained yet"
    if trial.held is None:
        return "there is no interval to fall into"
    level = f"{trial.forecast.loss.level:.0%}".replace("%", " %")
    where = "fell into" if trial.held else "fell outside"
    return f"{'held' if trial.held else 'NOT held'}: the loss {where} the {level} interval"
