"""Do the runs determine the law? The findings of the search itself: codes F01 to F04 and F14."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.optimise.objective import noise
from isoflop.fitting.optimise.starts import partners, project
from isoflop.formula.arrays import Array, Bools, spread_out
from isoflop.quantities import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from isoflop.fitting.optimise.problem import Problem


FEW_AGREE, LARGE_CONDITION, FEW_TO_SPARE, FEW_VALUES = 0.3, 1e6, 10, 3
FEWEST_SPARE = 3
ROUNDING = 1e-13
IN_STEP = 0.02
"""Inputs whose spread off a common line is less than this share of their spread along it move in step."""
SOME_RUNS = 4_000
VANISHED = 1e-6
"""A term that moves the loss by less than this share has vanished."""
IN_NULL_SPACE = 1e-6
"""The least part that a parameter has in a direction along which no run's loss moves."""
ONE_VALUE = 5e-4
"""The spread of an input's logarithm below which it has one value."""
PURE_NUMBERS = ("Experts", "Granularity", "Bits", "Share", "Value")
"""Kinds of inputs that a law may add to a number, so that they keep their unit."""
GROWING = ("Params", "Tokens", "Flops", "Steps", "Count")
"""Kinds of inputs that more of makes no loss higher; of a learning rate or a share it may."""
RISES = 4.0
"""Standard errors of the slope by which a loss rises with an input that has vanished from the law."""
LEAST_SIZE, RATIOS = 1e3, (1.0, 1e4)
"""Parameters and tokens below which no run is proposed, and tokens per parameter between which it is: what one would
train. Runs that were trained beyond them widen them."""
MORE_IS_BETTER = "where more is better, say so, as in --metric accuracy:up:1"


def doubts(problem: Problem, theta: Array, *, agreement: float, condition: float) -> tuple[Finding, ...]:
    """Return the findings about the best theta (parameters,) of a problem."""
    some = _some(problem)
    return (
        *_starts(agreement),
        *_signal(some, theta),
        *_rising(some, theta),
        *_bounds(some, theta),
        *_identified(some, theta, condition),
        *_enough(problem),
    )


def determined(problem: Problem, theta: Array) -> bool:
    """Return whether every parameter moves the predictions in a way of its own, to rounding error."""
    slopes = problem.linearise(theta[None])[1][0]
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    if not np.isfinite(slopes).all() or (length <= 0).any():
        return False
    values = np.linalg.svd(slopes / length, compute_uv=False)
    reach = length[:, 0] * np.maximum(np.abs(theta), 1e-300)
    return bool(values[-1] > ROUNDING * values[0] and (reach > ROUNDING * np.abs(problem.target).max()).all())


def unknown(problem: Problem, theta: Array) -> tuple[str, ...]:
    """Return the parameters that the runs say nothing about: they can be moved without any run's loss moving.

    They are those in the null space of the slopes J (runs, parameters), columns of unit length: J v = 0 to rounding.
    """
    slopes = _some(problem).linearise(theta[None])[1][0]
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    if not np.isfinite(slopes).all():
        return ()
    unit = slopes / np.where(length > 0, length, 1.0)
    _, values, right = np.linalg.svd(unit.T, full_matrices=True)
    left_open = np.ones(len(right), dtype=bool)
    left_open[: len(values)] = values <= ROUNDING * values[0]
    moved = np.abs(right[left_open]).max(axis=0, initial=0.0) > IN_NULL_SPACE
    return tuple(name for name, free in zip(problem.law.parameters, moved, strict=True) if free)


def unsplit(inputs: Mapping[str, Array]) -> str:
    """Say why runs do not tell how to split a budget between N and D; empty where they do, or have no such inputs."""
    if not {"N", "D"} <= set(inputs):
        return ""
    logs = np.log(np.stack([inputs["N"], inputs["D"]]))
    for key, column in zip(("N", "D"), logs, strict=True):
        if np.ptp(column) < ONE_VALUE:
            return f"all runs have the same {key}"
    return "N and D move in step in these runs" if in_step(logs) else ""


def _starts(agreement: float) -> Iterator[Finding]:
    if agreement < FEW_AGREE:
        yield Finding(
            "F01", "WARN",
            f"only {agreement:.0%} of the starts reached the best objective, so a better one may be hidden",
            "raise --starts, or choose a law with fewer parameters",
        )  # fmt: skip


def _signal(problem: Problem, theta: Array) -> Iterator[Finding]:
    residuals = problem.residuals(theta[None])[0]
    # So much would a fit of as many parameters find in pure noise, twice over.
    chance = 2 * noise(residuals, theta.size) * np.sqrt(theta.size / problem.size)
    if problem.prior is not None and problem.size < theta.size + FEWEST_SPARE:
        chance = 0.0  # of so few runs, what a prior makes of them tells nothing about their noise
    if np.std(problem.target - residuals) <= max(chance, VANISHED):
        yield Finding(
            "F14", "BLOCK",
            f"no scaling signal: the loss falls no more with {' or '.join(problem.inputs)} than noise would",
            "check that the columns are the right ones, and that the larger runs were trained long enough; "
            f"{MORE_IS_BETTER}",
        )  # fmt: skip


