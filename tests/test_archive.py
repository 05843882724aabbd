"""Model files: what was saved comes back; what is damaged is refused by name, whatever the damage."""

import io
import json
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from canvass import archive
from canvass.errors import CanvassError, FileError, ModelFileError

HEADER = {"words": ["歌", "a"], "number": 3, "nothing": None}
ARRAYS = {
    "weights": np.linspace(-1, 1, 12).reshape(4, 3),
    "rows": np.arange(4, dtype=np.int32),
    "nothing": np.zeros((0, 3), dtype=np.float32),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "model"
    archive.save(path, "model", 1, HEADER, ARRAYS)
    return path.read_bytes()


def load(path, content):
    path.unlink(missing_ok=True)  # a new file: some file systems wait for the disk when an old one is cut
    path.write_bytes(content)
    return archive.load(path, "model", 1)


def assert_equal(found, header, expected):
    assert found[0] == header
    assert found[1].keys() == expected.keys()
    for name, array in expected.items():
        assert found[1][name].dtype == array.dtype
        assert found[1][name].shape == array.shape
        assert found[1][name].tobytes() == array.tobytes()
        assert found[1][name].flags.writeable


def test_round_trip_and_the_same_bytes_twice(tmp_path, content):
    assert_equal(load(tmp_path / "m", content), HEADER, ARRAYS)
    archive.save(tmp_path / "again", "model", 1, dict(reversed(HEADER.items())), ARRAYS)
    assert (tmp_path / "again").read_bytes() == content


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        arrays(st.sampled_from(["<f8", "<f4", "<i8", "<i4", "<u8", "|u1", "|b1", ">f8"]), array_shapes(min_dims=1, min_side=0)),
        max_size=3,
    )
)  # fmt: skip
@settings(max_examples=15)
def test_round_trip_of_any_arrays(tmp_path_factory, expected):
    path = tmp_path_factory.mktemp("archive") / "model"
    archive.save(path, "plan", 7, {}, expected)
    assert_equal(archive.load(path, "plan", 7), {}, expected)
    order = {name: np.asfortranarray(array) for name, array in expected.items()}
    archive.save(path, "plan", 7, {}, order)
    assert_equal(archive.load(path, "plan", 7), {}, expected)


