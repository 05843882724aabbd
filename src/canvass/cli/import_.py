"""`canvass import`: answers that were given elsewhere."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import NewLabelsOption, ProjectFolder

if TYPE_CHECKING:
    from canvass.annotation.exchange.importing import Imported


def command(
    folder: ProjectFolder,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Annotated tasks: files in any format (see canvass formats), folders, globs, or - for standard input.",
            show_default=False,
        ),
    ],
    *,
    annotator: Annotated[
        str, typer.Option("--annotator", "-a", metavar="NAME", help="Whose answers they are.")
    ],
    new_labels: NewLabelsOption = False,
    skip_bad: options.SkipBadOption = 0,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="F",
            help="Format of FILE where its content and name do not tell (see canvass formats).",
            rich_help_panel=options.READING,
        ),
    ] = None,
    text_field: options.TextField = "text",
    id_field: options.IdField = "id",
    count_field: options.CountField = "count",
    domain_field: options.DomainField = "domain",
    intent_field: options.IntentField = "intent",
    slots_field: options.SlotsField = "slots",
    as_json: options.JsonOption = False,
) -> None:
    """Save annotated tasks as the answers of one annotator; the same file again changes nothing.

    A record finds its task by the text, and makes one where there is none. One without domain, intent and slots is not
    annotated yet, and left out. Nothing is saved unless every record is as it should be.
    """
    from canvass.annotation.exchange.importing import check_annotator, import_answers
    from canvass.annotation.project.project import Project

    check_annotator(annotator)
    options.check_format("--format", file_format)
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    with Project.open(folder) as project, terminal.busy("reading and saving the answers"):
        imported = import_answers(
            project,
            files,
            annotator,
            now=time.time(),
            fields=fields,
            format=file_format,
            skip_bad=skip_bad,
            new_labels=new_labels,
        )
    _tell(imported, annotator, as_json=as_json)


def _tell(imported: Imported, annotator: str, *, as_json: bool) -> None:
    for number, words in (
        (imported.bad_lines, "bad and skipped"),
        (imported.in_test, "in the test set, which must not be trained on, and left out"),
        (
            imported.without_slots,
            "annotated without slots: only the intent counts (write [] where there are none)",
        ),
        (imported.disputed, "in dispute now: another annotator said otherwise"),
    ):
        if number:
            terminal.warn(f"{number} {'record is' if number == 1 else 'records are'} {words}")
    if as_json or not terminal.interactive():
        terminal.print_json(asdict(imported))
        return
    terminal.say(
        f"{imported.answered:,} answers of {annotator} are saved, {imported.corrected:,} of them corrections; "
        f"{imported.repeated:,} were there already, {imported.unannotated:,} are not annotated yet"
    )
