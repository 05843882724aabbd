"""Word a walk as people do: no article before a name, `upstairs` for `in the upstairs`, no noun twice.

Each step takes the parts and returns new ones; slots keep their labels, and their text but for a plural or a
noun that the next word says again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.corpus.embedded.agreement import (
    DETERMINERS,
    ONE_BY_ONE,
    agreed,
    articled,
    measured,
    numbered,
)
from canvass.corpus.embedded.parts import Part, label, word
from canvass.corpus.embedded.values import HOME

if TYPE_CHECKING:
    from canvass.corpus.embedded.dice import Dice

PREPOSITIONS = frozenset({"in", "on", "at", "of", "across", "around", "throughout"})
LAMPS = frozenset({"light", "lights", "lamp", "lamps", "lighting"})
ALONE = frozenset({"home", "work", "school", "church"})
SLIP = 0.05
CITIES = frozenset(city.strip() for city in HOME["city"].split("|"))


def worded(parts: list[Part], kind: str, dice: Dice) -> list[Part]:
    """Make the words agree, but for a slip now and then; `kind` is the device that the template is about."""
    steps = (
        (located, nouned, measured) if dice.chance(SLIP) else (located, nouned, measured, numbered, agreed)
    )
    for step in steps:
        parts = step(parts)
    return articled(named(parts, kind))


def located(parts: list[Part]) -> list[Part]:
    """Say `on the first floor`, `upstairs`, `in the attic`, and the word floor once."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        if part.text in ("floor", "floors") and label(parts, index - 1) == "floor":
            continue
        if part.label == "floor":
            before = len(kept) - (word(kept, len(kept) - 1) in DETERMINERS)
            if word(kept, before - 1) in PREPOSITIONS:
                if part.text.endswith("stairs"):
                    del kept[before - 1 :]
                elif part.text.endswith(("floor", "level")):
                    kept[before - 1] = Part("on")
        kept.append(part)
    return kept


def nouned(parts: list[Part]) -> list[Part]:
    """Say `reading light`, not `reading lamp light`; no noun twice; `tell me the weather` without `like`."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        if part.label is None and part.text in LAMPS and label(parts, index - 1) == "name":
            name, _, noun = parts[index - 1].text.rpartition(" ")
            if not name or noun not in LAMPS:
                continue
            kept[-1] = kept[-1]._replace(text=name)
        elif (
            part.label is None and label(parts, index - 1) and parts[index - 1].text.split()[-1] == part.text
        ):
            continue
        if part.text == "like" and word(parts, 0) == "tell":
            continue
        kept.append(part)
    return kept


def named(parts: list[Part], kind: str) -> list[Part]:
    """Leave articles out before names of people and places, after `every`, between an area and a device."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        after = parts[index + 1] if index + 1 < len(parts) else Part("")
        alone = after.label is not None and (
            after.text in CITIES
            or after.text in ALONE
            or (after.label == "name" and kind == "person")
            or "'s" in " ".join(after.text.split()[:2])
        )
        if part.label is None and part.text in DETERMINERS:
            before = parts[index - 1].label if index else None
            if alone or word(parts, index + 1) in DETERMINERS or word(parts, index - 1) in ONE_BY_ONE:
                continue
            if before == "area" and after.label == "name":
                continue
        kept.append(part)
    return placed(kept)


def placed(parts: list[Part]) -> list[Part]:
    """Say `is anna home` and `is anna at work`."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        if (
            part.text in PREPOSITIONS
            and label(parts, index + 1) == "state"
            and parts[index + 1].text in ALONE
        ):
            if parts[index + 1].text != "home":
                kept.append(Part("at"))
            continue
        kept.append(part)
    return kept
