"""The formats of research corpora: SLURP, MASSIVE, CLINC150 and HWU64; all but MASSIVE are read only.

SLURP and MASSIVE are JSON Lines of commands with slots marked, `wake me at [time : five am]`. SLURP has the slots also
as lists of token numbers. Its intent is scenario and action joined, as nearly all rows have it; in the few others,
`intent` lacks the scenario. In MASSIVE, a scenario is a domain, a partition a split. Rows without `annot_utt`, as of
the part whose labels are kept secret, are not annotated for slots.

CLINC150 is JSON, lists of [text, intent] under the name of their part; `oos` is out of scope.

HWU64 has cells between semicolons, and slots marked in the answer. Liu et al., "Benchmarking Natural Language
Understanding Services for building Conversational Agents", IWSDS 2019. The corpus says of itself that rows whose status
begins with IRR are to be ignored, and that an intent is known by its scenario and itself. An answer that is `null` was
never given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats import jsonl
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.delimited_rows import Table
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document, read_lines
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import aligned, marked, parse, trimmed
from canvass.corpus.formats.pieces import places_of_tokens
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import on_disk
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Slot, Utterance, slot_records

SLURP_COLUMNS = Columns(text="sentence", id="slurp_id", domain="scenario")


def read_slurp(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    yield from bad.sift(read_lines(path, bad), _utterance_of_slurp, bad)


def _utterance_of_slurp(line: Value, bad: BadLines) -> Utterance:
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
    return utterance_of(record, line.where, SLURP_COLUMNS)


def _slots_of_tokens(line: Value, text: str) -> list[Slot] | None:
    """Find the slots by the numbers of their tokens, all listed in `span`; None if tokens do not spell the text."""
    surfaces = [token.need("surface").string().lower() for token in line.need("tokens").items()]
    try:
        places = places_of_tokens(text.lower(), surfaces, [line.where] * len(surfaces))
    except InputError:
        return None
    slots = []
    for entity in line.need("entities").items():
        numbers = sorted(number.integer() for number in entity.need("span").items())
        if not numbers or numbers[0] < 0 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise entity.wrong("a span that lists the numbers of its tokens, one after the other")
        if numbers[-1] >= len(places):
            raise entity.wrong(f"a span within the {len(places)} tokens")
        slots.append(Slot(places[numbers[0]][0], places[numbers[-1]][1], entity.need("type").name()))
    return sorted(slots)


SLURP = Format(
    read=read_slurp,
    carries=("text", "id", "domain", "intent", "slots", "unannotated"),
    loses="recordings, lemmas, parts of speech; the split, which is the file's name",
    sniff=lambda sample: sample.has_records(lambda record: "slurp_id" in record and "sentence" in record),
    sniffed='"slurp_id" and "sentence" on most lines',
)


MASSIVE_COLUMNS = Columns(text="utt", domain="scenario", split="partition")
KNOWN_OF_MASSIVE = frozenset({*MASSIVE_COLUMNS.all(), "annot_utt"} - {MASSIVE_COLUMNS.slots})
UNKNOWN_LOCALE = "und"  # "undetermined" of BCP 47; the field must be there


def read_massive(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    yield from bad.sift(read_lines(path, bad), _utterance_of_massive, bad)


def _utterance_of_massive(line: Value, bad: BadLines) -> Utterance:
    record = {name: line.content.get(name) for name in MASSIVE_COLUMNS.all() if name in line.content}
    record.pop(MASSIVE_COLUMNS.slots, None)
    annotated = line.get("annot_utt")
    if annotated is not None:
        text = line.need("utt").string()
        slots = aligned(text, annotated.string())
        if slots is None:
            raise InputError(
                f"{line.where}: field 'annot_utt' is {shown(annotated.content)}, which spells another text than "
                f"'utt', {shown(text)}"
            )
        record[MASSIVE_COLUMNS.slots] = slot_records(slots)
    bad.unused(line.content, KNOWN_OF_MASSIVE, line.where)
    return utterance_of(record, line.where, MASSIVE_COLUMNS)


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


MASSIVE = Format(
    read=read_massive,
    write_annotated=write_annotated,
    carries=("text", "id", "domain", "intent", "slots", "split", "unannotated"),
    loses="the count; slots that brackets in the text or colons in the label would confuse; when read: locale, "
    "workers, judgments, methods",
    sniff=lambda sample: sample.has_records(lambda record: "utt" in record and "locale" in record),
    sniffed='"utt" and "locale" on most lines',
)


PARTS = ("train", "val", "test", "oos_train", "oos_val", "oos_test")
OUT_OF_SCOPE = "oos_"


def read_clinc150(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all parts; yields (where, utterance). Nobody annotated slots."""
    document = read_document(path)
    parts = [(name, part) for name in PARTS if (part := document.get(name)) is not None]
    if not parts:
        raise document.wrong(f"an object with {', '.join(PARTS)}")
    for name, part in parts:
        split = name.removeprefix(OUT_OF_SCOPE)
        yield from bad.sift(part.items(), _utterance_of_clinc150, split)
    document.tell_unread(bad)


