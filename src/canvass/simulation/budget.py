"""Budgets: how much each round may spend, in utterances, tokens or slots, and how far a ranking goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from canvass.corpus.spans import text_tokens
from canvass.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Utterance

Unit = Literal["utterances", "tokens", "slots"]
UNITS: tuple[Unit, ...] = get_args(Unit)


def cost(utterance: Utterance, unit: Unit) -> int:
    """Say what it costs to annotate an utterance; at least 1.

    In slots, the intent counts as one more, as in the slot error rate: whoever finds that an utterance has no slot,
    or is not of the target, has worked, too.

    >>> from canvass.types import Slot, Utterance
    >>> [cost(Utterance("play river", slots=(Slot(5, 10, "song"),)), unit) for unit in UNITS]
    [1, 2, 2]
    """
    if unit == "tokens":
        return max(1, tokens_of(utterance))
    return 1 if unit == "utterances" else 1 + len(utterance.slots or ())


def tokens_of(utterance: Utterance) -> int:
    """Count the tokens of an utterance: T."""
    return len(text_tokens(utterance.text)[1])


def affordable(ranked: Sequence[Utterance], unit: Unit, budget: int) -> int:
    """Count how many of the first of a ranking are taken until a budget is spent; the last one may exceed it."""
    spent = 0
    for number, utterance in enumerate(ranked):
        if spent >= budget:
            return number
        spent += cost(utterance, unit)
    return len(ranked)


def parse_schedule(words: str) -> tuple[int, ...]:
    """Read `20` or `10,10,20,40`; raises OptionError for anything else.

    >>> parse_schedule("10,10,20,40")
    (10, 10, 20, 40)
    """
    try:
        schedule = tuple(int(word) for word in words.split(","))
    except ValueError:
        schedule = ()
    if not schedule or min(schedule) < 1:
        raise OptionError(
            f"--batch {words!r} makes no sense; write a whole number of at least 1, or one for each round, such as "
            "10,10,20,40"
        )
    return schedule


def prolonged(schedule: Sequence[int], times: int) -> tuple[int, ...]:
    """Go on with the last batch until `times` the budget is spent; the last round gets what is left.

    >>> prolonged([10, 10, 20], 3)
    (10, 10, 20, 20, 20, 20, 20)
    """
    found = list(schedule)
    left = (times - 1) * sum(schedule)
    while left > 0:
        found.append(min(schedule[-1], left))
        left -= found[-1]
    return tuple(found)
