"""JSON Lines: the fast way against the slow one, and a sentence for each bad line."""

import gzip
import io
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats import jsonl
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import SCHEMA
from canvass.corpus.formats.format import Block
from canvass.corpus.formats.losses import BadLines
from canvass.errors import FileError, InputError
from canvass.types import Slot, Utterance
from parameters import slow_unless

FIELDS = Columns()


def blocks_of(path, data=None, *, skip_bad=0, rows=1000, columns=FIELDS):
    if data is not None:
        path.write_bytes(data)
    return list(jsonl.blocks(str(path), columns, BadLines(skip_bad), rows))


def rows_of(blocks):
    return [tuple(row.values()) for block in blocks for row in block.batch.to_pylist()]


@pytest.fixture
def pool(tmp_path):
    return tmp_path / "pool.jsonl"


@pytest.fixture
def fast_only(monkeypatch):
    """Refuse the slow way, where a test is about the fast one."""

    def refuse(*arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(jsonl, "slow_batch", refuse)


def test_schema_and_defaults(pool, fast_only):
    blocks = blocks_of(pool, b'{"text": "a"}\n{"count": 3, "x": [{}], "text": "b", "id": "i"}\n')
    assert rows_of(blocks) == [("a", None, 1), ("b", "i", 3)]
    assert blocks[0].batch.schema.equals(SCHEMA, check_metadata=True)
    blocks[0].batch.validate(full=True)


LINES = b'{"text": "a", "id": "1"}\n{"text": "b", "id": "2"}\n'


@pytest.mark.parametrize(
    "data",
    [
        LINES,
        LINES[:-1],
        b"\xef\xbb\xbf" + LINES,
        LINES.replace(b"\n", b"\r\n"),
        LINES.replace(b"\n", b"\n\n \t\n"),
        b"\n\n" + LINES + b"\n\n",
        LINES.replace(b"\n", b"\r\n\r\n"),
        LINES.replace(b'"1"', b"1").replace(b'"2"', b"2"),
        LINES.replace(b"{", b'{"z": "\xff", "y": NaN, "x": {"text": 3}, "x": 4, '),
    ],
    ids=["plain", "no-end", "bom", "crlf", "blank", "outer", "crlf-blank", "whole-ids", "junk"],
)
def test_what_the_fast_way_takes(pool, fast_only, data):
    assert rows_of(blocks_of(pool, data)) == [("a", "1", 1), ("b", "2", 1)]
    assert [text for text, _ in jsonl_rows(pool)] == ["a", "b"]


def jsonl_rows(pool):
    return [(utterance.text, where) for where, utterance in jsonl.read(str(pool), FIELDS, BadLines())]


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "a", "id": 1}\n{"text": "b", "id": "2"}\n',
        b'{"text": "x", "text": "a", "id": "1"}\n{"text": "b", "id": 2}\n',
        b'{"text": "a", "id": 1, "z": "\\ud800"}\n{"text": "b", "id": 2}\n',
        b'{"text": "a", "id": "1", "z": ' + b"1" * 5000 + b'}\n{"text": "b", "id": 2}\n',
    ],
    ids=["mixed-ids", "twice", "half-a-pair-elsewhere", "long-number"],
)
def test_what_only_the_slow_way_takes(pool, data):
    assert rows_of(blocks_of(pool, data)) == [("a", "1", 1), ("b", "2", 1)]


def test_large_whole_ids(pool, fast_only):
    data = b'{"text": "a", "id": 18446744073709551615}\n{"text": "b"}\n'
    assert rows_of(blocks_of(pool, data)) == [("a", "18446744073709551615", 1), ("b", None, 1)]


