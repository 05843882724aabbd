import contextlib
import functools
import multiprocessing
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import Result, run_command, write

from canvass.cli.main import main
from canvass.corpus.pool import Pool
from examples import labelled_and_rest

COMMAND = [sys.executable, "-c", "from canvass.cli.main import program; program()"]
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["canvass.cli.main", "canvass.annotation.project.project", "rich.progress"])


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
def small_blocks(monkeypatch):
    """Have pools read so many rows at a time."""
    opened = Pool.open
    return lambda rows: monkeypatch.setattr(Pool, "open", functools.partial(opened, rows=rows))


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
def on_terminal(tmp_path):
    """Run a command on a terminal of a given width; returns its exit code and all that was written to the terminal.

    Its process is forked from one that has imported what commands import.
    """
    opened = []

    def run(*words, columns=80, **environment):
        leader, follower = pty.openpty()
        opened.extend((leader, follower))
        kept = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI", "FORCE_COLOR"}
        }
        settings = {**kept, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
        process = FORKED.Process(
            target=run_command, args=(os.ttyname(follower), [*map(str, words)], str(tmp_path), settings)
        )
        process.start()
        written = b""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            # What was written before the end is there when the end is.
            ready, *_ = select.select([leader, process.sentinel], [], [], 60)
            if leader not in ready:
                break
            written += os.read(leader, 65536)
        process.join(20)
        code = process.exitcode
        process.kill()
        process.close()
        return Result(code, written.decode(), "")

    yield run
    for number in opened:
        os.close(number)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with labelled.jsonl and pool.jsonl, which is the current one."""
    known, rest = labelled_and_rest()
    write(tmp_path / "labelled.jsonl", known)
    write(tmp_path / "pool.jsonl", rest, annotated=False)
    monkeypatch.chdir(tmp_path)
    return Path(tmp_path)
