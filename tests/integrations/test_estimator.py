"""The committee as scikit-learn's estimator: its own checks, and the same decisions as canvass' own."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array, csr_matrix, random_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from canvass.errors import InputError, TrainingError
from canvass.features.reference import features as features_of
from canvass.integrations.estimator import CommitteeClassifier, HashedNgrams, examples_of_matrix
from canvass.models.committee import MEMBERS, Committee
from canvass.seeding import generator
from canvass.strategies import majority
from examples import MUSIC, labelled_and_rest

LABELLED, REST = labelled_and_rest()
TEXTS, POOL = [one.text for one in LABELLED], [one.text for one in REST]
TARGET = [MUSIC.matches(one) for one in LABELLED]
CHECK = """
import json
from sklearn.utils.estimator_checks import check_estimator
from canvass import CommitteeClassifier
print(json.dumps({one["check_name"]: one["status"] for one in check_estimator(CommitteeClassifier())}))
"""


@pytest.mark.slow
def test_all_checks_of_scikit_learn_pass():
    """In a process of its own: the check of array interfaces runs only where SciPy's switch was set at import."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHECK],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert len(status) > 45
    assert set(status.values()) == {"passed"}


@pytest.mark.filterwarnings(f"ignore::{SkipTestWarning.__module__}.SkipTestWarning")
def test_the_checks_that_need_no_numbers_pass_for_the_transformer():
    """check_estimator leaves what takes strings alone after its first check, HashingVectorizer as well."""
    assert {one["status"] for one in estimator_checks.check_estimator(HashedNgrams())} == {"passed"}
    for name in (
        "do_not_raise_errors_in_init_or_set_params",
        "estimator_repr",
        "estimator_tags_renamed",
        "get_params_invariance",
        "mixin_order",
        "no_attributes_set_in_init",
        "parameters_default_constructible",
        "set_params",
        "valid_tag_types",
    ):
        getattr(estimator_checks, f"check_{name}")("HashedNgrams", HashedNgrams())


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("bits", [6, 18])
def test_a_pipeline_decides_as_the_committee_does(seed, bits):
    """Few bits, too, where n-grams share buckets and members are undecided."""
    own = Committee(seed=seed, bits=bits).fit(TEXTS, TARGET)
    pipeline = make_pipeline(HashedNgrams(bits=bits), CommitteeClassifier(random_state=seed)).fit(
        TEXTS, TARGET
    )
    table = np.zeros_like(own.table)
    table[pipeline[-1].used_features_] = pipeline[-1].weights_[:, 0]
    np.testing.assert_array_equal(table, own.table)
    np.testing.assert_array_equal(pipeline[-1].bias_[0], own.bias)
    scores = own.decision_function(POOL)
    assert 0 < majority(scores).sum() < len(POOL)
    np.testing.assert_array_equal(pipeline.predict(POOL), majority(scores))
    given = pipeline[:-1].transform(POOL)
    np.testing.assert_allclose(pipeline[-1].member_scores(given), scores, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pipeline.predict_proba(POOL)[:, 1], 1 / (1 + np.exp(-scores[:, 0])), rtol=1e-9)


def test_the_transformer_follows_the_specification():
    matrix = HashedNgrams(bits=9).fit_transform(["play  blue moon", "", "play play"])
    expected = np.zeros((3, 512))
    for row, key in enumerate(["play blue moon", "", "play play"]):
        for bucket, value in features_of(key, 9):
            expected[row, bucket] += value
    np.testing.assert_allclose(matrix.toarray(), expected)
    assert matrix.dtype == np.float64


def test_cross_validation_of_the_whole_pipeline():
    pipeline = make_pipeline(HashedNgrams(), CommitteeClassifier())
    intents = [one.intent for one in LABELLED]
    assert cross_val_score(pipeline, TEXTS, TARGET, cv=3).min() > 0.9
    assert cross_val_score(pipeline, TEXTS, intents, cv=2, scoring="accuracy").mean() > 0.6


def clusters(classes, seed=0):
    dice = generator(seed, "clusters")
    labels = np.arange(90) % classes
    return dice.normal(size=(90, 4)) + 2.0 * np.eye(4)[labels], labels


def test_each_of_more_classes_has_a_committee_against_the_rest():
    features, y = clusters(3)
    both = CommitteeClassifier(random_state=5).fit(features, y)
    scores = both.member_scores(features)
    assert scores.shape == (90, 3, len(MEMBERS))
    for k in range(3):
        alone = CommitteeClassifier(random_state=5).fit(features, y == k)
        np.testing.assert_allclose(scores[:, k], alone.member_scores(features))
        np.testing.assert_allclose(both.decision_function(features)[:, k], alone.decision_function(features))
    assert both.score(features, y) > 0.8
    odds = 1 / (1 + np.exp(-scores[:, :, 0]))
    np.testing.assert_allclose(both.predict_proba(features), odds / odds.sum(axis=1, keepdims=True))


class Scored(CommitteeClassifier):
    """A classifier with scores of the test's own."""

    def _scores(self, features):
        return features

    classes_ = np.array(["no", "yes"])


