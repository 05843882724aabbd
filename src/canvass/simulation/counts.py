"""Error counts of test utterances packed into a uint16 array for storage, and unpacked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.metrics import FrameErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ERROR_COLUMNS = ("substitutions", "insertions", "deletions", "hits", "intent_wrong")


def pack_errors(counts: Sequence[FrameErrors]) -> NDArray[np.uint16]:
    """Pack the error counts of N utterances into uint16 (N, 5) with the columns `ERROR_COLUMNS`.

    Reference slots are substitutions + deletions + hits; predicted slots are substitutions + insertions + hits.

    >>> pack_errors([FrameErrors(1, 0, 2, 3, reference_slots=6, predicted_slots=4, intent_wrong=True)]).tolist()
    [[1, 0, 2, 3, 1]]
    """
    rows = [
        (
            errors.substitutions,
            errors.insertions,
            errors.deletions,
            errors.correct_slots,
            errors.intent_wrong,
        )
        for errors in counts
    ]
    return np.array(rows, dtype=np.uint16).reshape(len(rows), len(ERROR_COLUMNS))


def unpack_errors(errors: NDArray[np.uint16]) -> list[FrameErrors]:
    """Unpack uint16 (N, 5) of `pack_errors` into counts for `metrics.score`."""
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
