"""What the page asks and gets, route by route; nothing here opens a socket but what says so."""

import json
import math
import sqlite3
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import unquote

import pytest

pytest.importorskip("starlette", reason="the page needs starlette: pip install 'canvass-nlu[annotate]'")

from hypothesis import given
from hypothesis import strategies as some
from projects import NOON, StillQueue, make_project, music_left, tasks_of, write_estimates
from servers import TOKEN, running

from canvass import read_labelled
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.quality.estimate import Estimate
from canvass.annotation.store.records import Answer, ReviewItem, Round, Saved, Tally, TaskPrediction
from canvass.annotation.web import api
from canvass.annotation.web.app import make_app, workers
from canvass.annotation.web.inside import ask
from canvass.annotation.web.problems import Problem, problem_of
from canvass.annotation.web.progress_json import PATIENCE, Recent, Tallies
from canvass.annotation.web.reading import Reader, read_object
from canvass.annotation.web.security import LOOPBACK, Access
from canvass.annotation.web.service import Service, even_clock
from canvass.annotation.web.shapes import ANSWER, FIELDS, read_answer
from canvass.corpus.formats.format import FORMATS
from canvass.errors import AnswerConflict, InputError, StoreError
from canvass.statistics import Interval
from canvass.types import Slot, Target

HEADERS = (("Host", "localhost"), ("Authorization", f"Bearer {TOKEN}"), ("Content-Type", "application/json"))
TEXT = "play Łódź by night by björk"  # 0-4, 5-9 10-12 13-18, 19-21, 22-27


class Client:
    """Asks the app of a project from inside."""

    def __init__(self, project, app, queue):
        self.project, self.app, self.queue = project, app, queue
        self.store = project.store
        self.count = 0

    def get(self, path, *, status=200):
        return self._read(ask(self.app, "GET", path, headers=HEADERS), status)

    def post(self, path, body, *, status=200):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._read(ask(self.app, "POST", path, headers=HEADERS, body=(sent,)), status)

    def _read(self, reply, status):
        assert reply.status == status, reply.body
        found = json.loads(reply.body)
        return found["error"] if status != 200 else found

    def lease(self, annotator="Ada", count=1, holding=()):
        return self.post("/api/lease", {"annotator": annotator, "count": count, "holding": list(holding)})[
            "tasks"
        ]

    def answer(self, task, annotator="Ada", *, status=200, **fields):
        self.count += 1
        return self.post(
            "/api/answers", {**accepted(task, annotator, f"a{self.count}"), **fields}, status=status
        )


