"""Grids and ladders: budgets and sizes at equal factors, centred where a law known so far puts the best size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.compute.allocation import Allocation
from isoflop.compute.flops import rule_named
from isoflop.compute.terms import Terms
from isoflop.data.runs.costs import rule_of
from isoflop.errors import UsageError
from isoflop.experiments.design.result import Design, planned, show_flops
from isoflop.findings import Finding
from isoflop.forecasting.predictor import Predictor
from isoflop.forecasting.source import Source, settle
from isoflop.formula.arrays import Array
from isoflop.quantities import as_numbers, show

PRIOR = "besiroglu2024"
"""The curve that centres a grid where there are no runs yet."""
OFF, STEP = 2.0, 2.0
"""By what factor the prior's best size may be off; the least factor between sizes, below which noise hides a valley."""
EDGE = 0.7
"""A minimum within half a step of the last size is not inside the grid (finding F11); noise moves it a little."""
FAR = 1.0
"""Decades from the runs behind a prior at which its best size is a guess."""
MOST = 10_000


def grid(
    budgets: Sequence[float] | Array,
    *,
    sizes: int = 5,
    step: float | None = None,
    prior: Source | str = PRIOR,
    off: float = OFF,
    min_tokens: float = 1.0,
    flop_rule: str = "6ND",
) -> Design:
    """Return an isoFLOP grid: at each budget, sizes a factor `step` apart about the size that a prior puts best.

    budgets     FLOPs, as np.geomspace(1e17, 1e19, 4)
    step        unless it is said, 2, or as much as `off` asks for
    prior       a published curve, a fit, or runs: call again with the runs so far, and the grid is centred anew
    off         the grid is to hold each minimum inside even if the prior's best size is off by this factor
    min_tokens  runs on fewer are left out: steps times batch, below which the learning rate schedule is no schedule

    More than half a step must remain beyond each minimum: the step is at least off^(1 / ((sizes - 1) / 2 - 0.7)).
    """
    compute, rule = _positive("a budget", budgets, "FLOPs, as in budgets=[1e17, 1e18]"), rule_named(flop_rule)
    if not (3 <= sizes <= MOST and sizes * compute.size <= MOST):
        raise UsageError(f"sizes={sizes} for {compute.size} budgets: a minimum needs 3 sizes, a grid at most {MOST:,}.")
    if not (1 <= off < math.inf and (step is None or 1 < step < math.inf)):
        raise UsageError(f"off={off} and step={step} are factors: off is 1 or more, step above 1, as in step=2.")
    half = (sizes - 1) / 2
    step = max(STEP, off ** (1 / (half - EDGE))) if step is None else step
    settled = settle(prior)
    rule = rule_of(settled.runs, rule)
    best = np.exp(Allocation(settled, Terms(rule)).best(compute))
    N = best[:, None] * step ** np.linspace(-half, half, sizes)
    D = rule.tokens(np.round(N), compute[:, None])
    kept = min_tokens <= D
    if not kept.any():
        most = show(float(D.max()))
        raise UsageError(f"no run of this grid has {show(min_tokens)} tokens, the longest {most}. Raise the budgets.")
    notes = (f"sizes a factor {show(step)} apart, {show(step**half)} each side of the best by {settled.name}",
             f"a minimum stays inside if that is off by up to {show(step ** (half - EDGE))} either way")  # fmt: skip
    found = (*_narrow(step ** (half - EDGE), off, sizes), *_far(settled, compute), *_short(kept, compute, min_tokens))
    return Design("isoFLOP grid", planned(N[kept], D[kept], rule), settled.name, notes, found)


def ladder(sizes: Sequence[float] | Array, *, multiples: Sequence[float] = (20.0,), flop_rule: str = "6ND") -> Design:
    """Return a ladder: each size trained on fixed multiples of tokens per parameter.

    One multiple shows how the loss falls along one line, and cannot tell parameters from tokens.
    """
    size = np.sort(_positive("a size", sizes, "parameters, as in sizes=[1e7, 1e8]"))
    times = np.sort(_positive("a multiple", multiples, "tokens per parameter, as in multiples=[10, 20, 40]"))
    N, ratio = (column.ravel() for column in np.meshgrid(size, times, indexing="ij"))
    found = () if times.size > 1 else (Finding(
        "S01", "WARN",
        f"one multiple, {show(float(times[0]))} tokens per parameter: N and D move in step, so no law of both can be "
        "fitted (F03)",
        "add a multiple, such as --multiples 10,20,80, or forecast along this line only",
    ),)  # fmt: skip
    said = ", ".join(show(float(one)) for one in times)
    notes = (f"{size.size} sizes, each on {said} tokens per parameter",)
    return Design("ladder", planned(N, np.round(N) * ratio, rule_named(flop_rule)), notes=notes, findings=found)


def _positive(what: str, values: ArrayLike, example: str) -> Array:
    found = as_numbers(values, what).ravel() if np.size(values) else np.zeros(0)
    bad = found[~(np.isfinite(found) & (found > 0))]
    if bad.size or not found.size:
        came = f"{bad[0]:g}" if bad.size else "nothing"
        raise UsageError(f"{what} must be a finite number above zero, not {came}. Say {example}.")
    return found


def _narrow(inside: float, off: float, sizes: int) -> Iterator[Finding]:
    if inside < off * (1 - 1e-9):
        need = off ** (1 / ((sizes - 1) / 2 - EDGE))
        yield Finding(
            "S02", "WARN",
            f"the grid holds a minimum that the prior misses by up to {show(inside)}, and it may be off by {show(off)}",
            f"raise the step to {math.ceil(100 * need) / 100:g}, or the number of sizes",
        )  # fmt: skip


def _far(settled: Predictor, compute: Array) -> Iterator[Finding]:
    """Say that the prior comes from runs of quite other budgets."""
    ends = settled.fitted_on.get("C", (0.0, math.inf))
    below, above = math.log10(max(ends[0] / compute.min(), 1)), math.log10(max(compute.max() / ends[1], 1))
    if max(below, above) > FAR:
        side = "below" if below >= above else "above"
        yield Finding(
            "S03", "WARN",
            f"the budgets reach {max(below, above):.1f} decades {side} the runs behind {settled.name}, so its best "
            "sizes are a guess there",
            "train the cheapest budget first and centre the others on its runs (--prior runs.csv)",
        )  # fmt: skip


def _short(kept: NDArray[np.bool_], compute: Array, least: float) -> Iterator[Finding]:
    """Say which budgets lost their largest sizes to the least number of tokens."""
    lost = (~kept).sum(axis=1)
    if lost.any():
        many, where = int(lost.sum()), f"{int((lost > 0).sum())} of {compute.size} budgets"
        yield Finding(
            "S04", "WARN",
            f"{many} size{'s' * (many != 1)} at {where}, up to {show_flops(float(compute[lost > 0].max()))} FLOPs, "
            f"would see fewer than {show(least)} tokens and are left out: a minimum may lie at the edge",
            "raise the lowest budget, or shorten the runs",
        )  # fmt: skip
