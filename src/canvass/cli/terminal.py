"""What people see on a terminal: progress, warnings, coloured slots, small tables. Piped, there is none of it."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.text import Text

    from canvass.types import Candidate, Slot

# Colours that people with any colour vision tell apart, on dark and on light ground (after Okabe and Ito 2008).
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#b3a100", "#888888")
UNSURE_TOKENS = 3
SURE = 0.9  # tokens above this are never marked


def interactive() -> bool:
    """Whether the result goes to a person's terminal."""
    return sys.stdout.isatty()


def console(*, error: bool = False) -> Console:
    """Make a console; on standard error for what is not the result."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, soft_wrap=False)


def say(message: str) -> None:
    """Tell a person something beside the result, on standard error."""
    sys.stderr.write(f"canvass: {message}\n")


@contextmanager
def progress(title: str, total: int | None, unit: str = "utterances") -> Iterator[Callable[[int, int], None]]:
    """Show rate and time left on a terminal while steps of (units, share of `total`) come in."""
    if not sys.stderr.isatty():
        yield lambda _units, _share: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    start = time.monotonic()
    done = 0
    with Progress(*columns, console=console(error=True), transient=True) as bar:
        task = bar.add_task(title, total=total, rate="")

        def advance(units: int, share: int) -> None:
            nonlocal done
            done += units
            rate = done / max(time.monotonic() - start, 1e-9)
            bar.update(task, advance=share, rate=f"{done:,} {unit}, {rate:,.0f} a second")

        yield advance


def colours_of(labels: Sequence[str]) -> dict[str, str]:
    """Give each label a colour, in the order of their names."""
    return {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(sorted(set(labels)))}


def marked_text(text: str, slots: Sequence[Slot], unsure: Sequence[tuple[int, int]], colours: dict[str, str]) -> Text:
    """Colour the slots of a text and underline the spans that the tagger is unsure of."""
    from rich.text import Text

    marked = Text(_one_line(text))
    for slot in slots:
        marked.stylize(f"bold {colours[slot.label]}", slot.start, slot.end)
    for start, end in unsure:
        marked.stylize("underline", start, end)
    return marked


def unsure_spans(candidate: Candidate) -> list[tuple[int, int]]:
    """Find the tokens that the tagger is least certain of."""
    if candidate.prediction is None:
        return []
    doubtful = sorted(one for one in candidate.prediction.certainty if one[2] < SURE)
    least = sorted(doubtful, key=lambda one: one[2])[:UNSURE_TOKENS]
    return [(start, end) for start, end, _ in least]


def _one_line(text: str) -> str:
    """Keep a text on its line, and its offsets: controls would move the cursor."""
    return "".join(character if character.isprintable() or character == " " else "\ufffd" for character in text)


def thoughts(candidate: Candidate, colours: dict[str, str]) -> Text:
    """Say in a line what the models think of a choice."""
    from rich.text import Text

    line = Text()
    prediction = candidate.prediction
    if prediction is not None:
        line.append(prediction.intent or "no intent", style="italic")
        for slot in prediction.slots:
            line.append("  ")
            line.append(slot.label, style=colours[slot.label])
            line.append(f" {_one_line(candidate.text[slot.start : slot.end])}")
        line.append(f"  · frame {prediction.intent_probability * prediction.confidence:.0%} sure", style="dim")
    if candidate.members:
        votes = "  ".join(f"{name} {score:+.1f}" for name, score in candidate.members.items())
        line.append(f"  · {votes}", style="dim")
    if candidate.count > 1:
        line.append(f"  · seen {candidate.count:,} times", style="dim")
    if candidate.why == "fill":
        line.append("  · did not pass the filter, fills the batch", style="dim")
    return line


def show_candidates(out: Console, candidates: Sequence[Candidate], limit: int) -> None:
    """Show the first choices of a batch: the text with its predicted slots, then what the models think."""
    from rich.table import Table
    from rich.text import Text

    shown = candidates[:limit]
    colours = colours_of([slot.label for one in shown if one.prediction for slot in one.prediction.slots])
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim", width=4)
    table.add_column(overflow="fold")
    for candidate in shown:
        slots = candidate.prediction.slots if candidate.prediction else ()
        table.add_row(str(candidate.rank), marked_text(candidate.text, slots, unsure_spans(candidate), colours))
        table.add_row("", thoughts(candidate, colours))
    if any(unsure_spans(candidate) for candidate in shown):
        table.add_row("", Text("underlined: the words that the tagger is least certain of", style="dim italic"))
    out.print(table)


def show_facts(out: Console, facts: Sequence[tuple[str, Any]]) -> None:
    """Show a small table of names and figures."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column(justify="right")
    for name, value in facts:
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    out.print(table)
