"""`canvass label-studio serve`: the ML backend of a project, from the address that it prints to its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from canvass.cli import terminal
from canvass.errors import ExtraMissingError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.project.project import Project
    from canvass.annotation.web.serve import Address

PURPOSE = "canvass label-studio serve"
LARGEST_PORT = 65_535


def run(
    folder: str,
    *,
    host: str,
    port: int,
    allow_host: Sequence[str],
    user: str | None,
    password_file: str | None,
    number: int | None,
) -> None:
    """Serve the project in a folder until a signal ends it; raises CanvassError where it cannot begin."""
    _check_extra()
    from canvass.annotation.project.project import Project
    from canvass.annotation.web.serve import Address, allowed_hosts, listen
    from canvass.integrations.label_studio.backend import Backend
    from canvass.integrations.label_studio.serving import Access, check_user, read_password, serve

    if not 0 <= port <= LARGEST_PORT:
        raise OptionError(f"--port {port} makes no sense; it must be from 0 to {LARGEST_PORT}")
    address = Address(host.strip("[]"), port)
    password = read_password(password_file)
    access = Access(allowed_hosts(address, allow_host), check_user(user, password), password)
    with Project.open(folder) as project, project.lock(PURPOSE):
        listening, address = listen(address)
        with listening:
            backend = Backend(project, number=lambda: _pushed_to(project, number), say=terminal.say)
            left = serve(
                backend,
                listening,
                access,
                ready=lambda: _say_where(
                    project, address, _pushed_to(project, number), has_password=bool(password)
                ),
            )
    if left:
        terminal.warn(f"{left} annotations were not saved; canvass label-studio pull fetches them")
    terminal.say("stopped; every annotation that arrived is on disk" if not left else "stopped")


def _check_extra() -> None:
    try:
        import starlette  # noqa: F401 - whether it is there
        import uvicorn  # noqa: F401
    except ImportError:
        raise ExtraMissingError("the ML backend needs starlette and uvicorn", "label-studio") from None


def _pushed_to(project: Project, number: int | None) -> int | None:
    """Name the project of Label Studio: the one that was given, or the one that was pushed to, also meanwhile."""
    from canvass.integrations.label_studio.link import Link

    return Link.of(project.store).project if number is None else number


def _say_where(project: Project, address: Address, number: int | None, *, has_password: bool) -> None:
    """Print the address that Label Studio is told, and what to do with it."""
    from canvass.annotation.web.serve import WILDCARDS, bracketed

    if not address.is_loopback and not has_password:
        terminal.warn(
            f"--host {address.host} lets other machines in: whoever reaches it reads predictions and adds annotations; "
            "give --user and --password-file, or use a network that you trust"
        )
    shown = "127.0.0.1" if address.host in WILDCARDS else address.host
    sys.stdout.write(f"http://{bracketed(shown)}:{address.port}\n")
    sys.stdout.flush()
    of = "any project" if number is None else f"project {number}"
    password = ", as http://USER:PASSWORD@HOST" if has_password else ""
    terminal.say(
        f"ML backend of {project.target}, for {of} of Label Studio; connect the address above there (Settings, "
        f"Model{password}); Ctrl-C ends"
    )
