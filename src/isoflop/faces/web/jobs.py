"""Jobs: what requests ask of isoflop, done in processes of their own that are ended when they take too long.

The processes are anyio's, which comes with Starlette: a pool that ends a process when its job is cancelled, and
makes another when one has died, busy or idle. (One idle process killed breaks all of pebble's pool, and any one
killed breaks that of concurrent.futures.)
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Any

import anyio
from anyio import to_process

from isoflop.errors import DataError, IsoflopError
from isoflop.files.system import limit_memory

RUNNING, WAITING = 2, 8
"""Jobs that run at once, a process each, and those that may wait for their turn."""
LIMIT = 30.0
"""The seconds after which a job is ended."""
LONG_JOB, LONG = "beyond", 600.0
"""The job of which the page says before that it may take minutes, and the seconds that it may take."""
GRACE = 2.0
"""The seconds that a job at work has left when nobody waits for it any more: a process that ends loses what it has
fitted, so that short jobs are let end by themselves."""
_MEMORY = 5 << 30
"""The bytes of address space that a process may use, NumPy's 0.3 GiB included."""


class BusyError(Exception):
    """As many jobs wait as may."""


class LeftError(Exception):
    """Nobody waits for the answer any more."""


class BrokenError(Exception):
    """The job failed as none should: its process died, or there is an error in isoflop, told in full."""


class Jobs:
    """The jobs under way in one server."""

    def __init__(self) -> None:
        self._under_way = 0
        self._turn = anyio.Semaphore(RUNNING)
        self._processes = anyio.CapacityLimiter(RUNNING)

    async def run(self, job: str, /, *words: Any, gone: Callable[[], Awaitable[None]], **more: Any) -> bytes:
        """Return what the function of `isoflop.web.work` answers to these words; more is added to the dict it gives.

        gone  returns when nobody waits any more: a job that has not begun is then left undone, one at work is ended

        Raises the errors of isoflop that the job raised, BusyError, LeftError, TimeoutError and BrokenError.
        """
        if self._under_way == RUNNING + WAITING:
            raise BusyError
        self._under_way += 1
        try:
            found = await self._while_waited_for(gone, job, words, more)
        finally:
            self._under_way -= 1
        if isinstance(found, Exception):
            raise found
        return found

    async def warm(self) -> None:
        """Start one process and load in it what jobs need; what fails at this fails again, and is told, in a job."""
        async with self._turn:
            with suppress(Exception):
                await self._done(_load)

    async def over(self) -> None:
        """Wait until no job runs: each that was cancelled has ended its process."""
        with anyio.move_on_after(2):
            for _ in range(RUNNING):
                await self._turn.acquire()

    async def _while_waited_for(self, gone: Callable[[], Awaitable[None]], *job: Any) -> bytes | Exception:
        """Return the answer or what went wrong, which a task group would wrap if it were raised in it."""
        found: bytes | Exception = LeftError()
        grace = 0.0
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                await gone()
                await anyio.sleep(grace)
                group.cancel_scope.cancel()

            group.start_soon(leave)
            async with self._turn:
                grace = GRACE
                try:
                    found = await self._done(_answer, *job)
                except Exception as error:  # noqa: BLE001 - raised by whoever asked
                    found = error
            group.cancel_scope.cancel()
        return found

    async def _done(self, function: Callable[..., Any], *words: Any) -> Any:
        limit = LONG if words[:1] == (LONG_JOB,) else LIMIT
        try:
            with anyio.fail_after(limit):
                return await self._begun(function, *words)
        except TimeoutError:
            raise TimeoutError(
                f"this took more than {limit:g} s and was ended. Ask for less: fewer runs, one law."
            ) from None

    async def _begun(self, function: Callable[..., Any], *words: Any) -> Any:
        while True:
            try:
                return await to_process.run_sync(function, *words, cancellable=True, limiter=self._processes)
            except anyio.BrokenWorkerProcess as error:
                if not isinstance(error.__cause__, TimeoutError):  # else it could not start in 20 s
                    text = "a process that worked for isoflop web has died, perhaps for want of memory"
                    raise BrokenError(text) from None


def _answer(job: str, words: tuple[Any, ...], more: dict[str, Any]) -> bytes:
    """Return the answer of a function of `isoflop.web.work`, in this process, as bytes."""
    try:
        _load()
        from isoflop.faces.web import work
        from isoflop.fitting.saved import to_json

        found = getattr(work, job)(*words)
        text = to_json({**more, **found}, indent=None) if isinstance(found, dict) else found
        return text if isinstance(text, bytes) else text.encode(errors="backslashreplace")  # half of a pair of UTF-16
    except IsoflopError:
        raise
    except MemoryError:
        raise DataError("this takes more memory than isoflop web may use. Keep fewer runs: where.") from None
    except (Exception, SystemExit):  # noqa: BLE001 - what crosses to the server is text: no error can be lost or act on the way
        raise BrokenError(traceback.format_exc()) from None


@cache
def _load() -> None:
    """Bound what this process may use, and load what jobs need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    limit_memory(_MEMORY)
    from isoflop.faces.web import work  # noqa: F401 - loaded for the jobs to come
