"""A sweep → one run for each setting, at its best hyperparameters: what goes on to fit, forecast and plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from isoflop.beyond.tune.sweep import column_of
from isoflop.beyond.tune.tune import tune
from isoflop.data.read import as_runs
from isoflop.data.runs import Runs, table
from isoflop.estimate import LEVEL

ONE_ERROR = 1.645
"""Standard errors in half an interval of 90 %, for a column of errors."""


def best_of(runs: Runs, of: Sequence[str]) -> Runs:
    """Return one run for each setting of N and D: at its best hyperparameters, with the loss to be expected there.

    The loss is the level of the bowl that all settings share, not the lowest run of the setting, which is low by
    luck, and lower the more runs it was chosen from. Columns besides N, D, C and loss: the best of each
    hyperparameter, loss_error (one standard error) and tried (runs of the setting).

    >>> import numpy as np
    >>> N, D, lr = (one.ravel() for one in np.meshgrid([5e7, 2e8, 8e8], [2e9, 8e9], [3e-4, 6e-4, 1e-3, 2e-3, 4e-3]))
    >>> rise = 0.01 * np.log(lr / (1e-3 * (N / 1e8) ** -0.5)) ** 2
    >>> runs = isoflop.Runs.of(N=N, D=D, lr=lr, loss=(1.8 + 400 / N**0.34 + 410 / D**0.28) * np.exp(rise))
    >>> len(isoflop.best_of(runs, ["lr"]))
    6
    """
    runs = as_runs(runs)
    found = tune(runs, of=[column_of(runs, name) for name in of], level=LEVEL)
    rows = [
        {
            "N": one.N, "D": one.D, "C": one.C, "loss": one.loss.value,
            **{name: best.value for name, best in one.best.items()},
            "loss_error": (one.loss.high - one.loss.low) / 2 / ONE_ERROR, "tried": float(one.runs),
        }
        for one in found.settings
    ]  # fmt: skip
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    kept = {name: values for name, values in columns.items() if not np.all(np.isnan(values))}
    result = table(kept, source=runs.source, flop_rule=runs.flop_rule, allow=runs.allowed)
    said = [one for one in found.findings if one.code.startswith("H") and one.code != "H04"]
    return replace(result, metric=runs.metric, findings=(*result.findings, *said))
