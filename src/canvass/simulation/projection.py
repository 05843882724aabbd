"""Projection of utterances to a plane, with the decision line of each member of the committee.

The first axis is y_lg, the score of the logistic member. The second axis v is the first principal component of the
sample's features after w_lg has been projected out of them.

A member's score w_m . phi + b_m is approximated in the plane by a y_lg + c v + k: the part outside the plane is
replaced by its mean over the sample. The member's line is where the approximation is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.features.extraction import feature_matrix
from canvass.models.committee import Committee

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_SAMPLE = 500
EPSILON = 1e-12


class Plane(NamedTuple):
    """P projected utterances, and the lines of M members.

    * `points`: float64 (P, 2): y_lg and v.
    * `scores`: float64 (P, M): the exact score of each member, which the plane only approximates.
    * `lines`: float64 (M, 3): a, c and k of the line a y_lg + c v + k = 0.
    """

    points: NDArray[np.float64]
    scores: NDArray[np.float64]
    lines: NDArray[np.float64]


def plane(committee: Committee, keys: pa.Array, sample: int) -> Plane:
    """Project keys to the plane; the first `sample` of the column define the second axis.

    The second axis has the sign that makes the sample's coordinate of largest magnitude positive.
    """
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    features = feature_matrix(keys, bits=committee.bits)
    weights = committee.table.astype(np.float64)
    with threadpool_limits(1):  # sums in one order
        products = np.asarray(features @ weights)
        scores = products + committee.bias
        norm = float(np.sqrt((weights[:, 0] ** 2).sum()))
        along = products[:, 0] / max(norm, EPSILON)
        # The sample's features without w_lg, centred, are needed only in products: the Gram matrix suffices.
        gram = np.asarray((features @ features[:sample].T).todense()) - np.outer(along, along[:sample])
        centred = gram - gram[:sample].mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        values, vectors = eigh(centred[:sample], subset_by_index=[sample - 1, sample - 1])
        length = float(np.sqrt(max(values[-1], 0.0)))
        direction = np.zeros(sample) if length < EPSILON else vectors[:, -1] / length
        second = centred @ direction
        if second[int(np.abs(second[:sample]).argmax())] < 0:
            direction, second = -direction, -second
        # The axis is the sum of the sample's centred features weighted by `direction`.
        onto_first = (weights[:, 0] @ weights) / max(norm, EPSILON)
        without_first = products[:sample] - np.outer(along[:sample], onto_first)
        onto_second = direction @ (without_first - without_first.mean(axis=0))
        a = onto_first / max(norm, EPSILON)
        mean = scores[:sample].mean(axis=0)
        lines = np.column_stack([a, onto_second, mean - a * mean[0]])
    return Plane(np.column_stack([scores[:, 0], second]), scores, lines)
