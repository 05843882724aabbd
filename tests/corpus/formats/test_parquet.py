"""Parquet: the types that are taken, and a sentence for each that is not."""

import io
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.formats import parquet
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import SCHEMA
from canvass.corpus.formats.losses import BadLines
from canvass.errors import FileError, InputError
from canvass.types import Slot, Utterance

FIELDS = Columns()


@pytest.fixture
def pool(tmp_path):
    return tmp_path / "pool.parquet"


def store(path, **columns):
    pq.write_table(pa.table(columns), path)
    return str(path)


def rows_of(path, bad=None, rows=100, columns=FIELDS):
    blocks = list(parquet.blocks(str(path), columns, bad or BadLines(), rows))
    assert all(block.batch.schema.equals(SCHEMA, check_metadata=True) for block in blocks)
    return [tuple(row.values()) for block in blocks for row in block.batch.to_pylist()]


def not_utf_8(*values):
    offsets = np.cumsum([0, *map(len, values)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    )


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
@pytest.mark.parametrize(
    "identity", [pa.array(["7", None]), pa.array([7, None], pa.uint64()), pa.array([7, None], pa.int16())]
)
def test_types_that_are_taken(pool, kind, identity):
    text = pa.array(["ä", ""]).cast(kind)
    store(pool, z=[[1], []], text=text, id=identity, count=pa.array([3, None], pa.uint8()))
    assert rows_of(pool) == [("ä", "7", 3), ("", None, 1)]


def test_columns_of_nothing(pool):
    store(pool, text=["a"], id=pa.nulls(1), count=pa.nulls(1))
    assert rows_of(pool) == [("a", None, 1)]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"utt": ["a"]},
            ": column 'text' is missing (the file has: utt); name the column with --columns text=NAME",
        ),
        ({"text": [1]}, ": column 'text' has the type whole numbers; expected text"),
        (
            {"text": [b"a"], "n": [1]},
            "(the file has text: binary, n: int64); name the column with --columns text=NAME",
        ),
        ({"text": [["a"]]}, ": column 'text' has the type list<element: string>; expected text"),
        ({"text": pa.nulls(2)}, ": column 'text' has the type nothing; expected text"),
        ({"text": ["a"], "count": [1.0]}, ": column 'count' has the type double; expected whole numbers"),
        ({"text": ["a"], "count": ["1"]}, ": column 'count' has the type text; expected whole numbers"),
        ({"text": ["a"], "id": [1.0]}, ": column 'id' has the type double; expected text or whole numbers"),
        ({"text": ["a"] * 16 + [None]}, ": row 17: field 'text' is null; expected a string"),
        ({"text": ["a"] * 16 + [None], "slots": pa.nulls(17)}, ": row 17: field 'text' is null"),
        (
            {"text": ["a", "b"], "count": [1, 0]},
            ": row 2: field 'count' is 0; expected a whole number of at least 1",
        ),
        (
            {"text": ["a"], "count": pa.array([1 << 63], pa.uint64())},
            ": row 1: field 'count' is 9223372036854775808",
        ),
        ({"text": not_utf_8(b"a", b"b\xff")}, ": row 2: field 'text' is not valid UTF-8"),
        ({"text": ["a", "b"], "id": not_utf_8(b"\xff", b"b")}, ": row 1: field 'id' is not valid UTF-8"),
    ],
)
def test_a_bad_column_or_row_is_named(pool, columns, words):
    store(pool, **columns)
    for read in (rows_of, lambda path: list(parquet.read(str(path), FIELDS, BadLines()))):
        with pytest.raises(InputError) as caught:
            read(pool)
        assert str(caught.value).startswith(
            str(pool) + words.split("(", maxsplit=1)[0] if words[0] == ":" else str(pool)
        )
        assert words in str(caught.value)


def test_rows_are_counted_over_batches(pool):
    store(pool, text=["a"] * 5000 + [None])
    for read in (rows_of, lambda path: list(parquet.read(str(path), FIELDS, BadLines()))):
        with pytest.raises(InputError, match="row 5001: field 'text' is null"):
            read(pool)


def test_a_column_that_appears_twice(pool):
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), pool)
    with pytest.raises(InputError, match="column 'text' appears 2 times; expected it once"):
        rows_of(pool)


