"""A seeded walk through a template: literal text, and the values of lists with the label of their slot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canvass.corpus.embedded.grammar import Chain, Choice, Node, Rule, Shuffle, Text, Value
from canvass.corpus.embedded.numerals import numeral

if TYPE_CHECKING:
    from canvass.corpus.embedded.dice import Dice

ARTICLE_OF_A_PERSON = re.compile(r"\b(?:the|my|our) (?=(?:aunt |uncle )?\w+'s )")

Pieces = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in a template stand for.

    `values` maps a list to the rule that fills it here (a light's name where the template is about lights);
    `lists` has the lists whose values come with the templates, and the ranges of numbers.
    """

    rules: dict[str, Node]
    lists: dict[str, Node | range]
    values: dict[str, str] = field(default_factory=dict)


def walk(node: Node, scope: Scope, dice: Dice) -> Pieces:
    """Say a template once; each piece is a text and, for the value of a list, the label of its slot."""
    pieces: Pieces = []
    follow(node, scope, dice, pieces)
    return pieces


def follow(node: Node, scope: Scope, dice: Dice, pieces: Pieces) -> None:
    """Append what a node says to the pieces."""
    if isinstance(node, Text):
        pieces.append((node.text, None))
    elif isinstance(node, Chain):
        for item in node.items:
            follow(item, scope, dice, pieces)
    elif isinstance(node, Choice):
        if node.said >= 1.0 or dice.chance(node.said):
            follow(dice.pick(node.items), scope, dice, pieces)
    elif isinstance(node, Rule):
        follow(scope.rules[node.name], scope, dice, pieces)
    elif isinstance(node, Value):
        pieces.append((value(node.list_name, scope, dice), node.label))
    elif isinstance(node, Shuffle):
        for item in dice.shuffled(node.items):
            follow(item, scope, dice, pieces)


def value(list_name: str, scope: Scope, dice: Dice) -> str:
    """Draw a value of a list: by a rule of ours if there is one, else from what came with the templates."""
    rule = scope.values.get(list_name, list_name if list_name in scope.rules else None)
    if rule is not None:
        return said(scope.rules[rule], scope, dice)
    found = scope.lists[list_name]
    return numeral(list_name, found, dice) if isinstance(found, range) else said(found, scope, dice)


def said(node: Node, scope: Scope, dice: Dice) -> str:
    """Say a node as one string: white space collapsed, no article before `anna's`."""
    text = " ".join("".join(text for text, _ in walk(node, scope, dice)).split())
    return ARTICLE_OF_A_PERSON.sub("", text) if "'s" in text else text
