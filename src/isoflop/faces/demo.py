"""The demo: forecasts tested on real runs, larger runs forecast and compared with the truth, a budget planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rich.console import Group
from rich.text import Text

from isoflop.data import datasets
from isoflop.data.runs import Runs
from isoflop.display import View, bold, findings_list, interval, table
from isoflop.errors import MissingExtraError
from isoflop.estimate import LEVEL, Estimate
from isoflop.faces.plot import figure_format, overview, save_figure
from isoflop.fitting.approaches import Frontier, Minima, approach2
from isoflop.fitting.check import check
from isoflop.fitting.fit import Fit, fit
from isoflop.forecasting.ensemble import Ensemble, Evidence, combine, evidence
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.record import record, with_sizes
from isoflop.planning.plan import plan_with
from isoflop.quantities import show

TOGETHER, LAWS = "together", ("chinchilla", "coupled")
"""What forecasts by default, and the laws shown beside it, each alone."""
CHECKED = "coupled"
"""The law whose fit is checked."""
BUDGET = 1e13
"""The training FLOPs to plan."""


class Contender(NamedTuple):
    """What forecasts: several laws together or one alone, what stands behind it, and what it said of the targets."""

    source: Ensemble | Fit
    behind: Evidence
    said: Sequence[Estimate]


@dataclass(frozen=True)
class Ladder:
    """The bundled runs and what was made of them: the contenders by name, and the isoFLOP minima."""

    runs: Runs
    sweep: Runs
    targets: Runs
    together: Ensemble
    contenders: Mapping[str, Contender]
    frontier: Frontier[Minima]

    def errors(self, name: str) -> list[float]:
        """Return by what share each forecast of a contender lies above what the run reached."""
        reached = zip(self.contenders[name].said, self.targets["loss"].tolist(), strict=True)
        return [said.value / loss - 1 for said, loss in reached]

    def settings(self) -> list[list[int]]:
        """Return the targets of each size and number of tokens: one for each order of the data."""
        found: dict[tuple[float, float], list[int]] = {}
        for run, pair in enumerate(zip(self.targets["N"].tolist(), self.targets["D"].tolist(), strict=True)):
            found.setdefault(pair, []).append(run)
        return list(found.values())

    def best_targets(self) -> Runs:
        """Return the targets of the size that did best at each budget, in all orders of the data."""
        loss, budget = self.targets["loss"], np.round(np.log(self.targets["C"]), 1)
        worst_first = sorted(self.settings(), key=lambda members: -float(loss[members].mean()))
        best = {float(budget[members[0]]): members for members in worst_first}  # of each budget the last one stays
        return self.targets.take(np.isin(np.arange(len(self.targets)), [run for runs in best.values() for run in runs]))

    def inside(self, name: str) -> int:
        """Return how many targets ended inside the contender's interval."""
        reached = zip(self.contenders[name].said, self.targets["loss"].tolist(), strict=True)
        return sum(said.low <= loss <= said.high for said, loss in reached)


def demo(output: str) -> Iterator[View]:
    """Return the parts of the demo in order, ready to print; the figure is written to `output`.

    Without matplotlib the last part but one says what to install, and all else stands.
    """
    figure_format(output)
    ladder = _ladder()
    yield _opening(ladder)
    blind = with_sizes(record(ladder.together), ladder.together)
    yield _part("1  How good have forecasts from these runs been?", blind)
    yield _comparison(ladder)
    yield _doubts(ladder)
    yield _budget(ladder)
    yield _figure(ladder, output)
    yield _next_steps()


def _ladder() -> Ladder:
    runs = datasets.load("tinylm")
    sweep, targets = (runs.where(f'role == "{role}"') for role in ("sweep", "target"))
    together = combine(sweep)
    sources: dict[str, Ensemble | Fit] = {TOGETHER: together} | {law: fit(law, sweep) for law in LAWS}
    contenders = {name: _contender(source, together, targets) for name, source in sources.items()}
    return Ladder(runs, sweep, targets, together, contenders, approach2(sweep))


def _contender(source: Ensemble | Fit, together: Ensemble, targets: Runs) -> Contender:
    behind = evidence(source, together)
    said = forecast_with(source, behind, level=LEVEL, at={key: targets[key] for key in ("N", "D")})
    return Contender(source, behind, [one.loss for one in said])


def _opening(ladder: Ladder) -> View:
    sweep, targets = (float(part["C"].max()) for part in (ladder.sweep, ladder.targets))
    return Group(
        Text("What do small training runs say about a larger one, before you pay for it?", style="bold"),
        Text(
            f"{len(ladder.sweep)} real runs of tiny language models (≤ {_flops(sweep)} FLOPs) are fitted; "
            f"{len(ladder.targets)} larger ones (≤ {_flops(targets)}) are held back to test the forecasts. "
            "Three data orders each; nats/byte.\n"
        ),
    )


