"""Who is running what: claim files with a heartbeat, and the lock that keeps a second driver out.

A run is claimed by creating claim-1.json in its folder; of many who try, one wins. When its owner is
dead, the next attempt is claim-2.json, and so on: a claim is never taken away, only followed, so an owner
that was only asleep sees that it was given up, and stops.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from isoflop.errors import DataError, IsoflopError, shown
from isoflop.experiments.study.results import ENDINGS
from isoflop.files import DAMAGED, parse_json, read_limited, write_once, write_whole
from isoflop.files.system import lock, place, started

LOCK = "driver.lock"
_CLAIM = re.compile(r"claim-(\d+)\.json")
_MISSED = 3
_LARGEST = 1 << 16
"""The most bytes of a claim."""
_TRIES, _TRY = 1200, 0.05
"""How often, and after how many seconds each time, the lock of a driver that has died is tried."""


@dataclass(frozen=True)
class Owner:
    """A process, so that a later one with the same number is not taken for it."""

    pid: int
    started: str
    host: str
    boot: str
    namespace: str

    @property
    def here(self) -> bool:
        """Return whether its number means something to this process: the same boot of the same machine."""
        return (self.host, self.boot, self.namespace) == place()

    @property
    def alive(self) -> bool:
        """Return whether it runs, for an owner that is here."""
        return started(self.pid) == self.started


@dataclass(frozen=True)
class Claim:
    """One attempt at a run.

    ended    why it is over, None while it runs
    counted  whether it counts towards the retries: not if it was interrupted from outside
    child    the command's process, so that none is left behind
    """

    attempt: int
    owner: Owner
    since: float
    child: Owner | None = None
    ended: str | None = None
    counted: bool = True
    seconds: float = 0.0

    def path(self, folder: Path) -> Path:
        """Return the claim's file."""
        return folder / f"claim-{self.attempt}.json"

    def save(self, folder: Path) -> Claim:
        """Write the claim over its older self, and give it."""
        write_whole(self.path(folder), _json(self))
        return self


def owner_of(pid: int) -> Owner:
    """Return a process of this machine as an owner."""
    return Owner(pid, started(pid) or "", *place())


def claims_in(folder: Path) -> list[Claim]:
    """Return the claims in a run's folder by attempt."""
    try:
        names = sorted((int(found[1]), name) for name in os.listdir(folder) if (found := _CLAIM.fullmatch(name)))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []
    claims = []
    for attempt, name in names:
        try:
            claims.append(_claim(parse_json(read_limited(folder / name, _LARGEST)), attempt))
        except (OSError, DataError, *DAMAGED):  # an attempt there was, nobody knows whose
            claims.append(Claim(attempt, Owner(0, "?", *place()), 0.0))
    return claims


def _claim(found: dict[str, Any], attempt: int) -> Claim:
    """Return the claim in a file; raises ValueError or its kin where the file does not hold this attempt's."""
    child = None if found["child"] is None else _owner(found["child"])
    claim = Claim(**{**found, "owner": _owner(found["owner"]), "child": child})
    numbers = all(isinstance(one, int | float) for one in (claim.since, claim.seconds))
    if claim.attempt != attempt or not numbers or not isinstance(claim.ended, str | None):
        raise ValueError("a value of another kind")
    return claim


def _owner(found: dict[str, Any]) -> Owner:
    owner = Owner(**found)
    if type(owner.pid) is not int or not all(isinstance(one, str) for one in list(found.values())[1:]):
        raise ValueError("a value of another kind")
    return owner


def claim(folder: Path, attempt: int) -> Claim | None:
    """Claim a run for this process; None if another was faster."""
    mine = Claim(attempt, owner_of(os.getpid()), time.time())
    return mine if write_once(mine.path(folder), _json(mine)) else None


def _json(value: Claim | Owner) -> bytes:
    return json.dumps(asdict(value)).encode() + b"\n"


