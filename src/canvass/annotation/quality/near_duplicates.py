"""Utterances of equal, or nearly equal, words that were answered differently."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from canvass.annotation.store.records import ReviewItem
from canvass.corpus.spans import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canvass.annotation.store.records import Answer, Task
    from canvass.corpus.spans import Token
    from canvass.types import Slot, Target, Utterance

EQUAL, NEARLY = 1.0, 0.5  # the order of the list, not a probability
FEWEST_WORDS = 4  # of texts that are nearly equal: one of three words says too much


class Reading(NamedTuple):
    """What was said of a text, word by word; `task` is None where it was given and not answered here.

    `meaning` is its intent, or that it is not of the target; `tags` hold a word's slot label, "" without one, and
    whether it begins the slot.
    """

    task: int | None
    text: str
    words: tuple[str, ...]
    meaning: str
    tags: tuple[tuple[str, bool], ...]


def near_duplicates(
    accepted: Iterable[tuple[Task, Answer]], labelled: Iterable[Utterance], target: Target
) -> list[ReviewItem]:
    """List answers whose duplicates, among the answers and the labelled set, were answered differently.

    Duplicates have the same words, lower-cased and without punctuation: they should mean the same. Near duplicates
    differ in one word, of `FEWEST_WORDS` or more; one that is replaced by another may change the intent and its own
    slot, so only the slots of the words that they share are compared, and where a word is only left out, the intent as
    well.
    """
    readings = [
        reading_of(task.id, task.text, answer.kind == "frame", answer.intent, answer.slots)
        for task, answer in accepted
    ]
    readings += [
        reading_of(None, utterance.text, target.matches(utterance), utterance.intent, utterance.slots)
        for utterance in labelled
        if utterance.slots is not None or not target.matches(utterance)
    ]
    items = [*_equal(readings), *_near(readings)]
    seen: set[tuple[int, ...]] = set()
    return [item for item in items if not (item.tasks in seen or seen.add(item.tasks))]  # type: ignore[func-returns-value]


@lru_cache(maxsize=8192)  # the labelled set is read after every training
def reading_of(
    task: int | None,
    text: str,
    of_target: bool,  # noqa: FBT001
    intent: str | None,
    slots: tuple[Slot, ...] | None,
) -> Reading:
    """Read an annotation by words: punctuation and case are left out, and slots carried over to the words."""
    spans = [token for token in tokens(text) if token.is_word]
    words = tuple(text[token.start : token.end].lower() for token in spans)
    if not of_target:
        return Reading(task, text, words, "not of the target", (("", False),) * len(words))
    tags = []
    for token in spans:
        slot = slot_over(token, slots or ())
        tags.append(("", False) if slot is None else (slot.label, slot.start >= token.start))
    return Reading(task, text, words, f"intent {intent}" if intent else "no intent", tuple(tags))


def slot_over(token: Token, slots: Sequence[Slot]) -> Slot | None:
    """Find the slot that has a token, or a part of it; None where none has."""
    return next((slot for slot in slots if slot.start < token.end and token.start < slot.end), None)


def _equal(readings: Sequence[Reading]) -> list[ReviewItem]:
    groups: defaultdict[tuple[str, ...], list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.words].append(reading)
    items = []
    for group in groups.values():
        answered = [reading for reading in group if reading.task is not None]
        if answered and group[0].words and len({(reading.meaning, reading.tags) for reading in group}) > 1:
            items.append(_item(group, "the same words", EQUAL))
    return items


def _near(readings: Sequence[Reading]) -> list[ReviewItem]:
    """Compare texts that differ in one word, found by what is left when any one word is left out."""
    groups: dict[tuple[str, ...], list[tuple[Reading, int]]] = {}
    for reading in readings:  # the answers first: what has none of their forms is near none of them
        for form, place in _forms(reading.words):
            if reading.task is not None:
                groups.setdefault(form, []).append((reading, place))
            elif form in groups:
                groups[form].append((reading, place))
    items = []
    for group in groups.values():
        # The labelled set alone may have thousands that differ in one word: pairs are made with answers only.
        answered = [(i, pair) for i, pair in enumerate(group) if pair[0].task is not None]
        for (i, (reading, place)), (j, (other, at)) in itertools.product(answered, enumerate(group)):
            if i == j or (other.task is not None and j < i) or reading.words == other.words:
                continue
            shorter = -1 in (place, at)
            if not shorter and place != at:
                continue  # the same words in another order is no near duplicate
            differ = _without(reading.tags, place) != _without(other.tags, at)
            if differ or (shorter and reading.meaning != other.meaning):
                items.append(_item([reading, other], "all but one word in common", NEARLY))
    return items


def _forms(words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the words without each of them in turn, with its place, where they are enough; and all of them, with -1."""
    if len(words) >= FEWEST_WORDS:
        for place in range(len(words)):
            yield (*words[:place], *words[place + 1 :]), place
    yield words, -1


def _without(tags: Sequence[tuple[str, bool]], place: int) -> list[str]:
    """Take the labels of the other words; where a slot begins may shift with the word that is left out."""
    return [label for i, (label, _) in enumerate(tags) if i != place]


def _item(group: Sequence[Reading], how: str, order: float) -> ReviewItem:
    answered = [reading for reading in group if reading.task is not None]
    given = next((reading for reading in group if reading.task is None), None)
    said = list(dict.fromkeys(_words_of(reading) for reading in group))
    words = f"{how}, answered differently: {'; '.join(said)}"
    if given is not None:
        words += f" (the labelled set has {given.text!r})"
    tasks = tuple(reading.task for reading in answered if reading.task is not None)
    return ReviewItem("twins", tasks, answered[0].text, words, order)


def _words_of(reading: Reading) -> str:
    slots: list[list[str]] = []
    before = ""
    for word, (label, begins) in zip(reading.words, reading.tags, strict=True):
        if label and (begins or label != before):
            slots.append([label, word])
        elif label:
            slots[-1].append(word)
        before = label
    marked = ", ".join(f"{label} {' '.join(some)!r}" for label, *some in slots)
    return f"{reading.meaning}, {marked}" if marked else reading.meaning
