"""The server of projects: addresses and links, uvicorn on a socket of ours, connections with limits, and a tidy end.

Uvicorn waits for ever for the end of a request's header, and takes connections until the process has no file descriptor
left. Both need no token, so both are limited here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import resource
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import Queue
from canvass.annotation.web.app import PAGE, make_app, workers
from canvass.annotation.web.security import LOOPBACK, Access, host_name
from canvass.annotation.web.service import Service, even_clock
from canvass.errors import FileError, OptionError

PLAIN = re.compile(r"(?!api$)[A-Za-z0-9][\w.-]*")  # what a path can begin with as it is
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
SHORTEST_TOKEN = 16
LONGEST_TOKEN = 500
KEEP_ALIVE = 75  # seconds: an annotator reads for a while between two answers
LAST_ANSWERS = 10  # seconds that requests under way get at the end
BACKLOG = 512
SWITCH_SECONDS = 0.0005  # a tenth of what is usual
REQUEST_SECONDS = 20.0  # from the first byte of a request, or from the connection, to its last byte
MOST_CONNECTIONS = 1000
WHOLE = frozenset({h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR})


@dataclass(frozen=True)
class Address:
    """Where the server listens: a name or an address as `--host` has it, and a port (0: any that is free)."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False

    @property
    def names(self) -> frozenset[str]:
        """The names and addresses that a Host header may have: of this machine, and of `host`."""
        if self.host in WILDCARDS:
            # All of this machine's own; a name that others gave it needs --allow-host.
            return LOOPBACK | {name for host in own_names() if (name := host_name(host))}
        named = host_name(bracketed(self.host))
        return LOOPBACK | ({named} if named else set())

    @property
    def url(self) -> str:
        """Where this machine finds it."""
        shown = "127.0.0.1" if self.host in WILDCARDS else self.host
        return f"http://{bracketed(shown)}:{self.port}"

    def link(self, token: str) -> str:
        """Write the link that opens the page."""
        return f"{self.url}/?token={token}"


def bracketed(host: str) -> str:
    """Write an address of IPv6 as a URL has it.

    >>> bracketed("::1"), bracketed("localhost")
    ('[::1]', 'localhost')
    """
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def own_names() -> list[str]:
    """List the name of this machine and the addresses that it resolves to."""
    name = socket.gethostname()
    names = [name]
    with contextlib.suppress(OSError):
        names += [bracketed(str(info[4][0]).partition("%")[0]) for info in socket.getaddrinfo(name, None)]
    return list(dict.fromkeys(names))


def listen(address: Address) -> tuple[socket.socket, Address]:
    """Open the socket, so that a link that was printed works; returns it with the port that it got.

    Raises OptionError if the port is in use or not allowed, or the host is none of this machine.
    """
    where = f"{bracketed(address.host)}:{address.port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host.strip("[]"), address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise OptionError(
            f"--host {address.host}: no such host; name an address of this machine, or leave it out"
        ) from error
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise OptionError(
            f"cannot listen on {where} ({error.strerror}); choose another port with --port N (0 takes any that is free)"
        ) from error
    opened.setblocking(False)
    return opened, Address(address.host, opened.getsockname()[1])


def new_token() -> str:
    """Make a token: 256 random bits, in characters that a link may have."""
    return secrets.token_urlsafe(32)


def read_token(file: str | None) -> str:
    """Make a token, or take that of a file; a file that is not there is written, for its owner's eyes only.

    Raises FileError if the file cannot be read or written, and OptionError if what is in it is no token.
    """
    if file is None:
        return new_token()
    path = Path(file)
    try:
        with contextlib.suppress(FileExistsError):
            # Written whole before it has its name: a second server must not read half of it.
            hidden = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
            try:
                hidden.touch(mode=0o600, exist_ok=False)
                hidden.write_text(f"{new_token()}\n", encoding="ascii")
                path.hardlink_to(hidden)
            finally:
                hidden.unlink(missing_ok=True)
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise FileError(f"--token-file {path}: cannot be read or written ({error.strerror})") from error
    except UnicodeDecodeError:
        token = ""
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not all(
        character.isalnum() or character in "-._~" for character in token
    ):
        raise OptionError(
            f"--token-file {path}: expected one token of at least {SHORTEST_TOKEN} letters, digits, - . _ ~; "
            "remove the file, and a new one is written"
        )
    return token


def allowed_hosts(address: Address, names: Iterable[str]) -> frozenset[str]:
    """Join the names of an address with those of --allow-host; raises OptionError for what is no name."""
    more = set()
    for host in names:
        name = host_name(bracketed(host))
        if name is None or (":" in host and name != bracketed(host).lower()):
            raise OptionError(
                f"--allow-host {host!r} is not the name of a host; write it without http:// and port"
            )
        more.add(name)
    return address.names | more


@contextlib.contextmanager
def server_of(
    projects: Sequence[tuple[Project, Queue]], access: Access, *, page: Path = PAGE
) -> Iterator[uvicorn.Server]:
    """Make the server of projects, with the files of a page; its threads end with the block.

    The caller starts and stops the queues, and holds the projects' locks.
    """
    with workers() as threads:
        yield server_for(make_app(services_of(projects, access), access, threads, page=page))


def services_of(projects: Sequence[tuple[Project, Queue]], access: Access) -> Service | dict[str, Service]:
    """Make the service of a project; or those of several, by the names of their folders.

    Raises OptionError where two folders have the same name.
    """
    several = len(projects) > 1
    services: dict[str, Service] = {}
    for number, (project, queue) in enumerate(projects, 1):
        path = project.name if PLAIN.fullmatch(project.name) else f"project-{number}"
        if path in services:
            raise OptionError(f"two projects are called {path}; rename one of the folders")
        services[path] = Service(
            project, queue, lease_clock=even_clock(), annotator_token=access.annotator_token, others=several
        )
    return services if several else next(iter(services.values()))


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


def server_for(app: ASGIApp) -> uvicorn.Server:
    """Make the server of an app: it logs nothing of requests, and answers those under way before it ends."""
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        interface="asgi3",
        access_log=False,  # addresses of requests hold tokens and names
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=LAST_ANSWERS,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)


def run(
    server: uvicorn.Server, listening: socket.socket, *, ready: Callable[[], None] = lambda: None
) -> None:
    """Run a server on a socket until SIGINT or SIGTERM; only the main thread of a process may call it.

    Requests under way are answered before it ends; leases stay as they are. `ready` is called once connections are
    taken and signals end it well.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    switching = sys.getswitchinterval()
    # Uvicorn has handlers of its own while it runs, and raises what it caught again when it is done; then they come
    # here, where they no longer mean anything.
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # Threads take turns more often: the one that answers waits for its turn behind the one that trains.
        sys.setswitchinterval(SWITCH_SECONDS)
        ready()
        server.run(sockets=[listening])
    finally:
        sys.setswitchinterval(switching)
        for number, handler in handlers.items():
            signal.signal(number, handler)
