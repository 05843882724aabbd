"""The ML backend and a real Label Studio: connected, asked, annotated in, trained; and one that refuses its address."""

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from backends import backend_of, until
from label_studio_server import LEGACY, LabelStudio, needs_label_studio
from projects import make_project, music_left

from canvass.annotation.project.settings import with_changes
from canvass.corpus.formats.label_studio_regions import result_of
from canvass.errors import ServiceError
from canvass.integrations.label_studio.link import Link
from canvass.integrations.label_studio.push import push

pytestmark = needs_label_studio
DOCS = Path(__file__).parents[3] / "docs" / "label-studio.md"
GOLD = {one.text: one for one in music_left(1000)}
ALL = {"selectedItems": {"all": True, "excluded": []}}


@pytest.fixture
def music(tmp_path):
    with make_project(tmp_path / "music") as made:
        made.settings = with_changes(made.settings, "queue", size=12, retrain_after=3, idle_seconds=1e6)
        yield made


def connect(client, number, url, **fields):
    return client.send(
        "POST", "/api/ml", {"url": url, "project": number, "title": "canvass", **fields}
    ).content["id"]


def annotate(client, task):
    gold = GOLD[task["data"]["text"]]
    result = result_of(gold.text, gold.intent, gold.slots)
    body = {"result": result, "lead_time": 2.5}
    return client.send("POST", f"/api/tasks/{task['id']}/annotations/", body).content["id"]


def ml_backends(client, number):
    """Read the ML backends of a project; asking has Label Studio look after each anew."""
    return [backend.content for backend in client.get("/api/ml", {"project": number}).items()]


def webhooks(client, number):
    return client.get("/api/webhooks/", {"project": number}).content


def make_it_send(client, number, backend):
    """Have Label Studio send a webhook, by a change of no field."""
    received = backend.inbox.tally().received
    client.change_project(number, {})
    until(lambda: backend.inbox.tally().received > received)


def test_annotations_there_train_the_models_here(label_studio, client, music, caplog, capfd):  # noqa: PLR0915 - one story
    caplog.set_level("INFO")
    with backend_of(music, number=lambda: Link.of(music.store).project) as backend:
        until(lambda: backend.version == "canvass-r0")
        pushed = push(music, client, 8, now=time.time())
        number = pushed.project
        ml = connect(client, number, backend.url)
        (connected,) = ml_backends(client, number)
        assert (connected["state"], connected["model_version"]) == ("CO", "canvass-r0")
        make_it_send(client, number, backend)

        # It asks for predictions: of tasks that have none of this version.
        text = "play 😀 river by björk"
        client.import_tasks(number, [{"data": {"text": text}}, {"data": {"text": " "}}])
        client.send("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={number}", ALL)
        tasks = {one.content["data"]["text"]: one.content for one in client.tasks(number)}
        assert len(tasks) == 10
        assert all(
            [said["model_version"] for said in one["predictions"]] == ["canvass-r0"] for one in tasks.values()
        )
        values = [one["value"] for one in tasks[text]["predictions"][0]["result"]]
        spans = [one for one in values if "start" in one]
        assert spans
        for one in spans:
            assert text[one["start"] : one["end"]] == one["text"]
        assert tasks[" "]["predictions"][0]["result"] == []

        # People annotate; the webhooks bring it. All that waited was pushed, so the models are trained after the first
        # answer already: no third need be there by then.
        open_tasks = [one for one in tasks.values() if one["data"]["text"] in GOLD]
        annotations = [annotate(client, one) for one in open_tasks[:3]]
        until(lambda: backend.version == "canvass-r1" and len(music.store.accepted()) == 3)
        assert {task.text: answer.intent for task, answer in music.store.accepted()} == {
            one["data"]["text"]: GOLD[one["data"]["text"]].intent for one in open_tasks[:3]
        }
        assert {answer.annotator for _, answer in music.store.accepted()} == {"ada@example.org"}
        assert ml_backends(client, number)[0]["model_version"] == "canvass-r1"
        client.send("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={number}", ALL)
        versions = client.get(f"/api/projects/{number}/model-versions").content
        assert versions["canvass-r1"] == 10
        # Only the newest version's count in the order, and nobody has told the project yet.
        assert client.project(number).content["model_version"] == "canvass-r0"
        newest = push(music, client, 1, now=time.time()).model_version
        assert newest != "canvass-r0"
        assert client.project(number).content["model_version"] == newest
        versions = client.get(f"/api/projects/{number}/model-versions").content
        assert versions[newest] == pushed.tasks - len(annotations) + 1

        # Deleted there, taken back here; also all at once, by the data manager.
        client.send("DELETE", f"/api/annotations/{annotations[0]}")
        until(lambda: len(music.store.accepted()) == 2)
        client.send("POST", f"/api/dm/actions?id=delete_tasks_annotations&project={number}", ALL)
        until(lambda: not music.store.accepted())
        annotate(client, open_tasks[0])
        until(lambda: len(music.store.accepted()) == 1)
        client.send("POST", f"/api/ml/{ml}/train")
        until(lambda: music.store.rounds()[-1].answers == 1)
        client.get(f"/api/ml/{ml}/versions")

        # A skipped task is a skip.
        task = open_tasks[4]
        client.send("POST", f"/api/tasks/{task['id']}/annotations/", {"result": [], "was_cancelled": True})
        until(lambda: any(one.kind == "skip" and one.note == "" for one in music.store.answers()))
        health = json.dumps(backend.health({}))
        assert backend.health({})["webhooks"]["left_out"] == 0
        client.send("DELETE", f"/api/projects/{number}")
    with contextlib.closing(sqlite3.connect(music.store.path)) as database:
        stored = "\n".join(database.iterdump())
    # Label Studio handed over this token again and again.
    printed = [stored, health, *backend.said, *capfd.readouterr()]
    ours = [one.getMessage() for one in caplog.records]
    assert LEGACY not in "\n".join([*printed, *ours])


