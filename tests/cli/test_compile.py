"""`canvass compile`: afterwards no command compiles anything."""

import os
import subprocess
import sys

import pytest
from commands import write

from canvass.cli.compile import BESIDE
from canvass.compiled import KERNELS
from examples import labelled_and_rest

COMMAND = (sys.executable, "-c", "from canvass.cli.main import program; program()")
KNOWN, REST = labelled_and_rest()
LATER = (
    ("select", "labelled.jsonl", "pool.jsonl", "-t", "domain:music", "--size", "5", "-o", "batch.jsonl"),
    ("select", "labelled.jsonl", "pool.jsonl", "-t", "all", "--size", "5", "-o", "all.jsonl"),
    ("train", "labelled.jsonl", "-t", "domain:music", "-o", "model.npz"),
    ("predict", "model.npz", "pool.jsonl", "-o", "predictions.jsonl"),
    ("evaluate", "model.npz", "labelled.jsonl"),
    ("simulate", "labelled.jsonl", "--test", "fifth", "-t", "domain:music", "--seeds", "1", "--seed-size", "8", "--negatives", "4",
     "--rounds", "1", "--batch", "3", "--strategy", "majority-joint", "--transfer", "svm", "-o", "study"),
    ("new", "project", "labelled.jsonl", "pool.jsonl", "-t", "domain:music"),
    ("next", "project", "--size", "3", "-o", "tasks.jsonl"),
    ("status", "project"),
)  # fmt: skip


def compiled_kernels(folder):
    return {path.name for path in folder.rglob("*.nbc")}


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path):
    write(tmp_path / "labelled.jsonl", KNOWN)
    write(tmp_path / "pool.jsonl", REST, annotated=False)
    cache = tmp_path / "kernels"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}

    def run(*words):
        done = subprocess.run(
            [*COMMAND, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stderr)
        return done

    assert run("compile").stderr == "canvass: all kernels are compiled\n"
    kernels = compiled_kernels(cache)
    assert 0 < len(kernels) <= KERNELS
    for words in LATER:
        run(*words)
        assert compiled_kernels(cache) == kernels, words


def test_a_job_that_fails_is_told_in_one_sentence(canvass, monkeypatch):
    monkeypatch.setattr("canvass.cli.compile._write", lambda folder: None)  # so that there is nothing to read
    monkeypatch.setattr("canvass.cli.compile.BESIDE", BESIDE[:1])
    result = canvass("compile")
    assert result.code == 2
    assert result.err.startswith("canvass: the kernels could not be compiled: ")
