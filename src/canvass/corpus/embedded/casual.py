"""The difference between a template and a person: openings, hesitations, dropped words, slips of the finger.

Each habit has a probability of its own; together they touch about half of all requests. Only words outside of
the slots are added, dropped or respelt, and slots move as wholes, so that spans stay exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.corpus.embedded.fillers import (
    ASKED,
    CHECKING,
    CURIOUS,
    DROPPABLE,
    FILLERS,
    NEUTRAL,
    POLITE,
    SHORT,
    THANKFUL,
    VERBS,
    WH_WORDS,
    YES_OR_NO,
)
from canvass.corpus.embedded.parts import Part

if TYPE_CHECKING:
    from canvass.corpus.embedded.dice import Dice

OPENING, ENDING, HESITATION, REPETITION, DROPPING, SHORTENING, MISSPELLING, WRITING, SHOUTING = (
    0.21, 0.13, 0.06, 0.03, 0.12, 0.06, 0.04, 0.10, 0.004,
)  # fmt: skip
DROP_ANOTHER = 0.3
LONG_ENOUGH = 4
ENOUGH_WORDS = 3


def loosened(parts: list[Part], dice: Dice) -> list[Part]:
    """Say the parts as a person might."""
    question = first_word(parts) in WH_WORDS | YES_OR_NO
    if dice.chance(DROPPING):
        parts = with_words_dropped(parts, dice)
    if dice.chance(HESITATION):
        parts = with_hesitation(parts, dice)
    if dice.chance(REPETITION):
        parts = with_repetition(parts, dice)
    if dice.chance(OPENING):
        parts = with_opening(parts, dice)
    if dice.chance(ENDING) and len(parts) >= ENOUGH_WORDS and parts[0].text != "please":
        parts = [*parts, *words(dice.pick(ASKED if question else THANKFUL))]
    if dice.chance(SHORTENING):
        parts = [
            part if part.label else part._replace(text=SHORT.get(part.text, part.text)) for part in parts
        ]
    if dice.chance(MISSPELLING):
        parts = with_misspelling(parts, dice)
    if dice.chance(WRITING):
        parts = written(parts, question=question or first_word(parts) in ("can", "could", "would"), dice=dice)
    if dice.chance(SHOUTING):
        parts = [part._replace(text=part.text.upper()) for part in parts]
    return parts


def words(text: str) -> list[Part]:
    """Turn a phrase into literal parts."""
    return [Part(word) for word in text.split()]


def first_word(parts: list[Part]) -> str:
    """Return the first word of an utterance, whether it is in a slot or not."""
    return parts[0].text.split()[0].lower() if parts else ""


def with_opening(parts: list[Part], dice: Dice) -> list[Part]:
    """Begin politely with a command, curiously with a question, and neutrally with anything."""
    first = first_word(parts)
    choices = NEUTRAL
    if dice.chance(0.6):
        choices = POLITE if first in VERBS else CURIOUS if first in WH_WORDS else NEUTRAL
        choices = CHECKING if first in YES_OR_NO else choices
    return [*words(dice.pick(choices)), *parts]


def gaps(parts: list[Part]) -> list[int]:
    """List the places between two words where something may be said."""
    return [index for index in range(1, len(parts)) if not parts[index].glued]


def literals(parts: list[Part]) -> list[int]:
    """List the plain words: outside of slots, not glued to anything."""
    return [
        index
        for index, part in enumerate(parts)
        if part.label is None and not part.glued and not (index + 1 < len(parts) and parts[index + 1].glued)
    ]


def with_hesitation(parts: list[Part], dice: Dice) -> list[Part]:
    """Hesitate once between two words."""
    places = gaps(parts)
    if not places:
        return parts
    place = dice.pick(places)
    return [*parts[:place], *words(dice.pick(FILLERS)), *parts[place:]]


def with_repetition(parts: list[Part], dice: Dice) -> list[Part]:
    """Stumble: say a word twice."""
    places = literals(parts)
    if not places:
        return parts
    place = dice.pick(places)
    return [*parts[:place], parts[place], *parts[place:]]


def with_words_dropped(parts: list[Part], dice: Dice) -> list[Part]:
    """Leave out a small word or two, as in `set timer ten minutes`."""
    places = [index for index in literals(parts) if parts[index].text in DROPPABLE]
    dropped = dice.shuffled(places)[: 1 + dice.chance(DROP_ANOTHER)]
    return [part for index, part in enumerate(parts) if index not in dropped]


def with_misspelling(parts: list[Part], dice: Dice) -> list[Part]:
    """Swap, drop or double one letter of one plain word."""
    places = [i for i in literals(parts) if len(parts[i].text) >= LONG_ENOUGH and parts[i].text.isalpha()]
    if not places:
        return parts
    place = dice.pick(places)
    text = parts[place].text
    letter = dice.below(len(text) - 1)
    habit = dice.below(3)
    respelt = (
        text[:letter] + text[letter + 1] + text[letter] + text[letter + 2 :],
        text[:letter] + text[letter + 1 :],
        text[: letter + 1] + text[letter:],
    )[habit]
    return [*parts[:place], parts[place]._replace(text=respelt), *parts[place + 1 :]]


def written(parts: list[Part], *, question: bool, dice: Dice) -> list[Part]:
    """Write with a capital letter and a full stop, as on a keyboard."""
    if not parts:
        return parts
    first = parts[0]._replace(text=parts[0].text[0].upper() + parts[0].text[1:])
    stop = "?" if question else dice.pick((".", ".", ".", "!", ""))
    tail = [Part(stop, None, glued=True)] if stop else []
    return [first, *(part._replace(text="I") if part == Part("i") else part for part in parts[1:]), *tail]