@given(
    arrays(np.float64, (7, 1, 3), elements=st.floats(-1e18, 1e18) | st.sampled_from([0.0, -0.0, 1.0, -1.0]))
)
def test_votes_decide_first_and_sums_after_them(scores):
    classifier = Scored()
    decisions = classifier.decision_function(scores)
    kept = majority(scores[:, 0])
    np.testing.assert_array_equal(decisions > 0, kept)
    np.testing.assert_array_equal(classifier.predict(scores) == "yes", kept)
    votes, sums = (scores[:, 0] > 0).sum(axis=1), scores[:, 0].sum(axis=1)
    for one in range(7):
        for other in range(7):
            if votes[one] > votes[other]:
                assert decisions[one] > decisions[other]
            elif votes[one] == votes[other] and sums[one] > sums[other]:
                assert decisions[one] >= decisions[other]


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_finite_however_far_a_score_is(classes):
    features, y = clusters(classes)
    probabilities = CommitteeClassifier().fit(features, y).predict_proba(features * 1e6)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_dense_and_sparse_are_the_same_and_stay_as_they_were():
    dense = random_array((40, 30), density=0.2, random_state=np.random.RandomState(1)).toarray()
    y = dense[:, :15].sum(axis=1) > dense[:, 15:].sum(axis=1)
    expected = CommitteeClassifier().fit(dense, y)
    # Each row from the right to the left, zeros written out, each entry in two halves; 64-bit places, and 32-bit.
    width = dense.shape[1]
    places = np.repeat(np.arange(width)[::-1], 2)
    starts = np.arange(len(dense) + 1) * 2 * width
    parts = (dense[:, places].ravel() / 2, np.tile(places, len(dense)), starts)
    wide = csr_array(parts, shape=dense.shape)
    narrow = csr_array((parts[0], *(part.astype(np.int32) for part in parts[1:])), shape=dense.shape)
    assert (wide.indices.dtype, narrow.indices.dtype) == (np.int64, np.int32)
    for matrix in (csr_matrix(dense), csr_array(dense), wide, narrow):
        before = [part.copy() for part in (matrix.data, matrix.indices, matrix.indptr)]
        for part, other in zip(examples_of_matrix(matrix), examples_of_matrix(dense), strict=True):
            np.testing.assert_array_equal(part, other)
        found = CommitteeClassifier().fit(matrix, y)
        np.testing.assert_array_equal(found.weights_, expected.weights_)
        np.testing.assert_allclose(found.member_scores(matrix), expected.member_scores(dense), rtol=1e-9)
        for part, old in zip((matrix.data, matrix.indices, matrix.indptr), before, strict=True):
            np.testing.assert_array_equal(part, old)


def test_clones_and_copies_are_the_same_classifier():
    features, y = clusters(2)
    first = CommitteeClassifier(alpha=1e-4, epochs=5, ridge=0.5, random_state=9).fit(features, y)
    again = clone(first).fit(features, y)
    np.testing.assert_array_equal(again.weights_, first.weights_)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(first)).predict(features), first.predict(features)
    )
    other = CommitteeClassifier(alpha=1e-4, epochs=5, ridge=0.5, random_state=np.random.RandomState(9)).fit(
        features, y
    )
    assert (other.weights_ != first.weights_).any()


def test_what_cannot_be_trained_is_one_sentence():
    features, y = clusters(2)
    for options, sentence in (
        ({"alpha": 0.0}, "alpha=0.0 makes no sense; it must be more than 0"),
        ({"epochs": 0}, "epochs=0 makes no sense; it must be at least 1"),
        ({"ridge": float("nan")}, "ridge=nan makes no sense"),
    ):
        with pytest.raises(ValueError, match=sentence):
            CommitteeClassifier(**options).fit(features, y)
    with pytest.raises(TrainingError, match="y has only one class, 'play'"):
        CommitteeClassifier().fit(features, ["play"] * len(y))
    with pytest.raises(TrainingError, match="weights are not finite"):
        CommitteeClassifier(alpha=1e-300).fit(features * 1e200, y)
    with pytest.raises(NotFittedError):
        CommitteeClassifier().member_scores(features)


def test_what_is_no_column_of_texts_is_one_sentence():
    for texts, sentence in (
        ("play river", "X is one string; expected a sequence of texts"),
        (["play", None], r"X\[1\] is of type NoneType; expected a string"),
        (["play", "\ud800"], r"X\[1\] is not Unicode"),
        (np.array([["play"]]), r"X\[0\] is of type ndarray"),
    ):
        with pytest.raises(InputError, match=sentence):
            HashedNgrams().fit(texts)
    with pytest.raises(ValueError, match="bits=27 makes no sense; it must be from 1 to 26"):
        HashedNgrams(bits=27).transform(["play"])
    assert HashedNgrams(bits=4).transform(np.array(["play", "stop"])).shape == (2, 16)


def test_more_entries_than_can_be_counted_are_refused(monkeypatch):
    monkeypatch.setattr("canvass.integrations.estimator.MOST_ENTRIES", 359)
    with pytest.raises(
        ValueError, match="X has 360 entries that are not zero, and a committee trains on at most 359"
    ):
        CommitteeClassifier().fit(*clusters(2))
