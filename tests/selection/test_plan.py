"""The plan: what it chooses equals brute force, for every strategy of the table."""

import itertools
import random
import re
import unicodedata
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import InputError, OptionError, TargetError, TrainingError
from canvass.models.nlu import NLU
from canvass.seeding import hash64
from canvass.selection.engines import select
from canvass.selection.partial import Counters, Partial, merge
from canvass.selection.plan import Plan
from canvass.strategies import STRATEGIES
from canvass.types import Target, Utterance
from examples import MUSIC, music, others
from parameters import slow_unless
from pools import LABELLED, OWN, ROWS, Twin, opinion_of, pool_of, respelled, shown, trained
from texts import texts

ALL = Target("all")
WITH_COMMITTEE = [name for name in OWN if "committee" in STRATEGIES[name].models]
WITH_TAGGER = [name for name in OWN if "tagger" in STRATEGIES[name].models]


@pytest.fixture(scope="module")
def twins():
    return {target: Twin(trained(target)) for target in (MUSIC, ALL)}


def case_of(twins, name, target=None):
    """The twin of a strategy, with the target that it is meant for."""
    return twins[target or (ALL if STRATEGIES[name].for_all else MUSIC)]


def plan_of(twin, name, size, seed=0, **options):
    return Plan.of(twin.nlu, twin.excluded, strategy=name, size=size, seed=seed, **options)


def assert_chosen(batch, twin, rows, name, size):
    chosen, counters, read, passed = twin.choose(rows, name, size)
    assert shown(batch) == chosen
    assert batch.counters == counters
    assert batch.distinct == pytest.approx(read, rel=0.03, abs=1)
    assert batch.distinct_passed == pytest.approx(passed, rel=0.03, abs=1)
    assert batch.distinct <= counters.rows - counters.blank
    assert batch.distinct_passed <= counters.passed
    assert batch.filled == sum(one["why"] == "fill" for one in chosen)
    for candidate in batch.candidates:
        expected = twin.prediction(candidate.text)
        if STRATEGIES[name].columns:
            theirs = opinion_of(twin.shown[candidate.key])
            expected = replace(
                expected, intent=theirs["intent"], intent_probability=theirs["intent_probability"]
            )
        assert candidate.prediction == expected


@pytest.mark.parametrize(
    ("name", "size"),
    slow_unless(
        lambda case: case[1] == 70 or case[0] in {"majority-joint", "margin-balanced"},
        itertools.product(STRATEGIES, [1, 9, 70, 1000]),
    ),
)
def test_the_batch_is_that_of_brute_force(twins, name, size):
    twin = case_of(twins, name)
    assert_chosen(
        select(plan_of(twin, name, size), pool_of(ROWS, name, rows=64), threads=1), twin, ROWS, name, size
    )


def test_the_pool_of_these_tests_has_what_it_should_have(twins):
    chosen, counters, read, passed = twins[MUSIC].choose(ROWS, "majority-joint", 150)
    assert min(counters.blank, counters.labelled, counters.too_long) >= 2
    assert 30 < passed < counters.passed
    assert read < counters.rows - 100
    assert {one["why"] for one in chosen} == {"filter", "fill"}
    assert any(one["id"] == f"{hash64(one['key'].encode()):016x}" for one in chosen)
    assert any(one["count"] > 10**6 for one in chosen)
    assert any(one["key"] != one["text"] for one in chosen)
    assert 3 < twins[MUSIC].choose(ROWS, "qbc-as", 100)[3] < 60


@pytest.mark.parametrize("name", ["random", "joint"])
def test_strategies_without_a_committee_work_with_either_target(twins, name):
    for target, twin in twins.items():
        batch = select(plan_of(twin, name, 20), Pool.of(ROWS), threads=1)
        assert_chosen(batch, twin, ROWS, name, 20)
        assert [one.members == {} for one in batch.candidates] == [target == ALL] * 20


def blocks_at_random(rows, dice, name):
    """Cut shuffled rows into blocks, some of them slices of a larger one."""
    rows = dice.sample(rows, len(rows))
    blocks = []
    while rows:
        count = min(len(rows), dice.choice([1, 7, 60, 200]))
        block = next(iter(pool_of(rows[:count], name).blocks())).batch
        cut = dice.randrange(count + 1)
        blocks += [block.slice(0, cut), block.slice(cut)]
        rows = rows[count:]
    return blocks


