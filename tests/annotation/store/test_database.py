"""The store's file: where it may be, what it refuses, full disks, other schema versions, backups."""

import contextlib
import os
import re
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.store import database, schema
from canvass.annotation.store.database import file_system, refuse_network
from canvass.annotation.store.task_store import Store
from canvass.errors import CanvassError, FileError, InputError, OptionError, StoreError
from store_records import PREDICTION, new_answer, new_task


@pytest.fixture
def path(tmp_path):
    return tmp_path / "canvass.db"


@pytest.fixture
def store(path):
    with Store.create(path) as made:
        made.swap([new_task(f"k{place}", priority=place) for place in range(1, 4)], round=0)
        yield made


def raw(path):
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


# Settings, schema


def test_the_settings_that_keep_answers(store, path):
    connection = store._connection
    with store._reader() as reader, pytest.raises(sqlite3.OperationalError) as refused:
        reader.execute("DELETE FROM tasks")
    assert refused.value.sqlite_errorname == "SQLITE_READONLY"
    with raw(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (database.BUSY_SECONDS * 1000,)


def test_every_table_and_column_has_a_comment(path):
    with Store.create(path), raw(path) as other:
        tables = dict(other.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        indexes = [
            name
            for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        ]
    tables.pop("sqlite_sequence")
    assert set(tables) == {"tasks", "answers", "rounds", "review", "labels", "retired", "looked_at", "meta"}
    assert len(indexes) == 5
    for name, sql in tables.items():
        _, meaning, *columns, _ = [line.strip() for line in sql.splitlines()]
        assert meaning.startswith("-- "), name
        for line in columns:
            # What goes on below a column, and constraints of the table, need no words.
            assert " -- " in line or line.startswith(("-- ", "CHECK", "PRIMARY KEY")), line


@given(st.lists(st.sampled_from(["CREATE TABLE a (b); ", "-- a; b\n", "SELECT ';\n;';\n", "\n"]), max_size=6))
def test_statements_are_taken_apart_without_loss(parts):
    script = "".join(one if one.endswith("\n") else one + "\n" for one in parts)
    found = list(schema.statements(script))
    assert len(found) == sum("--" not in one and one != "\n" for one in parts)
    assert all(sqlite3.complete_statement(one) for one in found)


def test_migrations_run_once_in_order_and_are_recorded_with_what_they_did(path, monkeypatch):
    with Store.create(path) as store:
        store.add([new_task("k", "imported")])
    steps = {
        schema.VERSION + 2: "UPDATE tasks SET later = later || 'b';",
        schema.VERSION + 1: "ALTER TABLE tasks ADD COLUMN later TEXT;\nUPDATE tasks SET later = 'a';\n",
    }
    monkeypatch.setattr(database, "VERSION", schema.VERSION + 2)
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    for _ in range(2):
        with Store(path) as store:
            assert store.task(1).key == "k"
    with raw(path) as other:
        assert other.execute("SELECT later FROM tasks").fetchall() == [("ab",)]
        assert schema.version_of(other) == schema.VERSION + 2


def test_a_migration_that_fails_leaves_the_old_tables(path, monkeypatch):
    Store.create(path).close()
    with raw(path) as other:
        before = other.execute("SELECT * FROM sqlite_master").fetchall()
    monkeypatch.setattr(database, "VERSION", schema.VERSION + 2)
    good, bad = "ALTER TABLE tasks ADD COLUMN later TEXT;", "UPDATE missing SET a = 1;"
    monkeypatch.setattr(schema, "MIGRATIONS", {schema.VERSION + 1: good, schema.VERSION + 2: bad})
    with pytest.raises(StoreError, match=r"canvass.db could not be written \(.+\)"):
        Store(path)
    with raw(path) as other:
        assert other.execute("SELECT * FROM sqlite_master").fetchall() == before
        assert schema.version_of(other) == schema.VERSION


def test_a_migration_that_another_process_has_done_is_left_out(path, monkeypatch):
    """Both saw the old version, and waited for the right to write."""
    Store.create(path).close()
    monkeypatch.setattr(
        schema, "MIGRATIONS", {schema.VERSION + 1: "ALTER TABLE tasks ADD COLUMN later TEXT;"}
    )
    with raw(path) as other:
        schema.upgrade(other)
        schema.upgrade(other)
        assert schema.version_of(other) == schema.VERSION + 1


BEFORE_COPIES = re.sub(r"(guess TEXT),(.*\n) +copies TEXT.*\n", r"\1\2", schema.SCHEMA)


@pytest.mark.parametrize(
    ("version", "tables"),
    [(1, BEFORE_COPIES.replace(schema.RETIRED, "").replace(schema.LOOKED_AT, "")), (3, BEFORE_COPIES)],
)
def test_a_database_of_an_older_version_is_brought_up_to_date(path, version, tables):
    """What an older canvass made lacks tables and columns; its answers are read as before, and by new names."""
    path.touch()
    with raw(path) as other:
        for statement in schema.statements(tables):
            other.execute(statement)
        other.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        other.execute(f"PRAGMA user_version = {version}")
        assert "copies" not in str(other.execute("SELECT sql FROM sqlite_master").fetchall())
    with Store(path) as store:
        store.add([new_task("k", "imported"), new_task("l", "imported")])
        store.save(new_answer("a", 1), now=1.0)
        store.save(replace(new_answer("b", 2), copies="a"), now=1.0)
        store.retire("intent", "PlayMusic", "Play", now=2.0)
        assert store.accepted()[0][1].intent == "Play"
        assert [answer.copies for answer in store.answers()] == [None, "a"]
    with raw(path) as other:
        assert schema.version_of(other) == schema.VERSION


def test_an_older_database_where_nothing_may_be_written_is_refused_in_a_sentence(path, monkeypatch):
    Store.create(path).close()
    with raw(path) as other:
        other.execute(f"PRAGMA user_version = {schema.VERSION - 1}")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match=r"older canvass .* copy the project to where it can be written"):
        Store(path)


def test_every_version_has_its_migration():
    assert set(schema.MIGRATIONS) == set(range(2, schema.VERSION + 1))


# What is refused


def test_a_file_is_never_overwritten(store, path):
    with pytest.raises(FileError, match="is there already; canvass never overwrites a database"):
        Store.create(path)
    assert store.task(1) is not None


def test_what_is_not_there(tmp_path):
    with pytest.raises(
        FileError, match=r"none\.db: there is no such database; name a folder that canvass new made"
    ):
        Store(tmp_path / "none.db")
    with pytest.raises(FileError, match="there is no such database"):
        Store(tmp_path)
    with pytest.raises(FileError, match=r"the folder .*none does not exist"):
        Store.create(tmp_path / "none" / "canvass.db")
    assert list(tmp_path.iterdir()) == []


def other_program(path):
    with raw(path) as other:
        other.execute("CREATE TABLE tasks (a)")


def newer(path):
    Store.create(path).close()
    with raw(path) as other:
        other.execute(f"PRAGMA user_version = {schema.VERSION + 1}")


def torn(path):
    Store.create(path).close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.touch(), "is not the database of a canvass project; restore it from a backup"),
        (
            lambda path: path.write_text("hello " * 1000),
            "is damaged, or is not the database of a canvass project",
        ),
        (other_program, "is not the database of a canvass project"),
        (torn, "is damaged, or is not the database"),
        (newer, "was written by a newer canvass .* this canvass knows up to 4.; install a newer canvass"),
    ],
)
def test_wrong_files(path, make, sentence):
    make(path)
    content = path.read_bytes()
    with pytest.raises(StoreError, match=f"canvass.db {sentence}") as refused:
        Store(path)
    assert refused.value.exit_code == 2
    assert path.read_bytes() == content


