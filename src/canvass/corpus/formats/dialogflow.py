"""Dialogflow ES: an agent as a zip archive or a folder, read only.

The training phrases of an intent stand in `intents/X_usersays_en.json` (one for each language), or, in older exports,
in the intent itself. A phrase is a list of chunks, of which one with an alias or a meta is a slot; its label is the
alias, which is the name of the parameter, or else the entity without its @.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.archives import opened_tree
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import parse_document
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.corpus.formats.archives import Archive, Folder
    from canvass.corpus.formats.located import Value
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

COLUMNS = Columns(slots="data")
INTENT = re.compile(r"(?:^|/)intents/[^/]+\.json$")
PHRASES = re.compile(r"_usersays_[A-Za-z0-9-]+\.json$")
IGNORED = "@sys.ignore"


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as archive:
        names = [name for name in archive.names if INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no intents/*.json; expected the export of a Dialogflow ES agent"
            )
        for name in names:
            try:
                phrases, intent = _phrases(archive, name, bad)
            except InputError as error:
                bad.report(error)
                continue
            yield from bad.sift(phrases, partial(_utterance, intent=intent, bad=bad))
        bad.passed_over(archive.unread())


def _phrases(archive: Archive | Folder, name: str, bad: BadLines) -> tuple[list[Value], str]:
    """Take the phrases of a member, and the name of their intent."""
    value = parse_document(archive.read(name), archive.where(name))
    phrases = PHRASES.search(name)
    if phrases is None:
        said, intent = value.list_of("userSays"), value.need("name").name()
        value.tell_unread(bad)
        return said, intent
    of = f"{name[: phrases.start()]}.json"
    if of not in archive.names:
        return value.items(), of.rpartition("/")[2].removesuffix(".json")
    return value.items(), parse_document(archive.read(of), archive.where(of)).need("name").name()


def _utterance(phrase: Value, intent: str, bad: BadLines) -> Utterance:
    text = ""
    slots: list[dict[str, Any]] = []
    for chunk in phrase.need("data").items():
        words = chunk.need("text").string()
        alias, meta = chunk.get("alias"), chunk.get("meta")
        label = "" if meta is None or meta.content == IGNORED else meta.string().removeprefix("@")
        if alias is not None and alias.string() and (meta is None or meta.content != IGNORED):
            if label.removeprefix("sys.") not in ("", alias.string()):
                bad.lost("entities whose name is not the parameter's", f"{chunk.where}: {shown(label)}")
            label = alias.string()
        if label and words:
            slots.append({"start": len(text), "end": len(text) + len(words), "label": label})
        text += words
    is_template = phrase.content_of("isTemplate") is True
    if is_template:
        bad.lost("the words that fill the slots of templates", phrase.where)
    record = {"text": text, "id": phrase.content_of("id"), "count": phrase.content_of("count") or 1}
    phrase.tell_unread(bad)
    return utterance_of(
        record | {"intent": intent, "data": None if is_template else slots}, phrase.where, COLUMNS
    )


def sniff(sample: Sample) -> bool:
    """Whether it is a zip archive with intents as Dialogflow ES names them, or a folder of an agent."""
    if sample.is_folder:
        return "agent.json" in sample.members and any(PHRASES.search(name) for name in sample.members)
    # Wit has files of intents, too.
    is_wit = sample.has_member(r"utterances/[^/]+\.json")
    return sample.is_zip and not is_wit and any(INTENT.search(name) for name in sample.members)


FORMAT = Format(
    name="dialogflow",
    extensions=(".zip",),
    read=read,
    blocks=blocks_of_read(read),
    carries=("text", "id", "count", "intent", "slots"),
    loses="languages (all are read together), entities beside the names of parameters, contexts and responses",
    sniff=sniff,
    sniffed="a zip archive with intents/*.json, or a folder with agent.json and intents/*_usersays_*.json",
    reads_folders=True,
)
