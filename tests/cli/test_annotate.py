"""`canvass annotate` as people start and stop it."""

import http.client
import json
import logging
import signal
import socket
import subprocess
import sys
import time

import pytest
from commands import refused

pytest.importorskip("uvicorn", reason="the page needs uvicorn: pip install 'canvass-nlu[annotate]'")

from projects import make_project, music_left, tasks_of

from canvass.cli.annotate import Warnings


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("annotate") / "music"
    with make_project(folder) as made:
        made.store.swap(tasks_of(music_left(5)), round=0)
    return folder


def link_of(process):
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), (
        line,
        process.stderr.read() if process.poll() is not None else "",
    )
    return line.strip()


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    found = reply.status, reply.read(), reply.getheader("set-cookie")
    connection.close()
    return found


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_from_the_link_to_the_end(start, canvass, project, number):
    process = start("annotate", project, "--port", "0", "--no-open", **PIPES)
    link = link_of(process)
    port, token = int(link.split(":")[2].split("/")[0]), link.partition("token=")[2]
    assert get(port, "/api/project")[0] == 401
    status, _, cookie = get(port, f"/?token={token}")
    assert status == 303
    assert cookie.startswith(f"canvass-{port}=")
    status, body, _ = get(port, "/api/project", Cookie=cookie.partition(";")[0])
    assert (status, json.loads(body)["name"]) == (200, "music")
    # A second server of the same project is refused, whatever its port; looking is allowed.
    assert refused(
        canvass("annotate", project, "--port", "0"), "in use", "canvass annotate", str(process.pid)
    )
    assert json.loads(canvass("annotate", project, "--get", "/api/project").out)["name"] == "music"
    # A folder of projects, and one of them named beside it.
    listed = json.loads(canvass("annotate", project.parent, project, "--get", "/api/project").out)
    assert listed["name"] == "music"
    process.send_signal(number)
    began = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - began < 15
    said = process.stderr.read()
    assert token not in said
    assert "Traceback" not in said
    assert process.stdout.read() == ""


@pytest.mark.slow
def test_a_token_file_keeps_the_token_out_of_the_output(start, project, tmp_path):
    file = tmp_path / "token"
    process = start("annotate", project, "--port", "0", "--token-file", file, **PIPES)
    link = link_of(process)
    assert "token" not in link
    token = file.read_text().strip()
    assert (
        get(int(link.rstrip("/").rpartition(":")[2]), "/api/project", Authorization=f"Bearer {token}")[0]
        == 200
    )
    process.terminate()
    assert process.wait(30) == 0
    assert token not in process.stderr.read()


@pytest.mark.slow
def test_what_a_host_means_is_said(start, project):
    process = start("annotate", project, "--host", "0.0.0.0", "--port", "0", **PIPES)
    link = link_of(process)
    assert "?token=" in link
    process.terminate()
    assert process.wait(30) == 0
    said = process.stderr.read()
    assert "lets other machines in" in said
    assert "unencrypted" in said


def test_an_assistant_says_what_leaves(canvass, project):
    pytest.importorskip("httpx")
    words = ("annotate", project, "--get", "/api/project", "--assistant", "http://host:80/v1")
    found = json.loads(canvass(*words, "--model", "wise-1").out)
    assert found["assistant"].startswith("wise-1 at host:80 is sent requests, as people wrote them")
    found = json.loads(canvass(*words, "--model", "wise-1", "--mask", "html:escape").out)
    assert "masked by html:escape" in found["assistant"]
    assert json.loads(canvass("annotate", project, "--get", "/api/project").out)["assistant"] is None
    refused(canvass(*words), "--model NAME")
    refused(canvass("annotate", project, "--mask", "html:escape"), "--assistant URL")
    refused(canvass(*words, "--model", "wise-1", "--mask", "html"), "--mask", "module:function")


def test_get_prints_what_the_page_would_see(canvass, project):
    found = json.loads(canvass("annotate", project, "--get", "/api/progress?annotator=Ada").out)
    assert found["states"]["open"] == 5
    assert canvass("annotate", project, "--get", "/").out.startswith("<!doctype html>")
    refused(canvass("annotate", project, "--get", "/api/nothing"), "/api/nothing", "404")
    refused(canvass("annotate", project, "--get", "api/project"), "--get", "/api/progress")
    refused(canvass("annotate", project, "--get", "/api/history?limit=x"), "limit", "400")


def test_what_fails_is_said_on_the_terminal_and_not_over_and_over(capsys):
    logger = logging.getLogger("canvass.annotation.test")
    handler = Warnings()
    logger.addHandler(handler)
    try:
        for words in ("the disk is full", "the disk is full", "the pool is missing"):
            logger.warning("%s", words)
    finally:
        logger.removeHandler(handler)
    said = capsys.readouterr().err
    assert (said.count("the disk is full"), said.count("the pool is missing")) == (1, 1)


def test_wrong_options(canvass, project, tmp_path):
    refused(canvass("annotate", tmp_path / "nowhere"), "nowhere", "canvass new")
    refused(canvass("annotate", project, "--port", "70000"), "--port", "65535")
    refused(canvass("annotate", project, "--allow-host", "http://x"), "--allow-host")
    refused(canvass("annotate", project, "--host", "nobody.invalid"), "--host")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(canvass("annotate", project, "--port", port), f"127.0.0.1:{port}", "--port")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_extra_is_named(canvass, project, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    refused(canvass("annotate", project), "canvass-nlu[annotate]")
