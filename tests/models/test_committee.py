import numpy as np
import pytest

from canvass.errors import TrainingError
from canvass.models.committee import MEMBERS, Committee, examples_of
from examples import MUSIC, labelled_and_rest


@pytest.fixture(scope="module")
def examples():
    labelled, rest = labelled_and_rest()
    return [one.text for one in labelled], [MUSIC.matches(one) for one in labelled], rest


@pytest.fixture(scope="module")
def committee(examples):
    return Committee(seed=3).fit(examples[0], examples[1])


def test_members_tell_the_target_from_the_rest(committee, examples):
    scores = committee.decision_function([one.text for one in examples[2]])
    truth = np.array([MUSIC.matches(one) for one in examples[2]])
    assert scores.shape == (len(truth), len(MEMBERS))
    assert ((scores > 0) == truth[:, None]).mean(axis=0).min() > 0.9


def test_scores_are_those_of_scikit_learn_itself(examples):
    """Training, the packed table and the fused kernel, against the estimators' own decision functions."""
    import pyarrow as pa
    from sklearn.linear_model import RidgeClassifier, SGDClassifier

    from canvass.corpus.normalise import keys
    from canvass.features.extraction import feature_matrix
    from canvass.seeding import derived_seed

    texts, labels, rest = examples
    committee = Committee(seed=3, bits=12)
    train = feature_matrix(keys(pa.array(texts)), bits=12)
    pool = [one.text for one in rest]
    matrix = feature_matrix(keys(pa.array(pool)), bits=12)
    fast = committee.fit(texts, labels).decision_function(pool)
    for m, member in enumerate(MEMBERS):
        learner = RidgeClassifier(solver="sparse_cg")
        if member != "squared":
            learner = SGDClassifier(
                loss="hinge" if member == "hinge" else "log_loss",
                alpha=committee.alpha,
                max_iter=committee.epochs,
                tol=None,
                average=True,
                random_state=derived_seed(3, f"committee/{member}"),
            )
        learner.fit(train, np.where(labels, 1, -1))
        np.testing.assert_allclose(fast[:, m], learner.decision_function(matrix), rtol=2e-4, atol=2e-5)


def test_examples_serve_many_committees(examples):
    import pyarrow as pa

    from canvass.corpus.normalise import keys

    texts, labels, _ = examples
    ready = examples_of(keys(pa.array(texts)), bits=12)
    kept = [array.tobytes() for array in ready]
    for target in (labels, [not label for label in labels], labels):
        one, other = Committee(bits=12).fit(texts, target), Committee(bits=12).fit_examples(ready, target)
        assert one.table.tobytes() == other.table.tobytes()
        assert one.bias.tobytes() == other.bias.tobytes()
    assert [array.tobytes() for array in ready] == kept


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"alpha": float("nan")}, {"ridge": float("nan")}])
def test_weights_that_are_not_finite_are_refused(examples, options):
    with pytest.raises(TrainingError, match="not finite; take a larger"):
        Committee(**options).fit(examples[0], examples[1])


def test_same_seed_same_bytes_and_other_seed_other_bytes(examples):
    one, same, other = (Committee(seed=seed).fit(examples[0], examples[1]) for seed in (5, 5, 6))
    assert one.table.tobytes() == same.table.tobytes()
    assert one.bias.tobytes() == same.bias.tobytes()
    assert one.table.tobytes() != other.table.tobytes()


def test_one_by_one_equals_all_at_once(committee, examples):
    texts = [one.text for one in examples[2]]
    together = committee.decision_function(texts)
    assert together.tolist() == [committee.decision_function([text])[0].tolist() for text in texts]


def test_a_text_without_words_or_known_words_scores_the_constant(committee):
    assert committee.decision_function(["", "?!", "qqqq wwww"])[0].tolist() == committee.bias.tolist()
    assert committee.decision_function([]).shape == (0, 3)


def test_round_trip_of_the_arrays(committee, examples):
    back = Committee.from_arrays(committee.to_arrays(), bits=committee.bits)
    assert back.table.tobytes() == committee.table.tobytes()
    assert back.bias.tobytes() == committee.bias.tobytes()


def test_one_class_is_refused():
    with pytest.raises(TrainingError, match="positive and one negative"):
        Committee().fit(["a", "b"], [True, True])


def test_scoring_before_training_is_refused():
    with pytest.raises(TrainingError, match="not trained"):
        Committee().decision_function(["a"])