def test_names_that_look_like_options_of_a_uri(tmp_path):
    folder = tmp_path / "a?mode=ro#b%20ü \\"
    folder.mkdir()
    with Store.create(folder / "x?y.db") as store:
        store.set_fact("a", "b")
    with Store(folder / "x?y.db") as store:
        assert store.fact("a") == "b"
    assert [one.name for one in folder.iterdir()] == ["x?y.db"]


def test_a_closed_store_says_so(path):
    store = Store.create(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="could not be read: it was closed"):
        store.counts()
    with pytest.raises(StoreError, match=r"canvass.db could not be written \(.+\)"):
        store.set_fact("a", "b")


def test_nothing_but_the_database_is_left_when_a_store_is_closed(tmp_path):
    with Store.create(tmp_path / "canvass.db") as store, store._reader():
        assert store.counts()["open"] == 0  # a second reader
        store.set_fact("a", "b")
    assert [one.name for one in tmp_path.iterdir()] == ["canvass.db"]


def test_reading_does_not_wait_for_writing(store):
    with store.atomic() as connection:
        connection.execute("DELETE FROM tasks WHERE id = 1")
        assert len(store.tasks()) == 3
    assert len(store.tasks()) == 2


def test_an_error_leaves_no_trace_and_the_store_usable(store):
    def fail():
        with store.atomic() as connection:
            connection.execute("DELETE FROM tasks")
            raise InputError("something else")

    with pytest.raises(InputError, match="something else"):
        fail()
    assert len(store.tasks()) == 3
    with pytest.raises(ValueError, match=r"."):
        store.swap(
            [new_task("new"), new_task("bad", prediction=replace(PREDICTION, confidence=float("nan")))],
            round=1,
        )
    assert {task.key for task in store.tasks()} == {"k1", "k2", "k3"}