@pytest.mark.parametrize(
    "name", slow_unless(["random", "majority-joint", "margin-balanced", "external-joint"], STRATEGIES)
)
def test_any_blocks_in_any_order_and_grouping_with_and_without_bounds(twins, name):
    twin = case_of(twins, name)
    dice = random.Random(name)
    for size in (8, 60):
        plan = plan_of(twin, name, size)
        plain = [plan.score_block(block) for block in blocks_at_random(ROWS, dice, name)]
        while len(plain) > 1:
            dice.shuffle(plain)
            plain.append(merge(plain.pop(), plain.pop()))
        pruned = Partial.empty(plan.capacity)
        stale = pruned
        for block in blocks_at_random(ROWS, dice, name):
            found = plan.score_block(
                block, worst_passed=stale.worst_passed, worst_backfill=stale.worst_backfill
            )
            pruned = merge(pruned, found)
            stale = dice.choice([stale, pruned])  # another thread's bounds may be older
        first, second = plan.finish(plain[0]), plan.finish(pruned)
        assert_chosen(first, twin, ROWS, name, size)
        assert first == second


@given(
    st.lists(st.tuples(texts, st.sampled_from([None, "1", "2"]), st.integers(1, 9)), min_size=1, max_size=12)
)
def test_any_texts(twins, rows):
    twin = twins[MUSIC]
    pool = [Utterance(text, id=identity, count=count) for text, identity, count in rows]
    chosen = twin.choose(pool, "majority-joint", 3)
    plan = plan_of(twin, "majority-joint", 3)
    found = reduce(merge, (plan.score_block(block.batch) for block in Pool.of(pool, rows=2).blocks()))
    if chosen[0]:
        assert_chosen(plan.finish(found), twin, pool, "majority-joint", 3)
    else:
        assert found.counters == chosen[1]
        with pytest.raises(InputError, match="no utterance that could be chosen"):
            plan.finish(found)


def test_a_text_of_a_hundred_thousand_characters(twins):
    rows = [
        Utterance("x" * 100_000),
        Utterance("歌" * 100_000),
        Utterance("play " * 20_000),
        Utterance("play it"),
    ]
    batch = select(plan_of(twins[MUSIC], "majority-joint", 4), Pool.of(rows))
    assert_chosen(batch, twins[MUSIC], rows, "majority-joint", 4)
    assert (len(batch.candidates), batch.counters.too_long) == (2, 2)


def test_a_pool_of_nearly_nothing_but_duplicates(twins):
    dice = random.Random(4)
    few = dice.sample(ROWS, 25)
    rows = [
        Utterance(respelled(one.text, dice), id=dice.choice([None, "b", "a"]), count=2)
        for one in dice.choices(few, k=2000)
    ]
    for name in ("majority-crf", "random"):
        assert_chosen(
            select(plan_of(twins[MUSIC], name, 5), Pool.of(rows, rows=300)), twins[MUSIC], rows, name, 5
        )


def test_counts_ids_and_texts_by_hand(twins):
    rows = [
        Utterance("play  river", id="b", count=2),
        Utterance(" play river", id="b", count=3),
        Utterance("play river\t", id=None),
        Utterance("play river", id="c", count=10**12),
        Utterance("Play rivers", id="a"),
        Utterance("björk", id=None, count=4),
        Utterance(unicodedata.normalize("NFD", "björk"), id=None),
    ]
    batch = select(plan_of(twins[MUSIC], "random", 10), Pool.of(rows))
    found = {one.key: (one.id, one.text, one.count) for one in batch.candidates}
    assert found == {
        # The hash begins with a digit, which is smaller than any letter.
        "play river": min(
            (f"{hash64(b'play river'):016x}", "play river\t", 10**12 + 6), ("b", " play river", 10**12 + 6)
        ),
        "Play rivers": ("a", "Play rivers", 1),
        "björk": (f"{hash64('björk'.encode()):016x}", unicodedata.normalize("NFD", "björk"), 5),
    }
    assert batch.counters == Counters(rows=7, passed=7)


@pytest.mark.parametrize("name", OWN)
def test_what_is_labelled_is_never_chosen_however_it_is_spelled(twins, name):
    twin = case_of(twins, name)
    dice = random.Random(2)
    rows = [Utterance(respelled(one.text, dice)) for one in LABELLED for _ in range(3)]
    rows.append(Utterance("play what i like"))
    batch = select(plan_of(twin, name, 50), Pool.of(rows))
    assert [one.key for one in batch.candidates] == ["play what i like"]
    assert batch.counters.labelled == 3 * len(LABELLED)


def test_the_longest_utterance_that_is_let_in(twins):
    forty = "play river ! " * 13 + "play"
    rows = [Utterance(forty, id="40"), Utterance(forty + " it", id="41"), Utterance("play", id="1")]
    for most, ids in (
        (40, ["1", "40"]),
        (41, ["1", "40", "41"]),
        (39, ["1"]),
        (1, ["1"]),
        (2**40, ["1", "40", "41"]),
    ):
        batch = select(plan_of(twins[MUSIC], "uncertainty", 9, max_tokens=most), Pool.of(rows))
        assert sorted(one.id for one in batch.candidates) == sorted(ids)
        assert batch.counters.too_long == 3 - len(ids)


