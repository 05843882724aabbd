"""Clients that hold connections open: sockets of the tests' own, against uvicorn as it is served."""

import contextlib
import resource
import socket
import threading
import time

import pytest

from canvass.annotation.web import serve
from canvass.annotation.web.serve import server_for

WHOLE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
HEADER_WITHOUT_END = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY_WITHOUT_END = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{"


async def app(_scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = server_for(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@contextlib.contextmanager
def connected(port, sent=b""):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(sent)
        yield client


def is_closed(client):
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent", [b"", HEADER_WITHOUT_END, BODY_WITHOUT_END], ids=["nothing", "header", "body"]
)
def test_a_request_that_does_not_end_is_closed(port, sent, monkeypatch):
    monkeypatch.setattr(serve, "REQUEST_SECONDS", 0.3)
    with connected(port, sent) as client:
        assert is_closed(client)


def test_a_trickle_of_bytes_buys_no_time(port, monkeypatch):
    monkeypatch.setattr(serve, "REQUEST_SECONDS", 0.5)
    start = time.monotonic()
    with connected(port, HEADER_WITHOUT_END) as client, contextlib.suppress(OSError):
        while time.monotonic() < start + 15:
            client.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() < start + 15


def test_a_connection_is_kept_between_whole_requests(port, monkeypatch):
    monkeypatch.setattr(serve, "REQUEST_SECONDS", 0.4)
    with connected(port) as client:
        for _ in range(3):
            client.sendall(WHOLE)
            assert client.recv(1000).startswith(b"HTTP/1.1 204")
            time.sleep(0.5)


def test_whoever_waits_longest_makes_room(port, monkeypatch):
    monkeypatch.setattr(serve, "most_connections", lambda: 20)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(port, HEADER_WITHOUT_END)) for _ in range(60)]
        for _ in range(5):
            client = stack.enter_context(connected(port, WHOLE))
            assert client.recv(1000).startswith(b"HTTP/1.1 204")
        assert is_closed(slow[0])


def test_the_number_of_connections_leaves_files_for_the_rest():
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < serve.most_connections() <= max(files, 1) // 2 or files == resource.RLIM_INFINITY
    assert serve.most_connections() <= serve.MOST_CONNECTIONS
