"""law + runs → Fit: the best curve, the draws the data also allow, and what to know before trusting it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from isoflop.data.metric import Metric
from isoflop.data.read import as_runs
from isoflop.data.remembered import remembered
from isoflop.data.runs import ColumnMapping, Excluded, Runs
from isoflop.data.runs.costs import reach_of
from isoflop.display import View
from isoflop.errors import DataError
from isoflop.estimate import LEVEL, Estimate, from_draws
from isoflop.findings import Answer, Finding, Whole, allow_codes
from isoflop.fitting.bad_runs import CODES, bad_runs
from isoflop.fitting.bad_runs.residuals import gather
from isoflop.fitting.draws import FEW_RUNS, covariance, draw, run_noise
from isoflop.fitting.identifiability import condition, doubts, unknown
from isoflop.fitting.optimise.objective import Objective, noise, parse_objective
from isoflop.fitting.optimise.problem import LOGGED, Problem, problem_of
from isoflop.fitting.optimise.search import Found, search
from isoflop.fitting.options import Options, refuse_nonsense
from isoflop.formula import dual
from isoflop.formula.arrays import Array, student
from isoflop.formula.law import POSITIVE, Curve, Find, Law
from isoflop.laws import find_law
from isoflop.quantities import Kind, parse_quantity


@dataclass(frozen=True)
class Fit(Answer):
    """The best curve of a law on some runs, and how well it is known.

    curve       the best curve; `curve.fitted_on` holds the range of N, D and C of the runs
    law         the law as asked for, before anything was pinned
    draws       (draws, parameters): parameter values of curves that the data also allow
    covariance  (parameters, parameters): HC3, of the parameter values; CR3 where rows share runs
    objective   the objective with its delta; `reached` is its value, a sum over runs
    noise       robust standard deviation of the residuals in log loss; where rows share runs, of a new run's
    agreement   share of the starts that reached the best objective
    condition   condition number of the fit in centred coordinates
    noted       what was found about the runs and in the search; `findings` has the bad runs besides
    judges      whether findings look at each run, which takes longer than the fit: one of many fits need not
    runs        the runs it was fitted to; None in a saved fit of very many
    metric      what the loss was made of, if it is no loss
    unknown     the parameters that the runs say nothing about: their numbers in `curve` are any that fit
    whole_runs  how many runs the rows are checkpoints of; 0 where every row is a run of its own

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> fit = isoflop.fit("chinchilla", runs)
    >>> round(fit.curve.values["E"], 2), fit.used
    (1.14, 72)
    """

    curve: Curve
    law: Law
    draws: Array = field(repr=False)
    covariance: Array = field(repr=False)
    objective: Objective
    reached: float
    noise: float
    used: int
    agreement: float
    condition: float
    options: Options
    excluded: tuple[Excluded, ...] = ()
    noted: tuple[Finding, ...] = ()
    source: str = "runs"
    digest: str = ""
    drawn_by: str = "pairs bootstrap"
    runs: Runs | None = field(default=None, repr=False)
    whole_runs: int = 0
    metric: Metric | None = None
    unknown: tuple[str, ...] = ()
    judges: bool = True

    @property
    def parameters(self) -> dict[str, Estimate]:
        """Every parameter of the law with its interval; a pinned one has no width."""
        free = {name: self._interval(position, name) for position, name in enumerate(self.curve.law.parameters)}
        return {name: free[name] if name in free else self._pinned(name, free) for name in self.law.parameters}

    def _interval(self, position: int, name: str) -> Estimate:
        value, level = self.curve.values[name], self.options.level
        if name in self.unknown:
            return Estimate(math.nan, level=level)
        if len(self.draws):
            return from_draws(value, self.draws[:, position], level)
        reach = student(level, self.freedom) * float(np.sqrt(self.covariance[position, position]))
        if self.curve.law.parameters[name].role in LOGGED:
            share = math.exp(min(reach / value, 700.0))
            return Estimate(value, value / share, value * share, level)
        return Estimate(value, value - reach, value + reach, level)

    def _pinned(self, name: str, free: Mapping[str, Estimate]) -> Estimate:
        value = self.options.fix[name]
        if isinstance(value, str) and value in free:
            return free[value]
        number = parse_quantity(value) if isinstance(value, str) else float(value)
        return Estimate(number, number, number, self.options.level)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noted, and the runs and budgets that do not belong or decide the answer (F05, F06, F16)."""
        return self._findings

    @cached_property
    def _findings(self) -> tuple[Finding, ...]:
        if (
            self.runs is None
            or not self.judges
            or any(one.severity == "BLOCK" or one.code in CODES for one in self.noted)
        ):
            return self.noted
        return (*self.noted, *bad_runs(self, gather(*problem_behind(self)), self.runs))

    @property
    def freedom(self) -> int:
        """Runs minus free parameters; where rows share runs, whole runs minus one."""
        return self.whole_runs - 1 if self.whole_runs else self.used - len(self.curve.law.parameters)

    @property
    def own_runs(self) -> Runs:
        """The runs it was fitted to; raises DataError for a fit that was saved without them."""
        if self.runs is None:
            without = "the fit was saved without its runs, so they cannot be looked at"
            raise DataError(f"{self.source}: {without}. Fit again.")
        return self.runs

    @property
    def name(self) -> str:
        """The curve's name: which law, fitted to which runs."""
        return self.curve.name

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The best curve: the one law that answers."""
        return (self.curve,)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of the law, with what sets this fit of it apart from the free one by the robust objective."""
        pinned = [f"{key}={value}" for key, value in self.options.fix.items()]
        bounded = [f"{low:g}≤{key}≤{high:g}" for key, (low, high) in self.options.bounds.items()]
        apart = pinned + bounded + [self.options.objective] * (self.options.objective != "robust")
        return (f"{self.law.name} ({', '.join(apart)})" if apart else self.law.name,)

    @property
    def inputs(self) -> Mapping[str, Kind]:
        """The law's inputs."""
        return self.curve.law.inputs

    @property
    def fitted_on(self) -> Mapping[str, tuple[float, float]]:
        """The lowest and highest of each input, N, D and C among the runs."""
        return self.curve.fitted_on

    def log_loss(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss at inputs (points,)."""
        return self.curve.log_loss(at)

    def each_law(self, at: Mapping[str, Array]) -> Array:
        """Return the log loss by each law that answers, (1, points)."""
        return self.curve.each_law(at)

    def shares(self, at: Mapping[str, Array]) -> Array:
        """Return how much each law counts, (1, points)."""
        return self.curve.shares(at)

    def standard_error(self, at: Mapping[str, Array]) -> Array:
        """Return the standard error of a new run's log loss at inputs (points,), if the law is right.

        Delta method: error² = g' V g + noise², with g the slopes of log loss and V the covariance of the parameters.
        """
        law, points = self.curve.law, np.shape(next(iter(at.values())))
        given = {key: np.asarray(value) for key, value in self.curve.values.items()} | dict(at)
        value, slopes = dual.gradient(law.formula, given, tuple(law.parameters))
        zero = np.zeros(points)
        gradient = np.array([np.broadcast_to(slopes.get(key, zero) / value, points) for key in law.parameters])
        with np.errstate(all="ignore"):
            variance = np.einsum("pn,pq,qn->n", gradient, self.covariance, gradient) + self.noise**2
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def draws_of(self, find: Find, at: Mapping[str, Array]) -> Array:  # noqa: ARG002 - one signature
        """Return how a quantity differs on other curves that the runs allow from its best value, (draws, ...)."""
        found = find(self.curve.law, np.concatenate([self.curve.row, self.draws]))
        return found[1:] - found[:1]

    def as_dict(self) -> dict[str, Any]:
        """Return the law and its parameters; what `isoflop fit --json` prints has these, and how it was fitted."""
        found = {name: one.as_dict() for name, one in self.parameters.items()}
        return {"law": self.law.name, "formula": str(self.law.formula), "parameters": found}

    def __rich__(self) -> View:
        """Return the fit on one screen: what it says, each parameter with its interval, a line for each doubt."""
        from isoflop.fitting.shown import one_screen

        return one_screen(self)

    def full(self) -> Whole:
        """Return all there is to see: how it was fitted besides, and the findings with their remedies."""
        from isoflop.fitting.shown import everything

        return Whole(everything(self))


def fit(
    law: str | Law,
    runs: Runs | ColumnMapping,
    *,
    objective: str = "robust",
    draws: int = 1000,
    seed: int = 0,
    starts: int = 32,
    level: float = LEVEL,
    fix: Mapping[str, str | float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    log: bool = True,
    allow: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> Fit:
    """Fit a law to runs and return the best curve with everything needed to doubt it.

    law        a catalogue name, a typed formula or a Law
    runs       a table with a column for each of the law's inputs, and `loss`
    objective  robust (Huber on log loss, threshold from the noise), huber:1e-3, squares, envelope
    draws      how many curves to draw from what the data allow; 0 gives delta-method intervals
    fix        parameters pinned to a number or tied to another: {"E": 1.69, "beta": "alpha"}
    bounds     parameter → (lowest, highest)
    log        residuals are in log loss; otherwise in the loss itself
    allow      codes of findings that would block, to go on in spite of, such as ["D11"]
    inputs     names in a typed formula that are columns, not parameters; those of the table are found by themselves,
               except exponents, and A, B, E, alpha, beta, gamma and delta (F17 says so)

    Where rows are checkpoints that share runs, every interval comes from whole runs.
    Raises DataError when the runs cannot carry the law. Equal seeds give equal results.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> fit = isoflop.fit("chinchilla", runs)
    >>> round(fit.curve.values["E"], 2), fit.used
    (1.14, 72)
    """
    options = Options(objective, draws, seed, starts, level, dict(fix or {}), dict(bounds or {}), log, tuple(allow))
    table = as_runs(runs, allow=allow)
    full = find_law(law, [name for name in table.columns if name != "loss"], inputs) if isinstance(law, str) else law
    return _fitted(full, table, options)


@remembered
def _fitted(law: Law, runs: Runs, options: Options) -> Fit:
    free = law.pinned(options.fix)
    refuse_nonsense(free, options)
    usable = _usable(free, runs)
    inputs = {key: usable[key] for key in free.inputs}
    problem = problem_of(free, inputs, usable["loss"], log=options.log, bounds=options.bounds)
    found = search(
        problem, parse_objective(options.objective), count=options.starts, seed=options.seed, rows=usable.rows
    )
    return fit_at(problem, found, usable, options=options, law=law)


FEWEST_SPARE = 2
"""Runs more than parameters from which there are intervals: of fewer, residuals say nothing of the noise."""


def refit(one: Fit, runs: Runs, *, starts: int) -> Fit:
    """Fit the same law in the same way to other runs, without draws."""
    told = one.options
    return fit(
        one.law, runs, objective=told.objective, draws=0, seed=told.seed, starts=starts, level=told.level,
        fix=told.fix, bounds=told.bounds, log=told.log, allow=told.allow,
    )  # fmt: skip


def fit_at(problem: Problem, found: Found, runs: Runs, *, options: Options, law: Law) -> Fit:
    """Return the fit of a law whose optimum has been found, with its draws and findings."""
    theta, objective = found.theta, found.objective
    values = problem.natural(theta[None])[0]
    group = runs.clusters
    spread = covariance(problem, theta, objective, clusters=group)
    count = options.draws
    if problem.size < theta.size + FEWEST_SPARE:  # so few runs lie on the curve whatever their noise is
        spread, count = np.full_like(spread, np.nan), 0
    drawn, drawn_by = draw(problem, theta, objective, covariance=spread, count=count, seed=options.seed, clusters=group)
    unit = np.where(problem.logged, values, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):  # a vanished term is known to within many powers of ten only
        spread = spread * np.outer(unit, unit)
    ranges = {key: runs[key] for key in ("N", "D", "C") if key in runs} | reach_of(runs) | dict(problem.inputs)
    curve = problem.law.at(
        f"{law.name} fitted to {runs.source}",
        cite=law.cite,
        fitted_on={key: (float(column.min()), float(column.max())) for key, column in ranges.items()},
        **dict(zip(problem.law.parameters, values.tolist(), strict=True)),
    )
    loose = condition(problem, theta)
    return Fit(
        curve=curve,
        law=law,
        draws=drawn,
        covariance=spread,
        objective=objective,
        reached=float(problem.normal(theta[None], objective).objective[0]),
        noise=(noise(problem.residuals(theta[None])[0], theta.size) if group is None else
               run_noise(problem, theta, objective, clusters=group)),
        used=problem.size,
        agreement=found.agreement,
        condition=loose,
        options=options,
        excluded=runs.excluded,
        noted=allow_codes(
            (*_on_runs(runs, law), *doubts(problem, theta, agreement=found.agreement, condition=loose)), options.allow
        ),
        source=runs.source,
        digest=runs.digest,
        drawn_by=drawn_by,
        runs=runs,
        whole_runs=0 if group is None else int(group.max()) + 1,
        metric=runs.metric,
        unknown=unknown(problem, theta),
    )  # fmt: skip


_ANSWERED = {"D12": {"U"}, "D15": {"experts", "granularity", "sparsity"}}
"""Findings on runs that do not concern a law which takes one of these inputs."""


def _on_runs(runs: Runs, law: Law) -> Iterator[Finding]:
    """Yield the findings on the runs that concern this law, and the one on too few whole runs."""
    answered = {code for code, inputs in _ANSWERED.items() if inputs & set(law.inputs)}
    yield from (one for one in runs.findings if one.code not in answered)
    if both := [name for name in law.parameters if name in runs and not law.cite]:
        one, told = (
            both[0],
            f"{', '.join(both)}: fitted, though {'columns are' if both[1:] else 'a column is'} called so",
        )
        yield Finding("F17", "INFO", told, f"to read the column, say --input {one} (inputs=['{one}'])")
    group = runs.clusters
    if group is not None and (total := int(group.max()) + 1) < FEW_RUNS:
        yield Finding(
            "D07", "WARN",
            f"only {total} whole run{'s' * (total != 1)}: too few to judge an interval by"
            + (", so there is none" if total == 1 else ""),
            f"add runs until there are {FEW_RUNS} or more",
        )  # fmt: skip


def problem_behind(fit: Fit, runs: Runs | None = None) -> tuple[Problem, Array]:
    """Give the problem that a fit solved, or the same on other runs, and its best fitted coordinates (parameters,)."""
    law, runs = fit.curve.law, fit.own_runs if runs is None else runs
    inputs = {key: runs[key] for key in law.inputs}
    problem = problem_of(law, inputs, runs["loss"], log=fit.options.log, bounds=fit.options.bounds)
    return problem, problem.fitted(fit.curve.row)[0]


def _usable(law: Law, runs: Runs) -> Runs:
    """Set aside runs that lack an input of the law; refuse what no fit can carry."""
    whole = np.ones(len(runs), dtype=bool)
    for key in (*law.inputs, "loss"):
        column = runs[key]
        if column.dtype.kind != "f":
            raise DataError(f'{runs.source}: column "{key}" holds text; law {law.name} needs numbers there.')
        whole &= np.isfinite(column) & ((column > 0) | (key != "loss" and law.inputs[key].name not in POSITIVE))
    keep = whole & law.defined({key: runs[key] for key in law.inputs})
    why = (f"an input of law {law.name} is missing", f"law {law.name} is not defined there")
    dropped = tuple(Excluded(int(runs.rows[row]), why[int(whole[row])]) for row in np.flatnonzero(~keep))
    kept, needed = runs.take(keep), len(law.parameters)
    if len(kept) <= needed:
        raise DataError(
            f"{runs.source}: {len(kept)} usable run{'s' * (len(kept) != 1)}, but law {law.name} has {needed} free "
            f"parameters and needs {needed + 1} runs. Add runs, pin parameters (--fix) or choose a smaller law."
        )
    return replace(kept, excluded=runs.excluded + dropped)
