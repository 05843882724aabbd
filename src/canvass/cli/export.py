"""`canvass export`: what people annotated, as a file."""

from __future__ import annotations

from typing import Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import ProjectFolder, RawOption, check_file, report_marked
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM, private


def command(
    folder: ProjectFolder,
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
            "--answers",
            metavar="FILE",
            help="Write every answer to this file, old ones too, with who gave it and when.",
        ),
    ] = None,
    raw: RawOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Write what people annotated, at any time, also while they do.

    One record an utterance, in the format of a labelled set: what is not of the target is a negative, with the domain
    and intent that were named, or none.
    """
    from canvass.annotation.exchange.exporting import answer_records, write_export, write_records
    from canvass.annotation.project.project import Project

    out = _default(out, answers, as_json=as_json)
    names = [name for name in (out, answers) if name is not None]
    if len(set(names)) < len(names):
        raise OptionError(f"--out and --answers are both {out}; name two files")
    options.check_format("--out-format", out_format)
    if answers is not None:
        options.check_table(answers)
    with private(), Project.open(folder) as project:
        for name in names:
            check_file(project, name)
        facts = {}
        if out is not None:
            done = write_export(out, project, name=out_format, everything=everything, guard=not raw)
            facts["utterances"] = done.utterances
            report_marked(out, done.marked)
            terminal.warn_of_losses(done.losses)
        if answers is not None:
            records = answer_records(project)
            facts["answers"] = len(records)
            report_marked(answers, write_records(answers, records, guard=not raw))
    if as_json:
        terminal.print_json(facts, error=STANDARD_STREAM in names)
        return
    for name in names:
        if name != STANDARD_STREAM:
            terminal.show_written(name)


def _default(out: str | None, answers: str | None, *, as_json: bool) -> str | None:
    """Write to standard output where nothing else was asked for, unless a person looks at it."""
    if out is not None or answers is not None or as_json:
        return out
    if terminal.interactive():
        raise OptionError("nothing says where to write; add --out labelled.jsonl, or --answers answers.jsonl")
    return STANDARD_STREAM
