"""What is said of a run that is watched, as typed: which it is, and what the ways to go on are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.compute.devices import MFU
from isoflop.errors import UsageError
from isoflop.faces.cli.options import share_of
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

    N: Annotated[str | None, typer.Option("--N", help="Parameters.", rich_help_panel=_RUN)] = None
    D: Annotated[str | None, typer.Option("--D", help="Tokens of the whole run.", rich_help_panel=_RUN)] = None
    steps: Annotated[
        str | None, typer.Option("--steps", help="Where it ends, in the unit of its rows.", rich_help_panel=_RUN)
    ] = None
    run: Annotated[
        str | None, typer.Option("--run", metavar="NAME", help="Which run of a log of several.", rich_help_panel=_RUN)
    ] = None
    schedule: Annotated[str | None, typer.Option("--schedule", help=_SHAPE, rich_help_panel=_PLAN)] = None
    warmup: Annotated[
        str, typer.Option("--warmup", help="Steps, or tokens, the rate rises.", rich_help_panel=_PLAN)
    ] = "0"
    final: Annotated[str, typer.Option("--final", help="The last rate over the highest.", rich_help_panel=_PLAN)] = "0"
    decay: Annotated[str, typer.Option("--decay", help="Share of wsd's decay.", rich_help_panel=_PLAN)] = "20%"

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

    target: Annotated[str | None, _going("--target", "How likely is this loss?", metavar="LOSS")] = None
    stop: Annotated[
        str | None, _going("--stop", "Stop now, after a decay over 10% of what was made.", metavar="SHARE")
    ] = None
    gpus: Annotated[
        str | None, _going("--gpus", "What it trains on: 8xH100. For days and dollars.", metavar="COUNTxDEVICE")
    ] = None
    price: Annotated[str | None, _going("--price", "Dollars for an hour of one device.", metavar="DOLLARS")] = None
    mfu: Annotated[str | None, _going("--mfu", "Share of the peak reached.", metavar="SHARE")] = None

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
