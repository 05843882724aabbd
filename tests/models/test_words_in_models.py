"""Word features in the tagger and the intent classifier: against sums of weights by the reference, and in files."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.archive import load, save
from canvass.corpus.normalise import key_of, keys
from canvass.corpus.spans import tokens
from canvass.errors import ModelFileError
from canvass.features import reference
from canvass.features.clusters import WordClusters
from canvass.features.extraction import word_hashes
from canvass.features.word_features import learn
from canvass.models.crf import plain_crf
from canvass.models.intents import VECTOR_WEIGHT, IntentClassifier, mean_vectors
from canvass.models.nlu import KIND, NLU, VERSION
from canvass.models.tagger import Tagger
from canvass.seeding import hash64
from canvass.types import Target
from texts import texts
from word_pools import NAMES, annotated, named_requests

POOL = named_requests(6000)
EXAMPLES = [annotated(text) for text in POOL[::25]]
OTHERS = [annotated(text) for text in POOL[7::9]]
any_keys = st.lists(st.one_of(texts.map(key_of), st.sampled_from(POOL)), max_size=5)


@pytest.fixture(scope="module")
def features():
    return learn(pa.array(POOL))


@pytest.fixture(scope="module")
def tagger(features):
    fresh = Tagger(iterations=30, words=WordClusters.of_features(features))
    return fresh.fit([one.text for one in EXAMPLES], [one.slots for one in EXAMPLES])


@pytest.fixture(scope="module")
def nlu(features):
    return NLU.train(EXAMPLES, Target("all", ""), words=features)


def errors(nlu):
    said = nlu.predict([one.text for one in OTHERS])
    return sum(one.slots != prediction.slots for one, prediction in zip(OTHERS, said, strict=True))


def by_the_book(tagger, features, key):
    """Sum the weights of all attributes of the reference; returns the scores of states and transitions."""
    clusters = {
        word: tuple(row) for word, row in zip(features.words, features.clusters.tolist(), strict=True)
    }
    arrays = tagger.to_arrays()
    rows = {attribute: row for row, attribute in enumerate(arrays["tagger_hashes"].tolist())}
    pairs = zip(reference.attributes(key), reference.cluster_attributes(key, clusters), strict=True)
    state = np.array(
        [
            tagger._state[[rows[name] for name in (*own, *more) if name in rows]].sum(axis=0)
            for own, more in pairs
        ]
    )
    return state, arrays["tagger_transitions"]


@given(any_keys)
def test_decoding_is_that_of_the_reference(tagger, features, some):
    some = [*(key for key in some if tokens(key)), "weather in xyzzy on Tuesday"]
    found = tagger.best_tags(pa.array(some))
    first = 0
    for key, log_probability in zip(some, found.log_probability.tolist(), strict=True):
        scores = by_the_book(tagger, features, key)
        solution = plain_crf.solve(*scores)
        assert log_probability == pytest.approx(solution.score - solution.log_partition, abs=1e-9)
        # Of paths that are equally good either may be found.
        path = found.tags[first : first + len(tokens(key))].tolist()
        assert plain_crf.path_score(*scores, path) == pytest.approx(solution.score, abs=1e-9)
        first += len(path)
    summed = tagger._by_sums(pa.array(some), None).log_probability
    assert found.log_probability.tolist() == pytest.approx(summed.tolist(), abs=1e-9)


@pytest.mark.slow
def test_clusters_have_weights_and_words_that_were_never_annotated_are_tagged(tagger, nlu):
    assert tagger._products is not None
    assert np.abs(tagger._clusters.weights).max() > 0.1
    plain = NLU.train(EXAMPLES, Target("all", ""))
    assert errors(nlu) < 0.7 * errors(plain)


@given(any_keys)
def test_intents_are_those_of_vectors_beside_ngrams(nlu, features, some):
    some = [*some, f"weather of {NAMES['artist'][3]}"]
    column = keys(pa.array(some))
    classifier = nlu.intents
    scores = np.array([reference.scores(key, *dense(classifier), classifier.bits) for key in some])
    starts, hashes = word_hashes(column)
    row_of = {hash64(word.encode()): row for row, word in enumerate(features.words)}
    for key in range(len(some)):
        words = hashes[starts[key] : starts[key + 1]].tolist()
        scale = 1 / np.sqrt(max(1, len(reference.ngrams(some[key]))))
        for word in words:
            if word in row_of:
                scores[key] += classifier._word_scores.weights[row_of[word]] * scale
    found = classifier.predict(column)
    largest = scores.max(axis=1)
    expected = largest - np.log(np.exp(scores - largest[:, None]).sum(axis=1)) - largest
    assert found.log_probability.tolist() == pytest.approx(expected.tolist(), abs=1e-9)


def dense(classifier):
    arrays = classifier.to_arrays()
    table = np.zeros((1 << classifier.bits, len(classifier.names)))
    table[arrays["intent_columns"]] = arrays["intent_weights"]
    return table, arrays["intent_bias"].tolist()


def test_mean_vectors_are_the_sums_of_those_of_the_words(features):
    some = ["play a song", "xyzzy", "", "Play play!"]
    expected = []
    for key in some:
        rows = [features.row_of(key[token.start : token.end]) for token in tokens(key) if token.is_word]
        total = sum(features.vectors[row] for row in rows if row is not None) if rows else 0
        expected.append(
            VECTOR_WEIGHT * total / np.sqrt(max(1, len(reference.ngrams(key))))
            + np.zeros(features.vectors.shape[1])
        )
    np.testing.assert_allclose(mean_vectors(pa.array(some), features).toarray(), expected, atol=1e-6)


def test_a_file_holds_what_the_models_need(nlu, tmp_path):
    path = tmp_path / "model.npz"
    nlu.save(path)
    again = NLU.load(path)
    some = [one.text for one in OTHERS] + ["xyzzy"]
    assert again.predict(some) == nlu.predict(some)
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("tagger_clusters"),
        lambda arrays: arrays.update(tagger_clusters=arrays["tagger_clusters"][:-1]),
        lambda arrays: arrays.update(tagger_words=arrays["tagger_words"][::-1]),
        lambda arrays: arrays.pop("intent_word_weights"),
        lambda arrays: arrays.update(intent_word_weights=arrays["intent_word_weights"][:, 1:]),
        lambda arrays: arrays.update(intent_word_weights=arrays["intent_word_weights"] * np.float32(np.inf)),
        lambda arrays: arrays.update(intent_word_hashes=arrays["intent_word_hashes"].astype(np.int64)),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence(nlu, tmp_path, change):
    path = tmp_path / "model.npz"
    nlu.save(path)
    header, arrays = load(path, KIND, VERSION)
    change(arrays)
    save(path, KIND, VERSION, header, arrays)
    with pytest.raises(ModelFileError, match=r"model\.npz is damaged"):
        NLU.load(path)


def test_the_same_labels_and_features_give_the_same_bytes(features, nlu, tmp_path):
    nlu.save(tmp_path / "one.npz")
    NLU.train(EXAMPLES, Target("all", ""), words=features).save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_one_intent_needs_no_words(features):
    classifier = IntentClassifier(words=features).fit(pa.array(["a", "b"]), ["one", "one"])
    assert "intent_word_hashes" not in classifier.to_arrays()
    assert classifier.predict(pa.array(["a"])).log_probability.tolist() == [0.0]
