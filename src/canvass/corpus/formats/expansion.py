"""Templates, expanded: sentences with alternatives, optional parts, and slots that take values.

A template stands for as many sentences as its parts can be combined; of each template at most `MOST` are made, drawn
uniformly and without repetition by a hash of the template, so that the same file gives the same sentences.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.seeding import hash64, mix64, salt

MOST = 20
# Templates nest rules in rules; more is a rule that needs itself, or no template that a person wrote.
DEEPEST = 40
MOST_IN_ANY_ORDER = 4
MOST_NUMBERS = 1000  # of a range
TOKEN = re.compile(r"\\.|[()\[\]|;]|<[^<>]+>|\{[^{}]*\}|\$[\w/.-]+|[^\\()\[\]|;<{$\s]+|\s+|.")
RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:,(\d{1,9}))?")

Piece = tuple[str, str | None]  # words, and the label of the slot that they are


@dataclass(frozen=True)
class Node:
    """A part of a template: how many expansions it has, and what makes each of them by its number, from 0."""

    count: int
    pick: Callable[[int], list[Piece]]


def plain(words: str) -> Node:
    """Make a part of plain words, white space included."""
    return Node(1, lambda _: [(words, None)])


def choice(nodes: Sequence[Node]) -> Node:
    """Make one of several parts: the number falls in the expansions of one of them."""

    def pick(number: int) -> list[Piece]:
        for node in nodes:
            if number < node.count:
                return node.pick(number)
            number -= node.count
        raise IndexError(number)

    return Node(sum(node.count for node in nodes), pick)


def sequence(nodes: Sequence[Node]) -> Node:
    """Make parts one after the other: the digits of the number are the numbers of their expansions."""

    def pick(number: int) -> list[Piece]:
        pieces = []
        for node in nodes:
            number, digit = divmod(number, node.count)
            pieces += node.pick(digit)
        return pieces

    return Node(math.prod(node.count for node in nodes), pick)


def filled(label: str, node: Node) -> Node:
    """Make a slot of what can be said for it; labels inside of it are replaced."""
    return Node(node.count, lambda number: [("".join(words for words, _ in node.pick(number)), label)])


class EmptySlotError(InputError):
    """A template has a slot of which nobody knows the values."""


class Resolver:
    """What `<rule>`, `{slot}` and `$list` of a template stand for: `make` makes each once, and not of itself.

    With `tags`, `{slot}` follows what it labels (as in Rhasspy); with `orders`, `(a;b)` is both, in any order (as in
    Home Assistant).
    """

    def __init__(self, make: Callable[[str], Node], *, tags: bool = False, orders: bool = False) -> None:
        self._make = make
        self.tags, self.orders = tags, orders
        self._made: dict[str, Node | None] = {}  # None while it is being made

    def __call__(self, token: str) -> Node:
        """Find what a token such as `<rule>` stands for; raises InputError where nobody says it, or it needs itself."""
        if token not in self._made:
            self._made[token] = None
            try:
                self._made[token] = self._make(token)
            except InputError:
                del self._made[token]
                raise
        made = self._made[token]
        if made is None:
            raise InputError(f"the rule {shown(token)} needs itself; take it out of what it stands for")
        return made


def values_of(label: str, values: Sequence[str], place: str) -> Node:
    """Make the slot of a list of values; raises EmptySlotError if there is none, naming where they should be."""
    known = list(dict.fromkeys(value for value in values if value.strip()))
    if not known:
        raise EmptySlotError(f"{place} does not say what the slot {shown(label)} can be")
    return filled(label, choice([plain(value) for value in known]))


def parse(template: str, where: str, resolve: Resolver) -> Node:
    """Parse a template: `(a|b)` is one of several, `[a]` may be left out; raises InputError as `resolve` does."""
    try:
        return _Parser(template, where, resolve).whole()
    except RecursionError as error:
        raise InputError(
            f"{where}: {shown(template)} needs rules that need others, and so on, too often"
        ) from error


class _Parser:
    def __init__(self, template: str, where: str, resolve: Resolver) -> None:
        self._template, self._where, self._resolve = template, where, resolve
        self._tokens = TOKEN.findall(template)
        self._at = 0

    def whole(self) -> Node:
        node = self._group("", 0)
        if self._at < len(self._tokens):
            raise self._wrong(self._tokens[self._at])
        return node

    def _wrong(self, mark: str) -> InputError:
        return InputError(
            f"{self._where}: {shown(self._template)} has a {mark or 'bracket'} without its other one"
        )

    def _group(self, closing: str, depth: int) -> Node:
        if depth > DEEPEST:
            raise InputError(f"{self._where}: {shown(self._template)} is nested more than {DEEPEST} deep")
        options: list[list[Node]] = [[]]
        in_any_order = False
        while self._at < len(self._tokens) and (mark := self._tokens[self._at]) not in (")", "]"):
            self._at += 1
            if mark == "|" or (mark == ";" and self._resolve.orders):
                in_any_order = in_any_order or mark == ";"
                options.append([])
            elif mark in ("(", "["):
                node = self._group(")" if mark == "(" else "]", depth + 1)
                options[-1].append(node if mark == "(" else choice([node, plain("")]))
            elif mark.startswith("{") and self._resolve.tags:
                self._label(options[-1], mark[1:-1])
            else:
                options[-1].append(self._single(mark))
        if closing:
            if self._at == len(self._tokens) or self._tokens[self._at] != closing:
                raise self._wrong("(" if closing == ")" else "[")
            self._at += 1
        rows = [sequence(nodes) for nodes in options]
        if not in_any_order:
            return rows[0] if len(rows) == 1 else choice(rows)
        if len(rows) > MOST_IN_ANY_ORDER:
            raise InputError(f"{self._where}: {shown(self._template)} has too many parts in any order")
        blank = plain(" ")
        return choice(
            [
                sequence(list(itertools.chain.from_iterable((row, blank) for row in order)))
                for order in itertools.permutations(rows)
            ]
        )

    def _single(self, token: str) -> Node:
        if (token[0] in "<{" and len(token) > 1) or (token[0] == "$" and len(token) > 1):
            return self._resolve(token)
        if self._resolve.tags and token.strip() and token[0] != "\\":
            # What is said, before what it means (on:off) and how that is converted (5!int).
            token = token.partition(":")[0].partition("!")[0]
            bounds = RANGE.fullmatch(token)
            if bounds is not None:
                numbers = range(int(bounds[1]), int(bounds[2]) + 1, int(bounds[3] or 1) or 1)[:MOST_NUMBERS]
                return choice([plain(str(number)) for number in numbers]) if numbers else plain("")
        return plain(token[1:] if token.startswith("\\") and len(token) > 1 else token)

    def _label(self, nodes: list[Node], name: str) -> None:
        label = name.partition(":")[0].partition("!")[0].strip()
        last = next((index for index in reversed(range(len(nodes))) if not _is_blank(nodes[index])), None)
        if last is None or not label:
            raise InputError(f"{self._where}: {shown(self._template)} has a tag without words or a name")
        nodes[last] = filled(label, nodes[last])


def _is_blank(node: Node) -> bool:
    return node.count == 1 and not "".join(words for words, _ in node.pick(0)).strip()


def expanded(template: str, where: str, bad: BadLines, resolve: Resolver, **names: str) -> Utterances:
    """Parse and expand a template; yields (where, utterance). What is beyond `MOST` is told, and so is an empty slot.

    `names` are further fields of the utterances, such as the intent.
    """
    try:
        node = parse(template, where, resolve)
        if node.count > MOST:
            what = f"expansions of templates (at most {MOST} of each are made)"
            bad.lost(what, f"{where}: {shown(template)} has {node.count:,}", node.count - MOST)
        for number in _numbers(node.count, template):
            text, slots = settled(node.pick(number))
            if text:
                yield where, utterance_of(names | {"text": text, "slots": slots}, where)
    except EmptySlotError as error:
        bad.lost("templates with slots whose values are not in the files", f"{where}: {error}")
    except InputError as error:
        bad.report(error if str(error).startswith(where) else InputError(f"{where}: {error}"))


def _numbers(count: int, template: str) -> list[int]:
    """Draw the numbers of expansions, sorted."""
    if count <= MOST:
        return list(range(count))
    state = salt(0, "expansion") ^ hash64(template.encode())
    chosen: set[int] = set()
    while len(chosen) < MOST:
        high, low = mix64(state), mix64(state + 1)
        chosen.add((high << 64 | low) % count)
        state += 2
    return sorted(chosen)


def settled(pieces: Sequence[Piece]) -> tuple[str, list[dict[str, Any]]]:
    """Join pieces, with white space as single blanks and none at the rims; returns the text and its slots.

    >>> settled([("play  ", None), (" jazz ", "genre"), ("", None)])
    ('play jazz', [{'start': 5, 'end': 9, 'label': 'genre'}])
    """
    text = ""
    slots = []
    blank = False
    for words, label in pieces:
        before = blank or words[:1].isspace()
        inner = " ".join(words.split())
        if not inner:
            blank = before
            continue
        text += " " * (before and bool(text))
        if label is not None:
            slots.append({"start": len(text), "end": len(text) + len(inner), "label": label})
        text += inner
        blank = words[-1:].isspace()
    return text, slots
