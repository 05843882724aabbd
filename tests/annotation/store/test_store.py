"""The store: what each method promises."""

from dataclasses import replace

import pytest

from canvass.annotation.store.records import (
    ALONE,
    FOREVER,
    HANDED_OUT,
    Label,
    NewTask,
    ReviewItem,
    Round,
    Task,
    Turns,
)
from canvass.annotation.store.task_store import Store
from canvass.errors import AnswerConflict, InputError
from canvass.types import Slot
from store_records import PREDICTION, REASON, new_answer, new_task


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "canvass.db") as made:
        yield made


def filled(store, count=6, **others):
    """Put tasks 1 to `count` into the queue, in this order."""
    store.swap([new_task(f"k{place}", priority=place, **others) for place in range(1, count + 1)], round=0)


def lease(store, annotator="eva", count=1, *, holding=(), now=100.0):
    found = store.lease(annotator, count=count, holding=holding, now=now, seconds=60.0)
    return [task.id for task in found]


def states(store):
    return {task.id: task.state for task in store.tasks()}


# Tasks


def test_a_task_comes_out_as_it_went_in(store):
    turns = Turns(("a", "b"), ("歌",), 12)
    rare = NewTask(
        "歌 🎵\x00", "歌  🎵\x00", "id", 7, "random", -0.5, PREDICTION, REASON, 2, 7.0, {"day": 3}, turns
    )
    bare = NewTask("k", "k", "u", 1, "imported", 0.0)
    store.swap([rare], round=4)
    (added,) = store.add([bare])
    assert store.task(1) == Task(*(getattr(rare, name) for name in NewTask.__slots__), id=1)
    assert added == store.task(2) == Task(*(getattr(bare, name) for name in NewTask.__slots__), id=2)
    assert store.task_of_key(rare.key) == store.task(1)
    assert store.tasks() == [store.task(1), store.task(2)]
    assert list(store.task(1).reason.members) == ["logistic", "hinge"]


@pytest.mark.parametrize("number", [0, -1, 2, 10**30])
def test_a_task_that_is_not_there(store, number):
    filled(store, 1)
    assert store.task(number) is None
    assert store.answers_of(number) == []
    store.release("eva", [number])
    assert lease(store, holding=[number]) == [1]
    with pytest.raises(InputError, match=f"there is no task {number} in this project"):
        store.save(new_answer("a", number), now=1.0)
    assert store.task_of_key("none") is None


def test_a_swap_takes_away_what_nobody_saw(store):
    filled(store, 6)
    held, returned = lease(store, count=2)
    store.release("eva", [returned])
    store.save(new_answer("without a lease", 3), now=100.0)
    store.add([new_task("given", "imported"), new_task("out", "handed out")])
    assert store.swap(
        [new_task("n1"), new_task("k1"), new_task("k3"), new_task("n2", "outside")], round=1
    ) == (3, 2)
    assert store.keys() == {"k1", "k2", "k3", "given", "out", "n1", "n2"}
    assert store.task(held).state == "leased"
    # Numbers are never given twice: a late answer cannot hit another task.
    assert min(store.task_of_key(key).id for key in ("n1", "n2")) > 8
    assert store.swap([], round=2) == (2, 0)


def test_a_key_twice_in_a_swap_comes_once(store):
    assert store.swap([new_task("k", priority=1), new_task("k", priority=2)], round=0) == (0, 1)
    assert store.task_of_key("k").priority == 1


def test_a_swap_of_more_tasks_than_a_statement_holds(store):
    keys = [f"k{number}" for number in range(200)]
    assert store.swap([new_task(key) for key in [*keys, "k0"]], round=0) == (0, 200)
    assert {task.key for task in store.tasks()} == {*keys}


def test_keys_that_models_may_choose_again_are_free(store):
    filled(store, 2)
    (held,) = lease(store, count=1)
    store.add([new_task("given", "imported"), replace(new_task("twice"), wanted=2)])
    twice = store.task_of_key("twice").id
    taken = {store.task(held).key, "given"}
    assert store.keys(free=False) == taken
    store.save(new_answer("first", twice), now=100.0)  # waits for a second one
    assert store.keys(free=False) == taken | {"twice"}


