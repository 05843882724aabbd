"""The table of a task's life, and what answers amount to."""

import runpy
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.store import records, tasks
from canvass.annotation.store.tasks import (
    STATES,
    TRANSITIONS,
    after,
    agree,
    event_of,
    standing,
)
from canvass.types import Slot
from store_records import new_answer

EVENTS = get_args(tasks.Event)
DOCS = Path(__file__).parents[3] / "docs"
ANSWERING = {"answer", "skip", "disagree", "adjudicate", "reopen"}


def test_every_state_and_event_is_in_the_table():
    assert set(STATES) == set(get_args(records.State))
    assert {state for state, _ in TRANSITIONS} == set(STATES)
    assert {event for _, event in TRANSITIONS} == set(EVENTS)
    assert set(TRANSITIONS.values()) == set(STATES) | {None}


def test_an_event_leads_to_one_state():
    """Except from where it cannot happen: the table is a function of the event, so no way matters but the last step."""
    for event in EVENTS:
        assert len({following for (_, one), following in TRANSITIONS.items() if one == event}) == 1


@pytest.mark.parametrize("state", STATES)
def test_a_task_that_waits_takes_any_answer(state):
    """Nothing that somebody says may come to a state that has no place for it."""
    possible = {event for one, event in TRANSITIONS if one == state}
    # What cannot be, by the rules of `event_of`: a last word never goes; what was passed over has
    # nothing said that a single answer could contradict.
    impossible = {"closed": ANSWERING - {"adjudicate"}, "skipped": {"disagree"}}
    assert possible & ANSWERING == ANSWERING - impossible.get(state, set())


@pytest.mark.parametrize("state", ["answered", "skipped", "disputed", "closed"])
def test_only_what_waits_can_be_held_or_go(state):
    for event in ("lease", "release", "withdraw"):
        with pytest.raises(ValueError, match=f"'{event}' cannot happen to a task that is {state}"):
            after(state, event)


def test_a_held_task_cannot_go():
    with pytest.raises(ValueError, match="'withdraw' cannot happen to a task that is leased"):
        after("leased", "withdraw")
    with pytest.raises(ValueError, match="'withdraw' cannot happen to a task that is open"):
        after("open", "withdraw")  # it can, but there is no state after it
    assert TRANSITIONS["open", "withdraw"] is None


def test_the_diagram_has_every_row_of_the_table():
    lines = runpy.run_path(str(DOCS / "generate.py"))["diagram"]().splitlines()
    assert lines[0] == "stateDiagram-v2"
    drawn = set()
    for line in lines[2:]:
        arrow, events = line.split(": ")
        state, following = arrow.split(" --> ")
        drawn |= {
            (state.strip(), event, None if following == "[*]" else following) for event in events.split(", ")
        }
    assert drawn == {(state, event, following) for (state, event), following in TRANSITIONS.items()}


def amounts(*says, wanted=1, heard=None, held=False, **last):
    answers = [new_answer(str(place), 1, f"p{place}", one) for place, one in enumerate(says)]
    if last:
        answers[-1] = new_answer("last", 1, "p-last", says[-1], **last)
    return event_of(answers, heard=len(answers) if heard is None else heard, wanted=wanted, held=held)


@pytest.mark.parametrize(
    ("says", "wanted", "expected"),
    [
        (["Play"], 1, "answer"),
        (["elsewhere"], 1, "answer"),
        (["skip"], 1, "skip"),
        (["skip"], 2, "skip"),
        (["Play"], 2, "reopen"),
        (["Play", "Play"], 2, "answer"),
        (["Play", "Pause"], 2, "disagree"),
        (["Play", "Pause"], 1, "disagree"),
        (["Play", "elsewhere"], 2, "disagree"),
        (["elsewhere", "elsewhere: weather"], 2, "answer"),
        (["elsewhere: qa", "elsewhere: weather"], 2, "disagree"),
        # Agreement of this kind is not transitive: the first agrees with both others.
        (["elsewhere", "elsewhere: weather", "elsewhere: qa"], 1, "disagree"),
        (["skip", "skip"], 2, "skip"),
        (["Play", "skip"], 2, "answer"),
        (["Play", "skip"], 3, "reopen"),
        (["Play", "skip", "Pause"], 1, "disagree"),
    ],
)
def test_what_answers_amount_to_in_any_order(says, wanted, expected):
    for order in permutations(says):
        assert amounts(*order, wanted=wanted) == expected


