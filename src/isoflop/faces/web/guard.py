"""The guard before the app: who may ask what, what the browser may do with the answer, and how a refusal looks."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isoflop.errors import shown
from isoflop.faces.pages.browser import PLOT_STYLE

_PUBLIC = re.compile(rb"/favicon\.ico|/pages/.*")
"""What is told without the cookie: nothing of the user's."""
_PATH = re.compile(rb"/|(/[\w-][\w.-]*)+")
"""How paths look here. No escapes, no `//`, no `..`, so that there is nothing to decode twice or differently."""
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' {PLOT_STYLE}; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Guard:
    """An ASGI app before another one, which lets through what this machine's user asks from the app's own page.

    token  lets in whoever has it, as long as the server runs: it is printed for its user alone
    once   codes that let in one time: what a browser is started with, which others on the machine may read
    """

    app: ASGIApp
    port: int
    token: str
    once: set[str] = field(default_factory=set)

    @property
    def hosts(self) -> tuple[str, str]:
        """The names that this server goes by. A page elsewhere, rebound to this address, brings another."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The name of the cookie; browsers keep one jar for all ports of a machine."""
        return f"isoflop-{self.port}"

    def knows(self, token: str) -> bool:
        """Return whether this is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(token.encode(errors="replace"), self.token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it; sockets are refused, and the app's own start and end pass."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await (self._own_answer(scope) or self.app)(scope, receive, _with_headers(send, scope["path"]))

    def _own_answer(self, scope: Scope) -> Response | None:
        """Return the answer to who enters and to what is not let through; None for what the app shall answer."""
        headers, path = Headers(scope=scope), scope["path"]
        if not _PATH.fullmatch(scope["raw_path"]):
            return refusal(path, 404, "there is no such page. Open / instead.")
        if headers.get("host") not in self.hosts:
            return refusal(path, 403, f"this server is {' or '.join(self.hosts)} and answers to no other name.")
        if not _from_here(headers, reads=scope["method"] in {"GET", "HEAD"}, api=path.startswith("/api/")):
            return refusal(path, 403, "this came from another page. Use the page that isoflop web opened.")
        if path == "/open":
            return self._entered(Request(scope))
        if not _PUBLIC.fullmatch(scope["raw_path"]) and not self.knows(Request(scope).cookies.get(self.cookie, "")):
            return refusal(path, 403, "only who started it may enter. Open the address that isoflop web printed.")
        return None

    def _entered(self, request: Request) -> Response:
        """Return the cookie for the token or a code not yet used, and send the browser to the page itself."""
        code = request.query_params.get("code", "")
        if code in self.once:
            self.once.remove(code)
        elif not self.knows(request.query_params.get("token", "")):
            return refusal("/open", 403, "this is not the token. Open the address that isoflop web printed last.")
        answer = RedirectResponse("/watch" if request.query_params.get("page") == "watch" else "/", 303)
        answer.set_cookie(self.cookie, self.token, path="/", httponly=True, samesite="strict")
        return answer


def _from_here(headers: Headers, *, reads: bool, api: bool) -> bool:
    """Return whether the app's own page asks; who only reads a page may also come from an address that was typed."""
    origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    own = all(one == f"http://{headers['host']}" for one in origins) and (reads or bool(origins))
    return own and (all(one == "same-origin" for one in sites) or (reads and not api)) and "upgrade" not in headers


def refusal(path: str, status: int, text: str) -> Response:
    """Return the answer that says why not: data to the page's own questions, plain text to all others."""
    text = "\n".join(map(shown, text.split("\n")))
    headers = {"Retry-After": "1"} if status == 429 else {}
    if path.startswith("/api/"):
        return JSONResponse({"error": text}, status, headers)
    return PlainTextResponse(f"isoflop: {text}\n", status, headers)


def _with_headers(send: Send, path: str) -> Send:
    """Return a send that adds to every answer what the browser must not do with it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers["Cache-Control"] = "no-cache" if path.startswith("/pages/") else "no-store"
        await send(message)

    return sending