def test_bad_rows_are_tolerated(pool):
    store(pool, text=pa.chunked_array([not_utf_8(b"a", b"\xff"), pa.array(["c", None, "e"])]))
    bad = BadLines(2)
    assert rows_of(pool, bad, rows=2) == [("a", None, 1), ("c", None, 1), ("e", None, 1)]
    assert (bad.count, bad.first) == (
        2,
        f"{pool}: row 2: field 'text' is not valid UTF-8; write the file as UTF-8",
    )


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_blocks_are_bounded_and_account_for_every_byte(pool, rows):
    pq.write_table(pa.table({"text": [f"t{index}" for index in range(2500)]}), pool, row_group_size=999)
    blocks = list(parquet.blocks(str(pool), FIELDS, BadLines(), rows))
    assert sum(block.batch.num_rows for block in blocks) == 2500
    assert max(block.batch.num_rows for block in blocks) <= rows
    assert sum(block.consumed for block in blocks) == pool.stat().st_size


@pytest.mark.parametrize("data", [b"", b"PAR1", b"text\n" * 100, b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_damaged_file(pool, data):
    pool.write_bytes(data)
    with pytest.raises(
        InputError, match=r"pool\.parquet: not a Parquet file, or a damaged one \(.+\); get the file anew"
    ):
        rows_of(pool)


def test_a_missing_file(pool):
    with pytest.raises(FileError, match="no such file"):
        rows_of(pool)


def test_an_error_of_the_caller_is_not_taken_for_damage(pool):
    blocks = parquet.blocks(store(pool, text=["a"]), FIELDS, BadLines(), 1)
    next(blocks)
    with pytest.raises(ZeroDivisionError):
        blocks.throw(ZeroDivisionError())


def test_standard_input_and_compressed_files(pool, tmp_path, monkeypatch):
    data = store(pool, text=["a", "b"])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(pool.read_bytes())))
    assert rows_of("-") == [("a", None, 1), ("b", None, 1)]
    packed = tmp_path / "pool.parquet.zst"
    packed.write_bytes(pa.compress(pool.read_bytes(), codec="zstd", asbytes=True))
    assert rows_of(packed) == rows_of(data)
    assert (
        sum(block.consumed for block in parquet.blocks(str(packed), FIELDS, BadLines(), 1))
        == packed.stat().st_size
    )


SLOT = {"start": 0, "end": 1, "label": "x"}


def test_annotated(pool):
    store(pool, text=["ab", "b", "c"], intent=["I", None, "I"], slots=[[SLOT], None, []])
    expected = [
        Utterance("ab", intent="I", slots=(Slot(0, 1, "x"),)),
        Utterance("b"),
        Utterance("c", intent="I", slots=()),
    ]
    assert list(parquet.read(str(pool), FIELDS, BadLines())) == [
        (f"{pool}: row {row}", utterance) for row, utterance in enumerate(expected, 1)
    ]
    store(pool, text=["ab", "b", "c"], slots=['[{"start": 0, "end": 1, "label": "x"}]', None, "[]"])
    assert [row.slots for _, row in parquet.read(str(pool), FIELDS, BadLines())] == [
        (Slot(0, 1, "x"),),
        None,
        (),
    ]
    store(pool, text=["a"], slots=[[None]])
    with pytest.raises(InputError, match=r"row 1: slot 1 of field 'slots' is None; expected an object"):
        list(parquet.read(str(pool), FIELDS, BadLines()))


@pytest.mark.parametrize("slots", [[[SLOT], []], [[], []], [None, None], [[SLOT], None]])
def test_types_that_are_written_do_not_depend_on_the_values(pool, slots):
    rows = [{"rank": index, "score": 0.5, "id": None, "slots": value} for index, value in enumerate(slots)]
    parquet.write(str(pool), rows)
    assert pq.read_table(pool).to_pylist() == rows
    schema = pq.read_schema(pool)
    assert schema.types == [pa.int64(), pa.float64(), pa.string(), parquet.SLOTS]
    before = pool.read_bytes()
    parquet.write(str(pool), rows)
    assert pool.read_bytes() == before


def test_lists_of_slots_under_any_name_and_mixed_numbers(pool):
    parquet.write(str(pool), [{"gold": [SLOT], "score": 1}, {"gold": [], "score": 0.5}])
    assert pq.read_schema(pool).types == [parquet.SLOTS, pa.float64()]
    parquet.write(str(pool), [])
    assert pq.read_table(pool).num_rows == 0
