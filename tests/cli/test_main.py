"""The command line as a whole: help, usage errors, interruption, and what is loaded when."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import MUSIC, refused

from parameters import slow_unless

COMMANDS = ["select", "train", "predict", "evaluate", "demo", "strategies"]
HEAVY = ["numba", "pyarrow", "sklearn", "scipy", "numpy", "rich", "dask", "matplotlib"]


def test_help_names_every_command_and_loads_nothing_heavy(start):
    code = "import sys, json, atexit; from canvass.cli.main import main; sys.argv = ['canvass', '--help'];"
    code += "atexit.register(lambda: sys.stderr.write(json.dumps(sorted(sys.modules)))); main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    assert not set(json.loads(done.stderr)) & set(HEAVY)


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_terminal(canvass, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    for option in ("-h", "--help"):
        result = canvass(*command.split(), option)
        assert result.code == 0
        assert result.out.startswith("Usage: canvass")
        assert "\x1b" not in result.out
        assert max(len(line) for line in result.out.splitlines()) <= max(
            columns, 50
        )  # a usage line is not torn


def test_help_tells_groups_values_and_defaults(canvass, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = canvass("select", "-h").out
    assert "Usage: canvass select LABELLED POOL... [OPTIONS]\n" in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "-n, --size N Choose N requests for each target. [default: 500]",
        "--columns COLUMN=NAME,...",
        "--no-variety Rank by the score alone; near copies of one",  # it is on by default
        "--json Print the result as one JSON object.",
        "Reading",
    ):
        assert line in lines
    assert "Write the model to this file (.npz). [required]" in canvass("train", "-h").out


def test_version_and_no_arguments(canvass):
    from canvass import __version__

    assert canvass("--version").out == f"canvass {__version__}\n"
    assert canvass().code == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["selct"], "selct"),
        (["select", "--frobnicate"], "--frobnicate"),
        (["select", "a.jsonl"], "POOL"),
        (["select", "a.jsonl", "b.jsonl", "--size", "many"], "--size"),
        (["train", "a.jsonl", "--target", "domain:music"], "--out"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_usage_errors(canvass, words, named):
    result = canvass(*words)
    assert result.code == 2
    assert result.out == ""
    assert named in result.err
    assert result.err.count("\n") <= 4
    assert "Traceback" not in result.err


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def reading_forever(start, folder, *words):
    """Start a command that reads a pool from a standard input that never ends."""
    process = start(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = (folder / "pool.jsonl").read_bytes().splitlines(keepends=True)[0]
    process.stdin.write(line * 4000)  # more than a pipe holds: returns when most has been read
    process.stdin.flush()
    return process


@pytest.mark.parametrize(
    ("number", "code", "said"),
    slow_unless(
        lambda case: case[0] == signal.SIGINT,
        [(signal.SIGINT, 130, b"canvass: interrupted; no file was written\n"), (signal.SIGTERM, 143, b"")],
    ),
)
def test_interrupted_select_leaves_no_file(start, folder, number, code, said):
    before = names(folder)
    process = reading_forever(start, folder, "select", "labelled.jsonl", "-", *MUSIC, "--out", "batch.jsonl")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, b"", said)
    assert names(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), slow_unless([(signal.SIGINT, 130)], [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
)
def test_interrupted_predict_takes_the_part_away(canvass, start, folder, number, code):
    assert canvass("train", "labelled.jsonl", "--target", "domain:music", "-o", "m.npz").code == 0
    before = names(folder)
    process = reading_forever(start, folder, "predict", "m.npz", "-", "--out", "out.jsonl")
    wait_for(lambda: any(name.endswith(".part") for name in names(folder)))
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert names(folder) == before


SWALLOWS = """
import time
from pathlib import Path

Path("begun").touch()
try:
    time.sleep(0.5)
except BaseException:
    pass

def score(texts):
    while True:
        pass
"""


@pytest.mark.parametrize(
    ("number", "code"),
    slow_unless(lambda case: case[0] == signal.SIGTERM, [(signal.SIGINT, 130), (signal.SIGTERM, 143)]),
)
def test_a_signal_is_not_lost_in_an_import_that_catches_everything(start, folder, number, code):
    (folder / "swallows.py").write_text(SWALLOWS)
    scorer = ("--scorer", "swallows:score")
    process = start("select", "labelled.jsonl", "pool.jsonl", *MUSIC, *scorer, "-o", "batch.jsonl")
    wait_for((folder / "begun").exists)
    process.send_signal(number)
    assert process.wait(30) == code
    assert not (folder / "batch.jsonl").exists()


@pytest.mark.slow
def test_reader_that_has_had_enough(start, folder):
    process = start(
        "select", "labelled.jsonl", "pool.jsonl", *MUSIC, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(30) == 0
    assert b"Broken" not in err
    assert b"Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_disk_behind_standard_output(start, folder):
    with Path("/dev/full").open("wb") as full:
        process = start("strategies", stdout=full, stderr=subprocess.PIPE)
        err = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 2
    assert err.startswith("canvass: ")
    assert err.count("\n") == 1
    assert "space" in err


def test_real_process_refuses(start, folder):
    process = start("select", "labelled.jsonl", "nix.jsonl", *MUSIC, stdout=-1, stderr=-1, text=True)
    out, err = process.communicate(timeout=30)
    from commands import Result

    assert refused(Result(process.returncode, out, err), "nix.jsonl")