def accepted(task, annotator="Ada", name="a1"):
    """Accept what is predicted, as the page sends it."""
    shown = task["prediction"] or {"intent": "PlayMusic", "slots": []}
    return {
        "id": name,
        "task": task["id"],
        "annotator": annotator,
        "kind": "frame",
        "domain": None,
        "intent": shown["intent"],
        "slots": shown["slots"],
        "flagged": False,
        "note": "",
        "seconds": 2.5,
        "replaces": None,
        "adjudicates": False,
        "shown": task["prediction"] is not None,
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project without tasks, to be copied: making one reads and writes several files."""
    folder = tmp_path_factory.mktemp("template") / "music"
    make_project(folder).close()
    return folder


@pytest.fixture
def make(template, tmp_path):
    """Make a client of a fresh project; `page` changes settings of the page."""
    import shutil
    from contextlib import ExitStack

    from canvass.annotation.project.project import Project

    with ExitStack() as stack:

        def made(*, target=None, clock=lambda: NOON, **page):
            folder = tmp_path / f"music-{len(list(tmp_path.iterdir()))}"
            shutil.copytree(template, folder)
            project = stack.enter_context(Project.open(folder))
            project.settings = with_changes(project.settings, "page", **page)
            if target is not None:
                project.settings = with_changes(project.settings, "project", target=target)
            queue = StillQueue()
            threads = stack.enter_context(workers())
            app = make_app(Service(project, queue, clock=clock), Access(TOKEN, LOOPBACK), threads)
            return Client(project, app, queue)

        yield made


@pytest.fixture
def client(make):
    found = make()
    found.store.swap(tasks_of(music_left(10)), round=0)
    return found


# Reading


def test_the_project(client):
    found = client.get("/api/project")
    assert {
        "id",
        "name",
        "title",
        "target",
        "strategy",
        "domains",
        "intents",
        "slots",
        "labels",
        "annotates_slots",
        "settings",
        "version",
        "role",
        "annotators",
        "others",
        "invitation",
        "assistant",
    } == set(found)
    assert (found["role"], found["annotators"], found["others"]) == ("lead", [], False)
    assert found["assistant"] is None
    assert found["id"] == client.get("/api/project")["id"] == client.store.fact("identity")
    assert (found["target"], found["strategy"]) == ("domain:music", "majority-joint")
    assert found["domains"] == ["music", "timers", "weather"]
    assert [one["name"] for one in found["intents"]] == ["AddToPlaylist", "PlayMusic"]
    assert [one["name"] for one in found["slots"]] == ["ArtistName", "SongName"]
    assert all(set(one) == {"name", "description", "examples"} for one in found["intents"] + found["slots"])
    assert found["settings"] == {"new_labels": True, "inside_tokens": False, "lease_minutes": 10}


def test_a_recording_is_served_in_parts_and_from_its_folders_only(make, tmp_path, caplog):
    client = make(audio_addresses=("https://audio.example",))
    folder = client.project.folder
    (folder / "clips").mkdir()
    (folder / "clips" / "a.WAV").write_bytes(b"0123456789")
    (folder / "fifo.wav").mkdir()
    for outside in (tmp_path / "b.wav", tmp_path / "music-0b.wav"):
        outside.write_bytes(b"secret")
    (folder / "link.wav").symlink_to(tmp_path / "b.wav")
    names = [
        *(
            "clips/a.WAV",
            "canvass.db",
            "clips/../canvass.toml",
            "../b.wav",
            str(tmp_path / "b.wav"),
            "../music-0b.wav",
        ),
        *("link.wav", "none.wav", "fifo.wav", "x" * 5000 + ".wav", "%2e%2e/b.wav", "file:///etc/passwd.wav"),
        *(
            "https://audio.example/c.mp3?d=e",
            "HTTPS://other.example/c.mp3",
            "https://audio.example@evil.example/c.mp3",
            7,
        ),
    ]
    tasks = tasks_of(music_left(len(names)))
    client.store.swap(
        [replace(task, others={"audio": name}) for task, name in zip(tasks, names, strict=True)], round=0
    )
    leased = client.lease(count=len(names))
    first, *refused = leased[:12]
    assert first["audio"] == {"source": f"api/tasks/{first['id']}/audio"}
    assert [task.get("audio") for task in leased[12:]] == [
        {"source": names[12]},
        {"problem": "The recording is at https://other.example, which audio_addresses in canvass.toml does not name."},
        {"problem": "The recording is at https://audio.example@evil.example, which audio_addresses in canvass.toml does "
         "not name."},
        None,
    ]  # fmt: skip
    path = f"/{first['audio']['source']}"
    whole = ask(client.app, "GET", path, headers=HEADERS)
    assert (whole.status, whole.body, whole.header("content-type")) == (200, b"0123456789", "audio/wav")
    assert "media-src 'self' https://audio.example; " in whole.header("content-security-policy")
    part = ask(client.app, "GET", path, headers=(*HEADERS, ("Range", "bytes=2-5")))
    assert (part.status, part.body, part.header("content-range")) == (206, b"2345", "bytes 2-5/10")
    assert ask(client.app, "GET", path, headers=(("Host", "localhost"),)).status == 401
    for task in [*refused, *leased[12:]]:
        assert client.get(f"/api/tasks/{task['id']}/audio", status=404)["code"] == "not_found"
    assert len([record for record in caplog.records if "said once" in record.message]) == 1


def test_a_task_on_the_wire(client):
    task = client.lease()[0]
    assert set(task) == {
        "id", "text", "tokens", "count", "source", "blind", "prediction", "why", "wanted", "state", "until",
    }  # fmt: skip
    assert (task["count"], task["source"], task["blind"], task["state"]) == (3, "selected", False, "leased")
    assert task["until"] == NOON + 600
    assert ["".join(task["text"][start:end]) for start, end in task["tokens"]] == task["text"].split()
    assert set(task["prediction"]) == {
        "intent",
        "intent_probability",
        "likeliest",
        "slots",
        "alternatives",
        "confidence",
        "certainty",
        "by",
        "elsewhere",
    }
    assert [one[:2] for one in task["prediction"]["certainty"]] == task["tokens"]
    assert task["why"] == {
        "strategy": "majority-joint",
        "rank": 1,
        "score": 0.25,
        "why": "filter",
        "members": {"logistic": 1.5, "hinge": 0.5, "squared": -0.25},
        "votes": [2, 3],
    }


@pytest.mark.parametrize("source", ["random", "outside"])
def test_random_picks_show_nothing_that_anchors(make, source):
    client = make()
    client.store.swap(tasks_of(music_left(2), source=source), round=0)
    task = client.lease()[0]
    assert (task["source"], task["blind"], task["prediction"], task["why"]) == ("blind", True, None, None)
    answer = client.answer(task, shown=True)["answer"]
    stored = client.store.answers()[0]
    assert stored.shown is None  # whatever the page says: there was nothing to be shown
    assert isinstance(stored.prediction, TaskPrediction)
    items = client.get(f"/api/tasks/{task['id']}")
    assert items["task"]["prediction"] is None
    assert "guess" not in answer


def test_offsets_are_code_points(make):
    client = make()
    one = replace(tasks_of(music_left(1))[0], text="🎵 play  Łódź 音楽", key="k")
    client.store.add([replace(one, source="imported")])
    task = client.lease()[0]
    assert [task["text"][start:end] for start, end in task["tokens"]] == ["🎵", "play", "Łódź", "音", "楽"]
    assert task["source"] == "imported"
    saved = client.answer(task, slots=[{"start": 13, "end": 15, "label": "SongName"}])
    assert saved["answer"]["slots"] == [{"start": 13, "end": 15, "label": "SongName"}]


# Leases


def test_leases_are_renewed_topped_up_and_given_back(client):
    first = client.lease(count=3)
    ids = [one["id"] for one in first]
    again = client.lease(count=3, holding=ids)
    assert [one["id"] for one in again] == ids
    others = [one["id"] for one in client.lease("Bo", count=10)]
    assert not set(ids) & set(others)
    assert client.lease("Cy") == []
    assert client.post("/api/release", {"annotator": "Ada", "tasks": ids}) == {}
    assert {one["id"] for one in client.lease("Cy", count=3)} == set(ids)


def test_a_lease_runs_out(make):
    now = [NOON]
    client = make(clock=lambda: now[0], lease_minutes=0.5)
    client.store.swap(tasks_of(music_left(1)), round=0)
    held = client.lease()
    assert held[0]["until"] == NOON + 30
    now[0] += 29
    assert client.lease("Bo") == []
    now[0] += 2
    assert client.lease("Bo")[0]["id"] == held[0]["id"]
    assert client.answer(held[0])["state"] == "answered"  # a lost lease loses no answer


def test_leases_end_by_an_even_clock(make, monkeypatch):
    clock = even_clock()
    before = clock()
    monkeypatch.setattr(time, "time", lambda: before - 1e6)  # somebody sets the clock of the machine back
    assert 0 <= clock() - before < 60
    client = make(lease_minutes=0.5)
    service = Service(client.project, client.queue, lease_clock=clock)
    client.store.swap(tasks_of(music_left(1)), round=0)
    held = api.lease(service, Reader({"annotator": "Ada"}, "lease", ("annotator",)))["tasks"]
    assert before + 30 <= held[0]["until"] < before + 90


def test_a_search_finds_what_all_of_its_words_say(client):
    held = client.lease(count=4)
    client.answer(held[0], flagged=True, note="50%_off")
    client.answer(held[1], "Bo")
    client.store.retire("intent", held[1]["prediction"]["intent"], "Renamed", now=NOON)

    def found(**query):
        address = "&".join(f"{name}={value}" for name, value in query.items())
        return [item["task"]["id"] for item in client.get(f"/api/search?{address}")["items"]]

    first, second, *_ = (task["id"] for task in held)
    assert found()[:2] == [second, first]
    assert len(found()) == 10
    assert found(annotator="bo") == [second]
    assert found(**{"is": "flagged"}) == [first]
    assert len(found(**{"is": "open"})) == 8
    assert second in found(label="Renamed")
    assert found(label=held[0]["prediction"]["slots"][0]["label"], annotator="ada") == [first]
    assert found(words=held[0]["text"].split()[0].upper(), **{"is": "flagged"}) == [first]
    assert found(words="%25") == found(words="_") == []  # no wildcards
    assert found(unsure=49) == []
    assert len(found(unsure=50)) == 10
    assert found(limit=1, offset=1) == [first]
    assert found(source="blind") == []


def test_names_that_differ_in_case_are_one_person(client):
    held = client.lease("Ada")
    assert client.post("/api/lease", {"annotator": "ADA", "holding": [held[0]["id"]]})["annotator"] == "Ada"
    client.answer(held[0], annotator="aDA")
    assert [answer.annotator for answer in client.store.answers()] == ["Ada"]
    assert len(client.get("/api/history?annotator=ada")["items"]) == 1
    assert client.get("/api/progress?annotator=ada")["answered"] == 1


def test_what_was_looked_at_is_left_out(client):
    held = client.lease(count=2)
    client.answer(held[0], flagged=True)
    client.answer(held[1], note="hm")
    found = client.get("/api/review")["items"]
    assert [(item["kind"], item["words"]) for item in found] == [
        ("flagged", "noted by Ada"),
        ("flagged", "flagged by Ada"),
    ]
    client.post("/api/looked", {"annotator": "Bo", "tasks": [held[0]["id"], 99]})
    assert [item["words"] for item in client.get("/api/review")["items"]] == ["noted by Ada"]


def test_names_are_cleaned(client):
    held = client.lease("  Ada \u00a0  Lovelace ")
    assert client.lease("Ada Lovelace", holding=[held[0]["id"]])[0]["id"] == held[0]["id"]
    assert client.store.task(held[0]["id"]).holder == "Ada Lovelace"


# Answers


def test_an_answer_is_saved_once(client):
    task = client.lease()[0]
    sent = accepted(task)
    first = client.post("/api/answers", sent)
    assert set(first) == {"saved", "repeated", "state", "answer", "progress", "queue"}
    assert (first["saved"], first["repeated"], first["state"]) == (True, False, "answered")
    assert first["answer"]["domain"] == "music"
    assert set(first["answer"]) >= {
        "id", "task", "annotator", "kind", "domain", "intent", "slots", "flagged", "note", "seconds", "at", "current",
        "adjudicates", "replaces",
    }  # fmt: skip
    assert first["progress"] == {"answered_today": 1, "answered": 1, "seconds_per_answer": 2.5}
    labels = client.get("/api/project")["labels"]
    assert first["queue"] == {
        "phase": "fresh", "message": "", "generation": 1, "ready": 5, "assistant": "", "labels": labels
    }  # fmt: skip
    again = client.post("/api/answers", sent)
    assert again["repeated"]
    assert again["answer"] == first["answer"]
    assert again["progress"] == first["progress"]
    assert client.queue.answers == 1
    assert len(client.store.answers()) == 1


def test_what_is_stored_is_what_was_sent(client):
    task = client.lease()[0]
    slots = [{"start": 5, "end": 10, "label": "ArtistName"}]
    client.answer(
        task,
        id="é-1",
        intent="AddToPlaylist",
        slots=slots,
        flagged=True,
        note="two\nlines\t🎵",
        seconds=7,
        shown=True,
    )
    found = client.store.answers()[0]
    assert (found.id, found.annotator, found.kind, found.at) == ("é-1", "Ada", "frame", NOON)
    assert (found.domain, found.intent, found.slots) == (
        "music",
        "AddToPlaylist",
        (Slot(5, 10, "ArtistName"),),
    )
    assert (found.flagged, found.note, found.seconds) == (True, "two\nlines\t🎵", 7.0)
    assert found.shown == found.prediction == client.store.task(task["id"]).prediction


def test_an_id_that_is_used_for_another_answer(client):
    one, other = client.lease(count=2)
    client.post("/api/answers", accepted(one))
    error = client.post("/api/answers", accepted(other), status=409)
    assert error["code"] == "conflict"
    assert len(client.store.answers()) == 1


def test_a_correction_keeps_the_old_answer(client):
    task = client.lease()[0]
    first = client.answer(task)["answer"]
    second = client.answer(task, slots=[], replaces=first["id"])
    assert (second["answer"]["slots"], second["progress"]["answered"]) == ([], 1)
    found = client.get(f"/api/tasks/{task['id']}")["answers"]
    assert [(one["id"], one["current"]) for one in found] == [
        (first["id"], False),
        (second["answer"]["id"], True),
    ]
    assert [one["answer"]["id"] for one in client.get("/api/history?annotator=Ada")["items"]] == [
        second["answer"]["id"]
    ]


def test_skips_and_elsewhere(client):
    one, other, third = client.lease(count=3)
    nothing = {"intent": None, "slots": None}
    assert client.answer(one, kind="skip", **nothing)["state"] == "skipped"
    assert client.answer(other, kind="elsewhere", domain="weather", **nothing)["state"] == "answered"
    saved = client.answer(third, kind="elsewhere", domain="cooking", intent="GetRecipe", slots=None)
    assert (saved["answer"]["domain"], saved["answer"]["slots"]) == ("cooking", None)
    assert saved["progress"]["answered"] == 2


FRAME = {"id": "a", "task": 1, "annotator": "Ada", "kind": "frame", "intent": "PlayMusic", "slots": []}


def slot(start, end, label="SongName"):
    return {"start": start, "end": end, "label": label}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, ["id", "1 to 100"]),
        ({"id": "x" * 101}, ["id"]),
        ({"id": 7}, ["id", "string"]),
        ({"task": "1x"}, ["task"]),
        ({"task": 2**63}, ["task"]),
        ({"task": True}, ["task"]),
        ({"annotator": " "}, ["annotator", "name"]),
        ({"annotator": "x" * 81}, ["annotator"]),
        ({"annotator": "a\0b"}, ["annotator"]),
        ({"annotator": "a\ud800"}, ["annotator"]),
        ({"annotator": "handed out"}, ["annotator", "person"]),
        ({"kind": "frames"}, ["kind", "frame, elsewhere, skip"]),
        ({"intent": None}, ["intent", "AddToPlaylist, PlayMusic"]),
        ({"intent": "playmusic"}, ["intent", "did you mean PlayMusic"]),
        ({"intent": ""}, ["intent"]),
        ({"domain": "musik"}, ["domain", "did you mean music"]),
        ({"domain": "weather"}, ["domain:music", "elsewhere"]),
        ({"slots": None}, ["slots", "empty list"]),
        ({"slots": {}}, ["slots"]),
        ({"slots": [[5, 9, "SongName"]]}, ["slots", "objects"]),
        ({"slots": [slot(-1, 4)]}, ["slots[0]", "start"]),
        ({"slots": [slot(5, 28)]}, ["slots[0]", "end", "27"]),
        ({"slots": [slot(5, 5)]}, ["slots[0]", "end", "from 6"]),
        ({"slots": [slot(5.0, 9)]}, ["slots[0]", "start", "whole"]),
        ({"slots": [slot(5, 9, "Songname")]}, ["Songname", "did you mean SongName"]),
        ({"slots": [{"start": 5, "end": 9}]}, ["slots[0]", "label is missing"]),
        ({"slots": [{**slot(5, 9), "text": "Łódź"}]}, ["slots[0]", '"text"']),
        ({"slots": [slot(5, 12), slot(10, 18)]}, ["overlaps"]),
        ({"slots": [slot(6, 9)]}, ["inside a word", "inside_tokens"]),
        ({"slots": [slot(5, 8)]}, ["inside a word"]),
        ({"slots": [slot(4, 9)]}, ["white space"]),
        ({"kind": "skip"}, ["skip", "domain and intent"]),
        ({"kind": "skip", "intent": None, "slots": [slot(5, 9)]}, ["slots belong to a frame"]),
        ({"kind": "elsewhere", "intent": None, "domain": "music"}, ["domain:music itself"]),
        ({"kind": "elsewhere", "intent": None, "domain": "a" * 81}, ["new domain", "80"]),
        ({"kind": "elsewhere", "intent": None, "domain": "a  b"}, ["new domain"]),
        ({"flagged": 1}, ["flagged", "true or false"]),
        ({"note": "x" * 10_001}, ["note", "10,000"]),
        ({"note": "\x1b[2J"}, ["note", "control"]),
        ({"note": 5}, ["note"]),
        ({"seconds": -1}, ["seconds"]),
        ({"seconds": "3"}, ["seconds"]),
        ({"seconds": 1e9}, ["seconds"]),
        ({"shown": "yes"}, ["shown"]),
        ({"replaces": ""}, ["replaces"]),
        ({"adjudicate": True}, ["adjudicate", "did you mean adjudicates"]),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_one_sentence(make, change, words):
    client = make()
    client.store.add([replace(tasks_of(music_left(1))[0], text=TEXT, source="imported")])
    error = client.post("/api/answers", {**FRAME, **change}, status=400)
    assert error["code"] == "bad_request"
    for word in words:
        assert word in error["message"]
    assert "\n" not in error["message"]
    assert not client.store.answers()
    client.post("/api/answers", FRAME)


def test_a_task_that_is_not_there(client):
    assert client.post("/api/answers", {**FRAME, "task": 999}, status=404)["code"] == "not_found"
    assert client.get("/api/tasks/999", status=404)["code"] == "not_found"
    assert client.get("/api/tasks/x", status=400)["code"] == "bad_request"


def test_slots_inside_words_where_they_are_allowed(make):
    client = make(inside_tokens=True)
    client.store.add([replace(tasks_of(music_left(1))[0], text=TEXT, source="imported")])
    saved = client.post("/api/answers", {**FRAME, "slots": [slot(14, 18), slot(6, 8)]})
    assert [(one["start"], one["end"]) for one in saved["answer"]["slots"]] == [(6, 8), (14, 18)]


def test_without_new_labels(make):
    client = make(new_labels=False)
    client.store.swap(tasks_of(music_left(1)), round=0)
    task = client.lease()[0]
    error = client.answer(task, kind="elsewhere", domain="wether", intent=None, slots=None, status=400)
    assert "did you mean weather" in error["message"]
    error = client.post("/api/labels", {"annotator": "Ada", "kind": "slot", "name": "Mood"}, status=400)
    assert "new_labels" in error["message"]


@pytest.mark.parametrize(
    ("target", "sent", "expected"),
    [
        ("intent:PlayMusic", {"intent": None}, ("music", "PlayMusic")),
        ("intent:PlayMusic", {"intent": "AddToPlaylist"}, "elsewhere"),
        (
            "intent:PlayMusic",
            {"kind": "elsewhere", "intent": "AddToPlaylist", "slots": None},
            (None, "AddToPlaylist"),
        ),
        ("intent:PlayMusic", {"kind": "elsewhere", "intent": "PlayMusic", "slots": None}, "itself"),
        ("all", {"intent": "PlayMusic"}, ("music", "PlayMusic")),
        ("all", {"intent": "PlayMusic", "domain": "timers"}, ("timers", "PlayMusic")),
        ("all", {"kind": "elsewhere", "intent": None, "slots": None}, (None, None)),
    ],
)
def test_other_targets(make, target, sent, expected):
    client = make()
    client.store.add([replace(tasks_of(music_left(1))[0], source="imported")])
    rule = Service(client.project, client.queue).rule()
    rule.target = Target.parse(target)
    found = client.store.tasks()[0]
    reader = Reader({**FRAME, **sent}, ANSWER, FIELDS)

    def read():
        return read_answer(reader, found, rule)

    if isinstance(expected, str):
        with pytest.raises(Problem, match=expected):
            read()
    else:
        assert (read().domain, read().intent) == expected


# Several people


def test_a_dispute_is_adjudicated(make):
    client = make()
    client.store.swap(tasks_of(music_left(1), wanted=2), round=0)
    task = client.lease("Ada")[0]
    assert client.answer(task, "Ada")["state"] == "open"
    assert client.lease("Ada") == []
    assert client.lease("Bo")[0]["id"] == task["id"]
    assert client.answer(task, "Bo", slots=[])["state"] == "disputed"
    items = client.get("/api/disputes")["items"]
    assert [one["annotator"] for one in items[0]["answers"]] == ["Ada", "Bo"]
    assert client.answer(task, "Cy", slots=[], adjudicates=True)["state"] == "closed"
    assert client.get("/api/disputes") == {"items": []}
    pairs = client.get("/api/progress")["agreement"]
    assert [(one["a"], one["b"], one["n"]) for one in pairs] == [("Ada", "Bo", 1)]


def test_the_review_list(client):
    task = client.lease()[0]
    client.answer(task)
    client.store.set_review(
        [ReviewItem("contradicted", (task["id"],), task["text"], "the models say otherwise", 0.97)]
    )
    [item] = client.get("/api/review")["items"]
    assert (item["kind"], item["words"], item["probability"]) == (
        "contradicted",
        "the models say otherwise",
        0.97,
    )
    assert item["tasks"][0]["task"]["id"] == task["id"]
    assert item["tasks"][0]["answers"][0]["annotator"] == "Ada"


def test_new_labels(client):
    sent = {"annotator": "Ada", "kind": "slot", "name": " Mood ", "description": "happy,\nsad"}
    found = client.post("/api/labels", sent)
    assert [one["name"] for one in found["slots"]] == ["ArtistName", "SongName", "Mood"]
    assert client.post("/api/labels", sent) == found
    assert client.get("/api/project")["slots"] == found["slots"]
    for name in ("\ud800", "a\0", " ", "x" * 81):
        assert "name" in client.post("/api/labels", {**sent, "name": name}, status=400)["message"]
    error = client.post("/api/labels", {**sent, "name": "mood"}, status=400)
    assert "'Mood'" in error["message"]
    task = client.lease()[0]
    assert client.answer(task, slots=[slot(0, 4, "Mood")])["saved"]
    assert [
        one["name"]
        for one in client.post("/api/labels", {**sent, "kind": "intent", "name": "Stop"})["intents"]
    ] == [
        "AddToPlaylist",
        "PlayMusic",
        "Stop",
    ]


# History and progress


def test_history_goes_back_page_by_page(client):
    for task in client.lease(count=5):
        client.answer(task)
    client.answer(client.lease("Bo")[0], "Bo")
    first = client.get("/api/history?annotator=Ada&limit=2")["items"]
    assert [one["answer"]["id"] for one in first] == ["a5", "a4"]
    rest = client.get(f"/api/history?annotator=Ada&limit=9&before={first[-1]['answer']['sequence']}")["items"]
    assert [one["answer"]["id"] for one in rest] == ["a3", "a2", "a1"]
    assert len(client.get("/api/history")["items"]) == 6
    for query in ("limit=0", "limit=201", "limit=x", "before=-1", "annotator=", "page=2"):
        assert client.get(f"/api/history?{query}", status=400)["code"] == "bad_request"


def test_progress(client):
    for number in (0, 1):
        client.store.add_round(
            Round(
                number,
                NOON,
                10 * number,
                50,
                20,
                slot_error_rate=0.5 - 0.1 * number,
                intent_error=0.1,
                span_f1=0.6,
            )
        )
    client.store.add_round(Round(2, NOON, 20, 50, 20, failure="too few"))
    for task in client.lease(count=2):
        client.answer(task, seconds=4)
    client.answer(client.lease()[0], kind="skip", intent=None, slots=None)
    client.answer(client.lease("Bo")[0], "Bo", kind="elsewhere", intent=None, slots=None)
    found = client.get("/api/progress?annotator=Ada")
    assert (found["answered_today"], found["answered"], found["seconds_per_answer"]) == (2, 2, 4)
    assert [tuple(who.values()) for who in found["by_annotator"]] == [
        ("Ada", 2, 2, 4, 1, 0),
        ("Bo", 1, 1, 2.5, 0, 0),
    ]
    assert found["states"] == {
        "open": 6,
        "leased": 0,
        "answered": 3,
        "skipped": 1,
        "disputed": 0,
        "closed": 0,
    }
    assert [one["answers"] for one in found["curve"]] == [0, 10]
    assert found["domains"] == [{"domain": "music", "count": 2}, {"domain": None, "count": 1}]
    assert [one["value"] for one in found["estimates"]] == [None] * 4
    assert all("more random picks" in one["words"] for one in found["estimates"])
    assert found["agreement"] == []
    assert "go on" in found["suggestion"]["words"]
    assert "Bloodgood" in found["suggestion"]["rule"]
    assert set(found["queue"]) == {"phase", "message", "generation", "ready", "assistant", "labels"}


def test_live_estimates_are_those_of_the_store(make):
    client = make()
    interval = Interval(0.05, 0.2)
    estimate = Estimate("slot error rate", 0.1, interval, interval, 31)
    client.store.set_fact("estimates", write_estimates([estimate]))
    (shown,) = client.get("/api/progress")["estimates"]
    assert shown == json.loads(json.dumps(estimate.as_dict()))
    assert shown["interval"] == [0.05, 0.2]


def test_yesterday_is_not_today(make):
    now = [NOON]
    client = make(clock=lambda: now[0])
    client.store.swap(tasks_of(music_left(3)), round=0)
    assert client.answer(client.lease()[0], seconds=9)["progress"]["answered_today"] == 1
    now[0] += 86400
    found = client.answer(client.lease()[0], seconds=3)["progress"]
    assert found == {"answered_today": 1, "answered": 2, "seconds_per_answer": 3.0}


class Ticking:
    """A clock that each look at the store moves on by a second."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def look(self, found):
        self.now += 1
        return found


def test_what_takes_long_is_kept_for_a_while():
    clock = Ticking()
    made = []
    recent = Recent(lambda: clock.look({"made": made.append(None) or len(made)}), clock=clock)
    assert [recent.get()["made"] for _ in range(5)] == [1] * 5
    clock.now += PATIENCE - 1
    assert recent.get()["made"] == 1
    clock.now += 1
    assert [recent.get()["made"] for _ in range(2)] == [2] * 2


def test_nobody_waits_for_what_another_makes_again():
    clock = Ticking()
    making, go_on = threading.Event(), threading.Event()
    made = []

    def make_it():
        if made:
            making.set()
            go_on.wait(30)
        made.append(None)
        return clock.look({"made": len(made)})

    recent = Recent(make_it, clock=clock)
    recent.get()
    clock.now += 10 * PATIENCE
    with ThreadPoolExecutor(1) as other:
        again = other.submit(recent.get)
        assert making.wait(30)
        assert recent.get()["made"] == 1
        go_on.set()
        assert again.result(30)["made"] == 2


def test_tallies_between_two_looks():
    clock = Ticking()
    looks = []

    class Counting:
        def tally(self, annotator, *, since):
            looks.append(annotator)
            return clock.look(Tally(10 * len(looks), 1, 4.0))

    def saved(**fields):
        answer = Answer(
            "a", 1, "Ada", fields.pop("kind", "frame"), seconds=9.0, replaces=fields.pop("replaces", None)
        )
        return Saved(answer, "answered", repeated=fields.pop("repeated", False))

    tallies = Tallies(Counting(), clock=clock)
    assert tallies.after(saved(), since=0) == (10, 1, 4.0)
    assert tallies.after(saved(), since=0) == (11, 2, 4.0)
    for fields in ({"kind": "skip"}, {"replaces": "b"}, {"repeated": True}):
        assert tallies.after(saved(**fields), since=0) == (11, 2, 4.0)
    assert tallies.after(saved(), since=86400) == (20, 1, 4.0)  # another day
    clock.now += PATIENCE
    assert tallies.after(saved(), since=86400) == (30, 1, 4.0)
    assert looks == ["Ada"] * 3


# What goes wrong


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'{"a": NaN}', "NaN"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
    ],
)
def test_bodies_that_are_no_objects(client, body, words):
    assert words in client.post("/api/lease", body, status=400)["message"]


