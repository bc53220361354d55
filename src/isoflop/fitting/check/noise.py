"""Is the noise what the fit takes it for? Codes F08 (it varies), F09 (shared), F10 (the threshold), F15 (none)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs import Runs
from isoflop.findings import Finding
from isoflop.fitting.bad_runs.residuals import ROUNDING, Evidence
from isoflop.fitting.fit import Fit
from isoflop.formula.arrays import Array, spread_out

FALSE_SPREAD = 0.005
"""How often even noise may be called uneven, and independent runs tied."""
MUCH_SHARED = 0.2
"""From this correlation on, the rows of a run cannot count as many."""
LIKE_LEAST_ABSOLUTE, LIKE_SQUARES = 0.5, 4.0
"""Thresholds, in standard deviations, below which Huber's loss is all but absolute and above which all but squares."""
GROUPED_BY = ("run", "run_name", "run_id", "training_run_id", "name")
_SIMULATED, _MANY = 2_000, 1_000


def exact(evidence: Evidence) -> tuple[Finding, ...]:
    """Return F15 if the law meets the runs as closely as arithmetic allows, which no trained runs do."""
    if evidence.noise > ROUNDING or evidence.freedom < 1:
        return ()
    return (Finding(
        "F15", "WARN",
        "suspiciously exact: the law meets every run to less than a millionth of its loss, and trained runs scatter by "
        "0.1 % and more",
        "were these losses computed from a formula? Then every interval here is of rounding, and none of knowledge",
    ),)  # fmt: skip


def uneven(evidence: Evidence, runs: Runs) -> tuple[Finding, ...]:
    """Return F08 if the size of the residuals goes with log C, as Levene and Breusch and Pagan test it."""
    sizes = _sizes(evidence, runs)
    if sizes is None or not 8 <= sizes.size <= _MANY:
        return ()
    reach = np.sqrt(1 - evidence.leverage)
    random = np.random.default_rng(0).standard_normal((_SIMULATED, sizes.size))
    noise = random - (random @ evidence.basis) @ evidence.basis.T
    real = evidence.strange(evidence.residuals[evidence.kept])[None]
    simulated, found = (_goes_with(np.abs(rows) / reach, sizes) for rows in (noise, real))
    chance = float(np.mean(np.abs(simulated) >= abs(found[0])))
    if chance > FALSE_SPREAD:
        return ()
    order = np.argsort(sizes)
    third = max(sizes.size // 3, 3)
    small, large = (float(np.sqrt(np.mean((real[0] / reach)[rows] ** 2))) for rows in (order[:third], order[-third:]))
    return (Finding(
        "F08", "INFO",
        f"noise varies with compute: {small:.2%} of the loss among the smallest third of the runs, "
        f"{large:.2%} among the largest",
        "the intervals allow for it; look at why, and weigh the runs near your target most",
    ),)  # fmt: skip


def _sizes(evidence: Evidence, runs: Runs) -> Array | None:
    """Return log C of the runs kept, or of the law's only input; None if they are all alike."""
    column = runs["C"] if "C" in runs else next(iter(evidence.problem.inputs.values()))
    sizes = spread_out(column[evidence.kept])
    return sizes if np.isfinite(sizes).all() and np.ptp(sizes) > 1e-9 else None


def _goes_with(height: Array, sizes: Array) -> Array:
    """Return the correlation of each row of heights (rows, runs) with the sizes."""
    x, y = sizes - sizes.mean(), height - height.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num((y @ x) / np.linalg.norm(y, axis=1) / np.linalg.norm(x)))


def shared(evidence: Evidence, runs: Runs) -> tuple[Finding, ...]:
    """Return F09 if rows of one run are off in the same direction: their intraclass correlation is above 0.2."""
    column = next((name for name in GROUPED_BY if name in runs and _repeats(runs[name])), None)
    if column is None or not evidence.problem.size <= 20_000:
        return ()
    names, group = np.unique(runs[column][evidence.kept].astype(str), return_inverse=True)
    left = evidence.residuals[evidence.kept]
    found = _intraclass(left[None], group)[0]
    random = np.random.default_rng(0)
    by_chance = _intraclass(random.permuted(np.tile(left, (400, 1)), axis=1), group)
    if found <= MUCH_SHARED or np.mean(by_chance >= found) > FALSE_SPREAD:
        return ()
    return (Finding(
        "F09", "WARN",
        f"rows of one {column} are off together (correlation {found:.2f} within {len(names)} runs): "
        "they are fewer witnesses than they seem, so intervals that count each row are too narrow",
        "keep one row a run (the last), or resample whole runs",
    ),)  # fmt: skip


def _repeats(column: NDArray[np.generic]) -> bool:
    """Return whether a column names at least three groups, with two rows each on average."""
    return 3 <= len(set(column.tolist())) <= column.size / 2


def _intraclass(rows: Array, group: NDArray[np.intp]) -> Array:
    """Return the intraclass correlation of each row of values (rows, runs), by analysis of variance."""
    counts = np.bincount(group)
    many, size = counts.size, float((group.size - (counts**2).sum() / group.size) / (counts.size - 1))
    member = (group[:, None] == np.arange(many)) / counts
    means = rows @ member
    between = ((means - rows.mean(axis=1, keepdims=True)) ** 2 @ counts) / (many - 1)
    within = np.maximum(((rows - means[:, group]) ** 2).sum(axis=1) / max(group.size - many, 1), 1e-300)
    return np.asarray((between - within) / (between + (size - 1) * within))


def threshold(fit: Fit, evidence: Evidence) -> tuple[Finding, ...]:
    """Return F10 if a fixed Huber threshold makes the objective another one than its name says."""
    if not fit.objective.name.startswith("huber"):
        return ()
    ratio = fit.objective.delta / max(evidence.noise, 1e-12)
    if LIKE_LEAST_ABSOLUTE <= ratio <= LIKE_SQUARES:
        return ()
    other = "absolute errors: it throws away much of what the runs say" if ratio < 1 else "squares: no run is held back"
    return (Finding(
        "F10", "INFO",
        f"a threshold of {fit.objective.delta:g} is {ratio:.2g} standard deviations of these runs, so "
        f"{fit.objective.name} is all but least {other}",
        "use robust, which takes the threshold from the noise",
    ),)  # fmt: skip
