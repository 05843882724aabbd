"""Several targets in one pass: each batch is the one that its target alone would get."""

import random
from dataclasses import replace
from functools import reduce

import pytest

from canvass.corpus.pool import Pool
from canvass.errors import OptionError, TargetError, TrainingError
from canvass.selection.engines import select, select_each
from canvass.selection.multi_target import Plans, domains_of, merge_partials
from canvass.selection.plan import Plan
from canvass.strategies import STRATEGIES
from canvass.types import Slot, Target, Utterance
from examples import MUSIC
from parameters import slow_unless
from pools import LABELLED, OWN, ROWS

TARGETS = [MUSIC, Target("intent", "PlayMusic"), Target("domain", "weather")]
TRAINABLE = [name for name in OWN if not STRATEGIES[name].for_all]


def without_company(batch):
    """A batch as if its target had been alone."""
    return replace(batch, candidates=tuple(replace(one, also_for=None) for one in batch.candidates))


@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint"], TRAINABLE))
def test_each_batch_is_that_of_its_target_alone(name):
    targets = TARGETS[:2]
    pool = Pool.of(ROWS, rows=64)
    together = select_each(Plans.train(LABELLED, targets, strategy=name, size=12, seed=4), pool, threads=2)
    alone = [select(Plan.train(LABELLED, one, strategy=name, size=12, seed=4), pool) for one in targets]
    assert [batch.target for batch in together] == targets
    assert [without_company(batch) for batch in together] == alone


def test_also_for_names_the_other_targets():
    plans = Plans.train(LABELLED, TARGETS[:3], strategy="uncertainty", size=200, seed=1)
    batches = select_each(plans, Pool.of(ROWS))
    chosen = {str(batch.target): {one.key for one in batch.candidates} for batch in batches}
    shared = 0
    for batch in batches:
        for one in batch.candidates:
            others = tuple(
                name for name, keys in chosen.items() if name != str(batch.target) and one.key in keys
            )
            assert one.also_for == others
            shared += bool(others)
    assert shared > 10


def test_one_target_has_no_company():
    (batch,) = select_each(Plans.train(LABELLED, [MUSIC], size=5), Pool.of(ROWS))
    assert {one.also_for for one in batch.candidates} == {None}
    assert {one.target for one in batch.candidates} == {"domain:music"}


def test_partials_merge_in_any_order():
    dice = random.Random(5)
    plans = Plans.train(LABELLED, TARGETS[:2], strategy="majority-crf", size=7)
    blocks = list(Pool.of(ROWS, rows=50).blocks())
    expected = select_each(plans, Pool.of(ROWS))
    for _ in range(5):
        dice.shuffle(blocks)
        found = [plans.score_block(block.batch, plans.empty()) for block in blocks]
        assert plans.finish(reduce(merge_partials, found, plans.empty())) == expected


def test_targets_that_cannot_stand_together():
    with pytest.raises(OptionError, match="domain:music is given twice"):
        Plans.train(LABELLED, [MUSIC, MUSIC])
    with pytest.raises(OptionError, match="--target all stands for every utterance"):
        Plans.train(LABELLED, [MUSIC, Target("all")])
    with pytest.raises(TargetError, match="'musik'"):
        Plans.train(LABELLED, [MUSIC, Target("domain", "musik")])


def test_a_strategy_that_needs_a_tagger_names_the_target_that_has_none():
    labelled = [*LABELLED, Utterance("how high is the eiffel tower", domain="facts")]
    with pytest.raises(TrainingError, match="of domain:facts that are annotated for slots"):
        Plans.train(labelled, [MUSIC, Target("domain", "facts")])


def test_domains_of_a_labelled_set():
    some = [
        Utterance("play river", domain="music", slots=(Slot(5, 10, "song"),)),
        Utterance("play it", domain="music", slots=()),
        Utterance("rain tomorrow", domain="weather", slots=()),
        Utterance("hello"),
    ]
    assert domains_of(some, "majority-crf") == ([MUSIC], [Target("domain", "weather")])
    assert domains_of(some, "uncertainty") == ([MUSIC, Target("domain", "weather")], [])
    with pytest.raises(TargetError, match="no domain of LABELLED has 2 utterances"):
        domains_of(some[2:], "majority-crf")
    with pytest.raises(TargetError, match="no utterance of LABELLED has a domain"):
        domains_of(some[3:], "random")
