"""The application of MindMeld: `domains/DOMAIN/INTENT/*.txt`, in a folder or a zip archive.

A line is an utterance, `dim the {guest bath|place} by {20 percent|amount|by}`: words, entity, and role, which is a part
of the label. Groups, `[{two|quantity} {pizzas|dish}|dish]`, keep their entities; what they say besides is told. Files
whose names begin with `test` are the test part.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canvass.corpus.formats.archives import opened_tree, write_zip
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.losses import named
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.corpus.formats.sources import decoded
from canvass.errors import InputError, location, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

MEMBER = re.compile(r"(?:.*/)?domains/([^/]+)/([^/]+)/([^/]+)\.txt")
MARK = re.compile(
    r"\\([{}\[\]|\\])|\{([^{}|]+)\|([^{}|]+)(?:\|([^{}|]+))?\}|([{}\[\]])|\|([^\[\]{}|]+)(?=\])"
)
SPECIAL = re.compile(r"[{}\[\]|\\]")
NAME = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")
TRAIN, TEST = "train", "test"


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the queries of all domains and intents; yields (where, utterance)."""
    with opened_tree(path) as tree:
        for name in tree.names:
            found = MEMBER.fullmatch(name)
            if found is None:
                continue
            names = {
                "domain": found[1],
                "intent": found[2],
                "split": TEST if found[3].startswith(TEST) else TRAIN,
            }
            for number, line in enumerate(tree.read(name).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
                where = location(tree.where(name), number)
                try:
                    utterance = utterance_of_line(decoded(line, where), where, bad, names)
                except InputError as error:
                    bad.report(error)
                else:
                    if utterance is not None:
                        yield where, utterance
        bad.passed_over(tree.unread())


def utterance_of_line(line: str, where: str, bad: BadLines, names: dict[str, str]) -> Utterance | None:
    """Read a line; None where it is blank or a comment. Raises InputError where a bracket has no other."""
    if not line.strip() or line.startswith("#"):
        return None
    pieces: list[str] = []
    slots = []
    length = end = depth = 0
    for match in MARK.finditer(line):
        escaped, words, entity, role, bracket, group = match.groups()
        before = line[end : match.start()]
        end = match.end()
        pieces.append(before)
        length += len(before)
        if escaped:
            pieces.append(escaped)
            length += len(escaped)
        elif words:
            label = f"{entity}:{role}" if role else entity
            slots.append({"start": length, "end": length + len(words), "label": label})
            pieces.append(words)
            length += len(words)
        elif group:
            bad.lost("groups of entities", f"{where}: {shown(group)}")
        else:
            depth += {"[": 1, "]": -1}.get(bracket, -99)
        if depth < 0:
            break
    if depth:
        raise InputError(
            f"{where}: {shown(line)} has a bracket without its other one; expected {{words|entity}}"
        )
    return utterance_of(names | {"text": "".join([*pieces, line[end:]]), "slots": slots}, where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write an application's queries as a zip archive; the file appears whole or not at all."""
    from canvass.corpus.formats.records import BadLines

    members: dict[str, str] = {}
    for utterance in utterances:
        names = {
            "domain": utterance.domain or "",
            "intent": utterance.intent or "",
            "split": utterance.split or TRAIN,
        }
        if utterance.split not in (None, TRAIN, TEST):
            losses.report("splits other than train and test", named(utterance))
            names["split"] = TRAIN
        elif utterance.split is None:
            losses.report("that there is no split (it becomes train)", named(utterance))
        line = _line(utterance)
        try:
            again = utterance_of_line(line, "", BadLines(), names)
        except InputError:
            again = None
        kept = again is not None and (again.text, again.slots) == (utterance.text, utterance.slots)
        if (
            not all(NAME.fullmatch(names[name]) for name in ("domain", "intent"))
            or not kept
            or "\n" in line
            or line.endswith("\r")
        ):
            losses.report(
                "utterances that have no domain or intent, or that no line can hold", named(utterance)
            )
            continue
        member = f"domains/{names['domain']}/{names['intent']}/{names['split']}.txt"
        members[member] = members.get(member, "\ufeff" * line.startswith("\ufeff")) + f"{line}\n"
    write_zip(path, members)


def _line(utterance: Utterance) -> str:
    def escaped(words: str) -> str:
        return SPECIAL.sub(lambda mark: f"\\{mark[0]}", words)

    pieces = []
    end = 0
    for slot in utterance.slots or ():
        entity, _, role = slot.label.partition(":")
        name = f"{entity}|{role}" if role and entity else slot.label
        pieces += [
            escaped(utterance.text[end : slot.start]),
            f"{{{utterance.text[slot.start : slot.end]}|{name}}}",
        ]
        end = slot.end
    return "".join([*pieces, escaped(utterance.text[end:])])


def sniff(sample: Sample) -> bool:
    """Whether there are domains with intents with files of text."""
    return sample.has_member(r"domains/[^/]+/[^/]+/[^/]+\.txt")


FORMAT = Format(
    name="mindmeld",
    extensions=(".zip",),
    read=read,
    blocks=blocks_of_read(read),
    write_annotated=write_annotated,
    carries=("text", "domain", "intent", "slots", "split"),
    loses="braces in slots, splits other than train and test; when read: groups of entities, gazetteers",
    sniff=sniff,
    sniffed="a zip archive or folder with domains/*/*/*.txt",
    reads_folders=True,
)
