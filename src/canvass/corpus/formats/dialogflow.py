"""Dialogflow ES: an agent as a zip archive or a folder, read only.

The training phrases of an intent stand in `intents/X_usersays_en.json` (one for each language), or, in older exports,
in the intent itself. A phrase is a list of chunks, of which one with an alias or a meta is a slot; its label is the
alias, which is the name of the parameter, or else the entity without its @.
"""

from __future__ import annotations

import re
from functools import partial

from canvass.corpus.formats.archives import Archive, opened_tree
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, parse_document
from canvass.corpus.formats.markup import Chunk, spelled
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

INTENT = re.compile(r"(?:^|/)intents/[^/]+\.json$")
PHRASES = re.compile(r"_usersays_[A-Za-z0-9-]+\.json$")
IGNORED = "sys.ignore"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as archive:
        names = [name for name in archive.names if INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no intents/*.json; expected the export of a Dialogflow ES agent"
            )
        for name in names:
            with bad.tolerance():
                phrases, intent = _phrases(archive, name, bad)
                yield from bad.sift(phrases, partial(_utterance, intent=intent, bad=bad))
        bad.passed_over(archive.unread())


def _phrases(archive: Archive, name: str, bad: BadLines) -> tuple[list[Value], str]:
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
    record = spelled((_chunk(chunk, bad) for chunk in phrase.need("data").items()), phrase.where, bad)
    record |= {"intent": intent, "id": phrase.content_of("id"), "count": phrase.content_of("count") or 1}
    if phrase.content_of("isTemplate") is True:
        bad.lost("the words that fill the slots of templates", phrase.where)
        record["slots"] = None
    phrase.tell_unread(bad)
    return utterance_of(record, phrase.where)


def _chunk(chunk: Value, bad: BadLines) -> Chunk:
    words, alias, meta = chunk.need("text").string(), chunk.get("alias"), chunk.get("meta")
    entity = "" if meta is None else meta.string().removeprefix("@")
    parameter = "" if alias is None else alias.string()
    if entity == IGNORED:
        return words, None
    if parameter and entity.removeprefix("sys.") not in ("", parameter):
        bad.lost("entities whose name is not the parameter's", f"{chunk.where}: {shown(entity)}")
    return words, parameter or entity or None


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
    carries=("text", "id", "count", "intent", "slots"),
    loses="languages (all are read together), entities beside the names of parameters, contexts and responses",
    sniff=sniff,
    sniffed="a zip archive with intents/*.json, or a folder with agent.json and intents/*_usersays_*.json",
    reads_folders=True,
)
