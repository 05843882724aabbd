"""The table of formats, and the way from names to files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canvass.corpus.formats import FORMATS, files_of, format_of, output_format_of
from canvass.corpus.formats.format import PLACES
from canvass.errors import FileError, OptionError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.jsonl", "jsonl"),
        ("x/a.NDJSON.GZ", "jsonl"),
        ("a.csv", "csv"),
        ("a.tsv.zst", "tsv"),
        ("part-0.snappy.parquet", "parquet"),
        ("a.txt.gz", "text"),
        ("-", "jsonl"),
    ],
)
def test_by_extension(path, name):
    assert format_of(path).name == name


def test_by_name():
    assert format_of("-", "csv").name == "csv"
    assert format_of("a.json", "jsonl").name == "jsonl"


CONTENTS = {
    "jsonl": b'{"text": "a", "intent": "b"}\n',
    "massive": b'{"id": "0", "locale": "en-US", "utt": "a", "annot_utt": "a"}\n',
    "slurp": b'{"slurp_id": 1, "sentence": "a", "tokens": []}\n',
    "rasa": b"version: '3.1'\nnlu:\n- intent: a\n",
    "snips": b'{"language": "en", "intents": {"a": {"utterances": []}}}',
    "snips-benchmark": b'{"GetWeather": [{"data": []}]}',
    "clinc150": b'{"oos_val": [["a", "oos"]]}',
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("extension", [".jsonl", ".json", ".data", ""])
def test_by_content(tmp_path, name, extension):
    path = tmp_path / f"file{extension}"
    path.write_bytes(CONTENTS[name])
    usual = {".jsonl": "jsonl"}.get(extension)
    one_a_line = name in {"jsonl", "massive", "slurp"}
    assert format_of(str(path)).name == (name if one_a_line or usual is None else usual)


def test_the_beginning_is_enough(tmp_path):
    path = tmp_path / "file.json"
    many = b",".join([b'{"data": [{"text": "some words"}]}'] * 5000)
    path.write_bytes(b'{"language": "en", "intents": {"a": {"utterances": [' + many + b"]}}}")
    assert path.stat().st_size > 1 << 17
    assert format_of(str(path)).name == "snips"
    path.write_bytes(b'{"a": [' + many + b"]}")
    assert format_of(str(path)).name == "snips-benchmark"


def test_a_file_to_write_is_known_by_its_name_alone(tmp_path):
    path = tmp_path / "file.jsonl"
    path.write_bytes(CONTENTS["massive"])
    assert format_of(str(path)).name == "massive"
    assert output_format_of(str(path)).name == "jsonl"
    assert output_format_of("a.yml.gz").name == "rasa"
    assert output_format_of("a.parquet").name == "parquet"
    assert output_format_of("a.data", "snips").name == "snips"
    assert output_format_of("-").name == "jsonl"
    with pytest.raises(OptionError, match=r"a\.json: \.json may be snips, .*; say which format to write"):
        output_format_of("a.json")
    with pytest.raises(OptionError, match="'nix' is not a known format"):
        output_format_of("a.jsonl", "nix")
    with pytest.raises(OptionError, match="of no known format"):
        output_format_of("a.nix")


def test_content_of_no_format(tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(b'{"color": "red"}')
    with pytest.raises(
        OptionError, match=r"file\.json: the content is of no known format \(\.json may be snips"
    ):
        format_of(str(path))
    with pytest.raises(OptionError, match=r"nix\.json: \.json may be snips, .*; say which format it is"):
        format_of("nix.json")


def test_a_folder_holds_other_files_too(tmp_path):
    for name, data in {
        "nlu.yml": CONTENTS["rasa"],
        "stories.yml": b"stories: []\n",
        "domain.yml": b"intents: [a]\n",
        "settings.json": b'{"color": "red"}',
        "broken.json": b"{",
        "dataset.json": CONTENTS["snips"],
        "lines.json": CONTENTS["jsonl"],
    }.items():
        (tmp_path / name).write_bytes(data)
    found = [os.path.basename(name) for name in files_of([str(tmp_path)], None)]  # noqa: PTH119
    assert found == ["dataset.json", "lines.json", "nlu.yml"]


def test_unknown_formats():
    with pytest.raises(
        OptionError,
        match=r"a\.docx: the extension '\.docx' is of no known format \(known: \.jsonl, .*say which format",
    ):
        format_of("a.docx")
    with pytest.raises(
        OptionError,
        match="'xml' is not a known format; choose one of jsonl, csv, tsv, parquet, text",
    ):
        format_of("a.jsonl", "xml")


def test_the_table_says_what_the_rows_say():
    assert [place.name for place in PLACES] == [row.name for row in FORMATS]
    assert len({id(row) for row in FORMATS}) == len(FORMATS) == len(PLACES)


def test_only_what_may_be_needed_is_loaded():
    program = (
        "import sys; from canvass.corpus.formats import format_of; assert format_of('a.csv').name == 'csv'; "
        "loaded = [name for name in sys.modules if name.startswith('canvass.corpus.formats.')]; "
        "print(*(name.rpartition('.')[2] for name in loaded))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {
        "rasa",
        "snips",
        "prodigy",
        "docbin",
        "amazon",
        "yaml_nodes",
    }


def test_the_table_has_no_double():
    names = [row.name for row in FORMATS]
    extensions = [extension for row in FORMATS for extension in row.extensions]
    assert len(set(names)) == len(names)
    # Formats may share an extension; what a file is taken for without a look at its content is one of them.
    plain = [extension for row in FORMATS if row.sniff is None for extension in row.extensions]
    assert len(set(plain)) == len(plain)
    assert set(plain) <= set(extensions)
    assert all(row.sniffed for row in FORMATS if row.sniff is not None)
    assert all("text" in row.carries and (row.read or row.blocks) for row in FORMATS)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.jsonl",
        "a.csv.gz",
        "sub/c.parquet",
        "sub/_SUCCESS",
        ".hidden.jsonl",
        "README.md",
        "_tmp/d.jsonl",
        "n.txt",
    ):
        path = tmp_path / "pool" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd[1].jsonl").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["pool"], ["pool/a.csv.gz", "pool/b.jsonl", "pool/sub/c.parquet"]),
        (["pool/*"], ["pool/a.csv.gz", "pool/b.jsonl", "pool/sub/c.parquet"]),
        (["pool/**/*.parquet"], ["pool/sub/c.parquet"]),
        (["pool/[b]*"], ["pool/b.jsonl"]),
        (["odd[1].jsonl"], ["odd[1].jsonl"]),
        (["pool/n.txt", "-", "pool/b.jsonl"], ["pool/n.txt", "-", "pool/b.jsonl"]),
        (
            ["pool/b.jsonl", "pool", "./pool/b.jsonl"],
            ["pool/b.jsonl", "pool/a.csv.gz", "pool/sub/c.parquet"],
        ),
        (["pool/.hidden.jsonl"], ["pool/.hidden.jsonl"]),
        ("pool/b.jsonl", ["pool/b.jsonl"]),
        (Path("pool/b.jsonl"), ["pool/b.jsonl"]),
        ([Path("pool/b.jsonl")], ["pool/b.jsonl"]),
    ],
)
def test_names_to_files(folder, names, found):
    assert files_of(names, None) == found


def test_files_without_annotations_are_left_out_of_folders(folder):
    assert files_of(["pool"], None, annotated=True) == ["pool/a.csv.gz", "pool/b.jsonl", "pool/sub/c.parquet"]


def test_a_format_by_name_takes_any_extension(folder):
    assert "pool/README.md" in files_of(["pool"], "text")


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        (["none.jsonl"], FileError, "none.jsonl: no such file or folder; check the name"),
        (["empty"], FileError, "empty: the folder holds no file that can be read here (expected .jsonl"),
        (["pool/*.nothing"], FileError, "pool/*.nothing: the pattern matches no file that can be read here"),
        (["pool/sub/_SUCCESS"], OptionError, "pool/sub/_SUCCESS: the extension '' is of no known format"),
        (["-", "-"], OptionError, "standard input (-) can be read only once"),
        (["nix://bucket/pool.parquet"], FileError, "nix://bucket: no such kind of file system"),
    ],
)
def test_names_without_files(folder, names, error, words):
    with pytest.raises(error) as caught:
        files_of(names, None)
    assert words in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(folder):
    (folder / "empty").chmod(0)
    with pytest.raises(FileError, match="empty: the folder cannot be read"):
        files_of(["empty"], None)
