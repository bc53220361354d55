"""The verb: runs of a sweep → Tune."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isoflop.beyond.tune.findings import findings_on, not_compared
from isoflop.beyond.tune.fitted import Fitted, fitted
from isoflop.beyond.tune.laws import law_of
from isoflop.beyond.tune.result import Setting, Target, Tune, Wrong
from isoflop.beyond.tune.sweep import Sweep, sweep_of
from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.data.runs.metadata_columns import number
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.findings import Finding, allow_codes
from isoflop.formula.arrays import Array

EDGE = 0.25
"""A best value within this share of the last step between two values tried lies at the edge of the sweep."""
SEQUENCES = 16_384.0
"""Batches whose middle is below this count sequences, not tokens."""
MEANT = ("D06", "D10")
"""Findings that a sweep is meant to raise: several runs at one setting, several learning rates."""
FACTORS = np.geomspace(1 / 4, 4, 41)
"""Factors of the best value that the figure of what being wrong costs is drawn at."""


def tune(
    runs: Runs | ColumnMapping,
    *,
    of: Sequence[str] = (),
    at: Sequence[Mapping[str, float]] = (),
    level: float = LEVEL,
    allow: Sequence[str] = (),
) -> Tune:
    """Return the best hyperparameters of each setting of N and D, and the power laws that they follow.

    of     the tuned columns; unless said, those named like learning rates, batches, weight decays or warm-ups
    at     new sizes to foretell the best values at: [{"N": 8e9, "D": 160e9}]

    One bowl in the logarithms of all tuned columns is shared by all settings; it is skewed, its centre follows a
    power law in N and D, and each setting has a level of its own. A setting with many runs moves its own centre.
    Raises DataError for fewer than 8 runs, or where nothing was tuned.

    >>> import numpy as np
    >>> N, D, lr = (one.ravel() for one in np.meshgrid([5e7, 2e8, 8e8], [2e9, 8e9], [3e-4, 6e-4, 1e-3, 2e-3, 4e-3]))
    >>> rise = 0.01 * np.log(lr / (1e-3 * (N / 1e8) ** -0.5)) ** 2
    >>> runs = isoflop.Runs.of(N=N, D=D, lr=lr, loss=(1.8 + 400 / N**0.34 + 410 / D**0.28) * np.exp(rise))
    >>> found = isoflop.tune(runs, at=[{"N": 3e9, "D": 6e10}])
    >>> bool(0 < found.targets[0].best["lr"].value < 1e-3)
    True
    """
    runs = as_runs(runs)
    refuse_level(level)
    found = fitted(sweep_of(runs, of), level)
    sizes = _sizes(runs, found)
    settings = _settings(found, sizes)
    targets = tuple(_target(found, one) for one in at)
    tokens = [_tokens(runs, name, kind) for name, kind in zip(found.sweep.names, found.sweep.kinds, strict=True)]
    laws = {
        name: law_of(found, place, sizes=sizes, tokens=tokens[place]) for place, name in enumerate(found.sweep.names)
    }
    findings: list[Finding] = findings_on(found.sweep, settings, targets)
    findings += [not_compared(name) for name, one in zip(found.sweep.names, tokens, strict=True) if np.isnan(one)]
    return Tune(
        source=runs.source, settings=settings, laws=laws, targets=targets, wrong=_wrong(found, sizes),
        noise=found.bowl.noise, findings=allow_codes([*_of_runs(runs), *findings], allow),
        fitted=found,
    )  # fmt: skip


def _of_runs(runs: Runs) -> list[Finding]:
    """Return the findings on the runs that matter to a sweep: not that settings repeat, which they must."""
    return [one for one in runs.findings if one.code not in MEANT]


def _sizes(runs: Runs, found: Fitted) -> dict[str, Array]:
    """Return N, D, C and the loss at the best of each setting, as far as known."""
    known = {key: _one_each(runs[key][found.sweep.rows], found.sweep) for key in ("N", "D", "C") if key in runs}
    return known | {"loss": np.exp(found.centres.level)}


def _one_each(values: Array, sweep: Sweep) -> Array:
    """Return the value that the runs of each setting share, or their geometric mean."""
    lowest, highest = np.full(sweep.settings, np.inf), np.zeros(sweep.settings)
    np.minimum.at(lowest, sweep.setting, values)
    np.maximum.at(highest, sweep.setting, values)
    mean = np.exp(np.bincount(sweep.setting, np.log(values)) / np.bincount(sweep.setting))
    return np.where(lowest == highest, lowest, mean)


def _settings(found: Fitted, sizes: Mapping[str, Array]) -> tuple[Setting, ...]:
    sweep, centres = found.sweep, found.centres
    listed = []
    for place in np.argsort(sizes.get("C", sizes["loss"]), kind="stable").tolist():
        tried = sweep.logs[sweep.setting == place]
        own, errors = centres.own[place], np.sqrt(np.diag(centres.error[place]))
        letters = sweep.sizes[[place]] - sweep.middle
        listed.append(Setting(
            **{key: float(sizes[key][place]) if key in sizes else float("nan") for key in ("N", "D", "C")},
            runs=int(centres.runs[place]),
            best={name: found.estimate(*pair) for name, *pair in zip(sweep.names, own, errors, strict=True)},
            near=found.spans(own, letters),
            loss=found.estimate(float(centres.level[place]), float(centres.level_error[place])),
            edge=tuple(name for name, value, column in zip(sweep.names, own, tried.T, strict=True)
                       if _at_edge(float(value), column)),
            lowest=float(np.exp(sweep.loss[sweep.setting == place].min())),
        ))  # fmt: skip
    return tuple(listed)


def _at_edge(best: float, tried: Array) -> bool:
    """Return whether a best value lies at or beyond the last value tried, in logarithms."""
    values = np.unique(tried.round(9))
    if len(values) < 2:
        return False
    return bool(
        best < values[0] + EDGE * (values[1] - values[0]) or best > values[-1] - EDGE * (values[-1] - values[-2])
    )


def _target(found: Fitted, at: Mapping[str, float]) -> Target:
    """Return the best values at a new size, and how far beyond the sweep's compute it lies."""
    for letter in found.sweep.letters:
        if not 0 < at.get(letter, float("nan")) < float("inf"):
            raise UsageError(
                f"the best values follow {' and '.join(found.sweep.letters)}. Say {letter}=8e9 and the like."
            )
    best, near = found.best_at(at)
    size, tokens = at.get("N", float("nan")), at.get("D", float("nan"))
    swept = {key: found.sweep.sizes[:, place] for place, key in enumerate(found.sweep.letters)}
    beyond = [(np.log(at[key]) - values.max()) / np.log(10) for key, values in swept.items()]
    return Target(N=size, D=tokens, best=best, near=near, decades=float(max(sum(map(float, beyond)), 0.0)))


