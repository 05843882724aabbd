"""Amazon Lex: an exported bot, of V2 as a zip archive and of V1 as JSON; read only.

Sample utterances are templates, `play {Artist}`: they become utterances with the braces in the text, and without
annotations of slots, since they say where a slot stands but not what people say there. Those of V1 are expanded with
the values of slot types, which stand in the same file.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from canvass.corpus.formats.alexa import expanded
from canvass.corpus.formats.archives import opened_zip
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import parse_document, read_document
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.corpus.formats.located import Value
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

# An export of a bot, or of one locale, whose folders are then the outermost.
INTENT = re.compile(r"(?:^|/)Intents/[^/]+/Intent\.json$")
SLOT = re.compile(r"\{[^{}]*\}")


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the sample utterances of all intents, in all locales; yields (where, utterance)."""
    with opened_zip(path) as archive:
        names = [name for name in archive.names if INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no Intents/*/Intent.json; expected the export of an Amazon Lex V2 bot"
            )
        for name in names:
            try:
                intent = parse_document(archive.read(name), f"{path}: {name}")
                label = intent.need("name").name()
                values = intent.list_of("sampleUtterances")
            except InputError as error:
                bad.report(error)
                continue
            yield from bad.sift(values, partial(_utterance, intent=label, bad=bad))


def _utterance(value: Value, intent: str, bad: BadLines) -> Utterance:
    text = value.need("utterance").string()
    if SLOT.search(text):
        bad.lost("the words that fill the slots of templates", value.where)
    return utterance_of({"text": text, "intent": intent}, value.where)


def sniff(sample: Sample) -> bool:
    """Whether it is a zip archive with intents as Lex V2 names them."""
    return sample.is_zip and any(INTENT.search(name) for name in sample.members)


def read_v1(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the sample utterances of a bot of V1, expanded with the values of its slot types; raises as `read`."""
    resource = read_document(path).need("resource")
    values: dict[str, list[str]] = {}
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
    carries=("text", "intent"),
    loses="slots: a template has only their names, in braces; locales (all are read together)",
    sniff=sniff,
    sniffed="a zip archive with Intents/*/Intent.json",
)
