"""`canvass annotate` as a process of its own, and a client of it: for tests that kill it, or work through its API."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys

TOKEN = "a-token-of-the-tests-0123456789"
# Forks a server for each line. Modules are imported and kernels loaded once, by a round that nobody keeps, so that a test
# which kills fifty servers need not wait for that fifty times.
PARENT = """
import os, sys
import uvicorn, starlette.applications
import canvass.annotation.rounds.queue, canvass.annotation.web.serve, canvass.cli.annotate
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.round import Rounds
from canvass.cli.main import program

with Project.open(sys.argv[2]) as project:
    Rounds(project).run(0, answers=0)

for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if child == 0:
        try:
            program()
        except SystemExit as ended:
            os._exit(ended.code or 0)
        finally:
            os._exit(70)
    os.write(1, f"{child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"ended\\n")
"""


class Servers:
    """Servers of one project, one after the other, on one port and with one token."""

    def __init__(self, folder, port=0):
        token = folder.parent / "token"
        token.write_text(TOKEN)
        words = ("annotate", folder, "--port", port, "--token-file", token, "--no-open")
        self._said = (folder.parent / "said").open("w+")
        self._parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._pid = None
        self._lines = []

    def start(self):
        """Start a server; does not wait until it is ready."""
        self._parent.stdin.write("go\n")
        self._parent.stdin.flush()
        self._pid = int(self._line(r"\d+"))

    def ready(self):
        """Wait until connections are taken; gives the port."""
        return int(self._line(r"http://127\.0\.0\.1:(\d+)/"))

    def end(self, number):
        """Send a signal, and wait for the end; says what was written to standard error so far."""
        os.kill(self._pid, number)
        self._line("ended")
        self._pid = None
        self._lines = []
        return self.said()

    def said(self):
        self._said.seek(0)
        return self._said.read()

    def _line(self, pattern):
        """Read the next line of that form; the link of a server may come before or after its number."""
        for place, line in enumerate(self._lines):
            if found := re.fullmatch(pattern, line):
                del self._lines[place]
                return found[found.re.groups]
        while line := self._parent.stdout.readline():
            if found := re.fullmatch(pattern, line.rstrip("\n")):
                return found[found.re.groups]
            self._lines.append(line.rstrip("\n"))
        raise AssertionError(self.said())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._pid is not None:
            with contextlib.suppress(AssertionError):
                self.end(signal.SIGTERM)
        self._parent.stdin.close()
        self._parent.wait(60)
        self._parent.stdout.close()
        self._said.close()


class Connection:
    """A connection that stays open; after an error the next request opens another."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None):
        """(status, answer); raises OSError or http.client.HTTPException where the server is away."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = self.connection.getresponse()
            return reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def get(self, path):
        status, answer = self.ask("GET", path)
        assert status == 200, answer
        return answer

    def post(self, path, body):
        status, answer = self.ask("POST", path, body)
        assert status == 200, answer
        return answer

    def close(self):
        self.connection.close()
