"""What the commands on a project share: the folder, the files that go out of it, and the address that is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import terminal
from canvass.errors import OptionError, needing, plural
from canvass.files import check_output

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project
    from canvass.annotation.web.serve import Address

LARGEST_PORT = 65_535

ProjectFolder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder of a project, made by canvass new.")
]
MaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:FUNCTION",
        help="Run this function, text to text, over all that the assistant is sent.",
    ),
]
RawOption = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="In CSV and TSV, leave cells that look like formulas as they are, instead of putting an apostrophe before "
        "them so that no spreadsheet runs them.",
    ),
]
NewLabelsOption = Annotated[
    bool,
    typer.Option(
        "--new-labels",
        help="Add domains, intents and slot labels that the project does not know, instead of refusing them.",
    ),
]
HostOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS", help="Listen on this address; any but the loopback lets other machines in."
    ),
]
PortOption = Annotated[int, typer.Option(metavar="N", help="Listen on this port; 0 takes any that is free.")]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Answer to this name as well: of a proxy before the server, or host.docker.internal. May be repeated.",
    ),
]


def is_project(name: str) -> bool:
    """Whether this is the folder of a project."""
    from canvass.annotation.project.creation import SETTINGS

    return (Path(name) / SETTINGS).is_file()


def open_project(folder: str | Path) -> Project:
    """Open a project; raises as `Project.open`."""
    from canvass.annotation.project.project import Project

    return Project.open(folder)


def check_file(project: Project, out: str) -> None:
    """Refuse a file that cannot be written, or that would take the place of one of the project's own."""
    from canvass.annotation.project.creation import DATABASE, LABELLED, LOCK, SETTINGS, TEST, WORDS

    check_output(
        out, [str(project.folder / name) for name in (SETTINGS, DATABASE, LABELLED, TEST, LOCK, WORDS)]
    )


def report_marked(path: str, marked: int) -> None:
    """Tell that texts were changed on the way out."""
    if marked:
        terminal.warn(
            f"{path}: {plural(marked, 'row has a cell', 'rows have cells')} that a spreadsheet would take "
            "for a formula; an apostrophe was put before it, and slots were moved along (--raw leaves it out)"
        )


def check_server(what: str, extra: str) -> None:
    """Refuse to serve something without the extra that it needs; raises ExtraMissingError."""
    with needing(f"{what} needs starlette and uvicorn", extra):
        import starlette  # noqa: F401 - whether it is there
        import uvicorn  # noqa: F401


def address_of(host: str, port: int) -> Address:
    """Read --host and --port; raises OptionError."""
    from canvass.annotation.web.serve import Address

    if not 0 <= port <= LARGEST_PORT:
        raise OptionError(f"--port {port} makes no sense; it must be from 0 to {LARGEST_PORT}")
    return Address(host.strip("[]"), port)
