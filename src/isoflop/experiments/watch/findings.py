"""What is to be said of a run that is watched: W01 to W12."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isoflop.errors import shown
from isoflop.experiments.watch.advice import OUT_OF_REACH
from isoflop.experiments.watch.changes import Change
from isoflop.experiments.watch.planned import departs
from isoflop.experiments.watch.result import Watched
from isoflop.findings import Finding
from isoflop.forecasting.curves.annealing import alike
from isoflop.forecasting.curves.logged import LoggedRun
from isoflop.forecasting.curves.sized import SizedCurve
from isoflop.forecasting.curves.spikes import Spike
from isoflop.formula.arrays import Array
from isoflop.quantities import show

FAR = 1.5
"""Decades of compute beyond the ladder from which a forecast of a curve was not tested."""


def findings_of(
    found: Watched, run: LoggedRun | None, ladder: Sequence[SizedCurve], *, change: Change | None,
    spikes: Sequence[Spike], rates: Array | None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Return what is to be said of a run at one look."""
    rate = None if run is None else departs(run, rates, found.total)
    return (
        *_state(found, change), *_spikes(found, spikes), *_lost(found, run), *_rate(found, rate), *_target(found),
        *_ladder(found, ladder, rates),
    )  # fmt: skip


def _state(found: Watched, change: Change | None) -> list[Finding]:
    since = "" if found.since is None else f" since {found.unit[:-1]} {show(found.since)}"
    size = "" if change is None else f", now by {abs(np.expm1(change.size)):.2%} against its rows before"
    words = {
        "above": ("W01", "WARN", f"the loss lies above its expected curve{since}{size}",
                  "compare data, rate and code at that step with the runs of the ladder"),
        "below": ("W02", "INFO", f"the loss lies below its expected curve{since}{size}",
                  "see whether validation text has come into the training data; else the forecast was too high"),
        "spike": ("W04", "WARN", f"a spike{since}{size}: it has not come back yet",
                  "wait a few rows; if it stays, go back to a checkpoint before it and skip its batches"),
        "diverging": ("W05", "WARN", f"the run diverges{since}{size}",
                      "stop it, go back to a checkpoint before that step, and lower the rate or clip gradients"),
        "stalled": ("W06", "WARN", f"the loss has stopped falling{since}{size}",
                    "see whether data repeats, the rate is right and gradients are not zero"),
    }  # fmt: skip
    if found.state == "ended" and change is not None and change.size > 0:
        return [Finding("W01", "WARN", f"the run ended above its expected curve{size}", words["above"][3])]
    if found.state not in words:
        return []
    code, severity, message, remedy = words[found.state]
    return [Finding(code, "INFO" if severity == "INFO" else "WARN", message, remedy)]


def _spikes(found: Watched, spikes: Sequence[Spike]) -> list[Finding]:
    if not spikes:
        return []
    worst = max(spikes, key=lambda one: one.height)
    more = "" if len(spikes) == 1 else f", and {len(spikes) - 1} more"
    return [Finding(
        "W03", "INFO", f"a spike of {np.expm1(worst.height):.1%} at {found.unit[:-1]} {show(worst.top * found.total)} "
        f"came back by {show(worst.end * found.total)}{more}: its rows count for nothing",
        "none, unless spikes come more often",
    )]  # fmt: skip


def _lost(found: Watched, run: LoggedRun | None) -> list[Finding]:
    if run is None or not run.lost:
        return []
    many = "a row has" if len(run.lost) == 1 else f"{len(run.lost)} rows have"
    return [Finding(
        "W08", "WARN", f"{many} a loss that is no number, the first at {show(run.lost[0])} {found.unit}",
        "if they are the last rows, stop the run and go back to a checkpoint with a lower rate",
    )]  # fmt: skip


def _rate(found: Watched, rate: tuple[float, float] | None) -> list[Finding]:
    if rate is None:
        return []
    return [Finding(
        "W07", "WARN", f"the logged learning rate leaves its plan at {found.unit[:-1]} {show(rate[0])}: "
        f"{rate[1]:.3g} times what was planned",
        "correct the rate, or say the schedule that is meant: --schedule",
    )]  # fmt: skip


def _target(found: Watched) -> list[Finding]:
    if not found.reach < OUT_OF_REACH:
        return []
    return [Finding(
        "W09", "WARN", f"the target of {found.target:g} is out of reach: probability {found.reach:.1%}",
        "stop, or go on for another reason: beside it stands what each way from here brings and takes",
    )]  # fmt: skip


def _ladder(found: Watched, ladder: Sequence[SizedCurve], rates: Array | None) -> list[Finding]:
    said = []
    far = np.log10(6 * found.N * found.D / max(one.C for one in ladder))
    if far > FAR:
        said.append(Finding(
            "W10", "WARN", f"the run takes {10**far:.2g} times the compute of the largest run of the ladder",
            "train a run in between: the band was tested within 30 times",
        ))  # fmt: skip
    sizes = {round(np.log(one.N) / 0.05) for one in ladder}
    if len(sizes) < 3:
        listed = ", ".join(shown(one.name) for one in ladder[:4])
        said.append(Finding(
            "W11", "WARN", f"the ladder has {len(sizes)} size{'s' * (len(sizes) > 1)} ({listed}): its forecast cannot "
            "be tested on itself across sizes",
            "give curves of three sizes or more",
        ))  # fmt: skip
    if not alike([*(one.rates for one in ladder), rates]):
        said.append(Finding(
            "W12", "INFO", "schedules differ: what the falls of the rate brought is taken out of each curve and put "
            "back by the multi-power law",
            "for a narrower band, give curves of the run's own schedule",
        ))  # fmt: skip
    return said