def _comparison(ladder: Ladder) -> View:
    """Show what the larger runs reached, on average over the orders of the data, beside what was forecast for them."""
    others = [name for name in ladder.contenders if name != TOGETHER]
    rows: list[tuple[str | Text, ...]] = []
    for members in ladder.settings():
        reached = [float(ladder.targets["loss"][run]) for run in members]
        said = ladder.contenders[TOGETHER].said[members[0]]
        size, tokens = (show(float(ladder.targets[key][members[0]])) for key in "ND")
        off = {name: np.mean([ladder.errors(name)[run] for run in members]) for name in ladder.contenders}
        rows.append((
            f"{size} on {tokens}", bold(f"{np.mean(reached):.3f}"), interval(said, 4),
            bold(_percent(float(off[TOGETHER]), signed=True)),
            *[_percent(float(off[name]), signed=True) for name in others],
        ))  # fmt: skip
    body = table(["parameters on tokens", "reached", TOGETHER, "off by", *others], rows)
    total = len(ladder.targets)
    counted = ", ".join(f"{ladder.inside(name)} of {total} for {name}" for name in ladder.contenders)
    return _part("2  Forecast the runs that were held back, then look", body, Text(f"inside: {counted}", style="dim"))


def _doubts(ladder: Ladder) -> View:
    """Say what a check finds, which laws miss to one side, and what no forecast can know."""
    found = ladder.contenders[CHECKED].source
    noted = check(found).findings
    lean = [_lean(name, ladder.errors(name)) for name in ladder.contenders]
    told = (
        f"{_sentence(lean)}No forecast can be surer than the runs: another seed or data order moved a loss by up to "
        f"{_percent(_repeats(ladder.runs))}."
    )
    return _part(f"3  What to doubt: isoflop check, on the {CHECKED} law", findings_list(noted), Text(told))


def _lean(law: str, errors: Sequence[float]) -> str:
    if min(errors) > 0 or max(errors) < 0:
        return f"{law} is too {'high' if errors[0] > 0 else 'low'} for all {len(errors)}"
    return ""


def _sentence(clauses: Sequence[str]) -> str:
    told = ", ".join(clause for clause in clauses if clause)
    return f"{told[0].upper()}{told[1:]}. " if told else ""


def _budget(ladder: Ladder) -> View:
    rows = []
    for name, one in ladder.contenders.items():
        found = plan_with(one.source, one.behind, flops=BUDGET, level=LEVEL)
        flat = f"{show(found.flat_range[0])} – {show(found.flat_range[1])}"
        loss = f"{found.loss.value:.3f}", interval(found.loss)
        rows.append((name, show(found.N.value), interval(found.N), flat, show(found.D.value), *loss))
    best = ladder.frontier.at(BUDGET)
    rows.append(("parabolas", show(best.N.value), interval(best.N), "", show(best.D.value), "", ""))
    level = f"{LEVEL:.0%}"
    body = table(["by", "N", level, "N within 0.1 %", "D", "loss", level], rows)
    return _part(f"4  Turn a budget into a run: {_flops(BUDGET)} FLOPs", body)


def _figure(ladder: Ladder, output: str) -> View:
    sources = {name: one.source for name, one in ladder.contenders.items()}
    try:
        drawn = overview(sources, ladder.sweep, ladder.best_targets(), loss="loss (nats per byte)")
        return Text.assemble(("Figure: ", "bold"), f"{save_figure(drawn, output)}")
    except MissingExtraError as error:
        return Text(f"No figure: {error}", style="yellow")


def _next_steps() -> View:
    commands = (
        ("isoflop forecast runs.csv N=8e9 D=15T", "columns N, D, loss"),
        ("isoflop plan runs.csv --flops 1e24", "the best run for a budget"),
        ("isoflop check runs.csv", "what to doubt, and which runs"),
        ("isoflop web runs.csv", "the same as a page with sliders"),
    )
    lines = [Text.assemble(f"  {command:<39}", (why, "dim")) for command, why in commands]
    return Group(Text("Now with your own runs:", style="bold"), *lines)


def _part(title: str, *body: View) -> Group:
    return Group(Text(title, style="bold"), *body, Text())


def _repeats(runs: Runs) -> float:
    """Return by what share the worst of equal runs ended above the best, over all that were repeated."""
    same: dict[tuple[float, float], list[float]] = {}
    for size, tokens, loss in zip(runs["N"].tolist(), runs["D"].tolist(), runs["loss"].tolist(), strict=True):
        same.setdefault((size, tokens), []).append(loss)
    return max(max(losses) / min(losses) for losses in same.values()) - 1


def _percent(share: float, *, signed: bool = False) -> str:
    size = round(100 * share, 1) + 0.0  # no −0.0
    return (f"{size:+.1f} %" if signed else f"{size:.1f} %").replace("-", "−")


def _flops(value: float) -> str:
    """Write compute as on the command line: 3e10, 1e12."""
    return f"{value:.2g}".replace("e+", "e")
