"""Interaction models of Alexa skills: samples with slots in braces, and the values of slot types.

`models/en-US.json` or `interactionModels/custom/en-US.json`, as Amazon's developer console and command line write them.
Samples are expanded with the values and synonyms of their slots' types; a sample with a slot of a type whose values are
not in the file (AMAZON.SearchQuery, catalogues elsewhere) is left out, and told. Written are the samples for which the
utterances stand, and types with the words of their slots.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from canvass.corpus.formats import expansion
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.expansion import Node, values_of
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document, write_text
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.markup import chunks_of
from canvass.corpus.formats.sniffing import Sample
from canvass.errors import InputError, shown
from canvass.types import Utterance

NAME = re.compile(r"[A-Za-z][A-Za-z_]*(?:\.[A-Za-z]+)?")
INVOCATION = "canvass skill"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the samples of all intents, expanded; yields (where, utterance)."""
    document = read_document(path)
    model = (document.get("interactionModel") or document).need("languageModel")
    values: dict[str, list[str]] = {}
    for kind in model.list_of("types"):
        with bad.tolerance():
            if kind.get("valueSupplier") is not None:
                bad.lost("values in catalogues elsewhere", kind.where)
            for value in kind.list_of("values"):
                name = value.need("name")
                words = [name.need("value").string(), *(item.string() for item in name.list_of("synonyms"))]
                values.setdefault(kind.need("name").name(), []).extend(words)
    for intent in model.need("intents").items():
        with bad.tolerance():
            slots = intent.list_of("slots")
            for slot in slots:
                if slot.content_of("samples"):
                    bad.lost("samples that answer the question for a slot", slot.where)
            types = {slot.need("name").name(): slot.need("type").name() for slot in slots}
            yield from expanded(intent, intent.list_of("samples"), types, values, bad)
    document.tell_unread(bad)


def expanded(
    intent: Value, samples: list[Value], types: dict[str, str], values: dict[str, list[str]], bad: BadLines
) -> Utterances:
    """Expand the samples of an intent; `types` are those of its slots, `values` those of types."""

    def resolve(token: str) -> Node:
        label = token[1:-1].partition("|")[2].strip() or token[1:-1].strip()
        if label not in types:
            raise InputError(f"the slot {shown(label)} is not among the intent's ({', '.join(types)})")
        return values_of(label, values.get(types[label], []), types[label])

    name = intent.need("name").name()
    for sample in samples:
        with bad.tolerance():
            plain = re.sub(r"[()\[\]|;<$\\]", lambda mark: f"\\{mark[0]}", sample.string())
            yield from expansion.expanded(plain, sample.where, bad, resolve, intent=name)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write a model of the samples, each once, and of the slots' words; the file appears whole or not at all."""
    samples: dict[str, list[str]] = {}
    slots: dict[str, dict[str, None]] = {}
    words: dict[str, dict[str, None]] = {}
    for utterance in utterances:
        if not utterance.intent or not NAME.fullmatch(utterance.intent):
            losses.report(
                "utterances without an intent whose name Alexa allows (letters and _)", named(utterance)
            )
            continue
        if not _is_expressible(utterance):
            losses.report(
                "utterances with brackets, odd white space or slots' names that Alexa has not",
                named(utterance),
            )
            continue
        sample = template_of(utterance)
        known = samples.setdefault(utterance.intent, [])
        if sample in known and not utterance.slots:
            losses.report("utterances that are there already", named(utterance))
        if sample not in known:
            known.append(sample)
        for slot in utterance.slots or ():
            slots.setdefault(utterance.intent, {})[slot.label] = None
            words.setdefault(slot.label, {})[utterance.text[slot.start : slot.end]] = None
            if len(words[slot.label]) > 1:
                losses.report("which of a slot's words were said in which sample", named(utterance))
    intents = [
        {
            "name": intent,
            "slots": [{"name": label, "type": f"{label}_type"} for label in slots.get(intent, {})],
            "samples": templates,
        }
        for intent, templates in samples.items()
    ]
    types = [
        {"name": f"{label}_type", "values": [{"name": {"value": value}} for value in values]}
        for label, values in words.items()
    ]
    language = {"invocationName": INVOCATION, "intents": intents, "types": types}
    model = {"interactionModel": {"languageModel": language}}
    write_text(path, [json.dumps(model, ensure_ascii=False, indent=2), "\n"])


def _is_expressible(utterance: Utterance) -> bool:
    text = utterance.text
    return (
        text == " ".join(text.split())
        and bool(text)
        and "{" not in text
        and "}" not in text
        and all(
            NAME.fullmatch(slot.label) and text[slot.start : slot.end] == text[slot.start : slot.end].strip()
            for slot in utterance.slots or ()
        )
    )


def template_of(utterance: Utterance) -> str:
    """Write an utterance with its slots' names in braces.

    >>> from canvass.types import Slot, Utterance
    >>> template_of(Utterance("play jazz", slots=(Slot(5, 9, "genre"),)))
    'play {genre}'
    """
    return "".join(words if label is None else f"{{{label}}}" for words, label in chunks_of(utterance))


def sniff(sample: Sample) -> bool:
    """Whether there is a language model with intents."""
    value = sample.json
    model = value.get("interactionModel", value) if isinstance(value, dict) else None
    language = model.get("languageModel") if isinstance(model, dict) else None
    return isinstance(language, dict) and isinstance(language.get("intents"), list)


FORMAT = Format(
    name="alexa",
    extensions=(".json",),
    read=read,
    write_annotated=write_annotated,
    loses="which value of a slot was said in which sample; when read: dialogs, prompts, answers to them, and samples "
    "with slots whose values are not in the file",
    sniff=sniff,
    sniffed='"languageModel" with "intents"',
)
