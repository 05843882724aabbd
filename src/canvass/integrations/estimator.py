"""The committee for scikit-learn: a classifier on feature matrices, and the transformer that makes these from texts.

`make_pipeline(HashedNgrams(), CommitteeClassifier())` is canvass' own committee: the same features, members and
losses, trained to the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from canvass.corpus.normalise import keys
from canvass.errors import TrainingError
from canvass.features.extraction import compact, feature_matrix
from canvass.integrations.rows import column_of_texts
from canvass.models.committee import BITS, LARGEST_SEED, MEMBERS, Committee
from canvass.models.linear import Examples
from canvass.strategies import log_target, positive_votes

MOST_BITS = 26  # 64 million features
MOST_ENTRIES = (1 << 31) - 1  # what the kernels' 32-bit places can count
BINARY = 2


class FitError(TrainingError, ValueError):
    """The examples or the parameters cannot train a committee; scikit-learn's conventions ask for a ValueError."""


class HashedNgrams(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Turn texts into the hashed word n-grams that canvass' committee sees.

    Nothing is learnt: `fit` only checks, and `transform` may be called without it. Word unigrams, bigrams and trigrams
    of the lower-cased key of each text; each occurrence adds 1 / sqrt(n), n the number of occurrences in the text.

    Parameters
    ----------
    bits
        F = 2^bits hashed features, from 1 to 26.

    """

    def __init__(self, *, bits: int = BITS) -> None:
        self.bits = bits

    def fit(self, X: Sequence[str], y: object = None) -> Self:  # noqa: ARG002, N803 - scikit-learn's signature
        """Check the texts and the parameter; raises as `transform`."""
        self._column(X)
        return self

    def transform(self, X: Sequence[str]) -> Any:  # noqa: N803 - scikit-learn's name
        """Make the feature matrix of N texts: scipy CSR, float64 (N, F).

        Raises
        ------
        InputError
            If X is not a flat sequence of strings, or a string is not Unicode.
        FitError
            If there cannot be so many features.

        """
        return feature_matrix(keys(self._column(X)), bits=self.bits)

    def _column(self, texts: Sequence[str]) -> Any:
        if not 1 <= self.bits <= MOST_BITS:
            raise FitError(f"bits={self.bits} makes no sense; it must be from 1 to {MOST_BITS}")
        return column_of_texts(texts, "X")

    def __sklearn_is_fitted__(self) -> bool:
        """Say that `transform` can be called at any time."""
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


class CommitteeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Linear classifiers with three losses (logistic, hinge, squared) that vote, on any feature matrix.

    The committee of `canvass.Committee`, trained to the same weights on the same features and seed. With two classes
    the second one is the target; with more, there is a committee for each class against the rest.

    Parameters
    ----------
    alpha, epochs
        L2 penalty and passes of the logistic and the hinge member (averaged stochastic gradient descent).
    ridge
        L2 penalty of the squared member.
    random_state
        Of the order in which these two see the examples: a whole number is canvass' seed; None draws one from numpy's
        global generator, as everywhere in scikit-learn.

    Attributes
    ----------
    classes_
        The labels, ascending; C of them.
    used_features_
        int64 (R,): the features that an example had. All others have no weight.
    weights_
        float32 (R, K, M); K = 1 with two classes, and C with more; the members in the order of
        `canvass.models.committee.MEMBERS`.
    bias_
        float64 (K, M).
    n_features_in_, feature_names_in_
        As in scikit-learn.

    """

    def __init__(
        self, *, alpha: float = 3e-6, epochs: int = 30, ridge: float = 1.0, random_state: Any = 0
    ) -> None:
        self.alpha = alpha
        self.epochs = epochs
        self.ridge = ridge
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Train all members on features, dense or CSR (N, F), and labels (N,).

        Raises
        ------
        FitError
            If there are fewer than two classes, a parameter makes no sense, or a member's weights are not finite.
        ValueError
            If the arrays are not what scikit-learn accepts.

        """
        self._check_parameters()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)  # noqa: N806
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < BINARY:
            only = self.classes_.tolist()[0]
            raise FitError(
                f"a committee needs examples of two classes or more; y has only one class, {only!r}"
            )
        examples = examples_of_matrix(X)
        committee = Committee(
            bits=max(X.shape[1] - 1, 1).bit_length(),
            seed=seed_of(self.random_state),
            alpha=self.alpha,
            epochs=self.epochs,
            ridge=self.ridge,
        )
        targets = range(len(self.classes_)) if len(self.classes_) > BINARY else (1,)
        self.used_features_ = examples.used
        self.weights_ = np.zeros((len(examples.used), len(targets), len(MEMBERS)), dtype=np.float32)
        self.bias_ = np.zeros((len(targets), len(MEMBERS)))
        for k, target in enumerate(targets):
            try:
                members = committee.fit_examples(examples, numbers == target).members
            except TrainingError as error:
                raise FitError(str(error)) from None
            self.weights_[:, k] = members.rows[: len(examples.used), : len(MEMBERS)]
            self.bias_[k] = members.bias
        return self

    def member_scores(self, X: Any) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Score with each member: y_m, float64 (N, M), and with more than two classes (N, C, M)."""
        scores = self._scores(X)
        return scores[:, 0] if len(self.classes_) == BINARY else scores

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Weigh the votes, and by the summed scores where these are equal.

        With v the members that say yes less those that say no, and s the sum of their raw scores, it is
        v + s / (2 + 2 abs(s)): the sign is the majority's. float64 (N,), and with more than two classes (N, C).
        """
        scores = self._scores(X)
        total = scores.sum(axis=2)
        flat = scores.reshape(-1, len(MEMBERS))
        votes = 2.0 * positive_votes(flat).reshape(total.shape) - len(MEMBERS)
        decisions: NDArray[np.float64] = votes + total / (2.0 + 2.0 * np.abs(total))
        return decisions[:, 0] if len(self.classes_) == BINARY else decisions

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """Predict the label that most members vote for, (N,); a score of exactly 0 is a no."""
        decisions = self.decision_function(X)
        rows = decisions > 0 if len(self.classes_) == BINARY else decisions.argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[rows.astype(np.intp)]
        return predicted

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Give p_lg, the probability of the logistic member, float64 (N, C); rows sum to 1.

        It is the only member whose score is a log-odds. Where the two others outvote it, the likelier class is not
        the predicted one. With more than two classes, p_lg of each against the rest, made to sum to 1.
        """
        scores = self._scores(X)
        logistic = np.stack([log_target(scores[:, k]) for k in range(scores.shape[1])], axis=1)
        if len(self.classes_) == BINARY:
            target = np.exp(logistic[:, 0])
            return np.stack([1.0 - target, target], axis=1)
        shifted = np.exp(logistic - logistic.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
        return probabilities

    def _scores(self, features: Any) -> NDArray[np.float64]:
        """Score with each member of each committee: float64 (N, K, M)."""
        check_is_fitted(self)
        features = validate_data(self, features, reset=False, accept_sparse="csr", dtype=np.float64)
        weights = self.weights_.reshape(len(self.used_features_), -1).astype(np.float64)
        scores = np.asarray(features[:, self.used_features_] @ weights)
        decisions: NDArray[np.float64] = scores.reshape(-1, *self.bias_.shape) + self.bias_
        return decisions

    def _check_parameters(self) -> None:
        for name, makes_sense, expected in (
            ("alpha", self.alpha > 0, "more than 0"),
            ("epochs", self.epochs >= 1, "at least 1"),
            ("ridge", self.ridge > 0, "more than 0"),
        ):
            if not makes_sense:
                raise FitError(f"{name}={getattr(self, name)!r} makes no sense; it must be {expected}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def examples_of_matrix(matrix: Any) -> Examples:
    """Make training examples of a feature matrix, dense or CSR (N, F), which stays as it is."""
    from scipy.sparse import csr_matrix

    own = csr_matrix(matrix, dtype=np.float64, copy=True)
    if own.nnz > MOST_ENTRIES:
        raise FitError(
            f"X has {own.nnz:,} entries that are not zero, and a committee trains on at most {MOST_ENTRIES:,}; take a "
            "part of the rows"
        )
    own.sum_duplicates()
    own.eliminate_zeros()
    used = compact(own)
    return Examples(own.data, own.indices.astype(np.int32), own.indptr.astype(np.int32), used)


def seed_of(random_state: Any) -> int:
    """Make a seed of whatever scikit-learn takes for a `random_state`; a whole number is the seed."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(LARGEST_SEED))
