"""`canvass backup`: a copy of a project while it is in use."""

from __future__ import annotations

from typing import Annotated

from canvass.cli import options, terminal
from canvass.cli.projects import ProjectFolder, check_file


def command(
    folder: ProjectFolder,
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write to this file: .db for the database with all answers, .zip for all files of the project."
        ),
    ],
) -> None:
    """Copy a project, also while people annotate; the copy appears whole or not at all.

    Do not copy canvass.db by hand: what was saved last may stand in a file beside it.
    """
    from pathlib import Path

    from canvass.annotation.project.backing_up import back_up, check_backup
    from canvass.annotation.project.project import Project

    check_backup(Path(out))
    with Project.open(folder) as project:
        check_file(project, out)
        with terminal.busy("copying"):
            back_up(project, out)
    terminal.show_written(out)