def _rising(problem: Problem, theta: Array) -> Iterator[Finding]:
    """Say that the loss rises with an input: its term has vanished, and what is left goes up along it."""
    residuals = problem.residuals(theta[None])[0]
    for key, column in problem.inputs.items():
        if problem.law.inputs[key].name not in GROWING:
            continue
        elsewhere = replace(problem, inputs={**problem.inputs, key: 1.1 * column})
        if (
            np.abs(elsewhere.residuals(theta[None])[0] - residuals).max() < VANISHED
            and _slope(column, residuals) > RISES
        ):
            yield Finding(
                "F14", "BLOCK",
                f"the loss rises with {key}, which {problem.law.name} cannot say",
                f"check that {key} and loss are the right columns, and that the larger runs were trained as well "
                f"as the smaller ones; {MORE_IS_BETTER}",
            )  # fmt: skip


def _slope(column: Array, residuals: Array) -> float:
    """Return the slope of residuals along the logarithm of a column, in standard errors; outliers count little."""
    x = spread_out(column) - spread_out(column).mean()
    reach = 3 * noise(residuals, 1)
    y = np.clip(residuals, -reach, reach)
    y = y - y.mean()
    along = x @ x
    if not along > 0:
        return 0.0
    slope = (x @ y) / along
    error = np.sqrt(((y - slope * x) ** 2).sum() / max(x.size - 2, 1) / along)
    return float(slope / error) if error > 0 else 0.0


def _bounds(problem: Problem, theta: Array) -> Iterator[Finding]:
    names = list(problem.law.parameters)
    for position, name in enumerate(names):
        if theta[position] <= problem.lower[position] or theta[position] >= problem.upper[position]:
            value = problem.natural(theta[None])[0, position]
            yield Finding(
                "F02", "WARN",
                f"{name} ended at its bound, {value:.4g}: the runs do not hold it inside",
                f"pin it (--fix {name}=VALUE), or add runs that show it",
            )  # fmt: skip
    slopes = np.abs(problem.linearise(theta[None])[1][0]).max(axis=1)
    for position in np.flatnonzero(problem.logged & (slopes < VANISHED)).tolist():
        yield Finding(
            "F02", "WARN",
            f"the term of {names[position]} has vanished: it moves no run's loss by a millionth",
            f"use a law without {names[position]}",
        )  # fmt: skip


def _identified(problem: Problem, theta: Array, condition: float) -> Iterator[Finding]:
    if in_step(np.stack([spread_out(column) for column in problem.inputs.values()])):
        yield Finding(
            "F03", "WARN",
            f"{' and '.join(problem.inputs)} move in step in these runs, so their effects cannot be told apart",
            _remedy(problem, theta),
        )  # fmt: skip
    elif condition > LARGE_CONDITION or not determined(problem, theta):
        yield Finding(
            "F03", "WARN",
            f"these runs do not tell {', '.join(_loosest(problem, theta))} apart (condition number {condition:.1e})",
            f"{_remedy(problem, theta)}, or pin one of them (--fix)",
        )  # fmt: skip


def in_step(logs: Array) -> bool:
    """Return whether runs lie on one line in the logarithms of their inputs (inputs, runs), none of them constant."""
    if (np.ptp(logs, axis=1) < ONE_VALUE).any():
        return False
    values = np.linalg.svd(logs - logs.mean(axis=1, keepdims=True), compute_uv=False)
    return len(values) > 1 and bool(values[-1] < IN_STEP * values[0])


def _loosest(problem: Problem, theta: Array) -> list[str]:
    """Name the parameters that make up the least determined combination."""
    slopes = problem.linearise(theta[None])[1][0]
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    _, _, right = np.linalg.svd((slopes / np.where(length > 0, length, 1.0)).T, full_matrices=False)
    share = np.abs(right[-1])
    return [name for name, part in zip(problem.law.parameters, share, strict=True) if part > 0.3 * share.max()]


def _remedy(problem: Problem, theta: Array) -> str:
    run = separating_run(problem, theta, noise(problem.residuals(theta[None])[0], theta.size))
    return "; ".join(filter(None, (_advice(problem), run)))


def _advice(problem: Problem) -> str:
    if {"N", "D"} <= set(problem.inputs):
        ratio = np.log10(problem.inputs["D"]) - np.log10(problem.inputs["N"])
        if np.ptp(ratio) < np.log10(1.05):
            return "all runs have one ratio of tokens to parameters: add runs at another"
        return "add runs at more extreme ratios of tokens to parameters, or at a larger budget"
    return "add runs over a wider range"


