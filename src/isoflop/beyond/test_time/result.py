"""Inference: what more samples of each model bring, what a budget buys of each, and where the best buy flips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isoflop.beyond.test_time.answers import Choosing
from isoflop.beyond.test_time.attempts import Attempts, PowerLaw
from isoflop.beyond.test_time.difficulty import Difficulty, Tail
from isoflop.beyond.test_time.lifetime import Lifetime
from isoflop.beyond.test_time.serving import Serving
from isoflop.display import View, bold, dim, findings_list, group, heading, interval, table
from isoflop.estimate import Estimate
from isoflop.findings import Answer, Finding, as_json, json_of
from isoflop.quantities import show, show_flops


@dataclass(frozen=True)
class Reach:
    """What k samples of each problem bring: measured, by each way to choose among them, and by a power law."""

    k: float
    measured: float
    by: Mapping[str, Estimate]
    power_law: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return {"k": self.k, "measured": self.measured, **as_json(self.by), "power_law": self.power_law}


@dataclass(frozen=True)
class Sampled:
    """One model: its forecasts, the limits of samples without end, and the spread of difficulty behind both."""

    attempts: Attempts
    reach: tuple[Reach, ...]
    limits: Mapping[str, Estimate]
    power_law: PowerLaw
    families: Mapping[str, float]
    parameters: Mapping[str, Mapping[str, Estimate]]
    tail: Tail | None = None
    separation: float = math.nan

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        tail = self.tail
        return json_of(
            self, "model=attempts.name N=attempts.N active=attempts.active D=attempts.D "
            "problems=attempts.known_problems fewest_samples=attempts.fewest pass1=attempts.pass1 "
            "reward_separation=separation measured_best_of_n reach limits power_law families parameters tail",
            measured_best_of_n=[{"k": k, "accuracy": rate} for k, rate in _picked(self.attempts).items()],
            tail=None if tail is None else {
                "from": tail.start, "weight_of_power_law": tail.weight,
                "slope": float(np.nanmedian(tail.slopes)) if tail.weight else math.nan,
                "blind_errors": {name: one.tolist() for name, one in tail.errors.items()},
            },
        )  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """What a model reaches for a budget: samples it buys, accuracy, cost, and its chance of being the best buy."""

    model: str
    samples: int
    accuracy: Estimate
    cost: float
    best: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return json_of(self, "model samples cost chance_best=best accuracy")


@dataclass(frozen=True)
class Budget:
    """A budget for one query, what each model offers for it, and the best; "" where it buys no sample of any."""

    budget: float
    offers: tuple[Offer, ...]
    best: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return json_of(self, "budget best offers")


@dataclass(frozen=True)
class Flip:
    """From which budget on another model is the better buy, and what it reaches there."""

    before: str
    after: str
    budget: Estimate
    accuracy: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the JSON."""
        return json_of(self)


@dataclass(frozen=True)
class Inference(Answer):
    r"""What `inference` gives: models, budgets, flips, and how answers were chosen and paid for.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.csv"
    >>> counts = {"1B": (1, 9, 40), "7B": (31, 39, 70)}
    >>> rows = "".join(f"{m},{q},100,{c}\n" for m in counts for q, c in enumerate(counts[m]))
    >>> path.write_text(f"model,problem,samples,correct\n{rows}") > 0
    True
    >>> [one.attempts.name for one in isoflop.test_time(path).models]
    ['1B', '7B']
    """

    source: str
    models: tuple[Sampled, ...]
    budgets: tuple[Budget, ...]
    flips: tuple[Flip, ...]
    choosing: Choosing
    serving: Serving
    level: float
    lifetime: Lifetime | None = None
    findings: tuple[Finding, ...] = ()
    draws: tuple[Difficulty, ...] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as it stands in the JSON."""
        choosing = json_of(self.choosing, "how rival recall false_positives=false separation")
        return json_of(
            self, "source level unit=serving.unit choosing models budgets flips lifetime findings", choosing=choosing
        )

    def __rich__(self) -> View:
        return shown(self)


_NAMES = {"coverage": "coverage", "majority": "majority", "verifier": "verified", "best-of-n": "best of n",
          "one": "accuracy"}  # fmt: skip
_CALLED = {"coverage": "any correct sample counts", "majority": "the commonest answer counts",
           "verifier": "what the verifier accepts counts", "best-of-n": "the sample of highest reward counts",
           "one": "one sample answers"}  # fmt: skip


def shown(found: Inference) -> View:
    """Return an answer on test-time compute as it looks in a terminal."""
    count = f"{len(found.models)} model{'s' * (len(found.models) != 1)}"
    parts: list[View] = [heading(found.source, f"{count}; {_CALLED[found.choosing.how]}")]
    if found.lifetime:
        parts += ["", *_lifetime(found.lifetime, found.level)]
    if found.budgets:
        parts += [*_budgets(found), *_flips(found)]
    elif not found.lifetime:
        for one in found.models:
            parts += ["", *_model(found, one)]
    if found.findings:
        parts += ["", findings_list(found.findings)]
    return group(*parts)


def percent(value: float) -> str:
    """Print a share for people: 42.3 %."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"


def _interval(one: Estimate) -> str:
    return "–" if math.isnan(one.low) else f"{100 * one.low:.1f} – {100 * one.high:.1f}%"


