"""Annotated files as answers of a project: read whole, and checked against what it knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from canvass.annotation.exchange.formulas import unguarded
from canvass.annotation.store.leases import HANDED_OUT
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.formats import files_of, format_of
from canvass.corpus.formats.records import listed, shown
from canvass.corpus.normalise import key_of, normalise
from canvass.corpus.spans import misaligned_slot
from canvass.errors import InputError, OptionError, nearest
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.annotation.project.project import Project
    from canvass.corpus.formats.records import BadLines, Columns
    from canvass.types import Utterance

OUT_OF_TARGET = "elsewhere"  # as a domain: not of the target, and nobody knows of which


@dataclass(frozen=True)
class Given:
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
        self.new_labels = new_labels
        self.tasks = {task.key: task for task in project.store.tasks()}
        self.handed_out = {task.utterance for task in self.tasks.values() if task.holder == HANDED_OUT}
        self.test = {key_of(one.text) for one in project.test}
        before = (*project.labelled, *project.test)
        self.ours = [one.name for one in project.intents()]
        self.labels = [one.name for one in project.slots()]
        self.domains = list(project.domains())
        self.intents = sorted({*self.ours, *(one.intent for one in before if one.intent is not None)})
        self.added: list[tuple[Literal["intent", "slot"], str]] = []
        self.unannotated = 0
        self.in_test = 0

    def given(
        self, names: Sequence[str], columns: Columns, override: str | None, bad: BadLines
    ) -> Iterator[Given]:
        """Yield each record that says something, once."""
        seen: dict[str, Given] = {}
        for file in files_of(names, override, lambda row: row.read is not None, columns):
            kind = format_of(file, override, columns)
            if kind.read is None:
                raise OptionError(
                    f"{file}: the format {kind.name} carries no annotations; give another, such as jsonl"
                )
            for where, utterance in kind.read(file, columns, bad):
                one = self.answered(where, utterance)
                if one is None:
                    continue
                before = seen.setdefault(one.key, one)
                if says(before.answer) != says(one.answer):
                    raise InputError(
                        f"{where}: says otherwise than {before.where} of the same text, {shown(utterance.text)}; leave "
                        "one of them out"
                    )
                if before is one:
                    yield one

    def answered(self, where: str, utterance: Utterance) -> Given | None:
        """Read an utterance as an answer; None where nobody annotated it, or it is in the test set.

        Raises
        ------
        InputError
            If it has a label that the project does not know, or a slot off the token borders, unless that is allowed.

        """
        if utterance.domain is None and utterance.intent is None and utterance.slots is None:
            self.unannotated += 1
            return None
        utterance = self.as_stored(where, utterance)
        key = key_of(utterance.text)
        if key in self.test:
            self.in_test += 1
            return None
        if not key:
            raise InputError(f"{where}: the text is blank; leave the record out")
        if not self.project.settings.page.inside_tokens:
            self._refuse_misaligned(where, utterance)
        return Given(where, key, utterance, self._answer(where, utterance))

    def as_stored(self, where: str, utterance: Utterance) -> Utterance:
        """Find the text of the task that a record belongs to, and move its slots there."""
        bare = unguarded(utterance.text)
        if key_of(utterance.text) not in self.tasks and bare is not None and key_of(bare) in self.tasks:
            # Marked as text for a spreadsheet when it was handed out.
            slots = utterance.slots and tuple(
                Slot(one.start - 1, one.end - 1, one.label) for one in utterance.slots
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
            moved(one, utterance.text, task.text, where) for one in utterance.slots
        )
        return replace(utterance, text=task.text, slots=slots)

    def _refuse_misaligned(self, where: str, utterance: Utterance) -> None:
        slot = misaligned_slot(utterance.text, utterance.slots or ())
        if slot is not None:
            raise InputError(
                f"{where}: slot {shown(slot.label)} at {slot.start}-{slot.end}, "
                f"{shown(utterance.text[slot.start : slot.end])}, does not begin and end at token borders; move it "
                "to whole words, or set inside_tokens in canvass.toml"
            )

    def _answer(self, where: str, utterance: Utterance) -> NewAnswer:
        """Decide whether a record is of the target, and check its labels."""
        target = self.project.target
        domain, intent = utterance.domain, utterance.intent
        unknown_place = domain == OUT_OF_TARGET and OUT_OF_TARGET not in self.domains
        if unknown_place:
            domain = None
        elif domain is not None:
            self._check_domain(domain, where)
        ours = not unknown_place and self._is_ours(domain, intent)
        if intent is not None:
            self._check_intent(intent, where, ours=ours)
        if not ours:
            answer = NewAnswer("", 0, self.annotator, "elsewhere", domain, intent)
        else:
            if intent is None and self.ours and target.kind != "intent":
                raise InputError(
                    f"{where}: {shown(utterance.text)} has no intent; name one, or write the domain {OUT_OF_TARGET!r} "
                    f"if it is not of {target}"
                )
            for slot in utterance.slots or ():
                self._check_slot(slot.label, where)
            answer = NewAnswer("", 0, self.annotator, "frame", domain, intent, utterance.slots)
        return self.project.complete(answer)

    def _is_ours(self, domain: str | None, intent: str | None) -> bool:
        target = self.project.target
        if target.kind == "domain":
            if domain is None and intent not in self.ours and intent is not None:
                domain = self.project.domain_of_intent.get(intent)
            return domain in {None, target.name}
        return target.kind == "all" or intent == target.name

    def _check_intent(self, name: str, where: str, *, ours: bool) -> None:
        """Refuse an intent that the project does not know, or take it on, where that was asked for."""
        if name in self.intents and (not ours or name in self.ours):
            return
        self._refuse_new("intent", name, self.ours if ours else self.intents, where)
        self.intents.append(name)
        if ours:
            self.ours.append(name)
            self.added.append(("intent", name))

    def _check_slot(self, label: str, where: str) -> None:
        if label not in self.labels:
            self._refuse_new("slot label", label, self.labels, where)
            self.labels.append(label)
            self.added.append(("slot", label))

    def _check_domain(self, name: str, where: str) -> None:
        if name not in self.domains:
            self._refuse_new("domain", name, self.domains, where)
            self.domains.append(name)

    def _refuse_new(self, what: str, name: str, known: list[str], where: str) -> None:
        if not self.new_labels:
            raise InputError(
                f"{where}: {what} {shown(name)} is unknown{nearest(name, known)} (there are {listed(known)}); mend it, "
                "or take it on with --new-labels"
            )


def says(answer: NewAnswer) -> tuple[object, ...]:
    """Take from an answer what it says of its utterance."""
    return (
        answer.kind,
        answer.domain,
        answer.intent,
        None if answer.slots is None else tuple(sorted(answer.slots)),
    )


def moved(slot: Slot, text: str, other: str, where: str) -> Slot:
    """Move a slot between two texts of one key, which differ in white space or in how accents are written.

    Raises InputError, which names `where`, if it begins or ends inside of what differs.
    """
    here, there = normalise(text), normalise(other)
    try:
        start, end = list(here.starts).index(slot.start), list(here.ends).index(slot.end) + 1
    except ValueError as error:
        raise InputError(
            f"{where}: slot {shown(slot.label)} at {slot.start}-{slot.end} begins or ends inside white space or a "
            "character; move it to whole words"
        ) from error
    return Slot(*there.text_span(start, end), slot.label)
