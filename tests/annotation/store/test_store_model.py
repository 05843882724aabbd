"""Any sequence of operations, held against a model that keeps everything in lists and derives the rest anew."""

import dataclasses
import shutil
import tempfile
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from canvass.annotation.store.records import HANDED_OUT
from canvass.annotation.store.task_store import Store
from canvass.annotation.store.tasks import counts
from canvass.errors import AnswerConflict
from store_records import new_answer, new_task

PEOPLE = st.sampled_from(["eva", "kim", "lee"])
SAYS = st.sampled_from(["Play", "Pause", "skip", "elsewhere", "elsewhere: qa", "elsewhere: weather"])
SOURCES = st.sampled_from(["selected", "selected", "random", "outside"])
NEW = st.lists(
    st.tuples(
        st.sampled_from([f"k{place}" for place in range(12)]), SOURCES, st.integers(0, 3), st.integers(1, 3)
    ),
    max_size=6,
    unique_by=lambda one: one[0],
)
LEASE = 10.0
# Nothing here depends on a disk, and thousands of writes that wait for one take minutes.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclasses.dataclass
class Known:
    """What the model knows of a task; its state is derived."""

    number: int
    key: str
    source: str
    priority: float
    wanted: int
    holder: str | None = None
    until: float = 0.0
    seen: bool = False


def same(one, other):
    """Whether two answers say the same; written from the words of the issue, not from the code."""
    if one.kind == other.kind == "frame":
        return (one.domain, one.intent, one.slots) == (other.domain, other.intent, other.slots)
    return one.kind == other.kind and (None in {one.domain, other.domain} or one.domain == other.domain)


