"""The runs that most narrow what one wants to know, for so much compute; ask again once they are in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from isoflop.compute.allocation import Allocation
from isoflop.compute.flops import FlopRule, rule_named
from isoflop.compute.terms import Terms
from isoflop.data.runs.costs import rule_of
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.experiments.design.belief import Belief, BestSize, Loss, Prior, Target, believe, variance, views
from isoflop.experiments.design.choose import Limits, choose, left
from isoflop.experiments.design.result import Design, Planned, planned, show_flops
from isoflop.findings import Finding
from isoflop.forecasting.constants import DRIFT
from isoflop.forecasting.ensemble import Ensemble, scale
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.source import Source, settle
from isoflop.quantities import show

BUDGETS, SIZES, REACH = 9, 9, 4.0
"""Candidates where none are given: budgets a factor 2 apart up to all there is to spend, sizes up to 4 times off."""
RATIOS = (0.1, 10_000.0)
"""Tokens per parameter between which a candidate is a sane run, whatever the law says."""
HARDLY = 0.95
"""An interval that keeps this share of its width was hardly worth the runs."""


def informative(
    source: Source | str,
    *,
    target: Mapping[str, float],
    budget: float,
    want: str = "loss",
    candidates: Mapping[str, ArrayLike] | None = None,
    repeats: bool = False,
    most: int = 12,
    prior: Prior | None = None,
    draws: int = 8,
    seed: int = 0,
    level: float = LEVEL,
    flop_rule: str = "6ND",
) -> Design:
    """Choose the runs that most reduce the variance of what is wanted, for at most `budget` FLOPs together.

    source      runs, a fit, several laws on runs; or a published curve by name, where there are no runs yet
    target      {"N": 8e9, "D": 1e12}, a run; or {"C": 1e22}, the run that is best for so many FLOPs
    want        loss: the target's log loss; N: log of the best size for C
    candidates  columns N and D to choose from, others (learning_rate, ...) go along; unless given, nine budgets and
                nine sizes about the best, none smaller than the runs so far
    repeats     whether a run may be chosen twice, as another seed: that averages noise, and not what a law misses there
    prior       how far a published curve is taken to be off, and the noise of a run

    Runs are V-optimal on the laws' exact slopes at their best and at `draws` other parameter values, laws weighed by
    their backtests; the laws' disagreement and their drift with distance count as errors too. The interval for the
    loss is the forecast's, of a new run. Give the results to the next call. Equal seeds give equal choices.
    """
    refuse_level(level)
    settled = settle(source)
    rule = rule_of(settled.runs, rule_named(flop_rule))
    _refuse(budget, most, draws)
    wanted = _target(settled, target, want, rule=rule)
    pool = _around(settled, budget, rule) if candidates is None else _given(candidates, rule)
    cost = np.array([one.C for one in pool])
    if not (cost <= budget).any():
        raise UsageError(
            f"the cheapest candidate takes {show_flops(cost.min())} FLOPs, and there are {show_flops(budget)} to spend."
        )
    at = {"N": np.array([one.N for one in pool]), "D": np.array([one.D for one in pool])}
    together = settled if isinstance(settled, Ensemble) else None
    belief = believe(settled, at=at, prior=prior or Prior(), rule=rule)
    seen = views(belief, at, wanted, draws=draws, seed=seed)
    chosen = choose(seen, Limits(cost, budget, most, repeats))
    widen = 1.0 if together is None else scale(together)
    past = _known(settled, belief, wanted, variance=variance(belief, at, wanted), widen=widen, level=level)
    shares = [left(seen, chosen[:count]) for count in range(len(chosen) + 1)]
    runs = tuple(
        replace(pool[place], after=past.interval(share), left=share)
        for place, share in zip(chosen, shares[1:], strict=True)
    )
    now, words = past.interval(1.0), _words(target, want, wanted)
    note = _note(wanted, level, together=together is not None)
    return Design("next runs", runs, settled.name, (note,), tuple(_findings(runs, now)), words, now)


def _note(wanted: Target, level: float, *, together: bool) -> str:
    if isinstance(wanted, BestSize):
        return "interval: what the runs leave open in each law, and how far the laws disagree"
    if together:
        return f"interval: as `forecast` calibrates it, for {100 * level:.0f} % of new runs"
    return f"interval: for {100 * level:.0f} % of new runs if the law drifts by {100 * DRIFT:.0f} % a decade"


@dataclass(frozen=True)
class _Known:
    """What is known of the logarithm of what is wanted: value, variance, a new run's noise, how far past errors widen.

    level  of the intervals
    """

    value: float
    variance: float
    noise: float
    widen: float
    level: float

    def interval(self, share: float) -> Estimate:
        """Return the interval of what is wanted when this share of the variance is left."""
        reach = NormalDist().inv_cdf((1 + self.level) / 2)
        half = reach * self.widen * math.sqrt(share * self.variance + self.noise**2)
        with np.errstate(over="ignore"):
            value, low, high = np.exp([self.value, self.value - half, self.value + half]).tolist()
        return Estimate(value, low, high, self.level)


def _known(
    settled: Predictor, belief: Belief, wanted: Target, *, variance: float, widen: float, level: float
) -> _Known:
    """Return what is known before any further run; of a loss, as the forecast of a new run has it."""
    if isinstance(wanted, BestSize):
        value = float(Allocation(settled, Terms(belief.rule)).best(np.array([wanted.C]))[0])
        return _Known(value, variance, 0.0, 1.0, level)
    noise = math.fsum(one.weight * one.noise for one in belief.laws)
    return _Known(float(settled.log_loss(wanted.at)[0]), variance, noise, widen, level)


def _refuse(budget: float, most: int, draws: int) -> None:
    if not (budget > 0 and math.isfinite(budget)):
        raise UsageError(f"budget={budget:g} must be a finite number of FLOPs above zero, as in budget=1e20.")
    if not 1 <= most <= 1000:
        raise UsageError(f"most={most} must be from 1 to 1000 runs.")
    if not 0 <= draws <= 1000:
        raise UsageError(f"draws={draws} must be from 0 to 1000.")


def _target(settled: Predictor, target: Mapping[str, float], want: str, *, rule: FlopRule) -> Target:
    if want not in {"loss", "N"}:
        raise UsageError(f'want="{want}": say loss, or N for the best size.')
    keys, values = set(target), [float(value) for value in target.values()]
    if keys not in ({"C"}, {"N", "D"}) or (want == "N" and keys != {"C"}):
        need = "C" if want == "N" else "N and D, or C"
        raise UsageError(f"a target for {want} needs {need}, not {', '.join(sorted(keys)) or 'nothing'}: "
                         'target={"C": 1e22}.')  # fmt: skip
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise UsageError("a target must be finite and above zero, as in target={'C': 1e22}.")
    if want == "N":
        return BestSize(float(target["C"]))
    if keys == {"C"}:
        size = np.exp(Allocation(settled, Terms(rule)).best(np.array([float(target["C"])])))
        return Loss(float(size[0]), float(rule.tokens(size, float(target["C"]))[0]))
    return Loss(float(target["N"]), float(target["D"]))


def _around(settled: Predictor, budget: float, rule: FlopRule) -> tuple[Planned, ...]:
    """Return runs about the best size of budgets up to all there is to spend, none smaller than the runs so far.

    Below them no law has been seen, while to the law it is there that a run tells most for its compute.
    """
    compute = np.asarray(budget * 0.5 ** np.arange(BUDGETS, dtype=np.float64))
    best = np.exp(Allocation(settled, Terms(rule)).best(compute))[:, None]
    N = best * np.geomspace(1 / REACH, REACH, SIZES)
    D = rule.tokens(np.round(np.maximum(N, 1.0)), compute[:, None])
    least = _smallest(settled)
    sane = (RATIOS[0] * N <= D) & (RATIOS[1] * N >= D) & (least["N"] <= N) & (least["D"] <= D)
    sane &= compute[:, None] >= least["C"]
    if not sane.any():
        raise UsageError(
            f"{settled.name} puts no sane run as large as its own on {show_flops(budget)} FLOPs. Give candidates."
        )
    return planned(N[sane], D[sane], rule)


def _smallest(settled: Predictor) -> dict[str, float]:
    """Return the least N, D and C of the runs behind a source; 0 where there are none of one's own."""
    known = {} if settled.runs is None else settled.fitted_on
    return {key: known.get(key, (0.0, 0.0))[0] for key in ("N", "D", "C")}


