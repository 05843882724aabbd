"""The tables of MTOP and TOPv2, utterances with their parse; read only.

Of the outermost intent, its own slots are read; intents inside of slots are told.

MTOP: eight columns between tabs, the slots as `6:9:SL:RECIPIENT`. Li et al., "MTOP: A Comprehensive Multilingual
Task-Oriented Semantic Parsing Benchmark", EACL 2021. The columns are id, intent, slots, utterance, domain, locale, the
parse, and the tokens as JSON. What the offsets of slots count is not said anywhere: where characters and bytes differ,
the reading counts that ends at tokens, and whose words the parse has.

TOPv2: the parse alone, `[IN:GET_WEATHER weather in [SL:LOCATION Rome ] ]`. Chen et al., "Low-Resource Domain Adaptation
for Compositional Task-Oriented Semantic Parsing", EMNLP 2020.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import NamedTuple

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import BYTES, CODE_POINTS, part_of
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.pieces import slots_of_tokens
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import Line, located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

WIDTH = 8  # columns
UNITS = (CODE_POINTS, BYTES)  # what offsets may count
INTENT, SLOT = "IN:", "SL:"
WRITTEN = re.compile(r"(\d{1,9}):(\d{1,9}):SL:([^,:\s]+)")
# A slot of the parse with words alone in it: [SL:DATE_TIME 3 : 15 pm ].
LEAF = re.compile(r"\[SL:(\S+) ([^\[\]]*?) ?\]")


class Row(NamedTuple):
    """The columns of a line."""

    id: str
    intent: str
    slots: str
    text: str
    domain: str
    locale: str
    parse: str
    tokens: str


Span = tuple[int, int]  # a part of a text, end exclusive


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    lines = (line for line in located_lines(path) if line.data.strip())
    return bad.sift(lines, _utterance, bad)


def _utterance(line: Line, bad: BadLines) -> Utterance:
    where, cells = line.where, line.text.split("\t")
    if len(cells) != WIDTH or not cells[1].startswith(INTENT):
        raise InputError(
            f"{where}: the line has {len(cells)} columns, {shown(line.text)}; expected {WIDTH} between tabs, the "
            f"second an intent such as {INTENT}GET_ALARM"
        )
    row = Row(*cells)
    written = [_written(part, where) for part in row.slots.split(",") if part]
    if row.parse.count(f"[{INTENT}") > 1:
        bad.lost("intents inside of slots, with their slots", f"{where}: {shown(row.parse)}")
    bad.unused({"locale": row.locale}, frozenset(), where)
    record = {
        "text": row.text,
        "id": row.id or None,
        "domain": row.domain or None,
        "intent": row.intent.removeprefix(INTENT),
        "slots": [
            {"start": start, "end": end, "label": label}
            for (start, end), (_, label) in zip(_spans(row, written, where), written, strict=True)
        ],
    }
    return utterance_of(record, where)


def _written(part: str, where: str) -> tuple[Span, str]:
    match = WRITTEN.fullmatch(part)
    if match is None:
        raise InputError(f"{where}: the slot {shown(part)} is not of the form 6:9:SL:NAME")
    return (int(match[1]), int(match[2])), match[3]


def _spans(row: Row, written: list[tuple[Span, str]], where: str) -> list[Span]:
    """Find the slots in the text, whatever their offsets count."""
    tokens = _tokens(row)
    leaves = {(label, words) for label, words in LEAF.findall(row.parse)}
    best: tuple[int, list[Span]] | None = None
    for unit in UNITS:
        parts = [part for span, _ in written if (part := part_of(row.text, span, unit)) is not None]
        if len(parts) < len(written) or not _at_borders(parts, tokens):
            continue
        spoken = [
            (label, " ".join(row.text[start:end] for start, end in tokens if first <= start < last))
            for (first, last), (_, label) in zip(parts, written, strict=True)
        ]
        agreeing = sum(slot in leaves for slot in spoken)
        if best is None or agreeing > best[0]:
            best = agreeing, parts
    if best is None:
        raise InputError(
            f"{where}: the slots {shown(row.slots)} are no parts of {shown(row.text)} that begin and end at its tokens"
        )
    return best[1]


def _at_borders(spans: list[Span], tokens: list[Span]) -> bool:
    starts, ends = {start for start, _ in tokens}, {end for _, end in tokens}
    return not tokens or all(start in starts and end in ends for start, end in spans)


def _tokens(row: Row) -> list[Span]:
    """Find the tokens in the text; none where the last column is something else."""
    try:
        value = json.loads(row.tokens)
        words, places = value["tokens"], value["tokenSpans"]
        spans = [(place["start"], place["start"] + place["length"]) for place in places]
        for unit in UNITS:
            tokens = [token for span in spans if (token := part_of(row.text, span, unit)) is not None]
            if [row.text[start:end] for start, end in tokens] == words:
                return tokens
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return []


def _sniff(sample: Sample) -> bool:
    rows = [line.split("\t") for line in sample.filled_lines]
    return bool(rows) and sum(len(row) == WIDTH and row[1].startswith(INTENT) for row in rows) * 2 >= len(
        rows
    )


FORMAT = Format(
    read=read,
    carries=("text", "id", "domain", "intent", "slots"),
    loses="intents inside of slots, with their slots; locale, parse and tokens",
    sniff=_sniff,
    sniffed="eight columns between tabs on most lines, the second of which begins with IN:",
)


HEADER = ("domain", "utterance", "semantic_parse")
OPENING_INTENT, OPENING_SLOT = "[IN:", "[SL:"


def read_topv2(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read an annotated table; yields (where, utterance)."""
    return bad.sift(itertools.islice(located_lines(path), 1, None), _utterance_of_topv2, bad)


