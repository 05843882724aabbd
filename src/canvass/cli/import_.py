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
    labelled: Annotated[
        list[str],
        typer.Argument(
            metavar="LABELLED...",
            help="Annotated tasks: files of any format (see canvass formats), folders, globs, or - for standard input.",
            show_default=False,
        ),
    ],
    *,
    annotator: Annotated[
        str,
        typer.Option("--annotator", "-a", metavar="NAME", help="Save them as the answers of this annotator."),
    ],
    new_labels: NewLabelsOption = False,
    reading: options.InputOptions,
    labelled_format: options.LabelledFormat = None,
    as_json: options.JsonOption = False,
) -> None:
    """Save annotated tasks as the answers of one annotator; the same file again changes nothing.

    A record finds its task by the text, and makes one where there is none. One without domain, intent and slots is not
    annotated yet, and left out. Nothing is saved unless every record is as it should be.
    """
    from canvass.annotation.exchange.importing import check_annotator, import_answers
    from canvass.annotation.project.project import Project

    check_annotator(annotator)
    options.check_format("--labelled-format", labelled_format)
    with Project.open(folder) as project, terminal.busy("reading and saving the answers"):
        imported = import_answers(
            project,
            labelled,
            annotator,
            now=time.time(),
            columns=reading.names,
            format=labelled_format,
            skip_bad=reading.skip_bad,
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
    for loss in imported.lost:
        terminal.warn_of_loss(loss)
    if as_json or not terminal.interactive():
        terminal.print_json(asdict(imported))
        return
    terminal.say(
        f"{imported.answered:,} answers of {annotator} are saved, {imported.corrected:,} of them corrections; "
        f"{imported.repeated:,} were there already, {imported.unannotated:,} are not annotated yet"
    )
