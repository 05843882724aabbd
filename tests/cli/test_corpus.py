"""`canvass corpus`: the list, and each corpus from a server of the test's own to the folder."""

import hashlib
import json
import signal
import sys
import time

import pytest
from commands import records, refused

from canvass.corpus.catalogue import CORPORA, corpus_named
from file_server import Served, file_server
from public_corpora import LAYOUTS


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("CANVASS_CORPUS_MIRROR", raising=False)


def served(name):
    """Make what a mirror has of a corpus, and the options that accept it."""
    files = {f"/mirror/{name}/{file}": Served(content) for file, content in LAYOUTS[name]().items()}
    sums = [hashlib.sha256(one.content).hexdigest() for one in files.values()]
    return files, [word for one in sums for word in ("--sha256", one)]


def test_list(canvass, on_terminal):
    lines = canvass("corpus", "list").out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [[one.name, one.licence] for one in CORPORA]
    rows = json.loads(canvass("corpus", "list", "--json").out)
    assert [row["corpus"] for row in rows] == [one.name for one in CORPORA]
    assert rows[0]["locales"] == list(CORPORA[0].locales)
    assert all(file["address"].startswith("https://") for row in rows for file in row["files"])
    shown = on_terminal("corpus", "list", columns=100)
    assert shown.code == 0
    assert all(one.licence in shown.text for one in CORPORA)
    assert max(map(len, shown.text.splitlines())) <= 100


@pytest.mark.parametrize("name", LAYOUTS)
def test_get_from_the_network_to_the_folder(canvass, tmp_path, name):
    corpus = corpus_named(name)
    files, options = served(name)
    with file_server(files) as address:
        result = canvass("corpus", "get", name, "--mirror", f"{address}/mirror/", *options, "--json")
    assert result.code == 0, result.err
    account = json.loads(result.out)
    several = len(corpus.locales) > 1
    folder = tmp_path / (f"{name}-{corpus.locale}" if several else name)
    assert account["folder"] == folder.name
    assert account["licence"] == corpus.licence
    for split, count in account["utterances"].items():
        assert len(records((folder / f"{split}.jsonl").read_text())) == count
    assert result.err.count("of --sha256, not the one of the catalogue") == len(files)
    # The licence comes before anything else.
    assert corpus.licence_address in result.err.splitlines()[1]
    assert all(
        (tmp_path / "kept" / "canvass" / "corpora" / name / path.rpartition("/")[2]).is_file()
        for path in files
    )
    assert [len(one.asked) for one in files.values()] == [1] * len(files)
    # The second time, nothing is asked for, and the bytes are the same.
    result = canvass("corpus", "get", name, "-o", "again", "--mirror", address, *options)
    assert (result.code, result.out) == (0, "")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_get_can_be_used(canvass, tmp_path):
    """Convert, and evaluate what the folder has like any other."""
    files, options = served("massive")
    with file_server(files) as address:
        words = ("corpus", "get", "massive", "--locale", "de-de", "--mirror", f"{address}/mirror")
        assert canvass(*words, *options, "--cache", "c").code == 0
    assert sorted(path.name for path in (tmp_path / "c" / "massive").iterdir()) == [
        "amazon-massive-dataset-1.1.tar.gz"
    ]
    assert canvass("convert", "massive-de-DE", "all.yml").code == 0
    assert (tmp_path / "all.yml").read_text().count("weck mich") == 4


def test_the_mirror_of_the_environment(canvass, monkeypatch):
    files, options = served("hwu64")
    with file_server(files) as address:
        monkeypatch.setenv("CANVASS_CORPUS_MIRROR", f"{address}/mirror")
        assert canvass("corpus", "get", "hwu64", *options).code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["masive"], ["'masive' is no known corpus; did you mean massive?"]),
        (["massive", "--locale", "en-UK"], ["--locale 'en-UK'", "did you mean en-US", "af-ZA"]),
        (["snips", "--sha256", "12"], ["--sha256 '12'", "64 hexadecimal digits"]),
        (["snips", "-o", "full"], ["full is there already"]),
        (["snips", "-o", "none/there"], ["none does not exist"]),
    ],
)
def test_get_refuses_before_anything_is_downloaded(canvass, tmp_path, words, expected):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert refused(canvass("corpus", "get", *words, "--mirror", "http://127.0.0.1:1"), *expected)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("mirror", "options", "expected"),
    [
        ("http://127.0.0.1:1", True, "cannot be reached"),
        ("file:///tmp", True, "no address of a file"),
        ("{address}/none", True, "has no such file (404)"),
        ("{address}/mirror", False, "was expected"),
    ],
)
def test_get_says_what_went_wrong_and_leaves_no_folder(canvass, tmp_path, mirror, options, expected):
    files, sums = served("hwu64")
    with file_server(files) as address:
        result = canvass(
            "corpus", "get", "hwu64", "--mirror", mirror.format(address=address), *(sums if options else [])
        )
    assert (result.code, result.out) == (2, "")
    assert expected in result.err.splitlines()[-1]
    assert "Traceback" not in result.err
    assert not (tmp_path / "hwu64").exists()
    assert [path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_an_interrupted_get_keeps_whole_files(start, canvass, tmp_path):
    files, options = served("slurp")
    one = files["/mirror/slurp/devel.jsonl"]
    one.cut, one.stall = [40], True
    with file_server(files) as address:
        words = ("corpus", "get", "slurp", "--mirror", f"{address}/mirror", "--cache", "c", *options)
        process = start(*words, stderr=-1)
        end = time.monotonic() + 60
        while not one.asked and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"files that are whole are kept" in process.stderr.read().splitlines()[-1]
        kept = [path.name for path in (tmp_path / "c" / "slurp").iterdir()]
        assert kept == ["train.jsonl"]
        assert not (tmp_path / "slurp").exists()
        assert canvass(*words).code == 0
    assert [len(file.asked) for file in files.values()].count(1) == len(files) - 1
    assert len(one.asked) == 2


def test_what_is_in_the_cache_needs_no_extra(canvass, monkeypatch):
    files, options = served("hwu64")
    with file_server(files) as address:
        words = ("corpus", "get", "hwu64", "--mirror", f"{address}/mirror", *options)
        assert canvass(*words).code == 0
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert canvass(*words, "-o", "again").code == 0
    result = canvass(*words, "-o", "other", "--cache", "c")
    assert result.code == 2
    assert "canvass-nlu[corpora]" in result.err


@pytest.mark.slow
def test_get_on_a_terminal(on_terminal):
    files, options = served("massive")
    with file_server(files) as address:
        shown = on_terminal("corpus", "get", "massive", "--mirror", f"{address}/mirror", *options, columns=90)
    assert shown.code == 0, shown.text
    assert "amazon-massive-dataset-1.1.tar.gz" in shown.text  # beside its bar
    lines = shown.text.splitlines()
    assert lines[-1] == "Wrote massive-en-US/."
    assert "train.jsonl" in shown.text
    assert "2 utterances" in shown.text


def test_the_group_lists_its_commands(canvass):
    result = canvass("corpus")
    assert "get" in result.out + result.err
