"""Many small random choices, cheaply: a call of numpy's generator costs microseconds."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Item = TypeVar("Item")

DRAWN_AT_ONCE = 1 << 15


class Dice:
    """Uniform draws of one generator, taken in blocks.

    Only `Generator.random` is used: its stream is the one that numpy has kept stable over its releases.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._draws: list[float] = []

    def uniform(self) -> float:
        """Draw from [0, 1)."""
        if not self._draws:
            self._draws = self._generator.random(DRAWN_AT_ONCE).tolist()
        return self._draws.pop()

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.uniform() < probability

    def below(self, stop: int) -> int:
        """Draw an integer of 0..stop-1."""
        return int(self.uniform() * stop)

    def pick(self, items: Sequence[Item]) -> Item:
        """Draw one item, each as likely as the others."""
        return items[int(self.uniform() * len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in a random order (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def zipf(self, exponent: float, most: int) -> int:
        """Draw 1..most by a power law: P(at least n) is n to the power of 1 - exponent."""
        return min(most, int((1.0 - self.uniform()) ** (-1.0 / (exponent - 1.0))))


class Weighted(Generic[Item]):
    """Items with weights, to be drawn by a `Dice`.

    >>> import numpy as np
    >>> drawn = Weighted([("often", 9.0), ("never", 0.0)])
    >>> drawn.pick(Dice(np.random.default_rng(0)))
    'often'
    """

    def __init__(self, pairs: Sequence[tuple[Item, float]]) -> None:
        self._items = [item for item, _ in pairs]
        self._borders = list(accumulate(weight for _, weight in pairs))

    def pick(self, dice: Dice) -> Item:
        """Draw one item in proportion to its weight."""
        return self._items[bisect_right(self._borders, dice.uniform() * self._borders[-1])]