def _wrong(found: Fitted, sizes: Mapping[str, Array]) -> tuple[Wrong, ...]:
    """Return what being wrong costs at the smallest and the largest setting."""
    order = np.argsort(sizes.get("C", sizes["loss"]), kind="stable")
    ends = dict.fromkeys([int(order[0]), int(order[-1])])
    listed = []
    for place, name in enumerate(found.sweep.names):
        for setting in ends:
            letters = found.sweep.sizes[[setting]] - found.sweep.middle
            curve = found.given_up(place, FACTORS, letters)
            half, twice = found.given_up(place, np.array([0.5, 2.0]), letters).tolist()
            size, tokens = (float(sizes[key][setting]) if key in sizes else float("nan") for key in ("N", "D"))
            listed.append(Wrong(name=name, N=size, D=tokens, half=half, twice=twice,
                                curve=(tuple(FACTORS.tolist()), tuple(curve.tolist()))))  # fmt: skip
    return tuple(listed)


def _tokens(runs: Runs, name: str, kind: str) -> float:
    """Return how many tokens one unit of a column holds: 1, or the sequence length where it counts sequences."""
    if kind != "batch" or name == "B" or "token" in name.casefold() or np.nanmedian(runs[name]) >= SEQUENCES:
        return 1.0
    length = number(runs.columns, "sequence length")
    return float(length[0]) if length is not None and np.ptp(length) == 0 else float("nan")
