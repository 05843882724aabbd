"""Tags of tokens, one label a slot, in the schemes of the field: IOB1, IOB2, IOE1, IOE2, IOBES and BILOU.

Tjong Kim Sang and Veenstra, "Representing Text Chunks", EACL 1999; Ratinov and Roth, "Design Challenges and
Misconceptions in Named Entity Recognition", CoNLL 2009.

A tag is O, or a letter, a hyphen and a label:

======  =======================================  ===========================================
scheme  a slot of one token, of more             beside a slot of the same label
======  =======================================  ===========================================
IOB1    I, I I I                                 begins with B
IOB2    B, B I I                                 the same
IOE1    I, I I I                                 the one before it ends with E
IOE2    E, I I E                                 the same
IOBES   S, B I E                                 the same
BILOU   U, B I L                                 the same
======  =======================================  ===========================================

One rule reads them all, so that nobody has to say which it is: a slot goes on as long as the label does, unless
a letter says that it ends (E, L, S, U) or another begins (B, S, U). That is the rule of conlleval. M and W, for the
middle and the whole, are read as I and S.
"""

from __future__ import annotations

from collections.abc import Sequence

from canvass.corpus.spans import OUTSIDE
from canvass.errors import InputError, shown

# The letters of a slot of one token; of the first, a middle and the last of more.
LETTERS = {
    "IOB1": ("I", "I", "I", "I"),
    "IOB2": ("B", "B", "I", "I"),
    "IOE1": ("I", "I", "I", "I"),
    "IOE2": ("E", "I", "I", "E"),
    "IOBES": ("S", "B", "I", "E"),
    "BILOU": ("U", "B", "I", "L"),
}
BEGINS, ENDS, GOES_ON = "BSUW", "ESLUW", "IM"


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


def tags_of(spans: Sequence[tuple[int, int, str]], length: int, scheme: str = "IOB2") -> list[str]:
    """Write slots, (first token, last token, label) from left to right, as `length` tags.

    >>> tags_of([(1, 2, "city")], 4, "BILOU")
    ['O', 'B-city', 'L-city', 'O']
    """
    tags = [OUTSIDE] * length
    single, begin, middle, end = LETTERS[scheme]
    beside: tuple[int, str] | None = None  # the last token of the slot before, and its label
    for first, last, label in spans:
        letters = [single] if first == last else [begin, *middle * (last - first - 1), end]
        if beside == (first - 1, label):
            if scheme == "IOB1":
                letters[0] = "B"
            if scheme == "IOE1":
                tags[first - 1] = f"E-{label}"
        tags[first : last + 1] = [f"{letter}-{label}" for letter in letters]
        beside = (last, label)
    return tags
