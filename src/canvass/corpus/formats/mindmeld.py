"""The application of MindMeld: `domains/DOMAIN/INTENT/*.txt`, in a folder or a zip archive.

Intents may be in a folder `intents` of their domain, too: `domains/DOMAIN/intents/INTENT/*.txt`.

A line is an utterance, `dim the {guest bath|place} by {20 percent|amount|by}`: words, entity, and role, which is a part
of the label. Groups, `[{two|quantity} {pizzas|dish}|dish]`, keep their entities; what they say besides is told. Files
whose names begin with `test` are the test part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from canvass.corpus.formats.archives import opened_tree, write_zip
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import Chunk, chunks_at, chunks_of, spelled
from canvass.corpus.formats.sources import BYTE_ORDER_MARK, Line, located
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

QUERIES = r"domains/([^/]+)/(?:intents/)?([^/]+)/([^/]+)\.txt"
MEMBER = re.compile(rf"(?:.*/)?{QUERIES}")
MARK = re.compile(
    r"\\([{}\[\]|\\])|\{([^{}|]+)\|([^{}|]+)(?:\|([^{}|]+))?\}|([{}\[\]])|\|([^\[\]{}|]+)(?=\])"
)
SPECIAL = re.compile(r"[{}\[\]|\\]")
NAME = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")
TRAIN, TEST = "train", "test"
UNPAIRED = "has a bracket without its other one; expected {words|entity}"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the queries of all domains and intents; yields (where, utterance)."""
    with opened_tree(path) as tree:
        for name in tree.names:
            if member := MEMBER.fullmatch(name):
                split = TEST if member[3].startswith(TEST) else TRAIN
                names = {"domain": member[1], "intent": member[2], "split": split}
                lines = located(tree.read(name).removeprefix(BYTE_ORDER_MARK), tree.where(name))
                yield from bad.sift(lines, utterance_of_line, bad, names)
        bad.passed_over(tree.unread())


def utterance_of_line(line: Line, bad: BadLines, names: dict[str, str]) -> Utterance | None:
    """Read a line; None where it is blank or a comment. Raises InputError where a bracket has no other."""
    if not line.text.strip() or line.text.startswith("#"):
        return None
    depth = 0

    def chunk(match: re.Match[str]) -> Chunk:
        nonlocal depth
        escaped, words, entity, role, bracket, group = match.groups()
        if group:
            bad.lost("groups of entities", f"{line.where}: {shown(group)}")
        elif bracket:
            depth += {"[": 1, "]": -1}.get(bracket, 0)
            if depth < 0 or bracket in "{}":
                raise line.wrong(UNPAIRED)
        return words or escaped or "", (f"{entity}:{role}" if role else entity)

    record = spelled(chunks_at(MARK, line.text, chunk))
    if depth:
        raise line.wrong(UNPAIRED)
    return utterance_of(names | record, line.where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write an application's queries as a zip archive; the file appears whole or not at all."""
    members: dict[str, str] = {}
    for utterance in utterances:
        split = TEST if utterance.split == TEST else TRAIN
        names = {"domain": utterance.domain or "", "intent": utterance.intent or "", "split": split}
        if utterance.split is None:
            losses.report("that there is no split (it becomes train)", named(utterance))
        elif utterance.split != split:
            losses.report("splits other than train and test", named(utterance))
        line = _line(utterance)
        try:
            again = utterance_of_line(Line("", line.encode()), BadLines(), names)
        except InputError:
            again = None
        is_kept = again is not None and (again.text, again.slots) == (utterance.text, utterance.slots)
        is_line = "\n" not in line and not line.endswith("\r")
        if not (is_kept and is_line and NAME.fullmatch(names["domain"]) and NAME.fullmatch(names["intent"])):
            losses.report(
                "utterances that have no domain or intent, or that no line can hold", named(utterance)
            )
            continue
        member = f"domains/{names['domain']}/{names['intent']}/{names['split']}.txt"
        members[member] = members.get(member, "\ufeff" * line.startswith("\ufeff")) + f"{line}\n"
    write_zip(path, members)


def _line(utterance: Utterance) -> str:
    pieces = []
    for words, label in chunks_of(utterance):
        if label is None:
            pieces.append(SPECIAL.sub(lambda mark: f"\\{mark[0]}", words))
        else:
            entity, _, role = label.partition(":")
            pieces.append(f"{{{words}|{entity}|{role}}}" if role and entity else f"{{{words}|{label}}}")
    return "".join(pieces)


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    carries=("text", "domain", "intent", "slots", "split"),
    loses="braces in slots, splits other than train and test; when read: groups of entities, gazetteers",
    sniff=lambda sample: sample.has_member(QUERIES),
    sniffed="a zip archive or folder with domains/*/*/*.txt or domains/*/intents/*/*.txt",
)