def test_a_transaction_that_sqlite_has_taken_back_is_an_error_and_the_store_usable(store):
    """As after a full disk or a disk error in the middle."""

    def lose():
        with store.atomic("the answer") as connection:
            connection.execute("DELETE FROM tasks")
            connection.execute("ROLLBACK")

    with pytest.raises(StoreError):
        lose()
    store.add([new_task("l", "imported")])
    assert {task.key for task in store.tasks()} == {"k1", "k2", "k3", "l"}


def test_threads_write_one_after_the_other(store):
    def count(number):
        with store.atomic() as connection:
            ((value,),) = connection.execute("SELECT value FROM meta WHERE name = 'count'").fetchall()
            connection.execute("UPDATE meta SET value = ? WHERE name = 'count'", (str(int(value) + number),))

    with store.atomic() as connection:
        connection.execute("INSERT INTO meta VALUES ('count', '0')")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(100)))
    assert store.rows("SELECT value FROM meta WHERE name = 'count'") == [("4950",)]


# Network file systems

TABLE = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/eva/local\\040disk ext4 rw 0 0
me@host: /home/eva/local\\040disk/remote fuse.sshfs rw 0 0
//server/share /mnt/share cifs rw 0 0
tmpfs /mnt/share tmpfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/canvass.db", "ext4"),
        ("/home/eva/canvass.db", "nfs4"),
        ("/homes/eva/canvass.db", "ext4"),
        ("/home/eva/local disk/canvass.db", "ext4"),
        ("/home/eva/local disk/remote/a/canvass.db", "fuse.sshfs"),
        # Mounted over: the last counts.
        ("/mnt/share/canvass.db", "tmpfs"),
    ],
)
def test_the_file_system_of_a_path(path, kind):
    assert file_system(Path(path), TABLE) == kind
    assert file_system(Path(path), "") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "lustre"])
def test_network_file_systems_are_refused(tmp_path, monkeypatch, kind):
    path = tmp_path / "canvass.db"
    monkeypatch.setattr(database, "mounted", lambda: f"server:/x {tmp_path} {kind} rw 0 0\n")
    sentence = rf"canvass.db is on a network file system \({kind}\), where a database can lose answers; put the project"
    with pytest.raises(StoreError, match=sentence):
        Store.create(path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    Store.create(path).close()
    monkeypatch.setattr(database, "mounted", lambda: f"server:/x {tmp_path} {kind} rw 0 0\n")
    with pytest.raises(StoreError, match=sentence):
        Store(path)


def test_a_link_to_a_network_file_system_is_followed(tmp_path):
    (tmp_path / "remote").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "remote")
    with pytest.raises(StoreError, match="network file system"):
        refuse_network(tmp_path / "link" / "canvass.db", f"x / ext4 rw\nx {tmp_path}/remote nfs rw\n")
    refuse_network(tmp_path / "canvass.db", f"x / ext4 rw\nx {tmp_path}/remote nfs rw\n")


def test_this_system_has_a_table_or_none(tmp_path, monkeypatch):
    assert file_system(tmp_path, database.mounted()) or not database.MOUNTS.exists()
    monkeypatch.setattr(database, "MOUNTS", tmp_path / "none")
    assert database.mounted() == ""


# Disks


def test_a_full_disk_loses_nothing(store):
    """SQLite's own limit on pages raises the very error that a full disk does."""
    connection = store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    store.save(new_answer("before", 1), now=1.0)
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = new_answer("big", 2, note="x" * 100_000)
    sentence = "the disk is full: the answer was not saved; free some space, it is sent again by itself"
    with pytest.raises(StoreError, match=f"^{sentence}$"):
        store.save(big, now=2.0)
    with pytest.raises(
        StoreError, match=r"^the disk is full: the new queue was not saved; free some space, then try again$"
    ):
        store.swap([new_task("k" * 100_000)], round=1)
    assert [one.id for one in store.answers()] == ["before"]
    assert {task.key for task in store.tasks()} == {"k1", "k2", "k3"}
    connection.execute("PRAGMA max_page_count = 1000000")
    assert store.save(big, now=3.0).state == "answered"


