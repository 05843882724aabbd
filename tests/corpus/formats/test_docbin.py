"""spaCy's DocBin: what spaCy itself makes of our files, and we of its; damaged bytes; the missing extra."""

import json
import sys
import zlib

import pytest
from hypothesis import given, settings

from canvass.corpus.formats import docbin, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.errors import ExtraMissingError, InputError
from canvass.types import Slot, Utterance
from texts import texts


@pytest.fixture(scope="module", autouse=True)
def spacy():
    """Imported by the first of these tests, since that takes a second."""
    pytest.importorskip("srsly")
    return pytest.importorskip("spacy")


def packed(value):
    import srsly

    return srsly.msgpack_dumps(value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.spacy"


def read(path, bad=None):
    return [utterance for _, utterance in docbin.read(str(path), Columns(), bad or BadLines())]


SOME = [
    Utterance(
        " play  tobymac's\n 歌",
        id="u1",
        count=2,
        intent="play",
        slots=(Slot(7, 14, "artist"),),
        split="train",
    ),
    Utterance("stop", intent="stop", domain="music"),
    Utterance("", slots=()),
]


def test_spacy_reads_what_we_write(spacy, path):
    docbin.write_annotated(str(path), SOME, Losses(strict=True))
    documents = list(spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
    assert [document.text for document in documents] == [one.text for one in SOME]
    assert [(entity.start_char, entity.end_char, entity.label_) for entity in documents[0].ents] == [
        (7, 14, "artist")
    ]
    assert documents[0].cats == {"play": 1.0, "stop": 0.0}
    assert documents[0].has_annotation("ENT_IOB")
    assert not documents[1].has_annotation("ENT_IOB")
    assert documents[2].cats == {}
    assert read(path) == SOME
    assert format_of(str(path)).name == "spacy"


def test_the_same_bytes_each_time(tmp_path):
    for name in ("a.spacy", "b.spacy"):
        docbin.write_annotated(str(tmp_path / name), SOME, Losses())
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()


def test_we_read_what_spacy_writes(spacy, path):
    from spacy.tokens import Doc, DocBin, Span

    nlp = spacy.blank("en")
    first = nlp("Play Miles Davis in   New York, please")
    first.set_ents([Span(first, 1, 3, "artist"), Span(first, 5, 7, "city")])
    first.cats = {"play": 0.9, "stop": 0.1}
    second = nlp("nobody looked")
    third = Doc(nlp.vocab, words=["no", "spaces", "known"])
    third.set_ents([])
    third.cats = {"play": 0.3}
    DocBin(docs=[first, second, third]).to_disk(path)
    assert read(path) == [
        Utterance(
            "Play Miles Davis in   New York, please",
            intent="play",
            slots=(Slot(5, 16, "artist"), Slot(22, 30, "city")),
        ),
        Utterance("nobody looked"),
        Utterance("no spaces known", slots=()),
    ]


def test_tags_that_do_not_fit_together_begin_a_slot(spacy, path):
    docbin.write_annotated(
        str(path), [Utterance("a b c", slots=(Slot(0, 3, "x"), Slot(4, 5, "y")))], Losses()
    )
    found = spacy.tokens.DocBin().from_disk(path)
    inside = found.attrs.index(spacy.attrs.ENT_IOB)
    found.tokens[0] = found.tokens[0].copy()
    found.tokens[0][:, inside] = 1
    found.to_disk(path)
    assert read(path)[0].slots == (Slot(0, 3, "x"), Slot(4, 5, "y"))


def test_adjacent_entities_stay_two(spacy, path):
    from spacy.tokens import DocBin, Span

    document = spacy.blank("en")("a b c")
    document.set_ents([Span(document, 0, 1, "x"), Span(document, 1, 3, "x")])
    DocBin(docs=[document]).to_disk(path)
    assert read(path)[0].slots == (Slot(0, 1, "x"), Slot(2, 5, "x"))


@settings(deadline=None)
@given(text=texts)
def test_words_and_blanks_make_the_text(text):
    slots = (Slot(0, 1, "x"), Slot(max(len(text) - 1, 1), len(text), "y")) if len(text) > 1 else ()
    words, blanks, starts = docbin._words(Utterance(text, slots=slots))
    assert "".join(word + " " * blank for word, blank in zip(words, blanks, strict=True)) == text
    assert [text[start : start + len(word)] for start, word in zip(starts, words, strict=True)] == words


def several(path):
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    document = nlp("hm")
    document.cats = {"a": 0.9, "b": 0.8}
    document.set_ents([])
    other = nlp("ok")
    other.set_ents([])
    DocBin(docs=[document, other]).to_disk(path)


def test_several_categories_are_refused_and_can_be_tolerated(path):
    several(path)
    with pytest.raises(
        InputError, match=r"document 1: several categories are above 0\.5, \['a', 'b'\]; expected one"
    ):
        read(path)
    bad = BadLines(1)
    assert read(path, bad) == [Utterance("ok", slots=())]
    assert bad.count == 1


def altered(path, change):
    import srsly

    message = srsly.msgpack_loads(zlib.decompress(path.read_bytes()))
    change(message)
    path.write_bytes(zlib.compress(packed(message)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(strings=[]), "document 1 is damaged"),
        (
            lambda m: m.update(cats=[3, {}, {}]),
            "document 1: the categories are 3; expected names with numbers",
        ),
        (lambda m: m.update(cats=[{"a": "x"}, {}, {}]), "expected names with numbers"),
        (lambda m: m.update(cats=[{}]), "not a DocBin of spaCy with entities, or a damaged one"),
        (lambda m: m.update(user_data=[b"\xc1", None, None]), "document 1 is damaged"),
        (
            lambda m: m.update(user_data=[packed({"canvass": {"count": -1}}), None, None]),
            "document 1: field 'count' is -1",
        ),
        (lambda m: m.update(attrs=[65, 77]), "not a DocBin of spaCy with entities, or a damaged one"),
        (lambda m: m.update(attrs=[]), "not a DocBin of spaCy"),
        (lambda m: m.pop("tokens"), "not a DocBin of spaCy"),
        (lambda m: m.update(lengths=b"\xff\xff\xff\xff"), "a.spacy"),
    ],
)
def test_damaged_content(path, change, words):
    docbin.write_annotated(str(path), SOME, Losses())
    altered(path, change)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"no bytes of spaCy", zlib.compress(b"\x93"), zlib.compress(json.dumps({}).encode())]
)
def test_what_is_no_docbin(path, data):
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a DocBin of spaCy"):
        read(path)


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(path, monkeypatch):
    monkeypatch.setattr(docbin, "LARGEST_DOCUMENT", 1 << 20)
    monkeypatch.setattr(docbin, "LARGEST_CHUNK", 1 << 16)
    path.write_bytes(zlib.compress(bytes(8 << 20)))
    with pytest.raises(InputError, match="would unpack to more than 1 MB"):
        read(path)


def test_without_spacy(path, monkeypatch):
    docbin.write_annotated(str(path), SOME, Losses())
    monkeypatch.setitem(sys.modules, "spacy.attrs", None)
    for attempt in (lambda: read(path), lambda: docbin.write_annotated(str(path), SOME, Losses())):
        with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[spacy\]'"):
            attempt()
