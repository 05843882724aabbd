"""Reading what a client sent: JSON and the words of an address, checked field by field, refused with a sentence."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar

from canvass.annotation.project.answer_rule import LONGEST_NAME
from canvass.annotation.store.record_rows import LARGEST
from canvass.annotation.store.records import HANDED_OUT
from canvass.annotation.web.problems import Problem
from canvass.errors import nearest

Role = Literal["lead", "annotator"]
Word = TypeVar("Word", bound=str)
SHOWN = 60  # characters of a wrong value that a sentence repeats


def read_object(body: bytes) -> dict[str, Any]:
    """Read the body of a write: one JSON object, without what JSON does not allow.

    Raises Problem if it is none (400).
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Problem(f"the body is not UTF-8 (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        words = error if isinstance(error, json.JSONDecodeError) else "too large a number, or too deep"
        raise Problem(f"the body is not valid JSON ({words})") from error
    if not isinstance(document, dict):
        raise Problem("the body must be a JSON object")
    return document


def _no_number(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


class Reader:
    """The fields of an object that was sent; each is taken once, by the method of its type.

    `where` says what it is, for sentences; `known` are the names that it may have; `role` is that of whoever sent it.
    """

    def __init__(
        self, fields: Mapping[str, Any], where: str, known: Sequence[str], role: Role = "lead"
    ) -> None:
        self.role = role
        self.fields = fields
        self.where = where
        for name in fields:
            if name not in known:
                hint = nearest(name, list(known))
                self._refuse(f"there is no field {_shown(name)}{hint} (there are {', '.join(known)})")

    def _refuse(self, words: str) -> NoReturn:
        raise Problem(f"{self.where}: {words}")

    def _wrong(self, name: str, expected: str) -> NoReturn:
        if name not in self.fields:
            self._refuse(f"{name} is missing; expected {expected}")
        self._refuse(f"{name} is {_shown(self.fields[name])}; expected {expected}")

    def text(self, name: str, *, longest: int, shortest: int = 0, lines: bool = False) -> str:
        """Take a string of so many characters; `lines` allows line breaks and tabs."""
        value = self.fields.get(name)
        expected = f"a string of {shortest} to {longest:,} characters"
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            self._wrong(name, expected)
        if not is_writable(value, lines=lines):
            self._wrong(name, f"{expected} without control characters")
        return value

    def name(self, name: str) -> str:
        """Take a name that people gave: 1 to 80 characters, white space around it does not count."""
        value = self.fields.get(name)
        clean = " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else ""
        if not 1 <= len(clean) <= LONGEST_NAME or not is_writable(clean):
            self._wrong(name, f"a name of 1 to {LONGEST_NAME} characters")
        return clean

    def annotator(self) -> str:
        """Take the name of an annotator, which is not the one that stands for nobody in particular."""
        annotator = self.name("annotator")
        if annotator == HANDED_OUT:
            self._wrong("annotator", "the name of a person")
        return annotator

    def optional_name(self, name: str) -> str | None:
        """Take a name, or None where it is null or absent."""
        return None if self.fields.get(name) is None else self.name(name)

    def optional_text(self, name: str, *, longest: int) -> str | None:
        """Take a string of one character at least, or None where it is null or absent."""
        return None if self.fields.get(name) is None else self.text(name, longest=longest, shortest=1)

    def choice(self, name: str, choices: Sequence[Word]) -> Word:
        """Take one of some words."""
        value = self.fields.get(name)
        word = next((word for word in choices if word == value), None)
        if word is None:
            self._wrong(name, f"one of {', '.join(choices)}")
        return word

    def flag(self, name: str) -> bool:
        """Take true or false; absent is false."""
        value = self.fields.get(name, False)
        if not isinstance(value, bool):
            self._wrong(name, "true or false")
        return value

    def number(self, name: str, *, most: float) -> float:
        """Take a number from 0 to `most`; absent is 0."""
        value = self.fields.get(name, 0.0)
        if type(value) not in {int, float} or not 0 <= value <= most or not math.isfinite(value):
            self._wrong(name, f"a number from 0 to {most:g}")
        return float(value)

    def whole(self, name: str, *, most: int = LARGEST, least: int = 1, default: int | None = None) -> int:
        """Take a whole number; in an address it is written in digits."""
        value = self.fields.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(LARGEST)):
            value = int(value)
        if type(value) is not int or not least <= value <= most:
            self._wrong(name, f"a whole number from {least} to {most}")
        return int(value)

    def optional_whole(self, name: str) -> int | None:
        """Take a whole number, or None where it is null or absent."""
        return None if self.fields.get(name) is None else self.whole(name)

    def _list(self, name: str, most: int, expected: str, default: Any = None) -> list[Any]:
        value = self.fields.get(name, default)
        if not isinstance(value, list) or len(value) > most:
            self._wrong(name, expected)
        return value

    def wholes(self, name: str, *, most: int) -> tuple[int, ...]:
        """Take a list of at most so many whole numbers; absent is empty."""
        value = self._list(name, most, f"a list of at most {most} whole numbers", [])
        if not all(type(number) is int and 1 <= number <= LARGEST for number in value):
            self._wrong(name, "a list of whole numbers from 1")
        return tuple(value)

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        """Take a list of at most so many different strings, each of one character at least."""
        expected = f"a list of at most {most} different strings"
        value = self._list(name, most, expected)
        texts = [
            Reader({name: text}, self.where, (name,)).text(name, shortest=1, longest=longest)
            for text in value
        ]
        if len(set(texts)) < len(texts):
            self._wrong(name, expected)
        return texts

    def objects(self, name: str, *, most: int, known: Sequence[str]) -> list[Reader] | None:
        """Take a list of at most so many objects; None where it is null or absent."""
        if self.fields.get(name) is None:
            return None
        expected = f"null, or a list of at most {most} objects with {', '.join(known)}"
        value = self._list(name, most, expected)
        if not all(isinstance(item, dict) for item in value):
            self._wrong(name, expected)
        return [Reader(item, f"{self.where}: {name}[{number}]", known) for number, item in enumerate(value)]


def is_writable(text: str, *, lines: bool = False) -> bool:
    """Whether a text can be stored and shown: no control characters, no halves of surrogate pairs."""
    unwanted = {"Cc", "Cs"}
    return not any(
        unicodedata.category(character) in unwanted and not (lines and character in "\n\r\t")
        for character in text
    )


def _shown(value: Any) -> str:
    words = json.dumps(value)  # in ASCII: a sentence may go to a terminal
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}..."
