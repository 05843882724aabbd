"""The embedded corpus: the same for everyone, distinct, exactly annotated, and split as promised."""

import hashlib
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus import demo
from canvass.corpus.embedded import casual, numerals, package, templates, wording
from canvass.corpus.embedded.dice import Dice, Weighted
from canvass.corpus.embedded.domains import COMBINATIONS, SHARES, TABLE
from canvass.corpus.embedded.grammar import Chain, Choice, Rule, Shuffle, Text, Value, parse
from canvass.corpus.embedded.parts import Part, gather, join
from canvass.corpus.embedded.phrases import PHRASES
from canvass.corpus.embedded.speech import LISTS, RULES
from canvass.corpus.embedded.values import HOME
from canvass.corpus.embedded.walk import Scope, walk
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import misaligned_slot
from canvass.errors import ExtraMissingError, OptionError, TargetError
from canvass.seeding import generator
from canvass.types import Target

DIGEST_OF_A_PROCESS = """
import hashlib
from canvass.corpus import demo
print(hashlib.sha256(repr(demo.generate(3, 2500)).encode()).hexdigest())
"""


@pytest.fixture(scope="session")
def corpus():
    return demo.generate()


@pytest.fixture
def dice():
    return Dice(generator(1, "test-demo"))


@pytest.fixture
def corpus_given(corpus, monkeypatch):
    """Split the corpus that is there already, instead of making it anew for each target."""
    asked = []

    def given_corpus(seed):
        asked.append(seed)
        return list(corpus)

    monkeypatch.setattr(demo, "generate", given_corpus)
    return asked


def texts(utterances, label, domain=None):
    return {
        utterance.text[slot.start : slot.end].lower()
        for utterance in utterances
        if domain in (None, utterance.domain)
        for slot in utterance.slots
        if slot.label == label
    }


def expansions(node, rules):
    """Everything that a node can say."""
    if isinstance(node, Text):
        return {node.text}
    if isinstance(node, Rule):
        return expansions(rules[node.name], rules)
    if isinstance(node, Choice):
        said = set().union(*(expansions(item, rules) for item in node.items))
        return said | {""} if node.said < 1 else said
    assert isinstance(node, Chain)
    said = {""}
    for item in node.items:
        tails = expansions(item, rules)
        said = {head + tail for head in said for tail in tails}
    return said


def known(rule):
    rules = {name: package.parsed(body) for name, body in {**HOME, **PHRASES}.items()}
    return {" ".join(text.split()) for text in expansions(rules[rule], rules)}


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
    here = hashlib.sha256(repr(demo.generate(3, 2500)).encode()).hexdigest()
    assert digests == {here}


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(corpus):
    assert demo.generate(0, 300) == corpus[:300]


def test_another_seed_gives_another_corpus(corpus):
    other = demo.generate(1, 1000)
    shared = {utterance.text for utterance in corpus[:1000]} & {utterance.text for utterance in other}
    assert len(shared) < 100


def test_distinct_by_key(corpus):
    assert len(corpus) == demo.SIZE >= 20_000
    assert len({key_of(utterance.text) for utterance in corpus}) == len(corpus)
    assert all(utterance.text == key_of(utterance.text) for utterance in corpus)
    assert [utterance.id for utterance in corpus] == [f"demo-{n:06d}" for n in range(1, len(corpus) + 1)]


def test_domains_have_their_shares(corpus):
    counts = Counter(utterance.domain for utterance in corpus)
    assert len(counts) >= 8
    assert sum(SHARES.values()) == pytest.approx(1)
    assert counts.keys() == SHARES.keys()
    for domain, share in SHARES.items():
        assert counts[domain] / len(corpus) == pytest.approx(share, rel=0.2, abs=0.003), domain


def test_every_intent_is_asked_for_and_belongs_to_one_domain(corpus):
    pairs = {(utterance.domain, utterance.intent) for utterance in corpus}
    assert pairs == {(row.domain, row.intent) for row in TABLE}
    assert len(pairs) == len({row.intent for row in TABLE}) == len(TABLE)


