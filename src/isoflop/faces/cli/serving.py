"""The command that serves the web app: web."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.errors import MissingExtraError, UsageError
from isoflop.faces.cli.options import takes
from isoflop.faces.cli.shared import Text, Where, Words, conjunction, option
from isoflop.faces.cli.watched_run import EVERY, LADDER, SILENT, OfRun, curves_behind

if TYPE_CHECKING:
    from isoflop.experiments.watch.following import Asked


Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 is a free one.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")]
PORT = 8765
"""The port unless another is asked for."""


@takes(OfRun, "of")
def web(
    of: OfRun,
    source: Annotated[
        str, typer.Argument(metavar="[RUNS_OR_FIT]", help="What to open: a file, a dataset or a published curve.")
    ] = "",
    law: Annotated[str, option("--law", "A law's name or a formula; without it several together.")] = "",
    where: Where = None,
    watch: Annotated[Text, option("--watch", "Follow this run's log live.", metavar="LOG")] = None,
    ladder: Annotated[Words, option("--ladder", LADDER, metavar="CURVES")] = None,
    port: Port = PORT,
    browser: Browser = True,
) -> None:
    """Open isoflop as a page in your browser, served on this machine for you alone, until Ctrl-C."""
    asked = None
    if watch is not None:
        from isoflop.experiments.watch.following import Asked
        from isoflop.experiments.watch.options import STOP

        asked = Asked(log=watch, ladder=curves_behind(ladder), told=of.told({}), stop=STOP)
    elif ladder:
        raise UsageError("--ladder stands behind a run that is watched. Say which: --watch LOG.")
    shown = {"source": source, "law": law, "where": conjunction(where) or ""}
    open_page(shown, port=port, browser=browser, asked=asked)


def open_page(
    shown: Mapping[str, str], *, port: int, browser: bool, asked: Asked | None = None, **staying: Any
) -> None:  # fmt: skip
    """Serve the web app, opened at what is shown, or at the run that is watched; `staying` is what `follow` takes."""
    try:
        from isoflop.faces.web.server import serve
    except ImportError as error:
        if (error.name or "").startswith("isoflop"):
            raise
        raise MissingExtraError('the web app needs Starlette and uvicorn. Say: pip install "isoflop[web]"') from None

    def opened(address: str, once: str) -> None:
        typer.echo(f"isoflop: open {address} (Ctrl-C ends it)", err=True)
        if browser:
            import webbrowser

            Thread(target=webbrowser.open, args=[once], daemon=True).start()

    followed = None
    if asked is not None:
        from isoflop.faces.web.followed import Followed

        followed = Followed(asked, **({"every": EVERY, "silent": 60 * SILENT} | staying))
    serve(port, opened, shown, followed=followed)
