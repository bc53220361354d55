"""Is there a pattern in the residuals? Code F07: a bend, an interaction, a break, a bias of small runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.bad_runs.residuals import Evidence
from isoflop.formula.arrays import Array, spread_out

FALSE_PATTERN = 0.012
"""How often all patterns together may be seen in pure noise."""
ABSORBED = 0.02
"""A pattern of which the law leaves a smaller share than this is the law's own."""
_SIMULATED, _TO_SPARE = 10_000, 3


class Pattern(NamedTuple):
    """A way in which a law may fail: what to call it, and the columns (runs, any) that it is made of."""

    kind: str
    words: str
    columns: Array


def structure(evidence: Evidence) -> tuple[Finding, ...]:
    """Return F07 if the residuals follow a pattern more closely than pure noise would.

    Each pattern counts with what it adds once the parameters have had their say (an added-variable
    test). The least chance of any is compared with the least chance in simulated noise on the same runs.
    """
    found, bases = [], []
    for pattern in _patterns(evidence):
        basis = _left_over(evidence, pattern.columns)
        if 0 < basis.shape[1] <= evidence.freedom - _TO_SPARE:
            found.append(pattern)
            bases.append(basis)
    if not found:
        return ()
    residuals = evidence.strange(evidence.residuals[evidence.kept])
    real = np.array([[float(np.sum((residuals @ basis) ** 2) / (residuals @ residuals)) for basis in bases]])
    chances = _chances(real, _in_noise(bases, evidence.freedom))
    best, chance = int(np.argmin(chances[0])), float(np.mean(chances[1:].min(axis=1) <= chances[0].min()))
    if chance > FALSE_PATTERN:
        return ()
    return (_finding(found[best], bases[best] @ (bases[best].T @ residuals), chance),)


def _patterns(evidence: Evidence) -> list[Pattern]:
    """Return the patterns to look for, by the inputs there are."""
    inputs = {key: spread_out(column[evidence.kept]) for key, column in evidence.problem.inputs.items()}
    predicted = (evidence.problem.target - evidence.residuals)[evidence.kept]
    found = [Pattern("bend", "the predicted loss", _unit(predicted)[:, None] ** 2)]
    for key, column in inputs.items():
        found += _along(f"log {key}", column)
    if {"N", "D"} <= set(inputs):
        n, d = inputs["N"], inputs["D"]
        found += [*_along("log C", n + d), *_along("log D/N", d - n)]
        found.append(Pattern("interaction", "N and D", (_unit(n) * _unit(d))[:, None]))
    return found


def _along(words: str, column: Array) -> list[Pattern]:
    """Return a bend, a skew, waves, breaks and a fading bias along one axis."""
    share = (column - column.min()) / max(float(np.ptp(column)), 1e-12)
    breaks = [Pattern("break", words, np.maximum(share - at, 0.0)[:, None]) for at in (0.33, 0.5, 0.67)]
    x = _unit(column)[:, None]
    return [
        Pattern("bend", words, x**2),
        Pattern("skewed bend", words, x**3),
        Pattern("wave", words, np.polynomial.legendre.legvander(2 * share - 1, 6)[:, 2:]),
        *breaks,
        Pattern("fading bias", words, np.exp(-share / 0.15)[:, None]),
    ]


def _left_over(evidence: Evidence, columns: Array) -> Array:
    """Return an orthonormal basis of what the law leaves of the columns, none of which it all but absorbs."""
    centred = columns - columns.mean(axis=0)
    left = evidence.strange(centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-300))
    basis, values, _ = np.linalg.svd(left, full_matrices=False)
    return np.asarray(basis[:, values > ABSORBED])


def _in_noise(bases: list[Array], freedom: int) -> Array:
    """Return the share of pure noise that lies along each basis, (simulated, bases).

    Only the part of the noise that lies along any of them need be drawn; the rest is one number.
    """
    span, values, _ = np.linalg.svd(np.hstack(bases), full_matrices=False)
    span = span[:, values > 1e-8 * values[0]]
    random = np.random.default_rng(0)
    drawn = random.standard_normal((_SIMULATED, span.shape[1]))
    total = np.einsum("sr,sr->s", drawn, drawn)
    if freedom > span.shape[1]:
        total = total + random.chisquare(freedom - span.shape[1], _SIMULATED)
    return np.stack([np.sum((drawn @ (span.T @ basis)) ** 2, axis=1) / total for basis in bases], axis=1)


def _chances(real: Array, simulated: Array) -> Array:
    """Return the chance in noise of each share, (1 + simulated, bases), the real ones first."""
    chances = np.empty((len(simulated) + 1, real.shape[1]))
    for place in range(real.shape[1]):
        ordered = np.sort(simulated[:, place])
        both = np.concatenate([real[:, place], simulated[:, place]])
        chances[:, place] = 1 - np.searchsorted(ordered, both, side="left") / len(simulated)
    return chances


def _finding(pattern: Pattern, effect: Array, chance: float) -> Finding:
    size = float(np.ptp(effect))
    told = {
        "interaction": "N and D act on each other in a way that the law has no room for",
        "wave": f"the residuals wander along {pattern.words}",
        "break": f"the residuals change course along {pattern.words}",
        "fading bias": f"the runs of least {pattern.words} are off by a bias that fades as it grows",
    }.get(pattern.kind, f"the residuals bend along {pattern.words}")
    remedy = {
        "interaction": 'fit a form in which they interact, such as "E + A*(N^-alpha + R*D^-beta)^k", and compare',
        "fading bias": "leave the smallest runs out (--where) and see whether the answer stays",
        "break": "fit each side alone (--where), or a law that breaks, and compare",
    }.get(pattern.kind, "compare other laws (isoflop laws), and forecast no farther than they agree")
    likely = f"1 in {1 / max(chance, 1 / _SIMULATED):,.0f}" if chance else f"less than 1 in {_SIMULATED:,}"
    return Finding(
        "F07", "WARN", f"{told}: by {size:.1%} of the loss from end to end (a chance of {likely} in pure noise)", remedy
    )


def _unit(column: Array) -> Array:
    """Return a column with mean 0 and standard deviation 1."""
    spread = float(column.std())
    return np.asarray((column - column.mean()) / (spread if spread > 0 else 1.0))
