"""The book of templates: the package's blocks of sentences, sorted into the intents of `domains.TABLE`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from canvass.corpus.embedded.dice import Weighted
from canvass.corpus.embedded.domains import COMBINATIONS, SHARES, TABLE, Row
from canvass.corpus.embedded.grammar import Node, parse
from canvass.corpus.embedded.package import kinds_of, load_package, parsed, parsed_lists, parsed_rules
from canvass.corpus.embedded.phrases import PHRASES
from canvass.corpus.embedded.speech import LIKELY, LISTS, OPTIONAL, RULES, RULES_OF_KIND, STIFF, UNSAID
from canvass.corpus.embedded.values import HOME
from canvass.corpus.embedded.walk import Scope

if TYPE_CHECKING:
    from canvass.corpus.embedded.dice import Dice

MEDIA_CLASSES = ("artist", "album", "track", "track", "playlist", "podcast", "movie", "tv_show")
LIST_PURPOSES = ("chores", "chores", "things")


@dataclass(frozen=True)
class Template:
    """A sentence template with what its names stand for, and the kind of device that it is about."""

    text: str
    node: Node
    kind: str
    names: Scope

    def scope(self, dice: Dice) -> Scope:
        """Say what the names of the template stand for this time."""
        values = {"name": self.name_rule()}
        if "{todo_list_item:" in self.text:
            purpose = dice.pick(LIST_PURPOSES)
            values = {"name": f"name todo {purpose}", "todo_list_item": f"item {purpose}"}
        if "{media_class}" in self.text:
            # One class for the whole request: `play the album ...` is followed by an album.
            media_class = dice.pick(MEDIA_CLASSES)
            values |= {"media_class": f"class {media_class}", "search_query": f"query {media_class}"}
        return Scope(self.names.rules, self.names.lists, values)

    def name_rule(self) -> str:
        """Name the rule of ours that fills {name}; one without rooms where the template names a place."""
        if self.kind == "binary_sensor":
            return f"name {self.kind} {'motion' if 'bs_occupancy' in self.text else 'open'}"
        bare = f"name {self.kind} bare"
        return (
            bare
            if ("{area}" in self.text or "{floor}" in self.text) and bare in self.names.rules
            else f"name {self.kind}"
        )


class Book:
    """All templates by intent, to be drawn from."""

    def __init__(self, templates: dict[Row, Weighted[Weighted[Template]]]) -> None:
        self._templates = templates
        self._open = list(templates)
        self._rows = weigh(self._open)

    @classmethod
    def load(cls) -> Book:
        """Parse the English templates of home-assistant-intents, or take those parsed before."""
        return cls(templates_by_row())

    def draw_row(self, dice: Dice) -> Row | None:
        """Draw an intent by its domain's share and its weight; None when all are exhausted."""
        return self._rows.pick(dice) if self._open else None

    def draw_template(self, row: Row, dice: Dice) -> Template:
        """Draw a template of an intent: a combination of slots first, so that no large block dominates."""
        return self._templates[row].pick(dice).pick(dice)

    def close_row(self, row: Row) -> None:
        """Draw an intent no more: it has nothing new to say."""
        self._open.remove(row)
        self._rows = weigh(self._open)


def weigh(rows: list[Row]) -> Weighted[Row]:
    """Weigh intents within the share of their domain; closed ones leave their part to its others."""
    totals: dict[str, float] = {}
    for row in rows:
        totals[row.domain] = totals.get(row.domain, 0.0) + row.weight
    return Weighted([(row, SHARES[row.domain] * row.weight / totals[row.domain]) for row in rows])


@cache
def templates_by_row() -> dict[Row, Weighted[Weighted[Template]]]:
    """Parse the package's templates and sort them into the intents of the table."""
    package = load_package()
    ours = {name: parsed(body) for name, body in {**HOME, **PHRASES, **RULES, **LISTS}.items()}
    names = Scope({**parsed_rules(package), **ours}, parsed_lists(package))
    found: dict[Row, Weighted[Weighted[Template]]] = {}
    for row in TABLE:
        combinations: dict[str, list[tuple[Template, float]]] = {}
        for block in package["intents"][row.source]["data"]:
            kinds = kinds_of(block)
            if not row.kind or row.kind in kinds:
                combination = str(block.get("metadata", {}).get("slot_combination", "default"))
                kind = row.kind or (kinds[0] if kinds else "")
                combinations.setdefault(combination, []).extend(templates_of(block, kind, names))
        weights = COMBINATIONS.get(row.intent, {})
        found[row] = Weighted(
            [
                (Weighted(pairs), weights.get(name, weights.get("*", 1.0)))
                for name, pairs in combinations.items()
            ]
        )
    return found


def templates_of(block: dict[str, Any], kind: str, names: Scope) -> list[tuple[Template, float]]:
    """Parse the sentences of a block for a kind of device; each with how often it is said."""
    of_kind = {name: parsed(body) for name, body in RULES_OF_KIND.get(kind, {}).items()}
    local = Scope({**names.rules, **parsed_rules(block), **of_kind}, {**names.lists, **parsed_lists(block)})
    return [
        (Template(text, parse(text, OPTIONAL, LIKELY), kind, local), STIFF.get(text.split()[0], 1.0))
        for text in block["sentences"]
        if text not in UNSAID
    ]