def separating_run(problem: Problem, theta: Array, noise: float) -> str:
    """Name the run, no dearer than the dearest one here, that would best tell the loosest combination apart.

    One run more shrinks the variance along the loosest direction v by (v'Cg)^2 / (noise^2 + g'Cg),
    where C is the covariance and g what the run would see of the parameters. Empty without N and D.
    """
    if set(problem.inputs) != {"N", "D"}:
        return ""
    size, tokens = (np.log(problem.inputs[key]) for key in ("N", "D"))
    places = [np.linspace(column.min() - 3, column.max() + 3, 61) for column in (size, tokens)]
    n, d = (place.ravel() for place in np.meshgrid(*places, indexing="ij"))
    within = (n + d <= (size + tokens).max()) & _trainable(np.stack([n, d]), np.stack([size, tokens]))
    if not within.any():
        return ""
    n, d = n[within], d[within]
    slopes = problem.linearise(theta[None])[1][0].T
    scale = np.linalg.norm(slopes, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    with np.errstate(over="ignore"):  # three orders beyond the largest numbers there are
        new = replace(problem, inputs={"N": np.exp(n), "D": np.exp(d)}, target=np.zeros(n.size))
    seen = new.linearise(theta[None])[1][0].T / scale
    _, values, right = np.linalg.svd(slopes / scale, full_matrices=False)
    with np.errstate(all="ignore"):  # what the runs say nothing of spreads without end
        spread = (noise / np.maximum(values, 1e-9 * values[0])) ** 2
    with np.errstate(all="ignore"):  # the law may overflow so far from its runs
        along = seen @ right.T
        gain = (spread[-1] * along[:, -1]) ** 2 / (max(noise, 1e-12) ** 2 + (along**2 * spread).sum(axis=1))
    best = int(np.argmax(np.where(np.isfinite(gain), gain, -1.0)))
    return f"one run would separate them best: N={show(float(np.exp(n[best])), 2)}, D={show(float(np.exp(d[best])), 2)}"


def _trainable(places: Array, runs: Array) -> Bools:
    """Return which places (places,) somebody would train at, by log N and log D (2, places) and those of the runs."""
    ratio, had, (low, high) = places[1] - places[0], runs[1] - runs[0], np.log(RATIOS)
    large = (places >= np.minimum(np.log(LEAST_SIZE), runs.min(axis=1))[:, None]).all(axis=0)
    return np.asarray(large & (ratio >= min(low, had.min())) & (ratio <= max(high, had.max())))


def _enough(problem: Problem) -> Iterator[Finding]:
    spare = problem.size - len(problem.law.parameters)
    if spare < FEW_TO_SPARE:
        yield Finding(
            "F04", "WARN",
            f"{problem.size} runs for {len(problem.law.parameters)} parameters leave {spare} to judge the fit by",
            f"add {FEW_TO_SPARE - spare} runs or more, or choose a smaller law",
        )  # fmt: skip
    for key, column in problem.inputs.items():
        values = 1 + np.count_nonzero(np.diff(np.sort(np.round(spread_out(column), 3))))
        if values == 1:
            yield Finding(
                "F04", "BLOCK",
                f"all runs have the same {key}, so its effect cannot be seen",
                f"add runs at other {key}, or fit a law without {key}, such as {_without(key)}",
            )  # fmt: skip
        elif values < FEW_VALUES:
            yield Finding("F04", "WARN", f"only {values} different values of {key}", f"add runs at other {key}")


def _without(key: str) -> str:
    other = {"N": "D", "D": "N"}.get(key, "x")
    return f'"E + A/{other}^alpha"'


def condition(problem: Problem, theta: Array) -> float:
    """Return the condition number of the fit with every input measured in units of its middle.

    So centred, a scale is its term's size amid the runs, no longer tied to its exponent. Real
    parameters have no such centre: what they explain is taken out first, and only the others count.
    """
    some = _some(problem)
    kinds, formula = problem.law.inputs, problem.law.formula.expr
    middle = {
        key: 0.0 if kinds[key].name in PURE_NUMBERS or np.any(column <= 0) else float(np.log(column).mean())
        for key, column in some.inputs.items()
    }
    inputs = {key: column / np.exp(middle[key]) for key, column in some.inputs.items()}
    centred = replace(some, inputs=inputs, target=some.target - some.residuals(theta[None])[0])
    roles = [kind.role for kind in problem.law.parameters.values()]
    begin = theta.copy()
    for position, key in enumerate(problem.law.parameters):
        if roles[position] in ("size", "break"):
            begin[position] -= np.mean([middle[near] for near in partners(formula, key, set(middle)) or middle])
    with np.errstate(all="ignore"):
        columns = centred.linearise(project(centred, begin[None]))[1][0].T
    if not np.isfinite(columns).all():
        return float("nan")
    length = np.linalg.norm(columns, axis=0)
    columns = columns / np.where(length > 0, length, 1.0)
    real = np.array([role == "real" for role in roles])
    basis = np.linalg.qr(columns[:, real])[0]
    rest = columns[:, ~real] - basis @ (basis.T @ columns[:, ~real])
    values = np.linalg.svd(rest, compute_uv=False)
    return float((values[0] / max(values[-1], 1e-150 * values[0], 1e-300)) ** 2) if values.size else 1.0


def _some(problem: Problem) -> Problem:
    """Return a large problem on an even share of its runs: these questions need no more."""
    return problem.take(slice(0, None, max(1, problem.size // SOME_RUNS)))
