"""spaCy's DocBin: entities as slots, categories as intents, the rest in the user data of each document.

spaCy packs and unpacks the bytes; from the arrays the documents are read here, since spaCy itself would trust them.
What spaCy's own tokenisers would do with a text does not matter: the tokens are those of canvass, cut at the borders
of slots, and white space that is no single blank is a token as well, so that all of the text is there.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import LARGEST_DOCUMENT
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.pieces import pieces_of
from canvass.corpus.formats.sources import LARGEST_CHUNK, whole
from canvass.corpus.formats.validation import ALL, utterance_of
from canvass.corpus.spans import OUTSIDE, spans_of
from canvass.errors import InputError, damage, needing, shown
from canvass.files import write_whole
from canvass.types import Utterance

KEY = "canvass"  # of the user data
# A category that is not more likely than not is none.
ENOUGH = 0.5
READ = ("ORTH", "ENT_IOB", "ENT_TYPE", "SPACY", "SENT_START", "HEAD")  # HEAD says nothing without DEP
INSIDE, BEGIN = 1, 3  # of spaCy's ENT_IOB; 0 is missing, 2 outside


def _spacy() -> Any:
    with needing("files of spaCy need spaCy", "spacy"):
        import spacy.attrs
        import spacy.strings
        import spacy.tokens
        import spacy.vocab
    return spacy


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the documents; yields (where, utterance)."""
    spacy = _spacy()
    packed = _packed(path)
    # The library raises whatever its parser meets.
    with damage(f"{path}: not a DocBin of spaCy with entities, or a damaged one", Exception, reason=shown):
        docbin = spacy.tokens.DocBin().from_bytes(packed)
        strings = spacy.strings.StringStore(docbin.strings)
        places = [docbin.attrs.index(getattr(spacy.attrs, name)) for name in READ[:3]]
        names_of_kinds = {kind: name for name, kind in spacy.attrs.IDS.items()}
        others = {
            place: name
            for place, kind in enumerate(docbin.attrs)
            if (name := names_of_kinds.get(kind, str(kind))) not in READ
        }
        groups = [names_of_groups(packed_groups) for packed_groups in docbin.span_groups] or [()] * len(
            docbin.tokens
        )
        lists = (docbin.tokens, docbin.spaces, docbin.cats, docbin.flags, docbin.user_data)
        documents = list(zip(*lists, strict=True))
    for number, (document, names) in enumerate(zip(documents, groups, strict=False), 1):
        where = f"{path}: document {number}"
        if names:
            bad.lost("groups of spans (doc.spans)", f"{where}: {shown(names)}")
        for place, name in others.items():
            value = min({int(value) for value in document[0][:, place]} - {0}, default=None)
            if value is not None:
                word = strings[value] if value in strings else str(value)
                bad.lost(f"what else the tokens have ({name})", f"{where}: {shown(word)}")
        with bad.tolerance():
            yield where, utterance_of(_record(document, places, strings, where, bad), where)


def names_of_groups(packed: bytes) -> tuple[str, ...]:
    """Name the groups of spans of a document that hold some; spaCy packs each with the names under which it stands."""
    import srsly

    groups = srsly.msgpack_loads(packed) if packed else {}
    items = groups.items() if isinstance(groups, dict) else ((group, ()) for group in groups)
    filled: list[str] = []
    for group, names in items:
        said = srsly.msgpack_loads(group)
        if said.get("spans"):
            filled += map(str, names or [said.get("name")])
    return tuple(filled)


def _packed(path: str) -> bytes:
    """Read the bytes of a file, if they do not unpack to more than a machine can hold."""
    packed = whole(path, LARGEST_DOCUMENT)
    unpacker, rest, size = zlib.decompressobj(), packed, 0
    while rest:
        with damage(f"{path}: not a DocBin of spaCy, or a damaged one", zlib.error):
            size += len(unpacker.decompress(rest, LARGEST_CHUNK))
        if size > LARGEST_DOCUMENT:
            raise InputError(
                f"{path}: would unpack to more than {LARGEST_DOCUMENT >> 20} MB; cut the file into several"
            )
        rest = unpacker.unconsumed_tail
    return packed


