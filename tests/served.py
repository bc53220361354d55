"""The web app as its user starts it: a real server in a process of its own, and a client that can say anything."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

from tabled import columns, csv

TABLE = csv(columns()).encode()
"""A good table of runs."""
SWEEP = {"dataset": "tinylm", "where": 'role == "sweep"'}
"""A view of real runs that ship with isoflop."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self):
        """Give what the body holds; all of it must be one JSON document."""
        return json.loads(self.body)

    @property
    def error(self):
        """Give the sentence that says why not; never the path of anything on the disk, never a traceback."""
        assert self.status >= 400
        assert set(self.json) == {"error"}
        assert tempfile.gettempdir() not in self.json["error"]
        assert "Traceback" not in self.json["error"]
        return self.json["error"]


@dataclass(frozen=True)
class Served:
    """A server that runs, and what its own page would know."""

    process: subprocess.Popen
    said: Path
    port: int
    token: str
    temporary: Path
    fragment: str

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    @property
    def entered(self):
        """Give the headers that the app's own page sends."""
        return {"Cookie": f"isoflop-{self.port}={self.token}", "Origin": f"http://{self.host}"}

    def ask(self, method, path, body=None, **changed):
        """Give the answer to a request as the page sends it, but for headers that are changed, or left out by None.

        A server that refuses before it has read a body closes the connection, and the system may drop its answer then:
        the request is sent again.
        """
        for _ in range(20):
            with suppress(ConnectionResetError, BrokenPipeError):
                return self._ask(method, path, body=body, changed=changed)
        return self._ask(method, path, body=body, changed=changed)

    def _ask(self, method, path, *, body, changed):
        headers = self.entered | {name.replace("_", "-"): value for name, value in changed.items()}
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        connection = HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            if body is not None:
                headers.setdefault("Content-Length", str(len(body)))
            for name, values in headers.items():
                for value in values if isinstance(values, list) else [values]:
                    if value is not None:
                        connection.putheader(name, value)
            with suppress(
                ConnectionResetError, BrokenPipeError
            ):  # refused before all was sent: the answer may be there
                connection.endheaders(body)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())
        finally:
            connection.close()

    def get(self, path, **changed):
        return self.ask("GET", path, **({"Origin": None} | changed))

    def post(self, path, body=b"{}", **changed):
        return self.ask("POST", path, body, **changed)

    def upload(self, body=TABLE, name="runs.csv"):
        return self.post(f"/api/tables?name={name}", body)

    def begin(self, path, body=b"", **headers):
        """Give the socket of a POST of which this much was sent; nothing was read yet."""
        started = socket.create_connection(("127.0.0.1", self.port), timeout=600)
        said = {"Host": self.host, **self.entered, **{name.replace("_", "-"): one for name, one in headers.items()}}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        started.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return started

    def begin_view(self, **asked):
        """Give the socket of a view that was asked for; nothing was read yet."""
        body = json.dumps({**SWEEP, **asked}).encode()
        return self.begin("/api/views", body, Content_Length=len(body))

    @property
    def workers(self):
        """Give the ids of the processes that jobs run in."""
        return [*map(int, Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())]

    def both_workers(self):
        """Give their ids as soon as there are two that have done a job; one that was ended comes back when needed."""
        while len([one for one in self.workers if memory(one) > 30 << 20]) < 2:
            assert {reply(one)[0] for one in [self.begin_view() for _ in range(4)]} == {200}
        return self.workers

    @property
    def folder(self):
        """Give the folder in which the server keeps tables."""
        (found,) = self.temporary.glob("isoflop-*")
        return found

    @property
    def kept(self):
        """Give the names of the files it keeps."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != ".lock")

    def end(self, how=signal.SIGTERM):
        """End the server, and give its exit code."""
        self.process.send_signal(how)
        return self.process.wait(300)


PATIENT = """
from isoflop.faces.web import jobs, patience, requests
jobs.LIMIT = jobs.LONG = requests.PATIENCE = patience.ASKING = 3600.0
if __name__ == "__main__":
    from isoflop.faces.cli import main
    main()
"""


def patient(folder):
    """Give the program of a server whose limits no busy machine reaches, written to a folder."""
    (folder / "patient.py").write_text(PATIENT)
    return [str(folder / "patient.py")]


@contextmanager
def serving(folder, program=("-m", "isoflop"), asked=(), **environment):
    """Give a server that keeps its temporary folder in this one; it is ended when the block is left."""
    temporary, said = folder / "temporary", folder / "said.txt"
    temporary.mkdir(parents=True, exist_ok=True)
    settings = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", **environment}
    command = [sys.executable, *program, "web", *asked, "--no-browser", "--port", "0"]
    with said.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env=settings, cwd=folder)
    try:
        until(lambda: said.read_text().endswith("\n"))
        printed = re.fullmatch(
            r"isoflop: open http://127\.0\.0\.1:(\d+)/open\?token=([\w-]{43})(?:&page=watch)?(#\S+)? "
            r"\(Ctrl-C ends it\)\n",
            said.read_text(),
        )
        assert printed, said.read_text()
        yield Served(process, said, int(printed[1]), printed[2], temporary, printed[3] or "")
    finally:
        process.kill()
        process.wait()


def reply(started):
    """Give the status of the answer that comes on a socket, and the text of all of it."""
    text = b""
    with started:
        while not re.search(rb"\r\n\r\n(?s:.+)", text) and (piece := started.recv(1 << 20)):
            text += piece
    return int(text.split()[1]), text.decode()


def until(true, seconds=300.0):
    """Wait until something is true; it must become so in this time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def memory(process):
    """Give the bytes of memory that a process holds, 0 if it is no more."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def alive(process):
    """Say whether a process still runs; one that ended and was not asked about does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
