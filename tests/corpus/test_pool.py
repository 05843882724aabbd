"""Pools: many files as one stream, and a sentence where they cannot be."""

import io
import itertools
import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import SCHEMA
from canvass.corpus.pool import Pool
from canvass.errors import FileError, InputError, OptionError
from canvass.types import Utterance

ROWS = [{"text": f"play {index} ü", "id": f"u{index}", "count": index + 1} for index in range(50)]


def rows_of(pool):
    return [tuple(row.values()) for block in pool.blocks() for row in block.batch.to_pylist()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, rows=ROWS):
    format_of(name).write(name, rows)


def test_one_pool_of_many_files(folder):
    names = ["a.jsonl", "b.jsonl.gz", "c.csv", "d.tsv.zst", "e.parquet"]
    for index, name in enumerate(names):
        write(name, ROWS[index * 10 : index * 10 + 10])
    pool = Pool.open(["."], rows=4)
    assert pool.files == names
    expected = [tuple(row.values()) for row in ROWS]
    for _ in range(2):  # a pool of files can be read again
        assert rows_of(pool) == expected
    blocks = list(pool.blocks())
    assert max(block.batch.num_rows for block in blocks) <= 4
    assert (
        sum(block.consumed for block in blocks)
        == pool.total_bytes
        == sum(Path(name).stat().st_size for name in names)
    )


def test_every_format_reads_a_pool(folder):
    for kind in FORMATS:
        if kind.write is not None:
            write(f"pool{kind.extensions[0]}")
            assert rows_of(Pool.open([f"pool{kind.extensions[0]}"])) == [tuple(row.values()) for row in ROWS]


def test_standard_input_once(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"play jazz\nstop\n")))
    pool = Pool.open(["-"], format="text")
    assert pool.total_bytes is None
    assert rows_of(pool) == [("play jazz", None, 1), ("stop", None, 1)]
    with pytest.raises(OptionError, match=r"standard input .* only once"):
        pool.blocks()


def test_a_pipe_has_no_size(folder):
    os.mkfifo("pool.jsonl")
    pool = Pool.open(["pool.jsonl"])
    assert pool.total_bytes is None
    writer = threading.Thread(target=Path("pool.jsonl").write_bytes, args=[b'{"text": "a"}\n' * 3])
    writer.start()
    assert len(rows_of(pool)) == 3
    writer.join()


def test_skip_bad_is_over_all_files(folder, caplog):
    caplog.set_level(logging.INFO)
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_text('{"text": "fine"}\n{"text": 3}\n')
    pool = Pool.open(["a.jsonl", "b.jsonl"], skip_bad=2)
    for _ in range(2):
        assert len(rows_of(pool)) == 2
        assert (pool.bad.count, pool.bad.first) == (2, "a.jsonl:2: field 'text' is 3; expected a string")
    assert "left out: b.jsonl:2" in caplog.text
    with pytest.raises(
        InputError, match=r"b\.jsonl:2: field 'text' is 3.*bad line 2, but --skip-bad tolerates 1; the first"
    ):
        rows_of(Pool.open(["a.jsonl", "b.jsonl"], skip_bad=1))


def test_the_names_of_the_user(folder):
    (folder / "a.csv").write_text("utt,n,text\nplay,3,x\n")
    assert rows_of(Pool.open(["a.csv"], columns=Columns(text="utt", count="n"))) == [("play", None, 3)]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"text": "a"}, {"text": "b", "count": 2}, "b.csv has the column 'count', but a.csv does not"),
        ({"text": "a", "id": "1"}, {"text": "b"}, "a.csv has the column 'id', but b.csv does not"),
    ],
)
def test_files_with_different_columns(folder, first, second, words):
    write("a.csv", [first])
    write("b.csv", [second])
    with pytest.raises(InputError) as caught:
        Pool.open(["a.csv", "b.csv"])
    assert words in str(caught.value)


def test_files_with_different_types(folder):
    for name, identity in (("a", [None]), ("b", [1]), ("c", ["1"])):
        pq.write_table(pa.table({"text": ["x"], "id": identity}), f"{name}.parquet")
    with pytest.raises(InputError) as caught:
        Pool.open(["."])
    assert "column 'id' holds whole numbers in b.parquet, but text in c.parquet" in str(caught.value)
    pool = Pool.open(["a.parquet", "b.parquet"])  # a column of nothing agrees with any type
    assert rows_of(pool) == [("x", None, 1), ("x", "1", 1)]


