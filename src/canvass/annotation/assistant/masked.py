"""A text as the user's function masks it, with spans that lead from one to the other by whole tokens."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING

from canvass.corpus.spans import text_tokens
from canvass.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from canvass.corpus.spans import Token

Span = tuple[int, int]


def words_of(text: str) -> list[str]:
    """Give the tokens of a text in lower case.

    >>> words_of("Play River!")
    ['play', 'river', '!']
    """
    return [text[token.start : token.end].lower() for token in text_tokens(text)[1]]


class Masked:
    """A text (`original`) and what leaves the machine of it (`text`), equal where there is no mask.

    Raises InputError where the mask gives no string.
    """

    def __init__(self, original: str, mask: Callable[[str], str] | None) -> None:
        self.original = original
        masked = original if mask is None else mask(original)
        if not isinstance(masked, str):
            raise InputError(f"--mask gave {shown(masked)} for a text; expected a string")
        self.text = masked

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens of what leaves."""
        return text_tokens(self.text)[1]

    @cached_property
    def _of_original(self) -> list[Token]:
        return text_tokens(self.original)[1]

    @cached_property
    def _pieces(self) -> list[tuple[Span, Span]]:
        """Pair ranges of tokens of the original with those of what leaves: single ones, or all that a mask changed."""
        if self.text == self.original:
            return [((i, i + 1), (i, i + 1)) for i in range(len(self.tokens))]
        matcher = SequenceMatcher(None, words_of(self.original), words_of(self.text), autojunk=False)
        pieces: list[tuple[Span, Span]] = []
        for how, first, last, start, end in matcher.get_opcodes():
            if how == "equal":
                pieces += [
                    ((first + i, first + i + 1), (start + i, start + i + 1)) for i in range(last - first)
                ]
            else:
                pieces.append(((first, last), (start, end)))
        return pieces

    def leaving(self, start: int, end: int) -> str | None:
        """Give what leaves of a span of the original; None where it is cut by what the mask changed."""
        span = _carried((start, end), self._pieces, self._of_original, self.tokens)
        return None if span is None else self.text[slice(*span)]

    def found(self, words: str) -> list[Span | None]:
        """Find words in what leaves, as whole tokens in any case.

        Gives the span of the original for each place; None for one that is cut by what the mask changed.
        """
        wanted, tokens = words_of(words), words_of(self.text)
        pieces = [(there, here) for here, there in self._pieces]
        return [
            _carried(
                (self.tokens[i].start, self.tokens[i + len(wanted) - 1].end),
                pieces,
                self.tokens,
                self._of_original,
            )
            for i in range(len(tokens) - len(wanted) + 1)
            if wanted and tokens[i : i + len(wanted)] == wanted
        ]


def _carried(
    span: Span, pieces: Sequence[tuple[Span, Span]], tokens: Sequence[Token], others: Sequence[Token]
) -> Span | None:
    """Carry a span of one text over to the other; None where it does not begin and end with whole pieces of both."""
    whole = [(here, there) for here, there in pieces if here[0] < here[1] and there[0] < there[1]]
    starts = {tokens[here[0]].start: there[0] for here, there in whole}
    ends = {tokens[here[1] - 1].end: there[1] for here, there in whole}
    first, last = starts.get(span[0]), ends.get(span[1])
    return (
        None
        if first is None or last is None or first >= last
        else (others[first].start, others[last - 1].end)
    )
