"""Errors per test utterance as small integers, for a file, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.metrics import FrameErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ERROR_COLUMNS = ("substitutions", "insertions", "deletions", "hits", "intent_wrong")


def packed(counts: Sequence[FrameErrors]) -> NDArray[np.uint16]:
    """Pack counts: uint16 (N, 5), the columns named by `ERROR_COLUMNS`.

    Reference slots are substitutions + deletions + hits; predicted slots are substitutions + insertions + hits.

    >>> packed([FrameErrors(1, 0, 2, 3, reference_slots=6, predicted_slots=4, intent_wrong=True)]).tolist()
    [[1, 0, 2, 3, 1]]
    """
    rows = [
        (one.substitutions, one.insertions, one.deletions, one.correct_slots, one.intent_wrong)
        for one in counts
    ]
    return np.array(rows, dtype=np.uint16).reshape(len(rows), len(ERROR_COLUMNS))


def unpacked(errors: NDArray[np.uint16]) -> list[FrameErrors]:
    """Give the counts that `packed` took, for `metrics.score`."""
    return [
        FrameErrors(
            substitutions=substitutions,
            insertions=insertions,
            deletions=deletions,
            correct_slots=hits,
            reference_slots=substitutions + deletions + hits,
            predicted_slots=substitutions + insertions + hits,
            intent_wrong=bool(wrong),
        )
        for substitutions, insertions, deletions, hits, wrong in errors.tolist()
    ]
