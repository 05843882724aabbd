"""The ML backend: what it answers, what it keeps, and what becomes of annotations; nothing here opens a socket."""

import base64
import contextlib
import json
import sqlite3
import threading
import time
from dataclasses import replace

import pytest

pytest.importorskip(
    "starlette", reason="the backend needs starlette: pip install 'canvass-nlu[label-studio]'"
)

import hooks
from hooks import TOKEN, annotation, config, created, deleted, task
from hypothesis import given
from hypothesis import strategies as some
from projects import make_project, music_left

from canvass.annotation.project.settings import with_changes
from canvass.annotation.web.app import workers
from canvass.annotation.web.inside import ask
from canvass.annotation.web.security import LOOPBACK
from canvass.corpus.formats.label_studio_regions import regions_of
from canvass.corpus.formats.located import Value
from canvass.errors import StoreError
from canvass.integrations.label_studio import backend as backend_module
from canvass.integrations.label_studio import webhooks
from canvass.integrations.label_studio.backend import Backend
from canvass.integrations.label_studio.predicting import predictions_of
from canvass.integrations.label_studio.serving import LONGEST_BODY, Access, make_app
from canvass.integrations.label_studio.webhooks import Event, Inbox, event_of
from canvass.types import Slot

PATIENCE = 120  # seconds, on a busy machine
HEADERS = (("Host", "localhost"), ("Content-Type", "application/json"))
TEXT = "play 😀 river by björk"


class Caller:
    """Label Studio's side of the protocol, without a socket."""

    def __init__(self, backend, access, threads, said):
        self.backend, self.threads, self.said = backend, threads, said
        self.app = make_app(backend, access, threads)

    def get(self, path, *, status=200, headers=HEADERS):
        reply = ask(self.app, "GET", path, headers=headers)
        return self._read(reply, status)

    def post(self, path, body, *, status=200, headers=HEADERS):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._read(ask(self.app, "POST", path, headers=headers, body=(sent,)), status)

    def _read(self, reply, status):
        assert reply.status == status, reply.body
        found = json.loads(reply.body)
        return found if status == 200 else found["error"]["message"]

    def tally(self, **expected):
        """Wait until the webhooks so far are written; gives the tally."""
        until(lambda: not self.backend.inbox.waiting)
        found = self.get("/health")["webhooks"]
        assert {name: found[name] for name in expected} == expected
        return found

    def version(self, version):
        until(lambda: self.backend.version == version)


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