def test_the_disk_is_full(client, monkeypatch):
    task = client.lease()[0]
    sent = accepted(task)
    sentence = "the disk is full: the answer was not saved; free some space, it is sent again by itself"

    def full(*_, **__):
        raise StoreError(sentence)

    with monkeypatch.context() as patch:
        patch.setattr(client.store, "save", full)
        assert client.post("/api/answers", sent, status=503) == {"code": "storage", "message": sentence}
    assert client.post("/api/answers", sent)["repeated"] is False


def test_a_real_full_disk(client, caplog):
    """SQLite's own limit of pages stands for the disk: nothing is saved, and the same answer is saved afterwards."""
    connection = client.store._connection
    task = client.lease()[0]
    note = "x" * 9000
    sent = {**accepted(task), "note": note}
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    error = client.post("/api/answers", sent, status=503)
    assert "disk is full" in error["message"]
    assert "/api/answers: " in caplog.text
    assert "disk is full" in caplog.text
    connection.execute("PRAGMA max_page_count = 1000000")
    assert client.post("/api/answers", sent)["answer"]["note"] == note
    assert isinstance(connection, sqlite3.Connection)


def test_a_defect_of_ours_is_said_to_be_one(client, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("secret words")

    monkeypatch.setattr(client.store, "history", broken)
    replies = []
    with pytest.raises(ZeroDivisionError):  # the server's log has it
        replies.append(ask(client.app, "GET", "/api/history", headers=HEADERS))
    with running(client.project, client.queue) as server:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/api/history", headers=dict(HEADERS[1:]))
        reply = connection.getresponse()
        assert reply.status == 500
        assert json.loads(reply.read())["error"]["code"] == "defect"
        connection.close()


def test_errors_and_their_status():
    statuses = {InputError("x"): 400, AnswerConflict("x"): 409, StoreError("x"): 503, Problem("x", 421): 421}
    for error, status in statuses.items():
        assert problem_of(error).status == status
        assert problem_of(error).content["error"]["message"] == "x"


@given(
    some.dictionaries(
        some.sampled_from(["text", "number", "names", "other"]),
        some.none()
        | some.booleans()
        | some.integers()
        | some.floats()
        | some.text()
        | some.lists(some.integers()),
    )
)
def test_a_reader_gives_what_it_promises_or_a_sentence(fields):
    problem = None
    try:
        reader = Reader(fields, "thing", ("text", "number", "names"))
        text = reader.text("text", longest=5)
        number = reader.number("number", most=10)
        wholes = reader.wholes("names", most=3)
    except Problem as found:
        problem = found
    if problem is not None:
        assert problem.status == 400
        assert str(problem).startswith("thing: ")
        assert str(problem).isprintable()
    else:
        assert len(text) <= 5
        assert text.isprintable() or all(one not in text for one in "\0\n\x1b")
        assert math.isfinite(number)
        assert len(wholes) <= 3
        assert all(type(one) is int for one in wholes)


@given(some.binary(max_size=50))
def test_any_bytes_are_an_object_or_a_sentence(body):
    try:
        found = read_object(body)
    except Problem as problem:
        found = {"status": problem.status}
    assert isinstance(found, dict)
    assert found.get("status", 400) == 400


def test_every_route_is_tested_for_unknown_fields(client):
    for route in api.ROUTES:
        path = route.path.replace("{id}", "1")
        if route.method == "POST":
            message = client.post(path, {"nonsense": 1}, status=400)["message"]
            assert "nonsense" in message
        elif "{id}" not in route.path:
            assert "nonsense" in client.get(f"{path}?nonsense=1", status=400)["message"]


# Over a socket, several at once


def test_many_at_once_and_none_lost(client):
    """Eight people answer what they lease from a real server, each answer sent twice at the same time."""
    with running(client.project, client.queue) as server:
        import http.client

        barrier = threading.Barrier(8)

        def call(path, body):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.request("POST", path, json.dumps(body), dict(HEADERS[1:]))
            reply = connection.getresponse()
            found = json.loads(reply.read())
            connection.close()
            assert reply.status == 200, found
            return found

        def work(number):
            name = f"annotator {number}"
            barrier.wait(30)
            done = []
            while tasks := call("/api/lease", {"annotator": name, "count": 1})["tasks"]:
                sent = accepted(tasks[0], name, f"{number}-{tasks[0]['id']}")
                with ThreadPoolExecutor(2) as twice:
                    replies = list(twice.map(call, ["/api/answers"] * 2, [sent] * 2))
                assert sorted(one["repeated"] for one in replies) == [False, True]
                done.append(sent["id"])
            return done

        with ThreadPoolExecutor(8) as people:
            confirmed = [one for names in people.map(work, range(8)) for one in names]
    assert sorted(confirmed) == sorted(one.id for one in client.store.answers())
    assert len(confirmed) == 10
    assert client.queue.answers == 10


def test_exports_and_backup_as_downloads(client, tmp_path):
    for number, task in enumerate(client.lease(count=2)):
        client.answer(task, flagged=number == 0)

    def download(path):
        reply = ask(client.app, "GET", path, headers=HEADERS)
        assert reply.status == 200, reply.body
        name = tmp_path / reply.header("content-disposition").partition("UTF-8''")[2]
        name.write_bytes(reply.body)
        return name, unquote(reply.header("canvass-note"))

    texts = [task.text for task, _ in client.store.accepted()]
    for known in client.get("/api/formats")["formats"]:
        name, note = download(f"/api/export?part=annotated&format={known['name']}")
        if name.suffix != ".zip" and known["name"] != "text":
            read = read_labelled([str(name)], format=None if name.suffix == ".jsonl" else known["name"])
            assert sorted(one.text for one in read.utterances) == sorted(texts)
        (kind,) = (row for row in FORMATS if row.name == known["name"])
        assert ("the field domain" in note) == ("domain" not in kind.carries)
    whole, _ = download("/api/export?part=all&format=jsonl")
    assert len(read_labelled([str(whole)]).utterances) > len(client.project.labelled)
    answers, _ = download("/api/export?part=answers&format=csv")
    assert answers.read_text().count("Ada") == 2
    archive, _ = download("/api/backup")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "restored")
    with Project.open(tmp_path / "restored" / client.project.name) as restored:
        assert restored.answered() == client.project.answered()
    refused = client.get("/api/export?part=answers&format=rasa", status=400)
    assert "rasa cannot hold" in refused["message"]
    assert "one of" in client.get("/api/export?part=annotated&format=slurp", status=400)["message"]


