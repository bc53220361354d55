"""More runs for a study that is there: appended to its study.toml, what is in it untouched."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping, Sequence

from isoflop.compute.flops import rule_named
from isoflop.errors import DataError, shown
from isoflop.experiments.study.description import read_description, read_value
from isoflop.experiments.study.planned import DESCRIPTION, Study, open_study, plan_study, study_folder
from isoflop.experiments.study.settings import Value
from isoflop.experiments.study.sizing import sized
from isoflop.experiments.study.toml import toml_runs
from isoflop.files import encoded, make_folder, write_whole

_LETTERS = ("N", "D", "C")
NEAR = 1.1
"""A size that was trained is taken for one within this factor."""
_STUDY = """\
# Runs that isoflop designed. Put your training command in place of the one below: each word stays one word, and
# {N} and {D} stand for the parameters and tokens of a run. It reports JSON lines: {"N": ..., "D": ..., "loss": ...}.
name = "NAME"
command = ["{python}", "train.py", "--params", "{N}", "--tokens", "{D}"]
"""


def add_runs(path: str | os.PathLike[str], rows: Sequence[Mapping[str, float | str]]) -> tuple[Study, tuple[str, ...]]:
    """Add runs with an N, a D and other settings to a study; give it, or one made of them, and the names of the new.

    A run's own settings follow from N as `sized` learns it from the runs that have ended, and the D of the N that
    these give costs the same FLOPs. Of runs that come to the same configuration, one is added; none that the study
    has. Raises DataError if study.toml cannot take them.
    """
    file = study_folder(path) / DESCRIPTION
    study = open_study(file) if file.exists() else None
    if study is None:
        make_folder(file.parent)
    text = file.read_text(encoding="utf-8-sig") if study else _STUDY.replace("NAME", file.resolve().parent.name)
    have = {run.name: dict(run.config) for run in study.runs} if study else {}
    added: dict[str, dict[str, Value]] = {}
    for row in rows:
        N, D = float(row["N"]), float(row["D"])
        flops = float(rule_named(study.settings.flop_rule if study else "6ND").flops(N, D))
        own = {name: value for name, value in row.items() if name not in _LETTERS}
        if study:
            told = {name: str(value) for name, value in own.items()}
            config = sized(study, N, flops, within=(N / NEAR, N * NEAR), told=told).config
        else:
            config = {name: _read(value) for name, value in {"N": N, "D": D, **own}.items()}
        known = {**have, **added}
        if config not in known.values():
            added[_free(f"c{flops:.3g}-n{N:.3g}".replace("+", ""), known)] = config
    grown = text.rstrip() + "\n" + toml_runs({name: _own(config, text) for name, config in added.items()})
    try:
        read_description(grown, shown(str(file)))
    except DataError as error:
        raise DataError(f"{error} Runs can be added to [[run]] tables and to a [grid], not to run = [...].") from None
    if added:
        write_whole(file, encoded(grown))
    return plan_study(file), tuple(added)


def _own(config: Mapping[str, Value], text: str) -> dict[str, Value]:
    """Return what a run's configuration does not share with all runs of a study.toml."""
    shared = {name: read_value(value, name) for name, value in tomllib.loads(text).get("config", {}).items()}
    return {name: value for name, value in config.items() if name not in shared or shared[name] != value}


def _read(value: float | str) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _free(name: str, taken: Collection[str]) -> str:
    """Return a name that no run has: itself, or with a number."""
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
