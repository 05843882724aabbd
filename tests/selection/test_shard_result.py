"""Results of shards as they travel, and how they are merged and joined."""

import itertools
import random
from dataclasses import replace
from functools import reduce

import pyarrow as pa
import pytest

from canvass.corpus.pool import Pool
from canvass.errors import EngineError
from canvass.features.key_sample import KeySample
from canvass.selection.multi_target import Plans
from canvass.selection.shard_result import Faults, ShardResult, join_results, merge_results, settled
from canvass.selection.wire import (
    RESULT_SCHEMA,
    RESULT_VERSION,
    join_bytes,
    merge_bytes,
    result_of_bytes,
    result_to_bytes,
)
from canvass.types import Target
from examples import MUSIC
from pools import LABELLED, ROWS


@pytest.fixture(scope="module")
def plans():
    return Plans.train(LABELLED, [MUSIC, Target("intent", "PlayMusic")], strategy="qbc-as", size=9)


@pytest.fixture(scope="module")
def results(plans):
    found = []
    for number, block in enumerate(Pool.of(ROWS, rows=40).blocks()):
        bad = Faults(number % 3, f"line of {number}", (number, 0)) if number % 3 else Faults()
        found.append(ShardResult(plans.score_block(block.batch, plans.empty()), bad))
    found[4] = ShardResult(plans.empty(), unreadable=Faults(1, "file 4 is damaged", (4, 0)))
    found[2] = ShardResult(plans.empty(), unreadable=Faults(1, "file 2 is damaged", (2, 7)))
    return found


def same(one, other):
    return result_to_bytes(one) == result_to_bytes(other)


def test_bytes_and_back(results, plans):
    for result in [*results, ShardResult(plans.empty())]:
        back = result_of_bytes(result_to_bytes(result))
        assert same(back, result)
        for some, others in zip(back.partials, result.partials, strict=True):
            assert some.passed.equals(others.passed)
            assert some.backfill.equals(others.backfill)
            assert some.counters == others.counters
            assert (some.distinct == others.distinct).all()
            assert (some.worst_passed, some.worst_backfill) == (others.worst_passed, others.worst_backfill)
        assert (back.bad_lines, back.bad_files, back.unreadable) == (
            result.bad_lines, result.bad_files, result.unreadable,
        )  # fmt: skip


def test_any_tree_of_merges_gives_the_same(results, plans):
    expected = reduce(merge_results, results)
    assert (expected.bad_files.count, expected.bad_files.first) == (2, "file 2 is damaged")
    assert expected.bad_lines.first == "line of 1"
    dice = random.Random(8)
    for _ in range(5):
        some = [result_to_bytes(result) for result in results]
        while len(some) > 1:
            dice.shuffle(some)
            width = dice.randrange(2, 6)
            some = [merge_bytes(some[start : start + width]) for start in range(0, len(some), width)]
        assert same(result_of_bytes(some[0]), expected)
        assert plans.finish(result_of_bytes(some[0]).partials) == plans.finish(expected.partials)


def test_a_file_with_an_unreadable_part_counts_for_nothing(results, plans):
    for number in range(3):
        some = [results[0], results[1], results[3]]
        some[number] = results[4]
        for order in itertools.permutations(some):
            joined = result_of_bytes(join_bytes(None, [result_to_bytes(one) for one in order]))
            assert joined.unreadable == results[4].unreadable
            assert joined.partials[0].counters.rows == 0
            assert settled(joined).bad_files == Faults(1, "file 4 is damaged", (4, 0))
    both = join_results(results[4], results[2], tolerated=None)
    assert both.unreadable.first == "file 2 is damaged"


def test_a_file_with_too_many_bad_lines_cannot_be_read(results):
    one, other = (replace(results[0], bad_lines=Faults(2, f"line {n}", (0, n))) for n in (9, 5))
    assert join_results(one, other, tolerated=4).unreadable is None
    assert join_results(one, other, tolerated=None).bad_lines == Faults(4, "line 5", (0, 5))
    joined = join_results(one, other, tolerated=3)
    assert joined.unreadable.first == "line 5"
    assert joined.partials[0].counters.rows == 0
    assert settled(joined).bad_files.count == 1


def sampled(result, number):
    """Add a sample that is full."""
    sample = KeySample(300)
    sample.add(pa.array([f"request {i} of {number % 2}" for i in range(50)]))
    return replace(result, sample=sample)


def test_samples_travel_and_merge(results):
    some = [sampled(result, number) for number, result in enumerate(results)]
    keys, bound = some[0].sample.to_parts()
    assert 5 < len(keys) < 50 > bound
    back = result_of_bytes(result_to_bytes(some[0]))
    assert same(back, some[0])
    assert back.sample.limit == 300
    assert back.sample.to_parts() == (keys, bound)
    expected = KeySample(300)
    for number, result in enumerate(some):
        if result.unreadable is None:  # these count for nothing
            expected.merge(sampled(result, number).sample)
    random.Random(3).shuffle(some)
    merged = merge_bytes([result_to_bytes(settled(result)) for result in some])
    assert result_of_bytes(merged).sample.to_parts() == expected.to_parts()


def test_a_sample_of_other_bytes_is_refused(results):
    data = result_to_bytes(sampled(results[0], 0))
    plain = len(result_to_bytes(results[0]))
    for wrong in (data[:-20], data[: plain + 30], data[:plain] + other_schema(), data[:plain] + b"more"):
        with pytest.raises(EngineError, match="a worker sent something else"):
            result_of_bytes(wrong)


def other_schema():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("a", pa.int64())])) as stream:
        stream.write_batch(pa.RecordBatch.from_pydict({"a": [1]}))
    return sink.getvalue().to_pybytes()


def other_version(result):
    data = result_to_bytes(result)
    with pa.ipc.open_stream(data) as stream:
        batch = stream.read_next_batch()
        schema = RESULT_SCHEMA.with_metadata(
            stream.schema.metadata | {b"version": str(RESULT_VERSION + 1).encode()}
        )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(batch.cast(schema))
    return sink.getvalue().to_pybytes()


def test_other_bytes_are_refused(results):
    data = result_to_bytes(results[0])
    for wrong in (b"", b"nothing", data[: len(data) // 2], other_schema(), other_version(results[0])):
        with pytest.raises(EngineError, match="a worker sent something else"):
            result_of_bytes(wrong)


def test_faults_add_up_in_any_order():
    some = [Faults(2, "b", (1, 5)), Faults(1, "a", (1, 2)), Faults(), Faults(3, "c", (7, 0))]
    for order in itertools.permutations(some):
        assert reduce(Faults.__add__, order) == Faults(6, "a", (1, 2))
