"""CLINC150's JSON (read only): lists of [text, intent] under the name of their part; `oos` is out of scope."""

from __future__ import annotations

from functools import partial

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.types import Utterance

PARTS = ("train", "val", "test", "oos_train", "oos_val", "oos_test")
OUT_OF_SCOPE = "oos_"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all parts; yields (where, utterance). Nobody annotated slots."""
    document = read_document(path)
    parts = [(name, part) for name in PARTS if (part := document.get(name)) is not None]
    if not parts:
        raise document.wrong(f"an object with {', '.join(PARTS)}")
    for name, part in parts:
        split = name.removeprefix(OUT_OF_SCOPE)
        yield from bad.sift(part.items(), partial(_utterance, split=split))
    document.tell_unread(bad)


def _utterance(pair: Value, split: str) -> Utterance:
    items = pair.items()
    if len(items) != len(("text", "intent")):
        raise pair.wrong("a list of two strings, text and intent")
    text, intent = items
    return utterance_of({"text": text.string(), "intent": intent.name(), "split": split}, pair.where)


def sniff(sample: Sample) -> bool:
    """Whether the parts are lists of pairs."""
    value = sample.json
    parts = [value.get(name) for name in PARTS] if isinstance(value, dict) else []
    # The last pair may be cut off by the end of the sample.
    return any(
        isinstance(part, list)
        and part
        and isinstance(part[0], list)
        and all(isinstance(item, str) for item in part[0])
        for part in parts
    )


FORMAT = Format(
    name="clinc150",
    read=read,
    carries=("text", "intent", "split"),
    loses="nothing but the file's order of parts",
    sniff=sniff,
    sniffed='lists of pairs under "train", "val", "test", "oos_train", ...',
)
