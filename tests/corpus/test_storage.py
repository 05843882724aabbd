"""Addresses: the same files as by path; folders, patterns, and what is not there."""

import glob
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.corpus import storage
from canvass.corpus.pool import Pool
from canvass.corpus.storage import files_behind, is_remote, opened, sizes_of
from canvass.errors import FileError

NAMES = ["a.jsonl", "b c.jsonl", "d%20e.jsonl", "sub/f.jsonl", "sub/deep/g.jsonl", "sub/h.txt", "_x.jsonl", ".y.jsonl",
         "_sub/z.jsonl", "ä.jsonl", "x=1/p[1].jsonl"]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("storage")
    for name in NAMES:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text('{"text": "play it"}\n' * len(name), encoding="utf-8")
    return str(path)


def test_what_is_an_address():
    assert all(
        map(is_remote, ["s3://b/k", "gs://b", "file:///tmp/x", "hdfs://n:8020/a b", "abfs://c@a/x\ny"])
    )
    assert not any(map(is_remote, ["pool.jsonl", "/tmp/pool.jsonl", "C://x", "-", "", "a b://c", "./s3://x"]))


def test_a_folder_by_address_has_the_files_of_the_path(folder):
    by_path = Pool.open([folder])
    by_address = Pool.open([f"file://{folder}"])
    assert by_address.files == [f"file://{name}" for name in sorted(by_path.files)]
    assert by_address.total_bytes == by_path.total_bytes
    assert sum(len(block.batch) for block in by_address.blocks()) == sum(
        len(block.batch) for block in by_path.blocks()
    )
    (name,) = files_behind(f"file://{folder}/d%20e.jsonl")
    with opened(name) as stream:
        assert stream.read().count(b"\n") == len("d%20e.jsonl")
    assert sizes_of([name, f"{folder}/a.jsonl", "none", "-"])[2:] == [None, None]


PATTERNS = st.lists(
    st.sampled_from(["*", "**/", "?", "sub", "/", "a", ".jsonl", "[a-h]", "[!a]", "x=1", "*.txt"]), max_size=5
).map("".join)


@given(PATTERNS)
@example("*[!a]*.txt")
def test_patterns_find_what_glob_finds(folder, pattern):
    if not glob.has_magic(pattern) or "//" in pattern or pattern.startswith("/"):
        return
    if "**" in pattern and any(part != "**" and "**" in part for part in pattern.split("/")):
        return  # glob takes ** for * there
    files = set()
    for name in glob.glob(f"{glob.escape(folder)}/{pattern}", recursive=True):  # noqa: PTH207 - what it is compared with
        if Path(name).is_dir():
            files |= {f"{parent}/{file}" for parent, _, children in os.walk(name) for file in children}
        else:
            files.add(name)
    hidden = {
        name for name in files if any(part.startswith((".", "_")) for part in name[len(folder) :].split("/"))
    }
    listed = {
        os.path.normpath(name.removeprefix("file://")) for name in files_behind(f"file://{folder}/{pattern}")
    }
    assert listed == {os.path.normpath(name) for name in files - hidden}


def test_what_is_not_there(folder):
    with pytest.raises(FileError, match="no such file or folder"):
        Pool.open([f"file://{folder}/none.jsonl"])
    with pytest.raises(FileError, match="no file that can be read here"):
        Pool.open([f"file://{folder}/*.nothing"])
    with pytest.raises(FileError, match="no such kind of file system"):
        Pool.open(["nix://bucket/pool.jsonl"])
    with pytest.raises(FileError, match="no such file"):
        files_behind("file:///none/at/all")
    pool = Pool.open([f"file://{folder}/a.jsonl"])
    Path(folder, "a.jsonl").rename(f"{folder}/b.jsonl")
    try:
        with pytest.raises(FileError, match=r"file:///.*a.jsonl: no such file"):
            list(pool.blocks())
    finally:
        Path(folder, "b.jsonl").rename(f"{folder}/a.jsonl")


def test_a_system_of_fsspec(folder):
    """What pyarrow does not know goes through fsspec, where it is installed."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe("/logs/day=1/a.jsonl", b'{"text": "play it"}\n')
    storage._system.cache_clear()
    pool = Pool.open(["memory://logs"])
    assert [block.batch.column("text").to_pylist() for block in pool.blocks()] == [["play it"]]
    assert pool.files == ["memory://logs/day=1/a.jsonl"]
