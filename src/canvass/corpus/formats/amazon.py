"""Alexa's interaction models, and the bots of Amazon Lex (read only): samples with slots, and the slots' values.

Alexa: `models/en-US.json` or `interactionModels/custom/en-US.json`, as Amazon's developer console and command line
write them. Samples are expanded with the values and synonyms of their slots' types; a sample with a slot of a type
whose values are not in the file (AMAZON.SearchQuery, catalogues elsewhere) is left out, and told. Written are the
samples for which the utterances stand, and types with the words of their slots.

Lex: an exported bot, of V2 as a zip archive, with slots and types in files of their own (`Slots/*/Slot.json` of an
intent, `SlotTypes/*/SlotType.json` of a locale), and of V1 as JSON. Samples are expanded as Alexa's are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from canvass.corpus.formats import expansion
from canvass.corpus.formats.archives import opened_zip
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.expansion import Node, Resolver, values_of
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, parse_document, read_document, write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import chunks_of, trimmed
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

    def value(token: str) -> Node:
        label = token[1:-1].partition("|")[2].strip() or token[1:-1].strip()
        if label not in types:
            raise InputError(f"the slot {shown(label)} is not among the intent's ({', '.join(types)})")
        return values_of(label, values.get(types[label], []), types[label])

    name, resolver = intent.need("name").name(), Resolver(value)
    for sample in samples:
        with bad.tolerance():
            plain = re.sub(r"[()\[\]|;<$\\]", lambda mark: f"\\{mark[0]}", sample.string())
            yield from expansion.expanded(plain, sample.where, bad, resolver, intent=name)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write a model of the samples, each once, and of the slots' words; the file appears whole or not at all."""
    samples: dict[str, dict[str, None]] = {}
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
        known = samples.setdefault(utterance.intent, {})
        if sample in known and not utterance.slots:
            losses.report("utterances that are there already", named(utterance))
        known[sample] = None
        for slot in utterance.slots or ():
            slots.setdefault(utterance.intent, {})[slot.label] = None
            words.setdefault(slot.label, {})[utterance.text[slot.start : slot.end]] = None
            if len(words[slot.label]) > 1:
                losses.report("which of a slot's words were said in which sample", named(utterance))
    intents = [
        {
            "name": intent,
            "slots": [{"name": label, "type": f"{label}_type"} for label in slots.get(intent, {})],
            "samples": list(templates),
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
    is_plain = bool(text) and text == " ".join(text.split()) and not {*text} & {*"{}"}
    return is_plain and all(
        NAME.fullmatch(slot.label) and slot == trimmed(slot, text) for slot in utterance.slots or ()
    )


def template_of(utterance: Utterance) -> str:
    """Write an utterance with its slots' names in braces.

    >>> from canvass.types import Slot, Utterance
    >>> template_of(Utterance("play jazz", slots=(Slot(5, 9, "genre"),)))
    'play {genre}'
    """
    return "".join(words if label is None else f"{{{label}}}" for words, label in chunks_of(utterance))


def _sniff(sample: Sample) -> bool:
    model = sample.json_object.get("interactionModel", sample.json_object)
    language = model.get("languageModel") if isinstance(model, dict) else None
    return isinstance(language, dict) and isinstance(language.get("intents"), list)


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    loses="which value of a slot was said in which sample; when read: dialogs, prompts, answers to them, and samples "
    "with slots whose values are not in the file",
    sniff=_sniff,
    sniffed='"languageModel" with "intents"',
)


# An export of a bot, or of one locale, whose folders are then the outermost.
LEX_INTENT = re.compile(r"(?:^|/)Intents/[^/]+/Intent\.json$")
LEX_TYPE = re.compile(r"(?:^|.*/)SlotTypes/[^/]+/SlotType\.json")


def read_lex(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sample utterances of all intents, in all locales; yields (where, utterance)."""
    with opened_zip(path) as archive:
        names = [name for name in archive.names if LEX_INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no Intents/*/Intent.json; expected the export of an Amazon Lex V2 bot"
            )
        values: dict[str, dict[str, list[str]]] = {}  # of each locale
        for name in archive.names:
            if LEX_TYPE.fullmatch(name):
                with bad.tolerance():
                    kind = parse_document(archive.read(name), archive.where(name))
                    known = values.setdefault(name.partition("SlotTypes/")[0], {})
                    words = known.setdefault(kind.need("name").name(), [])
                    for value in kind.list_of("slotTypeValues"):
                        said = (value.need("sampleValue"), *value.list_of("synonyms"))
                        words += [word.need("value").string() for word in said]
                    kind.tell_unread(bad)
        for name in names:
            with bad.tolerance():
                intent = parse_document(archive.read(name), archive.where(name))
                types = {}
                for member in archive.names:
                    folder = f"{name.removesuffix('Intent.json')}Slots/"
                    if member.startswith(folder) and member.endswith("/Slot.json"):
                        slot = parse_document(archive.read(member), archive.where(member))
                        kind_of_slot = slot.get("slotTypeName")
                        types[slot.need("name").name()] = "" if kind_of_slot is None else kind_of_slot.name()
                        slot.tell_unread(bad)
                samples = [sample.need("utterance") for sample in intent.list_of("sampleUtterances")]
                yield from expanded(
                    intent, samples, types, values.get(name.rpartition("Intents/")[0], {}), bad
                )
                intent.tell_unread(bad)
        bad.passed_over(archive.unread())


def read_lex_v1(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sample utterances of a bot of V1, expanded with the values of its slot types; raises as `read_lex`."""
    document = read_document(path)
    resource = document.need("resource")
    values: dict[str, list[str]] = {}
    for kind in resource.list_of("slotTypes"):
        with bad.tolerance():
            known = values.setdefault(kind.need("name").name(), [])
            for value in kind.list_of("enumerationValues"):
                known += [word.string() for word in (value.need("value"), *value.list_of("synonyms"))]
    for intent in resource.list_of("intents") or [resource]:
        with bad.tolerance():
            slots = intent.list_of("slots")
            types = {slot.need("name").name(): slot.need("slotType").name() for slot in slots}
            yield from expanded(intent, intent.list_of("sampleUtterances"), types, values, bad)
    document.tell_unread(bad)


def _sniff_lex_v1(sample: Sample) -> bool:
    resource = sample.json_object.get("resource")
    return isinstance(resource, dict) and bool(resource.keys() & {"sampleUtterances", "intents"})


LEX_V1 = Format(
    read=read_lex_v1,
    loses="prompts, and templates with slots whose values are not in the file (AMAZON.Date)",
    sniff=_sniff_lex_v1,
    sniffed='"resource" with "intents" or "sampleUtterances"',
)
LEX = Format(
    read=read_lex,
    loses="prompts, and templates with slots whose values are not in the archive; locales (all are read together)",
    sniff=lambda sample: sample.is_zip and any(LEX_INTENT.search(name) for name in sample.members),
    sniffed="a zip archive with Intents/*/Intent.json",
)
