"""What others offer for the same work, one small function a peer, each by its fastest documented way.

A function prepares all and returns the one to be timed; or it gives a command, where the scenario times processes.
Peers come with the extra `bench`; each is imported where it is used.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import BLOCK
from benchmarks.scenarios.candidates import SELECTED, scores
from canvass.models.committee import BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.data.workloads import Workload

HERE = Path(__file__).parent
LOSSES = ("logistic", "hinge", "squared")
WORDS = r"(?u)\b\w+\b"


def vectorizer() -> Any:
    """Make scikit-learn's hashed 1-3-grams, with as many features as canvass has."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        ngram_range=(1, 3), n_features=1 << BITS, alternate_sign=False, token_pattern=WORDS, dtype="float32"
    )


def linear_models() -> list[Any]:
    """Make scikit-learn's models of the three losses, with the committee's settings."""
    from sklearn.linear_model import RidgeClassifier, SGDClassifier

    settings = {"alpha": 3e-6, "max_iter": 30, "tol": None, "average": True, "random_state": 0}
    return [
        SGDClassifier(loss="log_loss", **settings),
        SGDClassifier(loss="hinge", **settings),
        RidgeClassifier(alpha=1.0, solver="sparse_cg"),
    ]


def in_blocks(texts: list[str]) -> Iterator[list[str]]:
    """Cut texts into blocks: a matrix of a million rows only costs page faults."""
    return (texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK))


def scikit_learn_scores(work: Workload) -> Callable[[], object]:
    """HashingVectorizer and the decision_function of three linear models, on this thread."""
    hashed = vectorizer()
    utterances = work.utterances()
    labels = [work.target.matches(one) for one in utterances]
    matrix = hashed.transform([one.text for one in utterances])
    models = [model.fit(matrix, labels) for model in linear_models()]
    texts = work.strings()

    def score() -> object:
        matrices = map(hashed.transform, in_blocks(texts))
        return [[model.decision_function(matrix) for model in models] for matrix in matrices]

    return score


def _vowpal_lines(texts: list[str]) -> Iterator[str]:
    return (f"| {' '.join(re.findall(WORDS, text.lower()))}\n" for text in texts)


def vowpal_wabbit_scores(work: Workload) -> Callable[[], object]:
    """Vowpal Wabbit's own file driver, one pass a loss, 1-3-grams; it reads on a second thread of its own.

    The file is written, lower-cased and cut into words, before the clock starts. The first pass writes the cache that
    the others read. Predictions go to /dev/null.
    """
    cached = ["--cache_file", str(_vowpal_folder(work) / "pool.cache")]
    return _vowpal_passes(work, [[*cached, "-k"], cached, cached])


def vowpal_wabbit_scores_on_one_processor(work: Workload) -> Callable[[], object]:
    """Let each of Vowpal Wabbit's passes read the text, with its two threads on one processor."""
    score = _vowpal_passes(work, [[], [], []])

    def pinned() -> None:
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(allowed)})
        try:
            score()
        finally:
            os.sched_setaffinity(0, allowed)

    return pinned


@functools.cache
def _vowpal_folder(work: Workload) -> Path:
    """Write the pool and the models of the three losses to a folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="canvass-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    utterances = work.utterances()
    signs = ("1" if work.target.matches(one) else "-1" for one in utterances)
    lines = _vowpal_lines([one.text for one in utterances])
    (folder / "train").write_text("".join(f"{sign} {line}" for sign, line in zip(signs, lines, strict=True)))
    (folder / "pool").write_text("".join(_vowpal_lines(work.strings())))
    for loss in LOSSES:
        learn = ["-d", str(folder / "train"), "-f", str(folder / loss), "-b", str(BITS), "--ngram", "3"]
        cache = ["--passes", "5", "--cache_file", str(folder / "cache"), "-k"]
        _vowpal(*learn, "--loss_function", loss, *cache)
    return folder


def _vowpal(*options: str) -> None:
    from vowpalwabbit import Workspace

    Workspace(arg_list=["--quiet", "--no_stdin", *options]).finish()


def _vowpal_passes(work: Workload, options: list[list[str]]) -> Callable[[], object]:
    """Predict with each loss's model in turn, with further options for each."""
    folder = _vowpal_folder(work)
    predict = ["-t", "-d", str(folder / "pool"), "-p", "/dev/null"]

    def score() -> None:
        for loss, more in zip(LOSSES, options, strict=True):
            _vowpal(*predict, "-i", str(folder / loss), *more)

    return score


def one_thread(work: Workload) -> Callable[[], object]:
    """Let canvass itself score on one thread: what two threads are measured against."""
    return scores(work)


def pyarrow_command(work: Workload) -> list[str]:
    """Let pyarrow read the column of texts, on two threads."""
    return [sys.executable, str(HERE / "peer_pyarrow.py"), str(work.pool)]


def small_text_command(work: Workload) -> list[str]:
    """Let small-text choose as many by least confidence on hashed features."""
    files = [str(work.labelled), str(work.pool), str(work.target)]
    return [sys.executable, "-m", "benchmarks.scenarios.peer_small_text", *files, str(SELECTED)]
