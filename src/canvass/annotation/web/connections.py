"""Connections that cannot be held open: a time for each request to come whole, and a number of connections.

Uvicorn waits for ever for the end of a request's header, and takes connections until the process has no file descriptor
left. Both need no token, so both are limited here.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

REQUEST_SECONDS = 20.0  # from the first byte of a request, or from the connection, to its last byte
MOST_CONNECTIONS = 1000
WHOLE = frozenset({h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR})


def most_connections() -> int:
    """Give the most connections at one time: half of the file descriptors that the process may have."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


class LimitedProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, which closes what does not become a whole request in time.

    Where there are too many connections, the one that has waited longest for the rest of a request is closed; where all
    of them are at work, the newest.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._most = most_connections()

    def connection_made(self, transport: Any) -> None:
        """Take a connection, and close another where there are too many."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > self._most:
            waiting = [
                connection
                for connection in self.connections
                if isinstance(connection, LimitedProtocol)
                and connection is not self
                and connection.closes_at()
            ]
            longest = min(waiting, key=LimitedProtocol.closes_at, default=self)
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes; from the first byte of a request on, its end must come in time."""
        super().data_received(data)
        if self.conn.their_state in WHOLE:
            self._stop_waiting()
        elif self._deadline is None:
            self._await_request()

    def closes_at(self) -> float:
        """Give the loop's time at which this is closed if its request is not whole; 0 where none is awaited."""
        return 0.0 if self._deadline is None else self._deadline.when()

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
