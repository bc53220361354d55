"""The verb: runs with shares of several sources → Mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isoflop.beyond.mix.backtest import backtest
from isoflop.beyond.mix.best import Aim, gains, near_best, next_mixtures, search, unique_tokens
from isoflop.beyond.mix.findings import carried, findings_on, limits_of, not_carried
from isoflop.beyond.mix.laws import AVERAGED, LAWS, Said, Worths, average
from isoflop.beyond.mix.mixtures import Mixtures, mixtures_of, shares_of, weights_of
from isoflop.beyond.mix.result import Mix, Mixture
from isoflop.beyond.mix.scale import LEAST, carry
from isoflop.data.read import as_runs
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.estimate import LEVEL, Estimate, refuse_level
from isoflop.findings import Finding, allow_codes
from isoflop.formula.arrays import MOST_FREEDOM as MANY
from isoflop.formula.arrays import Array, student
from isoflop.quantities import show


def mix(
    runs: Runs | ColumnMapping,
    *,
    targets: Mapping[str, float] | Sequence[str] = (),
    shares: Sequence[str] = (),
    at: Runs | ColumnMapping | None = None,
    limits: Mapping[str, float] | None = None,
    N: float = float("nan"),
    D: float = float("nan"),
    level: float = LEVEL,
    seed: int = 0,
    allow: Sequence[str] = (),
) -> Mix:
    """Return the best shares of the sources for a weighted target, and the losses foretold with them.

    targets  the losses that count, with their weights: {"loss_code": 2, "loss_text": 1}; unless said all alike
    shares   the columns of shares; unless said those called share_code, share_text and the like
    at       mixtures to foretell the losses of
    limits   unique tokens of sources; beyond them tokens repeat and are worth less (Muennighoff et al. 2023)
    N, D     the scale asked for, where the table has runs of several; unless said that of the largest

    Laws of mixing are tried on held-out mixtures; two are averaged: a Gaussian process on the logarithms of the
    shares, and effective tokens. Raises DataError for shares that do not add up or too few mixtures.

    >>> import numpy as np
    >>> code = np.linspace(0.05, 0.95, 12)
    >>> loss = {"loss_code": 1 + code**-0.3, "loss_text": 1 + (1 - code) ** -0.3}
    >>> runs = isoflop.Runs.of(share_code=code, share_text=1 - code, N=[1e7] * 12, D=[2e8] * 12, **loss)
    >>> found = isoflop.mix(runs, targets={"loss_code": 1, "loss_text": 1})
    >>> bool(0.3 < found.best.shares["share_code"] < 0.7)
    True
    """
    runs, at = as_runs(runs), None if at is None else as_runs(at)
    refuse_level(level)
    asked = dict(targets) if isinstance(targets, Mapping) else dict.fromkeys(targets, 1.0)
    every = mixtures_of(runs, shares=shares)
    weights = weights_of(every.targets, asked)
    proxies, larger, scale = _scales(every, N, D)
    tests, parts, wider = backtest(proxies, seed=seed)
    fits: dict[str, Said] = {name: LAWS[name][0](proxies) for name in AVERAGED}
    said, findings = average(fits, parts, wider), []
    if larger is not None:
        enough = len(larger) >= LEAST
        findings.append(carried(len(larger), scale) if enough else not_carried(scale))
        said = carry(said, larger).of(said) if enough else said
    tokens = D if np.isfinite(D) else float(np.nanmax(every.D)) if np.any(np.isfinite(every.D)) else float("nan")
    unique = unique_tokens(limits_of(every, limits or {}), every.sources, tokens)
    aim = Aim(said=said, weights=weights, most=every.shares.max(0), unique=unique)
    best, looked = search(aim, every.shares, seed)
    ends = near_best(aim, best, looked)
    foretold = shares_of(at, every.sources) if at is not None else np.zeros((0, len(every.sources)))
    lowest = proxies.shares[np.argmin(np.exp(proxies.logs) @ weights)]
    worths = fits["effective tokens"]
    listed: list[Finding] = [*findings, *findings_on(proxies, tests, best=best, most=aim.most)]
    return Mix(
        source=runs.source, runs=len(proxies), scale=scale, best=_mixtures(aim, best[None], every, level=level)[0],
        near={name: (float(a), float(b)) for name, a, b in zip(every.sources, *ends, strict=True)},
        gains=_named(every.sources, gains(aim, best)), lowest=_named(every.sources, lowest),
        worths=_worths(worths, every) if isinstance(worths, Worths) else {},
        forecasts=_mixtures(aim, foretold, every, level=level),
        following=tuple(_named(every.sources, one) for one in next_mixtures(aim, looked)), laws=tests,
        findings=allow_codes(listed, allow),
    )  # fmt: skip


def _scales(every: Mixtures, N: float, D: float) -> tuple[Mixtures, Mixtures | None, str]:
    """Return the proxies, the runs of the scale asked for, and its name; the proxies are of the most tried scale."""
    scales = every.scales
    counts = np.bincount(scales)
    proxies = every.take(np.flatnonzero(scales == counts.argmax()))
    asked = np.isfinite(N) or np.isfinite(D)
    if len(counts) == 1 and not asked:
        return proxies, None, ""
    off = [
        np.nanmax(np.abs(np.log([one.N[0] / N, one.D[0] / D])), initial=0.0)
        for one in (every.take(np.flatnonzero(scales == place)) for place in range(len(counts)))
    ]
    place = int(np.argmin(off)) if asked else int(scales.max())
    there = every.take(np.flatnonzero(scales == place))
    near = not asked or off[place] < 0.1
    size, tokens = (N, D) if asked else (float(there.N[0]), float(there.D[0]))
    told = ", ".join(f"{key} = {show(value)}" for key, value in (("N", size), ("D", tokens)) if np.isfinite(value))
    if near and place == counts.argmax():
        return proxies, None, f", at {told}"
    return proxies, there if near else every.take(np.zeros(0)), f" at {told}"


def _mixtures(aim: Aim, shares: Array, every: Mixtures, *, level: float) -> tuple[Mixture, ...]:
    if not len(shares):
        return ()
    times = student(level, MANY)
    logs, errors = aim.losses(shares)
    value, error = aim.value(shares)
    found = []
    for row in range(len(shares)):
        ends = np.exp([logs[row], logs[row] - times * errors[row], logs[row] + times * errors[row]])
        losses = {
            name: Estimate(value, low, high, level)
            for name, (value, low, high) in zip(every.targets, ends.T.tolist(), strict=True)
        }
        middle, reach = float(value[row]), float(times * error[row])
        found.append(Mixture(shares=_named(every.sources, shares[row]), losses=losses,
                             objective=Estimate(middle, middle - reach, middle + reach, level)))  # fmt: skip
    return tuple(found)


def _named(names: Sequence[str], values: Array) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _worths(found: Worths, every: Mixtures) -> dict[str, dict[str, float]]:
    return {name: _named(every.sources, one.worths) for name, one in zip(every.targets, found.targets, strict=True)}
