"""The demo: real runs fitted, larger runs forecast and compared with what they reached, a budget planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group
from rich.text import Text

from isoflop import datasets
from isoflop.approaches import Frontier, Minima, Minimum, approach2
from isoflop.errors import MissingExtraError
from isoflop.fit import Fit, fit
from isoflop.forecast import forecast
from isoflop.plan import plan
from isoflop.plot import figure_format, overview, save_figure
from isoflop.tables import interval, table
from isoflop.units import show

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from isoflop.estimate import Estimate
    from isoflop.runs import Runs

LAWS = {"chinchilla": "chinchilla", "coupled": "E + A*(N^-a + R*D^-b)^k", "log-quadratic": "log-quadratic"}
"""Name on the screen → what is fitted: two laws of the catalogue and a formula typed here."""
SHOWN = ("chinchilla", "coupled")
"""The laws whose forecasts are shown run by run, and drawn."""
FLOORS = (0.8, 0.9, 1.0, 1.1)
"""Where E is pinned, to see how much the runs mind and how much the forecast moves."""
BUDGET = 1e13
"""The training FLOPs to plan."""


@dataclass(frozen=True)
class Ladder:
    """The bundled runs and what was made of them: for each law its fit and forecasts, and the isoFLOP minima."""

    runs: Runs
    sweep: Runs
    targets: Runs
    fits: Mapping[str, Fit]
    forecasts: Mapping[str, Sequence[Estimate]]
    frontier: Frontier[Minima]

    def errors(self, law: str) -> list[float]:
        """Give by what share each forecast of a law lies above what the run reached."""
        return _above(self.forecasts[law], self.targets)

    def inside(self, law: str) -> int:
        """Give how many targets ended inside the law's interval."""
        reached = zip(self.forecasts[law], self.targets["loss"].tolist(), strict=True)
        return sum(said.low <= loss <= said.high for said, loss in reached)


def demo(output: str) -> Iterator[RenderableType]:
    """Give the parts of the demo in order, ready to print; the figure is written to `output`.

    Without matplotlib the last part but one says what to install, and all else stands.
    """
    figure_format(output)
    ladder = _ladder()
    yield _opening(ladder)
    yield _fits(ladder)
    yield _minima(ladder)
    yield _comparison(ladder)
    yield _doubts(ladder)
    yield _budget(ladder)
    yield _figure(ladder, output)
    yield _next_steps()


def _ladder() -> Ladder:
    runs = datasets.load("tinylm")
    sweep, targets = (runs.where(f'role == "{role}"') for role in ("sweep", "target"))
    fits = {name: fit(law, sweep) for name, law in LAWS.items()}
    forecasts = {name: _forecasts(found, targets) for name, found in fits.items()}
    return Ladder(runs, sweep, targets, fits, forecasts, approach2(sweep))


def _forecasts(found: Fit, targets: Runs) -> list[Estimate]:
    return [one.loss for one in forecast(found, N=targets["N"], D=targets["D"])]


def _opening(ladder: Ladder) -> RenderableType:
    sweep, targets = (float(part["C"].max()) for part in (ladder.sweep, ladder.targets))
    return Group(
        Text("What do small training runs say about a larger one, before you pay for it?", style="bold"),
        Text(
            f"{len(ladder.sweep)} real runs of tiny language models (≤ {_flops(sweep)} FLOPs) are fitted; "
            f"{len(ladder.targets)} larger ones (≤ {_flops(targets)}) are held back to test the forecasts. "
            "Loss is in nats per byte.\n"
        ),
    )


def _fits(ladder: Ladder) -> RenderableType:
    rows = []
    for name, found in ladder.fits.items():
        floor = found.parameters.get("E")
        told = (show(floor.value), interval(floor)) if floor else ("none", "")
        rows.append((name, *told, str(len(found.law.parameters)), _percent(_miss(found, ladder.sweep))))
    body = table(["law", "floor E", "90 % interval", "parameters", "average miss"], rows)
    typed = f"coupled is typed: {ladder.fits['coupled'].law.formula}"
    return _part(f"1  Fit laws to the {len(ladder.sweep)} runs", typed, body)


