"""JSON values that know where they stand, so that each error names the file and the JSON path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.jsonl import DECODER, records_of_chunk
from canvass.corpus.formats.offsets import code_point_offset
from canvass.corpus.formats.records import Columns, listed, pool_utterance_of
from canvass.corpus.formats.sources import (
    BYTE_ORDER_MARK,
    LARGEST_CHUNK,
    Source,
    chunks_of_lines,
    count_lines,
)
from canvass.errors import InputError, shown
from canvass.files import compressed, split_name, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.records import BadLines
    from canvass.types import Utterance

# A file of annotated requests with a million rows has a few hundred MB; what unpacks to more is refused.
LARGEST_DOCUMENT = 1 << 30
ROOT = "$"
CODE_POINTS, UTF16 = "code points", "UTF-16 code units"


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value, the file (or file:line) that it stands in, and its path there.

    The methods take it for what a format expects, and raise `InputError` if it is something else.
    """

    content: Any
    file: str
    path: str = ROOT

    @property
    def where(self) -> str:
        """The place, for a sentence."""
        return self.file if self.path == ROOT else f"{self.file}: {self.path}"

    def wrong(self, expected: str) -> InputError:
        """Make the error for a value that is not what was expected."""
        return InputError(f"{self.where} is {shown(self.content)}; expected {expected}")

    def get(self, name: str) -> Value | None:
        """Take a member of an object; None where it is absent or null."""
        if not isinstance(self.content, dict):
            raise self.wrong("an object")
        found = self.content.get(name)
        return None if found is None else Value(found, self.file, f"{self.path}.{name}")

    def need(self, name: str) -> Value:
        """Take a member that must be there."""
        found = self.get(name)
        if found is None:
            raise InputError(
                f"{self.where}: field {name!r} is missing or null (the object has: {listed(list(self.content))})"
            )
        return found

    def content_of(self, name: str) -> Any:
        """Take the plain content of a member of an object; None where it is absent."""
        found = self.get(name)
        return None if found is None else found.content

    def items(self) -> list[Value]:
        """Take the items of a list."""
        if not isinstance(self.content, list):
            raise self.wrong("a list")
        return [Value(item, self.file, f"{self.path}[{index}]") for index, item in enumerate(self.content)]

    def list_of(self, name: str) -> list[Value]:
        """Take the items of a member that is a list; of one that is absent, none."""
        found = self.get(name)
        return [] if found is None else found.items()

    def members(self) -> list[tuple[str, Value]]:
        """Take the members of an object, with their names."""
        if not isinstance(self.content, dict):
            raise self.wrong("an object")
        return [(name, Value(item, self.file, f"{self.path}.{name}")) for name, item in self.content.items()]

    def mapping(self) -> dict[str, Any]:
        """Take the plain content of an object."""
        if not isinstance(self.content, dict):
            raise self.wrong("an object")
        return self.content

    def string(self) -> str:
        """Take a string."""
        if not isinstance(self.content, str):
            raise self.wrong("a string")
        return self.content

    def name(self) -> str:
        """Take the name of a label: a string that is not empty."""
        if not isinstance(self.content, str) or not self.content:
            raise self.wrong("a string that is not empty")
        return self.content

    def integer(self) -> int:
        """Take a whole number."""
        if isinstance(self.content, bool) or not isinstance(self.content, int):
            raise self.wrong("a whole number")
        return self.content

    def flag(self) -> bool:
        """Take true or false."""
        if not isinstance(self.content, bool):
            raise self.wrong("true or false")
        return self.content


def slot_record(
    text: str, span: tuple[int, int], label: str, where: str, unit: str = CODE_POINTS
) -> dict[str, Any]:
    """Make the record of a slot for `utterance_of`, from offsets in a unit, end exclusive.

    Raises
    ------
    InputError
        If the offsets are out of bounds, or in the middle of a character.

    """
    part = _part(text, span, unit)
    if part is None:
        raise InputError(
            f"{where}: {shown(label)} goes from {shown(span[0])} to {shown(span[1])}, which is no part of the text "
            f"{shown(text)}; expected offsets in {unit}"
        )
    return {"start": part[0], "end": part[1], "label": label}


