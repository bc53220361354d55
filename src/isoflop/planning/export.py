"""A plan as a file: plan.toml to keep, or a study.toml that trains the planned run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.errors import UsageError
from isoflop.files import STANDARD, encoded, toml_key, toml_value, write_output

if TYPE_CHECKING:
    from isoflop.planning.result import Plan

_STUDY = """\
# The run that isoflop planned. Put your training command in place of the one below: each word stays one word,
# {{config}} is a JSON file with all values of the run, and {{N}}, {{D}}, {{batch}}, ... are the values themselves.
name = "planned"
command = ["{{python}}", "train.py", "--config", "{{config}}"]

[[run]]
name = "planned"
"""


def save_plan(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write a plan as TOML: a name that ends in study.toml gives a study of the planned run, any other all numbers.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "plan.toml"
    >>> isoflop.save_plan(isoflop.plan("besiroglu2024", flops=1e22), path)
    >>> path.exists()
    True
    """
    name = Path(path).name
    if name != STANDARD and not name.endswith(".toml"):
        raise UsageError(f"a plan is saved as TOML, and {name} is none. Say -o plan.toml, or -o study.toml to run it.")
    if name.endswith("study.toml"):
        text = _STUDY.format() + "".join(f"{key} = {toml_value(value)}\n" for key, value in _run(plan).items())
    else:
        text = "\n".join(_table("", _all(plan))).strip() + "\n"
    write_output(path, encoded(text))


def _all(plan: Plan) -> dict[str, Any]:
    """Return all numbers of a plan; days and devices only where somebody said how many devices there are."""
    content = plan.as_dict()
    if plan.sheet and plan.sheet.cost and math.isnan(plan.sheet.demand.count):
        content["sheet"]["cost"] = {k: v for k, v in content["sheet"]["cost"].items() if k not in ("days", "count")}
    return content


def _run(plan: Plan) -> dict[str, Any]:
    """Return what a training script needs to know of the run, whole numbers where they count something."""
    run: dict[str, Any] = {"N": round(plan.N.value), "D": round(plan.D.value)}
    if plan.sheet is None:
        return run
    sheet = plan.sheet
    if sheet.shape:
        run |= {key: value for key, value in sheet.shape.as_dict().items() if isinstance(value, int)}
    if sheet.batch > 0:
        run |= {"batch_tokens": round(sheet.batch), "steps": max(round(plan.D.value / sheet.batch), 1)}
    if sheet.settings:
        run |= {"learning_rate": sheet.settings.learning_rate.value, "weight_decay": sheet.settings.weight_decay.value}
    run |= {name: one.value for name, one in sheet.tuned.items()}
    loss = plan.loss
    run |= {"precision": sheet.demand.precision, "expected_loss": loss.value, "expected_low": loss.low,
            "expected_high": loss.high, "expected_level": loss.level}  # fmt: skip
    return {key: value for key, value in run.items() if not isinstance(value, float) or math.isfinite(value)}


def _table(path: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Return a table of TOML: its values first, then the tables in it; what is None is left out."""
    inner = {key: value for key, value in content.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in content.items() if key not in inner and value is not None}
    if path and plain:
        yield f"\n[{path}]"
    yield from (f"{toml_key(key)} = {toml_value(value)}" for key, value in plain.items())
    for key, value in inner.items():
        yield from _table(f"{path}.{toml_key(key)}" if path else toml_key(key), value)
