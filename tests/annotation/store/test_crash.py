"""The server is killed at random moments, under load and while it trains: what it confirmed is there, exactly once."""

import http.client
import itertools
import random
import signal
import socket
import sqlite3
import threading
import time
import uuid
from collections import Counter
from contextlib import closing

import pytest
from commands import write_records

pytest.importorskip("uvicorn", reason="the page needs uvicorn: pip install 'canvass-nlu[annotate]'")

from projects import run_round
from server_process import Connection, Servers

from canvass.annotation.project.creation import DATABASE, SETTINGS
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.project.settings_file import write_settings
from canvass.annotation.rounds.round import save_round
from examples import ARTISTS, MUSIC, OTHERS, PLACES, labelled_and_rest

CLIENTS = 6
LIFE = 0.6  # seconds, at most, from the link to the end
THINK = 0.05  # seconds, at most, from one answer to the next
PATIENCE = 120  # seconds, on a busy machine
AWAY = 0.02  # seconds until a client tries again


def make(folder):
    """A project with a pool that is not used up: a few thousand utterances, two of three of the target."""
    known, rest = labelled_and_rest(2)
    texts = [
        *(f"play {artist} song number {number}" for artist, number in itertools.product(ARTISTS, range(400))),
        *(
            text.format(f"{place} {number}")
            for (_, _, text), place, number in itertools.product(OTHERS, PLACES, range(40))
        ),
    ]
    pool = folder / "pool.jsonl"
    write_records(pool, [{"text": text} for text in texts])
    with Project.create(folder / "project", known, [str(pool)], MUSIC, test=rest[::5]) as project:
        project.settings = with_changes(project.settings, "queue", size=400, retrain_after=10)
        write_settings(project.folder / SETTINGS, project.settings)
        # Tasks from the first moment on.
        save_round(project, run_round(project, 0), answers=0, at=0.0, seconds=0.0)
        return project.folder


class Client(threading.Thread):
    """Somebody who answers quickly, and whose page sends an answer again until it is confirmed.

    `sent` is set before an answer is sent the first time, `confirmed` after the server said saved. Now and then an
    earlier answer is corrected, or sent a second time though it was confirmed.
    """

    def __init__(self, number, port):
        super().__init__(daemon=True)
        self.name = f"client {number}"
        self.random = random.Random(number)
        self.server = Connection(port)
        self.ending = threading.Event()
        self.sent = {}
        self.confirmed = []
        self.problem = None

    def run(self):
        try:
            while not self.ending.is_set():
                body = {"annotator": self.name, "count": 3}
                for task in self.insist("/api/lease", body)["tasks"]:
                    if self.ending.is_set():
                        break
                    time.sleep(self.random.uniform(0, THINK))
                    self.answer(task)
        except Exception as error:  # noqa: BLE001 - the test says so
            self.problem = error
        finally:
            self.server.close()

    def insist(self, path, body):
        """Send until it is answered."""
        while True:
            try:
                return self.server.post(path, body)
            except (OSError, http.client.HTTPException):
                time.sleep(AWAY)

    def answer(self, task):
        kind = self.random.choices(["frame", "elsewhere", "skip"], [8, 3, 1])[0]
        first = self.save({"task": task["id"], "kind": kind})
        if self.random.random() < 0.2:
            self.save({"task": task["id"], "kind": "elsewhere", "domain": "weather", "replaces": first})
        if self.random.random() < 0.1:
            again = self.insist("/api/answers", self.sent[self.random.choice(self.confirmed)])
            assert again["repeated"]

    def save(self, said):
        name = str(uuid.uuid4())
        if said["kind"] == "frame":
            said |= {"intent": "PlayMusic", "slots": []}
        self.sent[name] = {"id": name, "annotator": self.name, "seconds": 1.0, **said}
        saved = self.insist("/api/answers", self.sent[name])
        assert saved["saved"]
        self.confirmed.append(name)
        return name


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def trained(port):
    """Wait until the server has run a round since it was started."""
    server = Connection(port)
    end = time.monotonic() + PATIENCE
    while server.post("/api/lease", {"annotator": "nobody", "count": 0})["queue"]["generation"] == 0:
        assert time.monotonic() < end
        time.sleep(AWAY)
    server.close()


def rows(database, query):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def check(database, clients, confirmed):
    """What holds at any moment without a server; `confirmed` was counted before."""
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert rows(database, "PRAGMA foreign_key_check") == []
    stored = [name for (name,) in rows(database, "SELECT id FROM answers")]
    assert len(stored) == len(set(stored))
    assert confirmed <= set(stored)
    # Beyond those there is at most the one that each client waits for.
    in_flight = Counter(name for one in clients for name in one.sent if name not in confirmed)
    assert set(stored) - confirmed <= set(in_flight)


def crash(folder, times):
    generator = random.Random(50)
    database = folder / DATABASE
    port = free_port()
    clients = [Client(number, port) for number in range(CLIENTS)]
    for one in clients:
        one.start()
    with Servers(folder, port) as servers:
        for number in range(times):
            servers.start()
            if number % 10:
                servers.ready()
            if number % 10 == 5:
                trained(port)
            time.sleep(generator.uniform(0, LIFE))
            said = servers.end(signal.SIGKILL)
            assert "Traceback" not in said, said
            confirmed = {name for one in clients for name in tuple(one.confirmed)}
            check(database, clients, confirmed)
            assert [one.problem for one in clients] == [None] * CLIENTS
        # The last server is not killed: every client gets its confirmation.
        servers.start()
        for one in clients:
            one.ending.set()
        for one in clients:
            one.join(60)
    return clients


@pytest.mark.slow
def test_fifty_crashes_lose_nothing_that_was_confirmed_and_double_nothing(tmp_path):
    folder = make(tmp_path)
    clients = crash(folder, 50)
    assert [one.problem for one in clients] == [None] * CLIENTS
    confirmed = [name for one in clients for name in one.confirmed]
    check(folder / DATABASE, clients, set(confirmed))
    with Project.open(folder) as project:
        answers = project.store.answers(current_only=False)
        rounds = project.store.rounds()
    # In the end what was sent, what was confirmed and what is stored are the same, each once, with what was said.
    assert sorted(one.id for one in answers) == sorted(confirmed)
    sent = {name: said for one in clients for name, said in one.sent.items()}
    assert set(sent) == set(confirmed)
    for one in answers:
        said = sent[one.id]
        assert (one.task, one.annotator, one.kind) == (said["task"], said["annotator"], said["kind"])
        assert one.replaces == said.get("replaces")
    # A killed server forgets no lease: nobody got a task that somebody else had.
    people = {}
    for one in answers:
        people.setdefault(one.task, set()).add(one.annotator)
    assert all(len(one) == 1 for one in people.values())
    assert len(answers) > 300
    assert len(rounds) > 3
