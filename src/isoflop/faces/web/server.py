"""The server: routes, each a few lines, from a request to a job and back."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from isoflop.errors import DataError, IsoflopError, UntrustedError, UsageError
from isoflop.faces.web.first_view import first_view
from isoflop.faces.web.guard import Guard, refusal
from isoflop.faces.web.jobs import RUNNING, BrokenError, BusyError, Jobs, LeftError
from isoflop.faces.web.patience import PatientProtocol
from isoflop.faces.web.requests import Bodies, pieces, wanted, wanted_view
from isoflop.faces.web.uploads import LARGEST, Tables, private_folder

if TYPE_CHECKING:
    from isoflop.faces.web.followed import Followed

MOST_VIEWS = 64
"""The views whose requests are remembered."""
_LONGEST_NAME = 300
_FILE = re.compile(r"[a-z][a-z-]{0,40}\.(html|toml|svg|pdf|png|csv|json)")
"""How the names of what is exported look."""
_PHRASES = {
    "Not Found": "there is no such page. Open / instead.",
    "Method Not Allowed": "this page is not asked like that. Open / instead.",
}
"""What Starlette says of a path, as we do."""
_KINDS = {".js": "text/javascript", ".css": "text/css"}


class Stock:
    """What one server has at hand: tables, views, jobs, the files of the page, and the run that is followed, if any."""

    def __init__(self, tables: Tables, followed: Followed | None = None) -> None:
        self.tables = tables
        self.followed = followed
        self.views: dict[str, dict[str, Any]] = {}
        self.jobs = Jobs()
        self.bodies = Bodies()
        self.started = b""
        self.static = _static_files()


def application(tables: Tables, begun: Callable[[], object], followed: Followed | None = None) -> Starlette:
    """Return the app, which keeps tables here and says when it has begun; nothing guards it yet."""
    routes = [
        Route("/", _index),
        Route("/watch", _watch),
        Route("/api/look", _look),
        Route("/favicon.ico", _favicon),
        Route("/pages/{name}", _static),
        Route("/api/start", _start),
        Route("/api/catalogue.js", _catalogue),
        Route("/api/tables", _take_table, methods=["POST"]),
        Route("/api/previews", _preview, methods=["POST"]),
        Route("/api/mended", _mend, methods=["POST"]),
        Route("/api/results", _result, methods=["POST"]),
        Route("/api/views", _view, methods=["POST"]),
        Route("/api/views/{view}/laws.js", _laws),
        Route("/api/rows", _row, methods=["POST"]),
        Route("/api/plans", _plan, methods=["POST"]),
        Route("/api/figures", _figures, methods=["POST"]),
        Route("/api/exports", _export, methods=["POST"]),
    ]

    @asynccontextmanager
    async def warming(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            for _ in range(RUNNING):
                group.start_soon(app.state.stock.jobs.warm)  # while the page is on its way
            begun()
            yield
            group.cancel_scope.cancel()
        await app.state.stock.jobs.over()

    app = Starlette(routes=routes, lifespan=warming, exception_handlers=_REFUSALS)
    app.state.stock = Stock(tables, followed)
    return app


def _static_files() -> dict[str, tuple[bytes, str]]:
    """Return the scripts and styles that the page is made of, by name: all that is ever read from the disk for it."""
    found = {}
    for folder in (files("isoflop.faces.pages"), files("isoflop.faces.web") / "page"):
        for file in folder.iterdir():
            if (kind := _KINDS.get(Path(file.name).suffix)) is not None:
                found[file.name] = (file.read_bytes(), kind)
    return found


async def _index(request: Request) -> Response:
    link = b"" if _stock(request).followed is None else b'<a href="/watch">the run that is watched</a>'
    return Response(_page("index.html").replace(b"<!-- watched -->", link), media_type="text/html")


async def _watch(request: Request) -> Response:
    _follower(request)
    return Response(_page("watch.html"), media_type="text/html")


async def _look(request: Request) -> Response:
    """Return the last look if it is newer than the one that the page has."""
    after = request.query_params.get("after", "0")
    if not re.fullmatch(r"[0-9]{1,12}", after):
        raise UsageError("after is the number of the last look that came: /api/look?after=3.")
    found = _follower(request).after(int(after))
    return Response(status_code=204) if found is None else _json(found)


def _follower(request: Request) -> Followed:
    found = _stock(request).followed
    if found is None:
        raise HTTPException(404, "no run is watched here. Start it so: isoflop watch LOG --ladder CURVES --web.")
    return found


def _page(name: str) -> bytes:
    return (files("isoflop.faces.web") / "page" / name).read_bytes()


async def _favicon(_: Request) -> Response:
    return Response(status_code=204)


async def _static(request: Request) -> Response:
    found = _stock(request).static.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404, "there is no such file of the page. Open / instead.")
    return Response(found[0], media_type=found[1])


async def _start(request: Request) -> Response:
    stock = _stock(request)
    stock.started = stock.started or await _done(request, "start")
    return _json(stock.started)


async def _catalogue(request: Request) -> Response:
    return Response(await _done(request, "catalogue"), media_type="text/javascript")


async def _take_table(request: Request) -> Response:
    stock, name = _stock(request), request.query_params.get("name", "")
    if not 0 < len(name) <= _LONGEST_NAME:
        raise UsageError(f"the name of the table must have 1 to {_LONGEST_NAME} letters: /api/tables?name=runs.csv.")
    with stock.bodies.receiving():
        table, path = await stock.tables.receive(pieces(request, LARGEST), name)
    try:
        found = await _done(request, "describe", str(path), name, {}, table=table, name=name)
        stock.tables.keep(table, path)
    finally:
        stock.tables.drop(path)
    return _json(found)


async def _preview(request: Request) -> Response:
    stock = _stock(request)
    table, name, columns = wanted(await stock.bodies.json(request), table=str, name=str, columns=dict)
    path = _placed(stock, wanted_view({"table": table, "columns": columns}))["table"]
    return _json(await _done(request, "describe", path, name[:_LONGEST_NAME], columns, table=table, name=name))


async def _mend(request: Request) -> Response:
    """Answer with the preview of a new table: the old one with some cells mended and without the rows that stay bad."""
    stock = _stock(request)
    asked = await stock.bodies.json(request)
    table, name, columns, _ = wanted(asked, table=str, name=str, columns=dict, cells=list)
    path, name = _placed(stock, wanted_view({"table": table, "columns": columns}))["table"], name[:_LONGEST_NAME]
    new = stock.tables.take(await _done(request, "mend", path, name, asked), f"{name}.csv")
    path = str(stock.tables.path(new))
    return _json(await _done(request, "describe", path, name, columns, table=new, name=name))


async def _result(request: Request) -> Response:
    stock = _stock(request)
    asked = await stock.bodies.json(request)
    table, _, _, columns, _ = wanted(asked, table=str, name=str, kind=str, columns=dict, at=str)
    path = _placed(stock, wanted_view({"table": table, "columns": columns}))["table"]
    return _json(await _done(request, "beyond", path, asked))


async def _view(request: Request) -> Response:
    stock = _stock(request)
    asked = wanted_view(await stock.bodies.json(request))
    view = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    found = await _done(request, "view", _placed(stock, asked), id=view)
    stock.views.pop(view, None)
    stock.views[view] = asked
    if len(stock.views) > MOST_VIEWS:
        del stock.views[next(iter(stock.views))]
    return _json(found)


async def _laws(request: Request) -> Response:
    found = await _done(request, "laws", _known(_stock(request), request.path_params["view"]))
    return Response(found, media_type="text/javascript")


async def _plan(request: Request) -> Response:
    stock = _stock(request)
    view, demand = wanted(await stock.bodies.json(request), view=str, demand=dict)
    return _json(await _done(request, "plan", _known(stock, view), demand))


async def _figures(request: Request) -> Response:
    stock = _stock(request)
    view, demand, flops = wanted(await stock.bodies.json(request), view=str, demand=dict, flops=float)
    return _json(await _done(request, "figures", _known(stock, view), demand, flops))


async def _row(request: Request) -> Response:
    stock = _stock(request)
    view, place = wanted(await stock.bodies.json(request), view=str, row=int)
    return _json(await _done(request, "row", _known(stock, view), place))


async def _export(request: Request) -> Response:
    stock = _stock(request)
    asked = {"demand": {}, **await stock.bodies.json(request)}
    view, what, demand = wanted(asked, view=str, what=str, demand=dict)
    if not _FILE.fullmatch(what):
        raise UsageError(f"an export is a file such as report.html or plan.toml; {what} came.")
    found = await _done(request, "export", _known(stock, view), what, demand)
    named = {"Content-Disposition": f'attachment; filename="isoflop-{what}"'}
    return Response(found, media_type="application/octet-stream", headers=named)


def _stock(request: Request) -> Stock:
    found: Stock = request.app.state.stock
    return found


def _json(found: bytes) -> Response:
    return Response(found, media_type="application/json")


def _known(stock: Stock, view: str) -> dict[str, Any]:
    """Return the request of a view that was made, for the job; answers 404 if it is not remembered."""
    if view not in stock.views:
        raise HTTPException(404, "this view is not known any more. Load the page again.")
    stock.views[view] = stock.views.pop(view)  # now the last to be forgotten
    return _placed(stock, stock.views[view])


def _placed(stock: Stock, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of a view with the path of its table in place of the id, which is all that pages know."""
    if "table" not in asked:
        return dict(asked)
    path = stock.tables.path(asked["table"])
    if path is None:
        raise HTTPException(404, "this table is not kept any more. Give the file again.")
    return {**asked, "table": str(path)}


