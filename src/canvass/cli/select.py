"""`canvass select`: the main job."""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.choices import show_candidates
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from canvass.corpus.pool import Pool
    from canvass.selection.plan import Batch

FIRST_CHOICES = 10


def command(
    labelled: options.LabelledFiles,
    pool: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL...",
            help="Unlabelled requests: files (also plain text, one a line), folders, globs, or - for "
            "standard input.",
            show_default=False,
        ),
    ],
    *,
    target: options.TargetOption = None,
    domain: options.DomainOption = None,
    size: Annotated[int, typer.Option("--size", "-n", metavar="N", help="How many to choose.")] = 500,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            "-s",
            metavar="NAME",
            help="How to choose (canvass strategies lists them) [default: majority-joint; joint "
            "for --target all]",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write the batch: .jsonl, .csv, .tsv or .parquet, or - for standard output "
            "(JSONL), which is the default when that is no terminal.",
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
            help="Format of POOL where its name does not tell: jsonl, csv, tsv, parquet or text.",
            rich_help_panel=options.READING,
        ),
    ] = None,
    text_field: options.TextField = "text",
    id_field: options.IdField = "id",
    count_field: options.CountField = "count",
    domain_field: options.DomainField = "domain",
    intent_field: options.IntentField = "intent",
    slots_field: options.SlotsField = "slots",
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            help="How many score the pool; the batch does not depend on it. [default: one a processor]",
            rich_help_panel=options.RUNNING,
        ),
    ] = None,
    block_rows: Annotated[
        int,
        typer.Option(
            "--block-rows",
            metavar="N",
            help="Rows that are scored together.",
            rich_help_panel=options.RUNNING,
        ),
    ] = 65_536,
    as_json: options.JsonOption = False,
) -> None:
    """Choose the unlabelled requests that are most worth annotating.

    Trains on LABELLED, scores every request of POOL once, and writes the chosen ones in rank order, with the
    reasons and a prediction to correct instead of typing.

    On a terminal it shows the first choices and a summary; piped, it prints the batch as JSONL and nothing
    else.
    """
    from canvass.corpus.labelled import read_labelled
    from canvass.corpus.pool import Pool
    from canvass.selection.local import select
    from canvass.selection.plan import Plan, check_options
    from canvass.strategies import DEFAULT, DEFAULT_FOR_ALL

    start = time.monotonic()
    wanted = options.target_of(target, domain)
    name = strategy or (DEFAULT_FOR_ALL if wanted.kind == "all" else DEFAULT)
    # What is cheap to refuse is refused before any file is read.
    check_options(name, size, max_tokens, has_committee=wanted.kind != "all")
    options.check_format("--labelled-format", labelled_format)
    options.check_format("--pool-format", pool_format)
    if out is not None:
        options.check_table(out)
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    opened = Pool.open(pool, fields=fields, rows=block_rows, skip_bad=skip_bad, format=pool_format)
    options.check_inputs(out, labelled, labelled_format, opened.files)
    with terminal.busy("reading LABELLED"):
        known = read_labelled(
            [labelled], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format
        )
    options.report_left_out(known)
    with terminal.busy(f"training on {len(known.utterances):,} annotated requests"):
        plan = Plan.train(
            known.utterances, wanted, strategy=name, size=size, seed=seed, max_tokens=max_tokens
        )
    trained = time.monotonic()
    with terminal.progress("reading the pool", opened.total_bytes) as advance:
        batch = select(plan, opened, threads=threads, progress=advance)
    seconds = {"train": trained - start, "select": time.monotonic() - trained}
    _deliver(batch, opened, out, as_json=as_json, seconds=seconds)


def _deliver(batch: Batch, pool: Pool, out: str | None, *, as_json: bool, seconds: dict[str, float]) -> None:
    """Write the batch and tell what a person, or a machine, should know about it."""
    from canvass.selection.output import candidate_record, write_batch

    for warning in batch.warnings:
        terminal.warn(warning)
    if pool.bad.count:
        lines = "line of the pool was" if pool.bad.count == 1 else "lines of the pool were"
        terminal.warn(f"{pool.bad.count} bad {lines} skipped; the first: {pool.bad.first}")
    to_standard_output = out == STANDARD_STREAM
    if to_standard_output and terminal.interactive():
        for candidate in batch.candidates:
            terminal.print_json(candidate_record(candidate))
    elif out is not None:
        write_batch(out, batch)
    if as_json:
        facts = {**_facts(batch), "bad_lines": pool.bad.count, "warnings": batch.warnings, "seconds": seconds}
        if out is None:
            facts["choices"] = [candidate_record(candidate) for candidate in batch.candidates]
        terminal.print_json(facts, error=to_standard_output)
    elif terminal.interactive() and not to_standard_output:
        _show(batch, pool, out, seconds)
    elif out is None:
        write_batch(STANDARD_STREAM, batch)


def _facts(batch: Batch) -> dict[str, Any]:
    return {
        **dataclasses.asdict(batch.counters),
        "distinct": batch.distinct,
        "distinct_passed": batch.distinct_passed,
        "chosen": len(batch.candidates),
        "filled": batch.filled,
    }


def _show(batch: Batch, pool: Pool, out: str | None, seconds: dict[str, float]) -> None:
    console = terminal.console()
    counters = batch.counters
    if sys.stderr.isatty() and batch.warnings:
        console.print()
    show_candidates(console, batch.candidates, FIRST_CHOICES)
    console.print()
    terminal.show_facts(
        console,
        [
            ("rows read", counters.rows),
            *([("bad lines skipped", pool.bad.count)] if pool.bad.count else []),
            ("distinct", f"~{batch.distinct:,}"),
            *([("blank", counters.blank)] if counters.blank else []),
            ("already labelled", counters.labelled),
            ("too long", counters.too_long),
            ("passed the filter", counters.passed),
            ("chosen", len(batch.candidates)),
            ("of these to fill", batch.filled),
            ("seconds to train", f"{seconds['train']:.1f}"),
            ("seconds to choose", f"{seconds['select']:.1f}"),
            ("utterances a second", f"{counters.rows / max(seconds['select'], 1e-9):,.0f}"),
        ],
    )
    console.print()
    if out is None:
        console.print("Nothing was written; add --out batch.jsonl to keep the batch.")
    else:
        terminal.show_written(out)
