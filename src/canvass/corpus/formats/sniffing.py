"""What a format is recognised by: a name, some of the bytes of a file, the members of a zip archive or a folder.

Of a file of lines these are the first ones, and some from other places; of a document, as much as `LARGEST_HEAD`.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canvass.corpus.formats.archives import LITTER, MOST_MEMBERS, files_below
from canvass.corpus.formats.sources import BYTE_ORDER_MARK, Source, is_recoded
from canvass.errors import CanvassError
from canvass.files import split_name

SAMPLE_BYTES = 1 << 16
SAMPLE_LINES = 100
LARGEST_HEAD = 1 << 23
LINES_OF_HEAD = 1000
PLACES, LINES_OF_PLACE = (0.25, 0.5, 0.75, 1.0), 20
BYTES_OF_PLACE = 1 << 14
DOCUMENTS = (".json", ".yml", ".yaml", ".md")
DEEPEST = 60
FILES_KNOWN = 4096
BINARY = (b"PK\x03\x04", b"PK\x05\x06", b"PAR1")
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# Strings are stepped over; one that is cut off by the end of the sample matches nothing.
JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|"', re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """The beginning of a file.

    `head` has the first 64 kB, decompressed, more where the first record goes on or it is a document, and all of the
    file where `is_whole`; `more` has lines from further places. `members` are the names in a zip archive or a folder.
    `path` is for formats that are known by something else than their beginning, as Parquet is by its end.
    `text_field` is the name of the texts in records.
    """

    name: str
    head: bytes
    is_whole: bool = True
    is_zip: bool = False
    members: tuple[str, ...] = ()
    path: str = ""
    more: tuple[str, ...] = field(default=(), compare=False)
    is_folder: bool = False
    text_field: str = "text"

    def has_member(self, pattern: str) -> bool:
        """Whether a file of a folder, or of an archive in whatever folder, has a name of a pattern."""
        known = re.compile(pattern if self.is_folder else f"(?:.*/)?{pattern}")
        return any(known.fullmatch(name) and not LITTER.search(name) for name in self.members)

    @functools.cached_property
    def text(self) -> str:
        """The beginning as text, without a byte order mark; what is not UTF-8 is replaced."""
        return self.head.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        r"""The first lines and those of other places, whole, without their ends (b"\n" or b"\r\n" only)."""
        lines = self.text.split("\n")
        if not self.is_whole:
            lines = lines[:-1]
        return tuple(line.removesuffix("\r") for line in (*lines[:SAMPLE_LINES], *self.more))

    @functools.cached_property
    def records(self) -> tuple[dict[str, Any], ...]:
        """The JSON objects on the lines; empty where more lines, or as many, are something else.

        A line that begins like an object, but is a broken one, is neither.
        """
        objects: list[dict[str, Any]] = []
        others = 0
        for line in self.lines:
            value: Any = None
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                others += not line.lstrip().startswith("{")
                continue
            if isinstance(value, dict):
                objects.append(value)
            else:
                others += 1
        return tuple(objects) if len(objects) > others else ()

    def has_records(self, is_one: Callable[[dict[str, Any]], bool]) -> bool:
        """Whether at least half of the records are of a kind."""
        return bool(self.records) and sum(map(is_one, self.records)) * 2 >= len(self.records)

    @property
    def json_object(self) -> dict[str, Any]:
        """The JSON object of the whole file, as `json`; an empty one if it is something else."""
        return self.json if isinstance(self.json, dict) else {}

    @functools.cached_property
    def filled_lines(self) -> tuple[str, ...]:
        """The lines that are not blank."""
        return tuple(line for line in self.lines if line.strip())

    @functools.cached_property
    def json(self) -> Any:
        """The JSON value of the whole file, as far as it lies in the sample; None if there is none.

        Lists and objects that go on after the sample end where the sample does.
        """
        text, rest, stop = self.text, "", 0
        closing: list[str] = []
        for token in JSON_TOKEN.finditer(text):
            mark = token[0]
            if mark == '"':
                break
            if mark in "[{":
                closing.append("]" if mark == "[" else "}")
            elif mark in "]}" and (not closing or closing.pop() != mark):
                return None
            if len(mark) == 1 and (closing or mark != ","):
                stop, rest = token.start() if mark == "," else token.end(), "".join(reversed(closing))
            if len(closing) > DEEPEST:
                return None
        if not self.is_whole and not stop:
            return None
        try:
            return json.loads(text if self.is_whole else text[:stop] + rest)
        except (ValueError, RecursionError):
            return None


def sample_of(path: str) -> Sample | None:
    """Read the beginning of a file; None for what is not there, or cannot be read twice, as a pipe.

    A file is read again only after it has changed.
    """
    file = Path(path)
    try:
        if file.is_dir():
            members = tuple(itertools.islice(files_below(path), MOST_MEMBERS))
            return Sample(file.name, b"", members=members, path=path, is_folder=True)
        if not file.is_file():
            return None
        state = file.stat()
    except (OSError, ValueError):
        return None
    return _sample(path, state.st_mtime_ns, state.st_size, state.st_ino)


@functools.lru_cache(FILES_KNOWN)
def _sample(path: str, *state: int) -> Sample:
    del state  # a part of the cache's key
    name = Path(path).name
    members: list[str] = []
    try:
        head, is_whole = _beginning(path)
        if is_zip := head.startswith(ZIP_STARTS):
            with zipfile.ZipFile(path) as archive:
                members = archive.namelist()
    except (CanvassError, OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        # The reader of the format that the name promises will say what is wrong.
        return Sample(name, b"", path=path)
    more = () if head.startswith(BINARY) else _further_lines(path, head, is_whole=is_whole)
    return Sample(name, head, is_whole, is_zip, tuple(members), path, more)


def _beginning(path: str) -> tuple[bytes, bool]:
    """Read the head of a file; and whether that is all of it."""
    pieces = b""
    with Source(path) as source:
        name = Path(path).name
        while len(pieces) < _wanted(name, pieces) and (
            piece := source.read(_wanted(name, pieces) - len(pieces))
        ):
            pieces += piece
        return pieces, not source.read(1)


def _wanted(name: str, head: bytes) -> int:
    """Say how many bytes are needed of a file that begins like this: whole documents, and the first line at least."""
    if len(head) < SAMPLE_BYTES or head.startswith(BINARY):
        return SAMPLE_BYTES
    is_document = split_name(name)[0] in DOCUMENTS and not _begins_with_record(head)
    return LARGEST_HEAD if is_document or b"\n" not in head else SAMPLE_BYTES


def _begins_with_record(head: bytes) -> bool:
    try:
        return isinstance(json.loads(head.partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False


def _further_lines(path: str, head: bytes, *, is_whole: bool) -> tuple[str, ...]:
    """Take lines from the rest of the head, and of the file as far as one can get there without reading all of it."""
    rest = head.split(b"\n")[SAMPLE_LINES:]
    rest = rest if is_whole else rest[:-1]
    lines = rest[:LINES_OF_HEAD] + rest[LINES_OF_HEAD:][-LINES_OF_PLACE:]
    if not is_whole and split_name(path)[1] is None and not is_recoded(path):
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            for place in PLACES:
                file.seek(max(int(size * place) - BYTES_OF_PLACE, len(head)))
                piece = file.read(BYTES_OF_PLACE)
                # The first is a part of a line, and so is the last one but at the end.
                whole = piece.split(b"\n")[1:]
                lines += whole[-LINES_OF_PLACE:] if place == 1 else whole[:-1][:LINES_OF_PLACE]
    return tuple(line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines)