def _minima(ladder: Ladder) -> RenderableType:
    rows = [_minimum(one) for one in ladder.frontier.evidence.budgets]
    body = table(["FLOPs", "best N", "90 % interval", "tokens per N", "loss"], rows)
    grows = ladder.frontier.N.exponent
    told = f"grows as C^{show(grows.value, 2)} ({interval(grows, 2)})"
    return _part("2  Best size at equal compute, by parabolas", told, body)


def _minimum(one: Minimum) -> tuple[str, ...]:
    if not one.usable:
        return (_flops(one.C), "–", f"none inside {show(one.smallest, 2)} – {show(one.largest, 2)}", "", "")
    ratio = one.D.value / one.N.value
    return (_flops(one.C), show(one.N.value), interval(one.N), show(ratio, 2), f"{one.loss.value:.3f}")


def _comparison(ladder: Ladder) -> RenderableType:
    rows = []
    for run, reached in enumerate(ladder.targets["loss"].tolist()):
        size, tokens = (show(float(ladder.targets[key][run])) for key in ("N", "D"))
        said = [
            cell
            for law in SHOWN
            for cell in (interval(ladder.forecasts[law][run], 4), _percent(ladder.errors(law)[run], signed=True))
        ]
        rows.append((f"{size} on {tokens}", f"{reached:.3f}", *said))
    body = table(["N on D", "reached", *[head for law in SHOWN for head in (f"{law} 90 %", "off by")]], rows)
    counted = ", ".join(f"{ladder.inside(law)} of {len(rows)} for {law}" for law in SHOWN)
    told = f"inside the interval: {counted}"
    return _part("3  Forecast the runs that were held back, then look", "", body, Text(told, style="dim"))


def _doubts(ladder: Ladder) -> RenderableType:
    warned = [one.code for one in ladder.fits["coupled"].findings if one.severity != "INFO"]
    told = f"isoflop warns of it: finding {', '.join(warned)}" if warned else ""
    return _part("4  Where this is off, and why", told, _laws_part(ladder), *_floor(ladder))


def _laws_part(ladder: Ladder) -> Text:
    """Say which laws miss to one side, how far apart they are at the largest target, and what none can know."""
    last, lean = int(np.argmax(ladder.targets["C"])), [_lean(law, ladder.errors(law)) for law in ladder.fits]
    said = sorted((found[last].value, law) for law, found in ladder.forecasts.items())
    forecasts = ", ".join(f"{law} {value:.3f}" for value, law in said)
    return Text(
        f"{_sentence(lean)}An interval holds only if its law does: for the largest run, "
        f"{ladder.targets['loss'][last]:.3f}, the laws said {forecasts}. "
        f"Retraining a run with another seed or data order moved its loss by up to {_percent(_repeats(ladder.runs))}."
    )


def _lean(law: str, errors: Sequence[float]) -> str:
    if min(errors) > 0 or max(errors) < 0:
        return f"{law} is too {'high' if errors[0] > 0 else 'low'} for all {len(errors)}"
    return ""


def _sentence(clauses: Sequence[str]) -> str:
    told = ", ".join(clause for clause in clauses if clause)
    return f"{told[0].upper()}{told[1:]}. " if told else ""