def test_keys_are_free_again_where_what_was_said_was_withdrawn(store):
    store.swap([replace(new_task("twice"), wanted=2)], round=0)
    twice = store.task_of_key("twice").id
    alone = replace(new_answer("alone", twice), annotator=f"{ALONE}llm")
    assert store.suggest(twice, PREDICTION, alone, now=1.0)
    assert store.keys(free=False) == {"twice"}  # waits for a second one
    assert store.withdraw(now=2.0) == 1
    assert store.keys(free=False) == set()


def test_what_was_given_back_is_ranked_by_newer_models(store):
    filled(store, 2)
    store.swap([new_task("k1"), new_task("k2"), new_task("drawn", "random", priority=3)], round=0)
    everything = lease(store, count=3)
    store.release("eva", everything)
    newer = replace(PREDICTION, confidence=0.5)
    store.swap(
        [new_task("k2", priority=9, prediction=newer), new_task("new", priority=10), new_task("drawn")],
        round=1,
    )
    ranked = {task.key: (task.priority, task.source) for task in store.tasks()}
    assert ranked == {
        "drawn": (3, "random"),
        "k2": (9, "selected"),
        "new": (10, "selected"),
        "k1": (11, "selected"),
    }
    assert store.task_of_key("k2").prediction == newer
    assert store.task_of_key("drawn").prediction == PREDICTION


def test_what_has_an_answer_keeps_its_prediction(store):
    filled(store, 1, wanted=2)
    lease(store)
    store.save(new_answer("a", 1), now=1.0)
    store.swap([new_task("k1", prediction=replace(PREDICTION, confidence=0.5), priority=7)], round=1)
    assert store.task(1).prediction == PREDICTION
    assert store.task(1).priority == 1


def test_what_was_handed_out_is_not_offered(store):
    filled(store, 3)
    lease(store, "kim")
    store.save(new_answer("a", 2), now=1.0)
    added = store.add([new_task(key, "handed out") for key in ("k1", "k2", "k3", "new")])
    assert [task.key for task in added] == ["k3", "new"]
    assert {(task.state, task.holder, task.until) for task in added} == {("leased", HANDED_OUT, FOREVER)}
    assert [task.source for task in added] == ["selected", "handed out"]
    assert lease(store, "eva", 5, now=1e10) == [1]
    assert store.save(new_answer("from the file", 3, "kim"), now=2.0).state == "answered"
    store.release(HANDED_OUT, [added[1].id])
    assert lease(store, "eva", 5, holding=[1], now=1e10) == [1, added[1].id]


def test_a_random_pick_is_not_handed_out(store):
    filled(store, 1, source="random")
    assert store.add([new_task("k1", "handed out")]) == []
    assert store.task(1).state == "open"


def test_imported_tasks_with_a_known_key_are_left_out(store):
    filled(store, 1)
    assert [task.key for task in store.add([new_task("k1", "imported"), new_task("k9", "imported")])] == [
        "k9"
    ]


# Leases


def test_tasks_are_leased_by_priority(store):
    store.swap([new_task("last", priority=2.5), new_task("tie"), new_task("other tie")], round=0)
    assert lease(store, count=2) == [2, 3]
    assert lease(store, "kim", count=2) == [1]
    assert lease(store, "lee", count=2) == []
    held = store.task(2)
    assert (held.state, held.holder, held.until) == ("leased", "eva", 160.0)


def test_nobody_gets_what_another_holds_until_it_runs_out(store):
    filled(store, 2)
    assert lease(store, "eva", 2, now=100) == [1, 2]
    assert lease(store, "kim", 2, now=159.9) == []
    assert lease(store, "kim", 1, now=160) == [1]
    # The holder may renew what nobody took in the meantime.
    assert lease(store, "eva", 2, holding=[1, 2], now=161) == [2]
    assert store.task(2).until == 221


def test_renewing_comes_before_topping_up(store):
    filled(store, 5)
    assert lease(store, count=3) == [1, 2, 3]
    assert lease(store, count=3, holding=[3, 2, 3], now=120) == [3, 2, 4]
    assert [store.task(number).until for number in (1, 2, 3, 4)] == [160, 180, 180, 180]
    assert lease(store, count=1, holding=[2, 3, 4]) == [2, 3, 4]
    assert lease(store, count=0) == []