def _given(candidates: Mapping[str, ArrayLike], rule: FlopRule) -> tuple[Planned, ...]:
    """Return the candidates as runs, with the columns beside N and D as their settings; a column C is believed."""
    if missing := [key for key in ("N", "D") if key not in candidates]:
        raise UsageError(f"candidates need columns N and D; {missing[0]} is missing.")
    columns = {key: np.atleast_1d(np.asarray(candidates[key])) for key in candidates}
    N, D = (columns[key].astype(float) for key in ("N", "D"))
    lengths = {key: len(column) for key, column in columns.items()}
    if len(set(lengths.values())) > 1 or not N.size:
        raise UsageError(f"the candidates' columns must be of one length above zero, not {lengths}.")
    cost = columns["C"].astype(float) if "C" in columns else rule.flops(N, D)
    if not all((np.isfinite(column) & (column > 0)).all() for column in (N, D, cost)):
        raise UsageError("every candidate's N, D and C must be finite and above zero.")
    others: list[Sequence[float | str]] = [columns[key].tolist() for key in columns if key not in {"N", "D", "C"}]
    names = [key for key in columns if key not in {"N", "D", "C"}]
    rows = zip(*others, strict=True) if others else [()] * N.size
    return tuple(
        Planned(size, tokens, flops, dict(zip(names, row, strict=True)))
        for size, tokens, flops, row in zip(N.tolist(), D.tolist(), cost.tolist(), rows, strict=True)
    )


def _words(target: Mapping[str, float], want: str, wanted: Target) -> str:
    if want == "N":
        return f"best N for {show_flops(target['C'])} FLOPs"
    assert isinstance(wanted, Loss)  # noqa: S101 - for the type checker: only N wants something else
    of = f"the best run for {show_flops(target['C'])} FLOPs, " if "C" in target else ""
    return f"loss of {of}N = {show(wanted.N)}, D = {show(wanted.D)}"


def _findings(runs: Sequence[Planned], now: Estimate) -> Iterator[Finding]:
    then = runs[-1].after if runs else now
    width = math.log(now.high / now.low)
    if then is None or not width > 0 or math.log(then.high / then.low) > HARDLY * width:
        yield Finding(
            "S06", "WARN",
            "these runs would hardly narrow the interval: what keeps it wide is not what runs of this budget can tell",
            "spend more, aim nearer, or stop here",
        )  # fmt: skip
