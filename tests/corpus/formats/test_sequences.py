"""seq.in, seq.out and label: the names of the three files, and lines that do not fit together."""

import pytest

from canvass.corpus.formats import files_of, sequences
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.labelled import read_labelled
from canvass.errors import FileError, InputError
from canvass.types import Slot, Utterance


@pytest.fixture
def folder(tmp_path):
    def store(words, tags, intents, prefix=""):
        for name, text in zip(sequences.NAMES, (words, tags, intents), strict=True):
            (tmp_path / f"{prefix}{name}").write_bytes(text.encode("utf-8", "surrogateescape"))
        return tmp_path

    return store


WORDS = "play  jazz \nwhat 's the weather in  new york\n"
TAGS = "O B-genre\nO O O O O B-city I-city\n"
INTENTS = "PlayMusic\natis_flight#atis_airfare\n"
EXPECTED = [
    Utterance("play jazz", intent="PlayMusic", slots=(Slot(5, 9, "genre"),)),
    Utterance(
        "what 's the weather in new york", intent="atis_flight#atis_airfare", slots=(Slot(23, 31, "city"),)
    ),
]


def read(path, bad=None):
    return [utterance for _, utterance in sequences.read(str(path), Columns(), bad or BadLines())]


@pytest.mark.parametrize("name", ["", "seq.in", "seq.out", "label"])
def test_the_folder_and_each_file_stand_for_all(folder, name):
    assert read(folder(WORDS, TAGS, INTENTS) / name) == EXPECTED


@pytest.mark.parametrize("name", ["train", "train.seq.in", "train.label"])
def test_what_their_names_begin_with_stands_for_all(folder, name):
    assert read(folder(WORDS, TAGS, INTENTS, "train.") / name) == EXPECTED


@pytest.mark.parametrize("override", [None, "seq"])
@pytest.mark.parametrize("name", ["", "part", "part/seq.in", "*"])
def test_every_name_on_the_command_line_reads_each_utterance_once(tmp_path, folder, name, override):
    (tmp_path / "part").mkdir()
    folder(WORDS, TAGS, INTENTS, "part/")
    (first,) = files_of([str(tmp_path / name)], override, annotated=True)
    assert first == str(tmp_path / "part" / "seq.in")


def test_a_prefix_on_the_command_line(folder):
    path = folder(WORDS, TAGS, INTENTS, "train.")
    assert list(read_labelled([str(path / "train")]).utterances) == EXPECTED
    with pytest.raises(FileError, match="no such file or folder"):
        read_labelled([str(path / "test")])


@pytest.mark.parametrize("path", ["train/seq.in", "train.in", "seq.in.gz", "x.seq.in.zst"])
def test_written_to_three_files_and_read_again(tmp_path, path):
    (tmp_path / "train").mkdir()
    sequences.write_annotated(str(tmp_path / path), EXPECTED, Losses(strict=True))
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 3
    assert read(tmp_path / path) == EXPECTED


def test_what_the_files_look_like(tmp_path):
    sequences.write_annotated(str(tmp_path), EXPECTED, Losses())
    assert (tmp_path / "seq.in").read_text() == "play jazz\nwhat 's the weather in new york\n"
    assert (tmp_path / "seq.out").read_text() == TAGS
    assert (tmp_path / "label").read_text() == INTENTS


def test_blank_lines_at_the_end_of_one_file(folder):
    assert read(folder(WORDS, TAGS + "\n\n", INTENTS.removesuffix("\n"))) == EXPECTED


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((WORDS, TAGS.replace("O B-genre", "O"), INTENTS), "seq.out:1: 1 tags, but 2 words in"),
        ((WORDS, TAGS.replace("B-city I-city", "B-city Q-city"), INTENTS), "seq.out:2: word 7: 'Q-city' is no tag"),
        ((WORDS, TAGS.replace("B-genre", "B-\udcff"), INTENTS), "seq.out:1: not valid UTF-8 at byte 4 of the line"),
        ((WORDS.replace("play", "\udcff"), TAGS, INTENTS), "seq.in:1: not valid UTF-8"),
        ((WORDS, TAGS, INTENTS.replace("Play", "\udcff")), "label:1: not valid UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_can_be_tolerated(folder, files, words):
    path = folder(*files)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}/{words}")
    bad = BadLines(1)
    assert len(read(path, bad)) == 1
    assert bad.count == 1


@pytest.mark.parametrize("short", range(3))
def test_a_file_that_ends_before_the_others(folder, short):
    files = [WORDS, TAGS, INTENTS]
    files[short] = files[short].split("\n")[0] + "\n"
    path = folder(*files)
    with pytest.raises(InputError) as caught:
        read(path, BadLines(9))
    assert str(caught.value).startswith(f"{path}/{sequences.NAMES[short]}:2: the file ends, but {path}/")


def test_a_file_that_is_not_there(folder):
    path = folder(WORDS, TAGS, INTENTS)
    (path / "label").unlink()
    with pytest.raises(FileError, match="label: no such file"):
        read(path)


def test_what_they_cannot_carry_is_reported(tmp_path):
    losses = Losses()
    some = [
        Utterance("tobymac's  hits", intent="a b", slots=(Slot(0, 7, "artist name"),)),
        Utterance(" ", intent="x", slots=()),
        Utterance("ok", intent="", slots=()),
    ]
    sequences.write_annotated(str(tmp_path), some, losses)
    assert read(tmp_path) == [
        Utterance("tobymac 's hits", intent="a b", slots=(Slot(0, 7, "artist_name"),)),
        Utterance("ok", slots=()),
    ]
    assert {what: loss.count for what, loss in losses.found.items()} == {
        "white space in labels of slots": 1,
        "texts that are not words parted by single blanks": 1,
        "utterances without a word": 1,
        "white space in intents, and empty ones": 1,
    }


def test_nothing_is_written_if_something_is_refused(tmp_path):
    with pytest.raises(InputError, match="utterances without a word would be lost"):
        sequences.write_annotated(str(tmp_path), [Utterance("ok"), Utterance("")], Losses(strict=True))
    assert list(tmp_path.iterdir()) == []
