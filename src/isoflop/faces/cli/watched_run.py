"""What is said of a run that is watched, as typed: which it is, and what the ways to go on are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.compute.devices import MFU
from isoflop.errors import UsageError
from isoflop.faces.cli.options import share_of
from isoflop.faces.cli.shared import Text, option
from isoflop.quantities import parse_quantity

if TYPE_CHECKING:
    from isoflop.experiments.watch import Machines, Told

_RUN, _PLAN, _GO = "The run", "Schedule", "Stop now or go on"
_SHAPE = "constant, cosine, linear, wsd, or a file of step,lr or tokens,lr; else as in the ladder."
LADDER = "Smaller runs: a table of run,N,step,tokens,lr,loss, or logs; say it again for more."
EVERY, SILENT = 10.0, 30.0
"""Seconds between looks, and minutes of silence, unless others are asked for."""


def _going(flag: str, text: str, *, metavar: str) -> Any:
    return typer.Option(flag, help=text, metavar=metavar, rich_help_panel=_GO)


@dataclass(frozen=True)
class OfRun:
    """What is said of the run, as typed."""

    N: Annotated[Text, option("--N", "Parameters.", _RUN)] = None
    D: Annotated[Text, option("--D", "Tokens of the whole run.", _RUN)] = None
    steps: Annotated[Text, option("--steps", "Where it ends, in the unit of its rows.", _RUN)] = None
    run: Annotated[Text, option("--run", "Which run of a log of several.", _RUN, metavar="NAME")] = None
    schedule: Annotated[Text, option("--schedule", _SHAPE, _PLAN)] = None
    warmup: Annotated[str, option("--warmup", "Steps, or tokens, the rate rises.", _PLAN)] = "0"
    final: Annotated[str, option("--final", "The last rate over the highest.", _PLAN)] = "0"
    decay: Annotated[str, option("--decay", "Share of wsd's decay.", _PLAN)] = "20%"

    def told(self, given: dict[str, str]) -> Told:
        """Return what is told of the run; --N comes before N=…."""
        from isoflop.experiments.watch import Told

        typed = {key: value for key in ("N", "D", "steps") if (value := getattr(self, key)) is not None}
        size = {key: parse_quantity(value) for key, value in (given | typed).items()}
        return Told(**size, run=self.run, schedule=self.schedule, warmup=parse_quantity(self.warmup),
                    final=share_of(self.final), decay=share_of(self.decay))  # fmt: skip


@dataclass(frozen=True)
class Going:
    """What the ways to go on are asked for, as typed."""

    target: Annotated[Text, _going("--target", "How likely is this loss?", metavar="LOSS")] = None
    stop: Annotated[Text, _going("--stop", "Stop now, after a decay over 10% of what was made.", metavar="SHARE")] = (
        None
    )
    gpus: Annotated[
        Text, _going("--gpus", "What it trains on: 8xH100. For days and dollars.", metavar="COUNTxDEVICE")
    ] = None
    price: Annotated[Text, _going("--price", "Dollars for an hour of one device.", metavar="DOLLARS")] = None
    mfu: Annotated[Text, _going("--mfu", "Share of the peak reached.", metavar="SHARE")] = None

    @property
    def machines(self) -> Machines | None:
        """What it trains on; None where nobody said."""
        from isoflop.experiments.watch import Machines

        if self.gpus is None:
            if self.price is not None or self.mfu is not None:
                raise UsageError("a price is of machines. Say which: --gpus 8xH100.")
            return None
        return Machines(
            gpus=self.gpus, price=None if self.price is None else parse_quantity(self.price),
            mfu=MFU if self.mfu is None else share_of(self.mfu),
        )  # fmt: skip


def curves_behind(ladder: Sequence[str] | None) -> tuple[str, ...]:
    """Return the curves that a run is watched by; raises UsageError where none are named."""
    if not ladder:
        raise UsageError("say the curves of smaller runs: --ladder curves.csv, with run, N, step, tokens, lr, loss.")
    return tuple(ladder)
