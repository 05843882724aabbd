"""Amazon Lex V2: an exported bot as a zip archive, read only.

Sample utterances are templates, `play {Artist}`: they become utterances with the braces in the text, and without
annotations of slots, since they say where a slot stands but not what people say there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canvass.corpus.formats.archives import opened_zip
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import parse_document
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

COLUMNS = Columns()
# An export of a bot, or of one locale, whose folders are then the outermost.
INTENT = re.compile(r"(?:^|/)Intents/[^/]+/Intent\.json$")
SLOT = re.compile(r"\{[^{}]*\}")


def read(path: str, columns: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the sample utterances of all intents, in all locales; yields (where, utterance).

    Raises
    ------
    InputError
        If the file is not a sound zip archive with intents, or an utterance is bad and the tolerance is used up.
    FileError
        If the file cannot be read.

    """
    del columns  # the format has its own
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
                samples = intent.get("sampleUtterances")
                values = [] if samples is None else samples.items()
            except InputError as error:
                bad.report(error)
                continue
            for value in values:
                try:
                    text = value.need("utterance").string()
                    utterance = utterance_of({"text": text, "intent": label}, value.where, COLUMNS)
                except InputError as error:
                    bad.report(error)
                    continue
                if SLOT.search(text):
                    bad.lost("the words that fill the slots of templates", value.where)
                yield value.where, utterance


def sniff(sample: Sample) -> bool:
    """Whether it is a zip archive with intents as Lex V2 names them."""
    return sample.is_zip and any(INTENT.search(name) for name in sample.members)


FORMAT = Format(
    name="lex",
    extensions=(".zip",),
    read=read,
    blocks=blocks_of_read(read),
    write=None,
    carries=("text", "intent"),
    loses="slots: a template has only their names, in braces; locales (all are read together)",
    sniff=sniff,
    sniffed="a zip archive with Intents/*/Intent.json",
)
