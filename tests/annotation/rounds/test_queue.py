"""The queue: rounds behind the annotators' backs, failures in words, and a quick stop."""

import json
import os
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from projects import make_project

from canvass.annotation.project.annotations import complete
from canvass.annotation.project.backing_up import keep_backup
from canvass.annotation.project.settings import with_changes
from canvass.annotation.rounds import queue as queue_module
from canvass.annotation.rounds.queue import PREPARING, Queue
from canvass.annotation.store.records import NewAnswer
from canvass.annotation.store.task_store import Store
from canvass.errors import FileError

PATIENCE = 120  # seconds, on a busy machine


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "project") as made:
        made.settings = with_changes(made.settings, "queue", size=12, retrain_after=3, idle_seconds=1e6)
        yield made


@contextmanager
def running(project, **options):
    queue = Queue(project, **options)
    queue.start()
    try:
        yield queue
    finally:
        queue.stop()


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def generation(queue, number, phase="fresh"):
    def there():
        state = queue.state()
        return state.generation >= number and state.phase == phase

    until(there)
    return queue.state()


def answer(project, queue, count, annotator="ann", now=0.0):
    """Accept what is predicted for the next tasks."""
    tasks = project.store.lease(annotator, count=count, now=now, seconds=600)
    assert len(tasks) == count
    for task in tasks:
        said = NewAnswer(
            f"{annotator}-{task.id}",
            task.id,
            annotator,
            "frame",
            None,
            task.prediction.intent,
            task.prediction.slots,
        )
        project.store.save(complete(said, project.target, project.given.domain_of_intent), now=now)
        queue.answered()
    return tasks


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_rounds_have_the_least_priority_and_nothing_else_has(project):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with running(project) as queue:
        generation(queue, 1)
        assert os.getpriority(os.PRIO_PROCESS, queue._thread.native_id) == queue_module.NICE > before
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_the_first_round_is_played_at_once(project):
    queue = Queue(project, clock=lambda: 5.0)
    assert queue.state() == queue_module.QueueState(0, "waiting", PREPARING, 0)
    queue.start()
    state = generation(queue, 1)
    queue.stop()
    assert (state.generation, state.ready) == (1, 12)
    (played,) = project.store.rounds()
    assert (played.number, played.at, played.answers, played.failure) == (0, 5.0, 0, "")
    assert played.labelled == len(project.labelled)
    assert 0 < played.target_labelled < played.labelled
    assert played.held_out == sum(map(project.target.matches, project.test))
    assert 0 <= played.slot_error_rate <= 1
    assert played.seconds > 0
    assert {task.source for task in project.store.tasks("open")} == {"selected", "random"}


def test_it_trains_anew_after_so_many_answers_and_touches_nothing_that_is_held(project):
    with running(project) as queue:
        generation(queue, 1)
        held = project.store.lease("bob", count=2, now=0.0, seconds=600)
        done = answer(project, queue, 2)
        assert queue.state().generation == 1
        answer(project, queue, 1)
        generation(queue, 2)
        answer(project, queue, 3)
        generation(queue, 3)
        assert [project.store.task(task.id) for task in held] == held
        assert all(project.store.task(task.id).state == "answered" for task in done)
    assert [(one.number, one.answers) for one in project.store.rounds()] == [(0, 0), (1, 3), (2, 6)]
    assert {task.prediction.round for task in project.store.tasks("open")} == {2}
    kept = sorted((project.folder / "backups").iterdir())
    assert [file.name for file in kept] == ["before-000001.db", "before-000002.db"]
    with Store(kept[0]) as copy:
        assert len(copy.answers()) == 3


def test_the_newest_ten_backups_are_kept_and_none_is_needed(project, monkeypatch, caplog):
    for number in range(12):
        keep_backup(project, number)
    kept = sorted(file.name for file in (project.folder / "backups").iterdir())
    assert kept == [f"before-{number:06d}.db" for number in range(2, 12)]

    def full(*_):
        raise FileError("the disk is full")

    monkeypatch.setattr(queue_module, "keep_backup", full)
    Queue(project)._back_up(1, 5)
    assert "no backup was kept before training: the disk is full" in caplog.text


def test_it_trains_anew_when_nobody_has_answered_for_a_while(project):
    project.settings = with_changes(project.settings, "queue", idle_seconds=0.2)
    with running(project) as queue:
        generation(queue, 1)
        answer(project, queue, 1)
        generation(queue, 2)
        time.sleep(0.5)
        assert queue.state().generation == 2  # nothing new


def test_an_empty_queue_does_not_wait(project):
    project.settings = with_changes(project.settings, "queue", size=2, retrain_after=50)
    with running(project) as queue:
        generation(queue, 1)
        answer(project, queue, 2)
        assert generation(queue, 2).ready == 2


