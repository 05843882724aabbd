"""`canvass estimate`: how wrong the models of a project are on its traffic."""

from __future__ import annotations

from canvass.cli import options, terminal
from canvass.cli.projects import ProjectFolder


def command(folder: ProjectFolder, *, as_json: options.JsonOption = False) -> None:
    """Tell how wrong today's models are on the traffic, and what their filter misses, from the blind picks.

    They are made after each training of the page. Piped, it prints one JSON object, as with --json; it also has the
    narrower intervals for one look at a number of picks that was fixed beforehand.
    """
    from canvass.annotation.project.project import Project
    from canvass.annotation.quality.estimate import stored_estimates

    with Project.open(folder) as project:
        estimates = stored_estimates(project)
    if as_json or not terminal.interactive():
        terminal.print_json({"estimates": [estimate.as_dict() for estimate in estimates]})
        return
    for estimate in estimates:
        terminal.console().print(terminal.harmless(f"{estimate.words[:1].upper()}{estimate.words[1:]}."))
