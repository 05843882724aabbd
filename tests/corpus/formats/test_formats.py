"""The table of formats, and the way from names to files."""

import os

import pytest

from canvass.corpus.formats import FORMATS, files_of, format_of
from canvass.errors import FileError, OptionError


def anything(row):
    return True


def annotated(row):
    return row.read is not None


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


def test_the_table_has_no_double():
    names = [row.name for row in FORMATS]
    extensions = [extension for row in FORMATS for extension in row.extensions]
    assert len(set(names)) == len(names)
    assert len(set(extensions)) == len(extensions)
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
        (["pool"], ["pool/a.csv.gz", "pool/b.jsonl", "pool/n.txt", "pool/sub/c.parquet"]),
        (["pool/*"], ["pool/a.csv.gz", "pool/b.jsonl", "pool/n.txt", "pool/sub/c.parquet"]),
        (["pool/**/*.parquet"], ["pool/sub/c.parquet"]),
        (["pool/[b]*"], ["pool/b.jsonl"]),
        (["odd[1].jsonl"], ["odd[1].jsonl"]),
        (["pool/n.txt", "-", "pool/b.jsonl"], ["pool/n.txt", "-", "pool/b.jsonl"]),
        (
            ["pool/b.jsonl", "pool", "./pool/b.jsonl"],
            ["pool/b.jsonl", "pool/a.csv.gz", "pool/n.txt", "pool/sub/c.parquet"],
        ),
        (["pool/.hidden.jsonl"], ["pool/.hidden.jsonl"]),
    ],
)
def test_names_to_files(folder, names, found):
    assert files_of(names, None, anything) == found


def test_files_without_annotations_are_left_out_of_folders(folder):
    assert files_of(["pool"], None, annotated) == ["pool/a.csv.gz", "pool/b.jsonl", "pool/sub/c.parquet"]


def test_a_format_by_name_takes_any_extension(folder):
    assert "pool/README.md" in files_of(["pool"], "text", anything)


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        (["none.jsonl"], FileError, "none.jsonl: no such file or folder; check the name"),
        (["empty"], FileError, "empty: the folder holds no file that can be read here (expected .jsonl"),
        (["pool/*.nothing"], FileError, "pool/*.nothing: the pattern matches no file that can be read here"),
        (["pool/README.md"], OptionError, "pool/README.md: the extension '.md' is of no known format"),
        (["-", "-"], OptionError, "standard input (-) can be read only once"),
        (["s3://bucket/pool.parquet"], FileError, "files on remote file systems cannot be read yet"),
    ],
)
def test_names_without_files(folder, names, error, words):
    with pytest.raises(error) as caught:
        files_of(names, None, anything)
    assert words in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(folder):
    (folder / "empty").chmod(0)
    with pytest.raises(FileError, match="empty: the folder cannot be read"):
        files_of(["empty"], None, anything)
