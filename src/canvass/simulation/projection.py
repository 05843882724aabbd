"""The picture of the method: utterances in a plane, with the line of each member of the committee.

The first axis is y_lg, the score of the logistic member. The second is the coordinate along the main direction
orthogonal to w_lg: the first principal direction of the sample's features after w_lg was projected out of them.

A member's score is w_m . phi + b_m. In the plane it is taken for a y_lg + c v + k, with v the second coordinate and
whatever lies outside the plane replaced by its mean over the sample; the member's line is where that is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.features.columns import feature_matrix

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from canvass.models.committee import Committee

LARGEST_SAMPLE = 500
SMALLEST = 1e-12


class Plane(NamedTuple):
    """P utterances in the plane, and M lines.

    `points` float64 (P, 2): y_lg and v; `scores` float64 (P, M): what each member says of it, of which the plane
    shows a part; `lines` float64 (M, 3): a, c and k.
    """

    points: NDArray[np.float64]
    scores: NDArray[np.float64]
    lines: NDArray[np.float64]


def plane(committee: Committee, keys: pa.Array, sample: int) -> Plane:
    """Lay utterances into the plane; `keys` is a column, the first `sample` of which define the second axis.

    The sign of the second axis is such that the largest coordinate of the sample is positive.
    """
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    features = feature_matrix(keys, bits=committee.bits)
    weights = committee.table.astype(np.float64)
    with threadpool_limits(1):  # sums in one order
        products = np.asarray(features @ weights)
        scores = products + committee.bias
        norm = float(np.sqrt((weights[:, 0] ** 2).sum()))
        along = products[:, 0] / max(norm, SMALLEST)
        # The features of the sample without w_lg, centred, appear in products only: the Gram matrix is enough.
        gram = np.asarray((features @ features[:sample].T).todense()) - np.outer(along, along[:sample])
        centred = gram - gram[:sample].mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        values, vectors = eigh(centred[:sample], subset_by_index=[sample - 1, sample - 1])
        length = float(np.sqrt(max(values[-1], 0.0)))
        direction = np.zeros(sample) if length < SMALLEST else vectors[:, -1] / length
        second = centred @ direction
        if second[int(np.abs(second[:sample]).argmax())] < 0:
            direction, second = -direction, -second
        # The axis is the sum of the sample's centred features, weighted by `direction`.
        onto_first = (weights[:, 0] @ weights) / max(norm, SMALLEST)
        without_first = products[:sample] - np.outer(along[:sample], onto_first)
        onto_second = direction @ (without_first - without_first.mean(axis=0))
        a = onto_first / max(norm, SMALLEST)
        mean = scores[:sample].mean(axis=0)
        lines = np.column_stack([a, onto_second, mean - a * mean[0]])
    return Plane(np.column_stack([scores[:, 0], second]), scores, lines)
