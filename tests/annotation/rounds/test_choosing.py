"""The order of the queue: shares hold over a project, whatever part of each queue is used."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.rounds.choosing import order_queue

SHARES = {"random": 0.1, "outside": 0.02}


def picks(name):
    return [f"{name}{number}" for number in range(200)]


def kind(item):
    return item.rstrip("0123456789")


def play(size, used, rounds, shares=SHARES):
    """Make the queue anew again and again, of which the first few are used each time."""
    done = Counter()
    order = []
    for _ in range(rounds):
        queue = order_queue(
            picks("s"),
            {"random": picks("random"), "outside": picks("outside")},
            shares=shares,
            done=done,
            size=size,
        )
        assert len(queue) == len(set(queue)) == size
        for item in queue[:used]:
            done["selected" if kind(item) == "s" else kind(item)] += 1
            order.append(kind(item))
    return done, order


@pytest.mark.parametrize(("size", "used"), [(50, 10), (50, 50), (50, 1), (10, 3), (1, 1)])
def test_shares_hold_over_many_rounds(size, used):
    done, order = play(size, used, 1000 // used)
    total = done.total()
    assert done["random"] == pytest.approx(0.1 * total, abs=1)
    assert done["outside"] == pytest.approx(0.02 * total, abs=1)
    assert not any(order[i] == order[i + 1] != "s" for i in range(len(order) - 1))


@given(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), st.integers(1, 40),
    st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), st.tuples(st.integers(0, 500), st.integers(0, 500)),
)  # fmt: skip
def test_the_queue_is_full_while_there_is_anything(there, size, shares, before):
    (selected, random, outside), (share, other), (done, had) = there, shares, before
    strata = {"random": picks("random")[:random], "outside": picks("outside")[:outside]}
    queue = order_queue(
        picks("s")[:selected], strata, shares={"random": share, "outside": other},
        done={"selected": done, "random": had}, size=size,
    )  # fmt: skip
    assert len(queue) == len(set(queue)) == min(size, selected + random + outside)
    for name, items in (("s", picks("s")), *strata.items()):
        mine = [item for item in queue if kind(item) == name]
        assert mine == items[: len(mine)]


def test_without_shares_the_order_is_that_of_the_strategy():
    queue = order_queue(
        "abc", {"random": "", "outside": ""}, shares={"random": 0, "outside": 0}, done={}, size=9
    )
    assert queue == ["a", "b", "c"]


def test_a_stratum_that_had_nothing_to_give_catches_up_by_one():
    queue = order_queue(
        picks("s"), {"random": picks("random")}, shares={"random": 0.1}, done={"selected": 1000}, size=40
    )
    places = [place for place, item in enumerate(queue) if kind(item) == "random"]
    assert places == [0, 9, 19, 29, 39]


def test_a_stratum_that_had_too_much_waits():
    queue = order_queue(
        picks("s"),
        {"random": picks("random")},
        shares={"random": 0.1},
        done={"selected": 80, "random": 20},
        size=90,
    )
    assert not any(kind(item) == "random" for item in queue)
