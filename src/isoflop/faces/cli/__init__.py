"""The command line: parse, call the public function of the same name, print its result.

stdout is data (`--json` everywhere), stderr is talk. Exit codes: 0 ok, 1 failure, 2 usage, 3 data refused,
4 fit not to be trusted (a BLOCK finding), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

# Small problems only: a second BLAS thread costs CPU time and gains none. Before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from isoflop.errors import IsoflopError, UsageError, shown
from isoflop.faces.cli.command import ALIASES, add
from isoflop.faces.cli.shared import introduce
from isoflop.faces.cli.streams import wrapped, write_anywhere

PANELS = {
    "Your runs": {"read": "reading", "forecast": "asking", "backtest": "fitting", "check": "fitting", "fit": "fitting",
                  "solve": "asking", "plot": "drawing", "report": "reporting", "web": "serving"},
    "Plan": {"plan": "planning", "sensitivity": "fitting", "cost": "costing", "tune": "tuning", "mix": "mixing"},
    "Experiments": {"design": "designing", "study": "studying", "finish": "finishing", "watch": "watching",
                    "register": "registering"},
    "Beyond loss": {"recipes": "comparing", "downstream": "downstream", "capabilities": "downstream",
                    "emergence": "emerging", "test-time": "sampling"},
    "Published": {"laws": "showing", "landmarks": "models", "compare-models": "models", "data": "showing"},
    "Help": {"demo": "showing", "explain": "explaining", "schema": "schemas"},
}  # fmt: skip
"""The commands, in the groups in which --help shows them; each with the file here that holds it under its own name."""
HOMES = {name: home for panel in PANELS.values() for name, home in panel.items()}
MEANT = {"version": "--version", "help": "--help", "predict": "forecast", "extrapolate": "forecast",
         "sweep": "design grid", "budget": "plan", "allocate": "plan", "optimal": "plan", "serve": "web", "ui": "web",
         "table": "read", "runs": "read", "docs": "explain", "price": "cost", "datasets": "data"}  # fmt: skip
"""What somebody means who types another program's word for a command."""


MISTYPED: Any = typer.BadParameter.__base__
"""What typer raises for words that no command takes: its UsageError, which has no public name."""


def application(*names: str) -> typer.Typer:
    """Return the command line with these commands, or with all of them: only the files they are in are read."""
    app = typer.Typer(
        name="isoflop", no_args_is_help=True, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )  # fmt: skip
    app.callback()(introduce)
    for name in names or (*HOMES, *ALIASES):
        home = ALIASES.get(name, name)
        command = getattr(import_module(f"isoflop.faces.cli.{HOMES[home]}"), home.replace("-", "_"))
        add(app, name, command, panel=next((panel for panel, there in PANELS.items() if name in there), None))
    return app


def _in_a_sentence(error: Any) -> str:
    """Return what is wrong with the words that were typed, and where to see how they should be."""
    said = " ".join(error.format_message().split())
    said = said if said.endswith((".", "?")) else f"{said}."
    command = "isoflop" if error.ctx is None else error.ctx.command_path
    return f"{said[:1].lower()}{said[1:]} See {command} --help."


def main() -> None:
    """Run the command line; never show a traceback for what a user can mend."""
    write_anywhere()
    try:
        if sys.argv[1:2] and (meant := MEANT.get(sys.argv[1])):
            raise UsageError(f"there is no command {sys.argv[1]}. Did you mean isoflop {meant}?")
        names = [word for word in sys.argv[1:2] if word in HOMES or word in ALIASES]
        code = application(*names)(prog_name="isoflop", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except MISTYPED as error:
        if not error.format_message() or type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # the help
        else:
            typer.echo(wrapped(f"isoflop: {_in_a_sentence(error)}"), err=True)
        sys.exit(error.exit_code)
    except IsoflopError as error:
        typer.echo(wrapped(f"isoflop: {error}"), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:  # of stdout: files are read and written with errors of our own
        if not isinstance(error, BrokenPipeError):
            what = "the result" if error.filename is None else shown(str(error.filename))
            typer.echo(f"isoflop: {what} cannot be written ({error.strerror}).", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in its buffer goes nowhere
        sys.exit(1)
