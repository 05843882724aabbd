"""What training with many intents and labels costs, beside scikit-learn and python-crfsuite.

    python -m benchmarks.many_intents ../shared/data/clinc150/train.jsonl.gz

Three processes, one after the other, each with one thread of BLAS: the whole `canvass train --target all`;
scikit-learn's LogisticRegression with its default solver on the used columns of the same features; python-crfsuite with
the same attributes and iterations. Prints the processor seconds and the peak memory of each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SIDES = ("canvass", "scikit-learn", "crfsuite")


def train_scikit_learn(corpus: str) -> None:
    """Train on the features of canvass, without the columns that no request has."""
    import pyarrow as pa
    from sklearn.linear_model import LogisticRegression

    from canvass import read_labelled
    from canvass.corpus.normalise import keys
    from canvass.features.extraction import compact, feature_matrix

    utterances = [utterance for utterance in read_labelled([corpus]).utterances if utterance.intent]
    matrix = feature_matrix(keys(pa.array([utterance.text for utterance in utterances])), bits=18)
    compact(matrix)
    intents = [utterance.intent for utterance in utterances]
    LogisticRegression(C=10.0, max_iter=1000).fit(matrix, intents)


def train_crfsuite(corpus: str) -> None:
    """Train on the attributes of canvass."""
    from benchmarks.scenarios.peers_crfsuite import train
    from canvass import read_labelled
    from canvass.models.tagger import ITERATIONS

    annotated = [utterance for utterance in read_labelled([corpus]).utterances if utterance.slots is not None]
    train(annotated, ITERATIONS)


def measure(side: str, corpus: str, folder: str) -> dict[str, float]:
    """Run one side in a process of its own; returns what `benchmarks.scenarios.process` found."""
    if side == "canvass":
        program = "from canvass.cli.main import program; program()"
        words = ["-c", program, "train", corpus, "--target", "all", "--out", str(Path(folder) / "model.npz")]
    else:
        words = ["-m", "benchmarks.many_intents", corpus, "--side", side]
    runner = Path(__file__).with_name("scenarios") / "process.py"
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(runner), sys.executable, *words],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    if found["exit"] != 0:
        raise SystemExit(f"{side} ended with exit code {found['exit']:.0f}: {done.stderr}")
    return found


def main() -> None:
    """Measure all sides, or be one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("--side", choices=SIDES[1:])
    options = parser.parse_args()
    if options.side == "scikit-learn":
        train_scikit_learn(options.corpus)
    elif options.side == "crfsuite":
        train_crfsuite(options.corpus)
    else:
        with tempfile.TemporaryDirectory(prefix="canvass-bench-") as folder:
            for side in SIDES:
                found = measure(side, options.corpus, folder)
                print(f"{side:14}{found['processor_seconds']:8.1f} s {found['peak_mb']:8.0f} MB", flush=True)


if __name__ == "__main__":
    main()
