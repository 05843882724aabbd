"""The tables of two public corpora, HWU64's with semicolons and MTOP's with tabs."""

import pytest

from canvass.corpus.formats import format_of, mtop
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.research import HWU64
from canvass.errors import InputError
from canvass.types import Slot, Utterance
from public_corpora import HWU_COLUMNS, mtop_line

# A row of the corpus, from the tests of a project that reads it.
GERMAN = mtop_line(
    "3232353833393435", "Haben mir Ben und Leroy heute geschrieben",
    "6:9:SL:RECIPIENT,10:13:SL:SENDER,18:23:SL:SENDER,24:29:SL:DATE_TIME",
    "[IN:GET_MESSAGE [SL:SENDER Ben ] [SL:SENDER Leroy ] [SL:RECIPIENT mir ] [SL:DATE_TIME heute ] ]",
    locale="de_XX",
)  # fmt: skip


def read(kind, path, text, bad=None):
    path.write_text(text, encoding="utf-8", newline="")
    return [one for _, one in kind.read(str(path), Columns(), bad or BadLines())]


def answers(path, *rows, bad=None):
    return read(HWU64, path, "\n".join([HWU_COLUMNS, *(f"1;2;{row};;;x;y;z" for row in rows)]) + "\n", bad)


@pytest.mark.parametrize(
    ("marked", "text", "slots"),
    [
        ("wake me at [time : five am]", "wake me at five am", [Slot(11, 18, "time")]),
        ("wake me [date :: today ] please", "wake me today  please", [Slot(8, 13, "date")]),
        ("[ time : ] now", " now", []),
        ("it is 10:30", "it is 10:30", []),
        ('"say ""hello; you"" to [person : zoé]"', 'say "hello; you" to zoé', [Slot(20, 23, "person")]),
    ],
)
def test_answers_have_their_slots_marked(tmp_path, marked, text, slots):
    (one,) = answers(tmp_path / "a.csv", f"alarm;set;;{marked}")
    assert one.text == text
    assert (one.domain, one.intent) == ("alarm", "alarm_set")
    assert [one.text[slot.start : slot.end] for slot in one.slots] == [text[s.start : s.end] for s in slots]
    assert [slot.label for slot in one.slots] == [slot.label for slot in slots]


def test_what_is_irrelevant_or_no_answer_is_left_out(tmp_path):
    rows = ("alarm;set;IRR;a", "alarm;set;IRR_XL;b", "alarm;set;;null", "alarm;set;;", "alarm;set;MOD;c")
    assert [one.text for one in answers(tmp_path / "a.csv", *rows)] == ["c"]


def test_bad_rows_of_answers(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv:2: the row has 12 cells; expected 11"):
        answers(tmp_path / "a.csv", "alarm;set;;a;b")
    assert answers(tmp_path / "a.csv", "alarm;set;;a;b", "alarm;set;;c", bad=BadLines(1))[0].text == "c"
    with pytest.raises(InputError, match="'answer_annotation' is missing"):
        read(HWU64, tmp_path / "a.csv", "text;intent\na;b\n")


def test_a_row_of_mtop(tmp_path):
    bad = BadLines(losses=Losses())
    (one,) = read(mtop.FORMAT, tmp_path / "a.txt", GERMAN, bad)
    assert one == Utterance(
        "Haben mir Ben und Leroy heute geschrieben", "3232353833393435", 1, "messaging", "GET_MESSAGE",
        (Slot(6, 9, "RECIPIENT"), Slot(10, 13, "SENDER"), Slot(18, 23, "SENDER"), Slot(24, 29, "DATE_TIME")),
    )  # fmt: skip
    assert not bad.losses.found
    nested = mtop_line(1, "call mom", "0:8:SL:TODO", "[IN:A [SL:TODO [IN:B call [SL:CONTACT mom ] ] ] ]")
    (one,) = read(mtop.FORMAT, tmp_path / "a.txt", nested, bad)
    assert one.slots == (Slot(0, 8, "TODO"),)
    assert list(bad.losses.found) == ["intents inside of slots, with their slots"]


@pytest.mark.parametrize(
    ("text", "slots", "words"),
    [
        ("établis le volume à 7", "20:21:SL:AMOUNT", "7"),  # characters
        ("établis le volume à 7", "22:23:SL:AMOUNT", "7"),  # bytes
        ("ध्वनि 7 करो 8", "16:17:SL:AMOUNT", "7"),
        # Both readings end at tokens; the parse has the words of one of them.
        ("éé a b c", "5:6:SL:AMOUNT", "b"),
        ("éé a b c", "5:6:SL:AMOUNT", "a"),
    ],
)
def test_offsets_in_characters_or_bytes(tmp_path, text, slots, words):
    line = mtop_line(1, text, slots, f"[IN:SET_VOLUME {text} [SL:AMOUNT {words} ] ]")
    (one,) = read(mtop.FORMAT, tmp_path / "a.txt", line)
    assert [one.text[slot.start : slot.end] for slot in one.slots] == [words]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a\tb\n", "has 2 columns"),
        (GERMAN.replace("IN:GET_MESSAGE\t", "GET_MESSAGE\t"), "has 8 columns"),
        (GERMAN.replace("6:9:SL:RECIPIENT", "6:SL:RECIPIENT"), "is not of the form"),
        (GERMAN.replace("6:9:SL:", "7:9:SL:"), "begin and end at its tokens"),
        (GERMAN.replace("6:9:SL:", "6:900:SL:"), "begin and end at its tokens"),
        (GERMAN.replace("10:13:SL:", "6:13:SL:"), "overlapping"),
    ],
)
def test_bad_lines_of_mtop(tmp_path, line, words):
    with pytest.raises(InputError, match=rf"a\.txt:2.*{words}"):
        read(mtop.FORMAT, tmp_path / "a.txt", GERMAN + line)
    bad = BadLines(1)
    assert len(read(mtop.FORMAT, tmp_path / "a.txt", GERMAN + line + "\n" + GERMAN, bad)) == 2
    assert bad.count == 1


def test_without_tokens_the_offsets_are_taken_as_they_are(tmp_path):
    for last in (
        "",
        "null",
        "[]",
        '{"tokens": 1}',
        '{"tokens": ["x"], "tokenSpans": [{"start": 0, "length": 1}]}',
    ):
        line = GERMAN.rpartition("\t")[0] + f"\t{last}\n"
        assert len(read(mtop.FORMAT, tmp_path / "a.txt", line)[0].slots) == 4


def test_they_are_recognised_among_others_of_their_extension(tmp_path):
    (tmp_path / "a.csv").write_text(HWU_COLUMNS + "\n")
    (tmp_path / "a.txt").write_text(GERMAN)
    (tmp_path / "b.csv").write_text("text,answer_annotation\na,b\n")
    (tmp_path / "b.txt").write_text("play jazz\n")
    found = {path.name: format_of(str(path)).name for path in tmp_path.iterdir()}
    assert found == {"a.csv": "hwu64", "a.txt": "mtop", "b.csv": "csv", "b.txt": "text"}
