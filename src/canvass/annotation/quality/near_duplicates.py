"""Near duplicates: those that were answered differently, and those of an answered request, to be given its answer.

What was answered is compared word by word, for the review list. What is given the same answer, in the queue and in the
pool, has the same words outside of slots, lower-cased and without punctuation, and any one to `LONGEST` words in the
place of each slot; or all these words but one, where there are `FEWEST_WORDS` or more, which may change the intent.
What has fewer than `LEAST` words outside of slots has none: they would say too little.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from canvass.annotation.project.project import Project
from canvass.annotation.store.records import Answer, NewAnswer, NewTask, ReviewItem, Task
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import Token, tokens
from canvass.errors import StoreError
from canvass.types import Slot, Target, Utterance

EQUAL, NEARLY = 1.0, 0.5  # the order of the list, not a probability
FEWEST_WORDS = 4  # of texts that are nearly equal: one of three words says too much
LEAST = 2  # words outside of slots
LONGEST = 8  # words in the place of a slot
SECONDS = 3.0  # that the pool is searched for
END, ANY = "\n", "[^\n]+\n"  # of a word, and any word
SEPARATOR = r"[^\p{L}\p{M}\p{N}]*"


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


@dataclass(frozen=True, slots=True)
class Copy:
    """A near duplicate with the slots that it would have; `exact`: it differs in slots, case and punctuation only."""

    key: str
    text: str
    utterance: str
    count: int
    slots: tuple[Slot, ...] | None
    exact: bool


class Copies(NamedTuple):
    """Near duplicates, exact ones first, and whether all of the pool was searched."""

    found: tuple[Copy, ...]
    complete: bool


@dataclass(frozen=True)
class Carrier:
    """What near duplicates of a request have in common: its words, in which a slot is one label in their place."""

    parts: tuple[str | Slot, ...]

    @classmethod
    def of(cls, text: str, slots: Sequence[Slot]) -> Carrier:
        """Take the carrier out of an annotated text."""
        parts: list[str | Slot] = []
        for token in tokens(text):
            slot = slot_over(token, slots)
            if slot is None and token.is_word:
                parts.append(text[token.start : token.end].lower())
            elif slot is not None and slot not in parts:
                parts.append(slot)
        return cls(tuple(parts))

    def variants(self) -> Iterator[tuple[tuple[str | Slot | None, ...], bool]]:
        """List the carrier, and those with another word (None) or none in the place of one; whether it is the first."""
        words = [place for place, part in enumerate(self.parts) if isinstance(part, str)]
        if len(words) < LEAST:
            return
        yield self.parts, True
        if len(words) >= FEWEST_WORDS:
            for place in words:
                before, after = self.parts[:place], self.parts[place + 1 :]
                yield (*before, None, *after), False
                yield (*before, *after), False

    def pattern(self) -> str:
        """Write what every match has, for RE2: a sieve for the pool that lets some others through."""
        alternatives = []
        for parts, _ in self.variants():
            words = [re.escape(part) if isinstance(part, str) else ".+" for part in parts]
            alternatives.append(SEPARATOR.join(words))
        return f"(?is)^{SEPARATOR}(?:{'|'.join(alternatives)}){SEPARATOR}$"

    def match(self, text: str) -> tuple[tuple[Slot, ...], bool] | None:
        """Carry the slots over to a text; None where it is no near duplicate.

        >>> carrier = Carrier.of("play one by u2", [Slot(5, 8, "song"), Slot(12, 14, "artist")])
        >>> carrier.match("Play Blue Moon by The Who!")
        ((Slot(start=5, end=14, label='song'), Slot(start=18, end=25, label='artist')), True)
        """
        words = [token for token in tokens(text) if token.is_word]
        joined = "".join(f"{text[token.start : token.end].lower()}{END}" for token in words)
        for compiled, exact in self._compiled:
            if (found := compiled.fullmatch(joined)) is None:
                continue
            labels = [part.label for part in self.parts if isinstance(part, Slot)]
            slots = []
            for number, label in enumerate(labels, 1):
                first, last = (joined[: found.span(number)[side]].count(END) for side in (0, 1))
                slots.append(Slot(words[first].start, words[last - 1].end, label))
            return tuple(slots), exact
        return None

    @cached_property
    def _compiled(self) -> list[tuple[re.Pattern[str], bool]]:
        """The variants as patterns of words that each end in `END`, with a group for each slot."""
        slot = f"((?:{ANY}){{1,{LONGEST}}}?)"
        return [
            (re.compile("".join(_written(part, slot) for part in parts)), exact)
            for parts, exact in self.variants()
        ]


def _written(part: str | Slot | None, slot: str) -> str:
    if isinstance(part, str):
        return re.escape(part) + END
    return ANY if part is None else slot


def find_copies(
    project: Project, task: Task, answer: Answer, annotator: str, *, most: int, seconds: float = SECONDS
) -> Copies:
    """Find near duplicates of an answered task that wait in the queue, are held by the annotator, or have no task yet.

    Left out are what is annotated, random picks, and what two people shall answer. The pool is searched for so many
    `seconds`; of what it holds several times the counts are summed, as far as it was searched.
    """
    import pyarrow.compute as pc

    carrier = Carrier.of(task.text, answer.slots or ())
    given = project.given.keys | project.store.keys()
    found: dict[str, Copy] = {}

    def look(text: str, utterance: str, count: int) -> None:
        matched = carrier.match(text)
        if matched is not None:
            slots = None if answer.slots is None else matched[0]
            copy = Copy(key_of(text), text, utterance, count, slots, matched[1])
            before = found.setdefault(copy.key, replace(copy, count=0))
            found[copy.key] = replace(before, count=before.count + count)

    for waiting in project.store.tasks("open", "leased"):
        if waiting.source == "selected" and waiting.wanted == 1 and waiting.holder in (None, annotator):
            look(waiting.text, waiting.utterance, waiting.count)
    end, pattern, complete = time.monotonic() + seconds, carrier.pattern(), True
    if next(carrier.variants(), None) is not None:
        for block in project.pool().blocks():
            if time.monotonic() > end:
                complete = False
                break
            batch = block.batch
            for row in batch.filter(pc.match_substring_regex(batch.column("text"), pattern)).to_pylist():
                if key_of(row["text"]) not in given:
                    look(row["text"], row["id"], row["count"])
    ordered = sorted(found.values(), key=lambda copy: (not copy.exact, -copy.count, copy.key))
    return Copies(tuple(ordered[:most]), complete)


def save_copies(
    project: Project, answer: Answer, copies: Sequence[Copy], annotator: str, *, now: float
) -> list[int]:
    """Give near duplicates the same answer, each in a task of its own; returns the tasks of those that were saved.

    One that somebody else opened or answered meanwhile is left out. Saving the same again changes nothing.
    """
    saved = []
    for copy in copies:
        project.store.add([NewTask(copy.key, copy.text, copy.utterance, copy.count, "imported", 0.0)])
        task = project.store.task_of_key(copy.key)
        if task is None:
            raise StoreError(f"the task of {copy.text!r} was withdrawn; list the near duplicates again")
        name = f"{answer.id}/{task.id}"
        free = task.state == "open" or (task.state == "leased" and task.holder == annotator)
        if not free and all(other.id != name for other in project.store.answers_of(task.id)):
            continue
        same = NewAnswer(
            name, task.id, annotator, answer.kind, answer.domain, answer.intent, copy.slots, copies=answer.id
        )
        if not project.store.save(same, now=now).repeated:
            saved.append(task.id)
    return saved