def test_labels_are_changed_and_a_round_follows(client):
    task = next(one for one in client.lease(count=5) if one["prediction"]["slots"])
    client.answer(task)
    before = task["prediction"]["slots"][0]["label"]
    uses = {use["name"]: use for use in client.get("/api/labels")["labels"]}
    assert uses[before]["answers"] == 1
    change = {"action": "rename", "kind": "slot", "name": before, "new": "Renamed"}
    shapes = client.post("/api/labels/change", change)
    assert "Renamed" in [one["name"] for one in shapes["slots"]]
    assert client.queue.asked == 1
    assert "Renamed" in [slot["label"] for slot in client.get("/api/history")["items"][0]["answer"]["slots"]]
    other = next(name for name, use in uses.items() if use["kind"] == "slot" and name != before)
    client.post("/api/labels/change", {**change, "action": "merge", "name": "Renamed", "new": other})
    client.post("/api/labels/change", {"action": "delete", "kind": "slot", "name": other})
    assert client.get("/api/history")["items"][0]["answer"]["slots"] != task["prediction"]["slots"]
    refused = client.post(
        "/api/labels/change", {"action": "delete", "kind": "slot", "name": other}, status=400
    )
    assert "there is no slot label" in refused["message"]


def test_the_same_answer_for_near_duplicates(client):
    pair = [
        replace(music_left(12)[10], text=text, slots=(), id=text)
        for text in ("play it again sam", "Play it again Sam!")
    ]
    client.store.swap(tasks_of(pair), round=1)
    (task,) = client.lease(count=1)
    client.answer(task)
    found = client.get("/api/copies?answer=a1&annotator=Ada")
    assert [(item["text"], item["exact"], item["slots"]) for item in found["items"]] == [
        (pair[1].text, True, [])
    ]
    body = {"annotator": "Ada", "answer": "a1", "keys": [found["items"][0]["key"]]}
    assert "list them again" in client.post("/api/copies", {**body, "keys": ["other"]}, status=409)["message"]
    (saved,) = client.post("/api/copies", body)["saved"]
    assert client.store.task(saved).text == pair[1].text
    assert client.post("/api/copies", body) == {"saved": []}
    assert client.queue.answers == 2
    (copied,) = client.get("/api/search?is=copied")["items"]
    assert (copied["task"]["text"], copied["answer"]["copies"]) == (pair[1].text, "a1")
    assert "not saved" in client.get("/api/copies?answer=a9&annotator=Ada", status=404)["message"]
    twice = {**body, "keys": body["keys"] * 2}
    assert "different strings" in client.post("/api/copies", twice, status=400)["message"]
