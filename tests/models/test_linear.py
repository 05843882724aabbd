"""The members' training against scikit-learn, which it follows step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from canvass.models.committee import LARGEST_SEED, seed_of_order
from canvass.models.linear import ridge, sgd, shuffle


@st.composite
def problems(draw):
    """A sparse matrix as the features give it, some rows empty, and labels of both signs."""
    rows, columns = draw(st.integers(2, 40)), draw(st.integers(1, 60))
    dice = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    dense = np.where(
        dice.random((rows, columns)) < draw(st.floats(0.02, 0.6)), dice.random((rows, columns)), 0.0
    )
    labels = np.where(dice.random(rows) < 0.5, 1.0, -1.0)
    labels[:2] = 1.0, -1.0
    return csr_matrix(dense), labels


def parts(matrix):
    return matrix.data, matrix.indices, matrix.indptr


@given(
    problems(),
    st.booleans(),
    st.sampled_from([3e-6, 1e-3, 10.0]),
    st.integers(0, 12),
    st.integers(0, 1 << 30),
)
def test_descent_is_that_of_scikit_learn(problem, hinge, alpha, epochs, seed):
    from sklearn.linear_model import SGDClassifier

    matrix, labels = problem
    weights = np.zeros(matrix.shape[1])
    bias = sgd(*parts(matrix), labels, hinge, alpha, epochs + 1, seed_of_order(seed), weights)
    twin = SGDClassifier(
        loss="hinge" if hinge else "log_loss",
        alpha=alpha,
        max_iter=epochs + 1,
        tol=None,
        average=True,
        random_state=seed,
    ).fit(matrix, labels)
    np.testing.assert_allclose(weights, twin.coef_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bias, twin.intercept_[0], rtol=1e-9, atol=1e-12)


@given(problems(), st.sampled_from([0.3, 1.0, 10.0]))
def test_regression_solves_its_equations(problem, penalty):
    """The twin is Gauss; the tolerance that of conjugate gradients."""
    matrix, labels = problem
    weights = np.zeros(matrix.shape[1])
    bias = ridge(*parts(matrix), labels, penalty, weights)
    dense = matrix.toarray()
    centred = dense - dense.mean(axis=0)
    exact = np.linalg.solve(
        centred.T @ centred + penalty * np.eye(len(weights)), centred.T @ (labels - labels.mean())
    )
    np.testing.assert_allclose(weights, exact, atol=2e-3)
    np.testing.assert_allclose(bias, labels.mean() - dense.mean(axis=0) @ weights, atol=1e-12)


@given(problems())
def test_regression_is_that_of_scikit_learn(problem):
    """Both systems, of rows and of columns, with equal steps: nearer than their tolerance."""
    from sklearn.linear_model import RidgeClassifier

    matrix, labels = problem
    weights = np.zeros(matrix.shape[1])
    bias = ridge(*parts(matrix), labels, 1.0, weights)
    twin = RidgeClassifier(alpha=1.0, solver="sparse_cg").fit(matrix, labels)
    np.testing.assert_allclose(weights, np.ravel(twin.coef_), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(bias, np.ravel(twin.intercept_)[0], rtol=1e-6, atol=1e-9)


@given(st.integers(1, 200), st.integers(1, LARGEST_SEED))
def test_shuffle(count, seed):
    order = np.arange(count, dtype=np.int32)
    shuffle(order, seed)
    expected, state = list(range(count)), seed
    for i in range(count - 1):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        j = i + (state & 0x7FFFFFFF) % (count - i)
        expected[i], expected[j] = expected[j], expected[i]
    assert order.tolist() == expected


def test_the_scale_of_the_weights_may_run_out():
    """A penalty so large that the running scale falls below its least value, also after the first step."""
    from sklearn.linear_model import SGDClassifier

    dice = np.random.default_rng(1)
    matrix = csr_matrix(dice.random((50, 8)))
    labels = np.where(matrix.toarray()[:, 0] > 0.5, 1.0, -1.0)
    weights = np.zeros(8)
    sgd(*parts(matrix), labels, True, 1e12, 3, seed_of_order(7), weights)
    twin = SGDClassifier(alpha=1e12, max_iter=3, tol=None, average=True, random_state=7).fit(matrix, labels)
    np.testing.assert_allclose(weights, twin.coef_[0], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("hinge", [True, False])
def test_examples_without_a_feature_train_the_constant_alone(hinge):
    nothing = np.zeros(0), np.zeros(0, np.int32), np.zeros(4, np.int32)
    weights = np.zeros(1)
    bias = sgd(*nothing, np.array([1.0, -1.0, -1.0]), hinge, 1e-3, 5, 3, weights)
    assert weights.tolist() == [0.0]
    assert -1.5 < bias < 0.0
    assert ridge(*nothing, np.array([1.0, -1.0, -1.0]), 1.0, weights) == pytest.approx(-1 / 3)
    assert weights.tolist() == [0.0]
