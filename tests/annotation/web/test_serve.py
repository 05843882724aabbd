"""Addresses, links and tokens; and the end of a server."""

import http.client
import json
import os
import signal
import socket
import stat
import threading

import pytest

pytest.importorskip("uvicorn", reason="the page needs uvicorn: pip install 'canvass-nlu[annotate]'")

from projects import StillQueue, make_project, music_left, tasks_of
from servers import TOKEN, running

from canvass.annotation.web.security import LOOPBACK, Access
from canvass.annotation.web.serve import (
    Address,
    allowed_hosts,
    listen,
    new_token,
    own_names,
    read_token,
    run,
    server_of,
)
from canvass.errors import FileError, OptionError


@pytest.mark.parametrize(
    ("host", "loopback", "link"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:8800/?token=t"),
        ("127.8.9.1", True, "http://127.8.9.1:8800/?token=t"),
        ("localhost", True, "http://localhost:8800/?token=t"),
        ("::1", True, "http://[::1]:8800/?token=t"),
        ("0.0.0.0", False, "http://127.0.0.1:8800/?token=t"),
        ("::", False, "http://127.0.0.1:8800/?token=t"),
        ("192.168.1.5", False, "http://192.168.1.5:8800/?token=t"),
        ("nlu.example", False, "http://nlu.example:8800/?token=t"),
    ],
)
def test_addresses(host, loopback, link):
    address = Address(host, 8800)
    assert (address.is_loopback, address.link("t")) == (loopback, link)


def test_names_that_are_answered_to():
    assert allowed_hosts(Address("127.0.0.1", 1), ()) == LOOPBACK
    assert allowed_hosts(Address("NLU.example", 1), ["a.example", "10.0.0.1", "::2"]) == LOOPBACK | {
        "nlu.example",
        "a.example",
        "10.0.0.1",
        "[::2]",
    }
    everywhere = allowed_hosts(Address("0.0.0.0", 1), ())
    assert socket.gethostname().lower() in everywhere
    assert len(own_names()) == len(set(own_names()))
    assert "0.0.0.0" not in everywhere
    for wrong in ("http://a.example", "a.example:80", "", "a b", "*"):
        with pytest.raises(OptionError, match="--allow-host"):
            allowed_hosts(Address("127.0.0.1", 1), [wrong])


def test_a_port_that_is_taken():
    opened, address = listen(Address("127.0.0.1", 0))
    with opened:
        assert address.port > 0
        with pytest.raises(OptionError, match=rf"127\.0\.0\.1:{address.port}.*--port"):
            listen(address)


@pytest.mark.parametrize("host", ["nobody.invalid", "203.0.113.7", "a b"])
def test_a_host_that_is_not_ours(host):
    with pytest.raises(OptionError, match=r"--host|cannot listen"):
        listen(Address(host, 0))


def test_tokens_are_long_and_never_the_same():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43  # 256 bits
    assert all(one.replace("-", "").replace("_", "").isalnum() for one in tokens)


def test_a_token_file_is_made_once_and_for_its_owner(tmp_path):
    file = tmp_path / "token"
    umask = os.umask(0)
    try:
        token = read_token(str(file))
    finally:
        os.umask(umask)
    assert read_token(str(file)) == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert read_token(None) != token


@pytest.mark.parametrize(
    "content", ["", "short", "x" * 600, "a token with blanks in it", "tökén-tökén-tökén-tökén"]
)
def test_token_files_that_hold_none(tmp_path, content):
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match="--token-file"):
        read_token(str(file))
    assert file.read_text(encoding="utf-8") == content


def test_token_files_that_cannot_be_read(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere" / "token"):
        with pytest.raises(FileError, match="--token-file"):
            read_token(str(place))


def call(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    reply = connection.getresponse()
    found = json.loads(reply.read())
    connection.close()
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_nothing_is_cut_off(tmp_path, number, monkeypatch):
    """A request that is under way is answered; leases stay; the signal does nothing else, and its handler is back."""
    with make_project(tmp_path / "music") as project:
        project.store.swap(tasks_of(music_left(2)), round=0)
        listening, address = listen(Address("127.0.0.1", 0))
        saving, go_on = threading.Event(), threading.Event()
        save = project.store.save

        def slowly(*arguments, **options):
            saving.set()
            go_on.wait(30)
            return save(*arguments, **options)

        monkeypatch.setattr(project.store, "save", slowly)
        replies = []

        def annotate():
            task = call(address.port, "POST", "/api/lease", {"annotator": "Ada", "count": 2})["tasks"][0]
            sent = {"id": "a1", "task": task["id"], "annotator": "Ada", "kind": "skip"}
            replies.append(call(address.port, "POST", "/api/answers", sent))

        def interrupt():
            saving.wait(30)
            os.kill(os.getpid(), number)
            threading.Timer(0.3, go_on.set).start()

        threads = [threading.Thread(target=one) for one in (annotate, interrupt)]
        before = signal.getsignal(number)
        for one in threads:
            one.start()
        with server_of([(project, StillQueue())], Access(TOKEN, LOOPBACK)) as server:
            run(server, listening)
        for one in threads:
            one.join(30)
        assert signal.getsignal(number) is before
        assert replies[0]["saved"]
        assert project.store.counts()["skipped"] == 1
        assert project.store.counts()["leased"] == 1
        with pytest.raises(ConnectionRefusedError):
            call(address.port, "GET", "/api/project")


def test_the_page_is_served(tmp_path):
    """The page's own files, as the package has them: each of a known type, and nothing that it names is missing."""
    import re

    from canvass.annotation.web.app import PAGE, TYPES

    if not (PAGE / "index.html").exists():
        pytest.skip("the page is not there")
    with make_project(tmp_path / "music") as project, running(project) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Authorization": f"Bearer {TOKEN}"}

        def get(path):
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            return reply.status, reply.getheader("content-type"), reply.read().decode(errors="replace")

        status, kind, index = get("/")
        assert (status, kind) == (200, TYPES[".html"])
        for page in (index, get("/projects.html")[2]):
            assert 'href="style.css"' in page
            assert "head.html" not in page
        for name in (
            *re.findall(r'(?:src|href)="([^"#:]+)"', index),
            *(one.name for one in PAGE.glob("*.js")),
        ):
            status, kind, text = get(f"/{name}")
            assert status == 200, name
            assert kind in TYPES.values()
            for imported in re.findall(r'from "\./([^"]+)"', text):
                assert (PAGE / imported).is_file(), (name, imported)
        connection.close()