async def _done(request: Request, job: str, /, *words: Any, **more: Any) -> bytes:
    """Return the answer of a job of `isoflop.web.work`."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        return await _stock(request).jobs.run(job, *words, gone=gone, **more)
    except IsoflopError as error:
        raise type(error)(_stock(request).tables.veiled(str(error))) from None


def _refusing(status: int, text: str = "") -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler that answers an error with this status, and with the error's own text or this one."""

    async def refuse(request: Request, error: Exception) -> Response:
        return refusal(request.url.path, status, text or str(error))

    return refuse


async def _refuse_http(request: Request, error: Exception) -> Response:
    status, text = getattr(error, "status_code", 500), str(getattr(error, "detail", ""))
    return refusal(request.url.path, status, _PHRASES.get(text, text))


async def _refuse_broken(request: Request, error: Exception) -> Response:
    """Tell the page that it failed, and the terminal how."""
    told = str(error) if isinstance(error, BrokenError) else "".join(traceback.format_exception(error))
    sys.stderr.write(f"isoflop: {told.rstrip()}\n")
    return refusal(request.url.path, 500, "isoflop failed at this. The terminal where isoflop web runs says how.")


_REFUSALS: dict[Any, Any] = {
    HTTPException: _refuse_http,
    UsageError: _refusing(400),
    DataError: _refusing(422),
    UntrustedError: _refusing(422),
    IsoflopError: _refusing(500),
    BusyError: _refusing(429, "isoflop has as much to do as it can hold. Try again in a second."),
    TimeoutError: _refusing(504),
    LeftError: _refusing(408, "nobody waited for this."),
    ClientDisconnect: _refusing(408, "nobody waited for this."),
    BrokenError: _refuse_broken,
    Exception: _refuse_broken,
}


