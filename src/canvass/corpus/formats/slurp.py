"""SLURP's JSON Lines (read only): commands with their slots marked, and again as lists of token numbers.

The intent is scenario and action joined, as nearly all rows have it; in the few others, `intent` lacks the scenario.
"""

from __future__ import annotations

from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_lines
from canvass.corpus.formats.markup import aligned
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Slot, Utterance, slot_records

COLUMNS = Columns(text="sentence", id="slurp_id", domain="scenario")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    yield from bad.sift(read_lines(path, bad), lambda line: _utterance(line, bad))


def _utterance(line: Value, bad: BadLines) -> Utterance:
    text = line.need("sentence").string()
    scenario, action = line.get("scenario"), line.get("action")
    record: dict[str, Any] = {"sentence": text, "slurp_id": line.content_of("slurp_id")}
    record["scenario"] = None if scenario is None else scenario.string()
    record["intent"] = line.content_of("intent")
    if scenario is not None and action is not None:
        record["intent"] = f"{scenario.string()}_{action.string()}"
    annotated = line.get("sentence_annotation")
    slots = None if annotated is None else aligned(text, annotated.string())
    for entity in line.list_of("entities"):
        entity.get("span"), entity.get("type")
    by_tokens = line.get("tokens") is not None and line.get("entities") is not None
    if slots is None and by_tokens:
        # The marks are missing, or spell something else than the sentence ("fl" for "florida").
        slots = _slots_of_tokens(line, text)
    if slots is None and annotated is not None:
        raise InputError(
            f"{line.where}: neither 'sentence_annotation', {shown(annotated.content)}, nor the tokens spell the "
            f"sentence {shown(text)}"
        )
    if slots is not None:
        record["slots"] = slot_records(slots)
    line.tell_unread(bad)
    return utterance_of(record, line.where, COLUMNS)


def _slots_of_tokens(line: Value, text: str) -> list[Slot] | None:
    """Find the slots by the numbers of their tokens, all listed in `span`; None if tokens do not spell the text."""
    spans = []
    end = 0
    for token in line.need("tokens").items():
        surface = token.need("surface").string()
        start = text.lower().find(surface.lower(), end)
        if start < 0 or text[end:start].strip():
            return None
        end = start + len(surface)
        spans.append((start, end))
    slots = []
    for entity in line.need("entities").items():
        numbers = sorted(number.integer() for number in entity.need("span").items())
        if not numbers or numbers[0] < 0 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise entity.wrong("a span that lists the numbers of its tokens, one after the other")
        if numbers[-1] >= len(spans):
            raise entity.wrong(f"a span within the {len(spans)} tokens")
        slots.append(Slot(spans[numbers[0]][0], spans[numbers[-1]][1], entity.need("type").name()))
    return sorted(slots)


def sniff(sample: Sample) -> bool:
    """Whether most lines are objects with "slurp_id" and "sentence"."""
    return sample.has_records(lambda record: "slurp_id" in record and "sentence" in record)


FORMAT = Format(
    name="slurp",
    extensions=(".jsonl",),
    read=read,
    carries=("text", "id", "domain", "intent", "slots", "unannotated"),
    loses="recordings, lemmas, parts of speech; the split, which is the file's name",
    sniff=sniff,
    sniffed='"slurp_id" and "sentence" on most lines',
)
