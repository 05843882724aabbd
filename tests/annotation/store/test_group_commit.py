"""Writes that share a commit: whole or not at all, each by itself, and none returns before the disk has it."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from canvass.annotation.store.group_commit import GroupCommit


class Slow:
    """A connection whose commits wait until told, and are counted; or fail."""

    def __init__(self, path):
        self.real = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.go_on = threading.Event()
        self.at_commit = threading.Event()
        self.commits = 0
        self.failure = None

    @property
    def in_transaction(self):
        return self.real.in_transaction

    def execute(self, statement, values=()):
        if statement == "COMMIT":
            self.commits += 1
            self.at_commit.set()
            assert self.go_on.wait(60)
            if self.failure:
                raise self.failure
        return self.real.execute(statement, values)

    def close(self):
        self.real.close()


@pytest.fixture
def slow(tmp_path):
    connection = Slow(tmp_path / "a.db")
    connection.real.execute("CREATE TABLE found (number INTEGER PRIMARY KEY)")
    yield connection
    connection.close()


def numbers(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as connection:
        found = [number for (number,) in connection.execute("SELECT number FROM found ORDER BY number")]
    connection.close()
    return found


def put(writer, number):
    with writer.atomic() as connection:
        connection.execute("INSERT INTO found VALUES (?)", (number,))
        if number < 0:
            raise ValueError(number)


def started(slow, writer, threads, first=range(1), others=range(1, 5)):
    """One write at its commit, and others that come meanwhile."""
    waiting = [threads.submit(put, writer, number) for number in first]
    assert slow.at_commit.wait(60)
    waiting += [threads.submit(put, writer, number) for number in others]
    while writer._arriving < len(others):
        pass
    return waiting


def test_those_who_come_while_the_disk_is_busy_share_the_next_commit(slow, tmp_path):
    writer = GroupCommit(slow)
    with ThreadPoolExecutor(8) as threads:
        waiting = started(slow, writer, threads)
        assert not any(one.done() for one in waiting)
        assert numbers(tmp_path) == []
        slow.go_on.set()
        for one in waiting:
            one.result(60)
    assert numbers(tmp_path) == [0, 1, 2, 3, 4]
    assert slow.commits == 2


def test_one_that_fails_leaves_no_trace_and_the_others_alone(slow, tmp_path):
    writer = GroupCommit(slow)
    with ThreadPoolExecutor(8) as threads:
        waiting = started(slow, writer, threads, others=[1, -2, 3, 1, 4])
        slow.go_on.set()
        failures = [type(one.exception(60)) for one in waiting]
    assert numbers(tmp_path) == [0, 1, 3, 4]
    assert sorted(map(str, failures)) == sorted(
        map(str, [type(None)] * 4 + [ValueError, sqlite3.IntegrityError])
    )
    with pytest.raises(ValueError, match="-7"):
        put(writer, -7)
    assert not slow.in_transaction
    put(writer, 9)
    assert numbers(tmp_path)[-1] == 9


def test_a_commit_that_fails_fails_for_all_of_it(slow, tmp_path):
    writer = GroupCommit(slow)
    with ThreadPoolExecutor(8) as threads:
        waiting = started(slow, writer, threads)
        slow.failure = sqlite3.OperationalError("database or disk is full")
        slow.go_on.set()
        failures = [one.exception(60) for one in waiting]
    assert all(isinstance(one, sqlite3.OperationalError) for one in failures)
    assert numbers(tmp_path) == []
    slow.failure = None
    put(writer, 1)
    assert numbers(tmp_path) == [1]


def test_an_error_that_takes_all_back_fails_for_all(slow, tmp_path):
    """As SQLite does after some errors: the transaction is gone with what the others wrote."""
    writer = GroupCommit(slow)
    written, go_on = threading.Event(), threading.Event()

    def take_all_back():
        with writer.atomic() as connection:
            written.set()
            assert go_on.wait(60)
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")

    with ThreadPoolExecutor(8) as threads:
        waiting = started(slow, writer, threads, others=[])
        last = threads.submit(take_all_back)
        slow.go_on.set()
        waiting[0].result(60)
        assert written.wait(60)
        # Nobody of the group can have returned: it is not committed while somebody is at work.
        go_on.set()
        assert isinstance(last.exception(60), sqlite3.OperationalError)
    put(writer, 5)
    assert numbers(tmp_path) == [0, 5]
