"""JSON values that know where they stand, so that each error names the file and the JSON path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeVar

from canvass.corpus.formats.column_names import Columns, listed
from canvass.corpus.formats.jsonl import DECODER, records_of
from canvass.corpus.formats.losses import SETTINGS, BadLines, Utterances
from canvass.corpus.formats.sources import AS_UTF8, BYTE_ORDER_MARK, whole
from canvass.corpus.formats.validation import pool_utterance_of
from canvass.errors import InputError, shown
from canvass.files import write_whole

# A file of annotated requests with a million rows has a few hundred MB; what unpacks to more is refused.
LARGEST_DOCUMENT = 1 << 30
ROOT = "$"
EACH = "\0"  # among the names that were asked for
Kind = TypeVar("Kind")
CODE_POINTS, UTF16, BYTES = "code points", "UTF-16 code units", "bytes of UTF-8"
ENCODINGS = {UTF16: ("utf-16-le", 2), BYTES: ("utf-8", 1)}  # bytes of a unit


@dataclass(slots=True)
class Asked:
    """What a reader asked for of the values at one place, whatever the numbers of items on the way there.

    `names` are the members asked for by name; EACH stands for every member, or every item of a list.
    """

    names: dict[str, Asked] = field(default_factory=dict)
    is_told: bool = False

    def of(self, name: str) -> Asked:
        """Note that a member is asked for."""
        return self.names.setdefault(name, Asked())

    def unread(self, content: Any, steps: str) -> Iterator[tuple[dict[str, Any], str, Asked]]:
        """Find the objects of a value that have further members; yields (object, path, what was asked of it)."""
        each = self.names.get(EACH)
        if each is not None:
            parts = content.items() if isinstance(content, dict) else enumerate(content)
            inner = [(name, item, each) for name, item in parts]
        elif isinstance(content, dict):
            if self.names and not content.keys() <= self.names.keys():
                yield content, steps, self
            inner = [(name, content.get(name), below) for name, below in self.names.items()]
        else:
            return
        for name, item, below in inner:
            if isinstance(item, dict | list) and below.names and not below.is_told:
                step = f".{name}" if isinstance(content, dict) else f"[{name}]"
                yield from below.unread(item, steps + step)


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value, the file (or file:line) that it stands in, and its path there.

    The methods take it for what a format expects, and raise `InputError` if it is something else.
    """

    content: Any
    file: str
    path: str = ROOT
    asked: Asked = field(default_factory=Asked, compare=False, repr=False)

    @property
    def where(self) -> str:
        """The place, for a sentence."""
        return self.file if self.path == ROOT else f"{self.file}: {self.path}"

    def wrong(self, expected: str) -> InputError:
        """Make the error for a value that is not what was expected."""
        return InputError(f"{self.where} is {shown(self.content)}; expected {expected}")

    def get(self, name: str) -> Value | None:
        """Take a member of an object; None where it is absent or null."""
        member, asked = self.mapping().get(name), self.asked.of(name)
        return None if member is None else Value(member, self.file, f"{self.path}.{name}", asked)

    def need(self, name: str) -> Value:
        """Take a member that must be there."""
        member = self.get(name)
        if member is None:
            raise InputError(
                f"{self.where}: field {name!r} is missing or null (the object has: {listed(list(self.content))})"
            )
        return member

    def content_of(self, name: str) -> Any:
        """Take the plain content of a member of an object; None where it is absent."""
        member = self.get(name)
        return None if member is None else member.content

    def items(self) -> list[Value]:
        """Take the items of a list."""
        items: list[Any] = self._of(list, "a list")
        asked = self.asked.of(EACH)
        return [Value(item, self.file, f"{self.path}[{index}]", asked) for index, item in enumerate(items)]

    def list_of(self, name: str) -> list[Value]:
        """Take the items of a member that is a list; of one that is absent, none."""
        member = self.get(name)
        return [] if member is None else member.items()

    def members(self) -> list[tuple[str, Value]]:
        """Take the members of an object, with their names."""
        asked = self.asked.of(EACH)
        return [
            (name, Value(item, self.file, f"{self.path}.{name}", asked))
            for name, item in self.mapping().items()
        ]

    def mapping(self) -> dict[str, Any]:
        """Take the plain content of an object."""
        return self._of(dict, "an object")

    def tell_unread(self, bad: BadLines, settings: AbstractSet[str] = frozenset()) -> None:
        """Note the members that nobody asked for, of this value and below, as `BadLines.unused` does.

        To be called once the value was read. What was told of a part before is not told again with the whole, and
        what is inside of a member that was taken as a whole (`content_of`) is a matter of its reader.
        """
        if bad.losses is not None:
            for content, path, asked in self.asked.unread(self.content, self.path):
                where = Value(content, self.file, path).where
                bad.unused(content, asked.names.keys(), where, settings=SETTINGS | settings)
        self.asked.is_told = True

    def string(self) -> str:
        """Take a string."""
        return self._of(str, "a string")

    def name(self) -> str:
        """Take the name of a label: a string that is not empty."""
        if not isinstance(self.content, str) or not self.content:
            raise self.wrong("a string that is not empty")
        return self.content

    def integer(self) -> int:
        """Take a whole number."""
        if isinstance(self.content, bool):
            raise self.wrong("a whole number")
        return self._of(int, "a whole number")

    def flag(self) -> bool:
        """Take true or false."""
        return self._of(bool, "true or false")

    def _of(self, kind: type[Kind], expected: str) -> Kind:
        if not isinstance(self.content, kind):
            raise self.wrong(expected)
        return self.content


