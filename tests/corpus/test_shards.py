"""Cutting a pool: every row lies in one shard, whatever the size of the shards."""

import itertools
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats.losses import BadLines
from canvass.corpus.formats.sources import LinesOf, Source, split_lines
from canvass.corpus.pool import Pool
from canvass.corpus.shards import LARGEST, SMALLEST, Shard, cut
from canvass.errors import InputError, OptionError
from parameters import slow_unless
from pools import ROWS


def rows_of(pool, shards):
    """Read all shards, as they arrive at a worker."""
    rows = []
    for shard in shards:
        assert Shard.of_record(json.loads(json.dumps(shard.to_record()))).size == shard.size
        for part in Shard.of_record(shard.to_record()).ranges:
            for block in pool.read_options.blocks(part, BadLines(5)):
                rows += block.batch.to_pylist()
    return rows


@given(
    st.lists(st.binary(max_size=9).map(lambda data: data.replace(b"\n", b"")), max_size=12),
    st.booleans(),
    st.data(),
)
def test_each_line_is_in_one_part(tmp_path_factory, lines, ends, data):
    path = tmp_path_factory.getbasetemp() / "lines.bin"
    content = b"\n".join(lines) + (b"\n" if ends else b"")
    path.write_bytes(content)
    borders = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=6)) | {0, len(content)})
    parts = []
    for start, end in itertools.pairwise(borders):
        with path.open("rb") as stream:
            lines_of = LinesOf(stream, start, end)
            step = data.draw(st.integers(1, 5))
            parts.append(b"".join(iter(lambda lines_of=lines_of, step=step: lines_of.read(step), b"")))
    assert b"".join(parts) == content
    place = 0
    for start, end, part in zip(borders, borders[1:], parts, strict=False):
        if part:
            assert start <= place < end
            assert place == 0 or content[place - 1 : place] == b"\n"
        place += len(part)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("shards")
    records = [{"text": row.text, "id": row.id, "count": row.count} for row in ROWS if len(row.text) < 10_000]
    rng = random.Random(3)
    lines = [
        json.dumps(record, ensure_ascii=rng.random() < 0.5) + rng.choice(["\n", "\r\n", "\n\n"])
        for record in records
    ]
    (path / "a.jsonl").write_text("\ufeff" + "".join(lines), encoding="utf-8", newline="")
    (path / "b.txt").write_text(
        "\n".join(record["text"].replace("\n", " ") for record in records), encoding="utf-8"
    )
    pq.write_table(pa.Table.from_pylist(records), path / "c.parquet", row_group_size=37)
    for number in range(9):
        (path / f"small-{number}.jsonl").write_text(
            "".join(lines[number * 10 : number * 10 + 10]), newline=""
        )
    return path


@pytest.mark.parametrize("step", slow_unless([300, 5_000, SMALLEST], [40, 300, 5_000, 30_000, SMALLEST]))
@pytest.mark.parametrize("name", ["a.jsonl", "b.txt", "c.parquet", "small-*.jsonl"])
def test_shards_hold_each_row_once_and_in_order(folder, name, step):
    pool = Pool.open([str(folder / name)], rows=50)
    shards = cut(pool.ranges, pool.read_options, step)
    expected = [row for block in pool.blocks() for row in block.batch.to_pylist()]
    assert rows_of(pool, shards) == expected
    if step == SMALLEST:
        assert len(shards) == 1
    if step == 300 and not name.startswith("small"):
        assert len(shards) > 5
        assert all(shard.split_file == 0 for shard in shards)
    if step == 5000 and name.startswith("small"):
        assert 1 < len(shards) < 9
        assert all(shard.split_file is None for shard in shards)


@pytest.mark.slow
def test_the_default_size_grows_with_the_pool(folder):
    pool = Pool.open([str(folder / "a.jsonl")])
    part = pool.ranges[0]
    from dataclasses import replace

    huge = [replace(part, size=10 * LARGEST * 10_000)]
    # The sizes are what is said here: nothing is read.
    assert len(cut(huge, pool.read_options)) == pytest.approx(100_000, rel=0.01)
    assert len(cut([replace(part, size=200 * SMALLEST)], pool.read_options)) == 200


def test_compressed_files_and_tables_of_text_stay_whole(tmp_path):
    import gzip

    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "play it"}\n' * 1000))
    (tmp_path / "b.csv").write_text("text\n" + "play it\n" * 1000)
    pool = Pool.open([str(tmp_path / "a.jsonl.gz"), str(tmp_path / "b.csv")])
    shards = cut(pool.ranges, pool.read_options, 10)
    assert [[part.range for part in shard.ranges] for shard in shards] == [[None], [None]]
    assert len(rows_of(pool, shards)) == 2000
    assert split_lines("a.jsonl.gz", None, None, 100, 10) == [(0, 100, 100)]


def test_a_mark_at_the_start_of_a_part_is_text(tmp_path):
    """Only the first bytes of a file are a byte order mark."""
    (tmp_path / "a.txt").write_text("\ufeffone\n\ufefftwo\n", encoding="utf-8")
    pool = Pool.open([str(tmp_path / "a.txt")])
    assert [row["text"] for row in rows_of(pool, cut(pool.ranges, pool.read_options, 7))] == [
        "one",
        "\ufefftwo",
    ]


def test_a_bad_line_of_a_part_is_named_by_the_part(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "play it"}\n' * 99 + '{"text": 7}\n')
    pool = Pool.open([str(path)])
    last = cut(pool.ranges, pool.read_options, 500)[-1]
    with pytest.raises(InputError, match=r"a.jsonl \(from byte [\d,]+\):\d+: field 'text' is 7"):
        list(pool.read_options.blocks(last.ranges[0], BadLines()))
    with Source(str(path), last.ranges[0].range) as source:
        assert source.size() == last.size


def test_a_file_that_cannot_be_opened_stays_whole(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["play it"] * 100}), path, row_group_size=10)
    pool = Pool.open([str(path)])
    path.write_bytes(b"x" * path.stat().st_size)
    (shard,) = cut(pool.ranges, pool.read_options, 10)
    assert shard.ranges == pool.ranges


def test_standard_input_cannot_be_cut():
    pool = Pool.open(["-"])
    with pytest.raises(OptionError, match="standard input"):
        cut(pool.ranges, pool.read_options)
