"""`canvass select`: the main job."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.files import STANDARD_STREAM, check_output

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
            help="Unlabelled requests: files (also plain text, one a line), folders, globs, or - for standard input.",
            show_default=False,
        ),
    ],
    *,
    target: options.TargetOption = None,
    domain: options.DomainOption = None,
    size: Annotated[int, typer.Option("--size", "-n", help="How many to choose.")] = 500,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write the batch: .jsonl, .csv, .tsv or .parquet."),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy", "-s", help="How to choose (see `canvass strategies`): majority-joint, or joint for --target all."
        ),
    ] = None,
    seed: options.SeedOption = 0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Leave out longer requests.")] = 40,
    threads: Annotated[int | None, typer.Option("--threads", help="Default: all processors.")] = None,
    block_rows: Annotated[int, typer.Option("--block-rows", help="Rows that are scored together.")] = 65_536,
    skip_bad: options.SkipBadOption = 0,
    strict: options.StrictOption = False,
    as_json: options.JsonOption = False,
    pool_format: Annotated[
        str | None, typer.Option("--pool-format", metavar="F", help="Format of POOL, where the name does not tell.")
    ] = None,
    labelled_format: options.LabelledFormat = None,
    text_field: options.TextField = "text",
    id_field: options.IdField = "id",
    count_field: options.CountField = "count",
    domain_field: options.DomainField = "domain",
    intent_field: options.IntentField = "intent",
    slots_field: options.SlotsField = "slots",
) -> None:
    """Choose the unlabelled requests that are most worth annotating.

    Trains on LABELLED, scores every request of POOL once, and writes the chosen ones in rank order, with the reasons
    and a prediction to correct instead of typing.
    """
    from canvass.corpus.labelled import read_labelled
    from canvass.corpus.pool import Pool
    from canvass.selection.local import select
    from canvass.selection.output import check_writable
    from canvass.selection.plan import Plan
    from canvass.strategies import DEFAULT, DEFAULT_FOR_ALL

    start = time.monotonic()
    wanted = options.target_of(target, domain)
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    if out is not None:
        check_writable(out)
    opened = Pool.open(pool, fields=fields, rows=block_rows, skip_bad=skip_bad, format=pool_format)
    if out is not None:
        check_output(out, [labelled, *opened.files])
    known = read_labelled([labelled], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format)
    options.report_left_out(known)
    plan = Plan.train(
        known.utterances,
        wanted,
        strategy=strategy or (DEFAULT_FOR_ALL if wanted.kind == "all" else DEFAULT),
        size=size,
        seed=seed,
        max_tokens=max_tokens,
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
        terminal.say(f"warning: {warning}")
    if pool.bad.count:
        terminal.say(f"{pool.bad.count} bad lines of the pool were skipped; the first: {pool.bad.first}")
    if out is not None:
        write_batch(out, batch)
    to_standard_output = out == STANDARD_STREAM
    if as_json:
        facts = {**_facts(batch), "bad_lines": pool.bad.count, "warnings": batch.warnings, "seconds": seconds}
        if out is None:
            facts["choices"] = [candidate_record(candidate) for candidate in batch.candidates]
        stream = sys.stderr if to_standard_output else sys.stdout
        stream.write(json.dumps(facts, ensure_ascii=False) + "\n")
    elif terminal.interactive() and not to_standard_output:
        _show(batch, out, seconds)
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


def _show(batch: Batch, out: str | None, seconds: dict[str, float]) -> None:
    console = terminal.console()
    counters = batch.counters
    console.print()
    terminal.show_candidates(console, batch.candidates, FIRST_CHOICES)
    if len(batch.candidates) > FIRST_CHOICES:
        console.print(f"      [dim]and {len(batch.candidates) - FIRST_CHOICES:,} more[/dim]")
    console.print()
    left_out = [("blank", counters.blank), ("already labelled", counters.labelled), ("too long", counters.too_long)]
    terminal.show_facts(
        console,
        [
            ("rows read", counters.rows),
            ("distinct", f"~{batch.distinct:,}"),
            *((name, value) for name, value in left_out if value),
            ("passed the filter", f"{counters.passed:,}"),
            ("chosen", len(batch.candidates)),
            *([("of these to fill", batch.filled)] if batch.filled else []),
            ("training", f"{seconds['train']:.1f} s"),
            ("selection", f"{seconds['select']:.1f} s"),
            ("utterances a second", f"{counters.rows / max(seconds['select'], 1e-9):,.0f}"),
        ],
    )
    console.print()
    if out is None:
        console.print("nothing was written; add [bold]--out batch.jsonl[/bold] to keep the batch")
    else:
        console.print(f"wrote [bold]{out}[/bold]")