def test_timers_are_skewed(corpus):
    intents = Counter(utterance.intent for utterance in corpus if utterance.domain == "timers")
    assert len(intents) == 8
    assert intents["StartTimer"] > 10 * intents["CancelAllTimers"]
    assert min(intents.values()) >= 20
    labels = {slot.label for utterance in corpus if utterance.domain == "timers" for slot in utterance.slots}
    assert labels >= {"hours", "minutes", "seconds", "start_minutes", "name", "area", "conversation_command"}


def test_counts_follow_a_power_law(corpus):
    counts = np.array([utterance.count for utterance in corpus])
    assert counts.min() == 1
    assert 0.5 < np.mean(counts == 1) < 0.8
    assert 10 < np.sum(counts >= 100) < 500


def test_about_half_of_the_requests_are_altered(dice):
    book = templates.Book.load()
    altered = 0
    for _ in range(2000):
        row = book.draw_row(dice)
        assert row
        template = book.draw_template(row, dice)
        parts = wording.worded(gather(walk(template.node, template.scope(dice), dice)), template.kind, dice)
        altered += casual.loosened(parts, dice) != parts
    assert 0.4 < altered / 2000 < 0.6


# Slots


def test_spans_are_exact(corpus):
    for utterance in corpus:
        end = 0
        for slot in utterance.slots:
            assert end <= slot.start < slot.end <= len(utterance.text), utterance
            assert utterance.text[slot.start : slot.end].strip() == utterance.text[slot.start : slot.end]
            end = slot.end
        assert misaligned_slot(utterance.text, utterance.slots) is None, utterance


@pytest.mark.parametrize("label", ["area", "floor"])
def test_places_are_known_values(corpus, label):
    assert texts(corpus, label) <= known(label)


def test_names_of_timers_are_known_values(corpus):
    assert texts(corpus, "name", "timers") <= known("timer_name")
    assert len(texts(corpus, "name", "timers")) > 200


def test_people_and_lists_are_known_values(corpus):
    assert texts(corpus, "name", "people") <= known("name person")
    assert texts(corpus, "name", "lists") <= known("name todo chores") | known("name todo things")


def test_a_podcast_is_called_a_podcast(corpus):
    podcasts = [u for u in corpus if any(u.text[s.start : s.end] == "podcast" for s in u.slots)]
    assert len(podcasts) > 20
    assert texts(podcasts, "search_query") <= known("podcast")


def test_closed_lists_are_closed(corpus):
    colors = {"white", "red", "orange", "yellow", "green", "blue", "purple", "brown", "pink", "turquoise"}
    assert texts(corpus, "color") == colors
    assert texts(corpus, "volume_step") >= {"up", "down"}


def test_numbers_are_numbers(corpus):
    words = {numerals.in_words(n, hyphen) for n in range(101) for hyphen in " -"} | {"half", "1/2"}
    for label in ("hours", "minutes", "seconds", "start_hours", "start_minutes", "start_seconds"):
        found = texts(corpus, label, "timers")
        assert {text for text in found if not text.isdigit()} <= words
        assert all(1 <= int(text) <= 100 for text in found if text.isdigit())


def test_open_slots_are_diverse(corpus):
    assert len(texts(corpus, "search_query")) > 1000
    assert len(texts(corpus, "item")) > 600
    assert len(texts(corpus, "message")) > 500
    assert len(texts(corpus, "conversation_command")) > 100


