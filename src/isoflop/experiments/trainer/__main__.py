"""`python -m isoflop.experiments.trainer` trains one run and prints JSON lines."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from isoflop.errors import IsoflopError
from isoflop.experiments.trainer.config import Config, config_file, few_steps, meanings, read_config, torch_or_refuse

_ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}


def main(words: Sequence[str] | None = None) -> int:
    """Train what the command line asks for; give the exit code."""
    asked: list[signal.Signals] = []
    for one in _ENDS:
        signal.signal(one, lambda number, _: asked.append(signal.Signals(number)))
    try:
        told = {key: value for key, value in vars(_parser().parse_args(words)).items() if value is not None}
        path = told.pop("config", None)
        config = read_config((config_file(path) if path else {}) | told)
        torch_or_refuse()
        return _train(config, asked)
    except IsoflopError as error:
        print(error, file=sys.stderr)  # noqa: T201 - it is the command's voice
        return error.exit_code


def _train(config: Config, asked: list[signal.Signals]) -> int:
    from isoflop.experiments.trainer.learner import Stopped
    from isoflop.experiments.trainer.train import train

    if warning := few_steps(config):
        print(warning, file=sys.stderr)  # noqa: T201
    try:
        train(config, report=_report, stop=lambda: bool(asked))
    except Stopped:
        return _ENDS[asked[0]]
    return 0


def _report(record: dict[str, Any]) -> None:
    """Print a record, and add it to the file that $ISOFLOP_METRICS names; a loss that is no number is text."""
    strict = {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record.items()
    }
    line = json.dumps(strict | {"at": round(time.time(), 3)}, allow_nan=False) + "\n"
    sys.stdout.write(line)
    sys.stdout.flush()
    if metrics := os.environ.get("ISOFLOP_METRICS"):
        with Path(metrics).open("a", encoding="utf-8") as stream:
            stream.write(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m isoflop.experiments.trainer",
        description="Train one run and print a JSON object a line.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="a JSON file with any of these settings; the command line has the last word")
    about = meanings()
    for one in fields(Config):
        switch = {"action": "store_const", "const": "true"} if isinstance(one.default, bool) else {}
        usual = "" if one.default in {"", False} else f" ({one.default})"
        parser.add_argument(f"--{one.name.replace('_', '-')}", help=about[one.name] + usual, **switch)  # type: ignore[arg-type]
    return parser


if __name__ == "__main__":
    sys.exit(main())
