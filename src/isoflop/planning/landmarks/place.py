"""Published models → how far each lies from the best allocation of its compute, by a curve, a fit or several laws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop.compute.allocation import Allocation
from isoflop.display import View, dim, findings_list, group, heading, interval, table
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import Finding, Listed, json_of
from isoflop.forecasting.ensemble import evidence
from isoflop.forecasting.extrapolation import AMBER, RED
from isoflop.forecasting.forecast import forecast_with
from isoflop.forecasting.source import Source, settle
from isoflop.planning.landmarks.models import MODELS, Model, find_model
from isoflop.quantities import show

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from isoflop.forecasting.predictor import Predictor
    from isoflop.formula.arrays import Array
    from isoflop.formula.law import Curve, Law
    from isoflop.formula.surface import Surface

SORTS = ("year", "compute", "distance")
_DRAWN, _BACK, _STEP, _COARSE = 101, 4.0, 0.05, 5
"""A fit and the draws of it that are looked at; decades below a model's compute in which its loss is sought, and their
step, which is so many times as long for a draw."""


@dataclass(frozen=True)
class Landmark:
    """One model beside the best allocation of its compute.

    loss         predicted at its N (the active parameters) and D
    best_size    the N of least predicted loss at its training FLOPs
    best_tokens  the D that goes with it
    best_loss    predicted there
    given_up     loss less best_loss, in nats per token
    enough       the training FLOPs that reach its loss at their best allocation
    decades      how far its compute lies beyond the runs of the law

    >>> (one,) = isoflop.landmarks(models=["gpt-3"])
    >>> one.tokens_per_parameter < 2
    True
    """

    model: Model
    loss: Estimate
    best_size: Estimate
    best_tokens: Estimate
    best_loss: Estimate
    given_up: Estimate
    enough: Estimate
    decades: float

    @property
    def tokens_per_parameter(self) -> float:
        """Tokens for each (active) parameter."""
        return self.model.D / self.model.size

    @property
    def trained(self) -> float:
        """Tokens per parameter over those of the best allocation: above 1 over-trained, below it under-trained."""
        return self.tokens_per_parameter / (self.best_tokens.value / self.best_size.value)

    @property
    def distance(self) -> float:
        """Decades between its N and the best N at its compute."""
        return abs(math.log10(self.model.size / self.best_size.value))

    def as_dict(self) -> dict[str, Any]:
        """Return the landmark as it stands in the JSON."""
        percent = 100 * self.given_up.value / self.best_loss.value
        return self.model.as_dict() | json_of(
            self, "tokens_per_parameter best_N=best_size best_D=best_tokens loss best_loss given_up given_up_percent "
            "C_enough=enough trained distance decades", given_up_percent=percent,
        )  # fmt: skip


@dataclass(frozen=True)
class Landmarks(Listed[Landmark]):
    """Models beside the frontier of one source, and what to know about it; answers: that source, for figures.

    >>> len(isoflop.landmarks(models=["gpt-3", "chinchilla"]))
    2
    """

    rows: tuple[Landmark, ...]
    source: str
    level: float
    findings: tuple[Finding, ...] = ()
    answers: Predictor | None = field(default=None, repr=False, compare=False)

    def _parts(self) -> tuple[Landmark, ...]:
        return self.rows

    def as_dict(self) -> dict[str, Any]:
        """Return the landmarks as they stand in the JSON."""
        return json_of(self, "source level flop_rule models=rows findings", flop_rule="6ND")

    def __rich__(self) -> View:
        """Return the models as they look in a terminal: how large, what would have been best, what it cost them."""
        return shown(self)


def landmarks(
    source: Source | str = "besiroglu2024",
    *,
    models: Sequence[str | Model] = (),
    sort: str = "year",
    level: float = LEVEL,
) -> Landmarks:
    """Place published models against the compute-optimal frontier of a curve, a fit, or several laws on some runs.

    models  names written loosely, or typed as "N=8B,D=15T"; all known ones unless given
    sort    year, compute (the least first) or distance (the farthest from the frontier first)

    A mixture of experts is placed by its active parameters, with the finding P16.

    >>> len(isoflop.landmarks(models=["gpt-3", "chinchilla"]))
    2
    """
    if sort not in SORTS:
        raise UsageError(f'"{sort}" is no order. Say one of {", ".join(SORTS)}.')
    settled = settle(source)
    chosen = [find_model(one) if isinstance(one, str) else one for one in models] or list(MODELS)
    size, tokens = (np.array([getattr(one, key) for one in chosen], dtype=float) for key in ("size", "D"))
    compute = np.array([one.C for one in chosen])
    best, behind = best_runs(settled, compute), evidence(settled)
    known = np.isfinite(size * tokens)
    asked = {"N": np.where(known, size, best.N), "D": np.where(known, tokens, best.D)}
    found = forecast_with(settled, behind, level=level, at=asked)
    ideal = forecast_with(settled, behind, level=level, at={"N": best.N, "D": best.D})
    sides = _sides(settled, asked, compute, level=level)
    rows = tuple(
        Landmark(
            model,
            found[row].loss if model.known else Estimate(math.nan),
            sides.best_size[row], sides.best_tokens[row], ideal[row].loss,
            sides.given_up[row] if model.known else Estimate(math.nan),
            sides.enough[row] if model.known else Estimate(math.nan),
            (found if model.known else ideal)[row].decades,
        )
        for row, model in enumerate(chosen)
    )  # fmt: skip
    findings = [one for one in found.findings if one.code != "P01"]
    notes = (*findings, *_far(rows, found.source), *_mixed(rows))
    return Landmarks(_sorted(rows, sort), found.source, level, notes, settled)


class Best(NamedTuple):
    """Parameters, tokens and loss of the best run at each budget (budgets,)."""

    N: Array
    D: Array
    loss: Array


def best_runs(source: Surface, flops: Array) -> Best:
    """Return the frontier of a source: the run of least predicted loss at each budget (budgets,)."""
    line = Allocation(source)
    best = line.best(flops)
    return Best(np.exp(best), line.tokens(best, flops), np.exp(line.log_loss(best, flops)))


def losses(source: Surface, at: dict[str, Array]) -> Array:
    """Return the predicted loss at N and D (points,), without intervals."""
    return np.exp(source.log_loss(at))


def over_variants(
    source: Predictor, find: Callable[[Surface], Array], at: Mapping[str, Array], *, level: float
) -> list[Estimate]:
    """Return quantities with their intervals: over all laws of several, else the middle `level` of a fit's draws.

    find  a surface → the quantities (k,); at: the inputs they are about, (k,)
    """
    whole = find(source)
    if len(source.curves) > 1:
        kind, inside, others = "laws", 1 - 1e-9, np.array([find(one) for one in source.curves])
    else:
        kind, inside = "statistical", level
        others = whole + source.draws_of(
            lambda law, rows: np.array([find(_curve(law, row)) for row in rows[:_DRAWN]]), at
        )
    found = [from_draws(value, column, inside) for value, column in zip(whole.tolist(), others.T, strict=True)]
    return [replace(one, level=level, intervals={kind: (one.low, one.high)} if len(others) else {}) for one in found]


def _curve(law: Law, row: Array) -> Curve:
    return law.at(**dict(zip(law.parameters, row.tolist(), strict=True)))


class _Sides(NamedTuple):
    """What follows from the frontier, for each model."""

    best_size: list[Estimate]
    best_tokens: list[Estimate]
    given_up: list[Estimate]
    enough: list[Estimate]


def _sides(source: Predictor, at: dict[str, Array], compute: Array, *, level: float) -> _Sides:
    """Return the best N and D, the loss given up and the compute that would do, each over the source's variants."""
    low, high = np.log10(compute.min()) - _BACK, np.log10(compute.max())
    budgets = np.logspace(low, high, 2 + int((high - low) / _STEP))

    def placed(one: Surface) -> Array:
        return _placed(one, at, compute, budgets=budgets if one is source else budgets[::-_COARSE][::-1]).ravel()

    each = {key: np.tile(column, len(_Sides._fields)) for key, column in at.items()}
    found = over_variants(source, placed, each, level=level)
    return _Sides(*(found[first : first + compute.size] for first in range(0, len(found), compute.size)))


