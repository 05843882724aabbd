"""Near duplicates of an answered request, to be given the same answer: in the queue, and in the pool.

They have the same words outside of slots, lower-cased and without punctuation, and any one to `LONGEST` words in the
place of each slot; or all these words but one, where there are `FEWEST_WORDS` or more, which may change the intent.
What has fewer than `LEAST` words outside of slots has none: they would say too little.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from canvass.annotation.quality.near_duplicates import FEWEST_WORDS, slot_over
from canvass.annotation.store.records import NewAnswer, NewTask
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import tokens
from canvass.errors import StoreError
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.annotation.project.project import Project
    from canvass.annotation.store.records import Answer, Task

LEAST = 2
LONGEST = 8  # words in the place of a slot
SECONDS = 3.0  # that the pool is searched for
END, ANY = "\n", "[^\n]+\n"  # of a word, and any word
SEPARATOR = r"[^\p{L}\p{M}\p{N}]*"


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
