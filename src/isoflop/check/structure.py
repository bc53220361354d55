"""Is there a pattern in the residuals? Code F07: a bend, an interaction, a break, a bias of small runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop.findings import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.check.evidence import Evidence

    Array = NDArray[np.float64]

FALSE_PATTERN = 0.012
"""How often all patterns together may be seen in pure noise."""
ABSORBED = 0.02
"""A pattern of which the law leaves a smaller share than this is the law's own."""
_SIMULATED = 20_000


class Pattern(NamedTuple):
    """A direction in which a law may fail: what to call it and its column (runs,)."""

    kind: str
    words: str
    column: Array


def patterns(evidence: Evidence) -> list[Pattern]:
    """Give the patterns to look for, by the inputs there are."""
    inputs = {key: np.log(column[evidence.kept]) for key, column in evidence.problem.inputs.items()}
    predicted = (evidence.problem.target - evidence.residuals)[evidence.kept]
    found = [Pattern("bend", "the predicted loss", _unit(predicted) ** 2)]
    for key, column in inputs.items():
        found += _of_one(f"log {key}", column)
    if {"N", "D"} <= set(inputs):
        n, d = _unit(inputs["N"]), _unit(inputs["D"])
        found += _of_one("log C", inputs["N"] + inputs["D"])
        found += [
            Pattern("interaction", "N and D", n * d),
            Pattern("bend", "log D/N", _unit(inputs["D"] - inputs["N"]) ** 2),
        ]
    return found


def _of_one(words: str, column: Array) -> list[Pattern]:
    """Give a bend, a skew, breaks and fading biases along one input."""
    x = _unit(column)
    low, high = column.min(), column.max()
    found = [Pattern("bend", words, x**2), Pattern("skewed bend", words, x**3)]
    if high > low:
        share = (column - low) / (high - low)
        found += [Pattern("break", words, np.maximum(share - at, 0.0)) for at in (0.33, 0.5, 0.67)]
        found += [Pattern("fading bias", words, np.exp(-share / 0.15))]
    return found


def structure(evidence: Evidence) -> tuple[Finding, ...]:
    """Give F07 if the residuals follow a pattern more closely than pure noise would.

    Each pattern is what it adds once the parameters have had their say (an added-variable test);
    the strongest of all is compared with the strongest in simulated noise on the same runs.
    """
    found = patterns(evidence)
    columns = np.stack([one.column for one in found], axis=1)
    columns = columns - columns.mean(axis=0)
    left = evidence.strange(columns)
    share = np.linalg.norm(left, axis=0) / np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    usable = np.flatnonzero(share > ABSORBED)
    if evidence.freedom < 4 or not usable.size:
        return ()
    unit = left[:, usable] / np.linalg.norm(left[:, usable], axis=0)
    residuals = evidence.strange(evidence.residuals[evidence.kept])
    strength = _strength(unit.T @ residuals, float(residuals @ residuals), evidence.freedom)
    best = int(np.argmax(np.abs(strength)))
    chance = float(np.mean(_strongest(unit, evidence.freedom) >= abs(strength[best])))
    if chance > FALSE_PATTERN:
        return ()
    return (_finding(found[usable[best]], unit[:, best] * float(unit[:, best] @ residuals), chance),)


def _strength(along: Array, total: Array | float, freedom: int) -> Array:
    """Give Student's t of each pattern: what lies along it over what it leaves."""
    return np.asarray(along / np.sqrt(np.maximum(np.asarray(total) - along**2, 1e-300) / (freedom - 1)))


def _strongest(unit: Array, freedom: int) -> Array:
    """Give the strongest pattern in pure noise, (simulated,): only its part along the patterns need be drawn."""
    _, values, right = np.linalg.svd(unit, full_matrices=False)
    rank = int(np.sum(values > 1e-8 * values[0]))
    random = np.random.default_rng(0)
    drawn = random.standard_normal((_SIMULATED, rank))
    total = np.einsum("sr,sr->s", drawn, drawn)
    if freedom > rank:
        total = total + random.chisquare(freedom - rank, _SIMULATED)
    along = drawn @ (values[:rank, None] * right[:rank])
    return np.asarray(np.abs(_strength(along, total[:, None], freedom)).max(axis=1))


def _finding(pattern: Pattern, effect: Array, chance: float) -> Finding:
    size = float(np.ptp(effect))
    told = {
        "interaction": "N and D act on each other in a way that the law has no room for",
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
    """Give a column with mean 0 and standard deviation 1."""
    spread = float(column.std())
    return np.asarray((column - column.mean()) / (spread if spread > 0 else 1.0))