def _record(
    document: tuple[Any, ...], places: list[int], strings: Any, where: str, bad: BadLines
) -> dict[str, Any]:
    """Make the record of a document for `utterance_of`."""
    import srsly

    tokens, spaces, cats, flags, user_data = document
    with damage(f"{where} is damaged", Exception, reason=shown):
        words = [strings[int(orth)] for orth in tokens[:, places[0]]]
        blanks = [bool(space) for space in spaces[:, 0]]
        if isinstance(flags, dict) and flags.get("has_unknown_spaces"):
            blanks = [True] * (len(words) - 1) + [False] * bool(words)
        entities = [
            (int(iob), strings[int(kind)] if kind else "")
            for iob, kind in zip(tokens[:, places[1]], tokens[:, places[2]], strict=True)
        ]
        own = {} if user_data is None else srsly.msgpack_loads(user_data, use_list=False)
        ends = list(
            itertools.accumulate(len(word) + blank for word, blank in zip(words, blanks, strict=True))
        )
    text = "".join(word + " " * blank for word, blank in zip(words, blanks, strict=True))
    own = own if isinstance(own, dict) else {}
    said = own.pop(KEY, None)
    bad.unused({str(name): value for name, value in own.items()}, frozenset(), where)
    record = dict(said) if isinstance(said, dict) else {}
    starts = [0, *ends[:-1]]
    annotated = record.pop("annotated", any(iob for iob, _ in entities))
    slots = _slots(entities, starts, [start + len(word) for start, word in zip(starts, words, strict=False)])
    return record | {
        "text": text,
        "intent": _intent(cats, where),
        "slots": slots if slots or annotated else None,
    }


def _slots(entities: list[tuple[int, str]], starts: list[int], ends: list[int]) -> list[dict[str, Any]]:
    letters = {BEGIN: "B", INSIDE: "I"}
    tags = [f"{letters[iob]}-{label}" if label and iob in letters else OUTSIDE for iob, label in entities]
    return [
        {"start": starts[first], "end": ends[last], "label": label} for first, last, label in spans_of(tags)
    ]


def _intent(cats: Any, where: str) -> str | None:
    if not cats:
        return None
    if not isinstance(cats, dict) or not all(
        isinstance(name, str) and isinstance(value, int | float) for name, value in cats.items()
    ):
        raise InputError(f"{where}: the categories are {shown(cats)}; expected names with numbers")
    likely = sorted(name for name, value in cats.items() if value > ENOUGH)
    if len(likely) > 1:
        raise InputError(
            f"{where}: several categories are above {ENOUGH}, {shown(likely)}; expected one, the intent"
        )
    return likely[0] if likely else None


def write_annotated(path: str, utterances: Iterable[Utterance], _: Losses) -> None:
    """Write utterances as documents, each with a number for every intent; the file appears whole or not at all."""
    spacy = _spacy()
    known = list(utterances)
    intents = sorted({utterance.intent for utterance in known if utterance.intent is not None})
    vocabulary = spacy.vocab.Vocab()
    documents = spacy.tokens.DocBin(attrs=("ENT_IOB", "ENT_TYPE"), store_user_data=True)
    for utterance in known:
        documents.add(_document(utterance, intents, vocabulary))
    write_whole(path, documents.to_bytes())


def _document(utterance: Utterance, intents: list[str], vocabulary: Any) -> Any:
    spacy = _spacy()
    words, blanks, starts = _words(utterance)
    document = spacy.tokens.Doc(vocabulary, words=words, spaces=blanks)
    if utterance.slots is not None:
        ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
        document.set_ents(
            [
                spacy.tokens.Span(document, starts.index(slot.start), ends.index(slot.end) + 1, slot.label)
                for slot in utterance.slots
            ]
        )
    if utterance.intent is not None:
        document.cats = {intent: float(intent == utterance.intent) for intent in intents}
    own = {name: getattr(utterance, name) for name in ("id", "domain", "split")}
    own |= {"count": utterance.count, "annotated": utterance.slots is not None}
    document.user_data[KEY] = {name: value for name, value in own.items() if value is not None}
    return document


def _words(utterance: Utterance) -> tuple[list[str], list[bool], list[int]]:
    """Cut a text into words, with whether a blank follows each, and where each starts."""
    text, slots = utterance.text, utterance.slots or ()
    begins, ends = {slot.start for slot in slots}, {slot.end for slot in slots}
    borders = {offset for piece in pieces_of(text, slots) for offset in piece}
    words: list[str] = []
    blanks: list[bool] = []
    starts: list[int] = []
    for start, end in itertools.pairwise(sorted({0, len(text)} | begins | ends | borders)):
        if text[start:end] == " " and words and start not in begins and end not in ends:
            blanks[-1] = True
        else:
            words.append(text[start:end])
            blanks.append(False)
            starts.append(start)
    return words, blanks, starts


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    carries=ALL,
    loses="nothing; when read: what other components of spaCy annotated, such as tags, lemmas and parses",
)
