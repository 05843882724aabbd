"""The labels of a target with examples from the labelled set: the first guidelines of a project."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from canvass.annotation.project.settings import LabelGuide
from canvass.corpus.normalise import key_of
from canvass.seeding import uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Target, Utterance

EXAMPLES = 3
LONGEST = 100  # characters of an example, where there are shorter ones


def guides_of(
    utterances: Sequence[Utterance], target: Target, *, seed: int
) -> tuple[tuple[LabelGuide, ...], tuple[LabelGuide, ...]]:
    """List the intents and slot labels of a target by name, each with examples that are drawn by hash of the key."""
    intents: defaultdict[str, list[str]] = defaultdict(list)
    slots: defaultdict[str, list[str]] = defaultdict(list)
    ours = {
        key_of(utterance.text): utterance for utterance in reversed(utterances) if target.matches(utterance)
    }
    for key in sorted(ours, key=lambda key: (len(key) > LONGEST, uniform(seed, "examples", key), key)):
        utterance = ours[key]
        if utterance.intent:
            intents[utterance.intent].append(" ".join(utterance.text.split()))
        for label in sorted({slot.label for slot in utterance.slots or ()}):
            slots[label].append(in_brackets(utterance, label))
    for name in target.intents:
        intents.setdefault(name, [])  # also of a target that has no example yet
    return _guides(intents), _guides(slots)


def in_brackets(utterance: Utterance, label: str) -> str:
    """Show an utterance with the values of a slot label in square brackets, white space as single blanks.

    >>> from canvass.types import Slot, Utterance
    >>> in_brackets(Utterance("play river", slots=(Slot(5, 10, "SongName"),)), "SongName")
    'play [river]'
    """
    text = utterance.text
    parts, end = [], 0
    for slot in utterance.slots or ():
        if slot.label == label:
            parts += [text[end : slot.start], "[", text[slot.start : slot.end], "]"]
            end = slot.end
    return " ".join("".join([*parts, text[end:]]).split())


def _guides(examples: dict[str, list[str]]) -> tuple[LabelGuide, ...]:
    return tuple(
        LabelGuide(name=name, examples=tuple(examples[name][:EXAMPLES])) for name in sorted(examples)
    )
