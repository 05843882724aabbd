"""Plain text: the cut without a loop against the loop."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.corpus.formats import text
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import SCHEMA
from canvass.corpus.formats.losses import BadLines
from canvass.errors import InputError

PIECES = st.sampled_from(
    [b"a", "é".encode(), "😀".encode(), "\u2028".encode(), b"\n", b"\r\n", b"\r", b"", b"\xff", b"\x85"]
)


def blocks_of(path, bad=None, rows=100):
    return list(text.blocks(str(path), Columns(), bad or BadLines(), rows))


def texts_of(blocks):
    return [line for block in blocks for line in block.batch.column("text").to_pylist()]


def test_lines(tmp_path, monkeypatch):
    path = tmp_path / "pool.txt"
    path.write_bytes("\ufeffplay jazz\r\n\n ü\u2028\x0c\nlast\r".encode())
    monkeypatch.delattr(text, "slow_batch")
    blocks = blocks_of(path)
    assert all(block.batch.schema.equals(SCHEMA, check_metadata=True) for block in blocks)
    rows = [tuple(row.values()) for block in blocks for row in block.batch.to_pylist()]
    assert rows == [(line, None, 1) for line in ("play jazz", "", " ü\u2028\x0c", "last")]


def test_a_line_that_is_not_utf_8(tmp_path, monkeypatch):
    monkeypatch.setattr("canvass.corpus.formats.sources.SMALLEST_CHUNK", 10)
    path = tmp_path / "pool.txt"
    path.write_bytes(b"fine\n" * 20 + b"ab\xff\n" + b"fine\n" * 3)
    with pytest.raises(
        InputError, match=r"pool\.txt:21: not valid UTF-8 at byte 2 of the line; write the file as"
    ):
        blocks_of(path, rows=1)
    bad = BadLines(1)
    assert texts_of(blocks_of(path, bad)) == ["fine"] * 23
    assert bad.count == 1


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_blocks_are_bounded_and_account_for_every_byte(tmp_path, rows):
    path = tmp_path / "pool.txt"
    path.write_text("".join(f"line {index}\n" for index in range(3000)))
    blocks = blocks_of(path, rows=rows)
    assert texts_of(blocks) == [f"line {index}" for index in range(3000)]
    assert max(block.batch.num_rows for block in blocks) <= rows
    assert sum(block.consumed for block in blocks) == path.stat().st_size


@given(st.lists(PIECES, max_size=20).map(b"".join))
@example(b"\xff\n\r\r\n")
@example(b"\xff\na\n\r")
def test_the_fast_way_and_the_slow_way_agree(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.txt"
        path.write_bytes(data)
        bad = BadLines(99)
        fast = texts_of(blocks_of(path, bad))
    lines = data.split(b"\n")[: -1 if data.endswith(b"\n") or not data else None]
    good = []
    for line in lines:
        try:
            good.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError:
            continue
    assert fast == good
    assert bad.count == len(lines) - len(good)
