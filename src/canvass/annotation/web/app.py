"""The ASGI app: the table of routes, the files of the page, and errors in one shape, all behind the guard."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from canvass.annotation.web.api import ROUTES
from canvass.annotation.web.leading import Download
from canvass.annotation.web.page_files import PAGE, is_current, page_file
from canvass.annotation.web.problems import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAVAILABLE,
    Problem,
    problem_of,
)
from canvass.annotation.web.reading import Call, read_object
from canvass.annotation.web.security import Access, Guard
from canvass.errors import CanvassError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from canvass.annotation.web.service import Service

logger = logging.getLogger(__name__)

NOT_STORED = {"Cache-Control": "no-store"}


class Workers(NamedTuple):
    """The threads on which the API works; an answer that is to be saved does not wait for those who only look."""

    reads: Executor
    writes: Executor


@contextlib.contextmanager
def workers(*, reading: int = 2, writing: int = 8) -> Iterator[Workers]:
    """Start so many threads of either kind; those at work are awaited at the end.

    Those who write share a commit: as many as wait for the disk at once, it takes them all.
    """
    with (
        ThreadPoolExecutor(reading, thread_name_prefix="canvass-reads") as reads,
        ThreadPoolExecutor(writing, thread_name_prefix="canvass-writes") as writes,
    ):
        yield Workers(reads, writes)


def make_app(service: Service, access: Access, threads: Workers, *, page: Path = PAGE) -> ASGIApp:
    """Make the app of a project.

    Parameters
    ----------
    service
        The project.
    access
        Who may talk to it.
    threads
        Run what the API does: none of it may hold up the loop that reads and writes connections.
    page
        The folder of the page's files.

    """
    routes = []
    for route in ROUTES:
        executor = threads.reads if route.method == "GET" else threads.writes
        routes.append(Route(route.path, _endpoint(route.function, service, executor), methods=[route.method]))
    routes.append(Route("/{path:path}", functools.partial(_file, folder=page), methods=["GET"]))
    return Guard(Starlette(routes=routes, exception_handlers=HANDLERS), access)


def _endpoint(
    function: Callable[[Service, Call], dict[str, Any] | Download], service: Service, executor: Executor
) -> Callable[[Request], Awaitable[Response]]:
    """Make the coroutine of a route: read what was sent, and let a thread of the executor answer."""

    async def endpoint(request: Request) -> Response:
        body = read_object(await request.body()) if request.method == "POST" else {}
        call = Call(request.path_params, dict(request.query_params), body)
        return await asyncio.get_running_loop().run_in_executor(executor, _answer, function, service, call)

    return endpoint


def _answer(
    function: Callable[[Service, Call], dict[str, Any] | Download], service: Service, call: Call
) -> Response:
    """Answer a call; writing JSON takes time, too, and is done on the thread."""
    content = function(service, call)
    if isinstance(content, Download):
        headers = {**NOT_STORED, **content.headers}
        return Response(content.content, media_type="application/octet-stream", headers=headers)
    return JSONResponse(content, headers=NOT_STORED)


async def _file(request: Request, *, folder: Path) -> Response:
    path = request.path_params["path"]
    file = None if path.startswith("api/") else page_file(path, folder)
    if file is None:
        raise Problem(NOT_FOUND, f"there is nothing at /{path[:100]}")
    # Kept, but asked for each time: a new version of canvass shows its own page, whole.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if is_current(file.tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers={**headers, "Content-Type": file.type})


def _error(problem: Problem) -> Response:
    return JSONResponse(problem.content, problem.status, NOT_STORED)


async def _refused(request: Request, error: CanvassError) -> Response:
    problem = problem_of(error)
    if problem.status == UNAVAILABLE:
        logger.warning("%s: %s", request.url.path, problem)
    return _error(problem)


async def _not_routed(request: Request, error: HTTPException) -> Response:
    if error.status_code == METHOD_NOT_ALLOWED:
        problem = Problem(METHOD_NOT_ALLOWED, f"{request.method} is not done at {request.url.path[:100]}")
    else:
        problem = Problem(error.status_code, f"there is nothing at {request.url.path[:100]}")
    answer = _error(problem)
    answer.headers.update(error.headers or {})
    return answer


async def _defect(request: Request, error: Exception) -> Response:
    """Say that this is our fault; the server's log has the traceback."""
    del request, error
    return _error(
        Problem(INTERNAL, "a defect of canvass: what went wrong is in the terminal where the server runs")
    )


# What becomes of an exception: the one shape in which a client hears of a problem.
HANDLERS: dict[Any, Any] = {CanvassError: _refused, HTTPException: _not_routed, Exception: _defect}