class StoreAndModel(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="canvass-model-", dir=MEMORY))
        self.store = Store.create(self.folder / "canvass.db")
        self.now = 0.0
        self.known: dict[int, Known] = {}
        self.said = []  # in the order of arrival

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    # The model

    def of(self, number):
        return [answer for answer in self.said if answer.task == number]

    def is_last(self, answer):
        """Whether an answer is the last word, or corrects it at any remove."""
        by_name = {one.id: one for one in self.said}
        while answer is not None and not answer.adjudicates:
            answer = by_name.get(answer.replaces)
        return answer is not None

    def standing(self, number):
        """Find the answers that stand: those that nothing replaces, and that are the latest in their place.

        An answer is as late as it arrived, unless what corrects it arrived before.
        """
        found = self.of(number)

        def corrections(answer):
            direct = [one for one in found if one.replaces == answer.id]
            return [answer, *(later for one in direct for later in corrections(one))]

        def depth(answer):
            before = next((one for one in found if one.id == answer.replaces), None)
            return 0 if before is None else 1 + depth(before)

        def time(answer):
            return min(found.index(one) for one in corrections(answer)), depth(answer)

        def place(answer):
            return "last word" if self.is_last(answer) else ("word", answer.annotator)

        return [
            one
            for one in found
            if len(corrections(one)) == 1
            and all(time(other) <= time(one) for other in found if place(other) == place(one))
        ]

    def before(self, earlier, name):
        """Leave out what replaces an answer, at one or more removes: circles are refused."""
        replaces = {answer.id: answer.replaces for answer in self.said}
        found = []
        for one in earlier:
            chain = [one]
            while replaces.get(chain[-1]):
                chain.append(replaces[chain[-1]])
            if name not in chain:
                found.append(one)
        return found

    def concluded(self, number):
        """Say what the answers amount to; None: more are wanted."""
        standing = self.standing(number)
        if not self.of(number):
            return None
        if any(self.is_last(answer) for answer in standing):
            return "closed"
        said = [answer for answer in standing if answer.kind != "skip"]
        if not said:
            return "skipped"
        if not all(same(one, other) for one, other in combinations(said, 2)):
            return "disputed"
        heard = {answer.annotator for answer in self.of(number)}
        return "answered" if len(heard) >= self.known[number].wanted else None

    def state(self, number):
        return self.concluded(number) or ("leased" if self.known[number].holder else "open")

    def expire(self):
        for one in self.known.values():
            if one.holder and one.until <= self.now:
                one.holder, one.until = None, 0.0

    def spoken(self, person):
        return {answer.task for answer in self.said if answer.annotator == person}

    def queue(self):
        return sorted(self.known, key=lambda number: (self.known[number].priority, number))

    # The operations

    @initialize(tasks=NEW)
    def first(self, tasks):
        self.swap(tasks)

    @rule(tasks=NEW)
    def swap(self, tasks):
        unanswered = [number for number in self.known if self.state(number) == "open" and not self.of(number)]
        going = [
            number
            for number in unanswered
            if not self.known[number].seen and self.known[number].source in {"selected", "random", "outside"}
        ]
        for number in going:
            del self.known[number]
        left = [
            number for number in unanswered if number not in going and self.known[number].source == "selected"
        ]
        chosen = {key: priority for key, source, priority, _ in tasks if source == "selected"}
        for number in left if tasks else ():
            last = max(priority for _, _, priority, _ in tasks) + 1
            self.known[number].priority = chosen.get(self.known[number].key, last)
        keys = {one.key for one in self.known.values()}
        coming = [one for one in tasks if one[0] not in keys]
        made = [
            new_task(key, source, priority=priority, wanted=wanted) for key, source, priority, wanted in tasks
        ]
        assert self.store.swap(made, round=1) == (len(going), len(coming))
        for key, source, priority, wanted in coming:
            number = self.store.task_of_key(key).id
            assert number not in self.known
            self.known[number] = Known(number, key, source, priority, wanted)

    @rule(tasks=NEW, out=st.booleans())
    def add(self, tasks, out):
        source = "handed out" if out else "imported"
        keys = {one.key: number for number, one in self.known.items()}
        expected = []
        for key, _, _, _ in tasks:
            number = keys.get(key)
            free = number is not None and self.state(number) == "open" and not self.of(number)
            if number is None or (out and free and self.known[number].source == "selected"):
                expected.append(key)
        added = self.store.add(
            [new_task(key, source, priority=1, wanted=wanted) for key, _, _, wanted in tasks]
        )
        assert [one.key for one in added] == expected
        for one in added:
            known = self.known.setdefault(one.id, Known(one.id, one.key, source, 1, one.wanted))
            if out:
                known.holder, known.until, known.seen = HANDED_OUT, 1e99, True

    @rule(person=PEOPLE, count=st.integers(0, 3), holding=st.lists(st.integers(1, 14), max_size=4))
    def lease(self, person, count, holding):
        self.expire()
        free = [
            number
            for number in self.queue()
            if self.state(number) == "open" and number not in self.spoken(person)
        ]
        kept = [
            number
            for number in dict.fromkeys(holding)
            if number in free
            or (
                number in self.known
                and self.state(number) == "leased"
                and self.known[number].holder == person
                and number not in self.spoken(person)
            )
        ]
        fresh = [number for number in free if number not in kept][: max(0, count - len(kept))]
        found = self.store.lease(person, count=count, holding=holding, now=self.now, seconds=LEASE)
        assert [task.id for task in found] == kept + fresh
        for number in kept + fresh:
            one = self.known[number]
            one.holder, one.until, one.seen = person, self.now + LEASE, True

    @rule(person=PEOPLE, numbers=st.lists(st.integers(1, 14), max_size=4))
    def release(self, person, numbers):
        self.store.release(person, numbers)
        for number in numbers:
            one = self.known.get(number)
            if one and one.holder == person and self.state(number) == "leased":
                one.holder, one.until = None, 0.0

    @precondition(lambda self: self.known)
    @rule(data=st.data(), person=PEOPLE, says=SAYS, last=st.sampled_from([False, False, False, True]))
    def save(self, data, person, says, last):
        number = data.draw(st.sampled_from(sorted(self.known)))
        earlier = [answer.id for answer in self.of(number)]
        missing = [one.replaces for one in self.of(number) if one.replaces not in {None, *earlier}]
        # One that is new, or one that something already replaces; replacing one of before, or one that is to come.
        name = data.draw(st.sampled_from([f"a{len(self.said)}", *missing]))
        coming = f"later{len(self.said)}"
        replaces = data.draw(st.sampled_from([None, None, coming, *self.before(earlier, name)]))
        said = new_answer(name, number, person, says, replaces=replaces, adjudicates=last)
        saved = self.store.save(said, now=self.now)
        self.said.append(said)
        one = self.known[number]
        # The holder's own answer, and a file that comes back, end the hold; so does all that concludes the task.
        if self.concluded(number) or one.holder in {person, HANDED_OUT} or one.until <= self.now:
            one.holder, one.until = None, 0.0
        assert saved.state == self.state(number)
        assert not saved.repeated
        assert saved.answer.current == (said in self.standing(number))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), other=st.booleans())
    def send_again(self, data, other):
        answer = data.draw(st.sampled_from(self.said))
        if other:
            try:
                self.store.save(dataclasses.replace(answer, note="other"), now=self.now)
            except AnswerConflict:
                return
            raise AssertionError("another answer was taken for the first")
        saved = self.store.save(answer, now=self.now)
        assert saved.repeated
        assert saved.state == self.state(answer.task)

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def open_again(self):
        self.store.close()
        self.store = Store(self.folder / "canvass.db")

    @rule()
    def restore_a_backup(self):
        self.store.backup(self.folder / "backup.db")
        self.store.close()
        for path in self.folder.glob("canvass.db*"):
            path.unlink()
        (self.folder / "backup.db").rename(self.folder / "canvass.db")
        self.store = Store(self.folder / "canvass.db")

    # What must always hold

    @invariant()
    def tasks_are_those_of_the_model(self):
        found = self.store.tasks()
        assert [task.id for task in found] == self.queue()
        for task in found:
            one = self.known[task.id]
            assert (task.key, task.source, task.priority, task.wanted) == (
                one.key,
                one.source,
                one.priority,
                one.wanted,
            )
            assert task.state == self.state(task.id), (task, self.of(task.id))
            assert task.holder == (one.holder if task.state == "leased" else None)
        assert self.store.keys() == {one.key for one in self.known.values()}
        out = [task for task in found if task.state == "leased" and task.holder == HANDED_OUT]
        assert sum(task.holder == HANDED_OUT for task in self.store.tasks("leased")) == len(out)
        for state, count in self.store.counts().items():
            assert count == sum(self.state(number) == state for number in self.known)

    @invariant()
    def every_answer_is_there_once(self):
        stored = self.store.answers(current_only=False)
        assert [one.id for one in stored] == [answer.id for answer in self.said]
        assert [one.sequence for one in stored] == sorted({one.sequence for one in stored})
        for one, answer in zip(stored, self.said, strict=True):
            for name in ("task", "annotator", "kind", "domain", "intent", "slots", "replaces"):
                assert getattr(one, name) == getattr(answer, name)
            assert not one.current or one.adjudicates == self.is_last(answer)
        standing = {answer.id for number in self.known for answer in self.standing(number)}
        assert {one.id for one in stored if one.current} == standing

    @invariant()
    def what_counts(self):
        accepted = [(task.id, answer.id) for task, answer in self.store.accepted()]
        firsts = list(dict.fromkeys(answer.task for answer in self.said))
        expected = []
        for number in firsts:
            state = self.state(number)
            standing = [one for one in self.standing(number) if one.kind != "skip"]
            if state == "closed":
                standing = [one for one in standing if self.is_last(one)]
            if state in {"answered", "closed"} and standing:
                first = min(standing, key=lambda one: one.domain is None)
                expected.append((number, first.id))
        assert accepted == expected
        states = self.store.states()
        counting = {one.task for one in self.store.answers() if counts(one, states[one.task])}
        assert counting == {number for number, _ in accepted}
        disputes = [(task.id, [one.id for one in answers]) for task, answers in self.store.disputes()]
        assert sorted(disputes) == [
            (number, [one.id for one in self.standing(number)])
            for number in sorted(self.known)
            if self.state(number) == "disputed"
        ]


def test_any_sequence_of_operations():
    run_state_machine_as_test(
        StoreAndModel, settings=settings(max_examples=12, stateful_step_count=20, deadline=None)
    )


@pytest.mark.slow
def test_many_long_sequences_of_operations():
    run_state_machine_as_test(
        StoreAndModel, settings=settings(max_examples=100, stateful_step_count=50, deadline=None)
    )
