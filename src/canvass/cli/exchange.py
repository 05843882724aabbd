"""Files into a project and out of it: `canvass next`, `canvass import`, `canvass export` and `canvass backup`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, projects, terminal
from canvass.errors import OptionError, plural
from canvass.files import STANDARD_STREAM, private

if TYPE_CHECKING:
    from canvass.annotation.exchange.importing import Imported


def next_(
    folder: projects.ProjectFolder,
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write the tasks to this file: .jsonl, .csv, .tsv or .parquet, or - for standard output."
        ),
    ],
    size: Annotated[int | None, options.size_option("Hand out N tasks. [default: 50]")] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Choose nothing; write again all that was handed out and has no answer yet.",
        ),
    ] = False,
    raw: projects.RawOption = False,
    threads: options.ThreadsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Choose the next tasks with models of all annotations so far, and hand them out in a file.

    Nobody else gets them. Fill in domain, intent and slots (the columns of a labelled set), and give the file to
    canvass import; a domain that is not the target's makes a negative, and "elsewhere" one of a domain that nobody
    knows.
    """
    from canvass.annotation.exchange.exporting import write_records
    from canvass.annotation.exchange.handing_out import hand_out, handed_out, task_record

    if size is not None and again:
        raise OptionError("--again writes all that was handed out; leave out --size")
    wanted = 50 if size is None else size
    options.check_at_least_one("--size", wanted)
    options.check_table(out)
    with projects.open_project(folder) as project:
        projects.check_file(project, out)
        if again:
            batch = handed_out(project)
        else:
            with terminal.progress("training, then reading the pool", project.pool().total_bytes) as advance:
                batch = hand_out(project, wanted, now=time.time(), threads=threads, progress=advance)
        for warning in batch.warnings:
            terminal.warn(warning)
        if not batch.tasks:
            terminal.warn("nothing waits for an answer" if again else "nothing was handed out")
        try:
            marked = write_records(
                out,
                [
                    task_record(task, str(project.target), slots=project.annotates_slots)
                    for task in batch.tasks
                ],
                guard=not raw,
            )
        except BaseException:
            terminal.say(
                "the tasks are handed out, but the file was not written; canvass next --again writes it"
            )
            raise
        projects.report_marked(out, marked)
        if as_json:
            facts = {"tasks": len(batch.tasks), "warnings": list(batch.warnings)}
            terminal.print_json(facts, error=out == STANDARD_STREAM)
        else:
            terminal.show_written(out)


def import_(
    folder: projects.ProjectFolder,
    labelled: Annotated[
        list[str],
        typer.Argument(
            metavar="LABELLED...",
            help="Annotated tasks: files of any format (see canvass formats), folders, globs, or - for standard input.",
        ),
    ],
    *,
    annotator: Annotated[
        str,
        typer.Option("--annotator", "-a", metavar="NAME", help="Save them as the answers of this annotator."),
    ],
    new_labels: projects.NewLabelsOption = False,
    reading: options.InputOptions,
    labelled_format: options.LabelledFormat = None,
    as_json: options.JsonOption = False,
) -> None:
    """Save annotated tasks as the answers of one annotator; the same file again changes nothing.

    A record finds its task by the text, and makes one where there is none. One without domain, intent and slots is not
    annotated yet, and left out. Nothing is saved unless every record is as it should be.
    """
    from canvass.annotation.exchange.importing import check_annotator, import_answers

    check_annotator(annotator)
    options.check_format("--labelled-format", labelled_format)
    with projects.open_project(folder) as project, terminal.busy("reading and saving the answers"):
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
    _tell_imported(imported, annotator, as_json=as_json)


def _tell_imported(imported: Imported, annotator: str, *, as_json: bool) -> None:
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
            terminal.warn(f"{plural(number, 'record is', 'records are')} {words}")
    for loss in imported.lost:
        terminal.warn_of_loss(loss)
    if as_json or not terminal.interactive():
        terminal.print_json(asdict(imported))
        return
    terminal.say(
        f"{imported.answered:,} answers of {annotator} are saved, {imported.corrected:,} of them corrections; "
        f"{imported.repeated:,} were there already, {imported.unannotated:,} are not annotated yet"
    )


def export(
    folder: projects.ProjectFolder,
    *,
    out: Annotated[
        str | None,
        options.out_option(
            "Write the annotated requests to this file, in any format that canvass formats can write, or to - for "
            "standard output. [default: - where that is no terminal]"
        ),
    ] = None,
    out_format: options.OutFormat = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Add what was annotated before the project began; the column split says what is held out.",
        ),
    ] = False,
    answers: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write every answer to this file, old ones too, with who gave it and when."
        ),
    ] = None,
    raw: projects.RawOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Write what people annotated, at any time, also while they do.

    One record an utterance, in the format of a labelled set: what is not of the target is a negative, with the domain
    and intent that were named, or none.
    """
    from canvass.annotation.exchange.exporting import answer_records, write_export, write_records

    out = _default_out(out, answers, as_json=as_json)
    names = [name for name in (out, answers) if name is not None]
    if len(set(names)) < len(names):
        raise OptionError(f"--out and --answers are both {out}; name two files")
    options.check_format("--out-format", out_format)
    if answers is not None:
        options.check_table(answers)
    with private(), projects.open_project(folder) as project:
        for name in names:
            projects.check_file(project, name)
        facts = {}
        if out is not None:
            done = write_export(out, project, name=out_format, everything=everything, guard=not raw)
            facts["utterances"] = done.utterances
            projects.report_marked(out, done.marked)
            terminal.warn_of_losses(done.losses)
        if answers is not None:
            records = answer_records(project)
            facts["answers"] = len(records)
            projects.report_marked(answers, write_records(answers, records, guard=not raw))
    if as_json:
        terminal.print_json(facts, error=STANDARD_STREAM in names)
        return
    for name in names:
        if name != STANDARD_STREAM:
            terminal.show_written(name)


def _default_out(out: str | None, answers: str | None, *, as_json: bool) -> str | None:
    """Write to standard output where nothing else was asked for, unless a person looks at it."""
    if out is not None or answers is not None or as_json:
        return out
    if terminal.interactive():
        raise OptionError("nothing says where to write; add --out labelled.jsonl, or --answers answers.jsonl")
    return STANDARD_STREAM


def backup(
    folder: projects.ProjectFolder,
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
    from canvass.annotation.project.backing_up import back_up, check_backup

    check_backup(Path(out))
    with projects.open_project(folder) as project:
        projects.check_file(project, out)
        with terminal.busy("copying"):
            back_up(project, out)
    terminal.show_written(out)
