"""The embedded corpus: the same for everyone, distinct, exactly annotated, and split as promised."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus import demo_corpus
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import misaligned_slot
from canvass.corpus.templates import Draws, Grammar, Habits, Part, join, misspell, parse, shout
from canvass.errors import OptionError, TargetError
from canvass.seeding import generator
from canvass.types import Target

DIGEST_OF_A_PROCESS = """
import hashlib
from canvass.corpus import demo_corpus
print(hashlib.sha256(repr(demo_corpus.generate(3, 2500)).encode()).hexdigest())
"""
LABELS = {
    "area", "brightness", "color", "conversation_command", "device_class", "fan_mode", "floor", "hours", "item",
    "media_class", "message", "minutes", "name", "percentage", "position", "search_query", "seconds",
    "start_hours", "start_minutes", "start_seconds", "state", "temperature", "volume_level", "volume_step",
}  # fmt: skip


@pytest.fixture(scope="session")
def corpus():
    return demo_corpus.generate()


@pytest.fixture(scope="session", params=[2000, pytest.param(None, marks=pytest.mark.slow)])
def beginning(request):
    """What is made first, which takes a moment; in the slow suite the whole, too."""
    if request.param is None:
        return request.getfixturevalue("corpus")
    return demo_corpus.generate(0, request.param)


@pytest.fixture
def draws():
    return Draws(generator(1, "test-demo"))


@pytest.fixture
def corpus_given(corpus, monkeypatch):
    """Split the corpus that was generated once, instead of generating it for each target."""
    asked = []

    def given_corpus(seed):
        asked.append(seed)
        return list(corpus)

    monkeypatch.setattr(demo_corpus, "generate", given_corpus)
    return asked


def texts(utterances, label, domain=None):
    return {
        utterance.text[slot.start : slot.end].lower()
        for utterance in utterances
        if domain in (None, utterance.domain)
        for slot in utterance.slots
        if slot.label == label
    }


# The whole


@pytest.mark.slow
def test_same_list_whatever_the_hash_seed():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST_OF_A_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    here = hashlib.sha256(repr(demo_corpus.generate(3, 2500)).encode()).hexdigest()
    assert digests == {here}


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(beginning):
    assert demo_corpus.generate(0, 300) == beginning[:300]


def test_another_seed_gives_another_corpus(beginning):
    other = demo_corpus.generate(1, 1000)
    shared = {utterance.text for utterance in beginning[:1000]} & {utterance.text for utterance in other}
    assert len(shared) < 100


@pytest.mark.slow
def test_distinct_by_key(corpus):
    assert len(corpus) == demo_corpus.SIZE >= 20_000
    assert len({key_of(utterance.text) for utterance in corpus}) == len(corpus)
    assert all(utterance.text == key_of(utterance.text) for utterance in corpus)
    assert [utterance.id for utterance in corpus] == [f"demo-{n:06d}" for n in range(1, len(corpus) + 1)]


@pytest.mark.slow
def test_domains_have_their_shares(corpus):
    counts = Counter(utterance.domain for utterance in corpus)
    shares = {domain: entry["share"] for domain, entry in demo_corpus.load("requests").items()}
    assert len(counts) == 18
    assert counts.keys() == shares.keys()
    for domain, share in shares.items():
        assert counts[domain] / len(corpus) == pytest.approx(share, rel=0.2, abs=0.003), domain


@pytest.mark.slow
def test_every_intent_is_asked_for_and_belongs_to_one_domain(corpus):
    pairs = {(utterance.domain, utterance.intent) for utterance in corpus}
    intents = demo_corpus.load_intents()
    assert pairs == {(intent.domain, intent.name) for intent in intents}
    assert len(pairs) == len({name for _, name in pairs}) == len(intents) >= 70


@pytest.mark.slow
def test_labels(corpus):
    assert {slot.label for utterance in corpus for slot in utterance.slots} == LABELS


@pytest.mark.slow
def test_timers_are_skewed(corpus):
    intents = Counter(utterance.intent for utterance in corpus if utterance.domain == "timers")
    assert len(intents) == 8
    assert intents["StartTimer"] > 10 * intents["CancelAllTimers"]
    assert min(intents.values()) >= 20
    labels = {slot.label for utterance in corpus if utterance.domain == "timers" for slot in utterance.slots}
    assert labels >= {"hours", "minutes", "seconds", "start_minutes", "name", "area", "conversation_command"}


@pytest.mark.slow
def test_counts_follow_a_power_law(corpus):
    counts = np.array([utterance.count for utterance in corpus])
    assert counts.min() == 1
    assert 0.5 < np.mean(counts == 1) < 0.8
    assert 10 < np.sum(counts >= 100) < 500


def test_about_half_of_the_requests_are_altered(draws):
    grammar, habits = Grammar(demo_corpus.load("values")), Habits(demo_corpus.load("speech"))
    altered = total = 0
    for intent in demo_corpus.load_intents():
        for sentence in intent.sentences:
            parts = grammar.expand(sentence, draws)
            altered += habits.apply(parts, draws) != parts
            total += 1
    assert 0.4 < altered / total < 0.6


# The data files


def test_every_rule_is_known_and_used():
    values = demo_corpus.load("values")
    sentences = [
        sentence
        for entry in demo_corpus.load("requests").values()
        for intent in entry["intents"].values()
        for sentence in intent["sentences"]
    ]
    bodies = [body for body in values.values() if isinstance(body, str)]
    names = re.findall(r"<([^<>]+)>|\{([^{}:]+)", " ".join(sentences + bodies))
    assert {rule or value for rule, value in names} | {"number in words"} == values.keys()


def test_brackets_are_closed():
    for name, body in demo_corpus.load("values").items():
        if isinstance(body, str):
            parse(body)
            assert "" not in [alternative.strip() for alternative in body.split("|")] or name in {
                "the", "percent", "degree",
            }, name  # fmt: skip


def test_every_sentence_can_be_said(draws):
    grammar = Grammar(demo_corpus.load("values"))
    for intent in demo_corpus.load_intents():
        for sentence in intent.sentences:
            assert join(grammar.expand(sentence, draws))[0], (intent.name, sentence)


# Slots


def test_spans_are_exact(beginning):
    for utterance in beginning:
        end = 0
        for slot in utterance.slots:
            assert end <= slot.start < slot.end <= len(utterance.text), utterance
            assert utterance.text[slot.start : slot.end].strip() == utterance.text[slot.start : slot.end]
            end = slot.end
        assert misaligned_slot(utterance.text, utterance.slots) is None, utterance


def test_numbers_are_numbers(beginning):
    words = {phrase.strip() for phrase in demo_corpus.load("values")["number in words"].split("|")} | {
        "half",
        "1/2",
    }
    for label in ("hours", "minutes", "seconds", "start_hours", "start_minutes", "start_seconds"):
        values = texts(beginning, label, "timers")
        assert {text for text in values if not text.isdigit()} <= words
        assert all(1 <= int(text) <= 100 for text in values if text.isdigit())


@pytest.mark.slow
def test_closed_lists_are_closed(corpus):
    colors = {"white", "red", "orange", "yellow", "green", "blue", "purple", "brown", "pink", "turquoise"}
    assert texts(corpus, "color") == colors
    assert texts(corpus, "volume_step") >= {"up", "down"}
    people = set(demo_corpus.load("values")["person"].replace(" |", "|").replace("| ", "|").split("|"))
    assert texts(corpus, "name", "people") <= people


@pytest.mark.slow
def test_open_slots_are_diverse(corpus):
    assert len(texts(corpus, "name", "timers")) > 200
    assert len(texts(corpus, "search_query")) > 1000
    assert len(texts(corpus, "item")) > 600
    assert len(texts(corpus, "message")) > 500
    assert len(texts(corpus, "conversation_command")) > 100


PLAIN = st.text("abcdeghilmnoprst", min_size=1, max_size=6) | st.sampled_from(
    ["the", "of", "what's", "is", "in"]
)
PARTS = st.builds(
    lambda first, rest: [first, *rest],
    st.builds(Part, PLAIN, st.sampled_from([None, "name"])),
    st.lists(
        st.builds(Part, PLAIN, st.none())
        | st.builds(
            Part,
            st.lists(PLAIN | st.just("5"), min_size=1, max_size=3).map(" ".join),
            st.sampled_from(["name", "floor"]),
        )
        | st.builds(Part, st.sampled_from(["-minute", "%", "°"]), st.none()),
        max_size=8,
    ),
)


@given(PARTS, st.integers(0, 2**32))
def test_habits_leave_slots_alone(parts, seed):
    """Together, and one by one: some are rare."""
    draws = Draws(generator(seed, "test-habits"))
    habits = Habits(demo_corpus.load("speech"))
    slots = [part for part in parts if part.label]
    loose = habits.apply(parts, draws)
    assert [part.label for part in loose if part.label] == [part.label for part in slots]
    for habit in (habits.drop, habits.hesitate, habits.repeat, habits.shorten, misspell):
        assert [part for part in habit(parts, draws) if part.label] == slots, habit.__name__
    for words in (loose, shout(parts, draws)):
        text, spans = join(words)
        assert [text[span.start : span.end].lower() for span in spans] == [slot.text for slot in slots]
        assert text == key_of(text)
        assert misaligned_slot(text, spans) is None


# The notation


def said(sentence, draws, **rules):
    return join(Grammar(rules).expand(parse(sentence), draws))


def test_values_become_slots_under_their_labels(draws):
    rules = {"minutes": [1, 2], "number in words": "zero|one|two"}
    text, slots = said("wait {minutes:start_minutes} minute[s]", draws, **rules)
    assert [slot.label for slot in slots] == ["start_minutes"]
    assert text[slots[0].start : slots[0].end] in {"1", "2", "one", "two"}


def test_rules_alternatives_and_options_are_all_said(draws):
    seen = {
        said("(one|the <color>) [three|four]", draws, color="red|{blue}", blue="dark  blue ")[0]
        for _ in range(400)
    }
    heads = ("one", "the red", "the dark blue")
    assert seen == {" ".join([head, *tail]) for head in heads for tail in ((), ("three",), ("four",))}


def test_an_option_is_said_half_of_the_time(draws):
    assert 400 < sum(said("go [on|away|home]", draws)[0] != "go" for _ in range(1000)) < 600


def test_an_empty_value_makes_no_slot(draws):
    assert said("buy {thing} now", draws, thing=" ") == ("buy now", ())


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("set a {eight} -minute timer", "set an 8-minute timer"),
        ("set an {one} minute timer", "set a one minute timer"),
        ("wait half a hour", "wait half an hour"),
        ("clean my {owned}", "clean anna's room"),
        ("dim to {eight} %", "dim to 8%"),
    ],
)
def test_words_agree(sentence, expected, draws):
    assert said(sentence, draws, eight="8", one="one", owned="anna's room")[0] == expected


def test_an_unclosed_bracket_is_refused():
    with pytest.raises(ValueError, match="unpack"):
        parse("turn (on|off the light")


def test_weights_are_kept(draws):
    drawn = Counter(draws.pick("axb", [3.0, 3.0, 4.0]) for _ in range(4000))
    assert drawn.keys() == {"a", "b"}
    assert 0.7 < drawn["a"] / 4000 < 0.8


# Splits


@pytest.mark.slow
def test_split_is_disjoint_and_of_the_promised_sizes(corpus_given):
    split = demo_corpus.split(5)
    assert corpus_given == [5]
    target = Target("domain", "timers")
    sizes = [(len(part), sum(map(target.matches, part))) for part in (split.labelled, split.pool, split.test)]
    assert sizes[0] == (1560, 60)
    assert sizes[2] == (2100, 600)
    rows, wanted = sizes[1]
    assert wanted >= 4 * 3 * 30
    assert 0.03 <= wanted / rows <= 0.06
    assert rows > 15_000
    keys = [key_of(utterance.text) for part in (split.labelled, split.pool, split.test) for utterance in part]
    assert len(keys) == len(set(keys))
    assert all(utterance.intent and utterance.slots is not None for utterance in split.pool)


@pytest.mark.slow
def test_split_mixes_target_and_others(corpus_given):
    labelled = demo_corpus.split().labelled
    positions = [index for index, utterance in enumerate(labelled) if utterance.domain == "timers"]
    assert 0.3 < np.mean(positions) / len(labelled) < 0.7


@pytest.mark.slow
def test_split_depends_on_its_seed_only(corpus_given):
    assert demo_corpus.split(2) == demo_corpus.split(2)
    assert demo_corpus.split(2).labelled != demo_corpus.split(3).labelled


@pytest.mark.slow
@pytest.mark.parametrize("words", ["domain:lights", "intent:PlayMedia"])
def test_a_common_target_is_thinned_in_the_pool(corpus_given, words):
    target = Target.parse(words)
    split = demo_corpus.split(0, target)
    share = sum(map(target.matches, split.pool)) / len(split.pool)
    assert 0.03 <= share <= 0.06
    assert sum(map(target.matches, split.test)) == 600


@pytest.mark.slow
def test_all_is_a_target(corpus_given, corpus):
    split = demo_corpus.split(0, Target("all"))
    assert (len(split.labelled), len(split.test)) == (60, 600)
    assert len(split.pool) == len(corpus) - 660


@pytest.mark.slow
def test_a_rare_target_is_refused_with_a_way_out(corpus_given):
    with pytest.raises(TargetError, match=r"utterances of domain:clock.*domain:media.*domain:timers"):
        demo_corpus.split(0, Target("domain", "clock"))


def test_sizes_that_cannot_be(monkeypatch):
    assert demo_corpus.generate(0, 0) == []
    with pytest.raises(OptionError, match="negative"):
        demo_corpus.generate(0, -1)
    few = [intent for intent in demo_corpus.load_intents() if intent.name == "NeverMind"]
    monkeypatch.setattr(demo_corpus, "load_intents", lambda: list(few))
    with pytest.raises(OptionError, match=r"no 1000000 distinct utterances; ask for \d+ or fewer"):
        demo_corpus.generate(0, 1_000_000)
