"""Amazon Lex: an exported bot, of V2 as a zip archive and of V1 as JSON; read only.

Sample utterances are templates, `play {Artist}`, which are expanded with the values of the slots' types. Those of a bot
of V2 stand in files of their own (`Slots/*/Slot.json` of an intent, `SlotTypes/*/SlotType.json` of a locale).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canvass.corpus.formats.alexa import expanded
from canvass.corpus.formats.archives import opened_zip
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import parse_document, read_document
from canvass.corpus.formats.records import Columns, Format
from canvass.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.corpus.formats.located import Value
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

# An export of a bot, or of one locale, whose folders are then the outermost.
INTENT = re.compile(r"(?:^|/)Intents/[^/]+/Intent\.json$")
TYPE = re.compile(r"(?:^|.*/)SlotTypes/[^/]+/SlotType\.json")
Values = dict[str, list[str]]


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the sample utterances of all intents, in all locales; yields (where, utterance)."""
    with opened_zip(path) as archive:
        names = [name for name in archive.names if INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no Intents/*/Intent.json; expected the export of an Amazon Lex V2 bot"
            )
        values: dict[str, Values] = {}  # of each locale
        for name in archive.names:
            if TYPE.fullmatch(name):
                known = values.setdefault(name.partition("SlotTypes/")[0], {})
                bad.attempt(_add_values, parse_document(archive.read(name), f"{path}: {name}"), known, bad)
        for name in names:
            folder = name.removesuffix("Intent.json")
            try:
                intent = parse_document(archive.read(name), f"{path}: {name}")
                label = intent.need("name").name()
                templates = [sample.need("utterance") for sample in intent.list_of("sampleUtterances")]
                types = dict(
                    _type_of_slot(parse_document(archive.read(member), f"{path}: {member}"), bad)
                    for member in archive.names
                    if member.startswith(f"{folder}Slots/") and member.endswith("/Slot.json")
                )
            except InputError as error:
                bad.report(error)
                continue
            known = values.get(name.rpartition("Intents/")[0], {})
            for template in templates:
                yield from expanded(template, types, known, bad, intent=label)
            intent.tell_unread(bad)
        bad.passed_over(archive.unread())


def _add_values(kind: Value, values: Values, bad: BadLines) -> None:
    """Add the values of a slot type of V2."""
    name = kind.need("name").name()
    for value in kind.list_of("slotTypeValues"):
        words = [value.need("sampleValue"), *value.list_of("synonyms")]
        values.setdefault(name, []).extend(word.need("value").string() for word in words)
    kind.tell_unread(bad)


def _type_of_slot(slot: Value, bad: BadLines) -> tuple[str, str]:
    """Name a slot of V2, and its type; a built-in one has no values."""
    name, kind = slot.need("name").name(), slot.get("slotTypeName")
    slot.tell_unread(bad)
    return name, "" if kind is None else kind.name()


def sniff(sample: Sample) -> bool:
    """Whether it is a zip archive with intents as Lex V2 names them."""
    return sample.is_zip and any(INTENT.search(name) for name in sample.members)


def read_v1(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the sample utterances of a bot of V1, expanded with the values of its slot types; raises as `read`."""
    document = read_document(path)
    resource = document.need("resource")
    values: Values = {}
    for kind in resource.list_of("slotTypes"):
        for value in kind.list_of("enumerationValues"):
            words = [value.need("value"), *value.list_of("synonyms")]
            values.setdefault(kind.need("name").name(), []).extend(word.string() for word in words)
    for intent in resource.list_of("intents") or [resource]:
        try:
            name = intent.need("name").name()
            types = {
                slot.need("name").name(): slot.need("slotType").name() for slot in intent.list_of("slots")
            }
            templates = intent.list_of("sampleUtterances")
        except InputError as error:
            bad.report(error)
            continue
        for template in templates:
            yield from expanded(template, types, values, bad, intent=name)
    document.tell_unread(bad)


def sniff_v1(sample: Sample) -> bool:
    """Whether it is an export of Lex V1."""
    value = sample.json
    return (
        isinstance(value, dict)
        and isinstance(value.get("resource"), dict)
        and bool(value["resource"].keys() & {"sampleUtterances", "intents"})
    )


V1 = Format(
    name="lex-v1",
    extensions=(".json",),
    read=read_v1,
    blocks=blocks_of_read(read_v1),
    carries=("text", "intent", "slots"),
    loses="prompts, and templates with slots whose values are not in the file (AMAZON.Date)",
    sniff=sniff_v1,
    sniffed='"resource" with "intents" or "sampleUtterances"',
)
FORMAT = Format(
    name="lex",
    extensions=(".zip",),
    read=read,
    blocks=blocks_of_read(read),
    carries=("text", "intent", "slots"),
    loses="prompts, and templates with slots whose values are not in the archive; locales (all are read together)",
    sniff=sniff,
    sniffed="a zip archive with Intents/*/Intent.json",
)
