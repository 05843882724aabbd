"""The ASGI app: the table of routes, the files of the page, and errors in one shape, all behind the guard."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from canvass.annotation.web.api import ROUTES
from canvass.annotation.web.api import Route as Listing
from canvass.annotation.web.leading import Download
from canvass.annotation.web.problems import Problem, problem_of
from canvass.annotation.web.reading import Reader, read_object
from canvass.annotation.web.recordings import AUDIO_TYPES
from canvass.annotation.web.security import Access, Guard
from canvass.annotation.web.service import Service
from canvass.errors import CanvassError

logger = logging.getLogger(__name__)

NOT_STORED = {"Cache-Control": "no-store"}
PAGE = Path(__file__).parent / "page"
INDEX = "index.html"
PROJECTS = "projects.html"  # where a server has several
HEAD, HEAD_FILE = b"<!-- head.html -->\n", "head.html"  # what the pages begin with, in the place of a comment
# The system's table of types differs from machine to machine, and `nosniff` makes browsers believe what they are told.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class Workers(NamedTuple):
    """The threads on which the API works; an answer that is to be saved does not wait for those who only look."""

    reads: Executor
    writes: Executor


@contextlib.contextmanager
def workers() -> Iterator[Workers]:
    """Start the threads; those at work are awaited at the end.

    Those who write take turns at the store; what comes before and after is done side by side.
    """
    with (
        ThreadPoolExecutor(2, thread_name_prefix="canvass-reads") as reads,
        ThreadPoolExecutor(8, thread_name_prefix="canvass-writes") as writes,
    ):
        yield Workers(reads, writes)


def make_app(
    services: Service | Mapping[str, Service], access: Access, threads: Workers, *, page: Path = PAGE
) -> ASGIApp:
    """Make the app of a project, or of several: by the first part of their paths, with a list of them at the root.

    `threads` run what the API does: none of it may hold up the loop that reads and writes connections. `page` is the
    folder of the page's files.
    """

    def app_of(service: Service) -> Starlette:
        return _app([*(_route(route, service, threads) for route in ROUTES), _files(page, INDEX)])

    if isinstance(services, Service):
        return Guard(app_of(services), access, services.page.audio_addresses)

    def listed(_service: Any, _sent: Reader) -> dict[str, Any]:
        return {"projects": [{"path": path, **service.summary()} for path, service in services.items()]}

    mounts = [Mount(f"/{path}", app_of(service)) for path, service in services.items()]
    listing = _route(Listing("GET", "/api/projects", listed, "projects"), None, threads)
    addresses = {address: None for service in services.values() for address in service.page.audio_addresses}
    return Guard(_app([listing, *mounts, _files(page, PROJECTS)]), access, tuple(addresses))


def _app(routes: Sequence[BaseRoute]) -> Starlette:
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def _files(folder: Path, index: str) -> Route:
    return Route("/{path:path}", functools.partial(_file, folder=folder, index=index), methods=["GET"])


def _route(route: Listing, service: Any, threads: Workers) -> Route:
    """Make a route of Starlette: read what was sent, and let a thread answer."""
    executor = threads.reads if route.method == "GET" else threads.writes

    async def endpoint(request: Request) -> Response:
        role = request.scope["canvass.role"]
        if route.lead and role != "lead":
            raise Problem("this is for leads; ask for the link of leads", HTTPStatus.FORBIDDEN)
        fields = request.path_params or dict(request.query_params)
        if request.method == "POST":
            fields = read_object(await request.body())
        sent = Reader(fields, route.name, route.known, role)
        return await asyncio.get_running_loop().run_in_executor(executor, _answer, route, service, sent)

    return Route(route.path, endpoint, methods=[route.method])


def _answer(route: Listing, service: Any, sent: Reader) -> Response:
    """Answer what was sent; writing JSON takes time, too, and is done on the thread."""
    content = route.function(service, sent)
    if isinstance(content, Path):  # a recording
        kind = AUDIO_TYPES[content.suffix.lower()]
        return FileResponse(content, headers=NOT_STORED, media_type=kind)  # ranges, too
    if isinstance(content, Download):
        headers = {**NOT_STORED, **content.headers}
        return Response(content.content, media_type="application/octet-stream", headers=headers)
    return JSONResponse(content, headers=NOT_STORED)


def is_current(tag: str, if_none_match: str) -> bool:
    """Whether a browser that sends these tags has the file already.

    >>> is_current('"a1"', 'W/"a1", "b2"'), is_current('"a1"', '"b2"'), is_current('"a1"', "*")
    (True, False, True)
    """
    sent = [value.strip().removeprefix("W/") for value in if_none_match.split(",")]
    return tag in sent or sent == ["*"]


def _file(request: Request, *, folder: Path, index: str) -> Response:
    """Send a file of the page, looked up among those that are there, so that no `..` leads out of the folder."""
    path = request.path_params["path"]
    names = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    file = names.get(path or index)
    if file is None or file.is_symlink() or not file.is_file() or file.suffix not in TYPES:
        raise Problem(f"there is nothing at /{path[:100]}", HTTPStatus.NOT_FOUND)
    content = file.read_bytes()
    if HEAD in content:
        content = content.replace(HEAD, (folder / HEAD_FILE).read_bytes())
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    # Kept, but asked for each time: a new version of canvass shows its own page, whole.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if is_current(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "Content-Type": TYPES[file.suffix]})


def _error(problem: Problem) -> Response:
    return JSONResponse(problem.content, problem.status, NOT_STORED)


async def _refused(request: Request, error: CanvassError) -> Response:
    problem = problem_of(error)
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("%s: %s", request.url.path, problem)
    return _error(problem)


async def _not_routed(request: Request, error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = Problem(
            f"{request.method} is not done at {request.url.path[:100]}", HTTPStatus.METHOD_NOT_ALLOWED
        )
    else:
        problem = Problem(f"there is nothing at {request.url.path[:100]}", error.status_code)
    answer = _error(problem)
    answer.headers.update(error.headers or {})
    return answer


async def _defect(_request: Request, _: Exception) -> Response:
    """Say that this is our fault; the server's log has the traceback."""
    return _error(
        Problem(
            "a defect of canvass: what went wrong is in the terminal where the server runs",
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    )


# What becomes of an exception: the one shape in which a client hears of a problem.
HANDLERS: dict[Any, Any] = {CanvassError: _refused, HTTPException: _not_routed, Exception: _defect}
