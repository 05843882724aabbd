"""Merging partial results: any order and grouping give the same bytes, and what a dict of keys gives."""

import random
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.seeding import hash64
from canvass.selection.partial import SCHEMA, Counters, Partial, best, merge
from canvass.selection.sketch import add_hashes, empty_sketch

KEYS = ["a", "b", "A", "ab", "é", "歌", "\U00010000", "\uffff", "play river", "z", "", "b b"]


@dataclass(frozen=True)
class Seen:
    """One row of a pool. The filter follows from the key, and so does the score, unless another model gave it."""

    key: str
    id: str
    text: str
    count: int
    given: float = 0.0
    intent: str | None = None
    others: str | None = None

    @property
    def intent_probability(self):
        return None if self.intent is None else 0.5

    @property
    def passes(self):
        return WORLD[self.key][0]

    @property
    def score(self):
        return WORLD[self.key][1] + self.given if self.given and self.passes else WORLD[self.key][1]


# Few scores, so that most are ties; -0.0 and 0.0 are a tie, too.
SCORES = [0.0, -0.0, 1.0, -1.5, 1e300]
WORLD = {
    key: (hash64(key.encode()) % 3 != 0, SCORES[hash64(key.encode()) // 3 % len(SCORES)]) for key in KEYS
}

seen = st.builds(
    Seen,
    st.sampled_from(KEYS),
    st.sampled_from(["1", "10", "2", "", "é", "ÿ", "\U00010000", "\uffff"]),
    st.sampled_from(["t", "T", " t", "歌"]),
    st.integers(1, 2**40),
    st.sampled_from([0.0, 0.0, 0.0, 0.5, -0.5]),
    st.sampled_from([None, "A", "B"]),
    st.sampled_from([None, '{"language": "de"}', '{"language": "en"}']),
)
parts = st.lists(st.lists(seen, max_size=6), max_size=7)
sizes = st.sampled_from([1, 2, 3, 5, 8, 20])


def table_of(rows, size):
    columns = [[getattr(row, name) for row in rows] for name in SCHEMA.names]
    return best(pa.table(columns, schema=SCHEMA), size)


def sketch_of(rows):
    found = empty_sketch()
    add_hashes(
        np.array([hash64(row.key.encode()) for row in rows], dtype=np.uint64),
        np.ones(len(rows), dtype=np.bool_),
        found,
    )
    return found


def partial_of(rows, size):
    """What `Plan.score_block` makes of a block."""
    passed = [row for row in rows if row.passes]
    table = table_of(passed, size)
    rest = [] if table.num_rows == size else [row for row in rows if not row.passes]
    return Partial(
        size,
        table,
        table_of(rest, size),
        Counters(len(rows), 0, 0, 0, len(passed)),
        sketch_of(rows),
        sketch_of(passed),
    )


def twin(rows, size):
    """The best keys by brute force: one entry a key, nothing bounded."""
    entries = {}
    for key in {row.key for row in rows}:
        score = min(row.score for row in rows if row.key == key)
        same = [row for row in rows if row.key == key and row.score == score]
        first = min(
            same,
            key=lambda row: (
                row.id,
                row.text,
                row.intent is None,
                row.intent or "",
                row.others is None,
                row.others or "",
            ),
        )
        entries[key] = {
            "key": key,
            "score": score,
            "id": first.id,
            "text": first.text,
            "count": sum(row.count for row in same),
            "intent": first.intent,
            "intent_probability": first.intent_probability,
            "others": first.others,
        }
    order = sorted(entries, key=lambda key: (entries[key]["score"], key))
    tables = [[entries[key] for key in order if WORLD[key][0] is passes][:size] for passes in (True, False)]
    return tables[0], [] if len(tables[0]) == size else tables[1]


def assert_same(one, other):
    assert one.capacity == other.capacity
    assert one.passed.equals(other.passed, check_metadata=True)
    assert one.backfill.equals(other.backfill, check_metadata=True)
    # Table.equals takes -0.0 for 0.0; the bytes of a file would not.
    for name in ("passed", "backfill"):
        columns = [getattr(table, name)["score"].to_numpy().tobytes() for table in (one, other)]
        assert columns[0] == columns[1]
    assert one.counters == other.counters
    assert one.distinct.tobytes() == other.distinct.tobytes()
    assert one.distinct_passed.tobytes() == other.distinct_passed.tobytes()


def merged_at_random(partials, dice):
    """Merge any two, until one is left."""
    left = list(partials)
    while len(left) > 1:
        dice.shuffle(left)
        left.append(merge(left.pop(), left.pop()))
    return left[0]


@given(parts, sizes, st.randoms(use_true_random=False))
def test_any_order_and_grouping_equals_the_whole_and_the_twin(pieces, size, dice):
    rows = [row for piece in pieces for row in piece]
    found = merged_at_random([Partial.empty(size), *(partial_of(piece, size) for piece in pieces)], dice)
    passed, fill = twin(rows, size)
    assert found.passed.to_pylist() == passed
    assert found.backfill.to_pylist() == fill
    assert_same(found, partial_of(rows, size))
    shuffled = rows.copy()
    dice.shuffle(shuffled)
    assert_same(found, partial_of(shuffled, size))


@given(st.lists(seen, max_size=6), st.lists(seen, max_size=6), st.lists(seen, max_size=6), sizes)
def test_merge_is_associative_and_commutative_and_empty_is_neutral(a, b, c, size):
    one, two, three = (partial_of(rows, size) for rows in (a, b, c))
    assert_same(merge(merge(one, two), three), merge(one, merge(two, three)))
    assert_same(merge(one, two), merge(two, one))
    assert_same(merge(one, Partial.empty(size)), one)
    assert_same(merge(Partial.empty(size), one), one)
    for rows, part in ((a, one), (b, two)):
        assert_same(part, partial_of(rows, size))  # merge leaves its arguments as they are


@given(parts, sizes)
def test_rows_beyond_the_worst_change_nothing(pieces, size):
    """The bounds that engines pass to score_block: what they leave out cannot enter."""
    found = Partial.empty(size)
    for piece in pieces:
        near = [
            row for row in piece if row.score <= (found.worst_passed if row.passes else found.worst_backfill)
        ]
        pruned = partial_of(near, size)
        whole = partial_of(piece, size)
        found = merge(
            found,
            Partial(
                size, pruned.passed, pruned.backfill, whole.counters, whole.distinct, whole.distinct_passed
            ),
        )
    rows = [row for piece in pieces for row in piece]
    assert_same(found, partial_of(rows, size))


def test_a_smaller_id_that_comes_late_is_shown_with_its_text():
    size = 2
    pieces = [
        [Seen("z", "7", " z", 3)],
        [Seen("z", "10", "Z?", 4)],
        [Seen("z", "10", "z", 5)],
        [Seen("z", "9", "A", 1)],
    ]
    found = reduce(merge, [partial_of(piece, size) for piece in pieces])
    rows = found.passed.to_pylist() + found.backfill.to_pylist()
    given = {"intent": None, "intent_probability": None, "others": None}
    assert rows == [{"key": "z", "score": WORLD["z"][1], "id": "10", "text": "Z?", "count": 13, **given}]


@pytest.mark.slow
def test_a_thousand_parts_of_a_duplicate_heavy_pool():
    dice = random.Random(8)
    rows = [Seen(dice.choice(KEYS), str(dice.randrange(30)), "t", dice.randrange(1, 4)) for _ in range(3000)]
    pieces = [rows[i : i + 30] for i in range(0, len(rows), 30)]
    found = merged_at_random([partial_of(piece, 3) for piece in pieces], dice)
    assert (found.passed.to_pylist(), found.backfill.to_pylist()) == twin(rows, 3)
    assert found.counters.rows == 3000
    assert found.distinct_keys == len(KEYS)


def test_distinct_keys_that_passed_are_exact_while_the_table_has_room():
    passing = [key for key in KEYS if WORLD[key][0]]
    rows = [Seen(key, "1", "t", 1) for key in KEYS]
    assert partial_of(rows, len(passing) + 1).distinct_keys_passed == len(passing)
    full = partial_of(rows, len(passing))
    assert full.distinct_keys_passed >= len(passing)
    assert full.worst_backfill == -np.inf
    assert full.worst_passed == max(WORLD[key][1] for key in passing)
    assert full.backfill.num_rows == 0
    # An estimate above the rows that there are is lowered to them, one below what is certainly there is raised to it.
    high = np.full_like(full.distinct, 9)
    many = Partial(full.capacity, full.passed, full.backfill, full.counters, high, high)
    assert (many.distinct_keys, many.distinct_keys_passed) == (len(KEYS), len(passing))
    low = Partial(full.capacity, full.passed, full.backfill, full.counters, empty_sketch(), empty_sketch())
    assert low.distinct_keys_passed == full.capacity


def test_partials_of_different_plans_cannot_be_merged():
    with pytest.raises(AssertionError, match="one capacity"):
        merge(Partial.empty(2), Partial.empty(3))
