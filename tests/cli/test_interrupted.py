"""A signal ends every kind of work: at once, with nothing half-written, and with no process left.

A piece of the work is repeated for ever, so that the signal comes while it is done, however small the files are.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import MUSIC
from projects import make_project

PROGRAM = """
import importlib, inspect, sys
from pathlib import Path
from canvass.cli.main import program

module, _, path = sys.argv.pop(1).partition(":")
*outer, name = path.split(".")
owner = importlib.import_module(module)
for part in outer:
    owner = getattr(owner, part)
work = getattr(owner, name)

def repeat(*words, **options):
    Path("begun").touch()
    while True:
        work(*words, **options)

def repeat_items(*words, **options):
    Path("begun").touch()
    while True:
        yield from work(*words, **options)

setattr(owner, name, repeat_items if inspect.isgeneratorfunction(work) else repeat)
program()
"""
TAGGER = "canvass.models.tagger:Tagger.fit"
ALL = ("--target", "all")
WORK = {
    "training of the tagger": (TAGGER, "train", "labelled.jsonl", *MUSIC[:2], "-o", "m.npz"),
    "training of intents": (
        "canvass.models.intents:IntentClassifier.fit",
        *("train", "labelled.jsonl", *ALL, "-o", "m.npz"),
    ),
    "selection": (
        "canvass.selection.plan:Plan.find_best",
        *("select", "labelled.jsonl", "pool.jsonl", *MUSIC, "-o", "batch.jsonl"),
    ),
    "study": (
        "canvass.simulation.study:Worker.run",
        *("simulate", "labelled.jsonl", *MUSIC[:2], "--seeds", "1", "--seed-size", "10", "--negatives", "3"),
        *("--rounds", "1", "--batch", "5", "-s", "random", "--processes", "1", "--out", "study"),
    ),
    "word features": ("canvass.features.word_features:_vectors", "words", "words.txt", "-o", "words.npz"),
    "discovery": (
        "canvass.selection.discovery:_choose",
        *("discover", "labelled.jsonl", "pool.jsonl", "-o", "groups.jsonl"),
    ),
    "compilation": ("canvass.cli.compile:_run", "compile"),
    "conversion": ("canvass.corpus.conversion:_utterances", "convert", "labelled.jsonl", "out.csv"),
    "checking": (TAGGER, "check", "labelled.jsonl", "-o", "marked.jsonl"),
    "the annotation page": (TAGGER, "annotate", "project", "--port", "0", "--no-open"),
    "the backend of Label Studio": (TAGGER, "label-studio", "serve", "project", "--port", "0"),
}
MANY_WORDS = "".join(f"play song{number}\nstop song{number}\n" for number in range(600))
SERVERS = {"the annotation page", "the backend of Label Studio"}


def files(folder):
    return {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def is_gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals and groups of processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", WORK)
def test_a_signal_ends_the_work(folder, kind, number):
    if kind in SERVERS:
        pytest.importorskip("uvicorn", reason="pip install 'canvass-nlu[annotate]'")
        make_project(folder / "project").close()
    (folder / "words.txt").write_text(MANY_WORDS)
    before = files(folder)
    temporary = folder / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *WORK[kind]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
        process_group=0,
    )
    try:
        wait_until(lambda: (folder / "begun").exists() or process.poll() is not None)
        if kind in SERVERS:
            time.sleep(1.0)  # the server takes signals for the wish to end well once it listens
        began = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - began < 20  # two seconds, where nothing else is done
        assert process.returncode == (0 if kind in SERVERS else 128 + number), said
        assert b"Traceback" not in said
        wait_until(lambda: is_gone(process.pid), 20)
    finally:
        if not is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    (folder / "begun").unlink()
    after = files(folder)
    if kind == "study":  # a study that can go on
        after = {path: size for path, size in after.items() if path.parts[0] != "study"}
        assert not list((folder / "study").glob("*/*.npz"))
        assert not list((folder / "study").glob("**/.*"))
    if kind in SERVERS:  # its database is closed, and the lock let go, which is a file that stays
        assert after.keys() - before.keys() == {Path("project/canvass.lock")}
    else:
        assert after == before
