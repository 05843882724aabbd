"""Model and plan files: named arrays and a JSON header in one npz, without pickle, checked when loaded."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from canvass.errors import FileError, ModelFileError
from canvass.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

HEADER = "header.json"
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed one: same content, same bytes
LARGEST = 1 << 32  # bytes of one array
LARGEST_HEADER = 1 << 26
LARGEST_PREFIX = 4096  # of an array: its own description
SIMPLE = re.compile(r"[<>|=]?[biuf][1248]")  # types of numbers; no objects, no structures


def save(path: str | Path, kind: str, version: int, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write a file that appears whole or not at all; same content, same bytes."""
    listed = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    document = {"kind": kind, "version": version, "arrays": listed, "header": dict(header)}
    with whole_file(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        _write(archive, HEADER, json.dumps(document, ensure_ascii=False, sort_keys=True).encode())
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            _write(archive, f"{name}.npy", content.getvalue())


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIRST_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def load(path: str | Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the header and the arrays of a file written by `save`.

    Raises
    ------
    FileError
        If the file cannot be read.
    ModelFileError
        If it is no such file, was written by another version, or its arrays are not what its header says.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(_read(archive, HEADER, LARGEST_HEADER))
            if document["kind"] != kind:
                raise ModelFileError(f"{path} is a {document['kind']} file; expected a {kind} file")
            if document["version"] != version:
                raise ModelFileError(
                    f"{path} has version {document['version']} of the {kind} format, this canvass reads version "
                    f"{version}; train it again"
                )
            listed = document["arrays"]
            if sorted(archive.namelist()) != sorted([HEADER, *(f"{name}.npy" for name in listed)]):
                raise ValueError("its arrays are not those that its header lists")
            return document["header"], {
                name: _read_array(archive, name, kind_of_number, shape)
                for name, (kind_of_number, shape) in listed.items()
            }
    except OSError as error:
        if error.errno is None:  # not of the system, but of a decompressor
            raise ModelFileError(f"{path} is not a {kind} file of canvass, or is damaged ({error})") from error
        raise FileError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError, EOFError, NotImplementedError,
            RuntimeError, RecursionError) as error:  # fmt: skip
        raise ModelFileError(f"{path} is not a {kind} file of canvass, or is damaged ({error})") from error


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _read_array(archive: zipfile.ZipFile, name: str, kind: str, shape: list[int]) -> NDArray[Any]:
    if not (isinstance(kind, str) and SIMPLE.fullmatch(kind)):
        raise ValueError(f"array {name} has an impossible type")
    if not (isinstance(shape, list) and all(type(length) is int and 0 <= length <= LARGEST for length in shape)):
        raise ValueError(f"array {name} has an impossible shape")
    expected = np.dtype(kind)
    size = math.prod(shape) * expected.itemsize
    if size > LARGEST:
        raise ValueError(f"array {name} is too large")
    content = _read(archive, f"{name}.npy", size + LARGEST_PREFIX)
    # The shape is compared before memory is taken for it.
    start = io.BytesIO(content)
    if np.lib.format.read_magic(start) != (1, 0):
        raise ValueError(f"array {name} is of an unknown version")
    there = np.lib.format.read_array_header_1_0(start)
    if there != (tuple(shape), False, expected) or len(content) - start.tell() != size:
        raise ValueError(f"array {name} is not what the header says")
    return np.frombuffer(content, expected, offset=start.tell()).reshape(shape).copy()
