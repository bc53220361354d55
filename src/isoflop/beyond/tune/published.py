"""What published laws say of the settings that were swept, and what following them would have cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isoflop.formula.arrays import Array
from isoflop.formula.law import Curve
from isoflop.laws import find_curve
from isoflop.laws.zhang import CONTEXT
from isoflop.planning.hyperparameters import BATCHES, LEARNING_RATES

LAWS: Mapping[str, Sequence[str]] = {"lr": tuple(LEARNING_RATES), "batch": tuple(BATCHES)}
"""What is tuned → the curves that say its best value."""
REFERENCE = {"N": 1e9, "D": 2e10}
"""Where the exponents of published laws are read off: in the middle of the ranges they were fitted on."""
STEP = 1.01


def said(kind: str, sizes: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each published law of this kind says at these sizes; batches in tokens."""
    return {name: value for name in LAWS.get(kind, ()) if (value := _said(find_curve(name), sizes)) is not None}


def exponents(kind: str, letters: Sequence[str]) -> Array:
    """Return the exponents in these letters that published laws have on average; 0 where there is none."""
    base, found = said(kind, _sizes(REFERENCE)), []
    for letter in letters:
        moved = said(kind, _sizes({key: value * (STEP if key == letter else 1) for key, value in REFERENCE.items()}))
        slopes = [float(np.log(moved[name][0] / base[name][0]) / np.log(STEP)) for name in base]
        found.append(float(np.mean(slopes)) if slopes else 0.0)
    return np.array(found)


def _sizes(at: Mapping[str, float]) -> dict[str, Array]:
    known = {**at, "C": 6 * at["N"] * at["D"]}
    return {letter: np.array([value]) for letter, value in known.items()}


def _said(curve: Curve, sizes: Mapping[str, Array]) -> Array | None:
    known = {**sizes, **({"L": sizes["loss"]} if "loss" in sizes else {})}
    if not set(curve.law.inputs) <= set(known):
        return None
    value = np.asarray(curve(**{key: known[key] for key in curve.law.inputs}), float)
    return value * CONTEXT if curve.law.output.name == "Sequences" else value