def test_a_renewed_lease_that_had_run_out_is_not_given_twice(store):
    filled(store, 2)
    assert lease(store, count=1) == [1]
    assert lease(store, count=2, holding=[1], now=500) == [1, 2]


def test_giving_back(store):
    filled(store, 2)
    lease(store, "eva")
    store.release("kim", [1, 2])
    assert states(store) == {1: "leased", 2: "open"}
    store.release("eva", [1, 2])
    assert states(store) == {1: "open", 2: "open"}
    assert lease(store, "kim") == [1]


def test_nobody_gets_what_they_answered_or_skipped(store):
    filled(store, 3, wanted=2)
    store.save(new_answer("a", 1), now=100.0)
    store.save(new_answer("b", 2, says="skip"), now=100.0)
    assert lease(store, "eva", 5, holding=[1, 2]) == [3]
    assert lease(store, "kim", 5, holding=[1, 2]) == [1]


def test_a_lease_goes_through_no_other_task(store):
    filled(store, 2000)
    held = lease(store, count=3)
    hundreds = []
    store._connection.set_progress_handler(lambda: hundreds.append(1), 100)  # instructions of SQLite
    assert lease(store, count=3, holding=held) == held
    store.release("eva", held)
    assert len(hundreds) < 100


# Answers


def test_an_answer_comes_out_as_it_went_in(store):
    filled(store, 1)
    lease(store)
    said = new_answer(
        "歌",
        1,
        "Éva 🎵",
        slots=(Slot(5, 9, "ArtistName"), Slot(0, 4, "Verb")),
        flagged=True,
        note="a\x00b\n\u200f",
        seconds=3.25,
        shown=replace(PREDICTION, round=2),
    )
    answer, state, repeated = store.save(said, now=123.5)
    assert (state, repeated) == ("answered", False)
    for name in said.__slots__ or ():
        if name != "slots":
            assert getattr(answer, name) == getattr(said, name)
    assert answer.slots == tuple(sorted(said.slots))
    assert (answer.at, answer.sequence, answer.prediction, answer.current) == (123.5, 1, PREDICTION, True)
    assert store.answers() == store.answers_of(1) == [answer]
    assert store.accepted() == store.history(None, limit=9) == [(store.task(1), answer)]
    task = store.task(1)
    assert (task.state, task.holder, task.until) == ("answered", None, 0)


@pytest.mark.parametrize("slots", [None, ()])
def test_no_slots_and_not_annotated_are_two_things(store, slots):
    filled(store, 1)
    assert store.save(new_answer("a", 1, slots=slots), now=1.0).answer.slots == slots


def test_the_same_answer_again_changes_nothing(store):
    filled(store, 2)
    said = new_answer("a", 1, slots=(Slot(5, 9, "b"), Slot(0, 4, "a")), seconds=2.0)
    first = store.save(said, now=1.0)
    again = store.save(replace(said, seconds=5.0, slots=said.slots[::-1], shown=PREDICTION), now=9.0)
    assert (again.answer, again.state, again.repeated) == (first.answer, "answered", True)
    store.save(new_answer("b", 1, "kim", "Pause"), now=10.0)
    assert store.save(said, now=11.0).state == "disputed"
    assert len(store.answers(current_only=False)) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"task": 2},
        {"annotator": "kim"},
        {"kind": "elsewhere"},
        {"domain": None},
        {"intent": "PauseMusic"},
        {"slots": None},
        {"slots": ()},
        {"flagged": True},
        {"note": "x"},
        {"replaces": "b"},
    ],
)
def test_another_answer_under_the_same_id_is_refused(store, changed):
    filled(store, 2)
    said = new_answer("a", 1)
    store.save(said, now=1.0)
    with pytest.raises(AnswerConflict, match="answer 'a' was saved before with another content"):
        store.save(replace(said, **changed), now=2.0)
    assert len(store.answers(current_only=False)) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"annotator": ""}, "annotator of the answer is empty"),
        ({"id": ""}, "id of the answer is empty"),
        ({"note": "a\ud83d"}, "note of the answer holds half of a character"),
        ({"slots": (Slot(0, 1, "\udc00"),)}, r"slots\[0\].label of the answer holds half"),
        ({"seconds": float("nan")}, "seconds of the answer is nan; give a number"),
        ({"seconds": float("inf")}, "seconds of the answer is inf; give a number"),
        ({"replaces": "other"}, "is of task 1, but replaces one of task 2"),
        ({"replaces": "a"}, "answer 'a' replaces itself"),
    ],
)
def test_malformed_answers_are_refused_whole(store, changed, sentence):
    filled(store, 2)
    store.save(new_answer("other", 2), now=1.0)
    with pytest.raises(InputError, match=sentence):
        store.save(replace(new_answer("a", 1), **changed), now=2.0)
    assert states(store) == {1: "open", 2: "answered"}
    assert len(store.answers()) == 1