def test_neither_clock_nor_host_is_in_the_file(content):
    with zipfile.ZipFile(io.BytesIO(content)) as there:
        assert {entry.date_time for entry in there.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(there.read("header.json"))["header"] == HEADER


def test_every_truncation_is_refused(tmp_path, content):
    for length in range(len(content)):
        with pytest.raises(ModelFileError, match="not a model file of canvass, or is damaged"):
            load(tmp_path / "m", content[:length])


def assert_named_or_equal(path, content):
    """Some bytes of a zip file mean nothing; changing one may leave the content as it is."""
    try:
        found = load(path, content)
    except ModelFileError:
        return 1
    assert_equal(found, HEADER, ARRAYS)
    return 0


@pytest.mark.parametrize(
    "mask", [0x06, *(pytest.param(mask, marks=pytest.mark.slow) for mask in (0x01, 0x08, 0xFF))]
)
def test_every_byte_flipped(tmp_path, content, mask):
    """8 ^ 6 turns deflate into LZMA, 8 ^ 8 into no compression."""
    refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= mask
        refused += assert_named_or_equal(tmp_path / "m", bytes(damaged))
    assert refused > 0.7 * len(content)


def test_many_bytes_changed_inserted_or_left_out(tmp_path, content):
    dice = random.Random(5)
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(dice.randrange(1, 5)):
            place = dice.randrange(len(damaged))
            kind = dice.randrange(4)
            if kind == 0:
                damaged[place] = dice.randrange(256)
            elif kind == 1:
                damaged[place:place] = dice.randbytes(dice.randrange(1, 30))
            elif kind == 2:
                del damaged[place : place + dice.randrange(1, 30)]
            else:
                # Numbers of four bytes at their largest: sizes, offsets, lengths.
                damaged[place : place + 4] = dice.choice(
                    [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"]
                )
        assert_named_or_equal(tmp_path / "m", bytes(damaged))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"\x93NUMPY", b'{"kind": "model"}\n', bytes(1000), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    with pytest.raises(ModelFileError, match="not a model file"):
        load(tmp_path / "m", content)


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        archive.load(tmp_path / "none", "model", 1)
    with pytest.raises(FileError, match="cannot be read"):
        archive.load(tmp_path, "model", 1)


def test_another_kind_and_another_version_are_named(tmp_path, content):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelFileError, match="is a model file; expected a plan file"):
        archive.load(tmp_path / "m", "plan", 1)
    with pytest.raises(ModelFileError, match=r"has version 1 .* reads version 2; make it again"):
        archive.load(tmp_path / "m", "model", 2)


def npy(array, **changes):
    """The bytes of an array, with a description that may lie."""
    description = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | changes
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(written, description)
    return written.getvalue() + array.tobytes()


def build(document, entries, compression=zipfile.ZIP_DEFLATED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as there:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        there.writestr("header.json", content)
        for name, data in entries.items():
            there.writestr(name, data)
    return written.getvalue()


def document(**changes):
    return {"kind": "model", "version": 1, "header": {}, "arrays": {"a": ["<f8", [2]]}} | changes


A = np.array([1.0, 2.0])
GOOD = {"a.npy": npy(A)}


def test_the_files_made_here_are_good(tmp_path):
    assert load(tmp_path / "m", build(document(), GOOD))[1]["a"].tolist() == [1.0, 2.0]


DEEP = b'{"kind": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD = {
    "no header": build(b"", GOOD),
    "not JSON": build(b"{", GOOD),
    "deep JSON": build(DEEP, GOOD),
    "a huge number": build(b'{"kind": "model", "version": ' + b"9" * 10_000 + b"}", GOOD),
    "not UTF-8": build(b'{"kind": "\xff"}', GOOD),
    "a list": build([], GOOD),
    "null": build(None, GOOD),
    "lacks all": build({}, GOOD),
    "lacks header": build({name: value for name, value in document().items() if name != "header"}, GOOD),
    "arrays is a list": build(document(arrays=["a"]), GOOD),
    "arrays is null": build(document(arrays=None), GOOD),
    "an array's row is null": build(document(arrays={"a": None}), GOOD),
    "an array's row is short": build(document(arrays={"a": ["<f8"]}), GOOD),
    "an array is missing": build(document(), {}),
    "an array is too many": build(document(), GOOD | {"b.npy": npy(A)}),
    "a file is too many": build(document(), GOOD | {"note.txt": b"x"}),
    "listed, not there": build(document(arrays={"a": ["<f8", [2]], "b": ["<f8", [2]]}), GOOD),
    "objects": build(document(arrays={"a": ["|O", [2]]}), {"a.npy": npy(A, descr="|O")}),
    "objects in the array alone": build(document(), {"a.npy": npy(A, descr="|O")}),
    "a pickle": build(document(arrays={"a": ["|O", [2]]}), {"a.npy": npy(np.array([]), descr="|O", shape=(2,)) + b"cos\nsystem\n(S'x'\ntR."}),
    "a structure": build(document(arrays={"a": ["f8,f8", [1]]}), {"a.npy": npy(A, descr="f8,f8", shape=(1,))}),
    "strings": build(document(arrays={"a": ["<U4", [1]]}), {"a.npy": npy(np.array(["abcd"]))}),
    "times": build(document(arrays={"a": ["<M8[s]", [2]]}), {"a.npy": npy(A, descr="<M8[s]")}),
    "a type that is none": build(document(arrays={"a": ["<f7", [2]]}), GOOD),
    "a type that is null": build(document(arrays={"a": [None, [2]]}), GOOD),
    "a type that is a list": build(document(arrays={"a": [[["x", "<f8"]], [2]]}), GOOD),
    "a type that is code": build(document(arrays={"a": ["(" * 500, [2]]}), GOOD),
    "another type": build(document(arrays={"a": ["<i8", [2]]}), GOOD),
    "another byte order": build(document(arrays={"a": [">f8", [2]]}), GOOD),
    "another shape": build(document(arrays={"a": ["<f8", [1, 2]]}), GOOD),
    "a shape of one number": build(document(arrays={"a": ["<f8", 2]}), GOOD),
    "a shape of text": build(document(arrays={"a": ["<f8", ["2"]]}), GOOD),
    "a shape of fractions": build(document(arrays={"a": ["<f8", [2.0]]}), GOOD),
    "a shape of truth": build(document(arrays={"a": ["<f8", [True]]}), {"a.npy": npy(A[:1])}),
    "a negative shape": build(document(arrays={"a": ["<f8", [-1]]}), GOOD),
    "two negative numbers": build(document(arrays={"a": ["<f8", [-1, -2]]}), GOOD),
    "an endless shape": build(document(arrays={"a": ["<f8", [float("inf")]]}), GOOD),
    "a shape that is no number": build(document(arrays={"a": ["<f8", [float("nan")]]}), GOOD),
    "an absurd shape": build(document(arrays={"a": ["<f8", [10**15]]}), GOOD),
    "an absurd shape of nothing": build(document(arrays={"a": ["<f8", [0, 10**30]]}), {"a.npy": npy(A[:0], shape=(0, 10**30))}),
    "four billion": build(document(arrays={"a": ["|u1", [2**32]]}), {"a.npy": npy(A, descr="|u1", shape=(2**32,))}),
    "a thousand dimensions": build(document(arrays={"a": ["<f8", [1] * 1000]}), {"a.npy": npy(A[:1], shape=(1,) * 1000)}),
    "an absurd shape in the array alone": build(document(), {"a.npy": npy(A, shape=(10**12,))}),
    "a negative shape in the array alone": build(document(), {"a.npy": npy(A, shape=(-2,))}),
    "columns first": build(document(arrays={"a": ["<f8", [1, 2]]}), {"a.npy": npy(A, fortran_order=True, shape=(1, 2))}),
    "too few numbers": build(document(), {"a.npy": npy(A)[:-8]}),
    "too many numbers": build(document(), {"a.npy": npy(A) + bytes(8)}),
    "not an array": build(document(), {"a.npy": b"text"}),
    "nothing": build(document(), {"a.npy": b""}),
    "another version of npy": build(document(), {"a.npy": b"\x93NUMPY\x02" + npy(A)[7:]}),
    "a description of code": build(document(), {"a.npy": b"\x93NUMPY\x01\x00\x40\x00" + b"(" * 63 + b"\n" + A.tobytes()}),
    "a description that never ends": build(document(), {"a.npy": b"\x93NUMPY\x01\x00\x40\x00" + b"{'descr': '''".ljust(63) + b"\n" + A.tobytes()}),
    "a description of Python 2": build(document(), {"a.npy": b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }".ljust(117) + b"\n" + A.tobytes()}),
    "a long description": build(document(), {"a.npy": b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65535}),
    "compressed by bzip2": build(document(), GOOD, zipfile.ZIP_BZIP2),
    "compressed by LZMA": build(document(), GOOD, zipfile.ZIP_LZMA),
    "a bomb": build(document(), {"a.npy": bytes(1 << 26)}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_files_that_lie_are_refused(tmp_path, name):
    with pytest.raises(ModelFileError, match="damaged") as refused:
        load(tmp_path / "m", BAD[name])
    assert len(str(refused.value)) < 2000


def test_large_arrays_are_written_as_they_are(tmp_path):
    arrays = {"large": np.arange(archive.SMALL // 4 + 1, dtype=np.int32), "small": np.zeros(1000)}
    archive.save(tmp_path / "m", "model", 1, {}, arrays)
    with zipfile.ZipFile(tmp_path / "m") as written:
        kinds = {entry.filename: entry.compress_type for entry in written.infolist()}
    assert kinds == {
        "header.json": zipfile.ZIP_DEFLATED,
        "large.npy": zipfile.ZIP_STORED,
        "small.npy": zipfile.ZIP_DEFLATED,
    }
    _, found = archive.load(tmp_path / "m", "model", 1)
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())


def test_an_output_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(CanvassError):
        archive.save(tmp_path / "none" / "m", "model", 1, {}, ARRAYS)
    with pytest.raises(TypeError):
        archive.save(tmp_path / "m", "model", 1, {"x": object()}, ARRAYS)
    with pytest.raises(ValueError, match=r"."):
        archive.save(tmp_path / "m", "model", 1, {}, {"a": np.array([object()])})
    assert list(tmp_path.iterdir()) == []
