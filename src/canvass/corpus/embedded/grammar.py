"""Sentence templates as a small tree of our own, read by hassil's parser.

hassil's sampler yields strings without spans, and its classes are untyped here; the tree has what a walk
needs and nothing else. hassil is imported inside the functions because it belongs to an extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from canvass.errors import ExtraMissingError

NEED = "the embedded corpus needs hassil and home-assistant-intents"

# An optional word is said this often, unless the caller's table says otherwise.
USUAL = 0.5


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, blanks included."""

    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, taken with the probability `said`; nothing otherwise."""

    items: tuple[Node, ...]
    said: float = 1.0


@dataclass(frozen=True, slots=True)
class Shuffle:
    """All of them, in any order."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What another rule says."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a list, to be recorded as a slot with a label."""

    list_name: str
    label: str


Node = Text | Chain | Choice | Shuffle | Rule | Value


def parse(
    template: str, optional: dict[str, float] | None = None, likely: dict[str, int] | None = None
) -> Node:
    """Parse a template.

    `optional` says how often an optional word or <rule> is said, `likely` how many times as often as the
    others one of several is.

    >>> parse("pause [the] {timer_name:name} timer", {"the": 0.9})  # doctest: +NORMALIZE_WHITESPACE
    Chain(items=(Text(text='pause '), Choice(items=(Text(text='the'),), said=0.9), Text(text=' '),
    Value(list_name='timer_name', label='name'), Text(text=' timer')))
    """
    try:
        from hassil.parse_expression import parse_sentence
    except ImportError:
        raise ExtraMissingError(NEED, "demo") from None
    return converted(parse_sentence(template).expression, optional or {}, likely or {})


def converted(expression: Any, optional: dict[str, float], likely: dict[str, int]) -> Node:
    """Turn one of hassil's expressions into a node."""
    from hassil.expression import Alternative, ListReference, Permutation, RuleReference, TextChunk

    if isinstance(expression, TextChunk):
        return Text(str(expression.original_text))
    if isinstance(expression, ListReference):
        return Value(str(expression.list_name), str(expression.slot_name))
    if isinstance(expression, RuleReference):
        return Rule(str(expression.rule_name))
    items = tuple(converted(item, optional, likely) for item in expression.items)
    if isinstance(expression, Alternative):
        return choice(items, optional if expression.is_optional else None, likely)
    several = Shuffle(items) if isinstance(expression, Permutation) else Chain(items)
    return several if len(items) > 1 else items[0]


def choice(items: tuple[Node, ...], optional: dict[str, float] | None, likely: dict[str, int]) -> Choice:
    """Make a choice; hassil marks what may be left out by an empty alternative."""
    weighted = tuple(item for item in items for _ in range(likely.get(words_of(item), 1)))
    if optional is None:
        return Choice(weighted)
    name = "|".join(words_of(item) for item in items if item != Text(""))
    return Choice(tuple(item for item in weighted if item != Text("")), optional.get(name, USUAL))


def words_of(node: Node) -> str:
    """Write a node the way the tables name optional words: `the`, `<the>`, `the ...` for a longer one.

    >>> words_of(parse("the [current] state of")), words_of(parse("(song|track)"))
    ('the ...', '')
    """
    if isinstance(node, Text):
        return node.text.strip() or node.text
    if isinstance(node, Chain):
        return f"{words_of(node.items[0])} ..."
    return f"<{node.name}>" if isinstance(node, Rule) else ""
