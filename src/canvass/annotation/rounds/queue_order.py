"""The order of the queue: what the strategy chose, with the random picks at their places between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Item = TypeVar("Item")
Name = TypeVar("Name", bound=str)


def order_queue(
    selected: Sequence[Item],
    strata: Mapping[Name, Sequence[Item]],
    *,
    shares: Mapping[Name, float],
    done: Mapping[Name, int],
    size: int,
) -> list[Item]:
    """Order at most `size` items: those of the strata as soon as they are due, those that were selected else.

    A stratum is due when it has had fewer than its share of all tasks so far, `done`, and of those ahead. So shares
    hold over the whole project, however often the queue is made anew and however little of it is used each time; a
    stratum that had nothing to give for a while catches up by one, not by all that it missed.

    >>> order_queue("abcdef", {"random": "XY"}, shares={"random": 0.25}, done={"selected": 2, "random": 0}, size=6)
    ['a', 'X', 'b', 'c', 'd', 'Y']
    """
    mixed: list[Item] = []
    rest = list(reversed(selected))
    waiting = {name: list(reversed(items)) for name, items in strata.items()}
    before = sum(done.values())
    # What a stratum may count as had: not so little that it would come twice in a row.
    had = {name: max(float(done.get(name, 0)), math.floor(before * shares[name] - 1e-9)) for name in strata}
    while len(mixed) < size and (rest or any(waiting.values())):
        due = [
            name
            for name in strata
            if waiting[name] and (before + len(mixed) + 1) * shares[name] - had[name] > 1 - 1e-9
        ]
        if due:
            had[due[0]] += 1
            mixed.append(waiting[due[0]].pop())
        elif rest:
            mixed.append(rest.pop())
        else:
            name = next(name for name in strata if waiting[name])
            had[name] += 1
            mixed.append(waiting[name].pop())
    return mixed