def _utterance_of_clinc150(pair: Value, split: str) -> Utterance:
    items = pair.items()
    if len(items) != len(("text", "intent")):
        raise pair.wrong("a list of two strings, text and intent")
    text, intent = items
    return utterance_of({"text": text.string(), "intent": intent.name(), "split": split}, pair.where)


def _sniff_clinc150(sample: Sample) -> bool:
    parts = [sample.json_object.get(name) for name in PARTS]
    # The last pair may be cut off by the end of the sample.
    return any(
        isinstance(part, list)
        and part
        and isinstance(part[0], list)
        and all(isinstance(item, str) for item in part[0])
        for part in parts
    )


CLINC150 = Format(
    read=read_clinc150,
    carries=("text", "intent", "split"),
    loses="nothing but the file's order of parts",
    sniff=_sniff_clinc150,
    sniffed='lists of pairs under "train", "val", "test", "oos_train", ...',
)


ANSWER, SCENARIO, INTENT, STATUS = "answer_annotation", "scenario", "intent", "status"
IRRELEVANT, NO_ANSWER = "IRR", "null"
DOUBLED = re.compile(r"\s:{2,}\s")  # a slip of the annotators: [date :: today]
# What else the corpus says: who was asked, and the answer before it was annotated.
KNOWN_OF_HWU64 = frozenset(
    {ANSWER, SCENARIO, INTENT, STATUS, *("userid", "answerid", "question", "answer", "answer_normalised")}
)
HWU64_TABLE = Columns(text=ANSWER, domain=SCENARIO)
HWU64_COLUMNS = Columns(domain=SCENARIO)


def read_hwu64(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    with on_disk(path) as file:
        for where, row in Table(file, path, ";", HWU64_TABLE).records(bad):
            with bad.tolerance():
                utterance = _utterance_of_hwu64(row, where, bad)
                if utterance is not None:
                    yield where, utterance


def _utterance_of_hwu64(row: dict[str, Any], where: str, bad: BadLines) -> Utterance | None:
    answer = row[ANSWER].strip()
    if not answer or answer == NO_ANSWER or (row.get(STATUS) or "").startswith(IRRELEVANT):
        bad.rejected("rows without an answer, or marked as irrelevant", where)
        return None
    bad.unused(row, KNOWN_OF_HWU64, where)
    text, slots = parse(DOUBLED.sub(" : ", answer))
    # White space between words and brackets, `[date : today ]`; a mark around nothing is no slot.
    kept = filter(None, (trimmed(slot, text) for slot in slots))
    scenario, intent = row.get(SCENARIO), row.get(INTENT)
    record = {
        "text": text,
        SCENARIO: scenario,
        "intent": f"{scenario}_{intent}" if scenario and intent else intent,
        "slots": slot_records(kept),
    }
    return utterance_of(record, where, HWU64_COLUMNS)


def _sniff_hwu64(sample: Sample) -> bool:
    names = [name.strip(' "') for name in sample.lines[0].split(";")] if sample.lines else []
    return {ANSWER, SCENARIO, INTENT} <= set(names)


HWU64 = Format(
    read=read_hwu64,
    carries=("text", "domain", "intent", "slots"),
    loses="who answered which question how; rows that were marked as irrelevant",
    sniff=_sniff_hwu64,
    sniffed='"answer_annotation" in a header with semicolons',
)
