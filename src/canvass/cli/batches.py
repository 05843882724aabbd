"""What `canvass select` leaves behind: the file, the facts for machines, and what a person sees."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from canvass.cli import terminal
from canvass.cli.choices import show_candidates
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from rich.console import Console

    from canvass.corpus.pool import Pool
    from canvass.selection.batch_file import Batch

FIRST_CHOICES = 10
FIRST_OF_EACH = 2  # choices shown of each of several targets


def deliver(
    batches: Sequence[Batch], pool: Pool, out: str | None, *, as_json: bool, seconds: dict[str, float]
) -> None:
    """Write the batches and tell what a person, or a machine, should know about them."""
    from canvass.selection.batch_file import candidate_record

    warnings = _warnings(batches)
    for warning in warnings:
        terminal.warn(warning)
    terminal.warn_of_bad(pool.bad, where=" of the pool")
    if pool.bad_files.count:
        files = "file of the pool" if pool.bad_files.count == 1 else "files of the pool"
        terminal.warn(
            f"{pool.bad_files.count} {files} could not be read and count for nothing; the first: {pool.bad_files.first}"
        )
    for_people = terminal.interactive() and out != STANDARD_STREAM and not as_json
    if out is not None or not (as_json or for_people):
        _write(batches, out or STANDARD_STREAM)
    if as_json:
        left_out = {"bad_lines": pool.bad.count, "bad_files": pool.bad_files.count}
        facts = {**_facts(batches), **left_out, "warnings": warnings, "seconds": seconds}
        if out is None:
            facts["choices"] = [
                candidate_record(candidate) for batch in batches for candidate in batch.candidates
            ]
        terminal.print_json(facts, error=out == STANDARD_STREAM)
    elif for_people:
        _show(batches, pool, out, seconds, after_warnings=sys.stderr.isatty() and bool(warnings))


def _write(batches: Sequence[Batch], out: str) -> None:
    """Write the file, or to standard output; on a terminal line by line, so that no text acts on it."""
    from canvass.selection.batch_file import candidate_record, write_batch

    if out == STANDARD_STREAM and terminal.interactive():
        for batch in batches:
            for candidate in batch.candidates:
                terminal.print_json(candidate_record(candidate))
    else:
        write_batch(out, *batches)


def _warnings(batches: Sequence[Batch]) -> list[str]:
    """Collect what to warn of; among several targets, each warning names its own."""
    return [
        warning if len(batches) == 1 else f"{batch.target}: {warning}"
        for batch in batches
        for warning in batch.warnings
    ]


def _facts(batches: Sequence[Batch]) -> dict[str, Any]:
    rows = dataclasses.asdict(batches[0].counters) | {"distinct": batches[0].distinct}
    del rows["passed"]
    targets = [_facts_of_target(batch) for batch in batches]
    # A single target's facts also stand beside those of the rows, where they are read most easily.
    return {**rows, **(targets[0] if len(targets) == 1 else {}), "targets": targets}


def _facts_of_target(batch: Batch) -> dict[str, Any]:
    return {
        "target": str(batch.target),
        "passed": batch.counters.passed,
        "distinct_passed": batch.distinct_passed,
        "chosen": len(batch.candidates),
        "filled": batch.filled,
        "passed_over": [
            {"like": candidate.text, "count": count}
            for candidate, count in zip(batch.candidates, batch.passed_over, strict=True)
            if count
        ],
    }


def _rows(batch: Batch, pool: Pool) -> list[tuple[str, Any]]:
    """Say what became of the rows of the pool, whatever the target."""
    counters = batch.counters
    return [
        ("rows read", counters.rows),
        *([("bad lines skipped", pool.bad.count)] if pool.bad.count else []),
        *([("files skipped", pool.bad_files.count)] if pool.bad_files.count else []),
        ("distinct", f"~{batch.distinct:,}"),
        *([("blank", counters.blank)] if counters.blank else []),
        ("already labelled", counters.labelled),
        ("too long", counters.too_long),
    ]


def _pace(batch: Batch, seconds: dict[str, float]) -> list[tuple[str, Any]]:
    return [
        ("seconds to train", f"{seconds['train']:.1f}"),
        ("seconds to choose", f"{seconds['select']:.1f}"),
        ("utterances a second", f"{batch.counters.rows / max(seconds['select'], 1e-9):,.0f}"),
    ]


def _show(
    batches: Sequence[Batch], pool: Pool, out: str | None, seconds: dict[str, float], *, after_warnings: bool
) -> None:
    """Show the first choices and a summary; the summary below them, so that it is what stays in view."""
    console = terminal.console()
    if after_warnings:
        console.print()
    if len(batches) == 1:
        _show_one(console, batches[0], pool, seconds)
    else:
        _show_several(console, batches, pool, seconds)
    console.print()
    if out is None:
        console.print("Nothing was written; add --out batch.jsonl to keep the batch.")
    else:
        terminal.show_written(out)


def _show_one(console: Console, batch: Batch, pool: Pool, seconds: dict[str, float]) -> None:
    show_candidates(console, batch.candidates, FIRST_CHOICES)
    console.print()
    terminal.show_facts(
        console,
        [
            *_rows(batch, pool),
            ("passed the filter", batch.counters.passed),
            ("chosen", len(batch.candidates)),
            ("of these to fill", batch.filled),
            *_passed_over(batch),
            *_pace(batch, seconds),
        ],
    )


def _passed_over(batch: Batch) -> list[tuple[str, Any]]:
    """Say how many near copies gave way to others, and of which request there were most."""
    count = sum(batch.passed_over)
    if not count:
        return []
    most = max(range(len(batch.passed_over)), key=batch.passed_over.__getitem__)
    return [
        (
            "near copies passed over",
            f"{count:,}, {batch.passed_over[most]:,} of them like no. {most + 1} (--no-variety keeps them)",
        )
    ]


def _show_several(console: Console, batches: Sequence[Batch], pool: Pool, seconds: dict[str, float]) -> None:
    from rich.table import Table
    from rich.text import Text

    for batch in batches:
        console.print(Text(terminal.harmless(str(batch.target)), style="bold"))
        show_candidates(console, batch.candidates, FIRST_OF_EACH, legend=batch is batches[-1])
        console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("target")
    for name in ("passed the filter", "chosen", "of these to fill", "also for others"):
        table.add_column(name, justify="right")
    for batch in batches:
        shared = sum(bool(candidate.also_for) for candidate in batch.candidates)
        numbers = (batch.counters.passed, len(batch.candidates), batch.filled, shared)
        table.add_row(terminal.harmless(str(batch.target)), *(f"{number:,}" for number in numbers))
    console.print(table)
    console.print()
    terminal.show_facts(console, [*_rows(batches[0], pool), *_pace(batches[0], seconds)])