@contextlib.contextmanager
def serving(project, *, access=None, start=True, **options):
    said = []
    backend = Backend(project, say=said.append, **options)
    if start:
        backend.start()
    try:
        with workers() as threads:
            yield Caller(backend, access or Access(LOOPBACK), threads, said)
    finally:
        backend.stop()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A backend with the models of its first round, for tests that only ask."""
    with make_project(tmp_path_factory.mktemp("backend") / "music") as project, serving(project) as caller:
        caller.version("canvass-r0")
        yield caller


@pytest.fixture
def fresh(tmp_path):
    """A backend that trains after three answers, for tests that annotate."""
    with make_project(tmp_path / "music") as project:
        project.settings = with_changes(project.settings, "queue", size=12, retrain_after=3, idle_seconds=1e6)
        with serving(project) as caller:
            caller.version("canvass-r0")
            yield caller


# What is asked


def test_health_and_setup(trained):
    for path in ("/health", "/"):
        found = trained.get(path)
        assert (found["status"], found["model_class"], found["model_version"]) == (
            "UP",
            "canvass",
            "canvass-r0",
        )
        assert found["training"] == {"phase": "fresh", "message": found["training"]["message"]}
    assert trained.post("/setup", hooks.setup()) == {"model_version": "canvass-r0"}
    assert trained.get("/versions") == {"versions": ["canvass-r0"]}
    assert trained.post("/versions", {}) == {"versions": ["canvass-r0"]}
    assert trained.post("/validate", {"config": config()}) == {"status": "ok"}
    assert "neither Choices nor Labels" in trained.post("/validate", {"config": "<View/>"}, status=400)
    for path in ("/duplicate_model", "/delete"):
        assert trained.post(path, {"project": "1.17"}) == {"status": "ok"}
    assert trained.post("/job_status", {"job": "a"})["job_status"] == "finished"


def test_a_configuration_that_does_not_fit_is_said_once(trained):
    trained.said.clear()
    for _ in range(3):
        trained.post("/setup", hooks.setup(label_config=config(["PlayMusic"], ["SongName"])))
    assert len(trained.said) == 2
    assert "AddToPlaylist" in trained.said[0]
    assert "ArtistName" in trained.said[1]
    trained.post("/setup", hooks.setup(label_config="<View/>"))
    trained.post("/setup", {})
    assert "nothing is predicted" in trained.said[2]
    assert TOKEN not in "".join(trained.said)


def test_predictions_are_those_of_the_models(trained):
    texts = [one.text for one in music_left(8)] + [TEXT]
    results = trained.post("/predict", hooks.predict([task(i, text) for i, text in enumerate(texts)]))[
        "results"
    ]
    expected = trained.backend._newest[1].predict(texts)
    assert len(results) == len(texts)
    for text, result, said in zip(texts, results, expected, strict=True):
        assert result["model_version"] == "canvass-r0"
        assert result["score"] == pytest.approx(said.intent_probability * said.confidence)
        found = regions_of(Value(result["result"], "prediction"), text)
        assert found.intent == said.intent
        assert [Slot(**one) for one in found.slots] == list(said.slots)
        for region in result["result"]:
            if region["type"] == "labels":
                value = region["value"]
                assert text[value["start"] : value["end"]] == value["text"]
    assert any(one["type"] == "labels" for one in results[-1]["result"])


def test_tasks_that_say_nothing_get_an_empty_result_each_in_its_place(trained):
    good = task(1, "play river by björk")
    odd = [
        {"id": 2, "data": {"image": "a.png"}},
        {"id": 3},
        None,
        17,
        task(4, ""),
        task(5, " \n"),
        task(6, "a" * 20_000),
        task(7, "\ud800"),
        task(8, "\x00"),
        {"id": 9, "data": {"text": ["play"]}},
    ]
    results = trained.post("/predict", hooks.predict([good, *odd, good]))["results"]
    assert len(results) == len(odd) + 2
    assert results[0] == results[-1]
    assert results[0]["result"]
    assert results[1:-1] == [{"result": [], "score": 1.0, "model_version": "canvass-r0"}] * len(odd)


@pytest.mark.parametrize(
    "label_config",
    [
        "",
        "<View/>",
        "<View><Image name='a' value='$a'/></View>",
        config(text="other"),
        "<!DOCTYPE a><View/>",
        "x" * 9,
    ],
)
def test_other_configurations_get_empty_results(trained, label_config):
    results = trained.post("/predict", hooks.predict([task(1, TEXT)] * 2, label_config))["results"]
    assert [one["result"] for one in results] == [[], []]


def test_only_what_is_offered_is_predicted_and_under_its_names(trained):
    song = task(1, "play river by björk")
    one = trained.post("/predict", hooks.predict([song], config(["Other"], ["ArtistName"])))["results"][0]
    assert {label for region in one["result"] for label in region["value"]["labels"]} == {"ArtistName"}
    renamed = config().replace('"slot"', '"ner"').replace('"intent"', '"class"').replace('"text"', '"utt"')
    one = trained.post("/predict", hooks.predict([song], renamed))["results"][0]
    assert {(region["from_name"], region["to_name"]) for region in one["result"]} == {
        ("ner", "utt"),
        ("class", "utt"),
    }


def test_a_thousand_tasks_are_quick(trained):
    tasks = [task(number, f"play river {number} by björk 😀") for number in range(1000)]
    began = time.perf_counter()
    results = trained.post("/predict", hooks.predict(tasks))["results"]
    assert len(results) == 1000
    assert time.perf_counter() - began < 5


@given(some.lists(some.text() | some.none(), max_size=6))
def test_any_texts_get_as_many_results(trained, texts):
    nlu = trained.backend._newest[1]
    tasks = [task(1, text) for text in texts]
    results = predictions_of(nlu, 7, tasks, config())
    assert len(results) == len(texts)
    for text, result in zip(texts, results, strict=True):
        assert 0 <= result["score"] <= 1
        if result["result"]:
            regions_of(Value(result["result"], "prediction"), text)


def test_before_the_first_models(tmp_path):
    with make_project(tmp_path / "music") as project, serving(project, start=False) as caller:
        found = caller.get("/health")
        assert (found["status"], found["model_version"], found["training"]["phase"]) == (
            "UP",
            None,
            "waiting",
        )
        assert caller.post("/setup", hooks.setup()) == {"model_version": None}
        assert "no models yet" in caller.post("/predict", hooks.predict([task(1, TEXT)]), status=503)
        assert caller.get("/versions") == {"versions": []}
        assert caller.post("/job_status", {})["job_status"] == "started"


def test_a_project_that_cannot_train_a_tagger_says_why(tmp_path):
    with make_project(tmp_path / "music", strategy="random") as project:
        bare = tuple(replace(one, slots=None, intent=None) for one in project.labelled)
        project.given.__dict__["labelled"] = bare
        with serving(project) as caller:
            until(lambda: caller.backend._why_none)
            message = caller.post("/predict", hooks.predict([task(1, TEXT)]), status=503)
            assert "no utterance of domain:music has an intent" in message
            assert caller.post("/setup", hooks.setup()) == {"model_version": None}


def test_webhooks_do_not_wait_for_predictions(trained, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def slowly(*arguments):
        began.set()
        assert go_on.wait(PATIENCE)
        return predictions_of(*arguments)

    monkeypatch.setattr(backend_module, "predictions_of", slowly)
    callers = [
        threading.Thread(target=trained.post, args=("/predict", hooks.predict([task(1, TEXT)])))
        for _ in range(10)
    ]
    for one in callers:
        one.start()
    try:
        assert began.wait(PATIENCE)
        assert trained.post("/webhook", {"action": "PROJECT_UPDATED"}) == {"status": "ignored"}
    finally:
        go_on.set()
        for one in callers:
            one.join()


# What is refused


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/predict", b"{", "not valid JSON"),
        ("/predict", b"\xff", "not UTF-8"),
        ("/predict", b"[1]", "must be a JSON object"),
        ("/predict", b'{"tasks": 3}', "expected a list"),
        ("/predict", b'{"tasks": [' + b"[" * 100_000 + b"]}", "not valid JSON"),
        ("/webhook", b"{}", "action is missing"),
        ("/webhook", b'{"action": "ANNOTATION_CREATED"}', "no project"),
        (
            "/webhook",
            b'{"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 1}}',
            "its task",
        ),
        ("/setup", b"nonsense", "not valid JSON"),
    ],
)
def test_bad_requests_are_one_sentence(trained, path, body, words):
    message = trained.post(path, body, status=400)
    assert words in message
    assert "\n" not in message
    assert "Traceback" not in message


def test_what_is_not_there(trained):
    assert "/nothing" in trained.get("/nothing", status=404)
    assert "GET" in trained.get("/predict", status=405)


def test_who_may_not_ask(trained):
    kind = ("Content-Type", "application/json")
    foreign = (("Host", "evil.example"), kind)
    assert "--allow-host" in trained.get("/health", status=421, headers=foreign)
    page = (*HEADERS, ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"))
    assert "another page" in trained.post("/webhook", {}, status=403, headers=page)
    form = (("Host", "localhost"), ("Content-Type", "text/plain"))
    assert "application/json" in trained.post("/webhook", {}, status=415, headers=form)
    long = (*HEADERS, ("Content-Length", str(LONGEST_BODY + 1)))
    assert "64,000,000" in trained.post("/predict", {}, status=413, headers=long)


def test_a_password(trained):
    app = make_app(trained.backend, Access(LOOPBACK, "ls", "päss word"), trained.threads)

    def status(words, host="host.docker.internal:9090", scheme="Basic"):
        sent = base64.b64encode(words.encode()).decode()
        headers = (("Host", host), ("Authorization", f"{scheme} {sent}"))
        return ask(app, "GET", "/health", headers=headers)

    assert status("ls:päss word").status == 200  # under any name
    for reply in (
        status("ls:pass word"),
        status("ls:"),
        status(""),
        status("ls:päss word", scheme="Bearer"),
        ask(app, "GET", "/health", headers=(("Host", "localhost"), ("Authorization", "Basic %%%"))),
        ask(app, "POST", "/webhook", headers=HEADERS, body=(b"{}",)),
    ):
        assert reply.status == 401
        assert reply.header("www-authenticate") == 'Basic realm="canvass"'
        assert "päss" not in reply.body.decode()
    assert "päss" not in repr(Access(LOOPBACK, "ls", "päss word"))


# Webhooks


def test_annotations_become_answers_and_the_models_are_trained(fresh):
    store = fresh.backend.project.store
    left = music_left(3)
    for number, one in enumerate(left, 1):
        of = task(number, one.text)
        assert fresh.post("/webhook", created(annotation(number, of, one.intent, one.slots), of)) == {
            "status": "queued"
        }
    fresh.version("canvass-r1")
    fresh.tally(received=3, answered=3, left_out=0)
    assert {one.text for one, _ in store.accepted()} == {one.text for one in left}
    assert fresh.post("/setup", hooks.setup()) == {"model_version": "canvass-r1"}
    assert (
        fresh.post("/predict", hooks.predict([task(9, TEXT)]))["results"][0]["model_version"] == "canvass-r1"
    )
    assert [(one.number, one.answers) for one in store.rounds()] == [(0, 0), (1, 3)]


@pytest.mark.parametrize("action", ["ANNOTATIONS_DELETED", "ANNOTATION_DELETED"])
def test_changed_and_deleted(fresh, action):
    store = fresh.backend.project.store
    of = task(1, TEXT)
    fresh.post("/webhook", created(annotation(5, of, "PlayMusic"), of))
    changed = annotation(5, of, "AddToPlaylist")
    fresh.post("/webhook", created(changed, of, action="ANNOTATION_UPDATED"))
    fresh.tally(answered=2)
    assert [answer.intent for _, answer in store.accepted()] == ["AddToPlaylist"]
    body = deleted(5, action=action)
    if action == "ANNOTATION_DELETED":
        body["annotation"] = body.pop("annotations")[0]
    fresh.post("/webhook", body)
    fresh.tally(withdrawn=1)
    assert store.accepted() == []


def test_many_at_once_in_one_webhook(fresh):
    tasks = [task(number, f"play {number} river") for number in range(1, 6)]
    some_of_them = [annotation(one["id"], one, "PlayMusic") for one in tasks]
    action = "ANNOTATIONS_CREATED"
    fresh.post(
        "/webhook",
        {"action": action, "annotation": some_of_them, "task": tasks, "project": hooks.project()},
    )
    fresh.tally(received=1, answered=5)


def test_what_says_nothing_of_annotations_is_ignored(fresh):
    for action in (
        "PROJECT_UPDATED",
        "TASKS_CREATED",
        "TASKS_DELETED",
        "LABEL_LINK_CREATED",
        "SOMETHING_NEW",
    ):
        assert fresh.post("/webhook", {"action": action, "project": hooks.project()}) == {"status": "ignored"}
    fresh.tally(received=5, ignored=5, answered=0)


def test_start_training_trains_at_once(fresh):
    of = task(1, TEXT)
    fresh.post("/webhook", created(annotation(5, of, "PlayMusic"), of))
    fresh.tally(answered=1)
    assert fresh.post("/webhook", {"action": "START_TRAINING", "project": hooks.project()}) == {
        "status": "queued"
    }
    fresh.version("canvass-r1")
    assert fresh.post("/train", {}) == {"status": "queued"}


def test_what_cannot_be_an_answer_is_counted_and_said(fresh):
    of = task(1, TEXT)
    fresh.post("/webhook", created(annotation(5, of, "PlayMusc"), of))
    fresh.post("/webhook", created(annotation(6, of, "PlayMusic"), of, label_config="<View/>"))
    fresh.post("/webhook", created(annotation(7, task(2, ""), "PlayMusic"), task(2, "")))
    found = fresh.tally(left_out=3, answered=0)
    assert "blank" in found["problem"]
    assert len(fresh.said) == 3
    assert "PlayMusic" in fresh.said[0]
    for number in range(20):
        fresh.post("/webhook", created(annotation(number, of, "PlayMusc"), of))
    fresh.tally(left_out=23)
    assert len(fresh.said) == 2 + webhooks.SAID


def test_other_projects_of_label_studio_are_ignored_where_one_was_named(tmp_path):
    with make_project(tmp_path / "music") as project, serving(project, number=lambda: 3) as caller:
        for number in (1, 3):
            of = task(number, f"play river {number}", project=number)
            caller.post("/webhook", created(annotation(number, of, "PlayMusic"), of))
        caller.tally(received=2, ignored=1, answered=1)
        assert "project 1" in caller.said[0]


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "RETRY_SECONDS", 0.05)
    with make_project(tmp_path / "music") as project:
        answered = []
        inbox = Inbox(project, answered.append)
        save, failing = project.store.save, threading.Event()
        failing.set()

        def full(*arguments, **options):
            if failing.is_set():
                raise StoreError("the disk is full")
            return save(*arguments, **options)

        monkeypatch.setattr(project.store, "save", full)
        inbox.start()
        of = task(1, TEXT)
        inbox.put(event_of(created(annotation(5, of, "PlayMusic"), of)))
        inbox.put(event_of(deleted(77)))
        until(lambda: "disk is full" in inbox.tally().problem)
        assert inbox.waiting == 2
        failing.clear()
        until(lambda: not inbox.waiting)
        assert answered == [1]
        failing.set()
        other = task(2, "play one")
        inbox.put(event_of(created(annotation(6, other, "PlayMusic"), other)))
        began = time.monotonic()
        assert inbox.stop() == 1  # and says so, and does not wait for the disk
        assert time.monotonic() - began < 5
        assert not inbox._thread.is_alive()


def test_a_queue_that_is_full_says_so(tmp_path):
    with make_project(tmp_path / "music") as project, serving(project, start=False) as caller:
        caller.backend.inbox._most = 2
        assert [caller.backend.inbox.put(Event(1)) for _ in range(3)] == [True, True, False]
        of = task(1, TEXT)
        body = created(annotation(5, of, "PlayMusic"), of)
        assert "canvass label-studio pull" in caller.post("/webhook", body, status=503)


def test_a_defect_does_not_end_the_thread(fresh, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "answer_of", lambda *_: 1 / 0)
        of = task(1, TEXT)
        fresh.post("/webhook", created(annotation(5, of, "PlayMusic"), of))
        fresh.tally(left_out=1)
    fresh.post("/webhook", created(annotation(5, of, "PlayMusic"), of))
    fresh.tally(answered=1)
    assert "division by zero" in caplog.text
    assert TOKEN not in caplog.text


def test_a_training_that_fails_is_a_sentence_and_older_models_serve_on(fresh):
    fresh.backend.project.folder.parent.joinpath("music-pool.jsonl").write_text("{no json\n")
    for number, one in enumerate(music_left(3), 1):
        of = task(number, one.text)
        fresh.post("/webhook", created(annotation(number, of, one.intent, one.slots), of))
    until(lambda: fresh.get("/health")["training"]["phase"] == "failed")
    found = fresh.get("/health")
    assert "music-pool.jsonl:1" in found["training"]["message"]
    assert (found["status"], found["model_version"]) == ("UP", "canvass-r0")
    assert fresh.post("/predict", hooks.predict([task(9, TEXT)]))["results"][0]["result"]


def test_the_token_is_nowhere(fresh, capfd, caplog):
    """Setup hands over the token of the project's owner, and webhooks carry other secrets: neither is kept."""
    caplog.set_level(0)
    bodies = [
        ("/setup", hooks.setup()),
        ("/setup", {**hooks.setup(label_config=f"<View>{TOKEN}"), "project": TOKEN}),
        ("/setup", {"schema": TOKEN, "access_token": {"a": TOKEN}}),
        ("/predict", hooks.predict([task(1, TEXT), TOKEN], TOKEN)),
        ("/validate", {"config": config(), "access_token": TOKEN}),
        ("/webhook", {"action": TOKEN, "project": hooks.project()}),
    ]
    # Also cut off, as by a connection that broke.
    sendings = [
        (path, part)
        for path, body in bodies
        for sent in [json.dumps(body).encode()]
        for part in (sent, sent[:-1], sent[:-1] + b"\xff")
    ]
    replies = [ask(fresh.app, "POST", path, headers=HEADERS, body=(part,)) for path, part in sendings]
    of = task(1, TEXT)
    for body in (created(annotation(5, of, "PlayMusic"), of), created(annotation(6, of, "PlayMusc"), of)):
        fresh.post("/webhook", body)
    fresh.tally(answered=1, left_out=1)
    store = fresh.backend.project.store.path
    with contextlib.closing(sqlite3.connect(store)) as database:
        stored = "\n".join(database.iterdump())
    files = b"".join(one.read_bytes() for one in fresh.backend.project.folder.iterdir())
    everything = [
        *(reply.body.decode() for reply in replies),
        *(str(reply.headers) for reply in replies),
        *fresh.said,
        json.dumps(fresh.get("/health")),
        stored,
        caplog.text,
        *capfd.readouterr(),
    ]
    assert {reply.status for reply in replies} == {200, 400}
    assert TOKEN not in "\n".join(everything)
    assert TOKEN.encode() not in files
