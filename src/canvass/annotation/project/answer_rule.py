"""What an answer means: one rule for the page, for files and for Label Studio.

Whoever reads an answer parses it (JSON, a record of a file, an annotation) and hands over its words; the rule decides
whether it is of the target, which domain and intent it names, whether its labels exist, and where slots may begin and
end. So two people who say the same by different ways store the same, or are refused with the same sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, overload

from canvass.annotation.project.annotations import domain_of_frame
from canvass.annotation.project.project import Project
from canvass.annotation.store.label_names import KINDS, LabelKind
from canvass.annotation.store.records import AnswerKind
from canvass.corpus.formats.column_names import listed
from canvass.corpus.spans import misaligned_slot
from canvass.errors import InputError, nearest, shown
from canvass.types import ELSEWHERE, Slot, Utterance

LONGEST_NAME = 80  # characters of a name that people give


class UnknownLabelError(InputError):
    """A domain, intent or slot label that the project does not know."""


class Meaning(NamedTuple):
    """What an answer says of its text, complete: what the target or the intent implies is filled in.

    `slots` are sorted; None where nobody annotated them, and for everything that is not of the target.
    """

    kind: AnswerKind
    domain: str | None = None
    intent: str | None = None
    slots: tuple[Slot, ...] | None = None


class AnswerRule:
    """The rule of a project, with its labels as they are now.

    With `new_labels`, unknown names are taken on: then `added` lists the intents and slot labels of the target. With
    `new_names`, what is not of the target may have a domain or an intent that nobody knows yet. `remedy` says what to
    do about an unknown name.
    """

    def __init__(
        self, project: Project, *, new_labels: bool = False, new_names: bool = False, remedy: str = "mend it"
    ) -> None:
        self.target = project.target
        self.intents = [guide.name for guide in project.guides("intent")]  # of the target
        self.labels = [guide.name for guide in project.guides("slot")]
        self.others = {*project.given.intents, *self.intents}  # all intents that are known
        self.domains = list(project.given.domains)
        self.domain_of = project.given.domain_of_intent
        self.inside_tokens = project.settings.page.inside_tokens
        self.new_labels, self.new_names, self.remedy = new_labels, new_names, remedy
        # Without, a frame that has none stays unannotated for slots.
        self.annotates_slots = project.annotates_slots
        self.retired = project.store.names()  # names before, which are taken for today's
        self.added: list[tuple[LabelKind, str]] = []

    def decide(
        self,
        text: str,
        kind: AnswerKind | None,
        domain: str | None = None,
        intent: str | None = None,
        slots: Sequence[Slot] | None = None,
    ) -> Meaning:
        """Decide what an answer says of a text, which is as the task has it.

        Where nobody said the kind (None), domain and intent tell. A `frame` need not repeat what its target or its
        intent implies. The domain "elsewhere" is none, unless the project has one of that name. Slots of an
        `elsewhere` are dropped.

        Raises UnknownLabelError if a name is unknown, and none may be new; InputError if the answer contradicts itself,
        lacks its intent, or a slot overlaps another or begins or ends where none may.
        """
        intent = self._today("intent", intent)
        if slots is not None:
            slots = [replace(slot, label=self._today("slot", slot.label)) for slot in slots]
        nowhere = domain == ELSEWHERE and ELSEWHERE not in self.domains
        if kind is None:
            kind = "frame" if not nowhere and self._is_of_target(domain, intent) else "elsewhere"
        if kind == "skip":
            if (domain, intent) != (None, None) or slots:
                raise InputError(
                    "a skip says nothing of the utterance, and slots belong to a frame; leave domain and intent out, "
                    "and the slots"
                )
            return Meaning("skip")
        if kind == "frame":
            return self._of_target(text, domain, intent, slots)
        return self._out_of_target(None if nowhere else domain, intent)

    @overload
    def _today(self, kind: LabelKind, name: str) -> str: ...
    @overload
    def _today(self, kind: LabelKind, name: str | None) -> str | None: ...
    def _today(self, kind: LabelKind, name: str | None) -> str | None:
        """Give today's name of a label; raises UnknownLabelError where it was deleted."""
        retired = self.retired.of(kind)
        if name is None or name not in retired:
            return name
        became = retired[name]
        if became is None:
            known = self.intents if kind == "intent" else self.labels
            raise UnknownLabelError(
                f"{KINDS[kind]} {shown(name)} was deleted from the project (there are {listed(known)}); take another"
            )
        return became

    def _is_of_target(self, domain: str | None, intent: str | None) -> bool:
        if self.target.kind == "domain":
            if domain is None and intent is not None and intent not in self.intents:
                domain = self.domain_of.get(intent)
            return domain in {None, self.target.name}
        return self.target.kind == "all" or intent in self.target.intents

    def _of_target(
        self, text: str, domain: str | None, intent: str | None, slots: Sequence[Slot] | None
    ) -> Meaning:
        target = self.target
        if domain is not None:
            self._check("domain", domain, self.domains)
        intent = intent or target.only_intent
        if intent is None and self.intents:
            raise InputError(
                f"{shown(text)} has no intent; name one, or write the domain {ELSEWHERE!r} if it is not of "
                f"{target} (there are {listed(self.intents)})"
            )
        if intent is not None and intent not in target.intents:
            self._check("intent", intent, self.intents)
            self.others.add(intent)
        domain = domain or domain_of_frame(target, intent, self.domain_of)
        if not target.matches(Utterance(text, domain=domain, intent=intent)):
            raise InputError(f"this frame is not of {target}; say that the utterance belongs elsewhere")
        if slots is not None:
            slots = tuple(sorted(slots))
            for slot in slots:
                self._check("slot label", slot.label, self.labels)
            self._check_borders(text, slots)
            if not slots and not self.annotates_slots:
                slots = None
        return Meaning("frame", domain, intent, slots)

    def _out_of_target(self, domain: str | None, intent: str | None) -> Meaning:
        named = Utterance("", domain=domain, intent=intent)
        if self.target.kind != "all" and self.target.matches(named):
            raise InputError(
                f"what is named is {self.target} itself; name where the utterance belongs, or nothing"
            )
        for what, name, known in (("domain", domain, self.domains), ("intent", intent, self.others)):
            if name is None or name in known:
                continue
            if not (self.new_names or self.new_labels):
                raise self._unknown(what, name, sorted(known))
            if len(name) > LONGEST_NAME or name != " ".join(name.split()):
                raise InputError(
                    f"the name of a new {what} has 1 to {LONGEST_NAME} characters, and single blanks"
                )
        return Meaning("elsewhere", domain, intent)

    def _check(self, what: Literal["domain", "intent", "slot label"], name: str, known: list[str]) -> None:
        """Refuse a name that is unknown, or take it on."""
        if name in known:
            return
        if not self.new_labels:
            raise self._unknown(what, name, known)
        known.append(name)
        if what != "domain":
            self.added.append(("intent" if what == "intent" else "slot", name))

    def _unknown(self, what: str, name: str, known: Sequence[str]) -> UnknownLabelError:
        return UnknownLabelError(
            f"{what} {shown(name)} is unknown{nearest(name, list(known))} (there are {listed(known)}); {self.remedy}"
        )

    def _check_borders(self, text: str, slots: Sequence[Slot]) -> None:
        """Check that sorted slots do not overlap, and where they begin and end."""
        end = 0
        for slot in slots:
            inside = text[slot.start : slot.end]
            if slot.start < end:
                raise InputError(f"{_place(slot, inside)}, overlaps another; make one shorter")
            if inside != inside.strip():
                raise InputError(f"{_place(slot, inside)}, begins or ends in white space; move it")
            end = slot.end
        cut = None if self.inside_tokens else misaligned_slot(text, slots)
        if cut is not None:
            raise InputError(
                f"{_place(cut, text[cut.start : cut.end])}, does not begin and end at token borders (it begins or ends "
                "inside a word or a symbol); move it to whole words, or set inside_tokens = true in canvass.toml"
            )


def _place(slot: Slot, inside: str) -> str:
    return f"slot {shown(slot.label)} at {slot.start}-{slot.end}, {shown(inside)}"
