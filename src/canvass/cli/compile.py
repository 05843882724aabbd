"""`canvass compile`: all kernels, compiled once for a machine, an image or a worker."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from canvass.cli import terminal
from canvass.cli.options import write_table
from canvass.errors import CanvassError
from canvass.types import Utterance

LABELLED, OTHERS, POOL = 200, 100, 400
# Texts that take the general ways: beyond ASCII, a long word, more tokens than the fast lattice has room for.
UNUSUAL = ("spiele naïve lieder", "播放 音乐 please", f"set {'x' * 100} timer", "go " * 1100)
# Two that share next to nothing, at once: the committee; intents and tagger. Then commands that meet what is left.
BESIDE = (
    "select unannotated.jsonl pool.jsonl -t domain:timers -s random-positive --size 9 -o 0.jsonl",
    "select labelled.jsonl pool.jsonl -t all -s margin-balanced --size 9 -o 1.jsonl",
)
REST = (
    "select labelled.jsonl pool.jsonl -t all -s margin --size 9 -o 2.jsonl",
    "select labelled.jsonl pool.jsonl -t each-domain --size 9 -o each.jsonl",
    "train labelled.jsonl -t domain:timers -o timers.npz",
    "words pool.jsonl -o words.npz",
    "predict timers.npz pool.jsonl -o predictions.jsonl",
    "new project labelled.jsonl pool.jsonl -t domain:timers",
    "next project --size 9 -o tasks.jsonl",
)


def command() -> None:
    """Compile all kernels for this machine, so that nothing is compiled while somebody waits.

    For images of containers, workers of clusters, and after an upgrade. The compiled code goes to NUMBA_CACHE_DIR, or
    beside the package.
    """
    with (
        tempfile.TemporaryDirectory(prefix="canvass-compile-") as name,
        terminal.progress("compiling", 1 + len(REST), "jobs") as advance,
    ):
        folder = Path(name)
        _write(folder)
        for commands in (BESIDE, *zip(REST)):
            _run(folder, commands)
            advance(1, 1)
    terminal.say("all kernels are compiled")


def _write(folder: Path) -> None:
    """Write small files of the embedded corpus, and a pool with unusual texts in it."""
    from canvass.annotation.project.annotations import utterance_record
    from canvass.corpus.demo_corpus import TIMERS, generate

    def write(name: str, utterances: list[Utterance]) -> None:
        write_table(str(folder / name), map(utterance_record, utterances))

    corpus = generate()
    of_target = [utterance for utterance in corpus if TIMERS.matches(utterance)]
    others = [utterance for utterance in corpus if not TIMERS.matches(utterance)]
    labelled = [*of_target[:LABELLED], *others[:OTHERS]]
    write("labelled.jsonl", labelled)
    write("unannotated.jsonl", [replace(utterance, slots=None, intent=None) for utterance in labelled])
    pool = [*of_target[-POOL:], *others[-POOL:], *(Utterance(text) for text in UNUSUAL)]
    write("pool.jsonl", [replace(utterance, domain=None, intent=None, slots=None) for utterance in pool])


def _run(folder: Path, commands: Sequence[str]) -> None:
    """Run commands at the same time; whichever fails, none is left running."""
    program = (sys.executable, "-c", "from canvass.cli.main import program; program()")
    with contextlib.ExitStack() as stack:
        jobs = [
            stack.enter_context(
                subprocess.Popen(  # noqa: S603 - canvass itself
                    [*program, *words.split()], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                )
            )
            for words in commands
        ]
        for job in jobs:
            stack.callback(job.kill)
        for job in jobs:
            _, errors = job.communicate()
            if job.returncode:
                raise CanvassError(
                    f"the kernels could not be compiled: {errors.decode(errors='replace').strip()}"
                )