def serve(
    port: int, opened: Callable[[str, str], object], asked: Mapping[str, str], *, followed: Followed | None = None
) -> None:  # fmt: skip
    """Serve the web app on this machine until Ctrl-C or SIGTERM.

    port    0 is a free one
    opened  called with the address that lets its user in, and with one that does so a single time, for the browser
    asked   what the page shows at first: source, a file, a dataset or curves, and as what it is read: law, where
    followed  the run whose page is opened instead

    Raises UsageError if the port cannot be had or there is no such source.
    """
    _end_quietly()
    os.environ["PYTHONSAFEPATH"] = "1"  # processes for jobs import nothing from the folder that the user is in
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # at the end it wonders who reaped its processes
    with _listening(port) as listening, private_folder() as folder:
        port, token, code = listening.getsockname()[1], token_urlsafe(32), token_urlsafe(32)
        tables = Tables(folder)
        address, view = f"http://127.0.0.1:{port}/open", first_view(tables, asked)
        view = view if followed is None else f"&page=watch{view}"
        app = application(
            tables, lambda: opened(f"{address}?token={token}{view}", f"{address}?code={code}{view}"), followed
        )
        if followed is not None:
            followed.begin()
        uvicorn.Server(
            uvicorn.Config(
                Guard(app, port, token, {code}), http=PatientProtocol, ws="none", loop="asyncio", lifespan="on",
                log_config=None, log_level="critical", access_log=False, proxy_headers=False, server_header=False,
                timeout_graceful_shutdown=1,
            )
        ).run(sockets=[listening])  # fmt: skip


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be had ({os.strerror(error.errno or 0)}). Say --port 0 for a free one."
        ) from None


def _end_quietly() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal all end as uvicorn does at the first two: in order."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs come without
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    closed = getattr(signal, "SIGHUP", None)  # not on Windows
    if closed is not None and signal.getsignal(closed) != signal.SIG_IGN:  # as nohup wishes
        signal.signal(closed, lambda *_: signal.raise_signal(signal.SIGTERM))
