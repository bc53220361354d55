"""What to know about a sweep before its best values are used: findings H01 to H08."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop.findings import Finding
from isoflop.quantities import show

if TYPE_CHECKING:
    from isoflop.beyond.tune.result import Setting, Target
    from isoflop.beyond.tune.sweep import Sweep

FEW_SETTINGS, FEW_RUNS, UNEVEN = 4, 12, 4.0
"""Settings below which a law in N and D is mostly the prior's; runs below which a setting leans on the others'
bowl; the factor between the most and the fewest runs of a setting from which the lowest runs mislead."""
IN_STEP = 0.95
"""Correlation of ln N and ln D across settings from which their exponents are not told apart."""
FAR = 1.0


def findings_on(sweep: Sweep, settings: Sequence[Setting], targets: Sequence[Target]) -> list[Finding]:
    """Return what to know about a sweep, its settings and its targets."""
    found = [*_edges(settings), *_uneven(settings), *_scales(sweep), *_tied(sweep)]
    if not sweep.repeated:
        found.append(
            Finding(
                "H05", "INFO",
                "almost no setting of N and D was tried more than twice: settings are doublings of N and D, and a "
                "smooth surface holds their levels together",
                "nothing, or try each setting several times",
            )
        )  # fmt: skip
    return found + [_far(one) for one in targets if one.decades > FAR]


def not_compared(name: str) -> Finding:
    """Return the finding that a batch is no number of tokens, so that no published law is beside it."""
    return Finding(
        "H06", "INFO", f"{name} counts sequences, by its size: published laws of batches count tokens",
        "add a column seq_len, or give the batch in tokens",
    )  # fmt: skip


def _edges(settings: Sequence[Setting]) -> list[Finding]:
    found = []
    for name in settings[0].best:
        at = [one for one in settings if name in one.edge]
        if at:
            places = ", ".join(f"N = {show(one.N)}, D = {show(one.D)}" for one in at[:3])
            more = f" and {len(at) - 3} more" if len(at) > 3 else ""
            message = f"the best {name} of {len(at)} of {len(settings)} settings lies at or beyond the last value tried"
            remedy = f"try values further out at {places}{more}"
            found.append(Finding("H01", "WARN", message, remedy))
    return found


def _uneven(settings: Sequence[Setting]) -> list[Finding]:
    counts = [one.runs for one in settings]
    found = []
    few = sum(count < FEW_RUNS for count in counts)
    if few and len(settings) > 1:
        message = f"{few} of {len(settings)} settings have fewer than {FEW_RUNS} runs: the bowl of all carries them"
        found.append(Finding("H03", "INFO", message, "nothing needs doing: the intervals allow for it"))
    if len(settings) > 1 and max(counts) >= UNEVEN * min(counts):
        message = (
            f"settings were tuned unevenly, with {min(counts)} to {max(counts)} runs: the lowest run of a setting is "
            "the lower the more there are, which bends a law fitted to them"
        )
        found.append(Finding("H04", "WARN", message, "fit the levels: isoflop fit RUNS --best-of COLUMNS"))
    return found


def _scales(sweep: Sweep) -> list[Finding]:
    if sweep.settings == 1 or not sweep.letters:
        message = "the sweep has one setting of N and D: it says nothing of how the best values move with them"
        return [Finding("H02", "WARN", message, "sweep two more settings, ten times apart")]
    if len(sweep.letters) == 2 and sweep.settings > 2:
        together = float(np.asarray(np.corrcoef(sweep.sizes.T))[0, 1])
        if abs(together) > IN_STEP:
            message = (
                "N and D move in step across the settings: which of them the best values follow is held by the mean "
                "of published laws, and only along that path do the runs say it"
            )
            return [Finding("H02", "WARN", message, "sweep one size at two numbers of tokens")]
    if sweep.settings < FEW_SETTINGS:
        message = f"{sweep.settings} settings: the exponents lean on the mean of published laws"
        return [Finding("H02", "WARN", message, f"sweep {FEW_SETTINGS - sweep.settings} settings more")]
    return []


def _tied(sweep: Sweep) -> list[Finding]:
    return [
        Finding(
            "H08", "INFO", f"{name} follows {other} at every N and D, so it is not tuned beside it",
            f"vary both apart, or say which to tune, as in --of {name}",
        )
        for name, other in sweep.tied.items()
    ]  # fmt: skip


def _far(target: Target) -> Finding:
    message = (
        f"N = {show(target.N)}, D = {show(target.D)} lies {target.decades:.1f} decades of compute beyond the sweep"
    )
    return Finding("H07", "WARN", message, "sweep a setting nearer to it")
