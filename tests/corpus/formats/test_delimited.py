"""CSV and TSV: the fast way against the slow one, and a sentence for each bad row."""

import io
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats import delimited, delimited_rows
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import SCHEMA
from canvass.corpus.formats.delimited import CSV, TSV
from canvass.corpus.formats.losses import BadLines
from canvass.errors import FileError, InputError
from canvass.types import Slot, Utterance

FIELDS = Columns()


def rows_of(batches):
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def read_pool(path, data=None, *, bad=None, rows=100, columns=FIELDS, kind=CSV):
    if data is not None:
        path.write_bytes(data)
    return rows_of(block.batch for block in kind.blocks(str(path), columns, bad or BadLines(), rows))


@pytest.fixture
def pool(tmp_path):
    return tmp_path / "pool.csv"


@pytest.fixture
def fast_only(monkeypatch):
    def refuse(*arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(delimited, "slow_batches", refuse)


@pytest.fixture
def slow_only(monkeypatch):
    def refuse(*arguments):
        raise pa.ArrowInvalid("refused by the test")

    monkeypatch.setattr(delimited, "_fast_batches", refuse)


ACCEPTED = {
    "plain": b"text,id,count\na,1,2\nb,,\n",
    "no end": b"text,id,count\na,1,2\nb,,",
    "mark": b"\xef\xbb\xbftext,id,count\na,1,2\nb,,\n",
    "crlf": b"text,id,count\r\na,1,2\r\nb,,\r\n",
    "blank lines": b"\n\ntext,id,count\n\na,1,2\n\n\nb,,\n\n",
    "quoted": b'"text","id","count"\n"a","1","2"\n"b","",""\n',
    "order and others": b"z,count,id,text\n\xff,2,1,a\n,,,b\n",
    "zeros": b"text,id,count\na,1,002\nb,,1\n",
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("way", ["fast_only", "slow_only"])
def test_what_is_accepted(pool, request, way, data):
    request.getfixturevalue(way)
    assert read_pool(pool, data) == [("a", "1", 2), ("b", None, 1)]


@pytest.mark.parametrize("way", ["fast_only", "slow_only"])
def test_line_breaks_quotes_and_delimiters_in_cells(pool, request, way):
    request.getfixturevalue(way)
    data = 'text\n"a\r\nb,""c"""\n"x\n\ny"\n""\nü\u2028\x1c\x0c\x85\n p"q \n'.encode()
    texts = ['a\r\nb,"c"', "x\n\ny", "", "ü\u2028\x1c\x0c\x85", ' p"q ']
    assert read_pool(pool, data) == [(text, None, 1) for text in texts]


def test_schema(pool, fast_only):
    pool.write_bytes(ACCEPTED["plain"])
    (block,) = CSV.blocks(str(pool), FIELDS, BadLines(), 10)
    assert block.batch.schema.equals(SCHEMA, check_metadata=True)
    block.batch.validate(full=True)


def test_tabs(tmp_path, fast_only):
    assert read_pool(tmp_path / "pool.tsv", b"id\ttext\n1\ta, b\n", kind=TSV) == [("a, b", "1", 1)]


def test_a_line_without_end_is_named(pool, monkeypatch):
    monkeypatch.setattr(delimited_rows, "LONGEST_LINE", 1 << 20)
    pool.write_bytes(b"text,id\na,1\n" + b"b" * (1 << 20) + b",2\n")
    with pytest.raises(InputError, match=r"csv:3: the line is longer than 1 MB; is it a table\?"):
        list(CSV.read(str(pool), FIELDS, BadLines()))


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (
            b"",
            1,
            "column 'text' is missing (the file has: nothing); name the column with --columns text=NAME",
        ),
        (
            b"utt,id\na,b\n",
            1,
            "column 'text' is missing (the file has: utt, id); name the column with --columns text=NAME",
        ),
        (b"text,id,text\na,b,c\n", 1, "column 'text' appears twice; expected it once"),
        (b"text,id\na,1\n\nb\nc,3\n", 4, "the row has 1 cells; expected 2, as in the header"),
        (b'text,id\n"a\nb",1\nb,2,3\n', 4, "the row has 3 cells; expected 2, as in the header"),
        (b"text,id\na,1\nb\xff,2\n", 3, "field 'text' is not valid UTF-8 at character 1"),
        (b"text,count\na,1\nb,x\n", 3, "field 'count' is 'x'; expected a whole number of at least 1"),
        (b"text,count\na,1\nb,0\n", 3, "field 'count' is 0;"),
        (b"text,count\na,1\nb,-1\n", 3, "field 'count' is '-1';"),
        (b"text,count\na,1\nb,0x10\n", 3, "field 'count' is '0x10';"),
        (b"text,count\na,1\nb," + b"9" * 5000 + b"\n", 3, "field 'count' is '99999"),
        (b'id,text\n1,a\n2,"b\n3,c\n4,d\n', 3, "a quote is opened and never closed; close it, or double it"),
        (b'id,text\n1,a\n2,"b', 3, "a quote is opened and never closed"),
    ],
)
def test_a_bad_row_is_named(pool, data, line, words):
    for read in (read_pool, lambda path, data: list(CSV.read(str(path), FIELDS, BadLines()))):
        with pytest.raises(InputError) as caught:
            read(pool, data)
        assert str(caught.value).startswith(f"{pool}:{line}: ")
        assert words in str(caught.value)


