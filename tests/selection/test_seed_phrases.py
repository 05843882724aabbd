"""What phrases choose, against a naive twin; and the same batch in any order and after any journey."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.corpus.spans import lower_words
from canvass.errors import InputError, OptionError
from canvass.features.word_features import GRAINS, WordFeatures
from canvass.selection.engines import select, select_each
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.multi_target import Plans
from canvass.selection.seed_phrases import SeedPhrases, SeedPlan, lacking, trigrams
from canvass.selection.wire import plans_of_bytes, plans_to_bytes
from canvass.types import Target, Utterance
from texts import texts

REFUND = Target("intent", "Refund")
PHRASES = ("refund", "Money back")
POOL = [
    "I want a REFUND!", "a refund, please", "give me my money back", "money back now", "back to the money",
    "refunds take long", "can I be refunded", "play river", "will it rain", "more fun",
]  # fmt: skip


def plan_of(*phrases, size=6, alike=(), labelled=(), seed=0):
    seeds = SeedPhrases(phrases or PHRASES, alike)
    return SeedPlan.of_phrases(seeds, REFUND, 0, ExcludedKeys(labelled), size=size, seed=seed)


def chosen(plan, pool, **options):
    return [(one.text, one.why) for one in select(plan, Pool.of(map(Utterance, pool), **options)).candidates]


def naive(phrases, key):
    """Whether a key has the words of a phrase, and its distance, by sets and lists."""
    words = lower_words(key)
    wanted = [lower_words(phrase) for phrase in phrases]
    has = any(
        words[start : start + len(phrase)] == phrase for phrase in wanted for start in range(len(words))
    )
    grams = {gram for word in words for gram in trigrams(word)}
    shares = [
        len(whole & grams) / len(whole)
        for whole in ({gram for word in phrase for gram in trigrams(word)} for phrase in wanted)
    ]
    return has, 1.0 - max(shares)


def test_whole_words_come_first_and_then_what_is_near():
    batch = chosen(plan_of(size=7), POOL)
    assert {text for text, why in batch if why == "match"} == set(POOL[:4])
    # Words of a phrase in another order, then other forms of its words; what has little of its letters never.
    assert batch[4] == (POOL[4], "near")
    assert {text for text, _ in batch[5:]} == set(POOL[5:7])
    assert len(chosen(plan_of(size=20), POOL)) == 7


@settings(max_examples=20)
@given(st.lists(texts, min_size=1, max_size=8), st.lists(texts, min_size=1, max_size=4))
def test_phrases_find_what_the_naive_way_finds(keys, phrases):
    phrases = tuple(phrase for phrase in phrases if lower_words(phrase)) or ("refund",)
    keys = [key_of(text) for text in (*keys, *phrases, f"so {phrases[0]}, please")]
    phrases = tuple(map(key_of, phrases))
    seeds = SeedPhrases(phrases)
    expected = [naive(phrases, key) for key in keys]
    column = pa.array(keys, pa.string())
    assert seeds.has_words(column).tolist() == [has for has, _ in expected]
    assert seeds.distances(column).tolist() == [distance for _, distance in expected]


@pytest.mark.slow
@settings(max_examples=20)
@given(st.permutations(POOL), st.integers(1, 4))
def test_neither_order_nor_blocks_nor_a_journey_changes_the_batch(pool, rows):
    plan = plan_of(size=5, alike=(("river", "refund"),), seed=3)
    expected = chosen(plan, POOL)
    assert chosen(plan, pool, rows=rows) == expected
    back = plans_of_bytes(plans_to_bytes(Plans((plan,))))
    (batch,) = select_each(back, Pool.of(map(Utterance, pool)))
    assert [(one.text, one.why) for one in batch.candidates] == expected


def test_words_that_stand_in_the_same_places_count_for_one_another():
    words = ("refund", "reimbursement", "river")
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    clusters = np.zeros((3, len(GRAINS)), dtype=np.int32)
    features = WordFeatures(words, np.ones(3, dtype=np.int64), vectors, clusters, 9, "x")
    seeds = SeedPhrases.of(["refund"], REFUND, features)
    assert seeds.alike == (("reimbursement", "refund"),)
    column = pa.array(["where is my reimbursement", "river"])
    assert seeds.distances(column).tolist() == [0.0, 1.0]
    assert SeedPhrases.of(["refund"], REFUND).distances(column)[0] > 0.5


def test_near_copies_take_turns_and_what_is_labelled_stays_out():
    pool = [f"refund order {number}" for number in range(30)] + POOL
    texts_of_batch = [text for text, _ in chosen(plan_of("refund", size=4), pool)]
    assert sum("order" in text for text in texts_of_batch) == 2
    assert (POOL[0], "match") not in chosen(plan_of(labelled=[POOL[0]], size=9), POOL)


def test_the_batch_says_that_no_model_chose():
    batch = select(plan_of(size=6), Pool.of(map(Utterance, POOL)))
    assert {(one.strategy, one.prediction, len(one.members)) for one in batch.candidates} == {
        ("seed-phrases", None, 0)
    }
    (words,) = batch.warnings
    assert "4 of these 6 have the words of a phrase, 2 are near to one" in words


@pytest.mark.parametrize(
    ("phrases", "target", "kind", "words"),
    [
        ([], REFUND, InputError, "no phrase to begin with"),
        (["refund", "!?"], REFUND, InputError, "the phrase '!\\?' has no word"),
        (["refund"], Target("all"), OptionError, "with --target all there is no rest"),
    ],
)
def test_phrases_that_say_nothing_are_refused(phrases, target, kind, words):
    with pytest.raises(kind, match=words):
        SeedPhrases.of(phrases, target)


def test_phrases_that_nothing_is_near_to_are_refused():
    with pytest.raises(InputError, match="no request of the pool has the words of xylophone, or is near"):
        chosen(plan_of("xylophone"), POOL)
    with pytest.raises(InputError, match="2 already labelled"):
        chosen(plan_of(labelled=POOL[:2]), POOL[:2])


def test_models_take_over_once_there_are_five_of_each():
    ours = [Utterance(str(number), intent="Refund") for number in range(5)]
    others = [Utterance(f"o{number}", intent="Other") for number in range(5)]
    assert lacking([*ours, *others], REFUND) is None
    assert lacking([*ours[:4], *others], REFUND) == (4, 5)
    assert lacking(ours, REFUND) == (5, 0)