def slot_record(
    text: str, span: tuple[int, int], label: str, where: str, unit: str = CODE_POINTS
) -> dict[str, Any]:
    """Make the record of a slot for `utterance_of`, from offsets in a unit, end exclusive.

    Raises InputError if the offsets are out of bounds, or in the middle of a character.
    """
    part = part_of(text, span, unit)
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

    Of the units, the first counts in which the offsets lead to these words, white space aside: programs do not agree on
    what they count, and the difference shows only behind characters such as emoji. Raises InputError if the words are
    somewhere else.
    """
    expected = _words(words.string())
    parts = [part for unit in units if (part := part_of(text, span, unit)) is not None]
    for first, last in parts:
        if _words(text[first:last]) == expected:
            return {"start": first, "end": last, "label": label}
    actual = shown(text[slice(*parts[0])]) if parts else "nothing"
    raise InputError(
        f"{words.where} is {shown(words.content)}, but from {shown(span[0])} to {shown(span[1])} the text "
        f"{shown(text)} has {actual}; expected offsets in {units[0]}"
    )


def part_of(text: str, span: tuple[int, int], unit: str) -> tuple[int, int] | None:
    """Convert a span in a unit to code points; None if it is no part of the text, or empty."""
    first, last = span if unit == CODE_POINTS else (code_point_offset(text, place, unit) for place in span)
    if first is None or last is None or not 0 <= first < last <= len(text):
        return None
    return first, last


def _words(text: str) -> str:
    # Pages show white space in their own ways; Label Studio writes a line break as a backslash and an n.
    return "".join(text.replace("\\n", " ").split())


def utf16_offset(text: str, offset: int) -> int:
    """Convert an offset in code points, 0 to len(text), to one in UTF-16 code units.

    >>> utf16_offset("😀 jazz", 2)
    3
    """
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def code_point_offset(text: str, offset: int, unit: str = UTF16) -> int | None:
    """Convert an offset in another unit, UTF-16 code units or bytes of UTF-8, to one in code points.

    None if it is negative, after the end of the text, or inside of a character.

    >>> code_point_offset("😀 jazz", 3), code_point_offset("😀 jazz", 1), code_point_offset("😀 jazz", 5, BYTES)
    (2, None, 2)
    """
    encoding, width = ENCODINGS[unit]
    data = text.encode(encoding, "surrogatepass")
    if not 0 <= width * offset <= len(data):
        return None
    try:
        return len(data[: width * offset].decode(encoding))
    except UnicodeDecodeError:
        return None


def read_document(path: str, errors: str = "strict") -> Value:
    """Read a file that is one JSON value.

    With `errors="surrogatepass"`, halves of a character may be written as bytes of their own (as CESU-8 does). Raises
    InputError if it is not UTF-8, not JSON, or unpacks to more than `LARGEST_DOCUMENT` bytes.
    """
    return parse_document(whole(path, LARGEST_DOCUMENT), path, errors)


def parse_document(data: bytes, name: str, errors: str = "strict") -> Value:
    """Parse the bytes of one JSON value; raises as `read_document` does."""
    try:
        content = DECODER.decode(data.removeprefix(BYTE_ORDER_MARK).decode(errors=errors).strip())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not valid UTF-8 at byte {error.start}; {AS_UTF8}") from error
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise InputError(f"{name}: not valid JSON ({reason}); get the file anew") from error
    except RecursionError as error:
        raise InputError(f"{name}: JSON is nested too deep") from error
    return Value(content, name)


def read_lines(path: str, bad: BadLines) -> Iterator[Value]:
    """Read a file of JSON Lines; a line that is not one object is reported to `bad`."""
    asked = Asked()
    for where, record in records_of(path, bad):
        yield Value(record, where, ROOT, asked)


def read_texts(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the text, id and count of each object of JSON Lines, for a pool; raises as `read_lines` does."""
    yield from bad.sift(
        read_lines(path, bad), lambda value: pool_utterance_of(value.content, value.where, columns)
    )


def write_text(path: str, pieces: Iterable[str]) -> None:
    """Write pieces of text, one after the other; the file appears whole or not at all, or FileError is raised."""
    write_whole(path, "".join(pieces).encode())
