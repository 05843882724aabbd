"""The beginning of a file, and what can be made of it where it ends in the middle of something."""

import gzip
import json
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats.sniffing import SAMPLE_BYTES, SAMPLE_LINES, Sample, sample_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def is_beginning(part, whole):
    """Whether a value is what is left of another when its text is cut somewhere."""
    if isinstance(part, list):
        return isinstance(whole, list) and all(map(is_beginning, part, whole)) and len(part) <= len(whole)
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and is_beginning(one, whole[key]) for key, one in part.items()
        )
    return part == whole


@given(VALUES, st.data(), st.booleans())
def test_json_as_far_as_it_lies_in_the_sample(value, data, ascii_only):
    written = json.dumps(
        value, ensure_ascii=ascii_only, indent=data.draw(st.sampled_from([None, 1]))
    ).encode()
    assert Sample("a.json", written).json == value
    cut = data.draw(st.integers(0, len(written)))
    part = Sample("a.json", written[:cut], is_whole=False).json
    assert part is None or is_beginning(part, value)
    if isinstance(value, (list, dict)) and cut:
        assert type(part) is type(value)


@pytest.mark.parametrize(
    "head",
    [b"", b"{", b"]", b'{"a": 1]', b"nothing", b"[" * 70000, b'"' * 70000, b"\xff\xfe{", b"{]", b'{"a" 1,'],
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_what_is_no_json_is_none_or_empty(head, is_whole):
    assert not Sample("a.json", head, is_whole).json
    assert Sample("a.json", head, is_whole).records == ()


def test_records_are_objects_on_whole_lines():
    assert Sample("a", b'\xef\xbb\xbf{"a": 1}\r\n\n{"b": 2}').records == ({"a": 1}, {"b": 2})
    assert Sample("a", b'{"a": 1}\n{"b": 2', is_whole=False).records == ({"a": 1},)
    assert Sample("a", b'{"a": 1}\n[]\n').records == ()
    assert Sample("a", b'{"a": 1}\nnonsense\n').records == ()
    assert len(Sample("a", b"{}\n" * 1000).records) == SAMPLE_LINES
    assert Sample("a", "x\u2028y\n".encode()).lines == ("x\u2028y", "")


def test_a_file_is_read_as_far_as_needed_and_unpacked(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * SAMPLE_BYTES)
    assert sample_of(str(path)) == Sample("a.jsonl", b"x" * SAMPLE_BYTES, path=str(path))
    path.write_bytes(b"x\n" * SAMPLE_BYTES)
    sample = sample_of(str(path))
    assert (len(sample.head), sample.is_whole) == (SAMPLE_BYTES, False)
    # The first line is read to its end, however long it is; and lines of other places with it.
    path.write_bytes(b"x" * (SAMPLE_BYTES + 1) + b"\n" + b"y\n" * SAMPLE_BYTES + b"z\n")
    sample = sample_of(str(path))
    assert (sample.lines[0], sample.lines[-2]) == ("x" * (SAMPLE_BYTES + 1), "z")
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(b"words"))
    assert sample_of(str(packed)).head == b"words"
    packed.write_bytes(gzip.compress(os.urandom(99999))[:-9])
    assert sample_of(str(packed)) == Sample(
        "a.jsonl.gz", sample_of(str(packed)).head, is_whole=False, path=str(packed)
    )
    packed.write_bytes(b"not gzip")
    assert sample_of(str(packed)).head == b""


def test_the_members_of_an_archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/y.json", "{}")
    sample = sample_of(str(path))
    assert (sample.is_zip, sample.members) == (True, ("x/y.json",))
    path.write_bytes(path.read_bytes()[:-5])
    assert not sample_of(str(path)).is_zip


def test_what_cannot_be_read_twice_is_no_sample(tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("pipe.jsonl", "none.jsonl"):
        assert sample_of(str(tmp_path / name)) is None
    assert sample_of(str(tmp_path)).members == ("pipe.jsonl",)
    assert sample_of("a\x00b") is None


def test_a_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"first")
    assert sample_of(str(path)).head == b"first"
    path.write_bytes(b"second!")
    assert sample_of(str(path)).head == b"second!"
