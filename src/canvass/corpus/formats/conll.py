"""CoNLL columns: a token and its tag on each line, a blank line between utterances, the rest in comments.

Read in any of the schemes of `corpus.spans`, and written in IOB2; the token is the first column, the tag the last (but
see `layout_of`), and columns are parted by tabs or, in a line without one, by blanks. What is not in the columns stands
in comments above the tokens, `# intent: PlayMusic`: id, count, domain, intent, split, and the text where the tokens
joined by blanks are something else. `# slots: not annotated` says that the tags mean nothing.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.pieces import joined, pieces_of, report_joined, slots_of_tokens, spans_of_slots
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import Line, located_lines
from canvass.corpus.formats.validation import ALL, utterance_of
from canvass.corpus.spans import OUTSIDE, is_tag, spans_of, tags_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

# Our own comments, and those of CoNLL-U that say the same.
COMMENT = re.compile(r"# (text|id|sent_id|intent|domain|split|count|slots) ?[:=] ?(.*)", re.DOTALL)
OTHER_COMMENT = re.compile(r"#\s*(\w[\w. -]*?)\s*[:=]\s*(.*)", re.DOTALL)
OF_CONLL_U = frozenset({"newdoc id", "newpar id", "global.columns"})
SPACES_OF_CONLL_U = frozenset({"SpaceAfter", "SpacesAfter", "SpacesBefore"})
NOTHING = frozenset({"", "_", "-", "-X-"})  # cells that say nothing
KEYS = {"sent_id": "id"}
NOT_ANNOTATED = "not annotated"
DOCUMENT_START = "-DOCSTART-"
BLANKS = re.compile(r"[ \t]+")
LONGEST_COUNT = 19
NUMBER = re.compile(r"\d+(?:[-.]\d+)?")  # of a token, of several, or of one that is not in the text
SPACE_AFTER = "SpaceAfter=No"
UTTERANCES_OF_LAYOUT = 100
ODD_LINES = 0.1  # the part of a file that may be broken
MOST_LINES_OF_TEXT = 4  # that may all end in a word like "O" by chance
BREAKS = re.compile(r"[\t\r\n]")


@dataclass(frozen=True)
class Layout:
    """Which columns of a file hold what: the token, the tag, and further tags (chunks, or inner names)."""

    token: int = 0
    tag: int = -1
    others: tuple[int, ...] = ()


@dataclass
class Lines:
    """The lines of one utterance: where it begins, its comments and rows, and what is wrong with it."""

    where: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)  # comments of somebody else
    rows: list[tuple[list[str], str]] = field(default_factory=list)  # cells, and where they stand
    error: InputError | None = None

    def add(self, line: Line) -> None:
        """Take the next line, which is not blank."""
        self.where = self.where or line.where
        try:
            self._add(line.text, line.where)
        except InputError as error:
            self.error = self.error or error

    def _add(self, line: str, where: str) -> None:
        cells = cells_of(line)
        if line.startswith("#"):
            is_row = len(cells) > 1 and is_tag(cells[-1])
            comment = None if self.rows and is_row else COMMENT.fullmatch(line)
            if comment is not None:
                self.comments[KEYS.get(comment[1], comment[1])] = _comment_value(comment[2])
                return
            if not is_row:
                other = OTHER_COMMENT.fullmatch(line)
                self.others |= {other[1]: other[2]} if other else {"": line}
                return
        if cells[0] == DOCUMENT_START:
            return
        if len(cells) == 1 or not cells[0]:
            raise InputError(f"{where}: {shown(line)} is not a token and a tag, parted by a tab or blanks")
        self.rows.append((cells, where))

    def utterance(self, layout: Layout, bad: BadLines) -> Utterance | None:
        """Make the utterance; None if there is nothing in the lines."""
        if self.error is not None:
            raise self.error
        if not self.rows and "text" not in self.comments:
            return None
        # Without the lines of words that are contracted (1-2), or left out of the text (1.1).
        rows = [row for row in self.rows if not layout.token or row[0][0].isdecimal()]
        least = max(layout.token, layout.tag, *layout.others, 1)
        short = next((place for cells, place in rows if len(cells) <= least), None)
        if short is not None:
            raise InputError(
                f"{short}: the line has too few columns; expected the token in column {layout.token + 1}"
                f" and at least {least + 1} columns"
            )
        places = [place for _, place in rows]
        tokens = [cells[layout.token] for cells, _ in rows]
        glued = [cells[-1] for cells, _ in rows if layout.token]
        text = self.comments.get("text")
        if text is None:
            text = joined(tokens, [SPACE_AFTER in cell for cell in glued])
            report_joined(text, tokens, glued, self.where, bad)
        slots = spans_of([cells[layout.tag] for cells, _ in rows], places)
        self._tell_others([cells for cells, _ in rows], layout, bad)
        record: dict[str, Any] = dict(self.comments, text=text)
        count = self.comments.get("count", "")
        if count.isdecimal() and len(count) <= LONGEST_COUNT:
            record["count"] = int(count)
        record["slots"] = None
        if self.comments.get("slots") != NOT_ANNOTATED:
            record["slots"] = slots_of_tokens(text, tokens, slots, places)
        return utterance_of(record, self.where)

    def _tell_others(self, rows: list[list[str]], layout: Layout, bad: BadLines) -> None:
        """Note the comments of somebody else, and the columns that are not read."""
        if remark := self.others.pop("", None):
            bad.rejected("comments", f"{self.where}: {shown(remark)}")
        bad.unused(self.others, frozenset(), self.where, settings=OF_CONLL_U)
        width = max(map(len, rows), default=0)
        if width <= len(("token", "tag")):
            return
        used = {layout.token, layout.tag % width, *((0, width - 1) if layout.token else ())}
        if layout.token and layout.tag % width != width - 1:
            # MISC of CoNLL-U, pairs parted by bars; UNER has the annotator's name there.
            for remark in {cells[width - 1] for cells in rows if len(cells) == width} - NOTHING:
                pairs = [pair.rpartition("=") for pair in remark.split("|")]
                bad.unused(
                    {name or "annotator": value for name, _, value in pairs}, SPACES_OF_CONLL_U, self.where
                )
        for column in sorted((set(range(width)) - used).union(layout.others)):
            cells = [cells[column] for cells in rows if column < len(cells)]
            cell = next((cell for cell in cells if cell not in NOTHING | {OUTSIDE}), None)
            if column in layout.others and cell is not None:
                bad.lost("further columns of tags", f"{self.where}: column {column + 1}")
            elif cell is not None:
                what = "columns that are neither tokens nor tags"
                bad.lost(what, f"{self.where}: column {column + 1} has {shown(cell)}")


def _comment_value(words: str) -> str:
    if words.startswith('"'):
        try:
            value = json.loads(words)
        except ValueError:
            return words
        return value if isinstance(value, str) else words
    return words


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read an annotated file; yields (where, utterance), `where` its first line."""
    parts = _parts(path)
    first = list(itertools.islice(parts, UTTERANCES_OF_LAYOUT))
    layout = layout_of(
        [cells for lines in first for cells, _ in lines.rows], [len(lines.rows) for lines in first]
    )
    yield from bad.sift(itertools.chain(first, parts), Lines.utterance, layout, bad)