def _utterance_of_topv2(row: Line, bad: BadLines) -> Utterance | None:
    if not row.data:
        return None
    where, cells = row.where, row.text.split("\t")
    if len(cells) != len(HEADER):
        raise InputError(f"{where}: the row has {len(cells)} cells; expected {', '.join(HEADER)}")
    domain, text, parse = cells
    words, intent, slots = _parsed(parse, where, bad)
    record = {
        "text": text,
        "domain": domain or None,
        "intent": intent,
        "slots": slots_of_tokens(text, words, slots, where),
    }
    return utterance_of(record, where)


def _parsed(parse: str, where: str, bad: BadLines) -> tuple[list[str], str, list[tuple[int, int, str]]]:
    """Read a parse: its words, the outermost intent, and its slots as (first word, last word, label)."""
    words: list[str] = []
    slots: list[tuple[int, int, str]] = []
    stack: list[tuple[str, int]] = []  # what is open, and the word at which it begins
    intent: str | None = None
    for piece in parse.split(" "):
        if piece.startswith((OPENING_INTENT, OPENING_SLOT)) and piece.startswith(OPENING_INTENT) == (
            len(stack) % 2 == 0
        ):
            name = piece[len(OPENING_INTENT) :]
            if stack and piece.startswith(OPENING_INTENT):
                bad.lost("intents inside of slots, with their slots", f"{where}: {name}")
            stack.append((name, len(words)))
        elif piece == "]" and stack:
            name, first = stack.pop()
            if len(stack) == 1 and first < len(words):
                slots.append((first, len(words) - 1, name))
            intent = name if not stack else intent
        elif piece:
            words.append(piece)
    if stack or intent is None:
        raise InputError(f"{where}: {shown(parse)} is no parse; expected [IN:... with a bracket for each")
    return words, intent, slots


TOPV2 = Format(
    read=read_topv2,
    carries=("text", "domain", "intent", "slots"),
    loses="intents inside of slots, with their slots",
    sniff=lambda sample: tuple((*sample.lines, "")[0].lower().split("\t")) == HEADER,
    sniffed="the header domain, utterance, semantic_parse",
)