def test_csv_and_parquet_agree_if_their_columns_do(folder):
    write("a.csv")
    pq.write_table(pa.table({"text": ["x"], "id": [1], "count": [2], "other": [3]}), "b.parquet")
    assert len(rows_of(Pool.open(["."]))) == 51


def test_a_wrong_column_is_found_before_anything_is_read(folder):
    write("a.parquet")
    pq.write_table(pa.table({"utt": ["x"]}), "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: column 'text' is missing \(the file has: utt\)"):
        Pool.open(["."])


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.jsonl.gz"])
def test_an_empty_pool(folder, name):
    (folder / name).write_bytes(b"")
    with pytest.raises(InputError, match=f"empty pool: no utterance in {name}"):
        rows_of(Pool.open([name]))


def test_other_empty_pools(folder):
    (folder / "a.csv").write_text("text\n")
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), "b.parquet")
    with pytest.raises(InputError, match=r"empty pool: no utterance in a\.csv, b\.parquet"):
        rows_of(Pool.open(["."]))
    (folder / "c.jsonl").write_text("3\n")
    with pytest.raises(InputError, match=r"empty pool: .*c\.jsonl \(1 bad lines were left out\)"):
        rows_of(Pool.open(["c.jsonl"], skip_bad=1))
    with pytest.raises(InputError, match="empty pool: no utterance in memory"):
        rows_of(Pool.of([]))


def test_an_empty_shard_does_no_harm(folder):
    (folder / "a.jsonl").write_bytes(b"")
    write("b.jsonl")
    assert len(rows_of(Pool.open(["."]))) == 50


def test_a_file_that_is_gone(folder):
    write("a.jsonl")
    pool = Pool.open(["a.jsonl"])
    (folder / "a.jsonl").unlink()
    with pytest.raises(FileError, match=r"a\.jsonl: no such file"):
        rows_of(pool)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(folder):
    write("a.jsonl")
    (folder / "a.jsonl").chmod(0)
    with pytest.raises(FileError, match=r"a\.jsonl: no permission to read it"):
        rows_of(Pool.open(["a.jsonl"]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": 0}, "rows=0 is too small"),
        ({"skip_bad": -1}, "--skip-bad -1 is negative"),
        ({"format": "x"}, "'x' is not a known format"),
    ],
)
def test_options_that_make_no_sense(folder, options, words):
    write("a.jsonl")
    with pytest.raises(OptionError) as caught:
        Pool.open(["a.jsonl"], **options)
    assert words in str(caught.value)


def test_in_memory():
    pool = Pool.of((Utterance(row["text"], row["id"], row["count"]) for row in ROWS), rows=7)
    assert rows_of(pool) == rows_of(pool) == [tuple(row.values()) for row in ROWS]
    blocks = list(pool.blocks())
    assert [block.batch.num_rows for block in blocks] == [7] * 7 + [1]
    assert all(block.batch.schema.equals(SCHEMA, check_metadata=True) for block in blocks)
    assert sum(block.consumed for block in blocks) == pool.total_bytes
    assert pool.files == []


def test_a_bad_utterance_in_memory():
    with pytest.raises(InputError, match="utterance 9: field 'count' is 0"):
        Pool.of(itertools.chain(itertools.repeat(Utterance("a"), 8), [Utterance("b", count=0)]), rows=4)
    with pytest.raises(InputError, match="utterance 1: field 'text' is not valid UTF-8"):
        Pool.of([Utterance("\ud800")])


def test_from_a_table():
    table = pa.table(
        {"utt": pa.chunked_array([["a", "b"], ["c"]], pa.large_string()), "z": [1, 2, 3], "id": [7, 8, None]}
    )
    pool = Pool.from_table(table, columns=Columns(text="utt"), rows=2)
    assert rows_of(pool) == [("a", "7", 1), ("b", "8", 1), ("c", None, 1)]
    with pytest.raises(InputError, match=r"the table: column 'text' is missing \(the file has: utt, z, id\)"):
        Pool.from_table(table)
    with pytest.raises(InputError, match="the table: row 3: field 'text' is null"):
        Pool.from_table(pa.table({"text": ["a", "b", None]}), rows=2)
