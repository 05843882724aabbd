"""CoNLL columns in all schemes, their comments, and the sentence for each bad line."""

import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats import conll, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.pieces import covered, pieces_of, words_of
from canvass.corpus.spans import spans_of, tags_of
from canvass.errors import InputError
from canvass.types import Slot, Utterance
from texts import texts

# The letters of a slot of one token; of the first, a middle and the last of more.
LETTERS = {
    "IOB1": ("I", "I", "I", "I"),
    "IOB2": ("B", "B", "I", "I"),
    "IOE1": ("I", "I", "I", "I"),
    "IOE2": ("E", "I", "I", "E"),
    "IOBES": ("S", "B", "I", "E"),
    "BILOU": ("U", "B", "I", "L"),
}


def tags_in(scheme, spans, length):
    """Write slots, (first token, last token, label) from left to right, as `length` tags."""
    tags = ["O"] * length
    single, begin, middle, end = LETTERS[scheme]
    beside = None  # the last token of the slot before, and its label
    for first, last, label in spans:
        letters = [single] if first == last else [begin, *middle * (last - first - 1), end]
        if beside == (first - 1, label):
            if scheme == "IOB1":
                letters[0] = "B"
            if scheme == "IOE1":
                tags[first - 1] = f"E-{label}"
        tags[first : last + 1] = [f"{letter}-{label}" for letter in letters]
        beside = (last, label)
    return tags


@st.composite
def spans(draw):
    """Slots of tokens from left to right, often one right beside the other; and how many tokens there are."""
    found = []
    at = 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("ab")), max_size=6)
    ):
        found.append((at + gap, at + gap + length - 1, label))
        at += gap + length
    return found, at + draw(st.integers(0, 2))


@pytest.mark.parametrize("scheme", LETTERS)
@given(made=spans())
def test_every_scheme_is_read_by_the_one_rule(scheme, made):
    found, length = made
    assert spans_of(tags_in(scheme, found, length)) == found
    assert tags_of(found, length) == tags_in("IOB2", found, length)


# Tjong Kim Sang and Veenstra (1999), table 1: the base phrases of "In early trading in Hong Kong Monday".
PAPER = [(1, 2, "NP"), (4, 5, "NP"), (6, 6, "NP")]


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "O I I O I I B"),
        ("IOB2", "O B I O B I B"),
        ("IOE1", "O I I O I E I"),
        ("IOE2", "O I E O I E E"),
        ("IOBES", "O B E O B E S"),
        ("BILOU", "O B L O B L U"),
    ],
)
def test_schemes_as_the_papers_have_them(scheme, tags):
    expected = [tag if tag == "O" else f"{tag}-NP" for tag in tags.split()]
    assert tags_in(scheme, PAPER, 7) == expected
    assert spans_of(expected) == PAPER


@pytest.mark.parametrize("tag", ["X-a", "B", "B-", "b-a", "", "O-a", "BI-a", "I_a"])
def test_what_is_no_tag(tag):
    with pytest.raises(InputError, match="is no tag"):
        spans_of(["O", tag])


def test_pieces_of_a_syllable_and_of_what_nfc_replaces():
    assert pieces_of("\u1100\u1161\U0002f800 x", ()) == [(0, 2), (2, 3), (4, 5)]


