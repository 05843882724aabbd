"""Labels as predicted, and what is lost."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from canvass.selection.predicted_labels import SURE, claim, label_classifier, likeliest_labels
from canvass.types import Utterance


@given(st.integers(0, 20), st.integers(2, 100), st.floats(0.1, 20.0), st.integers(0, 1000))
def test_a_label_is_claimed_where_its_probability_is_half_or_more(rows, labels, spread, seed):
    decisions = np.random.default_rng(seed).normal(scale=spread, size=(rows, labels))
    claimed, lost = np.empty(rows, np.int32), np.empty(rows, np.bool_)
    claim(decisions, claimed, lost)
    chances = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    clear = np.abs(chances.max(axis=1, initial=0.0) - SURE) > 1e-9
    assert np.array_equal(claimed, decisions.argmax(axis=1))
    assert np.array_equal(lost[clear], (chances.max(axis=1, initial=0.0) < SURE)[clear])


def test_ties_go_to_the_first_and_half_is_enough():
    claimed, lost = np.empty(2, np.int32), np.empty(2, np.bool_)
    claim(np.array([[1.0, 1.0, -800.0], [1.0, 1.0, 0.0]]), claimed, lost)
    assert (claimed.tolist(), lost.tolist()) == ([0, 0], [False, True])


def test_labels_are_those_of_the_classifier():
    labelled = [
        Utterance("play a song", intent="play"),
        Utterance("play jazz", intent="play"),
        Utterance("will it rain", intent="weather"),
        Utterance("rain tomorrow", domain="weather"),
    ]
    classifier = label_classifier(labelled)
    labels, lost = likeliest_labels(classifier, pa.array(["play jazz", "will it rain"]))
    assert (labels.tolist(), lost.tolist()) == ([0, 1], [False, False])
