"""`canvass discover`: what a labelled set lacks of a pool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.phrases import read_texts
from canvass.cli.projects import is_project, open_project
from canvass.errors import OptionError
from canvass.files import check_outputs, write_whole
from canvass.types import Utterance

if TYPE_CHECKING:
    from canvass.corpus.pool import Pool
    from canvass.selection.discovery import Discovery


def command(
    labelled: Annotated[
        str,
        typer.Argument(
            metavar="LABELLED|PROJECT",
            help="Annotated requests, as for canvass select; or the folder of a project, whose pool is then read.",
        ),
    ],
    pool: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POOL...]", help="Unlabelled requests, as for canvass select; not for a project."
        ),
    ] = None,
    *,
    groups: Annotated[int, typer.Option("--groups", "-n", metavar="N", help="Show N groups.")] = 20,
    out: Annotated[
        str | None,
        options.out_option(
            "Write the sampled requests of the groups that are shown, with the number and name of each: .jsonl "
            "(also with .gz or .zst), which other commands read as POOL."
        ),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write a page with a map of the pool and all examples (.html)."),
    ] = None,
    to_page: Annotated[
        bool,
        typer.Option(
            "--to-page",
            help="Of a project: show the groups to the leads on its page, who name, merge, split or refuse them.",
        ),
    ] = False,
    refused: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Show no group of these requests: lines of groups, as --out wrote them, that nobody wants.",
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Tell how groups have grown, by the dates of this column of POOL; by those in the names of the files "
            "if all have one, as in 2026-11-01.jsonl.",
        ),
    ] = None,
    seed: options.SeedOption = 0,
    threads: options.ThreadsOption = None,
    reading: options.LabelledOptions,
    pool_reading: options.PoolOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Find groups of requests that no annotated intent covers, and intents with too few examples.

    Reads POOL twice. The same requests give the same bytes, in any order and with any number of threads.
    """
    from canvass.report.discovery_page import as_dict, as_html
    from canvass.selection.discovery import discover
    from canvass.selection.engines.threads import check_threads

    check_threads(threads)
    options.check_at_least_one("--groups", groups)
    if to_page and pool:
        raise OptionError("--to-page shows groups on the page of a project; name the folder of one alone")
    known, opened, unwanted = _inputs(labelled, pool or [], reading, pool_reading, with_date=date is not None)
    check_outputs(
        {"--out": (out, ".jsonl"), "--report": (report, ".html")},
        [labelled, *opened.files, *([refused] if refused else [])],
    )
    if refused is not None:
        unwanted += read_texts(refused)
    total = None if opened.total_bytes is None else 2 * opened.total_bytes
    with terminal.progress("reading the pool twice", total) as advance:
        discovery = discover(
            known,
            opened,
            shown=groups,
            refused=unwanted,
            date=date,
            seed=seed,
            threads=threads,
            progress=advance,
        )
    if to_page:
        from canvass.annotation.project.groups import send_groups

        with open_project(labelled) as project:
            send_groups(project, discovery)
    if out is not None:
        _write(discovery, out)
    if report is not None:
        write_whole(report, as_html(discovery))
    if as_json:
        terminal.print_json(as_dict(discovery))
    else:
        _show(discovery)


def _inputs(
    labelled: str,
    names: Sequence[str],
    reading: options.LabelledOptions,
    pool_reading: options.PoolOptions,
    *,
    with_date: bool,
) -> tuple[Sequence[Utterance], Pool, list[str]]:
    """Read LABELLED and open POOL, or both of a project, and recall what leads refused there."""
    from canvass.annotation.project.groups import refused_texts

    if is_project(labelled):
        if names:
            raise OptionError(f"{labelled} is a project, which has a pool of its own; leave out POOL")
        with open_project(labelled) as project:
            return project.annotated(), project.pool(), refused_texts(project)
    if not names:
        raise OptionError(
            f"POOL is missing, and {labelled} is not the folder of a project; name files of requests"
        )
    opened = pool_reading.open(names, reading, others=with_date)
    options.check_inputs(None, labelled, reading.labelled_format, opened.files)
    return reading.read([labelled]).utterances, opened, []


def _write(discovery: Discovery, out: str) -> None:
    """Write the sampled requests of the groups as JSONL."""
    from canvass.report.discovery_page import name_of

    lines = [
        json.dumps({"text": text, "group": number, "name": name_of(group)}, ensure_ascii=False)
        for number, group in enumerate(discovery.groups, 1)
        for text in group.sampled
    ]
    write_whole(out, "".join(f"{line}\n" for line in lines).encode())


def _show(discovery: Discovery) -> None:
    """Print a line a group; tabs where nobody looks."""
    from canvass.report.discovery_page import growth_of, name_of

    rows = [
        (
            str(number),
            f"{group.requests:,}",
            f"{group.lost / max(group.requests, 1):.0%}",
            str(group.labelled),
            *([growth_of(discovery, number - 1)] if discovery.halves else []),
            name_of(group),
            group.typical[0],
        )
        for number, group in enumerate(discovery.groups, 1)
    ]
    growth = [f"since {discovery.halves.since}"] if discovery.halves else []
    headings = ("", "requests", "lost", "annotated", *growth, "group", "such as")
    terminal.show_rows(headings, rows, right=headings[:-2])
    if not terminal.interactive():
        return
    terminal.show()
    lost = f"{discovery.lost:,} of {discovery.requests:,} requests are lost on the intent classifier"
    terminal.show((lost, "dim"))
    for scarce in discovery.scarce:
        against = f"{scarce.labelled:,} against {scarce.requests:,} requests"
        terminal.show(f"few annotated: {scarce.label}, {against}")
