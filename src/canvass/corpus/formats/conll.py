"""CoNLL columns: a token and its tag on each line, a blank line between utterances, the rest in comments.

Read in any of the schemes of `tags`, and written in one; the token is the first column, the tag the last, and
columns are parted by tabs or, in a line without one, by blanks. What is not in the columns stands in comments
above the tokens, `# intent: PlayMusic`: id, count, domain, intent, split, and the text where the tokens joined
by blanks are something else. `# slots: not annotated` says that the tags mean nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import write_text
from canvass.corpus.formats.losses import named
from canvass.corpus.formats.pieces import pieces_of, spans_of_slots
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.corpus.formats.sources import lines_of
from canvass.corpus.formats.tags import is_tag, spans_of, tags_of
from canvass.corpus.spans import OUTSIDE
from canvass.errors import InputError, location, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

COLUMNS = Columns()
# Our own comments, and those of CoNLL-U that say the same.
COMMENT = re.compile(r"# (text|id|sent_id|intent|domain|split|count|slots) ?[:=] ?(.*)", re.DOTALL)
KEYS = {"sent_id": "id"}
NOT_ANNOTATED = "not annotated"
DOCUMENT_START = "-DOCSTART-"
BLANKS = re.compile(r"[ \t]+")
LONGEST_COUNT = 19
BREAKS = re.compile(r"[\t\r\n]")


@dataclass
class Lines:
    """The lines of one utterance: where it begins, its comments, tokens and tags, and what is wrong with it."""

    where: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    error: InputError | None = None

    def add(self, line: bytes, where: str) -> None:
        """Take the next line, which is not blank."""
        self.where = self.where or where
        try:
            self._add(line.decode(), where)
        except UnicodeDecodeError as error:
            self.error = self.error or InputError(
                f"{where}: not valid UTF-8 at byte {error.start} of the line; write the file as UTF-8"
            )
        except InputError as error:
            self.error = self.error or error

    def _add(self, line: str, where: str) -> None:
        cells = line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))
        if line.startswith("#") and not self.tokens:
            comment = COMMENT.fullmatch(line)
            if comment is not None:
                self.comments[KEYS.get(comment[1], comment[1])] = _comment_value(comment[2])
                return
            if len(cells) == 1 or not is_tag(cells[-1]):
                return  # a comment of somebody else
        if cells[0] == DOCUMENT_START:
            return
        if len(cells) == 1 or not cells[0]:
            raise InputError(f"{where}: {shown(line)} is not a token and a tag, parted by a tab or blanks")
        self.tokens.append(cells[0])
        self.tags.append(cells[-1])
        self.places.append(where)

    def utterance(self) -> Utterance | None:
        """Make the utterance; None if there is nothing in the lines."""
        if self.error is not None:
            raise self.error
        if not self.tokens and "text" not in self.comments:
            return None
        text = self.comments.get("text", " ".join(self.tokens))
        try:
            slots = spans_of(self.tags)
        except ValueError as error:
            sentence, token = error.args
            raise InputError(f"{self.places[token]}: {sentence}") from error
        record: dict[str, Any] = dict(self.comments, text=text)
        count = self.comments.get("count", "")
        if count.isdecimal() and len(count) <= LONGEST_COUNT:
            record["count"] = int(count)
        record["slots"] = None
        if self.comments.get("slots") != NOT_ANNOTATED:
            offsets = self._offsets(text)
            record["slots"] = [
                {"start": offsets[first][0], "end": offsets[last][1], "label": label}
                for first, last, label in slots
            ]
        return utterance_of(record, self.where, COLUMNS)

    def _offsets(self, text: str) -> list[tuple[int, int]]:
        """Find the tokens in the text, one after the other, with nothing but white space between."""
        found = []
        end = 0
        for token, where in zip(self.tokens, self.places, strict=True):
            start = text.find(token, end)
            if start < 0 or text[end:start].strip():
                raise InputError(
                    f"{where}: the token {shown(token)} does not follow in the text of the comment, {shown(text)}, "
                    f"after character {end}"
                )
            end = start + len(token)
            found.append((start, end))
        return found


def _comment_value(words: str) -> str:
    if words.startswith('"'):
        try:
            value = json.loads(words)
        except ValueError:
            return words
        return value if isinstance(value, str) else words
    return words


def read(path: str, columns: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read an annotated file; yields (where, utterance), `where` its first line.

    Raises
    ------
    InputError
        If an utterance has a line that is neither a comment nor a token and a tag, a tag of no scheme, or a text
        that its tokens do not make, and the tolerance is used up.
    FileError
        If the file cannot be read.

    """
    del columns  # the format has its own
    for lines in _parts(path):
        try:
            utterance = lines.utterance()
        except InputError as error:
            bad.report(error)
        else:
            if utterance is not None:
                yield lines.where, utterance


