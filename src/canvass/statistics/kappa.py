"""How far two annotators agree beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from canvass.errors import InputError

Labels = Sequence[Hashable] | NDArray[np.generic]


def cohens_kappa(a: Labels, b: Labels) -> float | None:
    """Compute (observed - expected agreement) / (1 - expected agreement) of two annotators of the same items.

    The expected agreement is that of two who draw their labels by chance, each as often as they really gave it (Cohen
    1960, "A coefficient of agreement for nominal scales"). 1: they always agree; 0: as by chance; below 0: less.

    * `a`, `b`: labels (N,) of any kind that can be compared and hashed; equal places are the same item.

    Returns None where chance alone would agree on everything and nothing can be told: without items, or if both gave
    one and the same label to all of them. Raises InputError if the lengths differ.

    >>> cohens_kappa(["Play", "Play", "Stop", "Stop"], ["Play", "Stop", "Stop", "Stop"])
    0.5
    """
    if len(a) != len(b):
        raise InputError(
            f"two annotators have {len(a)} and {len(b)} labels; expected one of each for every item: leave out the "
            "items that only one of them saw"
        )
    # In whole numbers, so that only the last division rounds: n^2 times each part.
    n = len(a)
    often_a, often_b = Counter(a), Counter(b)
    observed = n * sum(bool(one == other) for one, other in zip(a, b, strict=True))
    expected = sum(count * often_b[label] for label, count in often_a.items())
    return None if expected == n * n else (observed - expected) / (n * n - expected)