def test_a_correction_keeps_the_old_answer(store):
    filled(store, 1)
    store.save(new_answer("a", 1), now=1.0)
    assert store.save(new_answer("b", 1, says="Pause", replaces="a"), now=2.0).state == "answered"
    assert store.save(new_answer("c", 1, says="elsewhere", replaces="b"), now=3.0).state == "answered"
    assert [(one.id, one.current) for one in store.answers(current_only=False)] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]
    assert [one.id for one in store.answers()] == ["c"]
    assert [one.id for one in store.answers_of(1)] == ["a", "b", "c"]
    assert [one.id for _, one in store.accepted()] == ["c"]


def test_a_second_answer_of_the_same_person_is_a_correction(store):
    """Two windows, one person: no dispute with oneself."""
    filled(store, 1)
    store.save(new_answer("a", 1), now=1.0)
    assert store.save(new_answer("b", 1, says="Pause"), now=2.0).state == "answered"
    assert [one.id for one in store.answers()] == ["b"]


def test_a_correction_that_overtook_what_it_corrects(store):
    filled(store, 1)
    store.save(new_answer("b", 1, says="Pause", replaces="a"), now=1.0)
    late = store.save(new_answer("a", 1), now=2.0)
    assert (late.answer.current, late.state) == (False, "answered")
    assert [one.intent for one in store.answers()] == ["Pause"]


def test_a_chain_of_corrections_that_came_out_of_order(store):
    filled(store, 1)
    store.save(new_answer("a", 1, "eva"), now=1.0)
    assert store.save(new_answer("c", 1, "lee", "Stop", replaces="b"), now=2.0).state == "disputed"
    assert store.save(new_answer("b", 1, "kim", "Pause", replaces="a"), now=3.0).state == "answered"
    assert [one.id for one in store.answers()] == ["c"]


def test_a_correction_of_the_last_word_that_came_before_it(store):
    filled(store, 1)
    store.save(new_answer("c", 1, says="Stop", replaces="b"), now=1.0)
    assert store.save(new_answer("a", 1, "lee", adjudicates=True), now=2.0).state == "closed"
    assert store.save(new_answer("b", 1, says="Pause", replaces="a"), now=3.0).state == "closed"
    assert [(one.id, one.adjudicates) for one in store.answers()] == [("c", True)]
    assert [one.id for _, one in store.accepted()] == ["c"]


def test_a_correction_that_turns_out_to_be_the_last_word_leaves_the_word_before_it(store):
    filled(store, 1)
    store.save(new_answer("a", 1, "kim"), now=1.0)
    store.save(new_answer("c", 1, "kim", "Stop", replaces="b"), now=2.0)
    assert store.save(new_answer("b", 1, "eva", adjudicates=True), now=3.0).state == "closed"
    assert [(one.id, one.adjudicates) for one in store.answers()] == [("a", False), ("c", True)]


def test_corrections_in_a_circle_are_refused(store):
    filled(store, 1)
    store.save(new_answer("b", 1, replaces="a"), now=1.0)
    store.save(new_answer("c", 1, replaces="b"), now=2.0)
    with pytest.raises(InputError, match="answer 'a' replaces one that replaces it; name an earlier answer"):
        store.save(new_answer("a", 1, replaces="c"), now=3.0)
    assert [one.id for one in store.answers()] == ["c"]


def test_correcting_the_answer_of_another(store):
    filled(store, 1)
    store.save(new_answer("a", 1, "eva"), now=1.0)
    assert store.save(new_answer("b", 1, "kim", "Pause", replaces="a"), now=2.0).state == "answered"
    assert [one.annotator for _, one in store.accepted()] == ["kim"]


