"""What training with many intents and labels costs, beside scikit-learn and python-crfsuite.

    python -m benchmarks.many_intents ../shared/data/clinc150/train.jsonl.gz
    python -m benchmarks.many_intents ../shared/data/*/train.jsonl.gz --utterances 10000 --intents 600 --labels 100

Three processes, one after the other, each with one thread of BLAS: the whole `canvass train --target all`;
scikit-learn's LogisticRegression with its default solver on the used columns of the same features; python-crfsuite with
the same attributes and iterations. Prints the processor seconds and the peak memory of each. With --sides canvass,
canvass alone.

Several corpora, or a number of utterances, intents or labels, make a corpus that `join` describes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

SIDES = ("canvass", "scikit-learn", "crfsuite")


def join(paths: list[str], sizes: list[int], out: Path) -> None:
    """Write a corpus with `sizes` utterances, intents and labels, or as many as there are, as JSON lines.

    An intent is that of its corpus, divided by the label of its first slot, and a label is that of its corpus. The most
    frequent of both are taken; utterances with others are left out, and a random part of the rest.
    """
    from canvass import read_labelled

    utterances, intents, labels = sizes
    records = []
    for number, path in enumerate(paths):
        for utterance in read_labelled([path]).utterances:
            if utterance.intent:
                slots = [(slot.start, slot.end, f"{slot.label}_{number}") for slot in utterance.slots or ()]
                intent = "_".join([utterance.intent, str(number), *(label for *_, label in slots[:1])])
                records.append((utterance.text, intent, slots))
    records = [records[place] for place in np.random.default_rng(0).permutation(len(records))]
    by_label = Counter(label for *_, slots in records for label in {label for *_, label in slots})
    kept = {label for label, _ in by_label.most_common(labels)}
    records = [record for record in records if all(label in kept for *_, label in record[2])]
    by_intent = Counter(intent for _, intent, _ in records)
    named = {intent for intent, _ in by_intent.most_common(intents)}
    records = [record for record in records if record[1] in named][:utterances]
    with out.open("w") as file:
        for text, intent, slots in records:
            listed = [{"start": start, "end": end, "label": label} for start, end, label in slots]
            file.write(json.dumps({"text": text, "intent": intent, "slots": listed}) + "\n")
    used = {label for *_, slots in records for *_, label in slots}
    print(f"{len(records)} utterances, {len({record[1] for record in records})} intents, {len(used)} labels")


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
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--utterances", type=int)
    parser.add_argument("--intents", type=int)
    parser.add_argument("--labels", type=int)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--side", choices=SIDES[1:])
    options = parser.parse_args()
    if options.side == "scikit-learn":
        train_scikit_learn(options.corpora[0])
    elif options.side == "crfsuite":
        train_crfsuite(options.corpora[0])
    else:
        with tempfile.TemporaryDirectory(prefix="canvass-bench-") as folder:
            corpus = options.corpora[0]
            sizes = [options.utterances, options.intents, options.labels]
            if len(options.corpora) > 1 or any(size is not None for size in sizes):
                corpus = str(Path(folder) / "joined.jsonl")
                limits = [10**9 if size is None else size for size in sizes]
                join(options.corpora, limits, Path(corpus))
            for side in options.sides:
                found = measure(side, corpus, folder)
                print(f"{side:14}{found['processor_seconds']:8.1f} s {found['peak_mb']:8.0f} MB", flush=True)


if __name__ == "__main__":
    main()
