"""Random draws in proportion to how often a key was seen: against brute force, and beside a plan."""

import math
import random
from collections import Counter
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.seeding import hash64, uniform
from canvass.selection.engines import select
from canvass.selection.engines.threads import Threads
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.frequencies import Frequencies
from canvass.selection.job import Job
from canvass.selection.multi_target import Plans
from canvass.selection.partial import merge
from canvass.selection.plan import Plan
from canvass.selection.random_sample import RandomSample, SampledUtterance
from canvass.strategies import majority, no_majority
from canvass.types import Utterance
from examples import MUSIC
from parameters import slow_unless
from pools import LABELLED, ROWS, Twin, trained

FILTERS = {"random": majority, "outside": no_majority, "everything": None}


@pytest.fixture(scope="module")
def twin():
    return Twin(trained(MUSIC))


@pytest.fixture(scope="module")
def counted():
    return Frequencies.of_pool(Pool.of(ROWS, rows=50))


def sample_of(twin, frequencies, name, size, seed=0):
    return RandomSample(
        twin.nlu.committee if FILTERS[name] else None,
        FILTERS[name],
        frequencies,
        name,
        size,
        seed,
        40,
        ExcludedKeys(twin.excluded),
    )


def brute_force(twin, name, seed):
    """All that could be drawn, in the order of the sample_plan, and how many requests that are."""
    counts, rates, shown = Counter(), Counter(), {}
    for row in ROWS:
        key = key_of(row.text)
        rates[key] += row.count
        if not key or key in twin.excluded or twin.length(key) > 40:
            continue
        keep = FILTERS[name]
        if keep is None or keep(twin.evidence(key, seed).members)[0]:
            counts[key] += row.count
            identity = f"{hash64(key.encode()):016x}" if row.id is None else row.id
            shown[key] = min(shown.get(key, (identity, row.text)), (identity, row.text))
    times = {key: -math.log1p(-uniform(seed, name, key)) / rates[key] for key in counts}
    order = sorted(counts, key=lambda key: (times[key], key))
    return [
        SampledUtterance(key, shown[key][1], shown[key][0], counts[key], 1.0) for key in order
    ], counts.total()


@pytest.mark.parametrize("size", slow_unless([7], [1, 7, 5000]))
@pytest.mark.parametrize("name", FILTERS)
def test_the_draw_is_that_of_brute_force_in_any_blocks_and_order(twin, counted, name, size):
    expected, requests = brute_force(twin, name, 3)
    sample_plan = sample_of(twin, counted, name, size, seed=3)
    dice = random.Random(size)
    for rows, threads in ((ROWS, 1), (dice.sample(ROWS, len(ROWS)), 2)):
        pool = Pool.of(rows, rows=dice.choice([30, 64, 1000]))
        (partial,) = Threads(threads).run(Job(Plans((), (sample_plan,)), pool)).partials
        sample = sample_plan.finish(partial)
        assert list(sample.utterances) == expected[:size]
        assert sample.requests == requests


def test_parts_merge_in_any_order(twin, counted):
    sample_plan = sample_of(twin, counted, "random", 9)
    one_pass = Plans((), (sample_plan,))
    parts = [
        one_pass.score_block(block.batch, one_pass.empty())[0] for block in Pool.of(ROWS, rows=40).blocks()
    ]
    whole = sample_plan.finish(reduce(merge, parts))
    random.Random(1).shuffle(parts)
    assert sample_plan.finish(reduce(merge, parts)) == whole
    assert len(whole.utterances) == 9


def test_a_plan_beside_draws_chooses_what_it_would_alone(twin, counted):
    plan = Plan.of(twin.nlu, ExcludedKeys(twin.excluded), size=12, seed=5)
    draws = [sample_of(twin, counted, name, 5, seed=5) for name in ("random", "outside")]
    found = Threads().run(Job(Plans((plan,), tuple(draws)), Pool.of(ROWS, rows=64))).partials
    assert plan.finish(found[0]) == select(plan, Pool.of(ROWS))
    for sample_plan, partial in zip(draws, found[1:], strict=True):
        assert sample_plan.finish(partial).utterances == tuple(
            brute_force(twin, sample_plan.purpose, 5)[0][:5]
        )
    inside, outside = (
        {one.key for one in sample_plan.finish(part).utterances}
        for sample_plan, part in zip(draws, found[1:], strict=True)
    )
    assert not inside & outside


