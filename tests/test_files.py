"""Output files appear whole or not at all."""

import gzip
import os
import stat

import pyarrow as pa
import pytest

from canvass.errors import FileError, OptionError
from canvass.files import check_output, compressed, split_name, whole_file


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_a_file_appears_when_the_block_ends(tmp_path):
    with whole_file(tmp_path / "out") as stream:
        stream.write(b"words")
        stream.flush()
        assert not (tmp_path / "out").exists()
        (hidden,) = tmp_path.iterdir()
        assert hidden.name.startswith(".out.")
        assert hidden.name.endswith(".part")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"words"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
@pytest.mark.parametrize("old", [None, b"old"])
def test_an_error_or_interrupt_leaves_nothing_and_keeps_the_old_file(tmp_path, error, old):
    if old is not None:
        (tmp_path / "out").write_bytes(old)
    with pytest.raises(error), whole_file(tmp_path / "out") as stream:  # noqa: PT012 - the block is what is tested
        stream.write(b"half")
        raise error
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_full_disk_is_a_sentence_and_keeps_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "out").write_bytes(b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    sentence = r"out: could not be written \(No space left on device\)"
    with pytest.raises(FileError, match=sentence), whole_file(tmp_path / "out") as stream:
        stream.write(b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_an_old_file_is_replaced(tmp_path):
    (tmp_path / "out").write_bytes(b"old and long")
    with whole_file(str(tmp_path / "out")) as stream:
        stream.write(b"new")
    assert (tmp_path / "out").read_bytes() == b"new"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0, 0o666)])
def test_permissions_follow_the_umask(tmp_path, umask, mask, mode):
    umask(mask)
    with whole_file(tmp_path / "out"):
        pass
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == mode
    assert os.umask(mask) == mask


def test_a_folder_that_is_missing_is_refused_before_the_work(tmp_path):
    with (
        pytest.raises(FileError, match="none does not exist; create it"),
        whole_file(tmp_path / "none" / "out"),
    ):
        pytest.fail("the block must not begin")
    with pytest.raises(FileError, match="is a folder; name a file"), whole_file(tmp_path):
        pytest.fail("the block must not begin")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="does not exist"):
        check_output(tmp_path / "file" / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="cannot write"), whole_file(tmp_path / "out"):
        pytest.fail("the block must not begin")


def test_an_output_that_is_an_input_is_refused(tmp_path, monkeypatch):
    pool, other = tmp_path / "pool", tmp_path / "other"
    pool.write_bytes(b"pool")
    other.write_bytes(b"other")
    (tmp_path / "link").symlink_to(pool)
    (tmp_path / "hard").hardlink_to(pool)
    monkeypatch.chdir(tmp_path)
    inputs = [str(other), "-", "none", str(pool)]
    for name in ("pool", str(pool), "./pool", "link", "hard", tmp_path / "x" / ".." / "pool"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(OptionError, match="is also an input, which would be overwritten"):
            check_output(name, inputs)
    check_output("new", inputs)
    check_output("-", ["-"])
    check_output("pool", [str(other)])
    assert pool.read_bytes() == b"pool"


def test_standard_output(capfdbinary):
    with whole_file("-") as stream:
        stream.write(b"words\n")
    assert capfdbinary.readouterr().out == b"words\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", (".jsonl", None)),
        ("A.JSONL.GZ", (".jsonl", "gzip")),
        ("x/y.b.csv.zst", (".csv", "zstd")),
        ("a.gz", ("", "gzip")),
        ("none", ("", None)),
        (".jsonl", ("", None)),
        ("-", ("", None)),
        ("a.parquet/", (".parquet", None)),
    ],
)
def test_extensions(name, expected):
    assert split_name(name) == expected


def test_compression_is_the_same_at_any_time(monkeypatch):
    data = b"words " * 1000
    first = compressed(data, "gzip")
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert compressed(data, "gzip") == first
    assert gzip.decompress(first) == data
    packed = compressed(data, "zstd")
    assert packed == compressed(data, "zstd") != data
    assert pa.decompress(packed, len(data), codec="zstd", asbytes=True) == data
