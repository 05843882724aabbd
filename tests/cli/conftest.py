import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import Result, write

from canvass.cli.main import main
from examples import labelled_and_rest

COMMAND = [sys.executable, "-c", "from canvass.cli.main import program; program()"]


@pytest.fixture
def canvass(monkeypatch, capfdbinary):
    """Run a command in this process, as the installed script does."""

    def run(*words, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["canvass", *map(str, words)])
        reading, writing = os.pipe()
        os.write(writing, stdin)  # less than a pipe holds
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            capfdbinary.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Result(ended.value.code or 0, out.decode(), err.decode())

    return run


@pytest.fixture
def start(tmp_path):
    """Start a command in a process of its own."""
    running = []

    def begin(*words, **options):
        options.setdefault("cwd", tmp_path)
        process = subprocess.Popen([*COMMAND, *map(str, words)], **options)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@pytest.fixture
def on_terminal(start):
    """Run a command on a terminal of a given width; returns its exit code and all that was written to the terminal."""

    def run(*words, columns=80, **environment):
        leader, follower = pty.openpty()
        kept = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI", "FORCE_COLOR"}
        }
        settings = {**kept, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
        process = start(*words, stdin=follower, stdout=follower, stderr=follower, env=settings)
        os.close(follower)
        written = b""
        end = time.monotonic() + 60
        while time.monotonic() < end and select.select([leader], [], [], 60)[0]:
            try:
                part = os.read(leader, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not part:
                break
            written += part
        os.close(leader)
        return Result(process.wait(20), written.decode(), "")

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with labelled.jsonl and pool.jsonl, which is the current one."""
    known, rest = labelled_and_rest()
    write(tmp_path / "labelled.jsonl", known)
    write(tmp_path / "pool.jsonl", rest, annotated=False)
    monkeypatch.chdir(tmp_path)
    return Path(tmp_path)
