"""A W&B server on the loopback that answers what the wandb package asks when it lists runs and reads their history."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from write_logs import RUNS, config, logged, name

KEY = "0123456789abcdef" * 2 + "01234567"
"""The one API key that the server takes; as long as W&B's."""
PAGE = 2
"""Runs in an answer."""


def small(run: int) -> dict:
    """Give one of the runs that the writers of the other tests log, as the server keeps it."""
    ended = "failed" if run == 2 else "finished"
    noted = {"val/loss": 1.0, "verdict": "fine", "score": 2.5, "_wandb": {"runtime": 3}}
    return kept(name(run), {**config(run), "model": {"depth": 4}}, logged(run), state=ended, summary=noted)


def long() -> dict:
    """Give a run of more steps than one answer holds."""
    return kept(
        "long", {"n_params": 1e6}, [(step, {"val/loss": 9 - step / 1e3, "tokens": step}) for step in range(2500)]
    )


def kept(title: str, settings: dict, history: list, *, state: str = "finished", summary: dict | None = None) -> dict:
    keys = {key: {"typeCounts": [{"type": "number"}]} for _, values in history for key in values}
    return {
        "node": {
            "id": title, "name": f"id-{title}", "displayName": title, "state": state, "tags": [], "projectId": "1",
            "config": json.dumps({key: {"value": value, "desc": None} for key, value in settings.items()}),
            "summaryMetrics": json.dumps(summary or {}), "systemMetrics": "{}", "user": {"name": "a", "username": "a"},
            "historyKeys": {"keys": {**keys, "_step": {}}, "lastStep": history[-1][0] if history else -1},
        },
        "history": [{"_step": step, **values} for step, values in history],
    }  # fmt: skip


PROJECTS = {
    "sweep": [small(run) for run in range(RUNS)],
    "long": [long()],
    "names": [
        kept(title, {"n_params": 1e7}, [(1, {"val/loss": 3.0, "tokens": 5e7})]) for title in ("=2+3", "<b>", "<b>")
    ],
    "empty": [],
}


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """Serve while it lasts; gives the address and a list that grows by what is asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    asked: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode().partition(":")[2]
        self._send({"errors": [{"message": f"key {key} is revoked"}]} if key != KEY else self._answer(body),
                   status=401 if key != KEY else 200)  # fmt: skip

    def _answer(self, body: dict) -> dict:
        said = body["variables"] or {}
        found = re.search(r"query\s+(\w+)", body["query"])
        self.asked.append(" ".join([found[1] if found else "viewer", *map(str, said.values())]))
        if "project(" not in body["query"]:
            return {"data": {"viewer": {"id": "me", "entity": "team"}}}
        if said["project"] == "broken":
            return {"errors": [{"message": f"the key {KEY} broke this server"}]}
        if said["entity"] != "team" or said["project"] not in PROJECTS:
            return {"data": {"project": None}}
        return {"data": {"project": _project(PROJECTS[said["project"]], said)}}

    def _send(self, answer: dict, *, status: int) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _project(runs: list, said: dict) -> dict:
    if "run" not in said and "name" not in said:
        start = int(said["cursor"] or 0)
        edges = [{"node": run["node"], "cursor": str(start + place + 1)}
                 for place, run in enumerate(runs[start : start + PAGE])]  # fmt: skip
        more = {"hasNextPage": start + PAGE < len(runs), "endCursor": str(start + PAGE)}
        return {"internalId": "1", "runCount": len(runs), "runs": {"edges": edges, "pageInfo": more}}
    run = next(one for one in runs if one["node"]["name"] == said.get("run", said.get("name")))
    if "spec" not in said:
        return {"run": {"historyKeys": run["node"]["historyKeys"]}}
    return {"run": {"sampledHistory": [_sampled(run["history"], json.loads(said["spec"]))]}}


def _sampled(history: list, spec: dict) -> list[dict]:
    """Give rows that have all the keys, and these alone; evenly spread ones if there are more than were asked for."""
    rows = [{key: row[key] for key in spec["keys"]} for row in history
            if spec["minStep"] <= row["_step"] < spec["maxStep"] and set(spec["keys"]) <= row.keys()]  # fmt: skip
    return rows[:: -(-len(rows) // spec["samples"])] if rows else []