def test_late_answers_of_two(store):
    filled(store, 2)
    assert lease(store, "eva", 2) == [1, 2]
    assert lease(store, "kim", 2, now=1000) == [1, 2]
    assert store.save(new_answer("a", 1, "eva"), now=1001.0).state == "answered"
    assert store.save(new_answer("b", 1, "kim"), now=1002.0).state == "answered"
    assert store.save(new_answer("c", 2, "kim"), now=1003.0).state == "answered"
    assert store.save(new_answer("d", 2, "eva", "Pause"), now=1004.0).state == "disputed"
    assert [one.id for _, one in store.accepted()] == ["a"]
    ((task, answers),) = store.disputes()
    assert (task.id, [one.id for one in answers]) == (2, ["c", "d"])


def test_a_skipped_task_is_offered_to_nobody_and_can_be_taken_up(store):
    filled(store, 1)
    lease(store)
    assert store.save(new_answer("a", 1, says="skip"), now=1.0).state == "skipped"
    assert lease(store, "kim", 3, now=1e9) == []
    assert store.accepted() == []
    assert store.save(new_answer("b", 1, replaces="a"), now=2.0).state == "answered"
    assert store.save(new_answer("c", 1, says="skip", replaces="b"), now=3.0).state == "skipped"


def test_two_are_wanted(store):
    filled(store, 3, wanted=2)
    assert lease(store, "eva", 3) == [1, 2, 3]
    assert [store.save(new_answer(f"a{number}", number), now=1.0).state for number in (1, 2)] == [
        "open",
        "open",
    ]
    assert lease(store, "eva", 3, holding=[1, 2, 3]) == [3]
    assert lease(store, "kim", 3) == [1, 2]
    assert store.accepted() == []
    assert store.save(new_answer("b1", 1, "kim"), now=2.0).state == "answered"
    assert store.save(new_answer("b2", 2, "kim", "elsewhere"), now=2.0).state == "disputed"
    assert store.save(new_answer("c2", 2, "kim", replaces="b2"), now=3.0).state == "answered"
    assert [one.id for _, one in store.accepted()] == ["a1", "a2"]


def test_a_first_answer_leaves_the_task_to_the_next_who_holds_it(store):
    filled(store, 1, wanted=2)
    lease(store, "eva")
    assert lease(store, "kim", now=200) == [1]
    assert store.save(new_answer("a", 1, "eva"), now=201.0).state == "leased"
    assert store.task(1).holder == "kim"
    assert store.save(new_answer("b", 1, "kim"), now=202.0).state == "answered"


def test_a_lease_that_ran_out_holds_nothing_back(store):
    filled(store, 1, wanted=2)
    lease(store, "kim", now=100)
    assert store.save(new_answer("a", 1, "eva"), now=161.0).state == "open"


def test_a_file_that_comes_back_holds_nothing_back(store):
    (task,) = store.add([new_task("k", "handed out", wanted=2)])
    assert store.save(new_answer("a", task.id), now=1.0).state == "open"


def test_of_two_that_place_it_elsewhere_the_one_that_says_where_counts(store):
    filled(store, 1, wanted=2)
    store.save(new_answer("a", 1, "eva", "elsewhere"), now=1.0)
    assert store.save(new_answer("b", 1, "kim", "elsewhere: qa"), now=2.0).state == "answered"
    assert [one.domain for _, one in store.accepted()] == ["qa"]


def test_the_last_word(store):
    filled(store, 1)
    store.save(new_answer("a", 1, "eva"), now=1.0)
    store.save(new_answer("b", 1, "kim", "Pause"), now=2.0)
    assert store.save(new_answer("c", 1, "kim", "Stop", adjudicates=True), now=3.0).state == "closed"
    assert [one.id for _, one in store.accepted()] == ["c"]
    # What the others say stays to be read, and no longer matters.
    assert [one.id for one in store.answers()] == ["a", "b", "c"]
    assert store.save(new_answer("d", 1, "lee", "Stop"), now=4.0).state == "closed"
    assert store.save(new_answer("e", 1, "eva", "Stop", replaces="a"), now=5.0).state == "closed"
    assert [one.id for _, one in store.accepted()] == ["c"]
    assert store.disputes() == []
    # A correction of the last word is the last word; sent again, it is the same answer.
    corrected = new_answer("f", 1, "lee", "Play", replaces="c")
    assert store.save(corrected, now=6.0).answer.adjudicates
    assert store.save(corrected, now=7.0).repeated
    assert [one.id for _, one in store.accepted()] == ["f"]
    assert store.save(new_answer("g", 1, "eva", "skip", adjudicates=True), now=8.0).state == "closed"
    assert store.accepted() == []


