"""Does anything stop the exponents? Code F03 where a profile is open on one side, with the run that would close it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from isoflop.findings import Finding
from isoflop.fitting.fit import Fit, problem_behind
from isoflop.fitting.identifiability import separating_run
from isoflop.fitting.profile import profile

LOOSE = 0.4
"""Standard errors of an exponent, as a share of it, from which on its profile is walked."""
_MANY = 5_000


def open_sides(fit: Fit) -> Iterator[Finding]:
    """Return F03 for each exponent that the runs allow to vanish or to grow without end."""
    law = fit.curve.law
    if len(fit.own_runs) > _MANY or any(one.code in ("F02", "F03") for one in fit.findings):
        return
    problem, theta = problem_behind(fit)
    loose: dict[str, tuple[str, ...]] = {}
    for position, (name, kind) in enumerate(law.parameters.items()):
        error = float(np.sqrt(fit.covariance[position, position]))
        if kind.role == "exponent" and error > LOOSE * fit.curve.values[name]:
            sides = profile(fit, name).open
            loose |= {name: sides} if sides else {}
    if loose:
        told = " and ".join(
            f"{name} may be as {'small' if sides[0] == 'low' else 'large'} as one likes"
            for name, sides in loose.items()
        )
        advice = separating_run(problem, theta, fit.noise) or "add runs over a wider range"
        yield Finding("F03", "WARN", f"these runs hold it on one side only: {told}", advice)
