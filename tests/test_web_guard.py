"""The web app answers to this machine's user alone, from its own page, and tells browsers what not to do with it."""

import socket
import subprocess
import sys

import pytest

from isoflop.faces.web.guard import Guard

pytest_plugins = ["web_fixtures"]

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' "
        "'sha256-+TfQir1nvDucAdvE6XUQBt4ayUjpAWkbw2kCdSfekHM='; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
POSTED = (
    "/api/tables?name=runs.csv",
    "/api/previews",
    "/api/mended",
    "/api/results",
    "/api/rows",
    "/api/views",
    "/api/plans",
    "/api/exports",
)
READ = ("/", "/api/start", "/api/views/0123456789abcdef/laws.js")


def test_the_printed_address_gives_a_cookie_and_leads_to_the_page(served):
    entered = served.get(f"/open?token={served.token}", Cookie=None)
    assert (entered.status, entered.headers["Location"], entered.body) == (303, "/", b"")
    cookie, *attributes = entered.headers["Set-Cookie"].split("; ")
    assert {one.lower() for one in attributes} == {"httponly", "samesite=strict", "path=/"}
    page = served.get("/", Cookie=cookie)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token=%E2%88%9E", "?token={}x", "?x={}"])
def test_any_other_token_gives_no_cookie(served, query):
    refused = served.get("/open" + query.format(served.token), Cookie=None)
    assert (refused.status, refused.headers["Set-Cookie"], refused.headers["Location"]) == (403, None, None)


@pytest.mark.parametrize("cookie", [None, "", "isoflop-{port}=", "isoflop-{port}=x", "isoflop-1={token}", "{token}"])
def test_without_the_cookie_nothing_is_told_but_the_scripts_of_the_page(served, cookie):
    cookie = cookie and cookie.format(port=served.port, token=served.token)
    told = [served.get(path, Cookie=cookie) for path in READ] + [served.post(path, Cookie=cookie) for path in POSTED]
    assert {one.status for one in told} == {403}
    assert b"the address that isoflop web printed" in told[0].body
    assert served.get("/pages/app.js", Cookie=cookie).status == 200


@pytest.mark.parametrize(
    "host", ["evil.com", "evil.com:{}", "127.0.0.1", "localhost", "127.0.0.1:{}.evil.com", "localhost:1", "",
             "[::1]:{}", "0.0.0.0:{}", "user@127.0.0.1:{}", ["127.0.0.1:{}", "evil.com"],
             ["127.0.0.1:{}", "127.0.0.1:{}"]],
)  # fmt: skip
def test_a_name_that_is_not_this_servers_is_refused_everywhere(served, host):
    names = [one.format(served.port) for one in ([host] if isinstance(host, str) else host)]
    told = [served.get(path, Host=names) for path in (*READ, "/pages/app.js", f"/open?token={served.token}")]
    told += [served.post(path, Host=names, Origin=f"http://{names[-1]}") for path in POSTED]
    assert {one.status for one in told} <= {400, 403}
    assert not any(one.headers["Set-Cookie"] for one in told)


def test_both_names_of_this_server_are_good(served):
    name = f"localhost:{served.port}"
    assert served.get("/", Host=name).status == 200
    assert served.post("/api/views", Host=name, Origin=f"http://{name}").status == 400  # let through, and empty


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(
    "origin", [None, "null", "", "http://evil.com", "https://127.0.0.1:{}", "http://127.0.0.1", "http://127.0.0.1:1",
               "http://localhost:{}", "http://127.0.0.1:{}.evil.com", "http://127.0.0.1:{}/",
               ["http://127.0.0.1:{}", "http://evil.com"]],
)  # fmt: skip
def test_nothing_is_done_for_another_page(served, path, origin):
    origins = [one and one.format(served.port) for one in (origin if isinstance(origin, list) else [origin])]
    assert "another page" in served.post(path, Origin=origins).error


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_what_the_browser_says_of_other_sites_is_believed(served, site):
    assert {served.post(path, Sec_Fetch_Site=site).status for path in POSTED} == {403}
    assert {served.get(path, Sec_Fetch_Site=site).status for path in READ if "/api/" in path} == {403}
    assert served.get("/api/start", Sec_Fetch_Site="same-origin").status == 200


def test_an_address_that_is_typed_opens_the_page(served):
    assert served.get("/", Sec_Fetch_Site="none").status == 200


