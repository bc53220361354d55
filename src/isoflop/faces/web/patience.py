"""Connections that are not waited for: whoever connects and does not finish asking within a while is let go."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

ASKING = 10.0
"""The seconds in which the head of a request must have come, once somebody has connected or begun to send it."""


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, which by itself waits for the rest of a head for ever."""

    _asked: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; where it is only the beginning of a head, wait for the rest of it."""
        super().data_received(data)
        self._wait()

    def _wait(self) -> None:
        if self._asked is None and self.conn.their_state is h11.IDLE:
            self._asked = self.loop.call_later(ASKING, self._leave)

    def _leave(self) -> None:
        self._asked = None
        between = self.timeout_keep_alive_task is not None  # an answer was given, and uvicorn itself waits
        if self.conn.their_state is h11.IDLE and not between and not self.transport.is_closing():
            self.transport.close()
