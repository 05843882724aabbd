"""Example choices of each strategy, with the gold and the predicted slots as marked segments of the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from canvass.report.formatting import visible
from canvass.report.learning_curves import TargetRuns


class Segment(NamedTuple):
    """A segment of a text: its label (an empty string outside all slots), and whether the gold slots contain it."""

    text: str
    label: str
    right: bool


@dataclass(frozen=True)
class Example:
    """A chosen utterance: its gold annotation, and the prediction of the NLU before it was annotated.

    `predicted` and `predicted_intent` are None where no prediction was stored; `fill` tells that the choice had not
    passed the filter.
    """

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
        """Whether the predicted slots equal the gold slots."""
        return self.predicted == self.gold


def examples_of(runs: TargetRuns, *, slots: bool = True) -> dict[str, tuple[Example, ...]]:
    """Collect the first choices of each strategy: those of the first round of its lowest seed.

    Without `slots`, nothing is said of what was predicted of them.
    """
    examples = {}
    for name, by_seed in runs.strategies.items():
        run = by_seed[min(by_seed)]
        if run.examples and run.examples[0]:
            chosen = map(example, run.examples[0])
            examples[name] = tuple(made if slots else replace(made, predicted=None) for made in chosen)
    return examples


def example(stored: dict[str, Any]) -> Example:
    """Build an example from a stored one (`simulation.store.StoredRun.examples`)."""
    text = stored["text"]
    gold = [tuple(slot) for slot in stored["slots"] or ()]
    predicted = stored["predicted_slots"]
    return Example(
        id=visible(stored["id"]),
        text=visible(text),
        fill=stored["why"] == "fill",
        intent=stored["intent"],
        domain=stored["domain"],
        gold=segments(text, gold, gold),
        predicted_intent=stored["predicted_intent"],
        predicted=None if predicted is None else segments(text, map(tuple, predicted), gold),
    )


def segments(
    text: str, slots: Iterable[tuple[int, int, str]], gold: Sequence[tuple[int, int, str]]
) -> tuple[Segment, ...]:
    """Divide a text at its slots (start, end, label), in code points; of two overlapping slots the first is kept.

    >>> [tuple(segment) for segment in segments("play river", [(5, 10, "song")], [])]
    [('play ', '', True), ('river', 'song', False)]
    """
    divided = []
    position = 0
    for start, end, label in sorted(slots):
        if start < position or end <= start:
            continue
        if start > position:
            divided.append(Segment(visible(text[position:start]), "", right=True))
        divided.append(Segment(visible(text[start:end]), visible(label), right=(start, end, label) in gold))
        position = end
    if position < len(text):
        divided.append(Segment(visible(text[position:]), "", right=True))
    return tuple(divided)
