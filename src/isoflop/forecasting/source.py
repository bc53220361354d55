"""What can be asked: from words, runs or a predictor to the predictor that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from isoflop.data.datasets import NAMES
from isoflop.data.read import as_runs, has_runs, read
from isoflop.data.readers.address import at_hand
from isoflop.data.runs import ColumnMapping, Runs
from isoflop.errors import UsageError
from isoflop.estimate import LEVEL, refuse_level
from isoflop.fitting.fit import fit
from isoflop.fitting.saved import is_fit, load
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.predictor import Predictor
from isoflop.formula.law import POSITIVE, Law
from isoflop.formula.several import several
from isoflop.laws import CURVES, find_curve
from isoflop.quantities import BEYOND, Kind

Source = Predictor | Runs | ColumnMapping
"""What can be asked for a forecast, a name or a table too; runs are asked through several laws together."""

ONE_LAW = "chinchilla"
"""The law of a fit, unless another is asked for."""
_ALIKE = 0.8
"""How alike the names of a published curve and of no file must be for the curve to be meant."""


def settle(source: Source | str) -> Predictor:
    """Return what answers: a curve by its name, runs through several laws together, all else as it is."""
    if isinstance(source, str) and (source in CURVES or not has_runs(source)):
        return find_curve(source)
    return cast("Predictor", source) if callable(getattr(source, "log_loss", None)) else combine(as_runs(source))


def open_source(
    text: str,
    *,
    called: str = "",
    law: str | None = None,
    one_law: bool = False,
    objective: str = "robust",
    draws: int = 1000,
    starts: int = 32,
    seed: int = 0,
    fix: Mapping[str, str | float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    level: float = LEVEL,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    flop_rule: str = "6ND",
    cluster: str | None = None,
    metric: str | None = None,
    allow: Sequence[str] = (),
    inputs: Sequence[str] = (),
    prepare: Callable[[Runs], Runs] | None = None,
) -> Predictor:
    """Return what answers for a text: a published curve or several by name, a saved fit, or what runs say.

    called   the name that its user knows a file by, if that is not where it lies
    law      a law to fit, or several with commas between, "chinchilla,coupled"; without it several laws held by
             priors forecast together
    inputs   names in a typed formula that are columns, as in `fit`; without a law, the column that is the only input
    prepare  what is made of the runs before a law is fitted, if anything
    one_law  whether one law is wanted at any rate: Chinchilla's unless said

    Runs are read as by `read`, and a law is fitted as by `fit`, of which the other options are.
    """
    if not called and (known := published(text)):
        return known
    with at_hand(text) as copy:
        if is_fit(copy.path):
            if law or where or columns:
                raise UsageError("a saved fit has its law and its runs. Leave the law, --where and the columns out.")
            return load(copy.path)
        runs = read(
            copy.path, columns=columns, where=where, flop_rule=flop_rule, cluster=cluster, metric=metric, allow=allow
        )
    runs = replace(runs, source=called or copy.named(runs.source))
    runs = prepare(runs) if prepare is not None else runs
    names = listed(law)
    if not (one_law or fix or bounds or objective != "robust" or (law is not None and not names)):
        return combine(runs, laws=names, inputs=inputs)
    return fit(
        law or ONE_LAW, runs, objective=objective, draws=draws, seed=seed, starts=starts, level=level, fix=fix,
        bounds=bounds, allow=allow, inputs=inputs,
    )  # fmt: skip


def published(text: str) -> Predictor | None:
    """Return the published curve of a name, or several with commas between; None for what is no such name.

    Raises UsageError for a name that is nearly one, and no file.
    """
    if text in CURVES:
        return CURVES[text]
    if "," in text and text.split(",", maxsplit=1)[0] in CURVES:
        return several([find_curve(name) for name in text.split(",")])
    if text not in NAMES and get_close_matches(text, CURVES, 1, _ALIKE) and not Path(text).exists():
        return find_curve(text)
    return None


def listed(law: str | None) -> tuple[str, ...]:
    """Return the laws of a list such as "chinchilla,coupled"; none for one law or a formula."""
    names = (law or "").replace(" ", "").split(",")
    if len(names) < 2 or not all(name.replace("-", "").isalnum() for name in names):
        return ()
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{twice[0]} is named twice, and one law counts once. Say each law once.")
    return tuple(names)


def refuse(law: Law, level: float) -> None:
    """Refuse a law of something else than loss, and a level that is none."""
    if law.output.name != "Nats":
        raise UsageError(f"law {law.name} gives {law.output.unit or law.output.name}, not a loss.")
    refuse_level(level)


def refuse_nonpositive(key: str, values: ArrayLike, kind: Kind | None = None) -> None:
    """Refuse an input that is not a finite number above zero; 0 and below are values of some kinds."""
    numbers = np.atleast_1d(np.asarray(values, float))
    free = kind is not None and kind.name not in POSITIVE
    bad = numbers[~(((numbers > 0) | free) & np.isfinite(numbers))]
    if bad.size:
        raise UsageError(f"{key}={bad[0]:g} must be a finite number above zero.")
    if (numbers > BEYOND).any():
        raise UsageError(f"{key}={numbers.max():g} is beyond anything that can be forecast.")
