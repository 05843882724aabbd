"""The transitions of a CRF as a sum over all tags, corrected for the pairs that have a weight.

A pair of tags without a weight scores 0, a factor of 1, and nearly all pairs are such: of (2 S + 1)^2 pairs of BIO
tags, a corpus shows a few times as many as there are tags. With m[i, j] the factor exp(weight) of a transition, a
step of the forward algorithm is

    sum_i alpha[i] m[i, j]  =  base[j] sum_i alpha[i]  +  sum over listed (i, j) of alpha[i] excess[i, j]

where base is 1 and excess is m - 1 for the pairs that have a weight: O(L + pairs) instead of O(L^2).

Where a weight is very negative, excess is nearly -1, and nearly all of alpha may stand on that one tag: then the sum
is taken off again, and its rounding, 2^-53 of it, remains beside exp(weight) of it. Therefore a tag j into which a
weight below LOWEST leads has base 0, and all of its L pairs are listed with their factors as they are. Nothing is
subtracted there, and elsewhere a step loses at most a factor of exp(-LOWEST) of the precision of float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.models.vectors import Floats

Tags = NDArray[np.int32]

LOWEST = -6.0  # exp(6) * 2^-53 = 4e-14
WIDEST = 300.0  # between the smallest and the largest weight; beyond, scaled sums may lose what matters later


class Transitions(NamedTuple):
    """R listed pairs: `sources`, `targets` int32 (R,), `excess` float64 (R,); `base` float64 (L,)."""

    sources: Tags
    targets: Tags
    excess: Floats
    base: Floats


def pack_matrix(scores: Floats) -> Transitions:
    """Pack transition scores, float64 (L, L) from tag to tag, of which those that are not 0 have a weight."""
    sources, targets = (tags.astype(np.int32) for tags in np.nonzero(scores))
    return pack_transitions(sources, targets, scores[sources, targets], len(scores))


def pack_transitions(sources: Tags, targets: Tags, weights: Floats, tag_count: int) -> Transitions:
    """List the pairs that have a weight, in their order, and after them those that LOWEST makes necessary.

    Takes int32 (R,), int32 (R,), float64 (R,) and L. `math` is called for each: the last bit of what numpy computes
    may depend on the processor.
    """
    base = np.ones(tag_count)
    base[targets[weights < LOWEST]] = 0.0
    excess = [
        math.expm1(weight) if corrected else math.exp(weight)
        for weight, corrected in zip(weights.tolist(), base[targets].tolist(), strict=True)
    ]
    if base.all():
        return Transitions(sources, targets, np.array(excess), base)
    unlisted = np.zeros((tag_count, tag_count), dtype=np.bool_)
    unlisted[:, base == 0.0] = True
    unlisted[sources, targets] = False
    others = np.nonzero(unlisted)
    return Transitions(
        np.concatenate([sources, others[0]]).astype(np.int32),
        np.concatenate([targets, others[1]]).astype(np.int32),
        np.concatenate([excess, np.ones(len(others[0]))]),
        base,
    )


def spread(weights: Floats) -> float:
    """Return the difference of the largest and the smallest weight, counting the 0 of pairs without one."""
    return float(weights.max(initial=0.0) - weights.min(initial=0.0))
