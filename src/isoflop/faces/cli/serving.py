"""The command that serves the web app: web."""

from __future__ import annotations

from threading import Thread
from typing import Annotated

import typer

from isoflop.errors import MissingExtraError
from isoflop.faces.cli.shared import Where, conjunction


def web(
    source: Annotated[
        str, typer.Argument(metavar="[RUNS_OR_FIT]", help="What to open: a file, a dataset or a published curve.")
    ] = "",
    law: Annotated[str, typer.Option("--law", help="A law's name or a formula; without it several together.")] = "",
    where: Where = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 is a free one.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
) -> None:
    """Open isoflop as a page in your browser, served on this machine for you alone, until Ctrl-C."""
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

    serve(port, opened, {"source": source, "law": law, "where": conjunction(where) or ""})
