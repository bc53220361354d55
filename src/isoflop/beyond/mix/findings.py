"""What to know about a table of mixtures before its best is trained: findings X01 to X05."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isoflop.beyond.mix.backtest import Tested
from isoflop.beyond.mix.mixtures import Mixtures
from isoflop.findings import Finding
from isoflop.formula.arrays import Array

AT_LIMIT = 0.98
LOW_RANK = 0.5


def findings_on(given: Mixtures, tests: Sequence[Tested], *, best: Array, most: Array) -> list[Finding]:
    """Return what to know about mixtures, the laws fitted to them, and the best found."""
    return [*_few(given), *_not_ranked(tests), *_edge(given, best, most)]


def carried(runs: int, scale: str) -> Finding:
    """Return the finding that losses at a larger scale rest on a few runs there."""
    message = f"losses{scale} are carried from the proxies by {runs} runs there"
    return Finding("X04", "INFO", message, "five to ten runs at the larger scale bring the level within 2 to 3 %")


def not_carried(scale: str) -> Finding:
    """Return the finding that nothing tells the losses of the scale asked for."""
    message = f"fewer than three runs{scale}: losses are those of the proxies; the order of mixtures mostly holds"
    return Finding("X05", "WARN", message, "train three mixtures or more at that scale, then give one table of both")


def _few(given: Mixtures) -> list[Finding]:
    if len(given) >= len(given.sources):
        return []
    message = f"{len(given)} mixtures of {len(given.sources)} sources: what single sources bring is mostly the prior's"
    return [Finding("X01", "WARN", message, f"run {len(given.sources) - len(given)} mixtures more, or join sources")]


def _not_ranked(tests: Sequence[Tested]) -> list[Finding]:
    together = tests[-1]
    if not together.rank < LOW_RANK:
        return []
    message = f"held-out mixtures are ranked hardly better than by chance (correlation {together.rank:.2f})"
    return [Finding("X02", "WARN", message, "run more mixtures, further apart")]


def _edge(given: Mixtures, best: Array, most: Array) -> list[Finding]:
    at = [
        name for name, share, top in zip(given.sources, best, most, strict=True) if share > AT_LIMIT * top and top < 1
    ]
    if not at:
        return []
    message = f"the best share of {', '.join(at)} is the largest that was tried"
    return [Finding("X03", "INFO", message, "run mixtures with more of it")]


def limits_of(given: Mixtures, asked: Mapping[str, float]) -> Mapping[str, float]:
    """Return the limits asked for, their names with or without share_."""
    return {f"share_{name}" if f"share_{name}" in given.sources else name: value for name, value in asked.items()}
