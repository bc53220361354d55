"""Is the jump in the model or in the metric? The same runs by loss, by accuracy, and by accuracy at a given loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.beyond.emergence import metrics, reasons
from isoflop.beyond.emergence.evidence import SIDE, Evidence, in_accuracy, in_loss
from isoflop.beyond.emergence.readings import Counts, Losses, stated
from isoflop.beyond.emergence.result import BREAK, METRIC, UNDECIDED, Emergence, Scoring
from isoflop.beyond.emergence.thresholds import at_break, curves, for_figure, thresholds
from isoflop.compute.allocation import allocate
from isoflop.data.metric import items_of
from isoflop.data.read import as_runs
from isoflop.errors import DataError, IsoflopError, UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.fitting.draws import FEW_RUNS
from isoflop.fitting.fit import fit
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.beyond.emergence.curves import Fitted
    from isoflop.beyond.emergence.reasons import Said
    from isoflop.data.runs import ColumnMapping, Runs
    from isoflop.formula.arrays import Array


FEW_ABOVE = 3
"""Runs that must stand above chance before anything can be said of how accuracy rises."""
HIDES = 3.5
"""Standard errors of its size up to which a break could hide."""
SENSED, LOSS_SENSED = 0.4, 0.08
"""The standard errors above which a break could hide: of a step's size (fourfold odds are 3.5 of them), of a drop
of the loss (a quarter of it is 3.5)."""
STEEPER = 3.0
"""Times the steepness that the tokens stated can make, from which a rise is no work of theirs."""


def emergence(
    runs: Runs | ColumnMapping,
    *,
    metric: str | None = "accuracy",
    items: int | None = None,
    target_tokens: float | None = None,
    chance: float = 0.0,
    ceiling: float = 1.0,
    along: str | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> Emergence:
    """Say whether a jump in a metric is made by the metric, is a break in the model, or cannot be told from these runs.

    metric         the column of accuracies, from 0 to 1; None works out what exact match of `target_tokens` would show
    items          how many items the test has; without it, the number of which all accuracies are whole fractions
    target_tokens  how many tokens of an answer must all be right, where the loss is that of these tokens, in nats each;
                   leave it out where the loss is of other text or the task is of another kind
    chance         the accuracy of guessing, such as 0.25 of four options; ceiling is the highest there is
    along          what scale is measured by: C, N or D. Left out, it is C; where runs split C between N and D in many
                   ways, it is the C whose best allocation reaches what a law gives their N and D

    Raises UsageError for options that mean nothing, DataError for a column that is missing or not from 0 to 1.

    >>> import numpy as np
    >>> N, D = np.geomspace(1e7, 1e9, 12), np.geomspace(2e8, 2e10, 12)
    >>> loss = 1.7 + 400 / N**0.34 + 410 / D**0.28
    >>> runs = isoflop.Runs.of(N=N, D=D, loss=loss, accuracy=np.exp(-5 * (loss - 1.7)))
    >>> found = isoflop.emergence(runs, items=1000)
    >>> found.verdict in ("made by the metric", "a break in the model", "undecided")
    True
    """
    runs = as_runs(runs)
    refuse_level(level)
    _refuse(metric, items, target_tokens=target_tokens, chance=chance, ceiling=ceiling)
    table = _table(runs, metric, along)
    if metric is None:
        right = metrics.exact_match(table.loss, target_tokens or 1, chance=chance, ceiling=ceiling)
        table = replace(table, accuracy=metrics.measured(right, items or 1))
    known = items or items_of(table.accuracy)
    tokens = target_tokens or math.nan
    scoring = Scoring(metric or "", known, tokens, chance, ceiling)
    begun = Emergence(
        UNDECIDED, "", runs.source, table.along, table.scale.size, scoring,
        findings=(*(one for one in runs.findings if one.code in _KEPT), *reasons.on_items(items, known, metric),
                  *(reasons.on_other_text(scoring) if table.loss.size else ())),
    )  # fmt: skip
    return _judged(begun, table, level=level, seed=seed)


_KEPT = {"D01", "D07", "D11"}


@dataclass(frozen=True, eq=False)
class _Table:
    """The runs' columns, those without a number in one of them left out; loss is empty where there is none."""

    along: str
    scale: Array
    loss: Array
    accuracy: Array


