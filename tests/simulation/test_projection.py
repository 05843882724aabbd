"""The projection against a dense decomposition."""

import numpy as np
import pyarrow as pa
import pytest

from canvass.features.extraction import feature_matrix
from canvass.models.committee import Committee
from canvass.simulation.record import plane
from examples import MUSIC, music, others

CORPUS = [*music(), *others()]
BITS = 12


@pytest.fixture(scope="module")
def committee():
    labelled = CORPUS[::2]
    return Committee(bits=BITS).fit(
        [utterance.text for utterance in labelled], list(map(MUSIC.matches, labelled))
    )


@pytest.mark.parametrize("sample", [8, 40, 54])
def test_the_plane_is_that_of_a_dense_decomposition(committee, sample):
    column = pa.array([utterance.text for utterance in CORPUS[1::2]])
    projected = plane(committee, column, sample)
    features = feature_matrix(column, bits=BITS).toarray()
    weights = committee.table.astype(np.float64)
    scores = features @ weights + committee.bias
    first = weights[:, 0] / np.linalg.norm(weights[:, 0])
    rest = features - np.outer(features @ first, first)
    centred = rest - rest[:sample].mean(axis=0)
    axis = np.linalg.svd(centred[:sample], full_matrices=False)[2][0]
    axis *= np.sign((centred @ axis)[np.abs(centred[:sample] @ axis).argmax()])
    assert np.allclose(projected.points[:, 0], scores[:, 0])
    assert np.allclose(projected.points[:, 1], centred @ axis, atol=1e-8)
    assert np.allclose(projected.scores, scores)
    assert np.allclose(projected.lines[:, 1], weights.T @ axis, atol=1e-8)
    # The logistic member's line is the zero of the first axis; the others are right in the mean of the sample.
    assert np.allclose(projected.lines[0], [1, 0, 0], atol=1e-8)
    shown = projected.points @ projected.lines[:, :2].T + projected.lines[:, 2]
    assert np.allclose(shown[:sample].mean(axis=0), scores[:sample].mean(axis=0))


def test_utterances_that_are_all_alike_have_no_second_direction(committee):
    projected = plane(committee, pa.array(["play river"] * 5), 5)
    assert np.isfinite(projected.lines).all()
    assert np.allclose(projected.points[:, 1], 0, atol=1e-6)
