"""Ask the app from inside of its process, without a socket: for `canvass annotate --get`, and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


class Reply(NamedTuple):
    """A response: its status, its headers (names in lower case), and its body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Find a header; None where there is none."""
        return next((value for header, value in self.headers if header == name.lower()), None)


def ask(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (b"",),
    server: tuple[str, int] = ("127.0.0.1", 8800),
) -> Reply:
    """Send one request through an ASGI app, and wait for all of its response.

    `method` and `target` are of the request line: `GET`, `/api/history?limit=5`; `body` arrives in pieces, at the
    address `server`.
    """
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": server,
    }
    pieces = list(body)
    sent: list[Message] = []

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    async def answered() -> None:
        await app(scope, receive, send)

    asyncio.run(answered())
    start, *rest = sent
    return Reply(
        start["status"],
        [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]],
        b"".join(message.get("body", b"") for message in rest),
    )
