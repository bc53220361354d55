"""Write src/isoflop/faces/cli/schemas.json: what every `--json` prints, as JSON Schema, read from the results' classes.

A result's `as_dict` is a dictionary of its fields and of other results; the types of the fields stand in the class.
Reading both gives the schema: nothing is described twice. What cannot be read so is allowed to be anything, and the
tests hold the answers of every command against what is written here.

python docs/schemas_of_results.py           writes the file
python docs/schemas_of_results.py --check   writes nothing and exits with 1 if it is out of date
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from schema_reader import NUMBER, TEXT, Body, Reader, each, either, joined, objects
from schema_types import Known, Schema, hints

import isoflop

VERSION = 1
"""Of the schemas: raised when an entry changes its meaning or goes; a new entry does not raise it."""
FILE = Path(__file__).parents[1] / "src" / "isoflop" / "faces" / "cli" / "schemas.json"


def result(path: str) -> type:
    """Return a class by its path under isoflop."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"isoflop.{module}"), name)


def answer(reader: Reader, what: Any) -> Schema:
    """Return the schema of one thing that is printed: a path under isoflop, or a schema as it is.

    (a, b) is either, [a] a list of such, [a, b] one object with the entries of both, {name: a} an object.
    """
    if isinstance(what, dict) and "type" not in what:
        return objects(**{name: answer(reader, one) for name, one in what.items()})
    if isinstance(what, dict):
        return what
    if isinstance(what, list) and len(what) > 1:
        return joined(*(reader.whole(answer(reader, one)) for one in what))
    if isinstance(what, list):
        return each(answer(reader, what[0]))
    if isinstance(what, tuple):
        return either(*(answer(reader, one) for one in what))
    found = result(what)
    if inspect.isclass(found):
        return reader.reference(found) if hasattr(found, "as_dict") else reader.hinted(found)
    known = {name: Known(hint) for name, hint in hints(found).items() if name != "return"}
    return Body(reader, found, known).schema()


def row(words: str) -> Schema:
    """Return the schema of an object whose entries, all text, are these words."""
    return objects(**dict.fromkeys(words.split(), TEXT))


ROWS = each({"type": "object", "additionalProperties": {"type": ["number", "string", "boolean", "null"]}})
"""Rows of a table, of which the columns are the user's."""
CLAIMS = ["faces.claims.claim.Claim"]
DESIGN, PROGRESS = "experiments.design.result.Design", "experiments.study.progress.Progress"

# What each command prints: classes under isoflop, of which it prints one, or what the command itself puts together.
PRINTS: dict[str, Any] = {
    "read": "data.readers.found.Found",
    "forecast": ("forecasting.result.Forecasts", "forecasting.every_loss.LossForecasts"),
    "backtest": "forecasting.record.Record",
    "check": ["fitting.check.check.Checked", {"profiles": ["fitting.profile.Profile"]}],
    "fit": (
        "fitting.saved.fit_as_dict", "fitting.every_loss.LossFits", "forecasting.curves.schedule_law.ScheduleFit",
    ),
    "solve": "forecasting.solve.Solution",
    "report": objects(report=TEXT, bytes={"type": "integer"}),
    "plan": ("planning.result.Plan", "planning.frontier.Frontier", "planning.tiers.Tiers"),
    "sensitivity": "planning.sensitivity.result.Sensitivity",
    "cost": "compute.quote.Quote",
    "tune": "beyond.tune.result.Tune",
    "mix": "beyond.mix.result.Mix",
    "design grid": DESIGN,
    "design ladder": DESIGN,
    "design next": DESIGN,
    "study new": PROGRESS,
    "study run": PROGRESS,
    "study status": PROGRESS,
    "study repair": PROGRESS,
    "study verify": "experiments.verify.result.Verification",
    "study pack": "experiments.study.pack.Packing",
    "study export": ROWS,
    "finish": ("beyond.finish.result.Finish", "forecasting.result.Forecasts"),
    "watch": "experiments.watch.result.Watched",
    "register": (
        "experiments.register.history.History",
        objects(registered=each(row("name time")), file=TEXT),
        objects(scored=each(objects(name=TEXT, value=NUMBER, time=TEXT))),
    ),
    "recipes": "beyond.recipes.result.Recipes",
    "downstream": "beyond.downstream.result.Downstream",
    "capabilities": "beyond.downstream.observational.Observed",
    "emergence": "beyond.emergence.result.Emergence",
    **dict.fromkeys(("test-time", "inference"), "beyond.test_time.result.Inference"),
    "laws": (
        {"families": {"type": "object", "additionalProperties": TEXT}, "laws": ["faces.cli.listing._law"],
         "curves": ["faces.cli.listing._curve"]},
        "formula.value.Value", ["formula.value.Value"], CLAIMS,
    ),
    "landmarks": "planning.landmarks.place.Landmarks",
    "compare-models": ("planning.landmarks.compare.Comparison", "planning.landmarks.by_compute.ComputeComparison"),
    "data": (each(row("name title licence")), objects(name=TEXT, source=TEXT, licence=TEXT, rows=ROWS)),
    "explain": row("code explanation"),
}  # fmt: skip


def document() -> Schema:
    """Return the whole file: for each command the schema of its answer, and what they share."""
    for what in pkgutil.walk_packages(isoflop.__path__, "isoflop."):
        if "trainer" not in what.name and "__main__" not in what.name:  # it needs torch
            importlib.import_module(what.name)
    reader = Reader()
    prints = {name: answer(reader, what) for name, what in PRINTS.items()}
    return {"version": VERSION, "commands": prints, "$defs": dict(sorted(reader.defs.items()))}


def main() -> int:
    """Write the file, or with --check say whether it is out of date; return the exit status."""
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    current = FILE.exists() and FILE.read_text(encoding="utf-8") == text
    if "--check" in sys.argv[1:]:
        return 0 if current else 1
    if not current:
        FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
