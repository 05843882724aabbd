"""What `canvass select` leaves behind: the file, the facts for machines, and what a person sees of the choices."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from canvass.cli import terminal
from canvass.cli.options import write_table
from canvass.errors import plural
from canvass.files import STANDARD_STREAM
from canvass.types import Candidate, Slot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from canvass.corpus.pool import Pool
    from canvass.selection.batch_file import Batch

FIRST_CHOICES = 10
FIRST_OF_EACH = 2  # choices shown of each of several targets
WHY = {
    "fill": "did not pass the filter, fills the batch",
    "match": "has the words of a phrase",
    "near": "has much of the letters of a phrase, or words like its words",
}
# All of a middle luminance, so that each is readable on dark and on light ground (contrast at least 4 : 1,
# see the test); that leaves little to people who see few colours, so each label is also named in words.
COLOURS = ("#2181c4", "#c65500", "#008a64", "#b8578f", "#8a7a00", "#8466d0", "#c94a4a", "#0f8794")
UNSURE_TOKENS = 3
SURE = 0.9  # tokens above this are never marked
LONGEST_TEXT, LONGEST_VALUE = 300, 60
MOST_SLOTS = 12


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
        files = plural(pool.bad_files.count, "file of the pool", "files of the pool")
        terminal.warn(f"{files} could not be read and count for nothing; the first: {pool.bad_files.first}")
    for_people = terminal.interactive() and out != STANDARD_STREAM and not as_json
    if out is not None or not (as_json or for_people):
        records = (candidate_record(candidate) for batch in batches for candidate in batch.candidates)
        write_table(out or STANDARD_STREAM, records)
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
    if after_warnings:
        terminal.show()
    if len(batches) == 1:
        _show_one(batches[0], pool, seconds)
    else:
        _show_several(batches, pool, seconds)
    terminal.show()
    if out is None:
        terminal.show("Nothing was written; add --out batch.jsonl to keep the batch.")
    else:
        terminal.show_written(out)


def _show_one(batch: Batch, pool: Pool, seconds: dict[str, float]) -> None:
    show_candidates(terminal.console(), batch.candidates, FIRST_CHOICES)
    terminal.show()
    terminal.show_facts(
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


def _show_several(batches: Sequence[Batch], pool: Pool, seconds: dict[str, float]) -> None:
    from rich.table import Table

    for batch in batches:
        terminal.show((str(batch.target), "bold"))
        show_candidates(terminal.console(), batch.candidates, FIRST_OF_EACH, legend=batch is batches[-1])
        terminal.show()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("target")
    for name in ("passed the filter", "chosen", "of these to fill", "also for others"):
        table.add_column(name, justify="right")
    for batch in batches:
        shared = sum(bool(candidate.also_for) for candidate in batch.candidates)
        numbers = (batch.counters.passed, len(batch.candidates), batch.filled, shared)
        table.add_row(terminal.harmless(str(batch.target)), *(f"{number:,}" for number in numbers))
    terminal.console().print(table)
    terminal.show()
    terminal.show_facts([*_rows(batches[0], pool), *_pace(batches[0], seconds)])


def show_candidates(
    out: Console, candidates: Sequence[Candidate], limit: int, *, legend: bool = True
) -> None:
    """Show the first choices of a batch, and what the words and marks mean."""
    from rich.table import Table
    from rich.text import Text

    shown = candidates[:limit]
    colours = _colours_of(
        [slot.label for candidate in shown if candidate.prediction for slot in candidate.prediction.slots]
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim", width=4)
    table.add_column(overflow="fold")
    for candidate in shown:
        table.add_row(str(candidate.rank), _marked(candidate, colours))
        if candidate.prediction is not None:
            table.add_row("", _prediction(candidate, colours))
        table.add_row("", _reasons(candidate))
    if len(candidates) > limit:
        table.add_row("", Text(f"and {len(candidates) - limit:,} more", style="dim"))
    out.print(table)
    if legend and (lines := _legend(shown)):
        out.print()
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=4)
        table.add_column(style="dim")
        for line in lines:
            table.add_row("", line)
        out.print(table)


def _colours_of(labels: Sequence[str]) -> dict[str, str]:
    """Give each label a colour, in the order of their names."""
    return {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(sorted(set(labels)))}


def _marked(candidate: Candidate, colours: dict[str, str]) -> Text:
    """Colour the slots of the text and underline the words that the tagger is unsure of."""
    from rich.text import Text

    slots: Sequence[Slot] = candidate.prediction.slots if candidate.prediction else ()
    marked = Text(_cut(candidate.text, LONGEST_TEXT))
    for slot in slots:
        marked.stylize(f"bold {colours[slot.label]}", slot.start, min(slot.end, LONGEST_TEXT))
    for start, end in _unsure(candidate):
        marked.stylize("underline", start, min(end, LONGEST_TEXT))
    return marked


def _unsure(candidate: Candidate) -> list[tuple[int, int]]:
    """Find the tokens that the tagger is least certain of."""
    if candidate.prediction is None:
        return []
    doubtful = sorted(token for token in candidate.prediction.certainty if token[2] < SURE)
    least = sorted(doubtful, key=lambda token: token[2])[:UNSURE_TOKENS]
    return [(start, end) for start, end, _ in least]


def _prediction(candidate: Candidate, colours: dict[str, str]) -> Text:
    """Name the predicted intent, and each slot with its label."""
    from rich.text import Text

    prediction = candidate.prediction
    assert prediction is not None, "the caller looked"
    line = Text(terminal.harmless(prediction.intent or ""), style="italic")
    for slot in prediction.slots[:MOST_SLOTS]:
        line.append("  ")
        # Not italic as the intent is: a style of its own, not one on top.
        line.append(terminal.harmless(slot.label), style=f"not italic {colours[slot.label]}")
        line.append(f" {_cut(candidate.text[slot.start : slot.end], LONGEST_VALUE)}", style="not italic")
    if len(prediction.slots) > MOST_SLOTS:
        line.append(f"  and {len(prediction.slots) - MOST_SLOTS} more slots", style="not italic dim")
    return line


def _reasons(candidate: Candidate) -> Text:
    """Say how sure the models are, and why the choice is in the batch."""
    from rich.text import Text

    sure = []
    members = candidate.members
    if "logistic" in members:
        sure.append(f"target {1 / (1 + math.exp(min(-members['logistic'], 700))):.0%}")
    if candidate.prediction is not None:
        if candidate.prediction.intent is not None:
            sure.append(f"intent {candidate.prediction.intent_probability:.0%}")
        if candidate.prediction.tagged:
            sure.append(f"slots {candidate.prediction.confidence:.0%}")
    parts = [" ".join(["sure:", ", ".join(sure)])] if sure else []
    if members:
        parts.append("votes " + " ".join(f"{score:+.1f}" for score in members.values()))
    if candidate.count > 1:
        parts.append(f"seen {candidate.count:,} times")
    if candidate.why != "filter":
        parts.append(candidate.why)
    if candidate.also_for:
        parts.append(terminal.harmless(f"also for {', '.join(candidate.also_for)}"))
    return Text("  ·  ".join(parts), style="dim")


def _legend(shown: Sequence[Candidate]) -> list[str]:
    """Explain the words and marks that occur."""
    lines = []
    if any(map(_unsure, shown)):
        lines.append("underlined: the words that the tagger is least certain of")
    if names := next((list(candidate.members) for candidate in shown if candidate.members), None):
        lines.append(f"votes: the raw scores of the {_enumerate(names)} member; above 0 is a yes")
    for why, words in WHY.items():
        if any(candidate.why == why for candidate in shown):
            lines.append(f"{why}: {words}")
    return lines


def _enumerate(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cut(text: str, longest: int) -> str:
    return terminal.harmless(text if len(text) <= longest else text[:longest] + "…")