def test_a_round_that_fails_leaves_the_queue_and_says_why(project):
    pool = project.folder.parent / "project-pool.jsonl"
    good = pool.read_text()
    with running(project) as queue:
        generation(queue, 1)
        pool.write_text("{no json\n")
        before = {task.id for task in project.store.tasks("open")}
        done = {task.id for task in answer(project, queue, 3)}
        until(lambda: queue.state().phase == "failed")
        state = queue.state()
        assert (state.generation, state.ready) == (1, 9)
        assert "project-pool.jsonl:1" in state.message
        assert {task.id for task in project.store.tasks("open")} == before - done
        pool.write_text(good)
        answer(project, queue, 3)
        assert generation(queue, 2).message.count("no json") == 0
    assert [(one.number, one.answers) for one in project.store.rounds()] == [(0, 0), (1, 6)]


def test_a_failure_before_the_first_queue_is_said_too(project):
    project.given.__dict__["labelled"] = tuple(one for one in project.labelled if project.target.matches(one))
    with running(project) as queue:
        until(lambda: queue.state().phase == "failed")
        assert "only utterances of domain:music" in queue.state().message
        assert queue.state().generation == 0


def test_a_defect_is_logged_and_does_not_end_the_queue(project, monkeypatch, caplog):
    def broken(*arguments, **named):
        raise ZeroDivisionError("by hand")

    with running(project) as queue:
        generation(queue, 1)
        with monkeypatch.context() as patch:
            patch.setattr(queue._rounds, "run", broken)
            answer(project, queue, 3)
            until(lambda: queue.state().phase == "failed")
            assert "defect" in queue.state().message
        assert "by hand" in caplog.text
        answer(project, queue, 3)
        generation(queue, 2)


def test_while_it_trains_it_says_so(project, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    with running(project) as queue:
        generation(queue, 1)
        run = queue._rounds.run

        def slowly(*arguments, **named):
            inside.set()
            assert go_on.wait(PATIENCE)
            return run(*arguments, **named)

        monkeypatch.setattr(queue._rounds, "run", slowly)
        answer(project, queue, 3)
        assert inside.wait(PATIENCE)
        assert queue.state().phase == "training"
        answer(project, queue, 3)  # nobody waits for it
        go_on.set()
        # What came while it trained is not forgotten.
        generation(queue, 3)
    assert project.store.rounds()[-1].answers == 6


def test_a_stop_leaves_no_trace_of_the_round(project, monkeypatch):
    with running(project) as queue:
        generation(queue, 1)
        run = queue._rounds.run
        inside = threading.Event()

        def interrupted(*arguments, progress, **named):
            def stop_first(rows, size):
                inside.set()
                until(lambda: queue._stopping)
                progress(rows, size)

            return run(*arguments, progress=stop_first, **named)

        monkeypatch.setattr(queue._rounds, "run", interrupted)
        before = project.store.tasks("open")[3:]
        answer(project, queue, 3)
        assert inside.wait(PATIENCE)
        queue.stop()
        assert not queue._thread.is_alive()
    assert [one.number for one in project.store.rounds()] == [0]
    assert project.store.tasks("open") == before


def test_stopping_before_anything_is_harmless(project):
    queue = Queue(project)
    queue.stop()
    with running(project) as other:
        other.stop()


def test_a_new_queue_goes_on_where_the_old_one_was(project):
    with running(project) as queue:
        generation(queue, 1)
        answer(project, queue, 3)
        generation(queue, 2)
    before = project.store.tasks("open")
    with running(project) as queue:
        generation(queue, 1)
    assert [one.number for one in project.store.rounds()] == [0, 1]
    assert [(one.key, one.source, one.prediction) for one in project.store.tasks("open")] == [
        (one.key, one.source, one.prediction) for one in before
    ]


def test_a_round_that_is_asked_for_is_played_and_given_to_whoever_wants_its_models(project):
    played = []
    with running(project, on_round=played.append) as queue:
        generation(queue, 1)
        queue.run_soon()
        generation(queue, 2)
        answer(project, queue, 1)
        assert queue.state().generation == 2
        queue.run_soon()
        generation(queue, 3)
        until(lambda: len(played) == 3)
    # Without new answers it is the same round again.
    assert [one.number for one in played] == [0, 0, 1]
    assert all(one.models.reference.tagger is not None for one in played)


def test_several_answers_at_once(project):
    with running(project) as queue:
        generation(queue, 1)
        for task in project.store.lease("ann", count=3, now=0.0, seconds=600):
            said = NewAnswer(
                f"{task.id}", task.id, "ann", "frame", None, task.prediction.intent, task.prediction.slots
            )
            project.store.save(complete(said, project.target, project.given.domain_of_intent), now=0.0)
        queue.answered(3)
        generation(queue, 2)


def test_the_review_list_is_made_after_the_swap(project):
    with running(project) as queue:
        generation(queue, 1)
        tasks = project.store.lease("ann", count=3, now=0.0, seconds=600)
        for task in tasks:
            said = NewAnswer(f"{task.id}", task.id, "ann", "elsewhere")
            project.store.save(complete(said, project.target, project.given.domain_of_intent), now=0.0)
            queue.answered()
        generation(queue, 2)
        until(lambda: bool(project.store.review()))
        items = project.store.review()
        assert {item.kind for item in items} <= {"contradicted", "twins"}
        assert all(set(item.tasks) <= {task.id for task in tasks} for item in items)
        json.dumps([item.words for item in items])