def test_bad_rows_are_tolerated_late_in_a_file(pool, monkeypatch):
    monkeypatch.setattr("canvass.corpus.formats.sources.SMALLEST_CHUNK", 200)
    lines = [b"%d,%d" % (index, index) for index in range(2000)]
    lines[1500] = b"1500"
    bad = BadLines(1)
    read = read_pool(pool, b"text,id\n" + b"\n".join(lines) + b"\n", bad=bad, rows=10)
    assert read == [(str(index), str(index), 1) for index in range(2000) if index != 1500]
    assert (bad.count, bad.first) == (1, f"{pool}:1502: the row has 1 cells; expected 2, as in the header")


def test_a_cell_longer_than_a_block(pool):
    long = b"x" * 3_000_000
    assert read_pool(pool, b"text\na\n" + long + b"\nb\n", rows=1) == [
        ("a", None, 1),
        (long.decode(), None, 1),
        ("b", None, 1),
    ]


@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("name", ["pool.csv", "pool.csv.gz", "pool.csv.zst"])
def test_blocks_are_bounded_and_account_for_every_byte(tmp_path, name, rows):
    path = str(tmp_path / name)
    CSV.write(path, [{"text": f"t{index}", "id": str(index)} for index in range(2500)])
    blocks = list(CSV.blocks(path, FIELDS, BadLines(), rows))
    assert rows_of(block.batch for block in blocks) == [(f"t{index}", str(index), 1) for index in range(2500)]
    assert max(block.batch.num_rows for block in blocks) <= rows
    assert min(block.consumed for block in blocks) >= 0
    assert sum(block.consumed for block in blocks) == Path(path).stat().st_size


def test_a_header_alone_has_no_rows(pool):
    assert read_pool(pool, b"text,id") == []


def test_damaged_compression(tmp_path):
    path = tmp_path / "pool.csv.gz"
    CSV.write(str(path), [{"text": f"t{index * 7919}"} for index in range(2500)])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_pool(path)
    with pytest.raises(FileError, match="no such file"):
        read_pool(tmp_path / "none.csv")


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"text,count\na,1\nb,x\n")))
    with pytest.raises(InputError, match=r"^-:3: field 'count' is 'x'"):
        list(CSV.blocks("-", FIELDS, BadLines(), 10))


def test_annotated(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(
        'text,intent,slots\nplay jazz,Play,"[{""start"": 5, ""end"": 9, ""label"": ""g""}]"\nb,,\nc,,[]\n'
    )
    assert list(CSV.read(str(path), FIELDS, BadLines())) == [
        (f"{path}:2", Utterance("play jazz", intent="Play", slots=(Slot(5, 9, "g"),))),
        (f"{path}:3", Utterance("b")),
        (f"{path}:4", Utterance("c", slots=())),
    ]
    for cell, words in (("[{]", "expected a JSON list"), ("3", "field 'slots' is 3; expected a list")):
        path.write_text(f"text,slots\na,{cell}\n")
        with pytest.raises(InputError) as caught:
            list(CSV.read(str(path), FIELDS, BadLines()))
        assert f"{path}:2: field 'slots' is" in str(caught.value)
        assert words in str(caught.value)


CELLS = st.text(
    st.sampled_from(list('a,\t"\n\r\ufeff 1\u2028é😀\x00\x1c')) | st.characters(codec="utf-8"), max_size=8
)


@given(
    st.lists(CELLS, min_size=1, max_size=8),
    st.booleans(),
    st.sampled_from([CSV, TSV]),
    st.sampled_from([1, 3, 50]),
)
def test_written_texts_come_back(texts, with_others, kind, rows):
    others = (
        {"id": "x", "count": 2, "slots": [{"start": 0, "end": 1, "label": 'a,"\t'}]} if with_others else {}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pool")
        kind.write(path, [{"text": text, **others} for text in texts])
        expected = [(text, others.get("id"), others.get("count", 1)) for text in texts]
        assert rows_of(block.batch for block in kind.blocks(path, FIELDS, BadLines(), rows)) == expected
        table = delimited.Table(path, path, "," if kind is CSV else "\t", FIELDS)
        assert rows_of(delimited.slow_batches(table, BadLines(), rows, 0)) == expected


ROWS = st.lists(st.text(st.sampled_from(list('aé1 ,"\n\r')), max_size=5), min_size=2, max_size=2).map(
    ",".join
)


@given(st.lists(ROWS, max_size=8))
def test_the_fast_way_and_the_slow_way_agree_on_anything(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pool.csv")
        Path(path).write_text("\n".join(["text,count", *lines]), newline="")
        table = delimited.Table(path, path, ",", FIELDS)
        bads = BadLines(99), BadLines(99)
        fast = rows_of(batch for batch, _ in delimited._batches(table, bads[0], 100))
        assert fast == rows_of(delimited.slow_batches(table, bads[1], 100, 0))
        assert bads[0] == bads[1]


def test_writing_is_plain_where_it_can_be(tmp_path):
    path = tmp_path / "out.csv"
    CSV.write(str(path), [{"rank": 1, "score": 0.25, "text": "a b", "id": None}, {"rank": 2, "text": "x, y"}])
    assert path.read_text() == 'rank,score,text,id\n1,0.25,a b,\n2,,"x, y",\n'
    CSV.write(str(path), [])
    assert path.read_text() == ""
