"""How an Inference looks in a terminal: what samples bring, what budgets buy, and where the best buy flips."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from isoflop.tables import bold, dim, findings_list, group, heading, interval, table
from isoflop.units import show, show_flops

if TYPE_CHECKING:
    from rich.console import RenderableType

    from isoflop.estimate import Estimate
    from isoflop.inference.joint import Lifetime
    from isoflop.inference.result import Budget, Flip, Inference, Sampled

_NAMES = {"coverage": "coverage", "majority": "majority", "verifier": "verified"}
_CALLED = {"coverage": "any correct sample counts", "majority": "the commonest answer counts",
           "verifier": "what the verifier accepts counts"}  # fmt: skip


def shown(found: Inference) -> RenderableType:
    """Give an answer on test-time compute as it looks in a terminal."""
    count = f"{len(found.models)} model{'s' * (len(found.models) != 1)}"
    parts: list[RenderableType] = [heading(found.source, f"{count}; {_CALLED[found.choosing.how]}")]
    if found.lifetime:
        parts += ["", *_lifetime(found.lifetime, found.level)]
    if found.budgets:
        parts += [*_budgets(found), *_flips(found)]
    elif not found.lifetime:
        for one in found.models:
            parts += ["", *_model(found, one)]
    return group(*parts, "", findings_list(found.findings))


def percent(value: float) -> str:
    """Print a share for people: 42.3 %."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"


def _interval(one: Estimate) -> str:
    return "–" if math.isnan(one.low) else f"{100 * one.low:.1f} – {100 * one.high:.1f}%"


def _both(one: Estimate) -> str:
    """Give a share with its interval: 86.1% [78.0, 96.4]."""
    return f"{percent(one.value)} [{100 * one.low:.1f}, {100 * one.high:.1f}]"


def money(value: float, unit: str) -> str:
    """Print what a query costs: 1e15, or $0.0021."""
    return show_flops(value) if unit == "FLOPs" else f"${value:.3g}"


def _model(found: Inference, one: Sampled) -> Iterator[RenderableType]:
    """Give one model's forecasts, and what is known of the difficulty behind them."""
    columns = ["samples k", "measured", *(f"{_NAMES[how]}, {found.level:.0%} interval" for how in one.limits)]
    rows = [
        [show(row.k) if row.k >= 1e4 else f"{row.k:.0f}", percent(row.measured), *map(_both, row.by.values())]
        for row in one.reach
    ]
    rows.append(["no end", "–", *map(_both, one.limits.values())])
    yield heading(one.attempts.name, _about(one))
    yield table(columns, rows, gap=2)
    if one.families:
        likely = sorted(one.families.items(), key=lambda pair: -pair[1])
        yield dim("difficulty: " + ", ".join(f"{name} {chance:.0%}" for name, chance in likely if chance >= 0.01))
    beta = one.parameters.get("Beta", {})
    if beta:
        named = ", ".join(f"{name} = {each}" for name, each in beta.items())
        yield dim(f"if one Beta: {named}; what is unsolved falls as k^-a")
    if not math.isnan(one.power_law.a):
        last = one.reach[-1]
        said = f"-log pass@k = {show(one.power_law.a)} k^-{show(one.power_law.b)}"
        yield dim(f"a power law through what was measured, {said}, says {percent(last.power_law)} at {show(last.k)}")


def _about(one: Sampled) -> str:
    attempts = one.attempts
    if not attempts.counted:
        return f"pass@1 {percent(attempts.pass1)}"
    never, always = (attempts.correct == 0).mean(), (attempts.correct == attempts.samples).mean()
    ends = f"{attempts.samples.min():.0f}", f"{attempts.samples.max():.0f}"
    drawn = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    return f"{len(attempts.problems)} problems, {drawn} samples each; {never:.0%} never solved, {always:.0%} always"


def _budgets(found: Inference) -> Iterator[RenderableType]:
    """Give what each budget buys of each model."""
    unit = found.serving.unit
    for budget in found.budgets:
        yield ""
        yield heading(f"{money(budget.budget, unit)}{' FLOPs' if unit == 'FLOPs' else ''} a query", _best(budget))
        rows = []
        for one, offer in zip(found.models, budget.offers, strict=True):
            marked = bold(offer.model) if offer.model == budget.best else offer.model
            cells = [
                show(one.attempts.used),
                show(float(offer.samples)) if offer.samples >= 1e4 else str(offer.samples),
            ]
            shares = [percent(offer.accuracy.value), _interval(offer.accuracy), f"{offer.best:.0%}"]
            rows.append([marked, *cells, percent(one.attempts.pass1), *shares])
        columns = [
            "model",
            "N",
            "samples k",
            "pass@1",
            _NAMES[found.choosing.how],
            f"{found.level:.0%} interval",
            "best",
        ]
        yield table(columns, rows)


def _best(budget: Budget) -> str:
    if not budget.best:
        return "buys no sample of any of them"
    best = next(one for one in budget.offers if one.model == budget.best)
    times = f"{best.samples} sample{'s' * (best.samples != 1)}"
    return f"{times} of {best.model}"


def _flips(found: Inference) -> Iterator[RenderableType]:
    unit = found.serving.unit
    yield ""
    if not found.flips:
        yield dim("the same model is the best buy at every budget looked at")
        return
    rows = [
        [f"{one.before} → {one.after}", money(one.budget.value, unit), _range(one, unit), percent(one.accuracy.value)]
        for one in found.flips
    ]
    yield table(["the best buy flips", f"from {unit} a query", f"{found.level:.0%} interval", "reaching"], rows)


def _lifetime(one: Lifetime, level: float) -> Iterator[RenderableType]:
    """Give the best run for all that a model's life may cost."""
    yield heading(f"{show_flops(one.flops)} FLOPs for training and {show(one.queries)} queries", f"by {one.curve}")
    counts = {"parameters N": one.N, "training tokens D": one.D, "samples a query": one.samples}
    rows = [[name, show(each.value), interval(each)] for name, each in counts.items()]
    shares = {"accuracy": one.accuracy, "with one sample instead": one.alone, "share of FLOPs to train": one.training}
    rows += [[name, percent(each.value), _interval(each)] for name, each in shares.items()]
    yield table(["train and sample", "best", f"{level:.0%} interval"], rows)


def _range(flip: Flip, unit: str) -> str:
    return f"{money(flip.budget.low, unit)} – {money(flip.budget.high, unit)}"
