"""From answers to annotated utterances: what is trained on, and what is written to files."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from canvass.corpus.spans import misaligned_slot
from canvass.types import ALL, ELSEWHERE, Target, Utterance, slot_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from canvass.annotation.store.records import NewAnswer, NewTask


def complete(answer: NewAnswer, target: Target, domains: Mapping[str, str]) -> NewAnswer:
    """Say what goes without saying of an answer, so that two people who mean the same say the same.

    A `frame` is of the target, whose name nobody need repeat; where its domain was not said, `domains` has that of each
    intent. An `elsewhere` is not annotated for slots, and a slip that names the target itself says nothing.
    """
    if answer.kind == "frame":
        domain = target.name if target.kind == "domain" else answer.domain
        intent = target.name if target.kind == "intent" else answer.intent
        if domain is None and intent is not None:
            domain = domains.get(intent)
        return replace(answer, domain=domain, intent=intent)
    domain = None if target == Target("domain", answer.domain or "") else answer.domain
    intent = None if target == Target("intent", answer.intent or "") else answer.intent
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
