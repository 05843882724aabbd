"""`canvass annotate`: the annotation page of a project, served to this machine's browsers until it is stopped."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import projects, terminal
from canvass.errors import CanvassError, OptionError

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project
    from canvass.annotation.rounds.queue import Queue
    from canvass.annotation.web.security import Access
    from canvass.annotation.web.serve import Address

PURPOSE = "canvass annotate"
OK = 200
MINUTE = 60.0
MOST_KEPT = 100  # sentences
PATIENCE = 2.0  # seconds for the queue to end


def command(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...",
            help="The project, a folder that canvass new made; several, or a folder of projects: the page lists them.",
        ),
    ],
    *,
    host: projects.HostOption = "127.0.0.1",
    port: projects.PortOption = 8800,
    allow_host: projects.AllowHostOption = None,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Keep the token in this file, so that the link stays the same."),
    ] = None,
    open_page: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open",
            help="Open the page in a browser; --no-open does not. [default: where there is one]",
        ),
    ] = None,
    assistant: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Have a language model suggest annotations: a server with the OpenAI chat protocol, such as "
            "http://localhost:8080/v1. Requests are sent there. Its key is CANVASS_ASSISTANT_KEY of the environment.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model of the assistant's server.")
    ] = None,
    mask: projects.MaskOption = None,
    alone: Annotated[
        bool,
        typer.Option(
            "--assistant-alone",
            help="Let it answer what it and the models are sure of and agree on, if canvass judge approved it.",
        ),
    ] = False,
    get: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Print what the page would get from this path, and serve nothing."),
    ] = None,
) -> None:
    """Annotate in the browser: the least certain requests first, retraining behind the scenes.

    Prints a link that opens the page, and serves it until Ctrl-C. The link holds a secret: whoever has it sees and
    changes the annotations. Answers are on disk before the page says saved.
    """
    projects.check_server("the annotation page", "annotate")
    from canvass.annotation.assistant.assistant import Assistant
    from canvass.annotation.rounds.queue import Queue
    from canvass.annotation.web.serve import allowed_hosts

    address = projects.address_of(host, port)
    if (assistant is None) != (model is None) or ((mask is not None or alone) and assistant is None):
        raise OptionError(
            "--assistant URL and --model NAME go together, and --mask and --assistant-alone with both; give what is "
            "missing"
        )
    hosts = allowed_hosts(address, allow_host or ())
    with ExitStack() as stack:
        opened = [stack.enter_context(projects.open_project(folder)) for folder in _projects(folders)]
        served = []
        for project in opened:
            asked = (
                Assistant(project, assistant, model, mask=mask, alone=alone) if assistant and model else None
            )
            served.append((project, Queue(project, assistant=asked)))
        if get is not None:
            _print(served, get)
            return
        for project in opened:
            stack.enter_context(project.lock(PURPOSE))
        _serve(served, address, hosts, token_file, open_page=open_page)


def _projects(folders: list[Path]) -> list[Path]:
    """List the projects among folders, and those in a folder that is none itself; each once."""
    from canvass.annotation.project.creation import SETTINGS

    found: dict[Path, Path] = {}
    for folder in folders:
        inside = (
            []
            if (folder / SETTINGS).exists()
            else sorted(path.parent for path in folder.glob(f"*/{SETTINGS}"))
        )
        found |= {path.resolve(): path for path in inside or [folder]}
    return list(found.values())


def _print(served: list[tuple[Project, Queue]], path: str) -> None:
    """Ask the app from inside, and print what it answers."""
    from canvass.annotation.web.app import make_app, workers
    from canvass.annotation.web.inside import ask
    from canvass.annotation.web.security import Access
    from canvass.annotation.web.serve import new_token, services_of

    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise OptionError(f"--get {path!r} is not a path; write one such as /api/progress")
    access = Access(new_token(), {"localhost"})
    with workers() as threads:
        app = make_app(services_of(served, access), access, threads)
        headers = (("Host", "localhost"), ("Authorization", f"Bearer {access.token}"))
        reply = ask(app, "GET", path, headers=headers)
    if reply.status != OK:
        raise CanvassError(f"--get {path}: {json.loads(reply.body)['error']['message']} ({reply.status})")
    sys.stdout.buffer.write(reply.body + b"\n")


class Warnings(logging.Handler):
    """Says on the terminal what the server could not do; the same sentence once a minute."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{logging.Formatter().formatException(record.exc_info)}"
        before = self._said.get(message)
        if before is not None and record.created - before < MINUTE:
            return
        self._said = {message: record.created} if len(self._said) > MOST_KEPT else self._said
        self._said[message] = record.created
        terminal.warn(message)


def _serve(
    served: list[tuple[Project, Queue]],
    address: Address,
    hosts: frozenset[str],
    token_file: str | None,
    *,
    open_page: bool | None,
) -> None:
    """Listen, start the queues, say where the page is, and serve until a signal ends it."""
    import threading
    import webbrowser

    from canvass.annotation.web.security import Access
    from canvass.annotation.web.serve import listen, read_token, run, server_of

    token = read_token(token_file)
    listening, address = listen(address)
    with listening:
        access = Access(token, hosts, cookie=f"canvass-{address.port}")

        def ready() -> None:
            _say_where([project for project, _ in served], address, access, token_file)
            if _wants_browser() if open_page is None else open_page:
                # Some browsers do not return until they are closed.
                link = address.link(access.one_time())
                threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()

        logging.getLogger("canvass.annotation").addHandler(Warnings())
        for _, queue in served:
            queue.start()
        try:
            with server_of(served, access) as server:
                run(server, listening, ready=ready)
        finally:
            end = time.monotonic() + PATIENCE
            for patience in (0.0, PATIENCE):  # all are told first
                for _, queue in served:
                    queue.stop(min(patience, max(0.0, end - time.monotonic())))
    terminal.say("stopped; every answer that the page called saved is on disk")


def _say_where(served: list[Project], address: Address, access: Access, token_file: str | None) -> None:
    """Print the link. With a token file, standard output may be a log, and gets the address alone."""
    if not address.is_loopback:
        terminal.warn(
            f"--host {address.host} lets other machines in: whoever has the link sees what people said, and can change "
            "every annotation; link and answers travel unencrypted, so use a network that you trust, a tunnel (ssh -L) "
            "or a proxy with TLS (name it with --allow-host)"
        )
    link = address.link(access.token)
    if token_file is not None and not terminal.interactive():
        link = link.partition("?")[0]
    sys.stdout.write(f"{link}\n")
    sys.stdout.flush()
    what = ", ".join(f"{project.target} of {project.title}" for project in served)
    terminal.say(f"annotating {what}; open the link above; Ctrl-C ends")
    if terminal.interactive():
        terminal.say(f"annotators, who do not lead, open {address.link(access.annotator_token)}")


def _wants_browser() -> bool:
    """Whether somebody sits before this machine, with a browser at hand."""
    if not terminal.interactive() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in {"darwin", "win32"} or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
