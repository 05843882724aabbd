"""Runs of the loop with hidden labels on the small corpus."""

import itertools
from dataclasses import replace

import pytest

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import OptionError
from canvass.evaluation import evaluate
from canvass.seeding import derived_seed
from canvass.selection.engines import select
from canvass.selection.plan import Plan
from canvass.simulation.budget import cost
from canvass.simulation.noise import Annotator
from canvass.simulation.runs import Run
from canvass.simulation.start import TEST_SHARE, Start
from canvass.strategies import STRATEGIES
from canvass.types import Target, Utterance
from examples import MUSIC, music, others
from pools import OWN
from studies import rounds_of, split

CORPUS = [*music(), *others()]
SIZES = {"positives": 12, "negatives": 10}
RUN_STRATEGIES = ["majority-joint", "random", "random-positive", "qbc-sa"]


@pytest.fixture(scope="module")
def start():
    return split(CORPUS, MUSIC, seed=3, **SIZES)


def run_of(start, strategy, rounds=2, seed=5):
    return rounds_of(Run(start, MUSIC, strategy, (6,) * rounds, seed))


@pytest.fixture(scope="module")
def runs(start):
    return {strategy: run_of(start, strategy) for strategy in RUN_STRATEGIES}


def keys_of(utterances):
    return [key_of(utterance.text) for utterance in utterances]


@pytest.mark.parametrize("seed", range(4))
def test_a_split_cuts_the_corpus_into_three(seed):
    start = split([*CORPUS, Utterance(" play  river by u2 ", domain="music")], MUSIC, seed=seed, **SIZES)
    labelled, pool, test = (keys_of(part) for part in (start.labelled, start.pool, start.test))
    assert sorted(labelled + pool + test) == sorted(set(keys_of(CORPUS)))
    assert sum(MUSIC.matches(utterance) for utterance in start.labelled) == 12
    assert len(labelled) == 22
    # The test set is the same for all seeds; the rest is not.
    assert test == keys_of(split(CORPUS, MUSIC, seed=99, **SIZES).test)
    assert 0.5 * TEST_SHARE < len(test) / len(CORPUS) < 1.7 * TEST_SHARE
    assert labelled != keys_of(split(CORPUS, MUSIC, seed=seed + 1, **SIZES).labelled)


def test_a_split_does_not_depend_on_chance(start):
    assert split(CORPUS, MUSIC, seed=3, **SIZES) == start
    assert split(CORPUS[::-1], MUSIC, seed=3, **SIZES) == start


@pytest.mark.parametrize(("sizes", "words"), [({"positives": 500, "negatives": 1}, "of domain:music"), ({"positives": 1, "negatives": 500}, "of others")])  # fmt: skip
def test_a_corpus_that_is_too_small_is_refused(sizes, words):
    with pytest.raises(OptionError, match=rf"the corpus has \d+ utterances {words} .* 500 are asked"):
        split(CORPUS, MUSIC, seed=1, **sizes)


@pytest.mark.slow
def test_the_same_seed_makes_the_same_run(start, runs):
    assert run_of(start, "majority-joint") == runs["majority-joint"]
    assert run_of(start, "random-positive") == runs["random-positive"]
    assert [entry.chosen for entry in run_of(start, "random", seed=6)] != [
        entry.chosen for entry in runs["random"]
    ]


@pytest.mark.parametrize("strategy", RUN_STRATEGIES)
def test_what_is_chosen_comes_from_the_pool_once_and_never_from_the_test(start, runs, strategy):
    rounds = runs[strategy]
    assert [entry.annotations for entry in rounds] == [0, 6, 12]
    assert [len(entry.chosen) for entry in rounds] == [0, 6, 6]
    chosen = list(itertools.chain.from_iterable(entry.chosen for entry in rounds))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(keys_of(start.pool))
    assert not set(chosen) & set(keys_of(start.test) + keys_of(start.labelled))
    targets = set(keys_of(utterance for utterance in CORPUS if MUSIC.matches(utterance)))
    assert [entry.on_target for entry in rounds] == [
        sum(key in targets for key in entry.chosen) for entry in rounds
    ]
    ours = [utterance for utterance in start.test if MUSIC.matches(utterance)]
    for entry in rounds:
        assert entry.scores.utterances == len(ours)
        routed = entry.routing
        assert routed.true_positives + routed.false_negatives == len(ours)
        assert routed.true_positives + routed.false_negatives + routed.false_positives + routed.true_negatives == len(start.test)  # fmt: skip


def test_all_strategies_start_from_the_same_state(runs):
    first = {strategy: rounds[0] for strategy, rounds in runs.items()}
    assert all(state == first["random"] for state in first.values())
    assert len({rounds[1].chosen + rounds[2].chosen for rounds in runs.values()}) == len(RUN_STRATEGIES)


def test_a_run_goes_on_as_a_shorter_one_began(start, runs):
    assert run_of(start, "random", rounds=1) == runs["random"][:2]


def test_the_strategy_sees_no_label_of_the_pool(start, runs):
    """With other labels in the pool, the first choice is the same."""
    wrong = [Utterance(utterance.text, domain="weather", intent="X", slots=()) for utterance in start.pool]
    other = Start(start.labelled, tuple(wrong), start.test)
    assert run_of(other, "majority-joint", rounds=1)[1].chosen == runs["majority-joint"][1].chosen
    assert run_of(other, "majority-joint", rounds=1)[1].on_target == 0


