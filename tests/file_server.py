"""A server of files that misbehaves as it is told: slow, broken off, cut short, redirecting."""

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What is under a path, and how the answers to it go wrong.

    `cut` are the numbers of bytes after which the first answers break off, one after the other; an answer without one
    is whole. `stall` keeps the connection open after a cut and says nothing more. `statuses` are answers before any
    file.
    """

    content: bytes = b""
    cut: list[int] = field(default_factory=list)
    stall: bool = False
    statuses: list[int] = field(default_factory=list)
    location: str | None = None
    length: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)


class Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self):
        with contextlib.suppress(ConnectionError):  # whoever refuses a file goes without a word
            super().handle()

    def do_GET(self):
        one = self.server.files.get(self.path)
        if one is None:
            self._empty(404)
            return
        one.asked.append(dict(self.headers))
        if one.statuses:
            self._empty(one.statuses.pop(0))
        elif one.location is not None:
            self._empty(302, Location=one.location)
        else:
            self._file(one)

    def _empty(self, status, **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": "0", "Connection": "close"} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _file(self, one):
        self.send_response(200)
        if one.length:
            self.send_header("Content-Length", str(len(one.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        cut = one.cut.pop(0) if one.cut else None
        with contextlib.suppress(ConnectionError):
            self.wfile.write(one.content[:cut])
            self.wfile.flush()
        if cut is not None and one.stall:
            self.server.ending.wait(20)
        self.close_connection = cut is not None or not one.length

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def file_server(files):
    """Serve {path: Served}; gives the address, without a slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.daemon_threads = False
    server.files, server.ending = files, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