GOOD = b'{"text": "fine"}\n'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            b'{"text": "a"',
            " at column 13); expected one object a line",
        ),
        (
            b'{"utt": "a", "id": 3}',
            "field 'text' is missing (the record has: utt, id); name the column with --columns text=NAME",
        ),
        (b'{"text": null}', "field 'text' is null"),
        (b'{"text": 3}', "field 'text' is 3; expected a string"),
        (b'{"text": ["a"]}', "field 'text' is ['a']; expected a string"),
        (b'{"text": "a\xffb"}', "field 'text' is not valid UTF-8 at character 1"),
        (b'{"text": "a", "id": "\xc3"}', "field 'id' is not valid UTF-8"),
        (b'{"text": "\\ud800"}', "field 'text' is not valid UTF-8 at character 0"),
        (b'{"text": "\xed\xa0\x80"}', "field 'text' is not valid UTF-8 at character 0"),
        (b'{"text": "a", "count": 0}', "field 'count' is 0; expected a whole number of at least 1"),
        (b'{"text": "a", "count": 1.5}', "field 'count' is 1.5"),
        (b'{"text": "a", "count": "2"}', "field 'count' is '2'"),
        (b'{"text": "a", "count": 99999999999999999999}', "field 'count' is 99999999999999999999"),
        (b'{"text": "a", "id": {}}', "field 'id' is {}; expected a string or a whole number"),
        (b"null", "the line is None; expected one JSON object a line"),
        (b'[{"text": "a"}]', "the line is [{'text': 'a'}]; expected one JSON object a line"),
        (b'{"text": "a"} {"text": "b"}', " at column 15); expected one object a line"),
        (b'{"text": "a"}\r{"text": "b"}', "not valid JSON ("),
        (b'{"text":\n"a"}', "not valid JSON"),
        (b'{"text": "a", "z": ' + b"[" * 200_000, "nested too deep"),
        (b"\x00\x01", "not valid JSON"),
    ],
)
def test_a_bad_line_is_named_and_can_be_tolerated(pool, line, words):
    data = GOOD * 2 + b"\n" + line + b"\n" + GOOD
    with pytest.raises(InputError) as caught:
        blocks_of(pool, data)
    assert str(caught.value).startswith(f"{pool}:4: ")
    assert words in str(caught.value)
    with pytest.raises(InputError) as caught:
        jsonl_rows(pool)
    assert str(caught.value).startswith(f"{pool}:4: ")
    assert words in str(caught.value)
    bad = BadLines(2)
    assert sum(block.batch.num_rows for block in jsonl.blocks(str(pool), FIELDS, bad, 10)) == 3
    assert bad.count in {1, 2}
    assert bad.first.startswith(f"{pool}:4: ")


def test_lines_are_counted_over_chunks(pool, monkeypatch):
    monkeypatch.setattr("canvass.corpus.formats.sources.SMALLEST_CHUNK", 100)
    with pytest.raises(InputError, match=r"jsonl:1001: field 'text' is null"):
        blocks_of(pool, GOOD * 1000 + b'{"text": null}\n' + GOOD * 100, rows=7)


def test_a_column_absent_everywhere_is_missing(pool):
    with pytest.raises(InputError, match=r"jsonl:1: field 'utt' is missing \(the record has: text\)"):
        blocks_of(pool, GOOD * 100, columns=Columns(text="utt"))


@pytest.mark.slow
def test_a_line_longer_than_a_chunk(pool, fast_only):
    long = "ä" * 20_000_000
    blocks = blocks_of(pool, GOOD + json.dumps({"text": long}, ensure_ascii=False).encode() + b"\n" + GOOD)
    assert [text for text, _, _ in rows_of(blocks)] == ["fine", long, "fine"]


def test_a_file_without_line_ends_is_refused(pool, monkeypatch):
    monkeypatch.setattr("canvass.corpus.formats.sources.LONGEST_LINE", 1 << 20)
    with pytest.raises(
        InputError, match=r"jsonl:3: the line is longer than 1 MB; expected one record a line"
    ):
        blocks_of(pool, GOOD * 2 + b"[" + b" " * (10 << 20))


@pytest.mark.parametrize("name", ["pool.jsonl", "pool.jsonl.gz", "pool.jsonl.zst"])
@pytest.mark.parametrize("rows", slow_unless([64, 1000], [1, 7, 64, 1000]))
def test_blocks_are_bounded_and_account_for_every_byte(tmp_path, monkeypatch, name, rows):
    monkeypatch.setattr("canvass.corpus.formats.sources.SMALLEST_CHUNK", 100)
    data = b"".join(b'{"text": "%d"}\n' % index for index in range(3000)) + b"\n" * 500
    packed = {".gz": gzip.compress, ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True)}
    path = tmp_path / name
    blocks = blocks_of(path, packed.get(path.suffix, bytes)(data), rows=rows)
    assert [text for text, _, _ in rows_of(blocks)] == [str(index) for index in range(3000)]
    assert max(block.batch.num_rows for block in blocks) <= rows
    assert min(block.consumed for block in blocks) >= 0
    assert sum(block.consumed for block in blocks) == path.stat().st_size


