import gzip
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pycrfsuite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of, keys
from canvass.corpus.spans import bio_tags, misaligned_slot, slots_of, text_tokens, tokens
from canvass.errors import TrainingError
from canvass.features import reference
from canvass.models.tagger import Tagger
from canvass.types import Slot
from crfsuite_file import read_weights
from examples import music
from texts import texts

SNIPS = Path(__file__).parents[3] / "shared" / "data" / "snips"


def snips(intent, count):
    found = []
    with gzip.open(SNIPS / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            slots = tuple(Slot(**slot) for slot in record["slots"])
            if record["intent"] == intent and misaligned_slot(record["text"], slots) is None:
                found.append((record["text"], slots))
    return found[:count]


class Peer:
    """CRFsuite's own training and decoding, on attributes of the readable reference, as strings."""

    def __init__(self, examples, folder, iterations):
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": 0.02, "c2": 0.01, "max_iterations": iterations})
        for text, slots in examples:
            trainer.append(self.items(text), bio_tags(text, slots))
        trainer.train(str(folder / "crf"))
        self.tagger = pycrfsuite.Tagger()
        self.tagger.open(str(folder / "crf"))

    @staticmethod
    def items(text):
        return [[str(attribute) for attribute in token] for token in reference.attributes(key_of(text))]

    def decode(self, text):
        """Best tags, log probability, and the marginals of all tags of each token."""
        self.tagger.set(self.items(text))
        tags = self.tagger.tag()
        marginals = [[self.tagger.marginal(tag, t) for tag in self.tagger.labels()] for t in range(len(tags))]
        return tags, math.log(self.tagger.probability(tags)), marginals


def assert_equal_decoding(tagger, peer, pool):
    for text, tagged in zip(pool, tagger.tag(pool), strict=True):
        tags, log_probability, marginals = peer.decode(text)
        spans = tokens(key_of(text))
        assert len(tags) == len(spans)
        assert tagged.log_probability == pytest.approx(log_probability, abs=1e-5)
        # Two paths may be equally good but for rounding, so that the tag may be another one than CRFsuite's.
        assert all(
            min(abs(one[2] - marginal) for marginal in token) < 1e-5
            for one, token in zip(tagged.certainty, marginals, strict=True)
        )


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    examples = [(one.text, one.slots) for one in music()[::3]]
    tagger = Tagger(iterations=30).fit(*zip(*examples, strict=True))
    return tagger, Peer(examples, tmp_path_factory.mktemp("crf"), 30)


def test_decoding_equals_crfsuite(pair):
    tagger, peer = pair
    pool = [one.text for one in music()[1::3]] + ["play 音楽 by U2!", "Put on Björk's river", "qqq"]
    assert_equal_decoding(tagger, peer, pool)


@given(st.lists(texts, min_size=1, max_size=4))
def test_decoding_of_any_text_equals_crfsuite(pair, pool):
    tagger, peer = pair
    assert_equal_decoding(tagger, peer, [text for text in pool if tokens(key_of(text))])


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not SNIPS.exists(), reason="the corpora of ../shared/data are not here")
def test_decoding_equals_crfsuite_on_real_requests(tmp_path):
    examples = snips("PlayMusic", 700)
    train, pool = examples[:400], [text for text, _ in examples[400:]]
    tagger = Tagger(iterations=40).fit(*zip(*train, strict=True))
    peer = Peer(train, tmp_path, 40)
    assert len(tagger.tags) >= 15
    assert_equal_decoding(tagger, peer, pool)
    # And the path itself, where it is not a matter of rounding.
    for text, tagged in zip(pool, tagger.tag(pool), strict=True):
        if min(one[2] for one in tagged.certainty) > 0.6:
            spans = text_tokens(text)
            assert tagged.slots == slots_of(peer.decode(text)[0], spans)


def test_weights_are_those_that_crfsuite_prints(tmp_path):
    examples = [(one.text, one.slots) for one in music()[:9]]
    Peer(examples, tmp_path, 10)
    weights = read_weights((tmp_path / "crf").read_bytes())
    printed = pycrfsuite.Tagger()
    printed.open(str(tmp_path / "crf"))
    info = printed.info()
    assert weights.labels == printed.labels()
    for (attribute, label), weight in info.state_features.items():
        row, column = weights.attributes.index(attribute), weights.labels.index(label)
        assert weights.state[row, column] == pytest.approx(weight, abs=1e-6)
    for (before, after), weight in info.transitions.items():
        row, column = weights.labels.index(before), weights.labels.index(after)
        assert weights.transitions[row, column] == pytest.approx(weight, abs=1e-6)
    assert np.count_nonzero(weights.state) == len(info.state_features)


def test_slots_are_found_with_offsets_into_the_text_as_written(pair):
    tagger, _ = pair
    text = "  play   river  by  Joni  Mitchell "
    assert [(text[s.start : s.end], s.label) for s in tagger.tag([text])[0].slots] == [
        ("river", "SongName"),
        ("Joni  Mitchell", "ArtistName"),
    ]


def test_confidence_equals_tagging(pair):
    tagger, _ = pair
    pool = ["play river", "", "put on so what by björk", "x" * 3000, "a b " * 500]
    confidence = tagger.confidence(keys(pa.array(pool)))
    assert confidence.log_probability.tolist() == [one.log_probability for one in tagger.tag(pool)]
    assert confidence.lengths.tolist() == [len(tokens(key_of(text))) for text in pool]


def test_training_twice_gives_the_same_bytes():
    examples = [(one.text, one.slots) for one in music()[:20]]
    one, other = (Tagger(iterations=20).fit(*zip(*examples, strict=True)) for _ in range(2))
    assert one.tags == other.tags
    for name, array in one.to_arrays().items():
        assert array.tobytes() == other.to_arrays()[name].tobytes()


def test_round_trip_of_the_arrays(pair):
    tagger, _ = pair
    back = Tagger.from_arrays(tagger.to_arrays(), tagger.tags)
    assert back.tag(["play river by u2"]) == tagger.tag(["play river by u2"])


def test_no_slot_at_all_means_certainty():
    tagger = Tagger().fit(["stop", "halt"], [(), ()])
    assert not tagger.knows_slots
    assert tagger.tag(["stop it"])[0].slots == ()
    assert tagger.tag(["stop it"])[0].log_probability == 0.0


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_examples_are_refused(count):
    with pytest.raises(TrainingError, match=f"at least 2 .* LABELLED has {count}"):
        Tagger().fit(["stop"][:count], [()][:count])


def test_tagging_before_training_is_refused():
    with pytest.raises(TrainingError, match="not trained"):
        Tagger().tag(["a"])
