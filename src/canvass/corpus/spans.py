"""Tokens with offsets, and lossless conversion between slots and the tags of tokens.

Tokens (text rules of the design):

* a word is a maximal run of letters, marks and numbers;
* an apostrophe directly before a letter starts a new word: `tobymac's` is `tobymac` and `'s`;
* each character of a script written without blanks (Han, Thai, ...) is a word of its own;
* every other character that is not white space is a symbol, a token of its own;
* a mark belongs to the token directly before it, whatever that is.

The committee sees the words, the tagger all tokens.

A tag is O, or a letter, a hyphen and a label. Written are those of IOB2 (BIO: B at the beginning of a slot, I after
it). Read are the schemes of the field, IOB1, IOB2, IOE1, IOE2, IOBES and BILOU (Tjong Kim Sang and Veenstra,
"Representing Text Chunks", EACL 1999; Ratinov and Roth, "Design Challenges and Misconceptions in Named Entity
Recognition", CoNLL 2009), by one rule, that of conlleval, so that nobody has to say which it is: a slot goes on as long
as the label does, unless a letter says that it ends (E, L, S, U) or another begins (B, S, U). M and W, for the middle
and the whole, are read as I and S.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from canvass.corpus.characters import KIND, LETTER, MARK, NUMBER, SINGLE, SPACE, describe, lower
from canvass.corpus.normalise import normalise
from canvass.errors import InputError, shown
from canvass.types import Slot

APOSTROPHES = "'\u2019"
OUTSIDE = "O"
BEGINS, ENDS, GOES_ON = "BSUW", "ESLUW", "IM"
# The tokens of an ASCII text: a clitic or a word (the group), or a symbol.
ASCII_TOKEN = re.compile(r"('[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+)|[^ \t-\r\x1c-\x1f]")


class Token(NamedTuple):
    """A token of a text: its offsets, and whether it is a word (or a symbol)."""

    start: int
    end: int
    is_word: bool


def tokens(text: str) -> list[Token]:
    """Tokenise a text.

    >>> text = "play tobymac's 歌!"
    >>> [text[token.start : token.end] for token in tokens(text)]
    ['play', 'tobymac', "'s", '歌', '!']
    """
    if text.isascii():
        return [Token(*match.span(), match.lastindex is not None) for match in ASCII_TOKEN.finditer(text)]
    return tokens_by_kind(text)


def lower_words(text: str) -> list[str]:
    """List the words of a text, lower-cased.

    >>> lower_words("Play tobymac's 歌!")
    ['play', 'tobymac', "'s", '歌']
    """
    return [lower(text[token.start : token.end]) for token in tokens(text) if token.is_word]


def tokens_by_kind(text: str) -> list[Token]:
    """Tokenise any text, character by character: the readable twin of `tokens`."""
    cut: list[Token] = []
    kinds = [describe(character) & KIND for character in text]
    run = False  # whether a letter or number would belong to the token before it
    for i, kind in enumerate(kinds):
        if kind == SPACE:
            run = False
        elif (kind == MARK and i and kinds[i - 1] != SPACE) or (run and kind in (LETTER, NUMBER)):
            cut[-1] = cut[-1]._replace(end=i + 1)
        else:
            clitic = text[i] in APOSTROPHES and kinds[i + 1 : i + 2] == [LETTER]
            run = clitic or kind in (LETTER, MARK, NUMBER)
            cut.append(Token(i, i + 1, run or kind == SINGLE))
    return cut


def text_tokens(text: str) -> list[Token]:
    """Tokenise the key of a text; the offsets are into the text as written."""
    normalised = normalise(text)
    of_key = tokens(normalised.key)
    if normalised.key == text:
        return of_key
    return [Token(*normalised.text_span(token.start, token.end), token.is_word) for token in of_key]


def misaligned_slot(text: str, slots: Sequence[Slot]) -> Slot | None:
    """Find the first slot whose borders are no token borders; None if there is none."""
    if not slots:
        return None
    if text.isascii():
        # Any white space separates tokens, so the text need not be normalised first.
        spans = [match.span() for match in ASCII_TOKEN.finditer(text)]
    else:
        spans = [token[:2] for token in text_tokens(text)]
    starts = {start for start, _ in spans}
    ends = {end for _, end in spans}
    return next((slot for slot in slots if slot.start not in starts or slot.end not in ends), None)


def bio_tags(text: str, slots: Sequence[Slot]) -> list[str]:
    """Convert slots to BIO tags, one for each token of the text.

    Raises InputError if a slot does not begin and end on token borders, or slots overlap.

    >>> bio_tags("play river", [Slot(5, 10, "SongName")])
    ['O', 'B-SongName']
    """
    spans = text_tokens(text)
    tags = [OUTSIDE] * len(spans)
    for slot in slots:
        inside = [i for i, span in enumerate(spans) if slot.start <= span.start and span.end <= slot.end]
        borders = (spans[inside[0]].start, spans[inside[-1]].end) if inside else None
        if borders != (slot.start, slot.end) or any(tags[i] != OUTSIDE for i in inside):
            raise InputError(
                f"slot {slot.label!r} [{slot.start}, {slot.end}) of {text!r} does not begin and end on token "
                "borders, or overlaps another; move its borders"
            )
        tags[inside[0]] = f"B-{slot.label}"
        for i in inside[1:]:
            tags[i] = f"I-{slot.label}"
    return tags


def is_tag(word: str) -> bool:
    """Whether a word is a tag of any scheme.

    >>> is_tag("B-city"), is_tag("O"), is_tag("NN")
    (True, True, False)
    """
    return word == OUTSIDE or (
        word[:1] in BEGINS + ENDS + GOES_ON and word[1:2] == "-" and len(word) > len("B-")
    )


def spans_of(tags: Sequence[str], where: str | Sequence[str] = "") -> list[tuple[int, int, str]]:
    """Read (first token, last token, label) of each slot from tags of any scheme, `where` they are, or each.

    Raises InputError if a word is not a tag.

    >>> spans_of(["O", "I-city", "I-city"]), spans_of(["S-city", "E-day"])
    ([(1, 2, 'city')], [(0, 0, 'city'), (1, 1, 'day')])
    """
    spans: list[tuple[int, int, str]] = []
    before = OUTSIDE
    for i, tag in enumerate(tags):
        if not is_tag(tag):
            raise InputError(
                f"{where if isinstance(where, str) else where[i]}: {shown(tag)} is no tag; expected O, or one of "
                "B I E S L U, a hyphen and a label"
            )
        if tag != OUTSIDE:
            label = tag[2:]
            begins = tag[0] in BEGINS or before == OUTSIDE or before[0] in ENDS or before[2:] != label
            spans.append((i, i, label) if begins else (spans.pop()[0], i, label))
        before = tag
    return spans


def tags_of(spans: Sequence[tuple[int, int, str]], length: int) -> list[str]:
    """Write slots, (first token, last token, label), as `length` BIO tags.

    >>> tags_of([(1, 2, "city")], 4)
    ['O', 'B-city', 'I-city', 'O']
    """
    tags = [OUTSIDE] * length
    for first, last, label in spans:
        tags[first : last + 1] = [f"B-{label}", *[f"I-{label}"] * (last - first)]
    return tags


def slots_of(tags: Sequence[str], tokens: Sequence[Token]) -> tuple[Slot, ...]:
    """Convert BIO tags and the tokens' offsets to slots.

    >>> slots_of(["O", "B-SongName"], tokens("play river"))
    (Slot(start=5, end=10, label='SongName'),)
    """
    return tuple(Slot(tokens[first].start, tokens[last].end, label) for first, last, label in spans_of(tags))
