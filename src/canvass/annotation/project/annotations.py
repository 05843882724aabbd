"""From answers and files to annotated utterances: what is trained on, and what is written to files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from canvass.annotation.project.settings import LabelGuide
from canvass.annotation.store.label_names import LabelKind, LabelNames
from canvass.annotation.store.records import NewAnswer, NewTask
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import misaligned_slot
from canvass.types import ALL, ELSEWHERE, Target, Utterance, slot_records


def domain_of_frame(target: Target, intent: str | None, domains: Mapping[str, str]) -> str | None:
    """Give the domain of what is of a target: the target's, or else the one that `domains` has for its intent."""
    return target.name if target.kind == "domain" else domains.get(intent or "")


def complete(answer: NewAnswer, target: Target, domains: Mapping[str, str]) -> NewAnswer:
    """Say what goes without saying of an answer, so that two people who mean the same say the same.

    A `frame` is of the target, whose name nobody need repeat; where its domain was not said, `domains` has that of each
    intent. An `elsewhere` is not annotated for slots, and a slip that names the target itself says nothing.
    """
    if answer.kind == "frame":
        intent = target.only_intent or answer.intent
        domain = None if target.kind == "domain" else answer.domain
        return replace(answer, domain=domain or domain_of_frame(target, intent, domains), intent=intent)
    domain = None if target == Target("domain", answer.domain or "") else answer.domain
    intent = None if answer.intent in target.intents else answer.intent
    return replace(answer, domain=domain, intent=intent, slots=None)


def utterance_of(task: NewTask, answer: NewAnswer, target: Target, domains: Mapping[str, str]) -> Utterance:
    """Read an answer as an annotated utterance; an `elsewhere` is a negative of the target.

    One of which nobody knows more has the domain `ELSEWHERE`: without any label it would be taken for unlabelled.
    Where the target is `all`, every one has it.
    """
    said = complete(answer, target, domains)
    domain = said.domain
    if said.kind == "elsewhere" and (target.kind == ALL or (domain is None and said.intent is None)):
        domain = ELSEWHERE
    return Utterance(task.text, task.utterance, task.count, domain, said.intent, said.slots)


def domains_of_intents(utterances: Iterable[Utterance]) -> dict[str, str]:
    """Map each intent to the domain it has most often, the first by name where two are as frequent."""
    frequencies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for utterance in utterances:
        if utterance.intent is not None and utterance.domain is not None:
            frequencies[utterance.intent][utterance.domain] += 1
    return {
        intent: min(counts, key=lambda name: (-counts[name], name)) for intent, counts in frequencies.items()
    }


def trainable(utterance: Utterance) -> Utterance:
    """Leave out slots that begin or end inside a token: a tagger of tokens cannot learn them."""
    if misaligned_slot(utterance.text, utterance.slots or ()) is None:
        return utterance
    return replace(utterance, slots=None)


class Given:
    """What a project began with, under the names that labels have today."""

    def __init__(self, labelled: Path, test: Path, names: LabelNames) -> None:
        self.names = names
        self._files = labelled, test

    def _read(self, path: Path) -> tuple[Utterance, ...]:
        read = read_labelled([str(path)], format="jsonl", may_be_empty=True).utterances
        return tuple(filter(None, map(self.names.utterance, read)))

    @cached_property
    def labelled(self) -> tuple[Utterance, ...]:
        """What was annotated before the project began."""
        return self._read(self._files[0])

    @cached_property
    def test(self) -> tuple[Utterance, ...]:
        """What errors are counted on."""
        return self._read(self._files[1])

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all of it."""
        return frozenset(key_of(utterance.text) for utterance in (*self.labelled, *self.test))

    @cached_property
    def domain_of_intent(self) -> dict[str, str]:
        """The domain of each intent."""
        return domains_of_intents([*self.labelled, *self.test])

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains, by name."""
        named = {utterance.domain for utterance in (*self.labelled, *self.test)}
        return tuple(sorted(domain for domain in named if domain not in {None, ELSEWHERE}))

    @cached_property
    def intents(self) -> frozenset[str]:
        """All intents, those of other domains among them."""
        return frozenset(
            utterance.intent for utterance in (*self.labelled, *self.test) if utterance.intent is not None
        )


def under_todays_names(
    guides: Iterable[LabelGuide], retired: Mapping[str, str | None]
) -> tuple[LabelGuide, ...]:
    """Give guides under the names of today, the first of each name; one that always had it comes before one merged."""
    guides = list(guides)
    own = {guide.name for guide in guides} - retired.keys()
    named: dict[str, LabelGuide] = {}
    for guide in guides:
        name = retired.get(guide.name, guide.name)
        if name is not None and (guide.name == name or name not in own):
            named.setdefault(name, replace(guide, name=name))
    return tuple(named.values())


def label_counts(utterances: Iterable[Utterance]) -> Counter[tuple[LabelKind, str | None]]:
    """Count the utterances that have each intent, and each slot label."""
    counts: Counter[tuple[LabelKind, str | None]] = Counter()
    for utterance in utterances:
        counts["intent", utterance.intent] += 1
        counts.update({("slot", slot.label) for slot in utterance.slots or ()})
    return counts


def utterance_record(utterance: Utterance) -> dict[str, Any]:
    """Write an annotated utterance as a record that `read_labelled` reads back; the split only where there is one."""
    record = {
        "id": utterance.id,
        "text": utterance.text,
        "count": utterance.count,
        "domain": utterance.domain,
        "intent": utterance.intent,
        "slots": slot_records(utterance.slots),
    }
    return record if utterance.split is None else record | {"split": utterance.split}