PLAIN = st.text("abcdeghilmnoprst", min_size=1, max_size=6) | st.sampled_from(
    ["the", "of", "what's", "all", "is", "in", "floor", "lamp", "light"]
)
PARTS = st.lists(
    st.builds(Part, PLAIN, st.none())
    | st.builds(
        Part,
        st.lists(PLAIN | st.just("5"), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(["name", "floor"]),
    )
    | st.builds(Part, st.sampled_from(["-minute", "%", "s", "k", "°"]), st.none(), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(PARTS, st.integers(0, 2**32))
def test_habits_leave_slots_alone(parts, seed):
    slots = [part.text for part in parts if part.label]
    loose = casual.loosened(parts, Dice(generator(seed, "test-habits")))
    assert [part.text.lower() for part in loose if part.label] == slots
    text, spans = join(loose)
    assert [text[span.start : span.end].lower() for span in spans] == slots
    assert text == key_of(text)
    assert misaligned_slot(text, spans) is None


@given(PARTS, st.integers(0, 2**32))
def test_each_habit_leaves_slots_alone(parts, seed):
    """Together they are rare; one by one, all are seen."""
    dice = Dice(generator(seed, "test-habit"))
    slots = [part for part in parts if part.label]
    for habit in (
        casual.with_opening,
        casual.with_hesitation,
        casual.with_repetition,
        casual.with_words_dropped,
        casual.with_misspelling,
    ):
        assert [part for part in habit(parts, dice) if part.label] == slots, habit.__name__


@given(PARTS, st.integers(0, 2**32), st.sampled_from(["", "light", "person"]))
def test_wording_keeps_the_labels(parts, seed, kind):
    worded = wording.worded(parts, kind, Dice(generator(seed, "test-wording")))
    assert [part.label for part in worded if part.label] == [part.label for part in parts if part.label]
    text, spans = join(worded)
    assert misaligned_slot(text, spans) is None


# The walk


def names(**rules):
    return Scope({name: parse(body) for name, body in rules.items()}, {"minutes": range(1, 3)})


def said(template, scope, dice):
    return join(gather(walk(parse(template), scope, dice)))


def test_lists_become_slots_under_their_new_names(dice):
    text, slots = said("wait {minutes:start_minutes}( |-)minute[s]", names(), dice)
    assert [slot.label for slot in slots] == ["start_minutes"]
    assert text[slots[0].start : slots[0].end] in {"1", "2", "one", "two"}


def test_rules_are_followed_and_overridden(dice):
    scope = names(outer="<inner>  lamp", inner="red")
    assert said("the <outer>", scope, dice)[0] == "the red lamp"
    local = Scope({**scope.rules, "inner": parse("blue")}, {})
    assert said("the <outer>", local, dice)[0] == "the blue lamp"


def test_permutations_and_options_are_all_said(dice):
    seen = {said("(one;two) [three]", names(), dice)[0] for _ in range(200)}
    assert seen == {"one two", "two one", "one two three", "two one three"}


def test_an_empty_value_makes_no_slot(dice):
    scope = names(thing="[ ]")
    assert said("buy {thing} now", scope, dice) == ("buy now", ())


def test_a_value_is_trimmed(dice):
    text, slots = said("buy {thing} now", names(thing=" red  wine "), dice)
    assert text == "buy red wine now"
    assert text[slots[0].start : slots[0].end] == "red wine"


def test_tables_of_rules_do_not_hide_each_other():
    tables = [HOME, PHRASES, RULES, LISTS]
    assert sum(map(len, tables)) == len({name for table in tables for name in table})
    assert {row.source for row in TABLE} <= set(package.load_package()["intents"])
    assert set(COMBINATIONS) <= {row.intent for row in TABLE}


def test_templates_go_to_the_kind_of_device_that_they_are_about():
    starts = {"Lock": {"lock"}, "Unlock": {"unlock"}, "OpenCover": {"<open>"}, "CloseValve": {"<close>"}}
    for row, combinations in templates.templates_by_row().items():
        if row.intent in starts:
            found = {t.text.split()[0] for weighted in combinations._items for t in weighted._items}
            assert found == starts[row.intent], row


def test_every_template_can_be_said(dice):
    for row, combinations in templates.templates_by_row().items():
        for weighted in combinations._items:
            for template in weighted._items:
                assert join(gather(walk(template.node, template.scope(dice), dice)))[0], (row, template.text)


def test_nodes_are_what_hassil_says():
    assert isinstance(parse("(a;b)"), Shuffle)
    assert parse("{x:y}") == Value("x", "y")
    assert parse("x [the|my]", {"the|my": 0.9}) == Chain((Text("x "), Choice((Text("the"), Text("my")), 0.9)))
    assert parse("(a|b)", {}, {"a": 2}) == Choice((Text("a"), Text("a"), Text("b")))


# Words


@pytest.mark.parametrize(
    ("template", "kind", "expected"),
    [
        ("set a {eight} minutes timer", "", "set an 8 minute timer"),
        ("timer for {one} hours", "", "timer for 1 hour"),
        ("timer for {eight}-minute", "", "timer for 8 minutes"),
        ("{half:minutes} an hours", "", "half an hour"),
        ("turn off all light", "", "turn off all lights"),
        ("turn off every lights", "", "turn off every light"),
        ("is any of the {cover:device_class} open", "", "are any of the blinds open"),
        ("is the {lamp:name} on", "light", "is the desk lamp on"),
        ("turn on the {lamp:name} light", "light", "turn on the desk light"),
        ("lights on in the {up:floor}", "", "lights on upstairs"),
        ("lights on in the {first:floor} floor", "", "lights on on the first floor"),
        ("where is the {anna:name}", "person", "where is anna"),
        ("is {anna:name} in the {home:state}", "person", "is anna home"),
        ("clean my {owned:area}", "", "clean anna's room"),
        ("tell me the weather like", "", "tell me the weather"),
    ],
)
def test_words_agree(template, kind, expected, dice, monkeypatch):
    monkeypatch.setattr(wording, "SLIP", 0.0)
    scope = names(
        eight="8", one="1", half="half", cover="blind", lamp="desk lamp", up="upstairs", first="first floor",
        anna="anna", home="home", owned="anna's room",
    )  # fmt: skip
    parts = gather(walk(parse(template), scope, dice))
    worded = wording.worded(parts, kind, dice)
    assert join(worded)[0] == expected
    assert [part.label for part in worded if part.label] == [part.label for part in parts if part.label]


def test_numbers_in_words():
    assert numerals.in_words(100) == "one hundred"
    assert numerals.in_words(6543, "-") == "six thousand five hundred forty-three"


def test_weights_are_kept(dice):
    weighted = Weighted([("a", 3.0), ("never", 0.0), ("b", 1.0)])
    drawn = Counter(weighted.pick(dice) for _ in range(4000))
    assert drawn.keys() == {"a", "b"}
    assert 0.7 < drawn["a"] / 4000 < 0.8


# Splits


def test_split_is_disjoint_and_of_the_promised_sizes(corpus_given):
    split = demo.split(5)
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


def test_split_mixes_target_and_others(corpus_given):
    labelled = demo.split().labelled
    positions = [index for index, utterance in enumerate(labelled) if utterance.domain == "timers"]
    assert 0.3 < np.mean(positions) / len(labelled) < 0.7


def test_split_depends_on_its_seed_only(corpus_given):
    assert demo.split(2) == demo.split(2)
    assert demo.split(2).labelled != demo.split(3).labelled


@pytest.mark.parametrize("words", ["domain:lights", "intent:PlayMedia"])
def test_a_common_target_is_thinned_in_the_pool(corpus_given, words):
    target = Target.parse(words)
    split = demo.split(0, target)
    share = sum(map(target.matches, split.pool)) / len(split.pool)
    assert 0.03 <= share <= 0.06
    assert sum(map(target.matches, split.test)) == 600


def test_all_is_a_target(corpus_given, corpus):
    split = demo.split(0, Target("all"))
    assert (len(split.labelled), len(split.test)) == (60, 600)
    assert len(split.pool) == len(corpus) - 660


def test_a_rare_target_is_refused_with_a_way_out(corpus_given):
    with pytest.raises(TargetError, match=r"utterances of domain:clock.*domain:media.*domain:timers"):
        demo.split(0, Target("domain", "clock"))


# Refusals


@pytest.mark.parametrize("missing", ["hassil.parse_expression", "home_assistant_intents"])
def test_a_missing_extra_is_named(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    templates.templates_by_row.cache_clear()
    with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[demo\]'"):
        demo.generate(0, 1)
    templates.templates_by_row.cache_clear()


def test_sizes_that_cannot_be(monkeypatch):
    assert demo.generate(0, 0) == []
    with pytest.raises(OptionError, match="negative"):
        demo.generate(0, -1)
    few = {row: drawn for row, drawn in templates.templates_by_row().items() if row.intent == "NeverMind"}
    monkeypatch.setattr(templates.Book, "load", classmethod(lambda cls: cls(few)))
    with pytest.raises(OptionError, match=r"no 1000000 distinct utterances; ask for \d+ or fewer"):
        demo.generate(0, 1_000_000)
