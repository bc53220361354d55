"""Observational laws: what public models score on many benchmarks, as a few capabilities that grow with compute.

Ruan et al. 2024 (arXiv:2405.10938): the benchmark scores of many models lie near a space of few dimensions; each
capability is linear in log compute within a family of models; a sigmoid of the capabilities gives another metric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.display import View, dim, findings_list, group, heading, table
from isoflop.errors import DataError, UsageError, shown
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.findings import Answer, Finding, json_of
from isoflop.fitting.optimise.damped import Normal, descend
from isoflop.formula.arrays import Array, student

FEWEST_MODELS, FEWEST_BENCHMARKS, OF_FAMILY, MOST_HELD_OUT = 10, 3, 2, 0.6
ROUNDS = 200
RIDGE = 1e-3
"""What is added to the curvature of a sigmoid's slopes, in the units of standardised inputs."""


class Space(NamedTuple):
    """Principal capabilities of scores: mean (benchmarks,), axes (components, benchmarks), shares of the variance."""

    mean: Array
    axes: Array
    shares: Array

    def of(self, scores: Array) -> Array:
        """Return the capabilities (models, components) by least squares from the scores that are there."""
        found = np.full((len(scores), len(self.axes)), np.nan)
        for row, values in enumerate(scores - self.mean):
            known = np.isfinite(values)
            if known.sum() >= len(self.axes):
                found[row] = np.linalg.lstsq(self.axes[:, known].T, values[known], rcond=None)[0]
        return found


def capability_space(scores: Array, components: int = 3) -> Space:
    """Return the principal capabilities of scores (models, benchmarks), a missing score filled by its own first one.

    Scores are centred, not scaled. A missing score starts at its benchmark's mean and is replaced by what one
    component says of it until nothing moves; the components are then those of the filled table.
    """
    missing = ~np.isfinite(scores)
    mean = np.nanmean(scores, axis=0)
    filled = np.where(missing, mean, scores)
    for _ in range(ROUNDS if missing.any() else 0):
        centre = filled.mean(axis=0)
        left, sizes, axes = np.linalg.svd(filled - centre, full_matrices=False)
        again = np.where(missing, centre + sizes[0] * np.outer(left[:, 0], axes[0]), scores)
        moved, filled = np.abs(again - filled).max(), again
        if moved < 1e-9:
            break
    _, sizes, axes = np.linalg.svd(filled - filled.mean(axis=0), full_matrices=False)
    upright = np.sign(axes.sum(axis=1, keepdims=True))
    return Space(
        filled.mean(axis=0), (axes * np.where(upright == 0, 1, upright))[:components], sizes**2 / (sizes**2).sum()
    )


class Sigmoid(NamedTuple):
    """score = top / (1 + exp(-(weights · x + offset))) of standardised x; covariance is of weights and offset."""

    weights: Array
    centre: Array
    unit: Array
    covariance: Array
    scatter: float
    freedom: int

    def at(self, x: Array) -> Array:
        """Return the score at inputs (points, inputs)."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self._rows(x) @ self.weights, -500, 500))))

    def _rows(self, x: Array) -> Array:
        return np.column_stack([(x - self.centre) / self.unit, np.ones(len(x))])

    def spread(self, x: Array, noise: Array | None = None) -> Array:
        """Return the standard deviation of a new model's score; noise is the variance of weights · x itself."""
        rows, score = self._rows(x), self.at(x)
        inside = np.einsum("ni,ij,nj->n", rows, self.covariance, rows) + (0.0 if noise is None else noise)
        return np.asarray(np.sqrt((score * (1 - score)) ** 2 * inside + self.scatter**2))


def fit_sigmoid(x: Array, score: Array) -> Sigmoid:
    """Fit a sigmoid from inputs (models, inputs) to scores by least squares: Gauss and Newton, damped."""
    centre, unit = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-12)
    rows = np.column_stack([(x - centre) / unit, np.ones(len(x))])
    ridge = np.diag([*np.full(x.shape[1], RIDGE), 0.0])

    def looked(at: Array) -> tuple[Array, Array]:
        value = 1 / (1 + np.exp(-np.clip(rows @ at, -500, 500)))
        return score - value, (value * (1 - value))[:, None] * rows

    def cost(at: Array) -> Normal:
        off, slope = looked(at)
        return Normal(float(off @ off + at @ ridge @ at), slope.T @ off - ridge @ at, slope.T @ slope + ridge)

    weights = descend(cost, np.zeros(rows.shape[1]), steps=ROUNDS, tolerance=1e-14)
    residuals, slopes = looked(weights)
    freedom = max(len(x) - rows.shape[1], 1)
    scatter = math.sqrt(float(residuals @ residuals) / freedom)
    covariance = np.asarray(scatter**2 * np.linalg.inv(slopes.T @ slopes + ridge), dtype=np.float64)
    return Sigmoid(weights, centre, unit, covariance, scatter, freedom)


