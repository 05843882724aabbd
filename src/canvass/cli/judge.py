"""`canvass judge`: whether an assistant may annotate alone."""

from __future__ import annotations

from typing import Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import MaskOption, ProjectFolder
from canvass.errors import OptionError


def command(
    folder: ProjectFolder,
    *,
    assistant: Annotated[
        str | None,
        typer.Option("--assistant", metavar="URL", help="Its server, as for canvass annotate."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Its model.")] = None,
    mask: MaskOption = None,
    withdraw_all: Annotated[
        bool,
        typer.Option(
            "--withdraw",
            help="Ask nothing: take back the approval, and all answers that an assistant gave alone.",
        ),
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Tell whether an assistant may annotate alone, by what people answered without seeing its suggestions.

    Asks it about at most 200 requests, within the budget of canvass.toml, and prints a sentence and its error by kind
    of label. Piped, it prints one JSON object, as with --json. canvass annotate --assistant-alone goes by it.
    """
    from canvass.annotation.assistant.approval import withdraw
    from canvass.annotation.assistant.assistant import Assistant
    from canvass.annotation.assistant.judging import judge_project
    from canvass.annotation.project.project import Project

    if withdraw_all:
        if assistant or model or mask:
            raise OptionError("--withdraw takes back what any assistant answered; give it alone")
        with Project.open(folder) as project:
            count = withdraw(project)
        if as_json:
            terminal.print_json({"withdrawn": count})
        else:
            terminal.say(f"{count:,} answers withdrawn; their requests wait for people")
        return
    if assistant is None or model is None:
        raise OptionError("--assistant URL and --model NAME say which assistant; give both, or --withdraw")
    with Project.open(folder) as project, project.lock("asks an assistant"):
        asked = Assistant(project, assistant, model, mask=mask)
        verdict = judge_project(project, asked)
    if asked.message:
        terminal.warn(asked.message)
    if as_json or not terminal.interactive():
        terminal.print_json(verdict.as_dict())
        return
    from rich.table import Table

    console = terminal.console()
    console.print(terminal.harmless(verdict.words), markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in ("", "wrong", "of", "95 % interval"):
        table.add_column(heading)
    for kind, share in verdict.errors.items():
        low, high = share.interval
        table.add_row(terminal.harmless(kind), f"{share.wrong}", f"{share.n}", f"{low:.0%} to {high:.0%}")
    console.print(table)
    if verdict.unanswered:
        console.print(f"{verdict.unanswered} requests had no suggestion.")
