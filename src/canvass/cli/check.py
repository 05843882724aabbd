"""`canvass check`: what is probably wrong with an annotated set, or with the answers of a project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import is_project, open_project, report_marked
from canvass.files import check_output

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project

ANY_NUMBER = 1 << 31  # of bad lines: they are what is looked for


def command(
    labelled: Annotated[
        str,
        typer.Argument(
            metavar="LABELLED",
            help="Annotated requests: a file of any format (see canvass formats), a folder, a glob, or - for standard "
            "input; or the folder of a project.",
        ),
    ],
    *,
    out: Annotated[
        str | None,
        options.out_option(
            "Write the suspicious requests to this file, the most suspicious first, as annotated requests to be "
            "mended: .jsonl, .csv, .tsv or .parquet. canvass import takes it."
        ),
    ] = None,
    reading: options.LabelledOptions,
    as_json: options.JsonOption = False,
) -> None:
    """List what is probably wrong with annotated requests, before anything is trained on them.

    That is: one text with two intents or two taggings, names that differ by case or blanks, records that cannot be read
    or have no labels, intents with one example, texts without a word or with an endless one, and annotations that
    models contradict. Of a project it makes the review list anew, which the page shows. Nothing else is changed.
    """
    from canvass.annotation.quality.suspicions import BAR, as_findings, as_records, find_suspicions
    from canvass.corpus.checking import check_labelled

    if out is not None:
        options.check_table(out)
    if is_project(labelled):
        with open_project(labelled) as project:
            _check_project(project, out, as_json=as_json)
        return
    if out is not None:
        options.check_inputs(out, labelled, reading.labelled_format, [])
    known = replace(reading, skip_bad=reading.skip_bad or ANY_NUMBER).read([labelled], tell=False)
    terminal.warn_of_unused(known)  # what is left out is among the findings
    findings = check_labelled(known)
    with terminal.busy("training on three quarters, judging the fourth"):
        suspicions = [suspicion for suspicion in find_suspicions(known.utterances) if suspicion.score >= BAR]
    findings += as_findings(known, suspicions)
    facts = {
        "records": len(known.utterances),
        "counts": dict(Counter(finding.kind for finding in findings)),
        "findings": [{"kind": finding.kind, "words": finding.words} for finding in findings],
    }
    _tell(
        facts,
        [f"{finding.kind}: {finding.words}" for finding in findings],
        nothing=f"{len(known.utterances):,} records: nothing found",
        as_json=as_json,
    )
    _write(out, as_records(known, suspicions))


def _check_project(project: Project, out: str | None, *, as_json: bool) -> None:
    from canvass.annotation.project.annotations import utterance_record
    from canvass.annotation.quality.review import review_of

    if out is not None:
        check_output(out, [str(path) for path in project.folder.iterdir()])
    with terminal.busy("training on three quarters of the answers, judging the fourth"):
        items = review_of(project)
    project.store.set_review(items)
    answers = {task.id: (task, answer) for task, answer in project.store.accepted()}
    _tell(
        {"answers": len(answers), "review": [asdict(item) for item in items]},
        [f"{item.kind}: {item.text!r}: {item.words}" for item in items],
        nothing=f"{len(answers):,} answers: nothing found",
        as_json=as_json,
    )
    _write(
        out,
        [
            {
                **utterance_record(project.utterance_of(*answers[number])),
                "suspicion": item.probability,
                "words": item.words,
            }
            for item in items
            for number in item.tasks
            if number in answers
        ],
    )


def _tell(facts: dict[str, Any], lines: Sequence[str], *, nothing: str, as_json: bool) -> None:
    if as_json:
        terminal.print_json(facts)
        return
    for line in lines or [nothing]:
        terminal.console().print(terminal.harmless(line), markup=False, highlight=False, soft_wrap=True)


def _write(out: str | None, records: list[dict[str, Any]]) -> None:
    from canvass.annotation.exchange.exporting import write_records

    if out is None:
        return
    if not records:
        terminal.say(f"nothing is suspicious; {out} was not written")
        return
    report_marked(out, write_records(out, records))
    terminal.show_written(out)