class Watch:
    """Tells living claims from dead ones.

    Here a claim lives as long as its process. One from another machine is dead when its file did not change
    for three heartbeats of our own steady clock: the clocks of two machines need not agree, nor run evenly.
    As long is waited for a result of which there is word: a shared file system may show it later than its claim.
    """

    def __init__(self, heartbeat: float) -> None:
        self._patience = _MISSED * heartbeat
        self._seen: dict[Path, tuple[float, float]] = {}
        self._first: dict[Path, float] = {}
        self._late: dict[Path, float] = {}

    def alive(self, claim: Claim, folder: Path) -> bool:
        """Return whether a claim's owner is at work, as far as can be told by now."""
        if claim.ended is not None:
            return False
        if claim.owner.here:
            return claim.owner.alive
        path = claim.path(folder)
        changed = _changed(path)
        self._first.setdefault(path, changed)
        if path not in self._seen or self._seen[path][0] != changed:
            self._seen[path] = (changed, time.monotonic())
        return time.monotonic() - self._seen[path][1] <= self._patience

    def arriving(self, claim: Claim, folder: Path) -> bool:
        """Return whether a claim says that its run has ended, whose result may only be late: one of another machine."""
        if claim.ended not in ENDINGS or claim.owner.here:
            return False
        since = self._late.setdefault(claim.path(folder), time.monotonic())
        return time.monotonic() - since <= self._patience

    def beating(self, claim: Claim, folder: Path) -> bool:
        """Return whether a claim's owner is certainly at work: its process is here, or its heartbeat was seen."""
        alive, path = self.alive(claim, folder), claim.path(folder)
        return alive and (claim.owner.here or _changed(path) != self._first[path])


def seems_alive(claim: Claim, folder: Path, heartbeat: float) -> bool:
    """Say at one glance whether a claim's owner is at work: elsewhere, by the age of its heartbeat."""
    if claim.ended is not None or claim.owner.here:
        return claim.ended is None and claim.owner.alive
    return time.time() - _changed(claim.path(folder)) <= _MISSED * heartbeat


def lost(claim: Claim, folder: Path) -> Claim:
    """Return a dead owner's claim as one that has ended, for its last sign of life."""
    seconds = max(0.0, _changed(claim.path(folder)) - claim.since) if claim.since else 0.0
    return replace(claim, ended="its worker died", seconds=seconds)


def _changed(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


@contextmanager
def driver_lock(folder: Path) -> Iterator[None]:
    """Keep a second driver out while this one runs; the system itself lets go of the lock of one that died."""
    path = folder / LOCK
    try:
        stream = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise IsoflopError(f"{shown(str(path))}: cannot be written ({error.strerror}).") from None
    with stream:
        try:
            held = _taken(stream)
        except OSError as error:
            raise IsoflopError(
                f"{shown(str(path))}: this file system has no locks ({error.strerror}). Say isoflop study worker, "
                "which needs none."
            ) from None
        if held is not None:
            raise IsoflopError(f"{shown(str(folder))}: {_held_by(held)}.")
        stream.seek(0)
        stream.truncate()
        with suppress(OSError):  # on a full disk the lock holds all the same
            stream.write(json.dumps({**asdict(owner_of(os.getpid())), "since": time.strftime("%Y-%m-%d %H:%M:%S")}))
            stream.flush()
        yield


def _taken(stream: TextIO) -> str | None:
    """Take the lock and return None, or return what its holder wrote.

    A driver that was killed just as it began a worker leaves the lock to that child until it is its own program: a
    holder that is dead is waited for.
    """
    for _ in range(_TRIES):
        if lock(stream.fileno()):
            return None
        stream.seek(0)
        held = stream.read()
        if not _dead(held):
            break
        time.sleep(_TRY)
    return held


def _dead(text: str) -> bool:
    try:
        owner = _owner({key: value for key, value in parse_json(text).items() if key != "since"})
    except DAMAGED:
        return False
    return owner.here and not owner.alive


def _held_by(text: str) -> str:
    try:
        found = parse_json(text)
        who = f"process {found['pid']} on {shown(found['host'])} since {shown(found['since'])}"
    except DAMAGED:
        who = "another process"
    return f"{who} runs this study. Stop it first, or watch it: isoflop study status"
