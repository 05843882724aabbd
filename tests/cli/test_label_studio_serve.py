"""`canvass label-studio serve` as people start and stop it."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from commands import refused

pytest.importorskip("uvicorn", reason="the backend needs uvicorn: pip install 'canvass-nlu[label-studio]'")

from hooks import TOKEN, annotation, created, setup, task
from projects import make_project

from canvass.annotation.project.project import Project

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
PATIENCE = 120


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "music"
    with make_project(folder):
        pass
    return folder


def port_of(process):
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), (
        line,
        process.stderr.read() if process.poll() is not None else "",
    )
    return int(line.strip().rpartition(":")[2])


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(
        method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}
    )
    reply = connection.getresponse()
    found = reply.status, json.loads(reply.read())
    connection.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_from_the_address_to_the_end(start, canvass, project, number):
    process = start("label-studio", "serve", project, "--port", "0", **PIPES)
    port = port_of(process)
    assert ask(port, "GET", "/health")[1]["status"] == "UP"
    assert ask(port, "POST", "/setup", setup())[0] == 200
    # One server a project, whichever.
    said = ("in use", "canvass label-studio serve", str(process.pid))
    assert refused(canvass("label-studio", "serve", project, "--port", "0"), *said)
    assert refused(canvass("annotate", project, "--port", "0"), *said)
    # What was taken is written, also when the end comes right after it.
    of = task(1, "play one by the who")
    for place in range(1, 21):
        one = task(place, f"play {place} by the who")
        assert ask(port, "POST", "/webhook", created(annotation(place, one, "PlayMusic"), one))[0] == 200
    assert ask(port, "POST", "/webhook", created(annotation(99, of, "PlayMusc"), of))[0] == 200
    process.send_signal(number)
    began = time.monotonic()
    assert process.wait(60) == 0
    assert time.monotonic() - began < 30
    said = process.stderr.read()
    assert "domain:music" in said
    assert "PlayMusc" in said
    assert "every annotation that arrived is on disk" in said
    assert TOKEN not in said
    assert "Traceback" not in said
    assert process.stdout.read() == ""
    with Project.open(project) as opened:
        assert len(opened.store.accepted()) == 20
        assert all(TOKEN.encode() not in one.read_bytes() for one in project.iterdir())


def test_wrong_options(canvass, project, tmp_path):
    def serve(*words):
        return canvass("label-studio", "serve", project, *words)

    refused(canvass("label-studio", "serve", tmp_path / "nowhere"), "nowhere", "canvass new")
    refused(serve("--port", "70000"), "--port", "65535")
    refused(serve("--allow-host", "http://x"), "--allow-host")
    refused(serve("--host", "nobody.invalid"), "--host")
    refused(serve("--user", "ls"), "--user", "--password-file")
    refused(serve("--user", "ls", "--password-file", tmp_path / "none"), "--password-file", "none")
    password = tmp_path / "password"
    for content in ("short\n", "two lines\nof it\n", "x" * 501, ""):
        password.write_text(content)
        refused(serve("--user", "ls", "--password-file", password), "--password-file", "8 to 500")
    password.write_text("secret words\n")
    for words in (("--password-file", password), ("--user", "a:b", "--password-file", password)):
        result = serve(*words)
        assert "secret" not in result.err
        refused(result, "--user")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(serve("--port", port), f"127.0.0.1:{port}", "--port")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_extra_is_named(canvass, project, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    refused(canvass("label-studio", "serve", project), "canvass-nlu[label-studio]")
