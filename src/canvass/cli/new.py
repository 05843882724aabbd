"""`canvass new`: a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project
    from canvass.corpus.labelled import Labelled


def command(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR", help="The folder to make; it must not be there yet.", show_default=False
        ),
    ],
    *,
    labelled: Annotated[
        str,
        typer.Option(
            "--labelled",
            "-l",
            metavar="FILE",
            help="Annotated requests: a file, a folder, a glob, or - for standard input. They are copied.",
        ),
    ],
    pool: Annotated[
        list[str],
        typer.Option(
            "--pool",
            "-p",
            metavar="FILE",
            help="Unlabelled requests: a file (also plain text, one a line), a folder or a glob. May be repeated. They "
            "stay where they are.",
        ),
    ],
    target: options.TargetOption = None,
    domain: options.DomainOption = None,
    test: Annotated[
        str | None,
        typer.Option(
            "--test",
            metavar="FILE",
            help="Annotated requests to count errors on. [default: a fifth of LABELLED, held out by hash]",
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            "-s",
            metavar="NAME",
            help="How to choose (canvass strategies lists them) [default: majority-joint; joint for --target all]",
        ),
    ] = None,
    seed: options.SeedOption = 0,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", help="Leave out requests of more tokens.")
    ] = 40,
    skip_bad: options.SkipBadOption = 0,
    strict: options.StrictOption = False,
    labelled_format: options.LabelledFormat = None,
    pool_format: Annotated[
        str | None,
        typer.Option(
            "--pool-format",
            metavar="F",
            help="Format of the pool where its content and name do not tell (see canvass formats).",
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
    """Make a project: a folder in which one target is annotated.

    It holds canvass.toml (settings and guidelines, to be edited), canvass.db (all answers), and copies of the labelled
    requests and of those that errors are counted on. Next: canvass annotate DIR, or canvass next and canvass import.
    """
    from pathlib import Path

    from canvass.annotation.project.creation import refuse_folder
    from canvass.annotation.project.project import Project
    from canvass.corpus.labelled import read_labelled

    wanted = options.target_of(target, domain)
    refuse_folder(Path(folder))
    options.check_format("--labelled-format", labelled_format)
    options.check_format("--pool-format", pool_format)
    if labelled == test == STANDARD_STREAM:
        raise OptionError(
            "--labelled and --test are both standard input (-), which can be read once; name a file"
        )
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)

    def read(name: str) -> Labelled:
        known = read_labelled([name], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format)
        options.report_left_out(known)
        return known

    with terminal.busy("reading LABELLED"):
        known = read(labelled)
        measured = None if test is None else read(test).utterances
    with Project.create(
        folder,
        known.utterances,
        pool,
        wanted,
        test=measured,
        strategy=strategy,
        seed=seed,
        max_tokens=max_tokens,
        skip_bad=skip_bad,
        pool_format=pool_format,
        fields=fields,
    ) as project:
        _tell(project, given=len(known.utterances), held_out=test is None, as_json=as_json)


def _tell(project: Project, *, given: int, held_out: bool, as_json: bool) -> None:
    labelled, test = len(project.labelled), len(project.test)
    ours = sum(map(project.target.matches, project.labelled))
    ours_in_test = sum(map(project.target.matches, project.test))
    if held_out:
        terminal.say(
            f"{test:,} of the {given:,} labelled requests, {ours_in_test:,} of them {project.target}, are held out to "
            "count errors on, and are never trained on (--test names others)"
        )
    elif labelled < given:
        terminal.say(
            f"{given - labelled:,} labelled requests are in the test set too, and are not trained on"
        )
    facts = {
        "project": str(project.folder),
        "target": str(project.target),
        "strategy": project.settings.project.strategy,
        "labelled": labelled,
        "labelled_of_the_target": ours,
        "test": test,
        "test_of_the_target": ours_in_test,
        "intents": len(project.settings.intents),
        "slot_labels": len(project.settings.slots),
    }
    if as_json:
        terminal.print_json(facts)
    elif terminal.interactive():
        console = terminal.console()
        terminal.show_facts(console, [(name.replace("_", " "), value) for name, value in facts.items()])
        console.print()
        terminal.show_written(str(project.folder))