def test_a_page_elsewhere_reads_nothing(served):
    assert {served.get(path, Origin="http://evil.com").status for path in READ} == {403}


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "X"])
def test_other_methods_do_nothing_wherever_they_come_from(served, method):
    for path in ("/", "/api/start", *POSTED):
        assert served.ask(method, path).status == 405
        elsewhere = served.ask(method, path, Origin="http://evil.com", Sec_Fetch_Site="cross-site")
        assert elsewhere.status == 403
        assert not [name for name in elsewhere.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("origin", ["http://evil.com", None, "http://127.0.0.1:{}"])
def test_a_websocket_is_never_opened(served, origin):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    for path in ("/", "/api/start"):
        assert served.get(path, Origin=origin and origin.format(served.port), **upgrade).status == 403


@pytest.mark.parametrize(
    "path",
    ["//evil", "//evil.com/%2e%2e", "/\\evil", "/%5cevil", "/%2fevil", "/api/", "/api", "/open/", "/api/start/",
     "/pages/",
     "/pages/../app.js", "/pages/../../../../../../etc/passwd", "/../../etc/passwd", "/pages/%2e%2e/web/server.py",
     "/pages/%252e%252e/web/server.py", "/pages/..%2fweb%2fserver.py", "/pages/..%5c..%5cweb", "/pages/..\\..\\web",
     "/pages/%00", "/pages/app.js%00.css", "/pages/app.js/", "/pages/content.py", "/pages/__init__.py",
     "/pages/index.html",
     "/pages/./app.js", "/pages/app.js/../app.js", "/./", "/pages//app.js", "/pages/\u00ef".encode().decode("latin-1"),
     "/api/views/../start", "/api/views/x%2f..%2f..%2fstart/laws.js", "http://evil.com/", "http://127.0.0.1/", "*",
     "evil"],
)  # fmt: skip
def test_a_path_that_is_not_the_apps_is_not_found_and_leads_nowhere(served, path):
    with socket.create_connection(("127.0.0.1", served.port), timeout=600) as started:
        lines = [f"GET {path} HTTP/1.1", f"Host: {served.host}", f"Cookie: {served.entered['Cookie']}", "", ""]
        started.sendall("\r\n".join(lines).encode("latin-1"))
        head, _, body = started.recv(1 << 16).partition(b"\r\n\r\n")
    assert int(head.split()[1]) in {400, 404}
    assert b"location:" not in head.lower()
    assert b"evil" not in body
    assert b"root:" not in body


def test_every_answer_tells_the_browser_what_it_must_not_do(served):
    answers = {
        "no-store": [
            *(served.get(path) for path in ("/", "/api/start", "/nowhere", "//evil", "/open", "/favicon.ico")),
            served.get(f"/open?token={served.token}"),
            served.get("/", Cookie=None),
            served.get("/", Host="evil.com"),
            served.ask("HEAD", "/"),
            served.ask("DELETE", "/"),
            served.post("/api/views"),
            served.post("/api/tables?name=x", Content_Length="99999999"),
        ],
        "no-cache": [served.get(f"/pages/{name}") for name in ("app.js", "app.css", "none.js")],
    }
    assert {one.status for one in answers["no-store"]} == {200, 204, 303, 400, 403, 404, 405, 413}
    for kept, some in answers.items():
        for one in some:
            assert {name: one.headers.get_all(name) for name in EVERYWHERE} == {n: [v] for n, v in EVERYWHERE.items()}
            assert one.headers.get_all("Cache-Control") == [kept]
            assert not [name for name in one.headers if name.lower().startswith("access-control-")]


def test_scripts_and_styles_are_told_as_what_they_are(served):
    assert served.get("/pages/app.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert served.get("/pages/app.css").headers["Content-Type"] == "text/css; charset=utf-8"


def test_only_this_machine_can_reach_it(served):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", served.port), timeout=5)


def test_a_refusal_shows_no_control_characters(served):
    refused = served.post("/api/views", {"\u202e\x1b[31mx": 1})
    assert "\\u202e\\x1b[31mx" in refused.error


def test_the_terminal_is_told_the_address_once_and_nothing_of_requests(served):
    served.get("/nowhere")
    served.get("/", Host="evil.com")
    assert served.said.read_text().count("\n") == 1


def refused(program, *words):
    """Give the exit code of isoflop web and what it said, where it does not come to serve."""
    done = subprocess.run(
        [sys.executable, *program, "web", "--no-browser", *words], capture_output=True, text=True, check=False,
        timeout=600,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_said_with_what_to_type(served):
    code, said = refused(["-m", "isoflop"], "--port", str(served.port))
    assert code == 2
    assert said == f"isoflop: port {served.port} cannot be had (Address already in use). Say --port 0 for a free one.\n"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "anyio"])
def test_without_the_extra_it_says_what_to_install(missing):
    program = f"import sys; sys.modules[{missing!r}] = None; from isoflop.faces.cli import main; main()"
    code, said = refused(["-c", program])
    assert code == 1
    assert said == 'isoflop: the web app needs Starlette and uvicorn. Say: pip install "isoflop[web]"\n'


def test_the_code_that_a_browser_is_started_with_lets_in_once():
    async def app(*_):
        raise AssertionError

    guard = Guard(app, 8765, "the-token", {"the-code"})

    def entered(query):
        headers = [(b"host", b"127.0.0.1:8765")]
        scope = {"type": "http", "method": "GET", "path": "/open", "raw_path": b"/open", "query_string": query,
                 "headers": headers}  # fmt: skip
        return guard._own_answer(scope)

    first, second = entered(b"code=the-code"), entered(b"code=the-code")
    assert (first.status_code, second.status_code) == (303, 403)
    assert "the-token" in first.headers["set-cookie"]
    assert entered(b"code=").status_code == 403
    assert [entered(b"token=the-token").status_code for _ in range(2)] == [303, 303]
