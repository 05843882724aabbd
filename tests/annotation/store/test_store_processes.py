"""Several threads and processes on one store, and processes that are killed."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from canvass.annotation.store.task_store import Store
from store_records import new_answer, new_task

TESTS = Path(__file__).parents[2]
# Leases and answers in several threads, until no task is left; says what was given and, once it is saved, what was saved.
WORKER = textwrap.dedent("""
    import os, sys, threading, time
    from pathlib import Path
    from store_records import new_answer
    from canvass.annotation.store.task_store import Store

    path, name, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = Store(path)

    def say(*words):
        os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # one write, so that no line is torn

    def work(annotator):
        while tasks := store.lease(annotator, count=3, now=time.time(), seconds=600):
            for task in tasks:
                say("given", task.id)
            for task in tasks:
                store.save(new_answer(f"{annotator}-{task.id}", task.id, annotator), now=time.time())
                say("saved", f"{annotator}-{task.id}")

    say("ready")
    workers = [threading.Thread(target=work, args=(f"{name}.{place}",)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
""")


def start(path, name, threads):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), name, str(threads)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(output, word):
    pairs = [line.split() for line in output.splitlines() if line.startswith(word)]
    return [pair[1] for pair in pairs]


def made(tmp_path, count):
    path = tmp_path / "canvass.db"
    with Store.create(path) as store:
        store.swap([new_task(f"k{place}", priority=place) for place in range(count)], round=0)
    return path


def check_killed(tmp_path, times):
    generator = random.Random(20)
    path = made(tmp_path, 1000 * times)  # more than a process can do before it is killed
    confirmed, killed_at_work = set(), 0
    for attempt in range(times):
        with start(path, f"p{attempt}", 3) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(generator.uniform(0, 0.3))
            killed_at_work += process.poll() is None
            process.send_signal(signal.SIGKILL)
            output, errors = process.communicate()
            assert errors == ""
        # The last line may be torn; what it would have confirmed is then merely more than was promised.
        confirmed |= set(said(output[: output.rfind("\n") + 1], "saved"))
        with Store(path) as store:
            names = [one.id for one in store.answers(current_only=False)]
            assert confirmed <= set(names)
            assert len(names) == len(set(names))
            # What was confirmed is whole: the task knows of it.
            states = {task.id: task.state for task in store.tasks()}
            assert {number for number, state in states.items() if state == "answered"} == {
                one.task for one in store.answers()
            }
            # Pages send again what was not confirmed; nothing doubles.
            for one in store.answers()[-20:]:
                assert store.save(new_answer(one.id, one.task, one.annotator), now=1.0).repeated
            assert len(store.answers(current_only=False)) == len(names)
    assert killed_at_work == times
    assert len(confirmed) > times


def test_a_killed_process_loses_nothing_that_was_confirmed(tmp_path):
    check_killed(tmp_path, 1)


@pytest.mark.slow
def test_fifty_killed_processes_lose_nothing_that_was_confirmed(tmp_path):
    check_killed(tmp_path, 50)


@pytest.mark.slow
def test_two_processes_share_a_queue(tmp_path):
    path = made(tmp_path, 120)
    processes = [start(path, name, 2) for name in ("one", "two")]
    outputs = []
    for process in processes:
        with process:
            output, errors = process.communicate(timeout=120)
            assert errors == ""
            assert process.returncode == 0
            outputs.append(output)
    given = [number for output in outputs for number in said(output, "given")]
    assert sorted(map(int, given)) == list(range(1, 121))
    saved = [name for output in outputs for name in said(output, "saved")]
    with Store(path) as store:
        assert sorted(saved) == sorted(one.id for one in store.answers())
        assert store.counts()["answered"] == 120


def test_threads_share_a_store(tmp_path):
    """Answers, swaps, reads and a backup at once: nothing is given twice, and nothing fails."""
    stop = threading.Event()

    def fill(number):
        store.swap([new_task(f"k{number}-{place}", priority=place) for place in range(30)], round=number)

    def annotate(name):
        given = []
        while len(given) < 15:  # the queue is filled by another thread
            for task in store.lease(name, count=1, now=1.0, seconds=60):
                given.append(task.id)
                store.save(new_answer(f"{name}-{task.id}", task.id, name), now=1.0)
        return given

    def refresh():
        number = 1
        while not stop.is_set():
            fill(number)
            assert len(store.accepted()) <= 60
            store.backup(tmp_path / "backup.db")
            number += 1

    with Store.create(tmp_path / "canvass.db") as store, ThreadPoolExecutor(5) as pool:
        fill(0)
        people = [pool.submit(annotate, f"p{place}") for place in range(4)]
        background = pool.submit(refresh)
        try:
            given = [number for one in people for number in one.result()]
        finally:
            stop.set()
        background.result()
        assert len(given) == len(set(given)) == 60
        assert len(store.accepted()) == 60