class Held(NamedTuple):
    """A model held out: what it scored, what its capabilities say, its family's line, and compute alone."""

    model: str
    compute: float
    score: float
    capabilities: Estimate
    family: float
    baseline: float


@dataclass(frozen=True)
class Observed(Answer):
    """What capabilities of public models say of one metric, tested on the models of the largest compute.

    shares   how much of the variance of the other scores each component explains
    lines    family → slope and offset of the first capability in log10 compute
    held     the models held out
    errors   way → mean absolute error on the models held out: capabilities, family line, sigmoid in compute alone

    >>> import numpy as np
    >>> C, skill = np.geomspace(1e20, 1e24, 24), np.linspace(0.3, 0.9, 24)
    >>> table = {"mmlu": skill, "arc": skill**1.2, "piqa": skill**0.8, "math": 1 / (1 + np.exp(-8 * (skill - 0.7)))}
    >>> runs = isoflop.Runs.of(C=C, model_family=["a", "b"] * 12, loss=4 - skill, **table)
    >>> isoflop.observe(runs, "math", benchmarks=["mmlu", "arc", "piqa"], family="model_family", components=1).models
    24
    """

    target: str
    benchmarks: tuple[str, ...]
    models: int
    shares: tuple[float, ...]
    lines: dict[str, tuple[float, float]]
    held: tuple[Held, ...]
    errors: dict[str, float]
    source: str
    level: float
    findings: tuple[Finding, ...] = field(default=())

    @property
    def inside(self) -> float:
        """Return the share of the held-out models inside their interval."""
        return float(np.mean([one.capabilities.low <= one.score <= one.capabilities.high for one in self.held]))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as it stands in the JSON."""
        return json_of(self, "source target benchmarks models shares lines held errors inside level findings")

    def __rich__(self) -> View:
        """Return the held-out models with each forecast beside what they scored."""
        total = ", ".join(f"{share:.0%}" for share in self.shares[:3])
        rows = [
            (
                shown(one.model.rsplit("/", maxsplit=1)[-1]), f"{one.score:.3f}", f"{one.capabilities.value:.3f}",
                f"{one.capabilities.low:.3f} – {one.capabilities.high:.3f}",
                "–" if math.isnan(one.family) else f"{one.family:.3f}", f"{one.baseline:.3f}",
            )
            for one in self.held
        ]  # fmt: skip
        columns = ["held out", "scored", "said", f"{self.level:.0%} interval", "family", "compute"]
        words = "said: by its other scores; family: by its family's line in compute; compute: by nothing else"
        missed = [
            (name, "–" if math.isnan(error) else f"{100 * error:.1f} points") for name, error in self.errors.items()
        ]
        return group(
            heading(f"{shown(self.target)} from {len(self.benchmarks)} other benchmarks of {self.models} models"),
            dim(f"components explain {total} of the variance; {self.inside:.0%} of those held out fell inside"),
            table(columns, rows, gap=2), dim(words), "", table(["mean absolute error", ""], missed),
            findings_list(self.findings),
        )  # fmt: skip


def observe(
    runs: Runs | ColumnMapping,
    target: str,
    *,
    benchmarks: Sequence[str] = (),
    family: str | None = None,
    components: int = 3,
    hold_out: float = 0.2,
    level: float = LEVEL,
) -> Observed:
    """Say how well capabilities of public models foretell a metric of those of the largest compute.

    The models of the largest compute are held out of everything: of the components, the families' lines and the
    sigmoids. Their capabilities come from their other scores.

    runs      a table with a row for each model, C, and scores as shares
    target    the column to foretell; benchmarks: the columns behind the capabilities, all other shares unless said
    family    the column of the models' families
    hold_out  the share of the models held out, those of the largest compute

    >>> import numpy as np
    >>> C, skill = np.geomspace(1e20, 1e24, 24), np.linspace(0.3, 0.9, 24)
    >>> table = {"mmlu": skill, "arc": skill**1.2, "piqa": skill**0.8, "math": 1 / (1 + np.exp(-8 * (skill - 0.7)))}
    >>> runs = isoflop.Runs.of(C=C, model_family=["a", "b"] * 12, loss=4 - skill, **table)
    >>> found = isoflop.observe(runs, "math", benchmarks=["mmlu", "arc", "piqa"], family="model_family", components=1)
    >>> found.target, found.benchmarks
    ('math', ('mmlu', 'arc', 'piqa'))
    """
    runs = as_runs(runs)
    if not 0 < hold_out < MOST_HELD_OUT:
        raise UsageError(f"hold_out={hold_out:g} must be a share of the models below {MOST_HELD_OUT:g}, as in 0.2.")
    refuse_level(level)
    table = _scores(runs, target, benchmarks)
    if not 1 <= components <= len(table.names):
        raise UsageError(f"components={components} must be from 1 to {len(table.names)}, the number of benchmarks.")
    small, large = _split(runs, table, target=target, components=components, hold_out=hold_out)
    y, compute = runs[target], np.log10(runs["C"])
    space = capability_space(table.scores[small], components)
    known, new = space.of(table.scores[small]), space.of(table.scores[large])
    families = runs[family] if family else np.full(len(runs), "all", dtype=object)
    lines = _lines(families[small], compute[small], known)
    ways = _ways(
        fit_sigmoid(known, y[small]), new, level=level,
        foretold=[_on(lines, str(families[row]), float(compute[row])) for row in large],
    )  # fmt: skip
    alone = fit_sigmoid(compute[small, None], y[small]).at(compute[large, None])
    held = tuple(
        Held(_model(runs, row), float(10 ** compute[row]), float(y[row]), *way, float(guess))
        for row, way, guess in zip(large.tolist(), ways, alone, strict=True)
    )
    errors = {
        "capabilities": _mean([abs(one.capabilities.value - one.score) for one in held]),
        "family line": _mean([abs(one.family - one.score) for one in held]),
        "compute alone": _mean([abs(one.baseline - one.score) for one in held]),
    }
    firsts = {name: (float(line[0, 0]), float(line[1, 0])) for name, line in lines.items()}
    return Observed(
        target, table.names, small.size + large.size, tuple(space.shares.tolist()), firsts, held, errors,
        runs.source, level, _doubts(errors, target),
    )  # fmt: skip


def _split(
    runs: Runs, table: _Table, *, target: str, components: int, hold_out: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the models to fit, and of those held out: the share of largest compute."""
    enough = np.isfinite(table.scores).sum(axis=1) >= components
    at = np.flatnonzero(np.isfinite(runs["C"]) & np.isfinite(runs[target]) & enough)
    if at.size < FEWEST_MODELS:
        raise DataError(f"{runs.source}: {at.size} models with C, {shown(target)} and other scores; "
                        f"{FEWEST_MODELS} are needed.")  # fmt: skip
    at = at[np.argsort(runs["C"][at], kind="stable")]
    count = max(round(hold_out * at.size), 1)
    return at[:-count], at[-count:]


