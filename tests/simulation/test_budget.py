"""Schedules and units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.errors import OptionError
from canvass.simulation.budget import UNITS, cost, count_affordable, extend_schedule, parse_schedule
from canvass.types import Slot, Utterance
from examples import music, others

UTTERANCES = [*music(), *others()]


def test_what_an_annotation_costs():
    utterance = Utterance("play river, now", slots=(Slot(5, 10, "song"),))
    assert [cost(utterance, unit) for unit in UNITS] == [1, 4, 2]
    assert [cost(Utterance("", slots=None), unit) for unit in UNITS] == [1, 1, 1]


@given(st.lists(st.sampled_from(UTTERANCES)), st.sampled_from(UNITS), st.integers(0, 60))
def test_a_ranking_is_taken_until_the_budget_is_spent(ranked, unit, budget):
    count = count_affordable(ranked, unit, budget)
    costs = [cost(utterance, unit) for utterance in ranked]
    assert sum(costs[:count]) >= budget or count == len(ranked)
    assert count == 0 or sum(costs[: count - 1]) < budget


@given(st.lists(st.integers(1, 50), min_size=1), st.integers(1, 4))
def test_a_prolonged_schedule_begins_as_the_short_one_and_spends_as_often_as_asked(schedule, times):
    extended = extend_schedule(schedule, times)
    assert list(extended[: len(schedule)]) == schedule
    assert sum(extended) == times * sum(schedule)
    assert all(0 < batch <= schedule[-1] for batch in extended[len(schedule) :])


@pytest.mark.parametrize("words", ["", "10,", "10,0", "-1", "ten", "1.5"])
def test_what_is_no_schedule_is_refused(words):
    with pytest.raises(OptionError, match=r"--batch .* such as 10,10,20,40"):
        parse_schedule(words)