def test_ids_of_another_type_are_remembered(pool, monkeypatch):
    tried = []
    parse = jsonl.ChunkParser._parse
    monkeypatch.setattr("canvass.corpus.formats.sources.SMALLEST_CHUNK", 100)
    monkeypatch.setattr(
        jsonl.ChunkParser, "_parse", lambda *given: tried.append(str(given[-1])) or parse(*given)
    )
    blocks_of(pool, b'{"text": "a", "id": 7}\n' * 1000, rows=10)
    assert tried[:2] == ["string", "int64"]
    assert set(tried[1:]) == {"int64"}


@pytest.mark.parametrize("cut", [3, 9, 30])
@pytest.mark.parametrize("name", ["pool.jsonl.gz", "pool.jsonl.zst"])
def test_damaged_compression(tmp_path, name, cut):
    data = b"".join(b'{"text": "%d"}\n' % (index * 7919) for index in range(3000))
    packed = gzip.compress(data) if name.endswith("gz") else pa.compress(data, codec="zstd", asbytes=True)
    with pytest.raises(InputError, match="compressed data are damaged or cut short"):
        blocks_of(tmp_path / name, packed[:-cut])
    with pytest.raises(InputError, match="compressed data are damaged or cut short"):
        blocks_of(tmp_path / name, data)


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(FileError, match=r"none\.jsonl: no such file"):
        blocks_of(tmp_path / "none.jsonl")
    with pytest.raises(FileError, match="is a folder"):
        blocks_of(tmp_path)
    with pytest.raises(FileError, match="cannot be the name of a file"):
        list(jsonl.read("\x00", FIELDS, BadLines()))


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(GOOD * 3)))
    blocks = list(jsonl.blocks("-", FIELDS, BadLines(), 2))
    assert [block.batch.num_rows for block in blocks] == [1, 2]
    assert sum(block.consumed for block in blocks) == len(GOOD) * 3


def test_write_and_read(tmp_path):
    rows = [
        {"text": "naïve 😀\u2028x", "id": "1", "slots": [{"start": 0, "end": 5, "label": "a"}], "score": 0.1},
        {"text": "", "id": None, "slots": []},
    ]
    written = []
    for name in ("out.jsonl", "out.jsonl.gz", "out.jsonl.zst", "again.jsonl.gz"):
        jsonl.write(str(tmp_path / name), rows)
        written.append((tmp_path / name).read_bytes())
        read = [utterance for _, utterance in jsonl.read(str(tmp_path / name), FIELDS, BadLines())]
        assert read == [Utterance(rows[0]["text"], "1", slots=(Slot(0, 5, "a"),)), Utterance("", slots=())]
    assert "naïve 😀" in written[0].decode()
    assert written[1] == written[3]


# Characters that some reader somewhere takes for the end of a line, or for half of something else.
AWKWARD = st.sampled_from(
    list('a\u2028\u2029\x85\x1c\x0b\x0c\r\n\t"\\{}[]ä😀\u0301\ufeff\x00\ud83d\U0001f600')
)
TEXTS = st.text(AWKWARD | st.characters(codec="utf-8"), max_size=12)
VALUES = (
    st.none() | st.integers(-3, 3) | st.booleans() | st.floats(allow_nan=False) | TEXTS | st.lists(st.none())
)
RECORDS = st.fixed_dictionaries(
    {"text": TEXTS},
    optional={"id": TEXTS | st.integers(-5, 1 << 64), "count": st.none() | st.integers(1, 9), "z": VALUES},
)
ODD_RECORDS = (
    RECORDS | st.fixed_dictionaries({}, optional={"text": VALUES, "id": VALUES, "count": VALUES}) | VALUES
)


def as_line(record, escaped):
    return json.dumps(record, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


@given(
    st.lists(st.tuples(RECORDS | ODD_RECORDS, st.booleans()), max_size=12)
    | st.lists(st.tuples(RECORDS, st.booleans())),
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\n\n", b" \n\t\n", b"\n \n"]), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([2, 5, 100]),
)
def test_the_fast_way_and_the_slow_way_agree(records, ends, with_mark, with_end, rows):
    lines = [as_line(*record) + ends[index % len(ends)] for index, record in enumerate(records)]
    data = b"\xef\xbb\xbf" * with_mark + b"".join(lines)
    data = data if with_end else data.rstrip(b"\n")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        path.write_bytes(data)
        for way in (jsonl.blocks, slow_blocks):
            bad = BadLines(1000)
            results.append((rows_of(way(str(path), FIELDS, bad, rows)), bad.count, bad.first))
    assert results[0] == results[1]


def slow_blocks(path, columns, bad, rows):
    data = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    yield Block(jsonl.slow_batch(data, path, 1, columns, bad), 0)
