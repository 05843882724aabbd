"""MASSIVE's JSON Lines: the text, and again with its slots marked; a scenario is a domain, a partition a split.

Rows without `annot_utt`, as of the part whose labels are kept secret, are not annotated for slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats import jsonl
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_lines
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.markup import aligned, marked
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance, slot_records

COLUMNS = Columns(text="utt", domain="scenario", split="partition")
KNOWN = frozenset({*COLUMNS.all(), "annot_utt"} - {COLUMNS.slots})
UNKNOWN_LOCALE = "und"  # "undetermined" of BCP 47; the field must be there


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    yield from bad.sift(read_lines(path, bad), lambda line: _utterance(line, bad))


def _utterance(line: Value, bad: BadLines) -> Utterance:
    record = {name: line.content.get(name) for name in COLUMNS.all() if name in line.content}
    record.pop(COLUMNS.slots, None)
    annotated = line.get("annot_utt")
    if annotated is not None:
        text = line.need("utt").string()
        slots = aligned(text, annotated.string())
        if slots is None:
            raise InputError(
                f"{line.where}: field 'annot_utt' is {shown(annotated.content)}, which spells another text than "
                f"'utt', {shown(text)}"
            )
        record[COLUMNS.slots] = slot_records(slots)
    bad.unused(line.content, KNOWN, line.where)
    return utterance_of(record, line.where, COLUMNS)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances, one object a line; the file appears whole or not at all.

    Slots that the marks cannot hold are left out with the marked text, so that nobody takes them for none.
    """
    jsonl.write(path, (_record(utterance, losses) for utterance in utterances))


def _record(utterance: Utterance, losses: Losses) -> dict[str, Any]:
    record = {
        "id": utterance.id,
        "locale": UNKNOWN_LOCALE,
        "partition": utterance.split,
        "scenario": utterance.domain,
        "intent": utterance.intent,
        "utt": utterance.text,
    }
    if utterance.slots is not None:
        record["annot_utt"] = marked(utterance.text, utterance.slots)
        if record["annot_utt"] is None:
            losses.report(
                "slots that brackets in the text, or the label, would confuse",
                named(utterance),
            )
    return {name: value for name, value in record.items() if value is not None}


def sniff(sample: Sample) -> bool:
    """Whether most lines are objects with a locale and "utt"."""
    return sample.has_records(lambda record: "utt" in record and "locale" in record)


FORMAT = Format(
    name="massive",
    extensions=(".jsonl",),
    read=read,
    write_annotated=write_annotated,
    carries=("text", "id", "domain", "intent", "slots", "split", "unannotated"),
    loses="the count; slots that brackets in the text or colons in the label would confuse; when read: locale, "
    "workers, judgments, methods",
    sniff=sniff,
    sniffed='"utt" and "locale" on most lines',
)
