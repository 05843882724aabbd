"""What the commands on a project share: the folder, and the files that go out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import terminal
from canvass.files import check_output

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project

ProjectFolder = Annotated[
    str,
    typer.Argument(metavar="DIR", help="The folder of a project, made by canvass new.", show_default=False),
]
MaskOption = Annotated[
    str | None,
    typer.Option(
        "--mask",
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
        "--host",
        metavar="ADDRESS",
        help="Listen on this address; any but the loopback lets other machines in.",
    ),
]
PortOption = Annotated[
    int, typer.Option("--port", metavar="N", help="Listen on this port; 0 takes any that is free.")
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="Answer to this name as well: of a proxy before the server, or host.docker.internal. May be repeated.",
    ),
]


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
            f"{path}: {marked} {'row has a cell' if marked == 1 else 'rows have cells'} that a spreadsheet would take "
            "for a formula; an apostrophe was put before it, and slots were moved along (--raw leaves it out)"
        )
