"""Groups of alike requests."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.errors import TrainingError
from canvass.features.extraction import score_column
from canvass.selection.clustering import Groups, nearest, scaled
from word_pools import requests


@given(st.integers(0, 30), st.integers(1, 9), st.integers(1, 6), st.integers(0, 1000))
def test_nearest_centres_are_those_of_a_product_of_matrices(rows, groups, dimensions, seed):
    draw = np.random.default_rng(seed)
    points = draw.normal(size=(rows, dimensions))
    points[:1] = 0.0
    centres = scaled(draw.normal(size=(groups, dimensions))).astype(np.float32)
    numbers, cosines = np.empty(rows, np.int32), np.empty(rows)
    nearest(points, np.ascontiguousarray(centres.T), numbers, cosines)
    expected = scaled(points) @ centres.T.astype(np.float64)
    assert np.allclose(cosines, expected.max(axis=1), atol=1e-5)
    assert np.allclose(expected[np.arange(rows), numbers], expected.max(axis=1), atol=1e-5)


def test_groups_tell_frames_apart_where_labels_do_not():
    texts = sorted(set(requests(700)))
    groups = Groups.learn(pa.array(texts), pa.array(texts[:50]), [text.split()[0] for text in texts[:50]])
    numbers, cosines = groups.assign(pa.array(texts))
    frame = np.array(["weather" in text for text in texts])
    mixed = sum(min(frame[numbers == n].sum(), (~frame[numbers == n]).sum()) for n in set(numbers.tolist()))
    assert mixed == 0
    assert (cosines > 0.3).mean() > 0.9
    alone, _ = groups.assign(pa.array(texts[7:8]))
    assert alone[0] == numbers[7]
    # A core holds what is as near as asked, and nothing else; what is in none has the number after the last.
    of_first = cosines[numbers == numbers[0]]
    core = groups.cores([numbers[0]], [np.median(of_first)])
    in_core, nearness = core.assign(pa.array(texts))
    assert set(in_core.tolist()) == {0, 1}
    assert ((nearness >= np.median(of_first)) == (in_core == 0)).all()
    assert (in_core[numbers == numbers[0]] == 0).sum() >= len(of_first) / 2


def test_a_projection_finds_the_same_groups():
    texts = sorted(set(requests(700)))
    column = pa.array([*texts, "quite unknown words", ""])
    groups = Groups.learn(pa.array(texts), pa.array(texts[:50]), [text.split()[0] for text in texts[:50]])
    numbers, cosines = groups.assign(column)
    for chosen in ([], [3], [0, 5, 9, 20], range(40)):
        least = [np.median(cosines[numbers == group]) for group in chosen]
        core = groups.cores(chosen, least)
        expected = core.assign(column)[0]
        assert np.array_equal(core.find(column), expected)
        if len(chosen) == 4:  # cosines do not fall, and most requests are told by them
            points = score_column(column, core.projection.table).scores
            best, bounds = np.empty(len(column), np.int32), np.empty(len(column))
            nearest(points, core.projection.centres, best, bounds)
            inside = bounds > 0
            assert (bounds >= core.assign(column)[1] - 1e-5)[inside].all()
            assert (expected < 4).sum() <= (bounds >= min(least) - 1e-3).sum() < len(column) / 2
    low = groups.cores([0, 5], [-1.0, 0.9])  # all are near to what asks for nothing
    assert np.array_equal(low.find(column), low.assign(column)[0])


def test_too_few_requests_are_refused():
    column = pa.array([f"request {n}" for n in range(49)])
    with pytest.raises(TrainingError, match="POOL has 49 different requests"):
        Groups.learn(column, column[:2], ["a", "b"])
    column = pa.array([f"word{n}" for n in range(200)])
    with pytest.raises(TrainingError, match="no two requests of POOL have a word in common"):
        Groups.learn(column, column[:2], ["a", "b"])