def test_accepted_answers_keep_their_order_when_they_are_corrected(store):
    filled(store, 3)
    for place, number in enumerate((2, 3, 1)):
        store.save(new_answer(f"a{number}", number), now=place)
    store.save(new_answer("b2", 2, says="Pause", replaces="a2"), now=9.0)
    assert [one.id for _, one in store.accepted()] == ["b2", "a3", "a1"]


def test_history(store):
    filled(store, 5)
    for number in range(1, 6):
        store.save(new_answer(f"a{number}", number, "eva" if number % 2 else "kim"), now=1.0)
    store.save(new_answer("b1", 1, replaces="a1"), now=2.0)

    def names(*arguments, **others):
        return [one.id for _, one in store.history(*arguments, **others)]

    assert names(None, limit=9) == ["b1", "a5", "a4", "a3", "a2"]
    assert names("eva", limit=2) == ["b1", "a5"]
    before = store.history("eva", limit=2)[-1][1].sequence
    assert names("eva", limit=2, before=before) == ["a3"]
    assert names("eva", limit=9, before=10**30, current_only=False) == ["b1", "a5", "a3", "a1"]
    assert names("nobody", limit=9) == []


def test_the_tally_of_an_annotator(store):
    filled(store, 5)
    for number in (1, 2, 3, 4):
        store.save(new_answer(f"a{number}", number, seconds=10.0**number), now=number)
    store.save(new_answer("b", 4, seconds=5.0, replaces="a4"), now=5)
    store.save(new_answer("c", 5, "kim"), now=5)
    store.save(new_answer("d", 5, says="skip"), now=5)
    assert store.tally("eva", since=2) == (4, 3, 100.0)
    assert store.tally("eva", since=6) == (4, 0, None)
    assert store.tally("nobody", since=0) == (0, 0, None)


def test_counts(store):
    assert store.counts() == dict.fromkeys(("open", "leased", "answered", "skipped", "disputed", "closed"), 0)
    filled(store, 5)
    lease(store)
    store.save(new_answer("a", 2), now=1.0)
    store.save(new_answer("b", 3, says="skip"), now=1.0)
    assert [number for number in store.counts().values() if number] == [2, 1, 1, 1]
    assert [task.id for task in store.tasks("answered", "leased")] == [1, 2]


# The rest


def test_rounds(store):
    first = Round(0, 10.0, 0, 50, 20, seconds=1.5, failure="too few examples")
    full = Round(1, 20.0, 10, 60, 25, 0.25, 0.125, 0.75, 100, 0.99, 1.0)
    store.add_round(full)
    store.add_round(first)
    assert store.rounds() == [first, full]
    store.add_round(replace(first, failure=""))
    assert store.rounds() == [replace(first, failure=""), full]


def test_review(store):
    items = [
        ReviewItem("twins", (3, 1), "play", "answered differently", 0.5),
        ReviewItem("contradicted", (2,), "a", "b", 1),
    ]
    store.set_review(items)
    assert store.review() == items
    store.set_review(items[1:])
    assert store.review() == items[1:]
    store.set_review([])
    assert store.review() == []


def test_labels(store):
    store.add_label("slot", "Verb", "what to do", "eva", 1.0)
    store.add_label("intent", "Verb", "", "kim", 2.0)
    store.add_label("slot", "Verb", "another", "kim", 3.0)
    assert store.labels() == [
        Label("slot", "Verb", "what to do", "eva", 1.0),
        Label("intent", "Verb", "", "kim", 2.0),
    ]


def test_small_facts(store):
    assert store.fact("x") is None
    store.set_fact("x", "1")
    store.set_fact("x", "2 歌")
    assert store.fact("x") == "2 歌"
