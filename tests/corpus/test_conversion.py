"""Conversion between formats: everything is converted, or the error is told and no file is written."""

import pytest

from canvass.corpus.conversion import convert
from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Loss
from canvass.errors import CanvassError, FileError, InputError, OptionError
from sound_files import ANNOTATED, write_sound_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(path):
    return [utterance for _, utterance in format_of(path).read(path, Columns(), BadLines())]


@pytest.mark.parametrize("kind", FORMATS, ids=[row.name for row in FORMATS])
def test_every_format_goes_to_canvass_and_back(folder, kind):
    if kind.name == "spacy":
        pytest.importorskip("spacy", reason="the extra spacy is not installed")
    source = write_sound_file(kind, folder)
    done = convert([str(source)], "out.jsonl")
    assert (done.sources, done.target, done.utterances) == ((kind.name,), "jsonl", len(ANNOTATED))
    assert sorted(row.text for row in read("out.jsonl")) == sorted(row.text for row in ANNOTATED)
    if kind.write_annotated is not None:
        (folder / "again").mkdir()
        again = f"again/file{kind.extensions[0]}"
        assert convert(["out.jsonl"], again, target=kind.name).target == kind.name
        assert not convert([again], "again.jsonl", source=kind.name).losses.found
        assert (folder / "again.jsonl").read_bytes() == (folder / "out.jsonl").read_bytes()


def test_losses_on_both_sides_are_counted(folder):
    (folder / "nlu.yml").write_text(
        "nlu:\n- intent: a\n  examples: |\n    - '[b](c:d) e\n    - [f](c:g)\n- synonym: d\n  examples: |\n    - b\n"
    )
    done = convert(["nlu.yml"], "out.txt")
    assert done.losses.found == {
        "values of entities (synonyms)": Loss(2, "nlu.yml:4: 'b' stands for 'd'"),
        "the field intent": Loss(2, '"\'b e"'),
        "the field slots": Loss(2, '"\'b e"'),
        "sections of the kind synonym": Loss(1, "nlu.yml:6: 'd'"),
    }
    assert (folder / "out.txt").read_text() == "'b e\nf\n"


def test_strict_writes_nothing_on_either_side(folder):
    (folder / "nlu.yml").write_text(
        "nlu:\n- intent: a\n  examples: |\n    - b\n- synonym: d\n  examples: |\n    - b\n"
    )
    (folder / "out.jsonl").write_text("old")
    for out in ("out.jsonl", "out.txt"):
        with pytest.raises(InputError, match=r"would be lost; leave out --strict"):
            convert(["nlu.yml"], out, strict=True)
    assert sorted(path.name for path in folder.iterdir()) == ["nlu.yml", "out.jsonl"]
    assert (folder / "out.jsonl").read_text() == "old"


def test_folders_and_bad_lines(folder):
    (folder / "in").mkdir()
    (folder / "in" / "a.jsonl").write_text('{"text": "a"}\nnonsense\n')
    (folder / "in" / "b.csv").write_text("text\nb\n")
    (folder / "in" / "c.txt").write_text("c\n")
    (folder / "in" / "settings.json").write_text('{"color": "red"}')
    done = convert(["in"], "out.csv", skip_bad=1)
    assert (done.sources, done.utterances, done.bad.count) == (("jsonl", "csv"), 2, 1)
    assert (folder / "out.csv").read_text() == "text\na\nb\n"
    assert done.losses.passed_over == ["in/c.txt", "in/settings.json"]


def test_columns_may_be_named(folder):
    (folder / "a.jsonl").write_text('{"utt": "a", "locale": "en", "topic": "x"}\n')
    convert(["a.jsonl"], "out.jsonl", columns=Columns(text="utt", intent="topic"))
    assert (folder / "out.jsonl").read_text() == '{"text": "a", "intent": "x"}\n'


@pytest.mark.parametrize(
    ("names", "out", "options", "error", "words"),
    [
        (
            ["a.jsonl"],
            "out.json",
            {},
            OptionError,
            r"out\.json: \.json may be snips, .*; say which format to write",
        ),
        (["a.jsonl"], "out.json", {"target": "luis"}, OptionError, "the format luis can only be read"),
        (["a.jsonl"], "out.docx", {}, OptionError, "is of no known format"),
        (["a.jsonl"], "out.csv", {"target": "nix"}, OptionError, "'nix' is not a known format"),
        (["a.jsonl"], "out.csv", {"source": "nix"}, OptionError, "'nix' is not a known format"),
        (["a.jsonl"], "a.jsonl", {}, OptionError, "is also an input"),
        (["a.jsonl"], "nix/out.csv", {}, FileError, "does not exist"),
        (["a.jsonl"], "s3://bucket/out.csv", {}, FileError, "only be written to a file on this machine"),
        (["nix.jsonl"], "out.csv", {}, FileError, "no such file"),
        (["a.jsonl"], "out.csv", {"skip_bad": -1}, OptionError, "--skip-bad -1 is negative"),
        (["empty.jsonl"], "out.csv", {}, InputError, r"empty\.jsonl: no utterance"),
        (
            ["a.json"],
            "out.csv",
            {},
            OptionError,
            r"a\.json: the content is of no known format \(\.json may be snips",
        ),
    ],
)
def test_what_is_refused_leaves_no_file(folder, names, out, options, error, words):  # noqa: PLR0917 - a row of the table
    (folder / "a.jsonl").write_text('{"text": "a"}\n')
    (folder / "a.json").write_text('{"text": "a"')
    (folder / "empty.jsonl").write_text("")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(error, match=words):
        convert(names, out, **options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert issubclass(error, CanvassError)