@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint", "majority-drawn"], OWN))
def test_a_seed_changes_random_choices_and_no_other(twins, name):
    twin = case_of(twins, name)
    chosen = [
        [one.key for one in select(plan_of(twin, name, 12, seed=seed), Pool.of(ROWS)).candidates]
        for seed in (0, 0, 1)
    ]
    assert chosen[0] == chosen[1]
    assert (chosen[0] != chosen[2]) == (name.startswith("random") or "drawn" in name)


def test_training_twice_chooses_the_same(twins):
    first, second = (
        select(Plan.train(LABELLED, MUSIC, size=15, seed=3), Pool.of(ROWS), threads=threads)
        for threads in (1, 3)
    )
    assert first == second
    assert all(one.strategy == "majority-joint" for one in first.candidates)
    assert first.candidates[0].prediction.intent in ("PlayMusic", "AddToPlaylist")


# Warnings


def warnings_of(twin, name, size, rows=ROWS):
    return select(plan_of(twin, name, size), Pool.of(rows)).warnings


@pytest.mark.parametrize(
    "name", slow_unless(["majority-joint"], ["majority-joint", "qbc-sa", "random", "al-logistic"])
)
def test_few_to_choose_from_is_said_exactly_below_three_times_the_size(twins, name):
    twin = twins[MUSIC]
    passed = twin.choose(ROWS, name, 1)[3]
    candidates = len(twin.choose(ROWS, "random", len(ROWS))[0])
    for size in (passed // 3 + 2, passed, passed + 1, candidates):
        if size <= candidates:
            (warning,) = warnings_of(twin, name, size)
            assert f"fewer than 3 x {size}" in warning
            said = int(re.search(r"(\d+) different utterances passed", warning)[1])
            assert said == passed
    for size in range(max(passed // 3 - 2, 1), passed // 3 + 3):
        batch = select(plan_of(twin, name, size), Pool.of(ROWS))
        assert len(batch.warnings) == (batch.distinct_passed < 3 * size)
    (short,) = warnings_of(twin, name, candidates + 1)
    assert f"only {candidates} candidates for a batch of {candidates + 1}" in short


def test_models_that_can_say_nothing_are_named():
    plain = [Utterance(one.text, domain=one.domain, slots=()) for one in music()]
    nlu = NLU.train([*plain[::2], *others()], MUSIC, iterations=5, bits=12)
    pool = [Utterance(f"{one.text} now", id=str(i)) for i, one in enumerate(music())]
    for name, row in ((name, STRATEGIES[name]) for name in OWN):
        slots, intents = ("tagger" in row.models), ("intents" in row.models)
        if intents and not slots:
            with pytest.raises(
                TrainingError, match=f"{name} needs at least 2 different intents of domain:music"
            ):
                Plan.of(nlu, [], strategy=name, size=2)
            continue
        said = " ".join(select(Plan.of(nlu, [], strategy=name, size=2), Pool.of(pool)).warnings)
        assert ("has a slot" in said) == slots
        assert ("p_intent counts as 1" in said) == intents


def test_few_positives_are_said_exactly_below_twenty():
    pool = Pool.of([Utterance(f"{one.text} now") for one in music()])
    for count, warned in ((19, True), (20, False)):
        nlu = NLU.train([*music()[:count], *others()], MUSIC, iterations=5, bits=12)
        said = " ".join(select(Plan.of(nlu, [], strategy="random", size=2), pool).warnings)
        assert (f"LABELLED has only {count} utterances of domain:music" in said) == warned
    # No committee, no warning about it.
    nlu = NLU.train(music()[:3], ALL, iterations=5, bits=12)
    assert select(Plan.of(nlu, [], strategy="random", size=2), pool).warnings == ()


# Errors


def test_a_pool_with_nothing_to_choose(twins):
    rows = [Utterance(" "), Utterance(LABELLED[0].text + " "), Utterance("la " * 41), Utterance("\t")]
    with pytest.raises(
        InputError, match=r"of 4 rows 2 are blank, 1 already labelled, 1 longer than 40 tokens"
    ):
        select(plan_of(twins[MUSIC], "random", 1), Pool.of(rows))


@pytest.mark.parametrize(("option", "name"), [({"size": 0}, "--size 0"), ({"size": -3}, "--size -3"), ({"max_tokens": 0}, "--max-tokens 0")])  # fmt: skip
def test_numbers_that_make_no_sense(twins, monkeypatch, option, name):
    with pytest.raises(OptionError, match=name):
        Plan.of(twins[MUSIC].nlu, [], **option)
    monkeypatch.setattr(NLU, "train", lambda *_, **__: pytest.fail("refuse options before training"))
    with pytest.raises(OptionError, match=name):
        Plan.train(LABELLED, MUSIC, **option)


def test_an_unknown_strategy_is_refused_before_training(twins, monkeypatch):
    monkeypatch.setattr(NLU, "train", lambda *_, **__: pytest.fail("refuse options before training"))
    with pytest.raises(OptionError, match="did you mean majority-crf"):
        Plan.train(LABELLED, MUSIC, strategy="majority-cfr")
    with pytest.raises(OptionError, match="unknown"):
        Plan.of(twins[MUSIC].nlu, [], strategy="")


@pytest.mark.parametrize("name", WITH_COMMITTEE)
def test_a_committee_strategy_with_target_all(twins, name):
    with pytest.raises(OptionError, match=f"{name} needs a committee .* take --strategy margin-balanced"):
        Plan.train(LABELLED, ALL, strategy=name)
    with pytest.raises(OptionError, match=f"{name} needs a committee"):
        Plan.of(twins[ALL].nlu, [], strategy=name)


@pytest.mark.parametrize("annotated", [0, 1])
@pytest.mark.parametrize("name", WITH_TAGGER)
def test_a_tagger_strategy_with_too_few_annotated(name, annotated):
    bare = [Utterance(one.text, domain="music", intent=one.intent) for one in music()[annotated:30]]
    target = ALL if STRATEGIES[name].for_all else MUSIC
    # Slots of others do not help: the tagger is of the target.
    rest = [] if target == ALL else [Utterance(one.text, domain=one.domain, slots=()) for one in others()]
    labelled = [*music()[:annotated], *bare, *rest]
    if STRATEGIES[name].models >= {"committee", "intents"}:  # the score is the product of what there is
        plan = Plan.train(labelled, target, strategy=name, size=3)
        batch = select(plan, Pool.of(ROWS))
        assert all(not candidate.prediction.tagged for candidate in batch.candidates)
        assert any("p_crf counts as 1" in words for words in batch.warnings) == bool(annotated)
        labelled = [replace(one, intent=None) for one in labelled]
    with pytest.raises(TrainingError, match=rf"{name} needs .* at least 2 .* LABELLED has {annotated}$"):
        Plan.train(labelled, target, strategy=name)


@pytest.mark.parametrize(
    "name", [name for name in OWN if not STRATEGIES[name].models & {"intents", "tagger"}]
)
def test_other_strategies_do_without_a_tagger(name):
    labelled = [Utterance(one.text, domain=one.domain) for one in [*music()[:20], *others()]]
    plan = Plan.of(NLU.train(labelled, MUSIC, bits=12), [], strategy=name, size=3)
    batch = select(plan, Pool.of(ROWS))
    assert [one.prediction for one in batch.candidates] == [None] * 3


def test_targets_that_the_labelled_set_does_not_have():
    with pytest.raises(
        TargetError, match=r"domain 'musik'; did you mean music\? \(it has music, timers, weather\)"
    ):
        Plan.train(LABELLED, Target("domain", "musik"))
    with pytest.raises(TargetError, match="did you mean PlayMusic") as refused:
        Plan.train(LABELLED, Target("intent", "PlayMusics"))
    assert "AddToPlaylist" in str(refused.value)
    with pytest.raises(TargetError, match="no utterance has a domain"):
        Plan.train([Utterance("a"), Utterance("b")], MUSIC)
    with pytest.raises(TargetError, match="no utterance has a domain"):
        Plan.train([], MUSIC)
    with pytest.raises(TrainingError, match="LABELLED has no utterance"):
        Plan.train([], ALL, strategy="joint")


def test_only_positives():
    with pytest.raises(TrainingError, match="only utterances of domain:music; the committee needs others"):
        Plan.train(music(), MUSIC)
    assert select(Plan.train(music()[:9], ALL, strategy="joint", size=2), Pool.of(ROWS)).filled == 0


def test_a_blank_example_in_the_labelled_set_is_no_key():
    nlu = NLU.train([*LABELLED, Utterance("  ", domain="music", slots=())], MUSIC, iterations=5, bits=12)
    rows = [Utterance(""), Utterance("play it")]
    batch = select(Plan.of(nlu, [key_of("  ")], size=4), Pool.of(rows))
    assert batch.counters == Counters(rows=2, blank=1, passed=batch.counters.passed)
    assert [one.key for one in batch.candidates] == ["play it"]