def _ways(
    by_capability: Sigmoid, new: Array, *, foretold: Sequence[Array], level: float
) -> list[tuple[Estimate, float]]:
    """Return what its own capabilities say of each new model, and what those foretold by its family's line say."""
    value = by_capability.at(new)
    wide = student(level, by_capability.freedom) * by_capability.spread(new)
    low, high = np.maximum(value - wide, 0.0), np.minimum(value + wide, 1.0)
    by_line = [float(by_capability.at(one[None])[0]) if np.isfinite(one).all() else math.nan for one in foretold]
    own = [Estimate(float(value[row]), float(low[row]), float(high[row]), level) for row in range(len(new))]
    return list(zip(own, by_line, strict=True))


class _Table(NamedTuple):
    names: tuple[str, ...]
    scores: Array


def _scores(runs: Runs, target: str, benchmarks: Sequence[str]) -> _Table:
    shares = [
        name for name, values in runs.columns.items()
        if values.dtype.kind == "f" and name not in {"N", "D", "C", "loss"} and np.isfinite(values).any()
        and np.nanmin(values) >= 0 and np.nanmax(values) <= 1
    ]  # fmt: skip
    names = tuple(benchmarks) or tuple(name for name in shares if name != target)
    for name in (target, *names):
        runs[name]
        if name not in shares:
            raise DataError(f'{runs.source}: column "{shown(name)}" does not hold shares from 0 to 1.')
    if target in names or len(names) < FEWEST_BENCHMARKS:
        raise UsageError(f"capabilities need {FEWEST_BENCHMARKS} benchmarks other than {shown(target)}; "
                         f"there are {', '.join(map(shown, shares))}.")  # fmt: skip
    return _Table(names, np.column_stack([runs[name] for name in names]))


def _lines(families: Any, compute: Array, known: Array) -> dict[str, Array]:
    """Return family → slopes and offsets (2, components) in log10 compute, of families of two sizes or more."""
    found = {}
    for name in dict.fromkeys(families.tolist()):
        rows = (families == name) & np.isfinite(known[:, 0])
        if np.unique(compute[rows]).size >= OF_FAMILY:
            x = np.column_stack([compute[rows], np.ones(rows.sum())])
            found[str(name)] = np.linalg.lstsq(x, known[rows], rcond=None)[0]
    return found


def _on(lines: dict[str, Array], family: str, compute: float) -> Array:
    return np.asarray(compute * lines[family][0] + lines[family][1]) if family in lines else np.array([math.nan])


def _model(runs: Runs, row: int) -> str:
    name = next((name for name in runs.columns if name.lower() == "model"), None)
    return str(runs[name][row]) if name else runs.names[row]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _doubts(errors: dict[str, float], target: str) -> tuple[Finding, ...]:
    if errors["capabilities"] < errors["compute alone"]:
        return ()
    return (Finding("A08", "WARN", f"capabilities foretell {shown(target)} no better than compute alone does",
                    "forecast it from compute, or add benchmarks that ask for the same ability"),)  # fmt: skip