def test_who_was_heard_counts_after_a_correction_by_another():
    assert amounts("Play", wanted=2, heard=1) == "reopen"
    assert amounts("Play", wanted=2, heard=2) == "answer"


def test_a_task_that_the_next_person_holds_is_left_to_them():
    assert amounts("Play", wanted=2, held=True) is None
    assert amounts("Play", wanted=1, held=True) == "answer"
    assert amounts("skip", wanted=2, held=True) == "skip"
    assert amounts("Play", "Pause", wanted=3, held=True) == "disagree"


@pytest.mark.parametrize(
    "said", [[], ["Play"], ["Play", "Pause"], ["skip"], ["elsewhere: qa", "elsewhere: weather"]]
)
@pytest.mark.parametrize("word", ["Play", "elsewhere", "skip"])
def test_the_last_word_ends_it(said, word):
    assert amounts(*said, word, wanted=9, held=True, adjudicates=True) == "adjudicate"


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"flagged": True, "note": "hm", "seconds": 3.5}, True),
        ({"domain": "qa"}, False),
        ({"intent": "PauseMusic"}, False),
        ({"slots": ()}, False),
        ({"slots": (Slot(5, 9, "TrackName"),)}, False),
        ({"slots": (Slot(5, 8, "ArtistName"),)}, False),
    ],
)
def test_when_frames_agree(changed, same):
    assert agree(new_answer("a", 1), new_answer("b", 1, "kim", **changed)) is same


def test_the_order_of_slots_does_not_matter():
    slots = (Slot(5, 9, "ArtistName"), Slot(0, 4, "Verb"))
    assert agree(new_answer("a", 1, slots=slots), new_answer("b", 1, slots=slots[::-1]))


@given(
    st.permutations(range(5)),
    st.lists(st.sampled_from(["eva", "kim", "lee"]), min_size=5, max_size=5),
    st.integers(0, 9),
)
def test_a_chain_of_corrections_ends_the_same_in_any_order(order, people, last_word):
    """Each answer corrects the one before it, whoever gave it; the end of the chain stands, by any way."""
    chain = [
        new_answer(
            str(place),
            1,
            people[place],
            replaces=str(place - 1) if place else None,
            adjudicates=place == last_word,
        )
        for place in range(5)
    ]
    (stands,) = standing([chain[place] for place in order])
    assert stands == replace(chain[-1], adjudicates=last_word < 5)


def test_the_latest_of_a_person_stands_and_the_latest_last_word():
    answers = [
        new_answer("a", 1, "eva"),
        new_answer("b", 1, "kim"),
        new_answer("c", 1, "eva", adjudicates=True),
        new_answer("d", 1, "eva"),
        new_answer("e", 1, "lee", adjudicates=True),
    ]
    assert {one.id for one in standing(answers)} == {"b", "d", "e"}
    assert [one.id for one in standing(answers[:1])] == ["a"]


def test_what_was_replaced_does_not_come_back():
    """The second answer of eva took the place of the first; its correction by kim does not bring the first back."""
    answers = [new_answer("a", 1, "eva"), new_answer("b", 1, "eva"), new_answer("c", 1, "kim", replaces="b")]
    assert [one.id for one in standing(answers)] == ["c"]


SAYS = st.sampled_from(["Play", "Pause", "skip", "elsewhere", "elsewhere: qa", "elsewhere: weather"])


@given(SAYS, SAYS)
def test_agreement_has_no_direction(one, other):
    left, right = new_answer("a", 1, "eva", one), new_answer("b", 1, "kim", other)
    assert agree(left, right) == agree(right, left)
    assert agree(left, left)


@given(st.lists(SAYS, min_size=1, max_size=4), st.integers(1, 3), st.booleans())
def test_answers_always_amount_to_something_that_the_table_knows(says, wanted, held):
    event = amounts(*says, wanted=wanted, held=held)
    assert event is None or ("leased", event) in TRANSITIONS