def test_a_disk_that_takes_no_more_loses_nothing(store, path):
    """A limit of the system on the size of files: writing the log fails, as on a failing disk."""
    script = """
        import resource, sys
        from pathlib import Path
        from store_records import new_answer
        from canvass.annotation.store.task_store import Store
        from canvass.errors import StoreError

        store = Store(Path(sys.argv[1]))
        store.save(new_answer("before", 1), now=1.0)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
        big = new_answer("big", 2, note="x" * 200_000)
        try:
            store.save(big, now=2.0)
        except StoreError as error:
            print(error)
        assert [one.id for one in store.answers()] == ["before"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        print(store.save(big, now=3.0).state)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith("the disk ")
    assert "the answer was not saved; " in first
    assert first.endswith("it is sent again by itself")
    assert second == "answered"
    assert [one.id for one in store.answers()] == ["before", "big"]


def test_a_file_that_another_program_keeps_locked(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with Store.create(path) as store, raw(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(
                StoreError, match=r"another program keeps .*canvass.db locked: it was not saved; close"
            ),
            store.atomic(),
        ):
            pass
        assert store.counts()["open"] == 0  # reading goes on
        other.execute("ROLLBACK")
        store.set_fact("a", "b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_may_not_be_written(path):
    Store.create(path).close()
    path.chmod(0o444)
    with pytest.raises(StoreError, match=r"canvass.db cannot be"), Store(path) as store:
        store.set_fact("a", "b")


# Backups


def test_a_backup_is_the_store(store, tmp_path):
    store.save(new_answer("a", 1), now=1.0)
    target = tmp_path / "backup.db"
    target.write_text("an older one")
    store.backup(target)
    store.save(new_answer("b", 2), now=2.0)
    with raw(target) as copy:  # one file, without a log beside it
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with Store(target) as copy:
        assert copy.tasks() != store.tasks()
        assert [one.id for one in copy.answers()] == ["a"]
        copy.save(new_answer("b", 2), now=2.0)
        assert copy.tasks() == store.tasks()
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "backup.db",
        "canvass.db",
        "canvass.db-shm",
        "canvass.db-wal",
    ]
    for name in ("backup.db", "canvass.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_what_may_not_be_written_can_be_read(path, monkeypatch):
    with Store.create(path) as store:
        store.add([new_task("k", "imported")])
        store.save(new_answer("a", 1), now=1.0)
    monkeypatch.setattr(database.os, "access", lambda *_: False)  # root may write anywhere
    with Store(path) as store:
        assert [answer.id for answer in store.answers()] == ["a"]
        assert store.counts()["answered"] == 1
        with pytest.raises(StoreError, match="cannot be written to"):
            store.save(new_answer("b", 1), now=2.0)
        store.backup(path.with_name("copy.db"))
    assert sorted(file.name for file in path.parent.iterdir()) == ["canvass.db", "copy.db"]


def test_a_backup_while_others_write_is_of_one_moment(store, tmp_path):
    """Writers add a task and its answer in two steps; each copy holds a beginning of their work, in order."""
    store.add([new_task(f"n{place}", "imported", text="x" * 2000) for place in range(150)])
    stop = threading.Event()

    def write():
        for place in range(4, 154):
            if stop.is_set():
                return
            store.save(new_answer(f"a{place}", place), now=1.0)

    writer = threading.Thread(target=write)
    writer.start()
    sizes = []
    try:
        for _ in range(5):
            store.backup(tmp_path / "backup.db")
            with Store(tmp_path / "backup.db") as copy:
                names = [one.id for one in copy.answers()]
                assert names == [f"a{place}" for place in range(4, 4 + len(names))]
                assert copy.counts()["answered"] == len(names)
                sizes.append(len(names))
    finally:
        stop.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > 0


def test_what_a_backup_refuses(store, tmp_path):
    for target, error, sentence in (
        (store.path, OptionError, "is also an input, which would be overwritten"),
        (tmp_path, FileError, "is a folder; name a file"),
        (tmp_path / "none" / "b.db", FileError, "the folder .* does not exist"),
    ):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(error, match=sentence):
            store.backup(target)
        assert sorted(tmp_path.iterdir()) == before


def test_a_backup_that_fails_leaves_the_older_one(store, tmp_path, monkeypatch):
    target = tmp_path / "backup.db"
    store.backup(target)
    before = target.read_bytes()
    store.save(new_answer("a", 1), now=1.0)

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database, "_synchronise", fail)
    with pytest.raises(
        FileError, match=r"backup.db: could not be written \(No space left on device\)"
    ) as refused:
        store.backup(target)
    assert isinstance(refused.value, CanvassError)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".*"))