def _placed(source: Surface, at: dict[str, Array], compute: Array, *, budgets: Array) -> Array:
    """Return best N, best D, loss given up and the compute that would do, (4, models).

    The last is read off the frontier's losses at the budgets, which rise.
    """
    best, line, loss = best_runs(source, compute), best_runs(source, budgets), losses(source, at)
    falling = np.minimum.accumulate(line.loss)  # a law that turns stays at its least
    enough = np.exp(np.interp(loss, falling[::-1], np.log(budgets)[::-1]))
    return np.array([best.N, best.D, np.maximum(loss - best.loss, 0.0), np.minimum(enough, compute)])


def _sorted(rows: Sequence[Landmark], sort: str) -> tuple[Landmark, ...]:
    keys: dict[str, Callable[[Landmark], Any]] = {
        "year": lambda one: (one.model.year, one.model.C),
        "compute": lambda one: one.model.C,
        "distance": lambda one: -one.distance if one.model.known else math.inf,
    }
    return tuple(sorted(rows, key=keys[sort]))


def _far(rows: Sequence[Landmark], source: str) -> Iterator[Finding]:
    beyond = [one for one in rows if one.decades > AMBER]
    if beyond:
        most = max(beyond, key=lambda one: one.decades)
        far = most.decades
        yield Finding(
            "P01", "WARN" if far > RED else "INFO",
            f"{len(beyond)} of {len(rows)} models lie more than a decade of compute beyond the runs of {source}, "
            f"{most.model.name} {far:.1f} decades" + (": a guess" if far > RED else ""),
            "look at several sources: far out they differ by more than the models do",
        )  # fmt: skip


