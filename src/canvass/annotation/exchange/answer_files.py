"""Annotated files as answers of a project: read whole, and checked against what it knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from canvass.annotation.exchange.exporting import unguarded
from canvass.annotation.project.answer_rule import AnswerRule
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import HANDED_OUT, NewAnswer
from canvass.corpus.formats import files_of
from canvass.corpus.formats.choice import annotated_utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.labelled import is_unlabelled, without_empty_names
from canvass.corpus.normalise import key_of, normalise
from canvass.errors import InputError, shown
from canvass.types import Slot, Utterance


@dataclass(frozen=True)
class GivenAnswer:
    """A record that says something: where it stands, its key, and the answer that it amounts to."""

    where: str
    key: str
    utterance: Utterance
    answer: NewAnswer


class AnswerFiles:
    """Reads files into answers and checks each against what the project knows."""

    def __init__(self, project: Project, annotator: str, *, new_labels: bool) -> None:
        self.project = project
        self.annotator = annotator
        self.tasks = {task.key: task for task in project.store.tasks()}
        self.handed_out = {task.utterance for task in self.tasks.values() if task.holder == HANDED_OUT}
        self.test = {key_of(utterance.text) for utterance in project.test}
        self.rule = AnswerRule(
            project, new_labels=new_labels, remedy="mend it, or take it on with --new-labels"
        )
        self.unannotated = 0
        self.in_test = 0

    def given(
        self, names: Sequence[str], columns: Columns, override: str | None, bad: BadLines
    ) -> Iterator[GivenAnswer]:
        """Yield each record that says something, once."""
        seen: dict[str, GivenAnswer] = {}
        for file in files_of(names, override, columns, bad, annotated=True):
            for where, utterance in annotated_utterances(file, override, columns, bad):
                entry = self.answered(where, utterance)
                if entry is None:
                    continue
                before = seen.setdefault(entry.key, entry)
                if before.answer.said != entry.answer.said:
                    raise InputError(
                        f"{where}: says otherwise than {before.where} of the same text, {shown(utterance.text)}; leave "
                        "one of them out"
                    )
                if before is entry:
                    yield entry

    def answered(self, where: str, utterance: Utterance) -> GivenAnswer | None:
        """Read an utterance as an answer; None where nobody annotated it, or it is in the test set.

        Raises InputError if the project's rule refuses it; the sentence begins with `where`.
        """
        utterance = without_empty_names(utterance)
        if is_unlabelled(utterance, slots_alone=True):
            self.unannotated += 1
            return None
        utterance = self.as_stored(where, utterance)
        key = key_of(utterance.text)
        if key in self.test:
            self.in_test += 1
            return None
        if not key:
            raise InputError(f"{where}: the text is blank; leave the record out")
        try:
            said = self.rule.decide(utterance.text, None, utterance.domain, utterance.intent, utterance.slots)
        except InputError as error:
            raise type(error)(f"{where}: {error}") from error
        return GivenAnswer(where, key, utterance, NewAnswer("", 0, self.annotator, *said))

    def as_stored(self, where: str, utterance: Utterance) -> Utterance:
        """Find the text of the task that a record belongs to, and move its slots there."""
        bare = unguarded(utterance.text)
        if key_of(utterance.text) not in self.tasks and bare is not None and key_of(bare) in self.tasks:
            # Marked as text for a spreadsheet when it was handed out.
            slots = utterance.slots and tuple(
                Slot(slot.start - 1, slot.end - 1, slot.label) for slot in utterance.slots
            )
            utterance = replace(utterance, text=bare, slots=slots)
        task = self.tasks.get(key_of(utterance.text))
        if task is None:
            if utterance.id in self.handed_out:
                raise InputError(
                    f"{where}: the text {shown(utterance.text)} is not the one that was handed out with the id "
                    f"{shown(utterance.id)}; offsets of slots refer to that: annotate the text as it is"
                )
            return utterance
        if task.text == utterance.text:
            return utterance
        slots = utterance.slots and tuple(
            moved(slot, utterance.text, task.text, where) for slot in utterance.slots
        )
        return replace(utterance, text=task.text, slots=slots)


def moved(slot: Slot, text: str, other: str, where: str) -> Slot:
    """Move a slot between two texts of one key, which differ in white space or in how accents are written.

    Raises InputError, which names `where`, if it begins or ends inside of what differs.
    """
    source, destination = normalise(text), normalise(other)
    try:
        start, end = list(source.starts).index(slot.start), list(source.ends).index(slot.end) + 1
    except ValueError as error:
        raise InputError(
            f"{where}: slot {shown(slot.label)} at {slot.start}-{slot.end} begins or ends inside white space or a "
            "character; move it to whole words"
        ) from error
    return Slot(*destination.text_span(start, end), slot.label)