def _refuse(
    metric: str | None, items: int | None, *, target_tokens: float | None, chance: float, ceiling: float
) -> None:
    if not 0 <= chance < ceiling <= 1:
        raise UsageError(f"chance={chance:g} and ceiling={ceiling:g} must be from 0 to 1, chance the lower.")
    if items is not None and items < 1:
        raise UsageError(f"items={items:g} must be 1 or more: the number of questions in the test.")
    if target_tokens is not None and not (target_tokens > 0 and math.isfinite(target_tokens)):
        raise UsageError(f"target_tokens={target_tokens:g} must be above 0: the tokens of an answer.")
    if metric is None and (items is None or target_tokens is None):
        raise UsageError("without a metric, say what to work out: target_tokens=5 and items=1000.")


def _table(runs: Runs, metric: str | None, along: str | None) -> _Table:
    """Return the columns that are needed, as numbers."""
    along = along_of(runs, along)
    scale = best_compute(runs) if along == BEST else _numbers(runs, along)
    if scale is None:
        along, scale = "C", _numbers(runs, "C")
    accuracy = _numbers(runs, metric) if metric else np.zeros(len(runs))
    wrong = accuracy[(accuracy < 0) | (accuracy > 1)]
    if wrong.size:
        remedy = "Divide per cents by 100." if wrong.max() > 1 else "Name a column of accuracies."
        raise DataError(f'{runs.source}: "{metric}" has {wrong[0]:g}, and an accuracy lies from 0 to 1. {remedy}')
    loss = _numbers(runs, "loss") if "loss" in runs or metric is None else np.ones(len(runs))
    keep = np.isfinite(scale) & (scale > 0) & np.isfinite(accuracy) & np.isfinite(loss)
    if not keep.any():
        raise DataError(f'{runs.source}: no run has both {along} and "{metric}". Name another column.')
    return _Table(along, scale[keep], loss[keep] if "loss" in runs else np.zeros(0), accuracy[keep])


def _numbers(runs: Runs, name: str) -> Array:
    column = runs[name]
    if column.dtype.kind not in "fiu":
        raise DataError(f'{runs.source}: column "{name}" holds text. Name a column of numbers.')
    return np.asarray(column, float)


def _judged(begun: Emergence, table: _Table, *, level: float, seed: int) -> Emergence:
    """Return the result: what stands in the way of a verdict, or the verdict."""
    scoring = begun.scoring
    distinct = np.unique(table.scale).size
    if distinct < FEW_RUNS:
        return _ended(begun, reasons.undecided(reasons.FEW_RUNS, count=distinct, least=FEW_RUNS))
    if not table.loss.size:
        return _ended(begun, reasons.undecided(reasons.NO_LOSS, metric=scoring.metric))
    logs = np.log(table.scale)
    start, reach = float(logs.min()), float(np.ptp(logs))
    losses = Losses((logs - start) / reach, table.loss, start, reach)
    evidence = in_loss(losses, seed=seed)
    begun = replace(begun, loss_errors=evidence.errors)
    if not scoring.items:
        return _ended(begun, reasons.undecided(reasons.NO_ITEMS))
    unit = float(table.loss.mean()), float(table.loss.std()) or 1.0
    counts = Counts(
        losses.place, (table.loss - unit[0]) / unit[1], np.rint(table.accuracy * scoring.items), scoring.items,
        scoring.chance, scoring.ceiling,
    )  # fmt: skip
    exact = None if math.isnan(scoring.tokens) else stated(*unit, scoring.tokens)
    given = in_accuracy(counts, exact, seed=seed)
    if scoring.metric:
        begun = replace(begun, accuracy_errors=given.errors, accuracy_scores=given.scores)
    above = int((table.accuracy >= metrics.detectable(scoring.items, scoring.chance)).sum())
    said = _verdict(evidence, given, above=above, steep=unit[1], begun=begun)
    broke = said.verdict == BREAK
    loss = evidence.broken if evidence.found and broke else evidence.smooth
    found = curves(loss, _answers(given, broke=broke), losses, unit=unit, seed=seed)
    marks = thresholds(found, scoring, level) if above or given.as_stated else ()
    if broke and (evidence.found or given.found):
        best = loss if evidence.found else given.broken
        marks = (*marks, *at_break(best, loss, losses, level=level))
    done = replace(begun, thresholds=marks, shown=for_figure(found, (table.scale, table.loss, table.accuracy), level))
    return _ended(
        replace(done, findings=(*done.findings, *reasons.on_reach(marks, table.scale.max(), table.along))), said
    )


