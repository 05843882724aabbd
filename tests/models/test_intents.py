"""The intent classifier against scikit-learn's own probabilities."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from canvass.corpus.normalise import keys
from canvass.errors import TrainingError
from canvass.features.extraction import feature_matrix
from canvass.models import logistic
from canvass.models.intents import IntentClassifier, IntentEvidence, describe
from examples import music, others
from texts import texts

BITS = 12
NEW = [
    "play thriller now",
    "add it to my list",
    "",
    "?!",
    "qqqq",
    "WILL it RAIN in Łódź",
    "stop stop stop",
    "x " * 900,
]


def column(some):
    return keys(pa.array(some, type=pa.string()))


def examples(intents):
    both = [(one.text, one.intent) for one in music() + others() if one.intent in intents]
    return [text for text, _ in both], [intent for _, intent in both]


INTENTS = ["AddToPlaylist", "GetWeather", "PlayMusic", "SetTimer", "StopTimer"]


@pytest.fixture(scope="module", params=[2, 3, 5])
def pair(request):
    some, names = examples(INTENTS[: request.param])
    classifier = IntentClassifier(bits=BITS).fit(column(some), names)
    with threadpool_limits(1):
        peer = LogisticRegression(C=10.0, solver="newton-cg", tol=1e-13, max_iter=1000)
        peer.fit(feature_matrix(column(some), bits=BITS), names)
    return classifier, peer


def test_the_likeliest_and_its_probability_are_those_of_scikit_learn(pair):
    classifier, peer = pair
    pool = [one.text for one in music()[::5] + others()[::3]] + NEW
    found = classifier.predict(column(pool))
    probabilities = peer.predict_proba(feature_matrix(column(pool), bits=BITS))
    np.testing.assert_allclose(np.exp(found.log_probability), probabilities.max(axis=1), rtol=1e-9)
    assert classifier.names == peer.classes_.tolist()
    assert found.intents.tolist() == probabilities.argmax(axis=1).tolist()
    assert (found.intents.dtype, found.log_probability.dtype) == (np.int32, np.float64)


def test_the_likeliest_few_are_those_of_scikit_learn(pair):
    classifier, peer = pair
    pool = [one.text for one in music()[::5] + others()[::3]] + NEW
    numbers, chances = classifier.rank(column(pool), 3)
    assert numbers[:, 0].tolist() == classifier.predict(column(pool)).intents.tolist()
    probabilities = peer.predict_proba(feature_matrix(column(pool), bits=BITS))
    np.testing.assert_allclose(chances, -np.sort(-probabilities, axis=1)[:, :3], rtol=1e-8)
    np.testing.assert_allclose(np.take_along_axis(probabilities, numbers, axis=1), chances, rtol=1e-8)
    rest, of_rest = classifier.rank(column(pool), 9, skip=1)
    assert rest.shape == (len(pool), len(classifier.names) - 1)
    assert rest.min() == 1
    np.testing.assert_allclose(of_rest.sum(axis=1), 1.0)


@given(st.lists(texts, min_size=1, max_size=6))
def test_any_text_and_no_row_depends_on_the_others(pair, pool):
    classifier, peer = pair
    found = classifier.predict(column(pool))
    alone = [classifier.predict(column([text])) for text in pool]
    assert found.log_probability.tobytes() == b"".join(one.log_probability.tobytes() for one in alone)
    assert found.intents.tolist() == [one.intents[0] for one in alone]
    assert (found.log_probability <= 0.0).all()
    expected = peer.predict_proba(feature_matrix(column(pool), bits=BITS)).max(axis=1)
    np.testing.assert_allclose(np.exp(found.log_probability), expected, rtol=1e-9)


def test_a_long_column_and_a_slice_of_it_equal_one_by_one(pair):
    classifier, _ = pair
    pool = column([one.text for one in music() + others()] * 20 + NEW)
    found = classifier.predict(pool)
    assert classifier.predict(pool[37:]).log_probability.tobytes() == found.log_probability[37:].tobytes()
    for row in (0, 1, 500, len(pool) - 1):
        assert classifier.predict(pool[row : row + 1]).log_probability[0] == found.log_probability[row]


def test_one_intent_is_certain():
    classifier = IntentClassifier(bits=BITS).fit(column(["stop", "halt"]), ["Stop", "Stop"])
    found = classifier.predict(column(["play", "", "stop"]))
    assert found.intents.tolist() == [0, 0, 0]
    assert found.log_probability.tolist() == [0.0, 0.0, 0.0]
    assert classifier.names == ["Stop"]


def test_many_intents():
    some = [f"word{number} again" for number in range(150) for _ in range(2)]
    names = [f"Intent{number:03}" for number in range(150) for _ in range(2)]
    classifier = IntentClassifier(bits=BITS + 4).fit(column(some), names)
    found = classifier.predict(column(some[::2]))
    assert [classifier.names[number] for number in found.intents] == names[::2]
    assert (found.log_probability > math.log(1 / 150)).all()


@pytest.mark.parametrize(
    "names", [("a", "a\x00"), ("a\x00", "b"), ("", "x"), ("歌", "Ω", "a"), ("1", "10", "2")]
)
def test_names_of_any_letters(names):
    some = [f"{word} please" for word in ("stop", "play", "wait")[: len(names)] for _ in range(3)]
    labels = [name for name in names for _ in range(3)]
    classifier = IntentClassifier(bits=BITS).fit(column(some), labels)
    assert classifier.names == sorted(names)
    assert [classifier.names[number] for number in classifier.predict(column(some)).intents] == labels


def test_texts_without_a_word_leave_the_constants():
    classifier = IntentClassifier(bits=BITS).fit(column(["!", "?", "..."]), ["A", "A", "B"])
    found = classifier.predict(column(["", "play"]))
    assert [classifier.names[number] for number in found.intents] == ["A", "A"]
    np.testing.assert_allclose(np.exp(found.log_probability), 2 / 3, rtol=1e-3)


def test_no_text_at_all(pair):
    assert [len(array) for array in pair[0].predict(column([]))] == [0] * 5
    with pytest.raises(TrainingError, match="at least one utterance with an intent"):
        IntentClassifier().fit(column([]), [])
    with pytest.raises(TrainingError, match="not trained"):
        IntentClassifier().predict(column(["a"]))


def test_round_trip_and_training_twice(pair):
    classifier, _ = pair
    back = IntentClassifier.from_arrays(classifier.to_arrays(), classifier.names, bits=BITS)
    pool = column(NEW + [one.text for one in music()])
    assert back.predict(pool).log_probability.tobytes() == classifier.predict(pool).log_probability.tobytes()
    some, names = examples(classifier.names)
    again = IntentClassifier(bits=BITS).fit(column(some), names)
    assert back.examples.tolist() == [names.count(name) for name in classifier.names]
    for name, array in classifier.to_arrays().items():
        assert array.tobytes() == again.to_arrays()[name].tobytes()


def changed(arrays, name, change):
    return {**arrays, name: change(arrays[name])}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("intent_weights", lambda array: array[:-1]),
        ("intent_weights", lambda array: array[:, :-1]),
        ("intent_weights", lambda array: array.astype(np.float16)),
        ("intent_weights", lambda array: array * np.nan),
        ("intent_weights", lambda array: array + np.inf),
        ("intent_bias", lambda array: array[:-1]),
        ("intent_bias", lambda array: array[:, None]),
        ("intent_bias", lambda array: array * np.nan),
        ("intent_columns", lambda array: array - 1 - array.min()),
        ("intent_columns", lambda array: array + (1 << BITS)),
        ("intent_columns", lambda array: array.astype(np.int32)),
        ("intent_columns", lambda array: array[:, None]),
        ("intent_columns", lambda array: array[:-1]),
        ("intent_examples", lambda array: array[:-1]),
        ("intent_examples", lambda array: array - array.max()),
        ("intent_examples", lambda array: array.astype(np.float64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(pair, name, change):
    classifier, _ = pair
    with pytest.raises(ValueError, match="do not fit together"):
        IntentClassifier.from_arrays(
            changed(classifier.to_arrays(), name, change), classifier.names, bits=BITS
        )


@pytest.mark.parametrize("bits", [0, -1, 11, 27, 40, 10**9])
def test_a_number_of_features_that_does_not_fit_is_refused(pair, bits):
    classifier, _ = pair
    if bits == 11 and classifier.to_arrays()["intent_columns"].max() < 1 << 11:
        pytest.skip("this one fits")
    with pytest.raises(ValueError, match="do not fit together"):
        IntentClassifier.from_arrays(classifier.to_arrays(), classifier.names, bits=bits)


@pytest.mark.parametrize("change", [lambda names: names[::-1], lambda names: names[:-1], lambda names: [names[0]] * len(names), lambda names: [1] * len(names), lambda _: []])  # fmt: skip
def test_names_that_do_not_fit_are_refused(pair, change):
    classifier, _ = pair
    with pytest.raises(ValueError, match="do not fit together"):
        IntentClassifier.from_arrays(classifier.to_arrays(), change(classifier.names), bits=BITS)


@given(st.lists(texts, max_size=5))
def test_a_prediction_equals_the_softmax(some):
    utterances = [*music()[::5], *others()[::4]]
    classifier = IntentClassifier(bits=10).fit(
        keys(pa.array([one.text for one in utterances])), [one.intent for one in utterances]
    )
    column = keys(pa.array(["play river", *some], type=pa.string()))
    found = classifier.predict(column)
    decisions = classifier.decisions(column)
    chances = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    ordered = np.sort(chances, axis=1)[:, ::-1]
    np.testing.assert_allclose(found.margin, ordered[:, 0] - ordered[:, 1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.entropy, -(chances * np.log(chances)).sum(axis=1), rtol=1e-9)
    assert found.intents.tolist() == decisions.argmax(axis=1).tolist()
    np.testing.assert_allclose(found.log_probability, np.log(ordered[:, 0]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.log_first, np.log(chances[:, 0]), rtol=1e-9, atol=1e-12)
    # The same bits of a key alone.
    for values, alone in zip(found, classifier.predict(column[:1]), strict=True):
        assert values[:1].tobytes() == alone.tobytes()


def test_two_intents_that_are_as_likely_have_no_margin():
    decisions = np.array([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0]])
    found = IntentEvidence(np.zeros(2, dtype=np.int32), *np.zeros((4, 2)))
    describe(decisions, 0, np.empty((4, 3)), *found)
    assert found.intents.tolist() == [1, 0]
    assert found.margin.tolist() == [0.0, 0.0]
    assert found.entropy[1] == pytest.approx(math.log(3))


def test_tiles_change_no_bit_and_what_is_skipped_does_not_count(pair, monkeypatch):
    classifier, _ = pair
    pool = column([one.text for one in music()[::5]] + NEW)
    whole = classifier.predict(pool, skip=1)
    decisions = classifier.decisions(pool)[:, 1:]
    assert whole.intents.tolist() == (decisions.argmax(axis=1) + 1).tolist()
    chances = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    np.testing.assert_allclose(np.exp(whole.log_first), chances[:, 0] / chances.sum(axis=1), rtol=1e-9)
    monkeypatch.setattr("canvass.models.intents.TILE", 3)
    for values, tiled in zip(whole, classifier.predict(pool, skip=1), strict=True):
        assert values.tobytes() == tiled.tobytes()


def test_one_intent_has_all_the_margin():
    classifier = IntentClassifier(bits=10).fit(keys(pa.array(["play", "stop"])), ["PlayMusic", "PlayMusic"])
    found = classifier.predict(keys(pa.array(["play", "rain"])))
    assert [values.tolist() for values in found] == [[0, 0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_a_large_problem_is_solved_as_well_as_its_tolerance_says(pair, monkeypatch):
    classifier, peer = pair
    monkeypatch.setattr(logistic, "LARGE", 0)
    some, names = examples(classifier.names)
    large = IntentClassifier(bits=BITS).fit(column(some), names)
    assert large.to_arrays()["intent_weights"].dtype == np.float32
    pool = [one.text for one in music()[::5] + others()[::3]] + NEW
    expected = peer.predict_proba(feature_matrix(column(pool), bits=BITS)).max(axis=1)
    np.testing.assert_allclose(np.exp(large.predict(column(pool)).log_probability), expected, atol=0.02)
    again = IntentClassifier(bits=BITS).fit(column(some), names)
    assert again.to_arrays()["intent_weights"].tobytes() == large.to_arrays()["intent_weights"].tobytes()
    back = IntentClassifier.from_arrays(large.to_arrays(), large.names, bits=BITS)
    assert len(back.to_arrays()["intent_weights"]) < len(back.to_arrays()["intent_rows"])
    for change in (lambda array: array + 1, lambda array: array - 1, lambda array: array[1:]):
        with pytest.raises(ValueError, match="do not fit together"):
            IntentClassifier.from_arrays(
                changed(large.to_arrays(), "intent_rows", change), large.names, bits=BITS
            )
    found = large.predict(column(pool)).log_probability
    assert back.predict(column(pool)).log_probability.tobytes() == found.tobytes()
