"""Annotation budgets, in utterances, tokens or slots: costs, schedules, and how much of a ranking is affordable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from canvass.corpus.spans import text_tokens
from canvass.errors import OptionError
from canvass.types import Utterance

Unit = Literal["utterances", "tokens", "slots"]
UNITS: tuple[Unit, ...] = get_args(Unit)


def cost(utterance: Utterance, unit: Unit) -> int:
    """Compute the cost of annotating an utterance, at least 1.

    In slots, the intent counts as one more slot, as in the slot error rate: an utterance without slots, or outside the
    target, also takes an annotator's time.

    >>> from canvass.types import Slot, Utterance
    >>> [cost(Utterance("play river", slots=(Slot(5, 10, "song"),)), unit) for unit in UNITS]
    [1, 2, 2]
    """
    if unit == "tokens":
        return max(1, count_tokens(utterance))
    return 1 if unit == "utterances" else 1 + len(utterance.slots or ())


def count_tokens(utterance: Utterance) -> int:
    """Count the tokens of an utterance (T)."""
    return len(text_tokens(utterance.text))


def count_affordable(ranked: Sequence[Utterance], unit: Unit, budget: int) -> int:
    """Count the utterances at the top of a ranking that a budget pays for; the last of them may exceed it."""
    spent = 0
    for number, utterance in enumerate(ranked):
        if spent >= budget:
            return number
        spent += cost(utterance, unit)
    return len(ranked)


def parse_schedule(words: str) -> tuple[int, ...]:
    """Parse batch sizes, one for all rounds (`20`) or one for each (`10,10,20,40`); raises OptionError.

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


def extend_schedule(schedule: Sequence[int], times: int) -> tuple[int, ...]:
    """Repeat the last batch until `times` the budget is spent; the last round gets the remainder.

    >>> extend_schedule([10, 10, 20], 3)
    (10, 10, 20, 20, 20, 20, 20)
    """
    extended = list(schedule)
    left = (times - 1) * sum(schedule)
    while left > 0:
        extended.append(min(schedule[-1], left))
        left -= extended[-1]
    return tuple(extended)