@given(text=texts, data=st.data())
def test_pieces_hold_all_of_a_text_but_white_space(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True)))
    slots = [Slot(start, end, "x") for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    for cut in (pieces_of, words_of):
        pieces = cut(text, slots)
        at = 0
        for start, end in pieces:
            assert at <= start < end
            assert not text[at:start].strip()
            at = end
        assert not text[at:].strip()
        for slot in slots:
            span = covered(slot, pieces)
            words = "" if span is None else text[pieces[span[0]][0] : pieces[span[1]][1]]
            assert words == text[slot.start : slot.end].strip()


def read(path, bad=None):
    return list(conll.read(str(path), Columns(), bad or BadLines()))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.conll"

    def store(text):
        path.write_bytes(text.encode())
        return path

    return store


def test_where_tabs_blanks_comments_and_document_starts(file):
    path = file(
        "\n-DOCSTART-\tO\r\n\r\n# newdoc id = 3\r\n# sent_id = s1\r\n# text = Play jazz!\r\nPlay\tO\r\njazz\tB-genre\r\n!\tO\r\n\r\n"
        "# intent: play music\n#\tO\nhash  NN   I-tag  \n\n\n#x\n\nlast O"
    )
    assert read(path) == [
        (f"{path}:4", Utterance("Play jazz!", id="s1", slots=(Slot(5, 9, "genre"),))),
        (f"{path}:11", Utterance("# hash", intent="play music", slots=(Slot(2, 6, "tag"),))),
        (f"{path}:18", Utterance("last", slots=())),
    ]


def test_written_as_iob2_with_what_the_columns_lack_in_comments(tmp_path):
    path = tmp_path / "a.conll"
    some = [
        Utterance("play tobymac's", id="u1", intent="PlayMusic", slots=(Slot(5, 12, "artist"),)),
        Utterance("stop", slots=()),
        Utterance("a\nb", intent=" x ", count=2),
    ]
    conll.write_annotated(str(path), some, Losses(strict=True))
    assert path.read_text() == (
        "# id: u1\n# intent: PlayMusic\n# text: play tobymac's\nplay\tO\ntobymac\tB-artist\n's\tO\n\n"
        "stop\tO\n\n"
        '# count: 2\n# intent: " x "\n# slots: not annotated\n# text: "a\\nb"\na\tO\nb\tO\n\n'
    )
    assert [utterance for _, utterance in read(path)] == some


def test_what_looks_like_a_comment_after_a_token_is_one(file):
    path = file("# intent: x\nsee O\n# intent: B-tag\n")
    assert [one for _, one in read(path)] == [Utterance("see #", intent="x", slots=(Slot(4, 5, "tag"),))]


@pytest.mark.parametrize("scheme", LETTERS)
def test_a_file_of_any_scheme_comes_back(tmp_path, monkeypatch, scheme):
    monkeypatch.setattr(conll, "tags_of", partial(tags_in, scheme))
    path = tmp_path / "a.conll"
    some = [Utterance("a b c d", slots=(Slot(0, 1, "x"), Slot(2, 5, "x"), Slot(6, 7, "y")))]
    conll.write_annotated(str(path), some, Losses(strict=True))
    assert [utterance for _, utterance in read(path)] == some
    assert format_of(str(path)).name == "conll"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("jazz", "5: 'jazz' is not a token and a tag, parted by a tab or blanks"),
        ("\tO", "5: '\\tO' is not a token and a tag"),
        ("play O\njazz X-genre", "6: 'X-genre' is no tag; expected O, or one of B I E S L U, a hyphen and a label"),
        ("# text: play it\nplay O\njazz O", "7: the token 'jazz' does not follow in the text 'play it', after character 4"),
        ("# text: play x jazz\nplay O\njazz O", "7: the token 'jazz' does not follow"),
        ("# count: many\nplay O", "5: field 'count' is 'many'; expected a whole number"),
        ("# count: 0\nplay O", "5: field 'count' is 0; expected a whole number of at least 1"),
        ("pl\udcffay O", "5: not valid UTF-8 at byte 2 of the line; write the file as UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_utterance_is_named_and_can_be_tolerated(tmp_path, lines, words):
    path = tmp_path / "a.conll"
    path.write_bytes(f"fine O\nB-x B-x\n\n\n{lines}\n\nfine O\n".encode(errors="surrogateescape"))
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{words}")
    bad = BadLines(1)
    assert [utterance.text for _, utterance in read(path, bad)] == ["fine B-x", "fine"]
    assert bad.count == 1


def test_what_it_cannot_carry_is_reported(tmp_path):
    losses = Losses()
    slots = (Slot(0, 2, "a\tb"), Slot(3, 6, "c"), Slot(6, 7, "d"))
    conll.write_annotated(str(tmp_path / "a.conll"), [Utterance("ab  cd ", id="u", slots=slots)], losses)
    assert {what: loss.first for what, loss in losses.found.items()} == {
        "tabs and line breaks in labels of slots": "'ab  cd ' (id 'u'), slot 'a\\tb'",
        "white space at the rims of slots": "'ab  cd ' (id 'u'), slot 'c' at 3-6",
        "slots of white space alone": "'ab  cd ' (id 'u'), slot 'd' at 6-7",
    }
    ((_, back),) = read(tmp_path / "a.conll")
    assert back.slots == (Slot(0, 2, "a b"), Slot(4, 6, "c"))


def test_an_extension_that_only_this_format_has_is_enough(file):
    with pytest.raises(InputError, match="is no tag"):
        read(file("play Z-x\n"))
    assert format_of(str(file("play Z-x\n"))).name == "conll"


@pytest.mark.parametrize("text", ["play jazz\nstop it\n", "vitamin O\n", "route O\nplan O\n"])
def test_plain_text_stays_plain_text(tmp_path, text):
    path = tmp_path / "pool.txt"
    path.write_text(text)
    assert format_of(str(path)).name == "text"


def test_columns_in_a_text_file_are_seen(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("play O\njazz B-genre\n\nstop O\n")
    assert format_of(str(path)).name == "conll"


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.conll"
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            outcome = [where for where, _ in read(path)]
        except InputError as error:
            outcome = [str(error)]
        assert all(words.startswith(f"{path}:") for words in outcome)
