"""One attempt at one run: started, listened to, ended, recorded."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from isoflop.errors import IsoflopError, shown
from isoflop.experiments.launchers.process import (
    command,
    end_orphan,
    environment,
    exit_code,
    how_it_ended,
    start,
)
from isoflop.experiments.study.claims import Claim, Watch, claim, claims_in, lost, owner_of
from isoflop.experiments.study.planned import Study, StudyRun
from isoflop.experiments.study.progress import RunStatus, ended, running, waiting
from isoflop.experiments.study.provenance import write_about
from isoflop.experiments.study.repair import sound_result
from isoflop.experiments.study.reported import LONGEST_LINE, Record, diverged, merge, parse_record
from isoflop.experiments.study.results import CONFIG, ERRORS, LOG, METRICS, Ending, conclude, read_result, save_result
from isoflop.files import write_whole
from isoflop.files.system import KILL, readable, signal_group

GRACE = 30.0
"""Seconds between asking a command to end and ending it."""


def attempt(study: Study, run: StudyRun, watch: Watch) -> Attempt | None:
    """Claim a run and start its command; None if it has ended, or another works on it, or no retry is left."""
    folder = study.folder_of(run)
    before = claims_in(folder)  # before its result is looked for: whoever has ended a claim wrote the result first
    if sound_result(study, run) is not None:
        return None
    if before and (watch.alive(before[-1], folder) or watch.arriving(before[-1], folder)):
        return None
    if before and before[-1].ended is None:
        end_orphan(before[-1].child)
        before[-1] = lost(before[-1], folder).save(folder)
    if sum(one.counted for one in before) > study.settings.retries:
        _give_up(study, run, before)
        return None
    _make(folder)
    mine = claim(folder, before[-1].attempt + 1 if before else 1)
    if mine is None:
        return None
    if read_result(folder) is not None:  # it ended between our first look and our claim
        replace(mine, ended="had ended", counted=False).save(folder)
        return None
    found = Attempt(study, run, claim=mine, before=before)
    found.start()
    return found


def _give_up(study: Study, run: StudyRun, before: list[Claim]) -> None:
    """Record that a run failed whose workers all died."""
    result = conclude(
        study, run, {}, ending="FAILED", reason=before[-1].ended or "", attempts=len(before), ended=time.time(),
        seconds=sum(one.seconds for one in before),
    )  # fmt: skip
    save_result(result, study.folder_of(run))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IsoflopError(f"{shown(str(folder))}: cannot be made ({error.strerror}).") from None


class Attempt:
    """A command at work. Its owner calls `listen` when there is something to read, and `tend` every now and then."""

    def __init__(self, study: Study, run: StudyRun, *, claim: Claim, before: list[Claim]) -> None:
        self.study, self.run, self.folder = study, run, study.folder_of(run)
        self._claim, self._before = claim, before
        self._said: Record = {}
        self._files = ExitStack()
        self._diverged = ""
        self._asked: float | None = None
        self._rest = {"stdout": b"", "file": b""}
        self._read = 0
        self.silent = False
        self._beat = self._began = time.monotonic()
        self._reported = self.folder / f"reported-{claim.attempt}.jsonl"

    def start(self) -> None:
        """Start the command, with files of its own; one that cannot start gives the claim back."""
        try:
            self._start()
        except (OSError, IsoflopError) as error:
            self._files.close()
            self._release("could not start", counted=False)
            if isinstance(error, IsoflopError):
                raise
            raise IsoflopError(f"{shown(str(error.filename))}: cannot be written ({error.strerror}).") from None

    def _start(self) -> None:
        metrics = self.folder / METRICS
        if self._before and metrics.exists():  # a writer that outlived its worker keeps its own file
            metrics.replace(self.folder / f"metrics-{self._claim.attempt - 1}.jsonl")
        argv = command(self.study, self.run)
        write_about(self.study, self.run, argv=argv, attempt=self._claim.attempt)
        if "config" in self.study.settings.places:
            write_whole(self.folder / CONFIG, json.dumps(dict(self.run.config), indent=2).encode())
        self._log, self._errors, self._metrics = (
            self._files.enter_context((self.folder / name).open("ab", buffering=0)) for name in (LOG, ERRORS, METRICS)
        )
        self._old = self._log.tell(), self._errors.tell()
        told = environment(self.study, self.run, self._reported)
        self._process = start(self.study, argv, environment=told, errors=self._errors)
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self.stdout = self._files.enter_context(self._process.stdout)
        os.set_blocking(self.stdout.fileno(), False)
        try:
            self._claim = replace(self._claim, child=owner_of(self._process.pid)).save(self.folder)
        except IsoflopError:
            self.kill()
            raise

    def listen(self) -> bool:
        """Take in what the command has printed; False once it will print no more, and is silent."""
        try:
            found = os.read(self.stdout.fileno(), 2**18)
        except BlockingIOError:
            return True
        self._take("stdout", found)
        self.silent = not found
        return bool(found)

    def _take(self, source: str, found: bytes, *, last: bool = False) -> None:
        """Sort whole lines into metrics and log, the rest kept until its line is whole."""
        lines = (self._rest[source] + found).split(b"\n")
        self._rest[source] = lines.pop()
        if self._rest[source] and (last or len(self._rest[source]) > LONGEST_LINE):
            lines.append(self._rest[source])
            self._rest[source] = b""
        records = [(line, parse_record(line)) for line in lines]
        for _, record in records:
            merge(self._said, record or {})
            key = diverged(record, self.study.settings.column("loss")) if record else None
            if key and not self._diverged:
                self._diverged = f"{key} is {record[key] if record else ''}"
        _append(self._metrics.fileno(), [line for line, record in records if record], self.folder / METRICS)
        _append(self._log.fileno(), [line for line, record in records if not record and line], self.folder / LOG)

    def _take_file(self, *, last: bool = False) -> None:
        """Take in what the command wrote to the file that $ISOFLOP_METRICS names."""
        try:
            size = self._reported.stat().st_size
            with self._reported.open("rb") as stream:
                stream.seek(self._read if self._read <= size else 0)
                found = stream.read()
                self._read = stream.tell()
        except FileNotFoundError:
            return
        self._take("file", found, last=last)

    def tend(self) -> Ending | str | None:
        """Beat the heart, read the metrics file, enforce what was decided; give how it ended, None if it has not.

        A string that is no ending says why this attempt ended and the run is to be tried again.
        """
        self._take_file()
        now = time.monotonic()
        if now - self._beat >= self.study.settings.heartbeat:
            self._beat = now
            self._still_mine()
        if self._diverged and self._asked is None:
            self.stop(grace=1.0)
        if self._asked is not None and now >= self._asked:
            signal_group(self._process.pid, KILL)
        code = exit_code(self._process)
        if code is None:
            return None
        while self.listen() and self._more():
            pass
        self._take("stdout", b"", last=True)
        self._take_file(last=True)
        return self._finish(code)

    def _more(self) -> bool:
        return readable(self.stdout.fileno())

    def _still_mine(self) -> None:
        """Give a sign of life, unless the run was given to another while this process slept."""
        try:
            os.utime(self._claim.path(self.folder))
        except OSError as error:
            raise IsoflopError(f"{self._claim.path(self.folder)}: cannot be touched ({error.strerror}).") from None
        if self._followed():
            self.stop(grace=0.0)

    def _followed(self) -> bool:
        """Return whether another attempt has begun since, because this one seemed dead."""
        return max((one.attempt for one in claims_in(self.folder)), default=0) != self._claim.attempt

    def kill(self) -> None:
        """End the command at once and record nothing; once more does nothing."""
        signal_group(self._process.pid, KILL)
        self._process.wait()
        self._files.close()

    def stop(self, *, grace: float = GRACE) -> None:
        """Ask the command to end, and make it end when the grace, in seconds, is over."""
        if self._asked is None:
            signal_group(self._process.pid, signal.SIGTERM)
        self._asked = time.monotonic() + grace

    def _finish(self, code: int) -> Ending | str:
        """Record how a command ended, as a result or as an attempt to be followed by another."""
        os.fsync(self._metrics.fileno())
        self._files.close()
        loss = self.study.settings.column("loss")
        if self._followed():
            return "another worker has it"
        if self._diverged:
            return self.record("DIVERGED", self._diverged)
        if self._asked is not None:
            return self._release("interrupted", counted=False)
        if code == 0 and (wrong := self._impossible()):
            return self.record("FAILED", wrong)
        if code == 0 and self.study.settings.letter("loss", self._said) is not None:
            return self.record("DONE", "")
        if code == 0:
            keys = ", ".join(self._said) or "nothing"
            return self.record("FAILED", f'ended without reporting "{loss}"; it reported {keys}')
        why = f"{how_it_ended(code)}{self._last_words()}"
        if sum(one.counted for one in self._before) >= self.study.settings.retries:
            return self.record("FAILED", why)
        return self._release(why, counted=True)

    def _impossible(self) -> str:
        """Return what the command reported that no training can have come to, such as a loss below zero."""
        for letter in ("N", "D", "loss"):
            value = self.study.settings.letter(letter, self._said)
            if value is not None and not value > 0:
                return f"reported {self.study.settings.column(letter)} {value:g}, which must be above zero"
        return ""

    def _last_words(self) -> str:
        """Return the last line of this attempt's errors, or else of its log, short enough for a table."""
        for name, old in zip((ERRORS, LOG), reversed(self._old), strict=True):
            with (self.folder / name).open("rb") as stream:
                stream.seek(max(old, stream.seek(0, 2) - 4096))
                lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
            if lines:
                return f": {shown(lines[-1])[:160]}"
        return ""

    def record(self, ending: Ending, reason: str) -> Ending:
        """Write the run's result: from now on it has ended, and nothing runs it again."""
        seconds = time.monotonic() - self._began
        result = conclude(
            self.study, self.run, self._said, ending=ending, reason=reason, attempts=self._claim.attempt,
            seconds=seconds + sum(one.seconds for one in self._before), ended=time.time(),
        )  # fmt: skip
        save_result(result, self.folder)
        self._release(ending, counted=True)
        return ending

    def _release(self, why: str, *, counted: bool) -> str:
        seconds = time.monotonic() - self._began
        self._claim = replace(self._claim, ended=why, counted=counted, seconds=seconds).save(self.folder)
        return why

    def status(self) -> RunStatus:
        """Return where the run stands."""
        if self._claim.ended is None:
            spent = sum(one.seconds for one in self._before)
            return running(self.study, self.run, self._claim, record=self._said, spent=spent)
        result = read_result(self.folder)
        return waiting(self.run, self._claim.ended) if result is None else ended(self.run, result)


def _append(handle: int, lines: list[bytes], path: Path) -> None:
    """Add whole lines to a file at once; on a full disk, take back what was not whole."""
    content = b"".join(line + b"\n" for line in lines)
    if not content:
        return
    size = os.fstat(handle).st_size
    try:
        written = os.write(handle, content)
        if written < len(content):
            written += os.write(handle, content[written:])
    except OSError as error:
        os.ftruncate(handle, size)
        raise IsoflopError(
            f"{shown(str(path))}: {len(content):,} bytes cannot be written ({error.strerror}). "
            "Make room, and say isoflop study run again."
        ) from None
