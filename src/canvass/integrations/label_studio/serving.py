"""The ML backend on HTTP: its routes behind a guard, uvicorn on a socket, and a tidy end."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from canvass.annotation.web.app import HANDLERS, NOT_STORED, Workers, workers
from canvass.annotation.web.problems import Problem
from canvass.annotation.web.reading import read_object
from canvass.annotation.web.security import READS, Checked, check_host, check_origin, check_type, same
from canvass.annotation.web.serve import run, server_for
from canvass.errors import OptionError
from canvass.integrations.label_studio.backend import ROUTES, Backend
from canvass.integrations.label_studio.tokens import read_secret

if TYPE_CHECKING:
    import socket
    from concurrent.futures import Executor

    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.types import ASGIApp, Scope

# Bytes: a task comes with all its annotations and predictions, and a batch has hundreds of tasks.
LONGEST_BODY = 64_000_000
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 500


@dataclass(frozen=True)
class Access:
    """Who may talk to the backend: names that it answers to, and a user with a password where that is asked for."""

    hosts: frozenset[str]
    user: str = ""
    password: str = field(default="", repr=False)

    def check(self, headers: Headers) -> None:
        """Refuse a request, by raising Problem, that has a wrong password, or where none is asked for a wrong name.

        Whoever knows the password is no page that had its name resolve to this machine.
        """
        if not self.password:
            check_host(headers, self.hosts)
            return
        scheme, _, words = headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if scheme.lower() != "basic" or not same(expected, words.strip()):
            raise Problem(
                "this backend wants its user and password: write the address in Label Studio as http://USER:PASSWORD@HOST",
                HTTPStatus.UNAUTHORIZED,
            )


class Guard(Checked):
    """Checks name, password, origin, type and size before anything else sees a request."""

    longest = LONGEST_BODY
    challenge = 'Basic realm="canvass"'

    def __init__(self, app: ASGIApp, access: Access) -> None:
        super().__init__(app)
        self.access = access

    def refused(self, scope: Scope, headers: Headers) -> None:
        """Check the head of a request."""
        self.access.check(headers)
        if scope["method"] not in READS:
            check_origin(headers, scope["scheme"])
            check_type(headers)


def make_app(backend: Backend, access: Access, threads: Workers) -> ASGIApp:
    """Make the app of a backend.

    Threads do its work, so that none of it holds up the loop of the connections; those that read predict, so that no
    webhook waits for a batch.
    """
    routes = []
    for route in ROUTES:
        executor = threads.reads if route.slow else threads.writes
        routes.append(Route(route.path, _endpoint(route.function, backend, executor), methods=[route.method]))
    return Guard(Starlette(routes=routes, exception_handlers=HANDLERS), access)


def _endpoint(
    function: Callable[[Backend, Mapping[str, Any]], dict[str, Any]], backend: Backend, threads: Executor
) -> Callable[[Request], Awaitable[Response]]:
    def answer(body: bytes) -> Response:
        return JSONResponse(function(backend, read_object(body) if body else {}), headers=NOT_STORED)

    async def endpoint(request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(threads, answer, await request.body())

    return endpoint


def serve(
    backend: Backend,
    listening: socket.socket,
    access: Access,
    *,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Serve until SIGINT or SIGTERM; returns how many webhooks could not be written. From the main thread only.

    The caller holds the project's lock. `ready` is called once connections are taken.
    """
    backend.start()
    try:
        with workers() as threads:
            run(server_for(make_app(backend, access, threads)), listening, ready=ready)
    finally:
        left = backend.stop()
    return left


def read_password(file: str | None) -> str:
    """Read the password from the first line of a file; empty where there is none.

    Raises FileError if the file cannot be read; OptionError if there is no password in it; the sentence does not repeat
    what is.
    """
    if file is None:
        return ""
    password = read_secret(f"--password-file {file}", file).rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.isprintable():
        raise OptionError(
            f"--password-file {file}: expected one line of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        )
    return password


def check_user(user: str | None, password: str) -> str:
    """Refuse a user without a password, and the other way round; raises OptionError."""
    if (user is None) != (not password):
        raise OptionError("--user and --password-file belong together; give both, or neither")
    if user is not None and (not user or ":" in user or not user.isprintable()):
        raise OptionError(f"--user {user!r} is no name; expected characters other than a colon")
    return user or ""