def _floor(ladder: Ladder) -> tuple[Text, Table]:
    """Pin E, refit, and set what the runs say against what the forecast does."""
    law, last = LAWS["coupled"], int(np.argmax(ladder.targets["C"]))
    pinned = [fit(law, ladder.sweep, fix={"E": floor}, draws=0) for floor in FLOORS]
    misses = [_miss(found, ladder.sweep) for found in pinned]
    errors = [_above(_forecasts(found, ladder.targets), ladder.targets)[last] for found in pinned]
    rows = [
        (f"average miss on the {len(ladder.sweep)} runs", *map(_percent, misses)),
        ("forecast of the largest run off by", *[_percent(error, signed=True) for error in errors]),
    ]
    moved, drifted = (max(values) - min(values) for values in (misses, errors))
    told = (
        f"The floor E is {'not ' if drifted > 2 * moved else ''}identified: pinned anywhere from {FLOORS[0]} to "
        f"{FLOORS[-1]}, it moves the fit by {_percent(moved)} and the forecast by {_percent(drifted)}:"
    )
    return Text(told), table(["coupled law with E pinned at", *map(str, FLOORS)], rows)


def _budget(ladder: Ladder) -> RenderableType:
    rows = []
    for law in SHOWN:
        one = plan(ladder.fits[law], flops=BUDGET)
        flat = f"{show(one.flat_range[0])} – {show(one.flat_range[1])}"
        loss = f"{one.loss.value:.3f}", interval(one.loss)
        rows.append((law, show(one.N.value), interval(one.N), flat, show(one.D.value), *loss))
    best = ladder.frontier.at(BUDGET)
    rows.append(("parabolas", show(best.N.value), interval(best.N), "", show(best.D.value), "", ""))
    body = table(["by", "N", "90 %", "N within 0.1 %", "D", "loss", "90 %"], rows)
    return _part(f"5  Turn a budget into a run: {_flops(BUDGET)} FLOPs", "any N within 0.1 % will do as well", body)


def _figure(ladder: Ladder, output: str) -> RenderableType:
    laws = {law: ladder.fits[law] for law in reversed(SHOWN)}
    try:
        drawn = overview(laws, ladder.sweep, ladder.targets, loss="loss (nats per byte)")
        return Text.assemble(("Figure: ", "bold"), f"{save_figure(drawn, output)}")
    except MissingExtraError as error:
        return Text(f"No figure: {error}", style="yellow")


def _next_steps() -> RenderableType:
    commands = (
        ("isoflop fit runs.csv --law chinchilla -o fit.json", "columns N, D, loss"),
        ("isoflop forecast fit.json N=8e9 D=15T", "a run not yet trained"),
        ("isoflop plan fit.json --flops 1e24", "the best run for it"),
    )
    lines = [Text.assemble(f"  {command:<51}  ", (why, "dim")) for command, why in commands]
    return Group(Text("Now with your own runs:", style="bold"), *lines)


def _part(title: str, told: str, *body: RenderableType) -> Group:
    return Group(Text.assemble((title, "bold"), (f"   {told}" if told else "", "dim")), *body, Text())


def _miss(found: Fit, runs: Runs) -> float:
    """Give the mean distance of runs from a curve, as a share of their loss."""
    predicted = found.curve(**{key: runs[key] for key in found.curve.law.inputs})
    return float(np.abs(np.log(runs["loss"] / predicted)).mean())


def _above(said: Sequence[Estimate], targets: Runs) -> list[float]:
    return [one.value / loss - 1 for one, loss in zip(said, targets["loss"].tolist(), strict=True)]


def _repeats(runs: Runs) -> float:
    """Give by what share the worst of equal runs ended above the best, over all that were repeated."""
    same: dict[tuple[float, float], list[float]] = {}
    for size, tokens, loss in zip(runs["N"].tolist(), runs["D"].tolist(), runs["loss"].tolist(), strict=True):
        same.setdefault((size, tokens), []).append(loss)
    return max(max(losses) / min(losses) for losses in same.values()) - 1


def _percent(share: float, *, signed: bool = False) -> str:
    return (f"{100 * share:+.1f} %" if signed else f"{100 * share:.1f} %").replace("-", "−")


def _flops(value: float) -> str:
    """Write compute as on the command line: 3e10, 1e12."""
    return f"{value:.2g}".replace("e+", "e")
