"""What word features are worth in whole studies, by the share of the pool that they are learnt from.

    python -m benchmarks.study.word_share ../shared/data/snips intent:AddToPlaylist intent:BookRestaurant
    python -m benchmarks.study.word_share benchmarks/pools/assistant.jsonl domain:calendar

The starts, the schedule and the choices are those of the published study (`majority-joint`, 100 + 15 x 20): models
without word features choose from the whole pool. What they chose trains a reference NLU for each share; the shares of
a start are nested, and drawn by hash. Compared are the errors after the last round, and the sums of those after 5, 10
and 15 rounds, with 95 % intervals (bootstrap over starts, then utterances).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.study.study_tables import cell, table
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import keys
from canvass.evaluation import HeldOut
from canvass.features.extraction import hash_column
from canvass.features.word_features import learn
from canvass.metrics import FrameErrors, score
from canvass.models.nlu import train_predictors
from canvass.report.comparisons import difference
from canvass.report.formatting import percent
from canvass.seeding import salt, uniforms
from canvass.simulation.runs import Run
from canvass.simulation.start import Corpus
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from canvass.features.word_features import WordFeatures
    from canvass.types import Utterance

SHARES = {"1/4": 0.25, "1/2": 0.5, "all": 1.0}
WITHOUT = "without"
STRATEGY = "majority-joint"
SCHEDULE = (20,) * 15
EVERY = 5  # rounds of which errors are counted
POSITIVES, NEGATIVES = 100, 1500


class Curves(NamedTuple):
    """Of a share: the requests of each start that were learnt from, and errors int64 (starts, N) of N utterances.

    `last` are those after the last round, `summed` the sums over rounds, `rates` the last slot error rates.
    """

    requests: list[int]
    last: list[NDArray[np.int64]]
    summed: list[NDArray[np.int64]]
    rates: list[float]


def learn_share(pool: Sequence[Utterance], seed: int, share: float) -> WordFeatures:
    """Learn word features from a share of the requests of a pool, drawn by hash."""
    column = keys(pa.array([one.text for one in pool], pa.string()))
    return learn(column.filter(pa.array(uniforms(salt(seed, "share"), hash_column(column)) < share)))


def studied(corpus: Corpus, target: Target, seed: int) -> Iterator[tuple[str, int, list[list[FrameErrors]]]]:
    """Run a start, and yield for each share its name, its requests, and the errors after every EVERY rounds."""
    start = corpus.start(target, seed=seed, positives=POSITIVES, negatives=NEGATIVES)
    held_out = HeldOut.of(start.test, target)
    states = list(Run(start, target, STRATEGY, SCHEDULE, seed).states())[EVERY::EVERY]
    yield WITHOUT, 0, [list(state.errors) for state in states]
    for name, share in SHARES.items():
        words = learn_share(start.pool, seed, share)
        rounds = []
        for state in states:
            intents, tagger = train_predictors(state.labelled, target, words=words)
            nlu = replace(state.nlu, intents=intents, tagger=tagger)
            rounds.append(held_out.count(nlu.predict(held_out.texts)))
        yield name, words.requests, rounds


def by_share(corpus: Corpus, target: Target, seeds: int) -> dict[str, Curves]:
    """Count the errors of all starts by share."""
    curves = {name: Curves([], [], [], []) for name in (WITHOUT, *SHARES)}
    for seed in range(seeds):
        for name, requests, rounds in studied(corpus, target, seed):
            errors = np.array([[_count(one) for one in after] for after in rounds])
            curve = curves[name]
            curve.requests.append(requests)
            curve.last.append(errors[-1])
            curve.summed.append(errors.sum(axis=0))
            curve.rates.append(score(rounds[-1]).slot_error_rate)
    return curves


def _count(one: FrameErrors) -> int:
    return one.substitutions + one.insertions + one.deletions + int(one.intent_wrong)


def rows_of(target: Target, curves: dict[str, Curves]) -> Iterator[list[str]]:
    """Write a row for each share: it against none, the same summed over rounds, and against the share before."""
    plain, before = curves[WITHOUT], curves[WITHOUT]
    for name, curve in curves.items():
        row = [str(target), name, f"{np.mean(curve.requests):,.0f}", percent(float(np.mean(curve.rates)))]
        if curve is not plain:
            for ours, theirs in (
                (curve.last, plain.last),
                (curve.summed, plain.summed),
                (curve.summed, before.summed),
            ):
                row.append(cell(difference(np.stack(ours), np.stack(theirs))))
        yield [*row, *[""] * (7 - len(row))]
        before = curve


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("target", nargs="+")
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    corpus = Corpus.of(read_labelled([asked.corpus]).utterances)
    heads = ["target", "share", "requests", "slot error rate", "against none"]
    heads += ["three rounds, against none", "against the share before"]
    rows: list[list[str]] = []
    for name in asked.target:
        target = Target.parse(name)
        rows += rows_of(target, by_share(corpus, target, asked.seeds))
    print(table(heads, rows))


if __name__ == "__main__":
    main()
