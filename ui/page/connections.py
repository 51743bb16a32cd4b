"""Limits connections that send, read or do nothing, so that they cannot keep others from the page."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0
"""How long a client may take to send the head of a request."""
READ_SECONDS = 60.0
"""How long a client may take to read what fits into the server's buffer (64 KB)."""
MOST_CONNECTIONS = 500
"""Connections at a time; an open page uses up to six. Many systems allow a process 1,024 open files."""


class LimitedConnection(H11Protocol):
    """A connection that is closed if a request head does not arrive in time or a response is not read.

    If there are too many connections, the oldest one without a request in
    progress is closed. This extends uvicorn's h11 protocol, which limits the
    size of a head but not its time.
    """

    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS
    most = MOST_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*args, **kwargs)
        self._opened = self.loop.time()
        self._head: asyncio.TimerHandle | None = None
        self._read: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first head, and make room if there are too many connections."""
        super().connection_made(transport)
        self._head = self.loop.call_later(self.head_seconds, transport.abort)
        if len(self.connections) > self.most:
            idle = (each for each in self.connections if isinstance(each, LimitedConnection) and each.idle)
            min(idle, key=lambda each: each._opened).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Stop the time when a request begins; start it when a part of the next one arrives."""
        super().data_received(data)
        if not self.idle:
            _stop(self._head)
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """Start the time for reading: the buffer is full."""
        super().pause_writing()
        self._read = self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the time for reading."""
        _stop(self._read)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all times."""
        _stop(self._head)
        _stop(self._read)
        super().connection_lost(exc)

    @property
    def idle(self) -> bool:
        """Whether no request is in progress."""
        return (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
