"""Examples: what each strategy chose first, with gold and predicted slots as marked segments of the text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canvass.report.curves import TargetRuns

JOINERS = "\u200c\u200d"  # within words of Persian and Hindi, within emoji
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Segment(NamedTuple):
    """A stretch of a text: its label, or an empty string outside all slots, and whether gold has that very slot."""

    text: str
    label: str
    right: bool


@dataclass(frozen=True)
class Example:
    """An utterance that was chosen, as `gold` and as the NLU saw it before it was annotated, if it did."""

    id: str
    text: str
    fill: bool
    intent: str | None
    domain: str | None
    gold: tuple[Segment, ...]
    predicted_intent: str | None
    predicted: tuple[Segment, ...] | None

    @property
    def right(self) -> bool:
        """Whether the slots were predicted as they are."""
        return self.predicted == self.gold


def examples_of(runs: TargetRuns) -> dict[str, tuple[Example, ...]]:
    """Show what each strategy chose first, in the first round of the first seed that is there."""
    found = {}
    for name, by_seed in runs.strategies.items():
        run = by_seed[min(by_seed)]
        if run.examples and run.examples[0]:
            found[name] = tuple(example(one) for one in run.examples[0])
    return found


def example(stored: dict[str, Any]) -> Example:
    """Make an example from what a run stored."""
    text = stored["text"]
    gold = [(start, end, label) for start, end, label in stored["slots"] or ()]
    predicted = stored["predicted_slots"]
    return Example(
        id=visible(stored["id"]),
        text=visible(text),
        fill=stored["why"] == "fill",
        intent=stored["intent"],
        domain=stored["domain"],
        gold=segments(text, gold, gold),
        predicted_intent=stored["predicted_intent"],
        predicted=None
        if predicted is None
        else segments(text, [(start, end, label) for start, end, label in predicted], gold),
    )


def segments(
    text: str, slots: Iterable[tuple[int, int, str]], gold: Sequence[tuple[int, int, str]]
) -> tuple[Segment, ...]:
    """Cut a text at its slots, (start, end, label) in code points; of two that overlap, the first is shown.

    >>> [tuple(one) for one in segments("play river", [(5, 10, "song")], [])]
    [('play ', '', True), ('river', 'song', False)]
    """
    found = []
    place = 0
    for start, end, label in sorted(slots):
        if start < place or end <= start:
            continue
        if start > place:
            found.append(Segment(visible(text[place:start]), "", right=True))
        found.append(Segment(visible(text[start:end]), visible(label), right=(start, end, label) in gold))
        place = end
    if place < len(text):
        found.append(Segment(visible(text[place:]), "", right=True))
    return tuple(found)


def visible(text: str) -> str:
    """Replace what would act on the page instead of being read: controls, line breaks, turns of direction."""
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if character.isspace() or unicodedata.category(character) == "Zs" else REPLACEMENT