def _verdict(evidence: Evidence, given: Evidence, *, above: int, steep: float, begun: Emergence) -> Said:
    """Return the verdict and its reason: what cannot be seen first, then breaks, then what could hide."""
    scoring = begun.scoring
    if not above:
        least = metrics.detectable(scoring.items, scoring.chance)
        return reasons.undecided(reasons.AT_CHANCE, items=scoring.items, least=least)
    if evidence.found:
        inside = evidence.side >= SIDE
        return (
            reasons.loss_breaks(evidence, begun.along) if inside
            else reasons.undecided(reasons.AT_THE_EDGE, what="loss")
        )  # fmt: skip
    if given.found:
        inside = given.side >= SIDE
        return reasons.accuracy_breaks(given) if inside else reasons.undecided(reasons.AT_THE_EDGE, what="accuracy")
    if given.stepped:
        return reasons.undecided(reasons.SMALL_STEP, times=math.exp(given.amount))
    if above < FEW_ABOVE:
        return reasons.undecided(reasons.FEW_ABOVE, count=above, least=FEW_ABOVE)
    if given.stated is not None and not given.as_stated:
        return _not_as_stated(given, steep, scoring)
    return _in_doubt(evidence, given) or reasons.by_the_metric(evidence, given, scoring)


def _in_doubt(evidence: Evidence, given: Evidence) -> Said | None:
    """Return what could still be a break where none was found."""
    if given.doubtful:
        return reasons.undecided(reasons.DOUBTFUL, chance=given.chance)
    if given.rival:
        return reasons.undecided(reasons.BEND_OR_STEP)
    if given.sensed > SENSED:
        return reasons.undecided(reasons.HIDDEN_STEP, times=math.exp(min(HIDES * given.sensed, 20)))
    if evidence.sensed > LOSS_SENSED:
        return reasons.undecided(reasons.HIDDEN_DROP, drop=min(HIDES * evidence.sensed, 0.99), noise=evidence.noise)
    return None


def _not_as_stated(given: Evidence, steep: float, scoring: Scoring) -> Said:
    """Return what a smooth curve means that is not the one that the tokens stated make."""
    kappa = given.smooth.theta[1] / steep
    reach = 1.645 * math.sqrt(given.smooth.covariance[1, 1]) / steep
    low, high = show(max(kappa - reach, 0.0), 2), show(kappa + reach, 2)
    if kappa - reach > STEEPER * scoring.tokens:
        return reasons.steeper(low, high, scoring)
    return reasons.undecided(reasons.NOT_AS_STATED, low=low, high=high, tokens=scoring.tokens)


def _answers(given: Evidence, *, broke: bool) -> Fitted:
    """Return the curve of accuracy given loss that the verdict stands for."""
    if given.found and broke:
        return given.broken
    return given.stated if given.stated is not None and given.as_stated else given.smooth


def _ended(begun: Emergence, said: Said) -> Emergence:
    return replace(begun, verdict=said.verdict, reason=said.reason, findings=(*begun.findings, *said.findings))


__all__ = ["BREAK", "METRIC", "UNDECIDED", "emergence"]


BEST = "best C"
"""The name of the compute at which the best allocation reaches the loss that a law gives a run's N and D."""
_APART = 0.25
"""Spread of log(D/N) at equal compute from which it matters how compute was split."""
_POINTS, _ROOM = 200, 8.0


def along_of(runs: Runs, along: str | None) -> str:
    """Give what the runs are laid along: what was asked for, or the best C if N and D are split in many ways, or C."""
    if along is not None:
        return along
    if {"N", "D", "loss"} <= set(runs.columns) and len(runs) >= FEW_RUNS:
        log_c, split = np.log(runs["N"] * runs["D"]), np.log(runs["D"] / runs["N"])
        line = np.stack([np.ones_like(log_c), log_c], axis=1)
        left = split - line @ np.linalg.lstsq(line, split, rcond=None)[0]
        if float(left.std()) > _APART:
            return BEST
    return next((name for name in ("C", "N", "D") if name in runs), "C")


def best_compute(runs: Runs) -> Array | None:
    """Give, for each run, the FLOPs whose best allocation reaches the loss that a fitted law gives its N and D.

    The law is smooth in N and D, so it hides no break. None where the runs cannot carry it.
    """
    try:
        curve = fit("chinchilla", runs, draws=0).curve
    except IsoflopError:
        return None
    predicted = curve(runs["N"], runs["D"])
    grid = np.geomspace(runs["C"].min() / 10**_ROOM, runs["C"].max() * 10, _POINTS)
    best = allocate(curve.law, np.tile(curve.row, (_POINTS, 1)), grid).loss
    if not np.isfinite(best).all() or not (np.diff(best) < 0).all():
        return None
    return np.asarray(np.exp(np.interp(-predicted, -best, np.log(grid))))
