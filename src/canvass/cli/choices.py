"""The first choices of a batch on a terminal: texts with predicted slots, then what the models think."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from canvass.cli.terminal import harmless
from canvass.types import Candidate, Slot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# All of a middle luminance, so that each is readable on dark and on light ground (contrast at least 4 : 1,
# see the test); that leaves little to people who see few colours, so each label is also named in words.
WHY = {
    "fill": "did not pass the filter, fills the batch",
    "match": "has the words of a phrase",
    "near": "has much of the letters of a phrase, or words like its words",
}
COLOURS = ("#2181c4", "#c65500", "#008a64", "#b8578f", "#8a7a00", "#8466d0", "#c94a4a", "#0f8794")
UNSURE_TOKENS = 3
SURE = 0.9  # tokens above this are never marked
LONGEST_TEXT, LONGEST_VALUE = 300, 60
MOST_SLOTS = 12


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
    line = Text(harmless(prediction.intent or ""), style="italic")
    for slot in prediction.slots[:MOST_SLOTS]:
        line.append("  ")
        # Not italic as the intent is: a style of its own, not one on top.
        line.append(harmless(slot.label), style=f"not italic {colours[slot.label]}")
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
        parts.append(harmless(f"also for {', '.join(candidate.also_for)}"))
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
    return harmless(text if len(text) <= longest else text[:longest] + "…")
