"""Near copies take turns, and copies of what is labelled stay out."""

import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.models.nlu import NLU
from canvass.selection.engines import select
from canvass.selection.plan import Plan
from canvass.selection.variety import IN_TURN, folded, in_turns, thin
from canvass.types import ELSEWHERE, Target, Utterance
from examples import MUSIC, labelled_and_rest
from pools import taking_turns, trained
from texts import texts

KNOWN, REST = labelled_and_rest()
OTHERS = [one for one in REST if MUSIC.matches(one)]
NAMES = ["ana", "bo", "cy", "dee", "eva", "flo", "gus", "hal", "ida", "jo"]
TEMPLATES = {
    "values": [
        f"play the song number {n} by the band from {place}" for n in range(40) for place in ("rome", "oslo")
    ],
    "numbers": [f"play track {n} of album {m} again please" for n in range(12) for m in range(10)],
    "names": [f"put {name} and {other} on my running list now" for name in NAMES for other in NAMES],
}


@given(st.lists(texts.map(key_of).filter(bool), unique=True, max_size=40), st.integers(1, 30))
def test_thinning_is_that_of_the_slow_twin(keys, size):
    distinct = list({folded(key).casefold(): key for key in keys}.values())
    expected = taking_turns([(False, place, key) for place, key in enumerate(distinct)], set(), size)
    found = thin(distinct, size)
    assert [distinct[place] for place in found.places] == [one[2] for one in expected]
    assert len(found.places) == min(size, len(distinct))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_one_template_does_not_fill_a_batch(kind):
    variants = {*TEMPLATES[kind]}
    pool = Pool.of([*map(Utterance, sorted(variants)), *(Utterance(one.text) for one in OTHERS)])
    nlu = trained(MUSIC)
    chosen = {}
    for variety in (True, False):
        plan = Plan.of(nlu, [], strategy="majority-joint", size=12, variety=variety)
        chosen[variety] = select(plan, pool)
    counts = {
        variety: sum(one.text in variants for one in batch.candidates) for variety, batch in chosen.items()
    }
    assert counts[True] <= math.ceil(12 / 10) + 1 < counts[False]
    assert sum(chosen[False].passed_over) == 0
    scores = [one.score for one in chosen[True].candidates if one.why == "filter"]
    assert scores == sorted(scores)


def test_what_is_passed_over_is_told():
    keys = [f"play track {i} of album {i} again please" for i in range(9)] + ["stop it", "is it cold outside"]
    found = thin(keys, 4)
    assert found.places == [0, 1, 9, 10]
    assert found.passed_over == [7, 0, 0, 0]
    # Where there is nothing else, they come after all.
    assert thin(keys, 7).places == [0, 1, 2, 3, 4, 9, 10]
    assert thin(keys, 99).places == list(range(11))


NOWHERE = ["who are you", "tell me a joke", "are you a robot", "tell me who you are", "who is a robot"]


@pytest.fixture(scope="module")
def knows_intents():
    outside = [Utterance(text, domain=ELSEWHERE) for text in NOWHERE]
    return NLU.train([*KNOWN, *outside], Target("all"), iterations=5, bits=12)


@given(
    st.lists(
        st.one_of(texts.map(key_of), st.sampled_from([*NOWHERE, *(one.text for one in REST)])), max_size=40
    ),
    st.integers(1, 5),
)
def test_intents_take_turns_and_nothing_is_lost(knows_intents, keys, size):
    order = in_turns(keys, knows_intents, size)
    assert sorted(order) == list(range(len(keys)))
    best = keys[: IN_TURN * size]
    assert order[len(best) :] == list(range(len(best), len(keys)))
    names = knows_intents.intents.names
    fewest = dict(zip(names, knows_intents.intents.examples.tolist(), strict=True))
    intents = [prediction.intent for prediction in knows_intents.predict(best)]
    sure = knows_intents.confidence(pa.array(best, pa.string()))
    inside = sure.margin <= 1.0  # more has what is ranked last
    waiting = [place for place in range(len(best)) if inside[place]]
    for place in order[: len(waiting)]:
        assert place == min(waiting, key=lambda other: (fewest[intents[other]], other))
        fewest[intents[place]] += 1
        waiting.remove(place)


@pytest.mark.parametrize("intents", [["PlayMusic"], [None]])
def test_one_intent_or_none_leaves_the_ranking(intents):
    labelled = [replace(one, intent=intents[0]) for one in KNOWN if MUSIC.matches(one)]
    nlu = NLU.train(labelled, Target("all"), iterations=5, bits=10)
    keys = [one.text for one in REST]
    assert in_turns(keys, nlu, 3) == list(range(len(keys)))


SPELLINGS = ["{}!", '"{}"', "{} ?", "\u201c{}\u201d", "\u00bf {} ?", "- {}."]


@pytest.mark.parametrize("strategy", ["majority-joint", "random", "uncertainty"])
def test_copies_of_labelled_texts_are_not_chosen(strategy):
    nlu = trained(MUSIC)
    labelled = [one for one in KNOWN if MUSIC.matches(one)]
    copies = [form.format(one.text) for one in labelled for form in SPELLINGS]
    wide = [
        "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in one.text)
        for one in labelled
    ]
    shouted = [one.text.upper() for one in labelled]
    fresh = {one.text for one in OTHERS}
    pool = Pool.of(map(Utterance, [*copies, *wide, *shouted, *sorted(fresh)]))
    excluded = [key_of(one.text) for one in KNOWN]
    batch = select(Plan.of(nlu, excluded, strategy=strategy, size=len(fresh)), pool)
    assert {one.text for one in batch.candidates} == fresh
    # Of copies, those that differ in case come last, and the others never.
    batch = select(Plan.of(nlu, excluded, strategy=strategy, size=1000), pool)
    left = [one.text for one in batch.candidates if one.text not in fresh]
    assert left
    assert {*left} <= {*shouted}


def test_of_copies_in_the_pool_the_best_is_chosen():
    nlu = trained(MUSIC)
    pool = Pool.of(
        map(Utterance, ["play my tune", "play my tune!", "PLAY MY TUNE", "play  my tune", "stop my tune"])
    )
    batch = select(Plan.of(nlu, [], strategy="uncertainty", size=5), pool)
    assert len({folded(one.key).casefold() for one in batch.candidates}) == len(batch.candidates) == 2


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("play river", "play river!", True),
        ("play river", "\u2018play river\u2019", True),
        ("what's on", "what\u2019s on", True),
        ("play \uff52iver", "play river", True),
        ("play river", "Play river", False),
        ("c++", "c", False),
        ("play AC/DC", "play ACDC", False),
        ("-5 degrees", "5 degrees", False),
        ("!?", "?!", False),
        ("5%", "5", False),
        ("play it...", "play it\u2026", True),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940 !", True),
    ],
)
def test_folded_forms(one, other, equal):
    assert (folded(key_of(one)) == folded(key_of(other))) == equal
    assert folded(folded(one)) == folded(one)