def _parts(path: str) -> Iterator[Lines]:
    lines = Lines()
    for number, line in enumerate(lines_of(path), 1):
        if line.strip(b" \t\r"):
            lines.add(line.removesuffix(b"\r"), location(path, number))
        else:
            yield lines
            lines = Lines()
    yield lines


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses, scheme: str = "IOB2") -> None:
    """Write utterances in a scheme of `tags.SCHEMES`; the file appears whole or not at all.

    Raises
    ------
    InputError
        If something cannot be carried and that is refused.
    FileError
        If the file cannot be written.

    """
    write_text(path, (_block(utterance, losses, scheme) for utterance in utterances))


def _block(utterance: Utterance, losses: Losses, scheme: str) -> str:
    text = utterance.text
    pieces = pieces_of(text, utterance.slots or ())
    spans = []
    for first, last, label in spans_of_slots(utterance, pieces, losses):
        if BREAKS.search(label):
            losses.report("tabs and line breaks in labels of slots", named(utterance, f"slot {shown(label)}"))
        spans.append((first, last, BREAKS.sub(" ", label)))
    tokens = [text[start:end] for start, end in pieces]
    values = {
        "id": utterance.id,
        "count": None if utterance.count == 1 else str(utterance.count),
        "domain": utterance.domain,
        "intent": utterance.intent,
        "split": utterance.split,
        "slots": NOT_ANNOTATED if utterance.slots is None else None,
        "text": None if tokens and " ".join(tokens) == text else text,
    }
    comments = [f"# {key}: {_written(value)}\n" for key, value in values.items() if value is not None]
    tags = tags_of(spans, len(tokens), scheme)
    rows = [f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)]
    return "".join([*comments, *rows, "\n"])


def _written(value: str) -> str:
    # As it is, or as a JSON string where the line would end in it, or the reader would take something away.
    plain = value == value.strip() and value and not value.startswith('"') and not BREAKS.search(value)
    if plain:
        return value
    words = json.dumps(value, ensure_ascii=False)
    # What other programs take for a line end, but JSON does not escape.
    return words.translate({ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


def sniff(sample: Sample) -> bool:
    """Whether the first lines are comments and tokens with tags."""
    words = [line for line in sample.lines if line.strip(" \t") and not line.startswith("#")]
    tagged = [line for line in words if not line.startswith(DOCUMENT_START)]
    cells = [BLANKS.split(line.strip()) for line in tagged]
    return any(row[-1] != OUTSIDE for row in cells) and all(len(row) > 1 and is_tag(row[-1]) for row in cells)


FORMAT = Format(
    name="conll",
    extensions=(".conll", ".bio", ".iob", ".iob2", ".txt"),
    read=read,
    blocks=blocks_of_read(read),
    write=None,
    write_annotated=write_annotated,
    carries=("text", "id", "count", "domain", "intent", "slots", "split", "unannotated"),
    loses="white space at the rims of slots, slots of white space alone, and tabs and line breaks in labels",
    sniff=sniff,
    sniffed="a token and a tag such as B-city on each line",
)