@pytest.mark.parametrize("variety", [True, False])
def test_near_copies_take_turns_unless_a_study_says_otherwise(start, variety):
    variants = [Utterance(f"play zyx number {i} zzyx again", domain="music", slots=()) for i in range(40)]
    crowded = replace(start, pool=(*start.pool, *variants))
    first, second = Run(crowded, MUSIC, "majority-joint", (10,), 5, variety=variety).states()
    assert first.choices == ()
    alike = sum("zzyx" in choice.candidate.text for choice in second.choices)
    assert alike == 2 if variety else alike > 5


def test_learning_helps(start):
    rounds = rounds_of(Run(start, MUSIC, "majority-joint", (10,) * 3, 0))
    assert rounds[-1].scores.slot_error_rate < rounds[0].scores.slot_error_rate
    # Cheap, and it decides whether a study means anything: the target is found more often than by chance.
    by_chance = rounds_of(Run(start, MUSIC, "random", (10,) * 3, 0))
    assert sum(entry.on_target for entry in rounds) > sum(entry.on_target for entry in by_chance)


@pytest.mark.parametrize("strategy", ["joint", "random"])
def test_target_all(strategy):
    everything = Target("all")
    annotated = [
        Utterance(
            utterance.text, domain=utterance.domain, intent=utterance.intent, slots=utterance.slots or ()
        )
        for utterance in CORPUS
    ]
    start = Start(tuple(annotated[::5]), tuple(annotated[1::5]), tuple(annotated[2::5]))
    rounds = rounds_of(Run(start, everything, strategy, (4,), 0))
    assert rounds[1].on_target == 4
    assert rounds[1].routing is None
    assert rounds[1].scores.utterances == len(start.test)


def test_evaluation_counts_the_errors_of_the_target_alone(start):
    class Oracle:
        target = MUSIC
        committee = None
        knows_scope = False
        tagger = "the gold slots"

        def predict(self, texts):
            gold = {utterance.text: utterance for utterance in CORPUS}
            return [gold[text] for text in texts]

    scores, routed = evaluate(Oracle(), start.test)
    assert routed is None
    assert scores.slot_error_rate == 0.0
    assert (
        scores.reference_slots
        == sum(len(utterance.slots) for utterance in start.test if MUSIC.matches(utterance))
        > 0
    )


@pytest.mark.slow
def test_all_strategies_of_the_table_can_be_run(start):
    for strategy in set(OWN) - set(RUN_STRATEGIES):
        assert len(run_of(start, strategy, rounds=1)[1].chosen) == 6


@pytest.mark.parametrize(
    "strategy",
    [pytest.param(name, marks=() if name in RUN_STRATEGIES else pytest.mark.slow, id=name) for name in OWN],
)
def test_a_batch_is_what_select_chooses_with_a_plan_trained_anew(start, strategy):
    states = list(Run(start, MUSIC, strategy, (5, 7), seed=3).states())
    for before, after in itertools.pairwise(states):
        seed = derived_seed(3, "round", after.round)
        size = (5, 7)[after.round - 1]
        plan = Plan.train(before.labelled, MUSIC, strategy=strategy, size=size, seed=seed)
        gone = set(keys_of(before.labelled))
        rest = [
            Utterance(utterance.text, utterance.id, utterance.count)
            for utterance in start.pool
            if key_of(utterance.text) not in gone
        ]
        expected = select(plan, Pool.of(rest)).candidates
        chosen = tuple(choice.candidate for choice in after.choices)
        if "tagger" not in STRATEGIES[strategy].models:
            # The run shows predictions of the reference NLU, and trains no tagger only for them.
            expected, chosen = (
                [replace(candidate, prediction=None) for candidate in batch] for batch in (expected, chosen)
            )
        assert chosen == expected


def test_the_answers_are_those_of_the_annotator(start):
    annotator = Annotator.of(0, 0.5, CORPUS)
    states = list(Run(start, MUSIC, "random", (8,), seed=0, annotator=annotator).states())
    golds = [*start.labelled, *(choice.gold for choice in states[1].choices)]
    assert states[1].labelled == tuple(map(annotator.annotate, golds))
    assert states[1].labelled != tuple(golds)
    # Errors are counted on the gold labels.
    clean = list(Run(start, MUSIC, "random", (8,), seed=0).states())
    assert [errors.weight for errors in states[0].errors] == [errors.weight for errors in clean[0].errors]
    assert [choice.candidate.key for choice in states[1].choices] == [
        choice.candidate.key for choice in clean[1].choices
    ]


@pytest.mark.parametrize("unit", ["tokens", "slots"])
def test_a_round_spends_its_budget_and_owes_what_it_exceeds(start, unit):
    states = list(Run(start, MUSIC, "majority-joint", (12, 12, 12), seed=0, unit=unit).states())
    spent = 0
    for number, state in enumerate(states[1:], 1):
        costs = [cost(choice.gold, unit) for choice in state.choices]
        assert spent + sum(costs[:-1]) < 12 * number <= spent + sum(costs)
        spent += sum(costs)


def test_examples_show_what_the_reference_nlu_thought(start):
    before, after = Run(start, MUSIC, "majority-crf", (7,), seed=0).states()
    texts = [choice.gold.text for choice in after.choices]
    assert [choice.prediction for choice in after.choices] == [*before.nlu.predict(texts[:5]), None, None]
    assert after.seconds.keys() == {"train", "train to select", "select", "measure"}