def test_those_that_share_a_committee_are_scored_once(twin, counted):
    plan = Plan.of(twin.nlu, ExcludedKeys(twin.excluded), size=12)
    samples = (sample_of(twin, counted, "random", 5), sample_of(twin, counted, "everything", 5))
    shared = Plans((plan,), samples)
    assert len(shared._members.bias) == 3
    assert [columns.stop - columns.start for columns in shared._columns] == [3, 3, 0]


def test_plans_and_samples_that_leave_out_different_rows_do_not_share_a_pass(twin, counted):
    with pytest.raises(AssertionError, match="leave out the same rows"):
        Plans((Plan.of(twin.nlu, ["play"], size=2),), (sample_of(twin, counted, "random", 5),))


def test_the_chance_of_a_key_is_its_share_of_all_requests():
    # 6 of 10 requests in three rows, 3 in one, 1 in one; the rows that share a key may be identical.
    rows = [Utterance("a", count=2)] * 3 + [Utterance("b", count=3), Utterance("c")]
    counted = Frequencies.of_pool(Pool.of(rows))
    hashes = np.array([hash64(one.encode()) for one in "abc"], dtype=np.uint64)
    first = [int(np.argmin(counted.arrival_times(hashes, seed, "sample_plan"))) for seed in range(6000)]
    # Four standard errors of a share are below 0.026.
    assert np.bincount(first) / 6000 == pytest.approx([0.6, 0.3, 0.1], abs=0.026)


def test_what_shares_a_counter_is_weighed_down():
    rows = [Utterance(f"play song {number}", count=1 + number % 7) for number in range(300)]
    crowded = Frequencies.of_pool(Pool.of(rows), bits=5)
    sample_plan = RandomSample(None, None, crowded, "random", 20_000, 0, 40, ExcludedKeys([]))
    (partial,) = Threads().run(Job(Plans((), (sample_plan,)), Pool.of(rows))).partials
    drawn = sample_plan.finish(partial).utterances
    assert len(drawn) == 300
    assert all(one.weight == one.count / crowded.rate(hash64(one.key.encode())) for one in drawn)
    assert 0 < min(one.weight for one in drawn) < max(one.weight for one in drawn) <= 1


@pytest.mark.slow
def test_weights_make_up_for_shared_counters():
    """The mean over the requests of something that goes with the counts, estimated from the first of many draws."""
    rows = [Utterance(f"play song {number}", count=1 + number % 7) for number in range(60)]
    truth = sum(one.count for one in rows if one.count > 5) / sum(one.count for one in rows)
    crowded = Frequencies.of_pool(Pool.of(rows), bits=4)
    weights = yes = plain = 0.0
    for seed in range(1000):
        sample_plan = RandomSample(None, None, crowded, "random", 1, seed, 40, ExcludedKeys([]))
        (one,) = sample_plan.finish(draw_once(sample_plan, rows)).utterances
        weights += one.weight
        yes += one.weight * (one.count > 5)
        plain += one.count > 5
    assert yes / weights == pytest.approx(truth, abs=0.03)
    assert abs(plain / 1000 - truth) > 0.03


def draw_once(sample_plan, rows, blocks={}):  # noqa: B006 - one pool for all seeds
    from canvass.selection.scored_block import NO_MEMBERS, ScoredBlock

    if not blocks:
        batch = next(iter(Pool.of(rows).blocks())).batch
        blocks[0] = ScoredBlock.of(batch, NO_MEMBERS, max_tokens=40, excluded=ExcludedKeys([]))
    scored = blocks[0]
    return sample_plan.find_best(scored, scored.members, worst_passed=np.inf, worst_backfill=np.inf)


@given(st.lists(st.tuples(st.text(max_size=6), st.integers(1, 10**12)), max_size=30), st.integers(1, 8))
def test_a_counter_is_never_below_the_truth_and_does_not_depend_on_the_order(rows, bits):
    counts = Counter()
    forwards, backwards = Frequencies(bits=bits), Frequencies(bits=bits)
    for text, count in rows:
        counts[text] += count
    for some, table in ((rows, forwards), (rows[::-1], backwards)):
        hashes = np.array([hash64(text.encode()) for text, _ in some], dtype=np.uint64)
        table.add(hashes, np.array([count for _, count in some], dtype=np.int64))
    assert (forwards.cells == backwards.cells).all()
    assert int(forwards.cells.sum()) == counts.total()
    assert all(forwards.rate(hash64(text.encode())) >= count for text, count in counts.items())


def test_what_was_never_counted_has_the_rate_one():
    assert Frequencies().rate(12345) == 1
    assert len(LABELLED) > 10
