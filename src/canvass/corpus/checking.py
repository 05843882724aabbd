"""A look at an annotated set before anything is trained on it: contradictions, names, single examples, odd texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from canvass.corpus.labelled import Labelled
from canvass.corpus.spans import tokens
from canvass.errors import plural, shown
from canvass.types import Utterance

LONGEST_TOKEN = 200  # characters; a longer one is no word


@dataclass(frozen=True)
class Finding:
    """Something that is probably wrong: its kind, and a sentence that says where.

    `kind` is one of "contradiction", "names", "single example", "text", "unlabelled", "record" (it
    cannot be read as it is) and "suspicious".
    """

    kind: str
    words: str


def check_labelled(labelled: Labelled) -> list[Finding]:
    """List what is probably wrong with an annotated set, most serious kind first, then in the order of the files."""
    findings = [*contradictions(labelled), *names_that_nearly_agree(labelled.utterances)]
    for kind, loss, what in (
        ("record", labelled.bad_lines, "that other commands cannot read and stop at"),
        ("record", labelled.left_out, "with a slot off the token borders, left out"),
        ("unlabelled", labelled.unlabelled, "without domain, intent and slots, left out"),
    ):
        if loss.count:
            findings.append(Finding(kind, f"{plural(loss.count, 'record')} {what}; the first: {loss.first}"))
    counts = Counter(utterance.intent for utterance in labelled.utterances if utterance.intent)
    findings += [
        Finding("single example", f"the intent {shown(intent)} has one example")
        for intent, count in sorted(counts.items())
        if count == 1
    ]
    for utterance, place in zip(labelled.utterances, labelled.places, strict=True):
        words = [utterance.text[token.start : token.end] for token in tokens(utterance.text) if token.is_word]
        if not words:
            findings.append(Finding("text", f"{place}: {shown(utterance.text)} has no word"))
        elif len(max(words, key=len)) > LONGEST_TOKEN:
            findings.append(
                Finding("text", f"{place}: has a word of {len(max(words, key=len)):,} characters")
            )
    return findings


def contradictions(labelled: Labelled) -> list[Finding]:
    """List the texts of equal words, whatever their case and punctuation, that are annotated differently."""
    first: dict[tuple[str, ...], list[int]] = defaultdict(list)
    utterances, places = labelled.utterances, labelled.places
    findings = []
    for number, utterance in enumerate(utterances):
        words = tuple(
            utterance.text[token.start : token.end].lower()
            for token in tokens(utterance.text)
            if token.is_word
        )
        if not words:
            continue
        said = _difference(utterances, first[words], utterance)
        if said is not None:
            other, mine, theirs = said
            findings.append(
                Finding(
                    "contradiction",
                    f"{shown(utterance.text)} is {theirs} at {places[other]} and {mine} at {places[number]}",
                )
            )
        if said is not None or not first[words]:  # those that agree with the first say nothing new
            first[words].append(number)
    return findings


def _difference(
    utterances: Sequence[Utterance], earlier: Iterable[int], utterance: Utterance
) -> tuple[int, str, str] | None:
    """Find the first earlier utterance that says otherwise: its number, and what each of the two says."""
    for number in earlier:
        other = utterances[number]
        for what in ("intent", "domain"):
            mine, theirs = getattr(utterance, what), getattr(other, what)
            if mine is not None and theirs is not None and mine != theirs:
                return number, f"{what} {shown(mine)}", f"{what} {shown(theirs)}"
        if (
            utterance.slots is not None
            and other.slots is not None
            and (spans_in_words(utterance) != spans_in_words(other))
        ):
            return number, spans_in_words(utterance), spans_in_words(other)
    return None


def spans_in_words(utterance: Utterance) -> str:
    """Name the slots by label and value, whatever their case."""
    values = [
        f"{slot.label} {shown(utterance.text[slot.start : slot.end].lower())}"
        for slot in sorted(utterance.slots or ())
    ]
    return f"tagged {', '.join(values)}" if values else "without slots"


def names_that_nearly_agree(utterances: Sequence[Utterance]) -> list[Finding]:
    """List domains, intents and slot labels that differ by case or blanks: each is a negative of the others."""
    counts: dict[str, Counter[str]] = {"domain": Counter(), "intent": Counter(), "slot label": Counter()}
    for utterance in utterances:
        if utterance.domain is not None:
            counts["domain"][utterance.domain] += 1
        if utterance.intent is not None:
            counts["intent"][utterance.intent] += 1
        counts["slot label"].update(slot.label for slot in utterance.slots or ())
    findings = []
    for what, names in counts.items():
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            alike["".join(name.casefold().split())].append(name)
        findings += [
            Finding(
                "names",
                f"the {what}s {', '.join(f'{shown(name)} ({names[name]:,})' for name in group)} differ by case or "
                "blanks alone, and are taken for different ones",
            )
            for group in alike.values()
            if len(group) > 1
        ]
    return findings
