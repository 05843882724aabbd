"""Model and plan files: named arrays and a JSON header in one npz, without pickle, checked when loaded."""

from __future__ import annotations

import ast
import errno
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from canvass.errors import FileError, ModelFileError
from canvass.files import whole_file

HEADER = "header.json"
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed one: same content, same bytes
LARGEST = 1 << 32  # bytes of one array
LARGEST_HEADER = 1 << 26
SMALL = 1 << 24  # bytes; weights shrink by a twelfth, which is not worth two seconds where they are more
# What the readers of zip, deflate, JSON and npy raise when bytes are not what they should be.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, KeyError, ValueError, TypeError, AttributeError, EOFError,
    NotImplementedError, RuntimeError, RecursionError, SyntaxError, MemoryError, OverflowError,
)  # fmt: skip
LARGEST_PREFIX = 4096  # of an array: its own description
MAGIC = b"\x93NUMPY\x01\x00"
SIMPLE = re.compile(r"[<>|=]?[biuf][1248]")  # types of numbers; no objects, no structures


def save(
    path: str | Path, kind: str, version: int, header: Mapping[str, Any], arrays: Mapping[str, Any]
) -> None:
    """Write a file that appears whole or not at all; same content, same bytes."""
    with whole_file(path) as stream:
        _pack(stream, kind, version, header, arrays)


def packed(kind: str, version: int, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """Make the bytes of such a file."""
    stream = io.BytesIO()
    _pack(stream, kind, version, header, arrays)
    return stream.getvalue()


def _pack(
    stream: IO[bytes], kind: str, version: int, header: Mapping[str, Any], arrays: Mapping[str, Any]
) -> None:
    listed = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    document = {"kind": kind, "version": version, "arrays": listed, "header": dict(header)}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    with zipfile.ZipFile(stream, "w") as archive:
        with archive.open(_entry(HEADER, len(text)), "w") as part:
            part.write(text)
        for name, array in arrays.items():
            with archive.open(_entry(f"{name}.npy", array.nbytes), "w") as part:
                np.lib.format.write_array(part, np.ascontiguousarray(array), allow_pickle=False)


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIRST_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED if size <= SMALL else zipfile.ZIP_STORED
    entry.file_size = size  # of which zip keeps more digits from 2 GiB on
    return entry


def load(path: str | Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the header and the arrays of a file written by `save`; raises as `unpacked`."""
    return unpacked(path, str(path), kind, version)


def unpacked(
    source: str | Path | IO[bytes], path: str, kind: str, version: int
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the header and the arrays of what `packed` made, and sentences call `path`.

    Raises FileError if the file cannot be read; ModelFileError if it is no such file, was written by another version,
    or its arrays are not what its header says.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            document = json.loads(_read(archive, HEADER, LARGEST_HEADER))
            if document["kind"] != kind:
                raise ModelFileError(f"{path} is a {document['kind']} file; expected a {kind} file")
            if document["version"] != version:
                raise ModelFileError(
                    f"{path} has version {document['version']} of the {kind} format, this canvass reads version "
                    f"{version}; make it again"
                )
            listed = document["arrays"]
            if sorted(archive.namelist()) != sorted([HEADER, *(f"{name}.npy" for name in listed)]):
                raise ValueError("its arrays are not those that its header lists")
            return document["header"], {
                name: _read_array(archive, name, kind_of_number, shape)
                for name, (kind_of_number, shape) in listed.items()
            }
    except (OSError, *DAMAGE) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which an offset gives that is none
            raise FileError(f"{path}: cannot be read ({error.strerror or error})") from error
        raise ModelFileError(f"{path} is not a {kind} file of canvass, or is damaged ({error})") from error


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    entry = archive.getinfo(name)
    if entry.file_size > limit:
        raise ValueError(f"{name} is too large")
    if entry.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}:
        raise ValueError(f"{name} is compressed in another way")
    return archive.read(entry)


def _read_array(archive: zipfile.ZipFile, name: str, kind: str, shape: list[int]) -> NDArray[Any]:
    if not (isinstance(kind, str) and SIMPLE.fullmatch(kind)):
        raise ValueError(f"array {name} has an impossible type")
    if not (
        isinstance(shape, list) and all(type(length) is int and 0 <= length <= LARGEST for length in shape)
    ):
        raise ValueError(f"array {name} has an impossible shape")
    expected = np.dtype(kind)
    size = math.prod(shape) * expected.itemsize
    if size > LARGEST:
        raise ValueError(f"array {name} is too large")
    content = _read(archive, f"{name}.npy", size + LARGEST_PREFIX)
    # Compared, not believed: numpy would take memory for any shape, and mend what is not Python's any more.
    start = 10 + int.from_bytes(content[8:10], "little")
    described = {"descr": expected.str, "fortran_order": False, "shape": tuple(shape)}
    if (
        content[: len(MAGIC)] != MAGIC
        or ast.literal_eval(content[10:start].decode()) != described
        or len(content) - start != size
    ):
        raise ValueError(f"array {name} is not what the header says")
    return np.frombuffer(content, expected, offset=start).reshape(shape).copy()
