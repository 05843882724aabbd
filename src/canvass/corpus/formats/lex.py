"""Amazon Lex: an exported bot, of V2 as a zip archive and of V1 as JSON; read only.

Sample utterances are templates, `play {Artist}`, which are expanded with the values of the slots' types. Those of a bot
of V2 stand in files of their own (`Slots/*/Slot.json` of an intent, `SlotTypes/*/SlotType.json` of a locale).
"""

from __future__ import annotations

import re

from canvass.corpus.formats.alexa import expanded
from canvass.corpus.formats.archives import opened_zip
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, parse_document, read_document
from canvass.corpus.formats.sniffing import Sample
from canvass.errors import InputError

# An export of a bot, or of one locale, whose folders are then the outermost.
INTENT = re.compile(r"(?:^|/)Intents/[^/]+/Intent\.json$")
TYPE = re.compile(r"(?:^|.*/)SlotTypes/[^/]+/SlotType\.json")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sample utterances of all intents, in all locales; yields (where, utterance)."""
    with opened_zip(path) as archive:
        names = [name for name in archive.names if INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no Intents/*/Intent.json; expected the export of an Amazon Lex V2 bot"
            )
        values: dict[str, dict[str, list[str]]] = {}  # of each locale
        for name in archive.names:
            if TYPE.fullmatch(name):
                with bad.tolerance():
                    kind = parse_document(archive.read(name), archive.where(name))
                    known = values.setdefault(name.partition("SlotTypes/")[0], {})
                    known.setdefault(kind.need("name").name(), []).extend(_words(kind))
                    kind.tell_unread(bad)
        for name in names:
            with bad.tolerance():
                intent = parse_document(archive.read(name), archive.where(name))
                types = {}
                for member in archive.names:
                    if member.startswith(f"{name.removesuffix('Intent.json')}Slots/") and member.endswith(
                        "/Slot.json"
                    ):
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


def _words(kind: Value) -> list[str]:
    """List the values of a slot type of V2, and their synonyms."""
    values = kind.list_of("slotTypeValues")
    words = [word for value in values for word in (value.need("sampleValue"), *value.list_of("synonyms"))]
    return [word.need("value").string() for word in words]


def sniff(sample: Sample) -> bool:
    """Whether it is a zip archive with intents as Lex V2 names them."""
    return sample.is_zip and any(INTENT.search(name) for name in sample.members)


def read_v1(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sample utterances of a bot of V1, expanded with the values of its slot types; raises as `read`."""
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
    loses="prompts, and templates with slots whose values are not in the file (AMAZON.Date)",
    sniff=sniff_v1,
    sniffed='"resource" with "intents" or "sampleUtterances"',
)
FORMAT = Format(
    name="lex",
    extensions=(".zip",),
    read=read,
    loses="prompts, and templates with slots whose values are not in the archive; locales (all are read together)",
    sniff=sniff,
    sniffed="a zip archive with Intents/*/Intent.json",
)