def _both(one: Estimate) -> str:
    """Return a share with its interval: 86.1% [78.0, 96.4]."""
    return f"{percent(one.value)} [{100 * one.low:.1f}, {100 * one.high:.1f}]"


def money(value: float, unit: str) -> str:
    """Print what a query costs: 1e15, or $0.0021."""
    return f"${value:.3g}" if unit == "dollars" else show_flops(value) if unit == "FLOPs" else show(value)


def _model(found: Inference, one: Sampled) -> Iterator[View]:
    """Return one model's forecasts, and what is known of the difficulty behind them."""
    columns = ["samples k", "measured", *(f"{_NAMES[how]}, {found.level:.0%} interval" for how in one.limits)]
    rows = [
        [show(row.k) if row.k >= 1e4 else f"{row.k:.0f}", percent(row.measured), *map(_both, row.by.values())]
        for row in one.reach
    ]
    rows.append(["no end", "–", *map(_both, one.limits.values())])
    yield heading(one.attempts.name, _about(one))
    yield table(columns, rows, gap=2)
    if one.families and (one.attempts.counted or one.attempts.rated):
        likely = sorted(one.families.items(), key=lambda pair: -pair[1])
        yield dim("difficulty: " + ", ".join(f"{name} {chance:.0%}" for name, chance in likely if chance >= 0.01))
    beta = one.parameters.get("Beta", {})
    if beta and (one.attempts.counted or one.attempts.rated):
        named = ", ".join(f"{name} = {each}" for name, each in beta.items())
        yield dim(f"if one Beta: {named}; what is unsolved falls as k^-a")
    if one.tail is not None:
        yield dim(_tail(one.tail))
    if not math.isnan(one.separation):
        measured = ", ".join(f"{percent(rate)} of {k:g}" for k, rate in _picked(one.attempts).items())
        yield dim(f"rewards of right samples lie {one.separation:.2f} standard deviations above those of wrong ones"
                  + (f"; measured, best of n: {measured}" if measured else ""))  # fmt: skip


def _picked(one: Attempts) -> dict[float, float]:
    """Return what best of n was measured to reach, by n."""
    if one.picked is None:
        return {}
    return dict(zip(one.picked.k.tolist(), one.picked.rates.tolist(), strict=True))


def _tail(tail: Tail) -> str:
    """Return what is held of coverage beyond the samples drawn, and what it erred by when it was blind."""
    kinds = [f"{name} {100 * float(np.sqrt(np.mean(one**2))):.1f}" for name, one in tail.errors.items() if one.size]
    blind = f"; blind forecasts from fewer samples erred by (points): {', '.join(kinds)}" if kinds else ""
    return (
        f"beyond {show(tail.start)}: densities {1 - tail.weight:.0%}, power law of mean coverage {tail.weight:.0%}"
        f" (-log pass@k falls as k^-{show(float(np.nanmedian(tail.slopes)) if tail.weight else math.nan)}){blind}"
    )


def _about(one: Sampled) -> str:
    attempts = one.attempts
    if not attempts.counted and not attempts.rated:
        return f"pass@1 {percent(attempts.pass1)}{_behind(attempts)}"
    if attempts.rated:
        return f"pass@k at {attempts.k.size} k, {attempts.k[0]:g} to {attempts.k[-1]:g}{_behind(attempts)}"
    never, always = (attempts.correct == 0).mean(), (attempts.correct == attempts.samples).mean()
    ends = f"{attempts.samples.min():.0f}", f"{attempts.samples.max():.0f}"
    drawn = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    return f"{len(attempts.problems)} problems, {drawn} samples each; {never:.0%} never solved, {always:.0%} always"


def _behind(attempts: Attempts) -> str:
    count = attempts.known_problems
    return "" if math.isnan(count) else f", {count:.0f} problems"


def _budgets(found: Inference) -> Iterator[View]:
    """Return what each budget buys of each model."""
    unit = found.serving.unit
    for budget in found.budgets:
        yield ""
        yield heading(f"{money(budget.budget, unit)}{'' if unit == 'dollars' else f' {unit}'} a query", _best(budget))
        rows = []
        for one, offer in zip(found.models, budget.offers, strict=True):
            marked = bold(offer.model) if offer.model == budget.best else offer.model
            cells = [
                show(one.attempts.N if one.attempts.method else one.attempts.used),
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


def _flips(found: Inference) -> Iterator[View]:
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


def _lifetime(one: Lifetime, level: float) -> Iterator[View]:
    """Return the best run for all that a model's life may cost."""
    yield heading(f"{show_flops(one.flops)} FLOPs for training and {show(one.queries)} queries", f"by {one.curve}")
    counts = {"parameters N": one.N, "training tokens D": one.D, "samples a query": one.samples}
    rows = [[name, show(each.value), interval(each)] for name, each in counts.items()]
    shares = {"accuracy": one.accuracy, "with one sample instead": one.alone, "share of FLOPs to train": one.training}
    rows += [[name, percent(each.value), _interval(each)] for name, each in shares.items()]
    yield table(["train and sample", "best", f"{level:.0%} interval"], rows)


def _range(flip: Flip, unit: str) -> str:
    return f"{money(flip.budget.low, unit)} – {money(flip.budget.high, unit)}"
