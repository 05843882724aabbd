"""`canvass next`: tasks for people who annotate elsewhere."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import ProjectFolder, RawOption, check_file, report_marked
from canvass.errors import OptionError


def command(
    folder: ProjectFolder,
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write the tasks to this file: .jsonl, .csv, .tsv or .parquet, or - for standard output."
        ),
    ],
    size: Annotated[
        int | None, typer.Option("--size", "-n", metavar="N", help="Hand out N tasks. [default: 50]")
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Choose nothing; write again all that was handed out and has no answer yet.",
        ),
    ] = False,
    raw: RawOption = False,
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
    from canvass.annotation.project.project import Project

    if size is not None and again:
        raise OptionError("--again writes all that was handed out; leave out --size")
    wanted = 50 if size is None else size
    if wanted < 1:
        raise OptionError(f"--size {wanted} makes no sense; it must be at least 1")
    options.check_table(out)
    with Project.open(folder) as project:
        check_file(project, out)
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
        report_marked(out, marked)
        if as_json:
            facts = {"tasks": len(batch.tasks), "warnings": list(batch.warnings)}
            terminal.print_json(facts, error=out == "-")
        else:
            terminal.show_written(out)