def cells_of(line: str) -> list[str]:
    """Cut a line into its columns, at tabs or, where there is none, at blanks."""
    return line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def layout_of(rows: Sequence[Sequence[str]], lengths: Sequence[int]) -> Layout:
    """Find which columns of a file hold what, from the rows of some utterances and how many each has.

    Rows that are numbered within their utterance (CoNLL-U, UNER, GermEval) have the token second, and the tag in the
    first column after it that holds tags alone; in others the token is first, and the tag last. Where the last column
    has other things, the tag is in the last that holds tags alone.
    """
    width = min(map(len, rows), default=0)
    numbers = [row[0] for row in rows if row[0].isdecimal()]
    expected = [str(number) for length in lengths for number in range(1, length + 1)]
    is_numbered = all(NUMBER.fullmatch(row[0]) for row in rows) and (
        numbers == expected or len(numbers) < len(rows)
    )
    # Lines of words that are contracted (1-2) may have no tag.
    tagged = [row for row in rows if row[0].isdecimal() or not is_numbered]
    tags = [column for column in range(1, width) if all(is_tag(row[column]) for row in tagged)]
    if rows and width > len("it") and is_numbered:
        columns = [column for column in tags if column > 1]
        filled = [column for column in columns if any(row[column] != OUTSIDE for row in rows)]
        tag = (filled or columns or [2])[0]
        return Layout(1, tag, tuple(column for column in columns if column != tag))
    if not tags or all(is_tag(row[-1]) for row in rows):
        last = {len(row) for row in rows}
        others = tags if len(last) > 1 else [column for column in tags if column != width - 1]
        return Layout(others=tuple(others) if len(last) == 1 else ())
    return Layout(tag=tags[-1], others=tuple(tags[:-1]))


def _parts(path: str) -> Iterator[Lines]:
    lines = Lines()
    for line in located_lines(path):
        if line.data.strip(b" \t\r"):
            lines.add(line)
        else:
            yield lines
            lines = Lines()
    yield lines


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances, with tags in IOB2; the file appears whole or not at all."""
    write_text(path, (_block(utterance, losses) for utterance in utterances))


def _block(utterance: Utterance, losses: Losses) -> str:
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
        "text": None if tokens and " ".join(tokens) == text == joined(tokens) else text,
    }
    comments = [f"# {key}: {_written(value)}\n" for key, value in values.items() if value is not None]
    tags = tags_of(spans, len(tokens))
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


def _sniff(sample: Sample) -> bool:
    words = [
        line for line in sample.lines if line.strip(" \t") and not line.startswith(("#", DOCUMENT_START))
    ]
    rows = [row for line in words if len(row := cells_of(line)) > 1]
    layout = layout_of(rows, ())
    if not words or len(words) - len(rows) > len(words) * ODD_LINES:
        return False
    if layout.token:
        rows = [row for row in rows if row[0].isdecimal()]
    tags = [row[layout.tag] for row in rows if len(row) > layout.tag]
    if sum(map(is_tag, tags)) < len(rows) * (1 - ODD_LINES):
        return False
    return any(is_tag(tag) and tag != OUTSIDE for tag in tags) or len(tags) > MOST_LINES_OF_TEXT


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    carries=ALL,
    loses="white space at the rims of slots, slots of white space alone, and tabs and line breaks in labels; "
    "when read: further columns, and comments of others",
    sniff=_sniff,
    sniffed="a token and a tag such as B-city on each line",
)