def _mixed(rows: Sequence[Landmark]) -> Iterator[Finding]:
    mixtures = [one.model.name for one in rows if one.model.mixture]
    if mixtures:
        names = ", ".join(mixtures[:3]) + (f" and {len(mixtures) - 3} more" if len(mixtures) > 3 else "")
        yield Finding(
            "P16", "WARN",
            f"a law of dense models on mixtures of experts ({names}): they are placed by their active parameters, and "
            "the law knows nothing of the others",
            "take their losses as what dense models of that size would reach",
        )  # fmt: skip


_WIDE = 118
"""Characters that all columns need."""
_EVEN = 1.05
"""Tokens per parameter within 5 % of the best are as good as the best."""


@dataclass(frozen=True)
class _Table:
    """The models, one a line; the console says how wide."""

    found: Landmarks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE
        names = ["model", "year", "N", "D", "D/N"]
        other = f"{self.found.level:.0%} interval" if _spans(self.found) else "best D"
        names += ["FLOPs", "best N", other, "loss", "best"] if wide else ["best N"]
        names += ["lost %", "enough", "trained"]
        yield table(names, [_row(one, wide=wide) for one in self.found], gap=2)


def shown(found: Landmarks) -> View:
    """Return the models as a table, with what its words mean beneath."""
    marks = []
    if any(one.model.mixture for one in found):
        marks.append("* mixture of experts: N counts the active parameters")
    if any(one.model.estimated_by for one in found):
        marks.append("~ not all disclosed: --json says who estimates")
    if _spans(found):
        marks.append("every number has its interval in --json, best N in a wide terminal, too")
    meaning = (
        "lost: how far the loss that the law predicts lies above the best at the same FLOPs; enough: the share of its "
        "FLOPs that reach that loss at their best; trained: tokens per parameter against the best (over-training makes "
        "a model that is cheap to serve)"
    )
    head = heading(f"{len(found)} model{'s' * (len(found) != 1)}", f"against the frontier of {found.source}, C = 6ND")
    return group(head, _Table(found), *map(dim, marks), dim(meaning), findings_list(found.findings))


def _spans(found: Landmarks) -> bool:
    """Return whether the source gives intervals."""
    return any(not math.isnan(one.best_size.low) for one in found)


def _row(one: Landmark, *, wide: bool) -> list[str]:
    model = one.model
    name = f"{model.name}*" if model.mixture else f"{model.name}~" if model.estimated_by else model.name
    cells = [name, str(model.year or "–"), show(model.size), show(model.D), show(one.tokens_per_parameter)]
    if wide:
        loss = f"{one.loss.value:.3f}" if model.known else "–"
        other = show(one.best_tokens.value) if math.isnan(one.best_size.low) else interval(one.best_size)
        cells += [show(model.C), show(one.best_size.value), other, loss, f"{one.best_loss.value:.3f}"]
    else:
        cells.append(show(one.best_size.value))
    lost, enough = one.given_up.value / one.best_loss.value, one.enough.value / model.C
    return [*cells, _percent(lost, 2), _percent(enough, 0), _trained(one.trained)]


def _percent(share: float, decimals: int) -> str:
    if math.isnan(share):
        return "–"
    return f"{100 * share:.{decimals}f}" if decimals else f"{share:.0%}".replace("%", " %")


def _trained(factor: float) -> str:
    if math.isnan(factor):
        return "–"
    if 1 / _EVEN < factor < _EVEN:
        return "best"
    return f"over {show(factor, 2)}×" if factor > 1 else f"under {show(1 / factor, 2)}×"