def test_a_password_in_the_address(label_studio, client, music):
    with backend_of(music, user="ls", password="pass word:1") as backend:
        until(lambda: backend.version)
        number = push(music, client, 2, now=time.time()).project
        with pytest.raises(ServiceError, match=r"not provided or are incorrect|health check failed"):
            connect(client, number, backend.url)
        with_password = backend.url.replace("//", "//ls:pass%20word%3A1@")
        connect(client, number, with_password)
        assert "CO" in {connected["state"] for connected in ml_backends(client, number)}
        make_it_send(client, number, backend)
        assert httpx.get(f"{backend.url}/health").status_code == 401
        client.send("DELETE", f"/api/projects/{number}")


@pytest.mark.parametrize("predictions", [True, False])
def test_the_guard_of_label_studio(tmp_path, music, predictions):
    """Since 1.23.1 it refuses addresses on this machine, for predictions and for webhooks, by two switches."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = LabelStudio(
        folder, SSRF_PROTECTION_ENABLED="true", ML_BLOCK_LOCAL_IP="true" if predictions else "false"
    )
    try:
        with server.client() as client, backend_of(music) as backend:
            until(lambda: backend.version)
            number = push(music, client, 2, now=time.time()).project
            # With one switch it says the same, and has connected the backend, without a webhook.
            with pytest.raises(ServiceError, match=r"reserved network address \(block: 127\.0\.0\.0/8\)"):
                connect(client, number, backend.url)
            assert [connected["state"] for connected in ml_backends(client, number)] == (
                [] if predictions else ["CO"]
            )
            assert webhooks(client, number) == []
    finally:
        server.stop()


def test_only_this_machine_may_be_opened(tmp_path, music):
    """The list of the docs: everything private stays closed, and the backend on the loopback works."""
    (closed,) = re.findall(r"^USER_ADDITIONAL_BANNED_SUBNETS=(\S+)", DOCS.read_text(), re.MULTILINE)
    folder = tmp_path / "server"
    folder.mkdir()
    server = LabelStudio(
        folder,
        SSRF_PROTECTION_ENABLED="true",
        ML_BLOCK_LOCAL_IP="true",
        USE_DEFAULT_BANNED_SUBNETS="false",
        USER_ADDITIONAL_BANNED_SUBNETS=closed,
    )
    try:
        with server.client() as client, backend_of(music) as backend:
            until(lambda: backend.version)
            number = push(music, client, 2, now=time.time()).project
            connect(client, number, backend.url)
            assert [connected["state"] for connected in ml_backends(client, number)] == ["CO"]
            make_it_send(client, number, backend)
            private = "http://192.168.1.5:9090"
            for path, body in (
                ("/api/ml", {"url": private, "project": number}),
                ("/api/webhooks/", {"url": f"{private}/webhook", "project": number}),
            ):
                with pytest.raises(ServiceError, match=r"block: 192\.168\.0\.0/16"):
                    client.send("POST", path, body)
    finally:
        server.stop()


def test_the_commands_of_the_docs(client, music, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```console\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.split()[2:] for block in blocks for line in block.splitlines() if "canvass label" in line]
    serves = [line for line in lines if line[1] == "serve"]
    assert len(serves) == 1
    number = push(music, client, 2, now=time.time()).project
    program = [sys.executable, "-c", "from canvass.cli.main import program; program()"]
    words = [*program, *serves[0], "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            connect(client, number, address)
            until(lambda: ml_backends(client, number)[0]["model_version"])
        finally:
            process.terminate()
        said = process.stderr.read()
        assert process.wait(60) == 0
    assert LEGACY not in said
    assert "is on disk" in said