def slot_with_words(
    text: str, span: tuple[int, int], label: str, words: Value, units: tuple[str, ...]
) -> dict[str, Any]:
    """Make the record of a slot that says itself which words it has.

    Of the units, the first counts in which the offsets lead to these words, white space aside: programs do not agree
    on what they count, and the difference shows only behind characters such as emoji.

    Raises
    ------
    InputError
        If the words are somewhere else.

    """
    expected = _words(words.string())
    parts = [part for unit in units if (part := _part(text, span, unit)) is not None]
    for first, last in parts:
        if _words(text[first:last]) == expected:
            return {"start": first, "end": last, "label": label}
    there = shown(text[slice(*parts[0])]) if parts else "nothing"
    raise InputError(
        f"{words.where} is {shown(words.content)}, but from {shown(span[0])} to {shown(span[1])} the text "
        f"{shown(text)} has {there}; expected offsets in {units[0]}"
    )


def _part(text: str, span: tuple[int, int], unit: str) -> tuple[int, int] | None:
    first: int | None
    last: int | None
    first, last = span
    if unit == UTF16:
        first, last = code_point_offset(text, span[0]), code_point_offset(text, span[1])
    if first is None or last is None or not 0 <= first < last <= len(text):
        return None
    return first, last


def _words(text: str) -> str:
    # Pages show white space in their own ways; Label Studio writes a line break as a backslash and an n.
    return "".join(text.replace("\\n", " ").split())


def read_document(path: str, errors: str = "strict") -> Value:
    """Read a file that is one JSON value.

    With `errors="surrogatepass"`, halves of a character may be written as bytes of their own (as CESU-8 does).

    Raises
    ------
    InputError
        If it is not UTF-8, not JSON, or unpacks to more than `LARGEST_DOCUMENT` bytes.
    FileError
        If the file cannot be read.

    """
    pieces: list[bytes] = []
    size = 0
    with Source(path) as source:
        while piece := source.read(LARGEST_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_DOCUMENT:
                raise InputError(
                    f"{path}: more than {LARGEST_DOCUMENT >> 20} MB of JSON in one value; cut the file into several"
                )
    return parse_document(b"".join(pieces), path, errors)


def parse_document(data: bytes, name: str, errors: str = "strict") -> Value:
    """Parse the bytes of one JSON value; raises as `read_document` does."""
    try:
        content = DECODER.decode(data.removeprefix(BYTE_ORDER_MARK).decode(errors=errors).strip())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not valid UTF-8 at byte {error.start}; write the file as UTF-8") from error
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise InputError(f"{name}: not valid JSON ({reason}); get the file anew") from error
    except RecursionError as error:
        raise InputError(f"{name}: JSON is nested too deep") from error
    return Value(content, name)


def read_lines(path: str, bad: BadLines) -> Iterator[Value]:
    """Read a file of JSON Lines; a line that is not one object is reported to `bad`.

    Raises
    ------
    InputError
        If a line is bad and the tolerance is used up.
    FileError
        If the file cannot be read.

    """
    first_line = 1
    with Source(path) as source:
        for data in chunks_of_lines(source, lambda: 1 << 20):
            for where, record in records_of_chunk(data, path, first_line, bad):
                yield Value(record, where)
            first_line += count_lines(data)


def read_texts(path: str, columns: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the text, id and count of each object of JSON Lines, for a pool; raises as `read_lines` does."""
    yield from bad.sift(
        read_lines(path, bad), lambda value: pool_utterance_of(value.content, value.where, columns)
    )


def write_text(path: str, pieces: Iterable[str]) -> None:
    """Write pieces of text, one after the other; the file appears whole or not at all.

    Raises
    ------
    FileError
        If the file cannot be written.

    """
    with whole_file(path) as stream:
        stream.write(compressed("".join(pieces).encode(), split_name(path)[1]))
